"""Executions are stopped, fail for longer than they retry, or get lost, and the orders are issued in the end."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from local.cloud import EmbeddedCloud
from partner_center.adapters.certificate_store import DynamoDbCertificates
from partner_center.issuance.record import CertificateStatus
from tests.functions.cardholder import a_link
from tests.functions.journeys import Reseller, Reviewer, answer, approval_links, staff_key

pytestmark = pytest.mark.cloud

HOUR, DAY = 3600, 86_400


class Fails:
    """A call of one function is not sent, or not from the one after a given call on; nobody answers."""

    def __init__(self, function: str, follows: str | None = None) -> None:
        self._function = function
        self._fault = {"call": 1, "when": "before", "how": "fail"} | ({"follows": follows} if follows else {})

    def choose(self, function_name: str, event: object) -> dict[str, object] | None:
        return self._fault if function_name.endswith(self._function) else None


@pytest.fixture(autouse=True)
def healed(cloud: EmbeddedCloud) -> Iterator[None]:
    yield
    cloud.runtime.faults = None


def executions(cloud: EmbeddedCloud, order_id: str) -> list[dict[str, Any]]:
    return [each for each in cloud.executions() if each["name"].startswith(order_id)]


def stop(cloud: EmbeddedCloud, order_id: str) -> None:
    """Somebody stops the execution; the reconciler hears of it."""
    (running,) = [each for each in executions(cloud, order_id) if each["status"] == "RUNNING"]
    cloud.client("stepfunctions").stop_execution(executionArn=running["arn"])
    cloud.advance(300)
    assert cloud.settle()
    assert executions(cloud, order_id)[-1]["name"] == f"{order_id}-g1-a{len(executions(cloud, order_id))}"


def change(cloud: EmbeddedCloud, order_id: str, reseller_id: str, update: str, **values: Any) -> None:
    """Writes the head behind everybody's back."""
    cloud.client("dynamodb").update_item(
        TableName=cloud.output("BusinessTable"),
        Key={"pk": {"S": f"R#{reseller_id}#O#{order_id}"}, "sk": {"S": "HEAD"}},
        UpdateExpression=update,
        ExpressionAttributeValues={f":{name}": value for name, value in values.items()},
        **({"ExpressionAttributeNames": {"#status": "status"}} if "#status" in update else {}),
    )


def head(cloud: EmbeddedCloud, order_id: str, reseller_id: str) -> dict[str, Any]:
    found = cloud.client("dynamodb").get_item(
        TableName=cloud.output("BusinessTable"),
        Key={"pk": {"S": f"R#{reseller_id}#O#{order_id}"}, "sk": {"S": "HEAD"}},
        ConsistentRead=True,
    )
    return dict(found["Item"])


def by_hand(cloud: EmbeddedCloud, order_id: str, reseller_id: str) -> dict[str, Any]:
    return dict(cloud.invoke("ReconcileOrdersFunction", {"reseller_id": reseller_id, "order_id": order_id}))


def approve(cloud: EmbeddedCloud, order_id: str) -> None:
    assert answer(approval_links(cloud, order_id)[-1], "approve").status == 200
    assert cloud.settle()


def issued(cloud: EmbeddedCloud, reseller: Reseller, order_id: str) -> dict[str, Any]:
    """The order, issued once: one certificate, one use of its units."""
    order = reseller.order(order_id)
    assert order["status"] == "issued", (order["authentication"], executions(cloud, order_id)[-1])
    assert len(order["certificates"]) == 1
    return order


# ---- stopped where it waits


def test_stopped_while_it_waits_for_an_approver(cloud: EmbeddedCloud, northwind: Reseller) -> None:
    order_id = northwind.placed(name="stopped.example.com")
    stop(cloud, order_id)
    assert len(approval_links(cloud, order_id)) == 1, "nobody is mailed twice"
    approve(cloud, order_id)
    issued(cloud, northwind, order_id)


def test_stopped_while_it_waits_for_a_reviewer(
    cloud: EmbeddedCloud, northwind: Reseller, rosa: Reviewer
) -> None:
    order_id = northwind.placed(name="google.stopped.example.com")
    stop(cloud, order_id)
    assert rosa.decides(order_id, "approve").status == 200
    assert cloud.settle()
    approve(cloud, order_id)
    issued(cloud, northwind, order_id)


def test_stopped_while_it_is_held_back(cloud: EmbeddedCloud, northwind: Reseller) -> None:
    name = "held.stopped.example.com"
    cloud.zone.set(name, "CAA", ['0 issue ";"'])
    order_id = northwind.placed(name=name)
    approve(cloud, order_id)
    stop(cloud, order_id)
    cloud.zone.delete(name)
    cloud.advance(31)
    assert northwind.looks(order_id).status == 200
    issued(cloud, northwind, order_id)


def test_stopped_while_it_waits_for_another_card(cloud: EmbeddedCloud, northwind: Reseller) -> None:
    finance = Reviewer(cloud, staff_key(cloud, "finance"))
    assert a_link(northwind).gives("4000000000000341").status == 200
    contract_id = northwind.call("GET", "/v1/payment-method").json["contract_id"]
    order_id = northwind.placed(name="card.stopped.example.com", contract_id=contract_id)
    approve(cloud, order_id)
    assert northwind.order(order_id)["payment"]["status"] == "declined"
    stop(cloud, order_id)
    assert a_link(northwind).gives().status == 200
    body = {"reseller_id": northwind.reseller_id}
    assert finance.call("PUT", f"/v1/staff/orders/{order_id}/payment-method", body).status == 200
    assert cloud.settle()
    assert issued(cloud, northwind, order_id)["payment"]["status"] == "captured"


# ---- trouble that lasts longer than the machine's own retries


@pytest.mark.parametrize(
    ("function", "follows"),
    [
        ("ScreenOrderFunction", None),
        ("AwaitDomainsFunction", None),
        ("RunPreflightFunction", None),
        ("SignCertificateFunction", None),
        ("SignCertificateFunction", "Sign"),
        ("CompleteOrderFunction", None),
    ],
    ids=str,
)
def test_an_outage_of_hours_ends_with_the_certificate(
    cloud: EmbeddedCloud, northwind: Reseller, function: str, follows: str | None
) -> None:
    contract_id = northwind.new_contract(3)
    early = function in {"ScreenOrderFunction", "AwaitDomainsFunction"}
    name = f"{function.lower()}-{str(follows).lower()}.example.com"
    if early:
        cloud.runtime.faults = Fails(function, follows)
    order_id = northwind.placed(name=name, contract_id=contract_id)
    if not early:
        cloud.runtime.faults = Fails(function, follows)
        approve(cloud, order_id)
    cloud.advance(2 * HOUR)
    is_completed = (
        function == "CompleteOrderFunction"
    )  # by the reconciler, whatever is wrong with the function
    assert northwind.order(order_id)["status"] == ("issued" if is_completed else "pending")
    assert executions(cloud, order_id)[0]["status"] == "FAILED"
    cloud.runtime.faults = None
    cloud.advance(5 * HOUR)
    if early:
        approve(cloud, order_id)
    issued(cloud, northwind, order_id)
    counted = northwind.contract(contract_id)
    assert (counted["left"], counted["held"], counted["used"]) == (2, 0, 1)
    assert (counted["entries_hold"], counted["entries_use"], counted["entries_release"]) == (1, 1, 0)


def test_an_order_that_does_not_get_on_is_told_to_staff_and_its_reseller_and_goes_on_afterwards(
    cloud: EmbeddedCloud, northwind: Reseller, log: Callable[[str], str]
) -> None:
    order_id = northwind.placed(name="stuck.example.com")
    cloud.runtime.faults = Fails("RunPreflightFunction")
    approve(cloud, order_id)
    cloud.advance(1.25 * DAY, runs=40)  # six restarts take a day, each with the run that comes next
    assert order_id in log("an order does not get on")
    step = northwind.step(order_id, "issuance")
    assert (step["status"], step["actor"]) == ("in_progress", "staff")
    assert len(executions(cloud, order_id)) <= 8
    cloud.runtime.faults = None
    cloud.advance(DAY)
    issued(cloud, northwind, order_id)


def test_an_order_that_nobody_signs_is_its_resellers_again_and_costs_nothing(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    """The key is gone for good: each execution ends; until the next begins the order may be ended."""
    contract_id = northwind.new_contract(3)
    order_id = northwind.placed(name="unsigned.example.com", contract_id=contract_id)
    cloud.runtime.faults = Fails("SignCertificateFunction", "Sign")
    approve(cloud, order_id)
    busy = northwind.call("POST", f"/v1/orders/{order_id}/cancel")
    assert (busy.status, busy.json["code"]) == (409, "issuing")
    cloud.advance(6 * HOUR, runs=40)
    assert len(executions(cloud, order_id)) > 1
    assert {each["status"] for each in executions(cloud, order_id)} == {"FAILED"}
    assert northwind.call("POST", f"/v1/orders/{order_id}/cancel").status == 200
    cloud.runtime.faults = None
    cloud.advance(2 * DAY)
    assert northwind.order(order_id)["status"] == "cancelled"
    counted = northwind.contract(contract_id)
    assert (counted["left"], counted["held"], counted["used"]) == (3, 0, 0)
    store = DynamoDbCertificates(cloud.client("dynamodb"), cloud.output("IssuanceTable"))
    serials = store.every_serial(northwind.reseller_id, order_id)
    assert {each.status for each in serials} == {CertificateStatus.REVOKED}, "it may have been signed"


# ---- lost


def test_a_start_that_got_lost_is_made_up_for(cloud: EmbeddedCloud, northwind: Reseller) -> None:
    order_id = northwind.placed(name="lost-start.example.com")
    change(cloud, order_id, northwind.reseller_id, "SET attempt = :two", two={"N": "2"})
    cloud.advance(3 * HOUR)
    assert [each["name"] for each in executions(cloud, order_id)] == [
        f"{order_id}-g1-a1",
        f"{order_id}-g1-a2",
    ]
    approve(cloud, order_id)
    issued(cloud, northwind, order_id)


def test_a_wake_up_that_got_lost_is_made_up_for(cloud: EmbeddedCloud, northwind: Reseller) -> None:
    order_id = northwind.placed(name="google.lost-wake.example.com")
    change(cloud, order_id, northwind.reseller_id, "SET review = :released", released={"S": "released"})
    assert approval_links(cloud, order_id) == []
    cloud.advance(3 * HOUR)
    approve(cloud, order_id)
    issued(cloud, northwind, order_id)
    assert len(executions(cloud, order_id)) == 1


# ---- left behind


def test_a_token_on_which_nobody_waits_does_not_keep_an_order_asleep(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    """A table that was restored holds tokens of other executions: within a day another one takes over."""
    order_id = northwind.placed(name="restored.example.com")
    cloud.client("dynamodb").update_item(
        TableName=cloud.output("BusinessTable"),
        Key={"pk": {"S": f"R#{northwind.reseller_id}#O#{order_id}"}, "sk": {"S": "WAIT#domains"}},
        UpdateExpression="SET #token = :other",
        ExpressionAttributeNames={"#token": "token"},
        ExpressionAttributeValues={":other": {"S": "a-token-of-before"}},
    )
    assert answer(approval_links(cloud, order_id)[-1], "approve").status == 200
    assert cloud.settle()
    assert northwind.order(order_id)["status"] == "pending"
    cloud.advance(2 * DAY)
    assert cloud.settle()
    assert northwind.order(order_id)["status"] == "issued"


def test_a_serial_of_a_cancelled_order_is_revoked_and_the_order_is_left_alone(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    name, store = (
        "orphan.example.com",
        DynamoDbCertificates(cloud.client("dynamodb"), cloud.output("IssuanceTable")),
    )
    order_id = northwind.placed(name=name)
    cloud.runtime.faults = Fails("SignCertificateFunction", "Sign")
    approve(cloud, order_id)
    while executions(cloud, order_id)[-1]["status"] == "RUNNING":  # one that runs on would sign it after all
        cloud.advance(300)
    cloud.zone.set(name, "CAA", ['0 issue ";"'])
    cloud.runtime.faults = None
    cloud.advance(3 * HOUR)
    (record,) = store.every_serial(northwind.reseller_id, order_id)
    assert record.status is CertificateStatus.RECORDED
    assert northwind.call("POST", f"/v1/orders/{order_id}/cancel").status == 200
    cloud.zone.delete(name)
    cloud.advance(8 * HOUR)  # what cannot be done at once is put off for nearly an hour
    assert cloud.settle()
    (record,) = store.every_serial(northwind.reseller_id, order_id)
    assert record.status is CertificateStatus.REVOKED
    assert "open_shard" not in head(cloud, order_id, northwind.reseller_id)


# ---- by hand, twice, beside poison


def test_looking_again_changes_nothing(cloud: EmbeddedCloud, northwind: Reseller) -> None:
    order_id = northwind.placed(name="again.example.com")
    before = head(cloud, order_id, northwind.reseller_id)
    for _ in range(2):
        assert by_hand(cloud, order_id, northwind.reseller_id)["repair"] == "nothing"
    after = head(cloud, order_id, northwind.reseller_id)
    assert after.pop("check_at") != before.pop("check_at")
    assert after == before
    assert by_hand(cloud, "ord_" + "0" * 26, northwind.reseller_id)["repair"] == "nothing"


def test_a_ledger_that_does_not_add_up_is_told_and_left_alone(
    cloud: EmbeddedCloud, northwind: Reseller, log: Callable[[str], str]
) -> None:
    contract_id = northwind.new_contract(5)
    order_id = northwind.placed(name="ledger.example.com", contract_id=contract_id)
    cloud.client("dynamodb").update_item(
        TableName=cloud.output("BusinessTable"),
        Key={"pk": {"S": f"R#{northwind.reseller_id}#CONTRACT#{contract_id}"}, "sk": {"S": "HEAD"}},
        UpdateExpression="ADD units_left :one",
        ExpressionAttributeValues={":one": {"N": "1"}},
    )
    assert northwind.call("POST", f"/v1/orders/{order_id}/cancel").status == 200
    cloud.advance(3 * HOUR)
    written = log("a contract disagrees with its ledger")
    (told,) = [each for each in written.splitlines() if "disagrees with its ledger" in each]
    line = json.loads(told[told.index("{") :])
    assert (line["contract_id"], line["counted"], line["proven"]) == (contract_id, [6, 0, 0], [5, 0, 0])
    assert northwind.contract(contract_id)["left"] == 6

"""A deployment while orders wait: executions finish on the machine they began on, with the functions of the day."""

import json
from pathlib import Path
from typing import Any

import pytest

from local.cloud import EmbeddedCloud, FunctionFailed
from tests.functions.journeys import Reseller, answer, approval_links

pytestmark = pytest.mark.cloud

DAY = 86_400
RECORDED = [
    pytest.param(version.stem, function, payload, id=f"{version.stem}-{function}")
    for version in sorted((Path(__file__).parents[2] / "events/tasks").glob("v*.json"))
    for function, payload in json.loads(version.read_text("utf-8")).items()
]
REFUSALS = {"SignCertificateFunction": "NotClaimed", "CompleteOrderFunction": "NotStored"}
"""What a task answers that has nothing to work on; the others say that the order is over."""


def deploy(cloud: EmbeddedCloud, change: Any) -> None:
    """Another definition under the same machine, and functions that start anew."""
    machine, states = cloud.resource("FulfilOrder"), cloud.client("stepfunctions")
    definition = json.loads(states.describe_state_machine(stateMachineArn=machine)["definition"])
    change(definition)
    states.update_state_machine(stateMachineArn=machine, definition=json.dumps(definition))
    cloud.runtime.recycle()


def one_state_more(definition: dict[str, Any]) -> None:
    """A new first step, and a new name for an old one."""
    states = definition["States"]
    states["Greet"] = {"Type": "Pass", "Output": "{% $states.input %}", "Next": definition["StartAt"]}
    definition["StartAt"] = "Greet"
    states["LookOnceMore"] = states.pop("RunPreflight")
    text = json.dumps(states).replace('"Next": "RunPreflight"', '"Next": "LookOnceMore"')
    text = text.replace('"Default": "RunPreflight"', '"Default": "LookOnceMore"')
    definition["States"] = json.loads(text)


def story(cloud: EmbeddedCloud, order_id: str) -> list[str]:
    """The states that the order's one execution went through."""
    (execution,) = [each for each in cloud.executions() if each["name"].startswith(order_id)]
    assert execution["status"] == "SUCCEEDED"
    return [step["state"] for step in execution["steps"]]


def test_an_order_that_waits_for_a_person_finishes_on_the_machine_it_began_on(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    waiting = northwind.placed(name="before.deployed.example.com")
    deploy(cloud, one_state_more)
    later = northwind.placed(name="after.deployed.example.com")
    cloud.advance(20 * DAY)
    for order_id in (waiting, later):
        assert answer(approval_links(cloud, order_id)[-1], "approve").status == 200
        assert cloud.settle()
        assert northwind.order(order_id)["status"] == "issued"
    assert {"Greet", "LookOnceMore"} & {*story(cloud, waiting)} == set()
    assert "RunPreflight" in story(cloud, waiting)
    assert {"Greet", "LookOnceMore"} <= {*story(cloud, later)}


def test_an_order_whose_execution_of_the_old_machine_fails_goes_on_in_the_new_one(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    order_id = northwind.placed(name="between.deployed.example.com")
    deploy(cloud, lambda definition: definition["States"].update(Greet2={"Type": "Succeed"}))
    (execution,) = [each for each in cloud.executions() if each["name"].startswith(order_id)]
    cloud.client("stepfunctions").stop_execution(executionArn=execution["arn"])
    cloud.advance(600)
    assert answer(approval_links(cloud, order_id)[-1], "approve").status == 200
    assert cloud.settle()
    assert northwind.order(order_id)["status"] == "issued"


@pytest.mark.parametrize(("version", "function", "payload"), RECORDED)
def test_a_payload_of_any_version_on_record_is_taken(
    cloud: EmbeddedCloud, version: str, function: str, payload: dict[str, Any]
) -> None:
    """Of an order that is not there: each task reads its payload, looks for the order, and finds nothing to do."""
    if function in REFUSALS:
        with pytest.raises(FunctionFailed, match=REFUSALS[function]):
            cloud.invoke(function, payload)
    else:
        answered = cloud.invoke(function, payload)
        assert answered is None or answered.get("outcome", "over") == "over"
        assert answered is None or answered.get("over", True)


def test_what_an_order_was_placed_with_outlives_the_contracts_terms(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    """Other products, the end of its time: the units are held, and price and product are the order's own."""
    contract_id = northwind.new_contract(3)
    order_id = northwind.placed(name="kept.example.com", contract_id=contract_id)
    price = northwind.order(order_id)["price"]
    cloud.client("dynamodb").update_item(
        TableName=cloud.output("BusinessTable"),
        Key={"pk": {"S": f"R#{northwind.reseller_id}#CONTRACT#{contract_id}"}, "sk": {"S": "HEAD"}},
        UpdateExpression="SET products = :others, valid_to = valid_from",
        ExpressionAttributeValues={":others": {"L": [{"S": "rapidssl"}]}},
    )
    assert answer(approval_links(cloud, order_id)[-1], "approve").status == 200
    assert cloud.settle()
    order = northwind.order(order_id)
    assert (order["status"], order["price"]) == ("issued", price)
    counted = northwind.contract(contract_id)
    assert (counted["left"], counted["held"], counted["used"]) == (2, 0, 1)

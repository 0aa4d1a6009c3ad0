"""A certificate is signed and its store fails, exactly that write: what is known then, and how it ends."""

import re
from collections.abc import Iterator

import pytest

from local.clock import TimeOfDay
from local.cloud import EmbeddedCloud
from partner_center.adapters.certificate_store import DynamoDbCertificates
from partner_center.entry.serials import main
from partner_center.issuance.record import CertificateStatus
from partner_center.issuance.unfinished import UnfinishedSerials
from tests.functions.journeys import Reseller, answer, approval_links

pytestmark = pytest.mark.cloud

HOUR = 3600


class StoreFails:
    """Every write of a certificate, the call behind the signature, meets a database that does not answer."""

    def choose(self, function_name: str, event: object) -> dict[str, object] | None:
        if not function_name.endswith("SignCertificateFunction"):
            return None
        return {"follows": "Sign", "call": 1, "when": "before", "how": "fail"}


@pytest.fixture
def store(cloud: EmbeddedCloud) -> DynamoDbCertificates:
    return DynamoDbCertificates(cloud.client("dynamodb"), cloud.output("IssuanceTable"))


@pytest.fixture
def failing(cloud: EmbeddedCloud) -> Iterator[None]:
    cloud.runtime.faults = StoreFails()
    yield
    cloud.runtime.faults = None


def approved(cloud: EmbeddedCloud, reseller: Reseller, name: str) -> str:
    """An order that is being signed, and whose certificate cannot be stored."""
    order_id = reseller.placed(name=name)
    (link,) = approval_links(cloud, order_id)
    assert answer(link, "approve").status == 200
    cloud.advance(60)
    order = reseller.order(order_id)
    assert order["status"] == "pending"
    assert order["certificates"] == []
    assert order["actions"]["cancel"] == {"allowed": False, "reason": "issuing"}
    return order_id


def signatures(cloud: EmbeddedCloud) -> int:
    calls = cloud.recorded_calls["SignCertificateFunction"]
    return sum(call["operation"] == "Sign" for call in calls)


def operator(cloud: EmbeddedCloud, store: DynamoDbCertificates, *arguments: str) -> int:
    return main(arguments, lambda: UnfinishedSerials(store, store, TimeOfDay(cloud.clock)))


def listed(
    cloud: EmbeddedCloud, store: DynamoDbCertificates, capsys: pytest.CaptureFixture[str], order_id: str
) -> list[str]:
    """The serials of the order on the operator's list."""
    capsys.readouterr()
    assert operator(cloud, store, "list", "--minutes", "0") == 0
    return re.findall(rf"^([0-9a-f]+) .* {order_id} ", capsys.readouterr().out, re.MULTILINE)


@pytest.mark.usefixtures("failing")
def test_the_serial_is_known_and_found_and_the_retry_stores_the_same_bytes(
    cloud: EmbeddedCloud,
    northwind: Reseller,
    store: DynamoDbCertificates,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = signatures(cloud)
    order_id = approved(cloud, northwind, "unstored.example.com")
    assert signatures(cloud) > before
    (serial,) = listed(cloud, store, capsys, order_id)
    (record,) = store.every_serial(northwind.reseller_id, order_id)
    assert (record.serial_hex, record.status) == (serial, CertificateStatus.RECORDED)
    assert northwind.call("GET", f"/v1/certificates/{serial}").status == 404
    cloud.runtime.faults = None
    cloud.advance(HOUR)
    assert northwind.order(order_id)["certificates"][0]["serial"] == serial
    assert listed(cloud, store, capsys, order_id) == []
    kept = store.by_serial(serial)
    assert kept is not None
    assert kept.tbs_der == record.tbs_der


@pytest.mark.usefixtures("failing")
def test_a_person_closes_the_serial_and_the_order_is_issued_under_another(
    cloud: EmbeddedCloud,
    northwind: Reseller,
    store: DynamoDbCertificates,
    capsys: pytest.CaptureFixture[str],
) -> None:
    order_id = approved(cloud, northwind, "given-up.example.com")
    (serial,) = listed(cloud, store, capsys, order_id)
    assert operator(cloud, store, "close", serial, "--why", "too soon") == 1
    stop(cloud, order_id)
    cloud.advance(HOUR)
    assert operator(cloud, store, "close", serial, "--why", "its execution was stopped") == 0
    cloud.runtime.faults = None
    cloud.advance(3 * HOUR)
    (certificate,) = northwind.order(order_id)["certificates"]
    assert certificate["serial"] != serial
    closed = store.by_serial(serial)
    assert closed is not None
    assert closed.status is CertificateStatus.CLOSED
    assert {each.serial_hex for each in store.every_serial(northwind.reseller_id, order_id)} == {
        serial,
        certificate["serial"],
    }


@pytest.mark.usefixtures("failing")
def test_once_caa_is_too_old_the_serial_is_closed_by_itself(
    cloud: EmbeddedCloud,
    northwind: Reseller,
    store: DynamoDbCertificates,
    capsys: pytest.CaptureFixture[str],
) -> None:
    order_id = approved(cloud, northwind, "too-late.example.com")
    (serial,) = listed(cloud, store, capsys, order_id)
    stop(cloud, order_id)
    cloud.advance(8 * HOUR)
    cloud.runtime.faults = None
    cloud.advance(7 * HOUR)
    (certificate,) = northwind.order(order_id)["certificates"]
    assert certificate["serial"] != serial
    closed = store.by_serial(serial)
    assert closed is not None
    assert closed.status is CertificateStatus.CLOSED


def execution_of(cloud: EmbeddedCloud, order_id: str) -> str:
    arns = [each["arn"] for each in cloud.executions() if each["name"].startswith(order_id)]
    return str(arns[-1])


def stop(cloud: EmbeddedCloud, order_id: str) -> None:
    """The reconciler has another one take over, minutes later."""
    cloud.client("stepfunctions").stop_execution(executionArn=execution_of(cloud, order_id))

"""The bus is out for longer than anybody waits, and what follows an order and an exposed key follows after all."""

from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from local.cloud import EmbeddedCloud
from tests.faults.evidence import dead_letters
from tests.functions.journeys import Reseller, answer, approval_links, csr_for, key_of, order_body

pytestmark = pytest.mark.cloud

MINUTE = 60


class Silent:
    """Nobody answers for a service."""

    def __init__(self, service: str) -> None:
        self._fault = {"service": service, "when": "before", "how": "fail"}

    def choose(self, _function: str, _event: object) -> dict[str, Any]:
        return self._fault


@pytest.fixture(autouse=True)
def healed(cloud: EmbeddedCloud) -> Iterator[None]:
    yield
    cloud.runtime.faults = None


def in_calendar(cloud: EmbeddedCloud, reseller: Reseller, order_id: str) -> bool:
    """Whether the order will be reminded of."""
    found = cloud.client("dynamodb").query(
        TableName=cloud.output("BusinessTable"),
        KeyConditionExpression="pk = :pk AND begins_with(sk, :sk)",
        ExpressionAttributeValues={
            ":pk": {"S": f"R#{reseller.reseller_id}#O#{order_id}"},
            ":sk": {"S": "REMINDER#"},
        },
    )
    return bool(found["Items"])


def mailed(cloud: EmbeddedCloud, name: str) -> bool:
    """Whether somebody was mailed the certificate of this name."""
    return any(mail.attachments and name in mail.subject for mail in cloud.mails())


def status(reseller: Reseller, order_id: str) -> str:
    """Of its newest certificate."""
    return str(reseller.order(order_id)["certificates"][0]["status"])


def expose(reseller: Reseller, label: str) -> None:
    pem = key_of(label).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    assert reseller.call("POST", "/v1/orders", order_body(note=pem)).status == 422


def test_an_outage_of_the_bus_for_ninety_minutes_loses_nothing(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    csr = csr_for("exposed.example.com", label="out")
    exposed = northwind.issued(name="exposed.example.com", csr=csr)["order_id"]
    order_id = northwind.placed(name="silent.example.com")
    cloud.runtime.faults = Silent("events")
    expose(northwind, "out")
    assert answer(approval_links(cloud, order_id)[-1], "approve").status == 200
    for _ in range(3):  # in one stride a slow machine would not have come to the signature
        cloud.advance(30 * MINUTE, runs=2)
    assert northwind.order(order_id)["status"] == "issued", "nothing but the bus is out"
    assert not mailed(cloud, "silent.example.com")
    assert not in_calendar(cloud, northwind, order_id)
    assert status(northwind, exposed) == "active"
    cloud.runtime.faults = None
    cloud.advance(2 * MINUTE)
    assert cloud.settle()
    assert mailed(cloud, "silent.example.com")
    assert in_calendar(cloud, northwind, order_id)
    assert status(northwind, exposed) == "revoked"
    assert dead_letters(cloud)["RelayFailures"] == 0

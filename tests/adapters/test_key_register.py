"""The register of keys: what placing an order makes known, what blocks a key once, and whom the queue tells."""

import json
from dataclasses import replace
from datetime import timedelta
from itertools import count
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from partner_center.adapters import keys
from partner_center.adapters.blocked_keys import KeysBlockedHere
from partner_center.adapters.exposed_key_queue import ExposedKeyQueue, exposed_key
from partner_center.adapters.key_register import DynamoDbKeyRegister
from partner_center.entry.queues import message_handler
from partner_center.kernel.errors import TryAgain
from partner_center.orders.exposed_keys import ExposedKey
from tests.fakes.determined import NOW, CountingIds
from tests.fakes.key_register import MemoryKeyRegister
from tests.fakes.samples import US, a_content, a_contract, a_head, a_placement, an_audit, an_event

_numbers = count(1)


def a_key():
    """The digest of a key that no other test has."""
    return f"{next(_numbers):064x}"


@pytest.fixture
def in_tables(stores):
    return DynamoDbKeyRegister(stores.database, stores.tables)


@pytest.fixture(params=["memory", "tables"])
def register(request):
    return MemoryKeyRegister() if request.param == "memory" else request.getfixturevalue("in_tables")


# ---- what every register keeps


def test_a_key_without_orders_is_unknown(register):
    assert list(register.orders_of(a_key())) == []


def test_the_first_block_stays(register):
    key, ids = a_key(), CountingIds()
    assert register.block(key, "first", NOW, an_audit(ids)) == NOW
    assert register.block(key, "second", NOW + timedelta(days=1), an_audit(ids)) == NOW


def test_an_event_is_told_once_however_often_it_is_repeated(register):
    event = an_event(CountingIds())
    register.tell(event)
    register.tell(event)


# ---- what only the tables know


def test_an_order_makes_its_key_known_with_its_placing(in_tables, stores):
    key, ids = a_key(), CountingIds()
    stores.grant(a_contract(units=100))
    content = a_content(spki_sha256=key)
    for order_id in ("ord_1", "ord_2"):
        head = a_head(order_id=order_id)
        stores.orders.place(replace(a_placement(ids, head), content=content))
    assert list(in_tables.orders_of(key)) == [(US, "ord_1"), (US, "ord_2")]
    assert list(in_tables.orders_of(a_key())) == []


def test_all_orders_of_a_key_are_found_however_many(in_tables, stores):
    key = a_key()
    for number in range(250):
        row = {"reseller_id": US, "order_id": f"ord_{number:03d}"}
        stores.database.replace(stores.tables.business, keys.key_of_order(key, US, row["order_id"], 1), row)
    assert [order_id for _, order_id in in_tables.orders_of(key)] == [f"ord_{n:03d}" for n in range(250)]


def test_a_block_is_seen_by_the_key_gate_with_its_reason(in_tables, stores):
    key = a_key()
    blocked = KeysBlockedHere(stores.database, stores.tables.issuance)
    assert blocked.is_blocked(key) is None
    in_tables.block(key, "its private key has become known", NOW, an_audit(CountingIds()))
    assert blocked.is_blocked(key) == "its private key has become known"


def test_block_and_audit_record_are_written_together_or_not_at_all(in_tables, stores):
    key, ids = a_key(), CountingIds()
    audit = an_audit(ids)
    in_tables.block(key, "first", NOW, audit)
    other = a_key()
    with pytest.raises(TryAgain):
        in_tables.block(other, "second", NOW, audit)  # an identifier that was drawn twice
    assert KeysBlockedHere(stores.database, stores.tables.issuance).is_blocked(other) is None
    in_tables.block(key, "again", NOW, an_audit(ids))
    month = keys.audit_record(audit.reseller_id, "2026-11", "").pk
    assert len(stores.rows(stores.tables.audit, month)) == 1


def test_an_event_lies_in_the_outbox_of_its_order(in_tables, stores):
    event = replace(an_event(CountingIds()), event_id=f"evt_{next(_numbers):026d}")
    in_tables.tell(event)
    in_tables.tell(event)
    partition = keys.order_partition(str(event.data["reseller_id"]), str(event.data["order_id"]))
    rows = stores.rows(stores.tables.business, partition, f"EVENT#{event.event_id}")
    assert [row["type"] for row in rows] == [event.type]


# ---- the queue

EXPOSED = ExposedKey("ab" * 32, US, "key_1", "request-1")


def test_a_report_arrives_as_it_was_sent(aws):
    client = aws("sqs")
    url = client.create_queue(QueueName="exposed")["QueueUrl"]
    ExposedKeyQueue(lambda: client, url).report(EXPOSED)
    (message,) = client.receive_message(QueueUrl=url)["Messages"]
    assert exposed_key(json.loads(message["Body"])) == EXPOSED
    assert json.loads(message["Body"]).keys() == {"spki_sha256", "reseller_id", "key_id", "request_id"}


def test_no_client_is_made_before_there_is_something_to_report():
    def client():
        raise AssertionError("made too early")

    ExposedKeyQueue(client, "https://queue")


OUTAGES = {
    "refused": ClientError({"Error": {"Code": "OverLimit", "Message": "no"}}, "SendMessage"),
    "silent": ConnectTimeoutError(endpoint_url="https://sqs"),
}


@pytest.mark.parametrize("outage", OUTAGES.values(), ids=OUTAGES.keys())
def test_a_report_that_is_not_taken_makes_the_request_busy(outage):
    def send_message(**_):
        raise outage

    queue = ExposedKeyQueue(lambda: SimpleNamespace(send_message=send_message), "https://queue")
    with pytest.raises(TryAgain):
        queue.report(EXPOSED)


def test_each_message_of_the_queue_succeeds_or_fails_by_itself():
    taken = []

    def handle(message):
        if message["spki_sha256"] == "bad":
            raise TryAgain("later")
        taken.append(exposed_key(message).spki_sha256)

    def record(number, spki):
        body = {"spki_sha256": spki, "reseller_id": US, "key_id": "k", "request_id": "r"}
        return {"messageId": str(number), "body": json.dumps(body)}

    batch = {"Records": [record(1, "a"), record(2, "bad"), {"messageId": "3", "body": "{"}, record(4, "b")]}
    failed = message_handler(handle, lambda: lambda _records: None)(batch, None)
    assert failed == {"batchItemFailures": [{"itemIdentifier": "2"}, {"itemIdentifier": "3"}]}
    assert taken == ["a", "b"]

"""The contract of `CertificateStore` and `IssuingCaStore`, for the store in memory and the one in DynamoDB."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from threading import Barrier

import boto3
import pytest
from moto import mock_aws

from local import repairs
from partner_center.adapters import keys as table_keys
from partner_center.adapters.dynamodb import Database, to_item
from partner_center.adapters.issuance_store import DynamoDbIssuanceStore
from partner_center.issuance.issue import issue_certificate
from partner_center.issuance.profile import CaReason, RootCa, SignatureAlgorithm
from partner_center.issuance.record import CertificateRecord, CertificateStatus, SerialTaken, SlotTaken
from partner_center.kernel.clock import rfc3339
from partner_center.kernel.errors import ChangedMeanwhile, TryAgain
from partner_center.kernel.level import Level
from tests.fakes.samples import a_record
from tests.unit.issuance.world import (
    NOW,
    MemoryStore,
    SetClock,
    names,
    new_hierarchy,
    new_issuer,
    new_request,
)

TABLE = "issuance"
_numbers = count(1)


@pytest.fixture(scope="module")
def client():
    with mock_aws():
        repairs.install(lambda name, event: ("", False), lambda target, event: None)
        client = boto3.client(
            "dynamodb", region_name="eu-west-1", aws_access_key_id="test", aws_secret_access_key="test"
        )
        client.create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "S"},
                {"AttributeName": "listed", "AttributeType": "S"},
                {"AttributeName": "listed_at", "AttributeType": "N"},
            ],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": "serials",
                    "KeySchema": [
                        {"AttributeName": "listed", "KeyType": "HASH"},
                        {"AttributeName": "listed_at", "KeyType": "RANGE"},
                    ],
                    "Projection": {"ProjectionType": "KEYS_ONLY"},
                }
            ],
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
        )
        yield client


@pytest.fixture
def dynamodb(client):
    return DynamoDbIssuanceStore(client, TABLE)


@pytest.fixture(params=["memory", "dynamodb"])
def store(request):
    return MemoryStore() if request.param == "memory" else request.getfixturevalue("dynamodb")


@pytest.fixture(scope="module")
def hierarchy():
    return new_hierarchy()


def new_record(**changes):
    """A record of its own order, so that tests share the table and nothing else."""
    number = next(_numbers)
    return replace(
        CertificateRecord(
            serial_hex=f"{(1 << 158) + number:x}",
            reseller_id="res_1",
            order_id=f"ord_{number}",
            generation=1,
            level=Level.OV,
            names=("*.example.com", "example.com"),
            common_name="*.example.com",
            spki_sha256="ab" * 32,
            issuer_id="tls-e1",
            not_before=NOW - timedelta(minutes=30),
            not_after=NOW + timedelta(days=199),
            caa_valid_until=NOW + timedelta(hours=8),
            tbs_der=b"\x30\x03\x02\x01\x00\xff",
            recorded_at=NOW,
        ),
        **changes,
    )


def current(store, record):
    return store.current(record.reseller_id, record.order_id, record.generation)


def test_a_free_slot_holds_nothing(store):
    assert store.current("res_1", "ord_unknown", 1) is None


@pytest.mark.parametrize("changes", [{}, {"common_name": None}, {"names": names(100)}], ids=str)
def test_what_was_recorded_is_read_back_whole(store, changes):
    record = new_record(**changes)
    store.record(record)
    assert current(store, record) == record


def test_a_taken_slot_takes_no_second_serial(store):
    first = new_record()
    store.record(first)
    second = new_record(order_id=first.order_id)
    with pytest.raises(SlotTaken):
        store.record(second)
    assert current(store, first) == first


def test_a_serial_exists_once_in_all_orders(store):
    first = new_record()
    store.record(first)
    second = new_record(serial_hex=first.serial_hex)
    with pytest.raises(SerialTaken):
        store.record(second)
    assert current(store, second) is None


def test_generations_and_resellers_have_slots_of_their_own(store):
    first = new_record()
    for record in (
        first,
        new_record(order_id=first.order_id, generation=2),
        new_record(order_id=first.order_id, reseller_id="res_2"),
    ):
        store.record(record)
        assert current(store, record) == record


def test_a_kept_certificate_is_read_back_with_its_time(store):
    record = new_record()
    store.record(record)
    store.keep(record, b"certificate", NOW + timedelta(seconds=2))
    assert current(store, record) == replace(
        record,
        status=CertificateStatus.STORED,
        certificate_der=b"certificate",
        stored_at=NOW + timedelta(seconds=2),
    )


def test_of_two_certificates_the_first_is_kept(store):
    record = new_record()
    store.record(record)
    store.keep(record, b"first", NOW)
    with pytest.raises(SlotTaken):
        store.keep(record, b"second", NOW)
    assert current(store, record).certificate_der == b"first"


def test_a_certificate_is_kept_only_for_the_bytes_that_were_recorded(store):
    record = new_record()
    store.record(record)
    with pytest.raises(SlotTaken):
        store.keep(replace(record, tbs_der=b"other"), b"certificate", NOW)


def test_nothing_is_kept_that_was_not_recorded(store):
    with pytest.raises(SlotTaken):
        store.keep(new_record(), b"certificate", NOW)


def test_a_closed_serial_frees_the_slot_and_is_never_stored(store):
    closed, following = new_record(), new_record()
    following = replace(following, order_id=closed.order_id)
    store.record(closed)
    store.close(closed, NOW, "test")
    assert current(store, closed) is None
    with pytest.raises(SlotTaken):
        store.keep(closed, b"certificate", NOW)
    store.record(following)
    assert current(store, closed) == following
    with pytest.raises(SlotTaken):
        store.keep(closed, b"certificate", NOW)
    store.keep(following, b"certificate", NOW)
    assert current(store, closed).serial_hex == following.serial_hex


def test_a_serial_is_closed_once(store):
    record = new_record()
    store.record(record)
    store.close(record, NOW, "test")
    with pytest.raises(SlotTaken):
        store.close(record, NOW, "test")


def test_a_stored_certificate_is_not_closed(store):
    record = new_record()
    store.record(record)
    store.keep(record, b"certificate", NOW)
    with pytest.raises(SlotTaken):
        store.close(record, NOW, "test")
    assert current(store, record).status is CertificateStatus.STORED


def test_closed_serials_repeat_without_losing_one(store):
    first = new_record()
    for number in range(4):
        record = new_record(order_id=first.order_id) if number else first
        store.record(record)
        store.close(record, NOW, "test")
    assert current(store, first) is None


def test_issuing_works_on_the_store(store, hierarchy):
    issuing_ca, signer = hierarchy
    request = new_request(issuing_ca, order_id=f"ord_issue_{next(_numbers)}")
    clock = SetClock()
    issuer = new_issuer(signer, store, clock)
    record = issue_certificate(request, issuer)
    assert issue_certificate(request, issuer) == record
    assert record.certificate_der is not None


def test_an_issuing_ca_is_read_back_whole(store, hierarchy):
    issuing_ca = replace(hierarchy[0], issuer_id=f"tls-{next(_numbers)}", active=False)
    assert store.issuing_ca(issuing_ca.issuer_id) is None
    assert store.add_issuing_ca(issuing_ca) == issuing_ca
    assert store.issuing_ca(issuing_ca.issuer_id) == issuing_ca
    assert issuing_ca in store.issuing_cas()


@pytest.mark.parametrize(
    "key_id", ["arn:aws:acm-pca:eu-west-1:1:certificate-authority/x", "arn:aws:kms:eu-west-1:1:key/x"]
)
@pytest.mark.parametrize("status", CertificateStatus)
def test_what_is_recorded_for_a_private_ca_may_have_been_made_there(dynamodb, hierarchy, key_id, status):
    issuing_ca = replace(hierarchy[0], issuer_id=f"tls-{next(_numbers)}", key_id=key_id)
    dynamodb.add_issuing_ca(issuing_ca)
    record = a_record(issuer_id=issuing_ca.issuer_id, status=status)
    expected = status is CertificateStatus.RECORDED and ":acm-pca:" in key_id
    assert dynamodb.is_asked_elsewhere(record) is expected
    assert not dynamodb.is_asked_elsewhere(replace(record, issuer_id="unknown"))


def test_a_certificate_stays_newer_than_the_one_that_it_follows(dynamodb, hierarchy):
    """Moments of storing are kept in whole seconds."""
    issuing_ca, signer = hierarchy
    request = new_request(issuing_ca, order_id=f"ord_issue_{next(_numbers)}")
    issuer = new_issuer(signer, dynamodb, SetClock())
    later = issue_certificate(replace(request, generation=3), issuer)
    record = issue_certificate(replace(request, generation=2, follows=later.stored_at), issuer)
    assert record.age() > later.age()


def test_of_two_issuing_cas_under_one_id_the_first_stays(store, hierarchy):
    first = replace(hierarchy[0], issuer_id=f"tls-{next(_numbers)}")
    store.add_issuing_ca(first)
    assert store.add_issuing_ca(replace(first, key_id="other")) == first
    assert store.issuing_ca(first.issuer_id) == first


def test_a_root_is_read_back_whole_and_the_first_under_its_id_stays(store, hierarchy):
    root = RootCa(f"root-{next(_numbers)}", hierarchy[0].root_der, "key", SignatureAlgorithm.ECDSA_SHA384)
    assert store.root(root.root_id) is None
    assert store.add_root(root) == root
    assert store.add_root(replace(root, key_id="other")) == root
    assert store.root(root.root_id) == root
    assert root in store.roots()


def test_a_number_of_the_roots_crl_is_taken_once_and_never_goes_down(store, hierarchy):
    root = RootCa(f"root-{next(_numbers)}", hierarchy[0].root_der, "key", SignatureAlgorithm.ECDSA_SHA384)
    store.add_root(root)
    second = replace(root, crl_number=2, crl_ends=NOW)
    store.take_crl_number(second)
    for number in (1, 2):
        with pytest.raises(SerialTaken):
            store.take_crl_number(replace(root, crl_number=number))
    assert store.root(root.root_id) == second


def test_what_the_root_is_about_to_sign_is_recorded_once(store):
    serial_hex = f"{(1 << 158) + next(_numbers):x}"
    store.record_ca_serial(serial_hex, b"bytes", "CN=Our CA", NOW)
    with pytest.raises(SerialTaken):
        store.record_ca_serial(serial_hex, b"bytes", "CN=Our CA", NOW)


def test_service_level_and_revocation_of_an_issuing_ca_are_read_back(store, hierarchy):
    first = replace(hierarchy[0], issuer_id=f"tls-{next(_numbers)}", level=Level.OV, active=False)
    store.add_issuing_ca(first)
    before = first
    for changed in (
        replace(first, active=True),
        replace(first, revoked_at=NOW, revocation_reason=CaReason.CA_COMPROMISE),
    ):
        assert store.change_issuing_ca(before, changed) == changed
        assert store.issuing_ca(first.issuer_id) == changed
        before = changed


@pytest.mark.parametrize("was_active", [True, False], ids=["active", "not active"])
@pytest.mark.parametrize(
    "late",
    [
        {"active": True},
        {"active": False},
        {"active": False, "revoked_at": NOW + timedelta(hours=1), "revocation_reason": CaReason.SUPERSEDED},
    ],
    ids=["activated", "retired", "revoked once more"],
)
def test_who_read_an_issuing_ca_before_it_was_revoked_changes_nothing_of_it(
    store, hierarchy, was_active, late
):
    first = replace(hierarchy[0], issuer_id=f"tls-{next(_numbers)}", active=was_active)
    store.add_issuing_ca(first)
    revoked = replace(first, active=False, revoked_at=NOW, revocation_reason=CaReason.CA_COMPROMISE)
    store.change_issuing_ca(first, revoked)
    with pytest.raises(ChangedMeanwhile):
        store.change_issuing_ca(first, replace(first, **late))
    assert store.issuing_ca(first.issuer_id) == revoked


# ---- lists of serials


def serials_of(listed, *wanted):
    """Which of the wanted records are listed, in the order of the list."""
    known = {record.serial_hex for record in wanted}
    return [record.serial_hex for record in listed if record.serial_hex in known]


def test_recorded_serials_are_listed_until_they_are_stored_or_closed(store):
    begun, kept, given_up = new_record(), new_record(), new_record()
    for record in (begun, kept, given_up):
        store.record(record)
    assert len(serials_of(store.unfinished(NOW), begun, kept, given_up)) == 3
    store.keep(kept, b"certificate", NOW)
    store.close(given_up, NOW, "test")
    assert serials_of(store.unfinished(NOW), begun, kept, given_up) == [begun.serial_hex]


@pytest.mark.parametrize(
    ("until", "listed"), [(timedelta(0), True), (-timedelta(microseconds=1), False)], ids=["then", "before"]
)
def test_serials_are_unfinished_from_the_moment_they_were_recorded(store, until, listed):
    record = new_record()
    store.record(record)
    assert bool(serials_of(store.unfinished(NOW + until), record)) is listed


TICK = timedelta(microseconds=1)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("after", "until", "listed"),
    [
        (-TICK, timedelta(0), True),
        (timedelta(0), DAY, False),
        (-DAY, -TICK, False),
        (-3 * DAY, 3 * DAY, True),
    ],
    ids=["until then", "after then", "before", "days around it"],
)
def test_what_was_stored_is_listed_by_its_time(store, after, until, listed):
    record, stored_at = new_record(), NOW + 5 * DAY
    store.record(record)
    assert serials_of(store.stored_between(stored_at + after, stored_at + until), record) == []
    store.keep(record, b"certificate", stored_at)
    found = list(store.stored_between(stored_at + after, stored_at + until))
    assert bool(serials_of(found, record)) is listed
    assert all(each.stored_at == stored_at for each in found if each.serial_hex == record.serial_hex)


@pytest.mark.parametrize("moment", ["2026-11-30T23:59:59.999999+00:00", "2026-12-01T00:00:00+00:00"])
def test_no_end_of_a_day_hides_a_certificate(store, moment):
    record, stored_at = new_record(), datetime.fromisoformat(moment)
    store.record(record)
    store.keep(record, b"certificate", stored_at)
    assert serials_of(store.stored_between(stored_at - TICK, stored_at), record)
    assert serials_of(store.stored_between(stored_at - 2 * DAY, stored_at + 2 * DAY), record)


def test_more_serials_than_a_page_are_all_listed(dynamodb):
    one_shard = [f"{(1 << 157) + number * 0x100:x}" for number in range(101)]
    records = [new_record(serial_hex=serial_hex) for serial_hex in one_shard]
    for record in records:
        dynamodb.record(record)
    assert len(serials_of(dynamodb.unfinished(NOW), *records)) == len(records)


# ---- the serials of an order


def reissued_for_years(client, order_id, generations):
    """Rows of an order with a new key each day, since NOW; their serials are not there, which does not matter."""
    rows = [
        to_item(
            {"pk": table_keys.order_partition("res_1", order_id), "sk": f"GENERATION#{number:06d}"}
            | {"serial_hex": f"{number:x}", "closed_serials": [], "stored_at": rfc3339(NOW + number * DAY)}
        )
        for number in generations
    ]
    for begin in range(0, len(rows), 25):
        puts = [{"PutRequest": {"Item": row}} for row in rows[begin : begin + 25]]
        client.batch_write_item(RequestItems={TABLE: puts})


def test_every_certificate_of_an_order_is_found_however_often_it_was_reissued(client, dynamodb, monkeypatch):
    first = new_record()
    last = replace(new_record(), order_id=first.order_id, generation=1200)
    for record in (first, last):
        dynamodb.record(record)
        dynamodb.keep(record, b"certificate", NOW + record.generation * DAY)
    reissued_for_years(client, first.order_id, range(2, 1200))
    kept = {each.serial_hex: dynamodb.by_serial(each.serial_hex) for each in (first, last)}
    monkeypatch.setattr(dynamodb, "by_serial", kept.get)
    wanted = [first.serial_hex, last.serial_hex]
    assert [each.serial_hex for each in dynamodb.of_order("res_1", first.order_id)] == wanted[::-1]
    assert [each.serial_hex for each in dynamodb.every_serial("res_1", first.order_id)] == wanted


@pytest.mark.parametrize(
    ("stored_at", "found"),
    [(NOW - 401 * DAY, False), (NOW - 400 * DAY, True), (NOW, True), (None, True)],
    ids=["ended long ago", "perhaps not", "new", "never stored"],
)
def test_what_may_not_have_ended_is_found_with_the_serials_that_were_closed_for_it(
    dynamodb, stored_at, found
):
    closed = new_record()
    record = replace(new_record(), order_id=closed.order_id)
    dynamodb.record(closed)
    dynamodb.close(closed, NOW, "test")
    dynamodb.record(record)
    if stored_at is not None:
        dynamodb.keep(record, b"certificate", stored_at)
    serials = [each.serial_hex for each in dynamodb.not_ended("res_1", record.order_id, NOW)]
    assert serials == ([record.serial_hex, closed.serial_hex] if found else [])


def test_serials_are_read_when_they_are_reached_and_those_that_ended_long_ago_never(
    client, dynamodb, monkeypatch
):
    read = []
    monkeypatch.setattr(
        dynamodb, "by_serial", lambda serial_hex: read.append(int(serial_hex, 16)) or serial_hex
    )
    reissued_for_years(client, "ord_years", range(1, 1096))
    serials = dynamodb.not_ended("res_1", "ord_years", NOW + 1095 * DAY)
    next(serials)
    assert read == [695]
    assert len(list(serials)) == 400


# ---- what only the table knows


def slot(client, record):
    key = table_keys.generation(record.reseller_id, record.order_id, record.generation)
    return Database(client).get(TABLE, key)


def test_of_four_runs_at_once_in_dynamodb_one_certificate_comes_out(client, dynamodb, hierarchy):
    issuing_ca, signer = hierarchy
    request = new_request(issuing_ca, order_id=f"ord_at_once_{next(_numbers)}")
    all_are_here = Barrier(4)

    def run(_):
        all_are_here.wait(timeout=10)
        return issue_certificate(request, new_issuer(signer, dynamodb))

    with ThreadPoolExecutor(4) as pool:
        records = list(pool.map(run, range(4)))
    assert len({record.certificate_der for record in records}) == 1
    assert dynamodb.of_order("res_1", request.order_id) == (records[0],)
    assert slot(client, records[0])["closed_serials"] == []


def test_closed_serials_are_found_from_their_order(client, dynamodb):
    closed = [new_record()]
    closed += [new_record(order_id=closed[0].order_id) for _ in range(2)]
    for record in closed:
        dynamodb.record(record)
        dynamodb.close(record, NOW, "test")
    found = slot(client, closed[0])
    assert found["closed_serials"] == [record.serial_hex for record in closed]
    for record in closed:
        assert dynamodb.by_serial(record.serial_hex).status is CertificateStatus.CLOSED


def test_a_reseller_sees_issued_certificates_of_its_own_only(dynamodb):
    record = new_record()
    dynamodb.record(record)
    assert dynamodb.of_reseller("res_1", record.serial_hex) is None
    dynamodb.keep(record, b"certificate", NOW)
    assert dynamodb.of_reseller("res_1", record.serial_hex) == current(dynamodb, record)
    assert dynamodb.of_reseller("res_2", record.serial_hex) is None
    assert dynamodb.of_reseller("res_1", "00") is None


def test_an_orders_certificates_come_newest_first_without_unissued_ones(dynamodb):
    first = new_record()
    records = [new_record(order_id=first.order_id, generation=number) for number in (1, 2, 10)]
    for record in records:
        dynamodb.record(record)
    dynamodb.keep(records[0], b"1", NOW)
    dynamodb.keep(records[2], b"10", NOW)
    found = dynamodb.of_order("res_1", first.order_id)
    assert [record.generation for record in found] == [10, 1]
    assert dynamodb.of_order("res_2", first.order_id) == ()


def test_serial_and_slot_are_written_together(client, dynamodb):
    """A transaction that fails leaves neither row."""

    class Failing:
        def __getattr__(self, operation):
            return getattr(client, operation)

        def transact_write_items(self, **parameters):
            parameters["TransactItems"].append(
                {
                    "ConditionCheck": {
                        "TableName": TABLE,
                        "Key": {"pk": {"S": "nothing"}, "sk": {"S": "here"}},
                        "ConditionExpression": "attribute_exists(pk)",
                    }
                }
            )
            return client.transact_write_items(**parameters)

    record = new_record()
    with pytest.raises((TryAgain, ValueError)):
        DynamoDbIssuanceStore(Failing(), TABLE).record(record)
    assert dynamodb.by_serial(record.serial_hex) is None
    assert slot(client, record) is None

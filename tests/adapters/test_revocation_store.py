"""Revocations in tables: each change whole or not at all, and what CRLs are made from."""

from dataclasses import replace
from datetime import timedelta

import pytest

from partner_center.adapters import keys
from partner_center.adapters.blocked_keys import KeysBlockedHere
from partner_center.adapters.crl_store import CrlStore
from partner_center.adapters.issuance_store import DynamoDbIssuanceStore
from partner_center.adapters.key_register import DynamoDbKeyRegister
from partner_center.adapters.order_actions import GUARD_LIFETIME
from partner_center.adapters.order_store import OrderStore
from partner_center.adapters.revocation_store import RevocationStore
from partner_center.billing.contracts import ContractKind
from partner_center.billing.payments import PaymentStatus
from partner_center.issuance.crl_record import PublishedCrl
from partner_center.issuance.key_block import CALLED_COMPROMISED
from partner_center.issuance.record import CertificateStatus, OrderFollows, Reason, SlotTaken
from partner_center.issuance.revoke import Revoker, Wish
from partner_center.kernel.errors import ChangedMeanwhile
from partner_center.orders.close import completion
from partner_center.orders.order import OrderStatus, PaymentKind
from partner_center.orders.ports import RequestSeenBefore
from tests.adapters.stores import DynamoStores
from tests.fakes.determined import NOW, CountingIds, FixedClock
from tests.fakes.samples import (
    A_KEY,
    ORDER,
    US,
    a_chronicle,
    a_contract,
    a_day,
    a_guard,
    a_head,
    a_placement,
    a_record,
    a_second,
    an_audit,
)

COMPROMISED, SUPERSEDED = Reason.KEY_COMPROMISE, Reason.SUPERSEDED


class Tables:
    """An issued order with a stored certificate, and a revoker over the tables."""

    def __init__(self, dynamodb, stores: DynamoStores):
        self.stores, self.ids, self.clock = stores, CountingIds(), FixedClock()
        names, database = stores.tables, stores.database
        self.certificates = DynamoDbIssuanceStore(dynamodb, names.issuance)
        self.revocations, self.crls = RevocationStore(database, names), CrlStore(database, names.issuance)
        self.orders = OrderStore(database, names)
        self.revoker = Revoker(self.orders, self.certificates, self.revocations, self.clock, self.ids)

    def issue(self, **head):
        self.stores.grant(a_contract(10))
        placed = a_head(**head)
        self.orders.place(a_placement(self.ids, placed))
        self.orders.complete(completion(placed, "0a1b", a_chronicle(self.ids)))
        return self.stored()

    def recorded(self, serial_hex="0a1b", generation=1, **changes):
        record = a_record(
            serial_hex=serial_hex,
            generation=generation,
            status=CertificateStatus.RECORDED,
            certificate_der=None,
            stored_at=None,
            **changes,
        )
        self.certificates.record(record)
        return record

    def stored(self, serial_hex="0a1b", generation=1, **changes):
        self.certificates.keep(self.recorded(serial_hex, generation, **changes), b"certificate", NOW)
        return self.certificates.by_serial(serial_hex)

    def wish(self, reason=SUPERSEDED, actor="key:key_1", proven=None):
        return Wish(reason, actor, "request-1", OrderFollows.ALWAYS, proven)

    def blocked(self, spki_sha256=A_KEY):
        return KeysBlockedHere(self.stores.database, self.stores.tables.issuance).is_blocked(spki_sha256)

    def rows(self, issuer_id="tls-e1", since=None):
        return self.crls.revoked(issuer_id, since)


@pytest.fixture
def tables(dynamodb, stores):
    return Tables(dynamodb, stores)


def test_a_revoked_serial_says_when_and_why_and_is_ready_for_a_crl(tables):
    record = tables.issue()
    tables.revoker.certificate(record, tables.wish())
    now = tables.certificates.by_serial("0a1b")
    assert (now.status, now.revoked_at, now.reason) == (CertificateStatus.REVOKED, NOW, SUPERSEDED)
    assert (now.certificate_der, now.order_follows) == (b"certificate", OrderFollows.ALWAYS)
    (row,) = tables.rows()
    assert (row.serial_hex, row.revoked_at, row.reason) == ("0a1b", NOW, SUPERSEDED)
    assert (row.not_after, row.is_published) == (record.not_after, False)
    assert tables.stores.events(US, ORDER)[-1] == "certificate.revoked"
    assert tables.stores.audited(US, ORDER)[-1] == "certificate.revoked"


def test_times_keep_their_microseconds_and_crls_their_whole_seconds(tables):
    record = tables.issue()
    tables.clock.moment = NOW + timedelta(microseconds=123_456)
    tables.revoker.certificate(record, tables.wish())
    assert tables.certificates.by_serial("0a1b").revoked_at == tables.clock.moment
    assert tables.rows()[0].revoked_at == tables.clock.moment


def test_of_two_that_read_the_same_the_first_sets_date_and_reason(tables):
    record = tables.issue()
    tables.revoker.certificate(record, tables.wish())
    tables.clock.advance(hours=1)
    done = tables.revoker.certificate(record, tables.wish(Reason.AFFILIATION_CHANGED))
    assert (done.revoked_at, done.reason) == (NOW, SUPERSEDED)
    assert len(tables.rows()) == 1
    assert tables.stores.events(US, ORDER).count("certificate.revoked") == 1


def test_another_reason_brings_the_row_back_to_the_unpublished(tables):
    record = tables.issue()
    tables.revoker.certificate(record, tables.wish(Reason.UNSPECIFIED))
    tables.crls.mark("tls-e1", 1, NOW, tables.rows())
    assert tables.crls.oldest_unpublished("tls-e1") is None
    tables.clock.advance(hours=1)
    tables.revoker.certificate(record, tables.wish(COMPROMISED))
    (row,) = tables.rows()
    assert (row.revoked_at, row.reason, row.is_published) == (NOW, COMPROMISED, False)
    assert tables.crls.oldest_unpublished("tls-e1") == tables.clock.moment
    assert tables.stores.audited(US, ORDER)[-2:] == ["certificate.reason_changed", "key.blocked"]


def test_what_staff_or_the_system_revokes_is_told_on_the_order(tables):
    record = tables.issue()
    tables.revoker.certificate(record, tables.wish(Reason.PRIVILEGE_WITHDRAWN, "system"))
    partition = keys.order_partition(US, ORDER)
    (message,) = tables.stores.rows(tables.stores.tables.business, partition, "MESSAGE#")
    assert "0a1b" in message["text"]


def test_a_serial_that_is_revoked_while_it_is_signed_can_never_be_stored_and_frees_its_slot(tables):
    record = tables.recorded()
    tables.revoker.certificate(record, tables.wish(COMPROMISED))
    with pytest.raises(SlotTaken):
        tables.certificates.keep(record, b"certificate", NOW)
    tables.certificates.close(tables.certificates.current(US, ORDER, 1), NOW, "it was revoked")
    assert tables.certificates.current(US, ORDER, 1) is None
    assert tables.certificates.by_serial("0a1b").status is CertificateStatus.REVOKED
    tables.stored("0a2b")
    serials = [each.serial_hex for each in tables.certificates.every_serial(US, ORDER)]
    assert serials == ["0a2b", "0a1b"]


# ---- the key of what is revoked for compromise


def test_a_key_is_blocked_in_the_write_that_revokes_its_certificate(tables):
    record = tables.issue()
    tables.revoker.certificate(record, tables.wish(COMPROMISED), a_guard(tables.orders.head(US, ORDER)))
    assert tables.blocked() == CALLED_COMPROMISED
    assert set(tables.stores.audited(US, ORDER)[-2:]) == {"certificate.revoked", "key.blocked"}


def test_a_key_is_blocked_when_the_reason_becomes_compromise(tables):
    record = tables.issue()
    tables.revoker.certificate(record, tables.wish(Reason.UNSPECIFIED))
    assert tables.blocked() is None
    tables.revoker.certificate(record, tables.wish(COMPROMISED))
    assert tables.blocked() == CALLED_COMPROMISED


def test_a_key_is_blocked_though_the_other_reason_of_its_certificate_stays(tables):
    record = tables.issue()
    tables.revoker.certificate(record, tables.wish(Reason.SUPERSEDED))
    for _ in range(2):
        done = tables.revoker.certificate(tables.certificates.by_serial("0a1b"), tables.wish(COMPROMISED))
    assert (done.reason, tables.blocked()) == (Reason.SUPERSEDED, CALLED_COMPROMISED)
    assert tables.stores.audited(US, ORDER).count("key.blocked") == 1


def test_a_block_that_was_there_first_stays_and_the_certificate_is_revoked(tables):
    record = tables.issue()
    register = DynamoDbKeyRegister(tables.stores.database, tables.stores.tables)
    register.block(A_KEY, "its private key has become known", NOW - a_day, an_audit(tables.ids))
    tables.revoker.certificate(record, tables.wish(COMPROMISED))
    assert tables.blocked() == "its private key has become known"
    assert tables.certificates.by_serial("0a1b").reason is COMPROMISED
    assert tables.stores.audited(US, ORDER).count("key.blocked") == 0
    assert len(tables.rows()) == 1
    assert register.block(A_KEY, "again", NOW, an_audit(tables.ids)) == NOW - a_day


def test_what_cannot_be_revoked_blocks_no_key(tables):
    record = tables.issue()
    moved = replace(record, status=CertificateStatus.RECORDED)
    change = tables.revoker._certificate_change(moved, tables.wish(COMPROMISED), tables.clock.now())
    for key in (A_KEY, "ab" * 32):
        with pytest.raises(ChangedMeanwhile):
            tables.revocations.revoke_certificate(
                replace(change, block=replace(change.block, spki_sha256=key))
            )
        assert tables.blocked(key) is None


def test_an_order_of_many_certificates_blocks_each_of_their_keys_once(tables):
    tables.issue()
    for number in range(2, 12):
        tables.stored(f"{number:04x}", number, spki_sha256=f"{number % 3:064x}")
    tables.revoker.order(tables.orders.head(US, ORDER), tables.wish(COMPROMISED))
    assert len(tables.rows()) == 11
    assert {tables.blocked(key) for key in (A_KEY, *(f"{each:064x}" for each in range(3)))} == {
        CALLED_COMPROMISED
    }
    assert tables.stores.audited(US, ORDER).count("key.blocked") == 4


# ---- orders


def counters(tables):
    (contract,) = tables.stores.contracts.of_reseller(US)
    return contract.units_left, contract.units_held, contract.units_used


def test_an_order_is_revoked_and_its_units_come_back_in_one_write(tables):
    tables.issue()
    tables.revoker.order(tables.orders.head(US, ORDER), tables.wish())
    head = tables.orders.head(US, ORDER)
    assert (head.status, head.payment) == (OrderStatus.REVOKED, PaymentStatus.REFUNDED)
    assert (head.revoked.at, head.revoked.by, head.revoked.reason) == (NOW, "key:key_1", SUPERSEDED)
    assert counters(tables) == (10, 0, 0)
    assert ("refund", 2, ORDER) in tables.stores.ledger(US, "con_1")


def test_units_that_were_never_used_cannot_come_back(tables):
    tables.issue()
    table, key = tables.stores.tables.business, keys.contract(US, "con_1")
    tables.stores.database._client.update_item(
        TableName=table,
        Key={"pk": {"S": key.pk}, "sk": {"S": key.sk}},
        UpdateExpression="SET units_used = :n",
        ExpressionAttributeValues={":n": {"N": "1"}},
    )
    head = tables.orders.head(US, ORDER)
    with pytest.raises(Exception, match="changing"):
        tables.revoker.order(head, tables.wish())
    assert tables.orders.head(US, ORDER).status is OrderStatus.ISSUED


def test_a_card_orders_refund_is_a_ledger_line_with_its_amount(tables):
    tables.stores.grant(a_contract(10, kind=ContractKind.PAY_AS_YOU_GO, card_id="card_1"))
    head = a_head(payment_kind=PaymentKind.PAY_AS_YOU_GO, payment=PaymentStatus.AUTHORISED, card_id="card_1")
    tables.orders.place(a_placement(tables.ids, head))
    tables.orders.complete(completion(head, "0a1b", a_chronicle(tables.ids)))
    tables.stored()
    issued = tables.orders.head(US, ORDER)
    before = counters(tables)
    done = tables.revoker.order(issued, tables.wish())
    assert (done.payment, done.settle_at) == (PaymentStatus.REFUND_PENDING, NOW)
    assert counters(tables) == before
    assert tables.orders.head(US, ORDER) == done


def test_a_guard_is_bound_with_the_effect_and_seen_by_the_next(tables):
    record = tables.issue()
    head = tables.orders.head(US, ORDER)
    tables.revoker.certificate(record, tables.wish(), a_guard(head))
    assert tables.orders.guard(US, *_call(a_guard(head))) is not None
    other = tables.stored("0a2b", 2)
    with pytest.raises(RequestSeenBefore):
        tables.revoker.certificate(other, tables.wish(), a_guard(head))
    assert tables.certificates.by_serial("0a2b").status is CertificateStatus.STORED


def test_a_guard_lives_seven_days_from_the_request_on_however_old_the_order_is(tables):
    record = tables.issue()
    guard = a_guard(tables.orders.head(US, ORDER))
    tables.clock.advance(days=90)
    tables.revoker.certificate(record, tables.wish(), guard)
    row = tables.stores.database.get(tables.stores.tables.business, keys.request_guard(US, *_call(guard)))
    assert row["expires_at"] == int((NOW + 90 * a_day + GUARD_LIFETIME).timestamp())


def _call(guard):
    return guard.method, guard.path, guard.idempotency_key


def test_an_order_that_changed_meanwhile_is_not_written(tables):
    tables.issue()
    stale = replace(tables.orders.head(US, ORDER), version=1)
    done = tables.revoker.order(stale, tables.wish())
    assert done.version == tables.orders.head(US, ORDER).version == 3


def test_a_serial_that_moved_is_not_written(tables):
    record = tables.issue()
    moved = replace(record, status=CertificateStatus.RECORDED)
    change = tables.revoker._certificate_change(moved, tables.wish(), tables.revoker.clock.now())
    with pytest.raises(ChangedMeanwhile):
        tables.revocations.revoke_certificate(change)
    assert tables.rows() == []


# ---- CRLs


def revoke_many(tables, *ends):
    for number, end in enumerate(ends, 1):
        record = tables.stored(f"{number:04x}", number, not_after=NOW + end * a_day)
        tables.revoker.certificate(record, tables.wish(Reason.UNSPECIFIED))


def test_numbers_rise_whoever_takes_them(tables):
    numbers = [tables.crls.next_number("tls-e1", NOW, 0) for _ in range(5)]
    assert numbers == [1, 2, 3, 4, 5]
    assert tables.crls.next_number("tls-e2", NOW, 0) == 1


@pytest.mark.parametrize("taken", [0, 3, 40, 41], ids=["lost", "restored", "equal", "ahead"])
def test_a_counter_that_is_behind_what_is_published_goes_on_above_it(tables, taken):
    for _ in range(taken):
        tables.crls.next_number("tls-e1", NOW, 0)
    first = max(taken, 40) + 1
    numbers = [tables.crls.next_number("tls-e1", NOW, 40) for _ in range(3)]
    assert numbers == [first, first + 1, first + 2]


def test_of_two_that_find_the_counter_behind_each_gets_a_number_of_its_own(tables, monkeypatch):
    """The other takes its number while this one has seen that the counter is behind, and has not mended it."""
    catch_up, others = CrlStore._catch_up, []

    def come_between(crls, issuer_id, number):
        if not others:
            others.append(0)
            others.append(tables.crls.next_number(issuer_id, NOW, number))
        catch_up(crls, issuer_id, number)

    monkeypatch.setattr(CrlStore, "_catch_up", come_between)
    assert (tables.crls.next_number("tls-e1", NOW, 40), others[1]) == (42, 41)


def test_a_crl_is_read_from_the_certificates_on_that_have_not_ended_long_ago(tables):
    revoke_many(tables, 5, 1, 9)
    assert [each.serial_hex for each in tables.rows()] == ["0002", "0001", "0003"]
    assert [each.serial_hex for each in tables.rows(since=NOW + 5 * a_day)] == ["0001", "0003"]
    assert [each.serial_hex for each in tables.rows(since=NOW + 5 * a_day + a_second)] == ["0003"]
    assert tables.rows(since=NOW + 10 * a_day) == []
    assert tables.rows("tls-e2") == []


def test_a_long_list_is_read_page_by_page(tables, monkeypatch):
    monkeypatch.setattr("partner_center.adapters.crl_store._PAGE", 2)
    revoke_many(tables, 1, 2, 3, 4, 5)
    assert [each.serial_hex for each in tables.rows()] == ["0001", "0002", "0003", "0004", "0005"]
    assert len(tables.rows(since=NOW + 2 * a_day)) == 4


def published(number, scheduled_at=None):
    return PublishedCrl(number, NOW, NOW + 7 * a_day, scheduled_at)


def test_only_something_newer_takes_the_place_of_what_is_noted(tables):
    assert tables.crls.published("tls-e1") is None
    tables.crls.next_number("tls-e1", NOW, 0)
    assert tables.crls.published("tls-e1") is None
    tables.crls.note("tls-e1", published(2, NOW))
    tables.crls.note("tls-e1", published(1))
    assert tables.crls.published("tls-e1") == published(2, NOW)
    tables.crls.note("tls-e1", published(3, NOW + a_day))
    assert tables.crls.published("tls-e1") == published(3, NOW + a_day)
    assert tables.crls.next_number("tls-e1", NOW, 0) == 2


def test_marked_rows_leave_the_index_and_say_which_crl_told_them(tables):
    revoke_many(tables, 1, 2)
    tables.crls.mark("tls-e1", 7, NOW + a_second, tables.rows())
    assert [each.is_published for each in tables.rows()] == [True, True]
    assert tables.crls.oldest_unpublished("tls-e1") is None
    (row, _) = tables.stores.rows(tables.stores.tables.issuance, "CRL#tls-e1", "REVOKED#")
    assert row["crl_number"] == 7


def test_rows_that_an_authority_was_told_of_leave_the_index_without_a_number(tables):
    revoke_many(tables, 1)
    tables.crls.mark("tls-e1", None, NOW + a_second, tables.rows())
    assert tables.crls.oldest_unpublished("tls-e1") is None
    (row,) = tables.stores.rows(tables.stores.tables.issuance, "CRL#tls-e1", "REVOKED#")
    assert "crl_number" not in row
    assert "published_at" in row


def test_a_row_that_changed_since_it_was_read_stays_unpublished_and_the_others_do_not(tables):
    revoke_many(tables, 1, 2, 3)
    read = tables.rows()
    tables.clock.advance(minutes=1)
    changed = tables.certificates.by_serial("0002")
    tables.revoker.certificate(changed, tables.wish(COMPROMISED))
    tables.crls.mark("tls-e1", 7, NOW, read)
    assert {each.serial_hex: each.is_published for each in tables.rows()} == {
        "0001": True,
        "0002": False,
        "0003": True,
    }
    assert tables.crls.oldest_unpublished("tls-e1") == tables.clock.moment


def test_more_rows_than_a_transaction_holds_are_marked(tables):
    row = {"serial_hex": "x", "revoked_at": 1, "reason": "unspecified", "unpublished_since": 1}
    for number in range(120):
        key = keys.revoked_certificate("tls-e9", f"2027-01-01T00:00:{number % 60:02d}Z", f"{number:04x}")
        values = row | {"unpublished": "tls-e9"}
        tables.stores.database.replace(tables.stores.tables.issuance, key, values)
    tables.crls.mark("tls-e9", 1, NOW, tables.rows("tls-e9"))
    assert all(each.is_published for each in tables.rows("tls-e9"))

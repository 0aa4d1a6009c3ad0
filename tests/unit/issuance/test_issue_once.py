"""One certificate for each order and generation: after a death at every step, and with two runs at once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from partner_center.issuance.issue import CaaTooOld, NotClaimed, issue_certificate, record_new_serial
from partner_center.issuance.record import CertificateStatus
from partner_center.issuance.validity import within_the_limit
from partner_center.kernel.clock import CLOCK_IS_OFF
from partner_center.kernel.dated_rules import rules_on
from partner_center.kernel.errors import TryAgain
from tests.unit.issuance.world import (
    NOW,
    Died,
    Running,
    SetClock,
    names,
    new_hierarchy,
    new_issuer,
    new_request,
    spki,
    stored,
    with_status,
)

DEATHS = [("before", "record"), ("after", "record"), ("before", "keep"), ("after", "keep")]


def die_at(store, when, step):
    def die(write):
        if write == step:
            raise Died

    setattr(store, when, die)


def recover(store):
    store.before = store.after = lambda write: None


@pytest.mark.parametrize(("when", "step"), DEATHS, ids=[f"{when} {step}" for when, step in DEATHS])
def test_after_a_death_at_any_step_a_second_run_leaves_exactly_one_certificate(
    request_, issuer, store, when, step
):
    die_at(store, when, step)
    with pytest.raises(Died):
        issue_certificate(request_, issuer)
    recover(store)
    record = issue_certificate(request_, issuer)
    assert stored(store) == [record]
    assert len(store.serials) == 1


def test_a_death_in_the_signer_is_taken_up_with_the_same_bytes(request_, issuer, store, keys):
    class Dying:
        def sign_digest(self, issuer, digest):
            raise Died

    with pytest.raises(Died):
        issue_certificate(request_, replace(issuer, signer=Dying()))
    (open_record,) = store.serials.values()
    record = issue_certificate(request_, issuer)
    assert record.tbs_der == open_record.tbs_der


def test_a_store_that_fails_after_signing_leaves_a_serial_that_is_known(request_, issuer, store, keys):
    die_at(store, "before", "keep")
    with pytest.raises(Died):
        issue_certificate(request_, issuer)
    assert len(keys.signed) == 1
    assert store.current("res_1", "ord_1", 1).status is CertificateStatus.RECORDED


@pytest.mark.parametrize("deaths", [1, 2, 4])
def test_many_deaths_after_signing_still_leave_one_certificate(request_, issuer, store, keys, deaths):
    for _ in range(deaths):
        die_at(store, "before", "keep")
        with pytest.raises(Died):
            issue_certificate(request_, issuer)
    recover(store)
    issue_certificate(request_, issuer)
    assert len(stored(store)) == len(store.serials) == 1
    assert len(set(keys.signed)) == 1


def leave_open(request, issuer, store):
    die_at(store, "before", "keep")
    with pytest.raises(Died):
        issue_certificate(request, issuer)
    recover(store)
    (record,) = store.serials.values()
    return record


FRESH = {"caa_valid_until": NOW + timedelta(days=400)}


@pytest.mark.parametrize(
    ("later", "caa", "same"),
    [
        (timedelta(hours=7, minutes=49, seconds=59), {}, True),
        (timedelta(hours=7, minutes=50), {"caa_valid_until": NOW + timedelta(hours=16)}, False),
        (timedelta(hours=47, minutes=30), FRESH, False),
    ],
    ids=["CAA holds", "CAA ended", "long after"],
)
def test_recorded_bytes_are_signed_again_only_while_their_caa_holds(
    request_, issuer, store, clock, later, caa, same
):
    first = leave_open(request_, issuer, store)
    clock.moment = NOW + later
    second = issue_certificate(replace(request_, **caa), issuer)
    assert (second.serial_hex == first.serial_hex) is same
    assert stored(store) == [second]
    assert len(with_status(store, CertificateStatus.CLOSED)) == (0 if same else 1)


@pytest.mark.parametrize(
    ("later", "same"),
    [(timedelta(hours=47, minutes=30), True), (timedelta(hours=47, minutes=30, seconds=1), False)],
    ids=["48 h after notBefore", "one second more"],
)
def test_recorded_bytes_are_signed_again_only_within_48_hours_of_not_before(
    request_, issuer, store, clock, later, same
):
    long_ttl = replace(request_, **FRESH)
    first = leave_open(long_ttl, issuer, store)
    clock.moment = NOW + later
    assert (issue_certificate(long_ttl, issuer).serial_hex == first.serial_hex) is same
    assert len(stored(store)) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"names": names(3)},
        {"spki_der": spki("p-384")},
        {"common_name": None},
        {"term_end": NOW + timedelta(days=30)},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_an_order_that_changed_meanwhile_gets_a_serial_of_its_own(request_, issuer, store, changes):
    first = leave_open(request_, issuer, store)
    second = issue_certificate(replace(request_, **changes), issuer)
    assert second.serial_hex != first.serial_hex
    assert store.serials[first.serial_hex].status is CertificateStatus.CLOSED
    assert store.serials[first.serial_hex].tbs_der == first.tbs_der
    assert stored(store) == [second]


def test_a_serial_of_another_issuing_ca_is_neither_signed_nor_closed(request_, issuer, store):
    """It may be an authority's, which makes certificates by itself; test_sign_after_rotation.py has what follows."""
    first = leave_open(request_, issuer, store)
    other_ca, other_keys = new_hierarchy()
    rotated = replace(request_, issuer=replace(other_ca, issuer_id="tls-e2"))
    with pytest.raises(TryAgain):
        issue_certificate(rotated, replace(issuer, signer=other_keys))
    assert (store.serials, other_keys.signed) == ({first.serial_hex: first}, [])


def test_bytes_of_yesterdays_rules_are_not_signed_today(request_, issuer, store, clock):
    clock.moment = datetime(2027, 3, 15, tzinfo=UTC) - CLOCK_IS_OFF - timedelta(seconds=1)
    request = replace(request_, **FRESH, term_end=clock.moment + timedelta(days=365))
    first = leave_open(request, issuer, store)
    clock.advance(seconds=1)
    second = issue_certificate(request, issuer)
    assert store.serials[first.serial_hex].status is CertificateStatus.CLOSED
    assert second.not_after - second.not_before == timedelta(seconds=99 * 86_400 - 1)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_death_while_closing_is_taken_up(request_, issuer, store, when):
    leave_open(request_, issuer, store)
    changed = replace(request_, names=names(3))
    die_at(store, when, "close")
    with pytest.raises(Died):
        issue_certificate(changed, issuer)
    recover(store)
    record = issue_certificate(changed, issuer)
    assert stored(store) == [record]
    assert len(with_status(store, CertificateStatus.CLOSED)) == 1


# ---- two at once


def meanwhile(store, when, step, act):
    """Let `act` happen once, at that moment of the first run."""

    def once(write):
        if write == step:
            recover(store)
            act()

    setattr(store, when, once)


@pytest.mark.parametrize(("when", "step"), DEATHS, ids=[f"{when} {step}" for when, step in DEATHS])
def test_of_two_runs_at_once_both_return_the_one_certificate(request_, issuer, store, when, step):
    other = []
    meanwhile(store, when, step, lambda: other.append(issue_certificate(request_, issuer)))
    record = issue_certificate(request_, issuer)
    assert other == [record]
    assert stored(store) == [record]
    assert len(store.serials) == 1


def test_a_run_overtaken_by_an_amended_one_returns_what_was_stored(request_, issuer, store):
    """The serial is closed under the first run's hands; its signature belongs to a serial that stays known."""
    amended = replace(request_, names=names(3))
    meanwhile(store, "before", "keep", lambda: issue_certificate(amended, issuer))
    record = issue_certificate(request_, issuer)
    assert record.names == names(3)
    assert stored(store) == [record]
    assert len(with_status(store, CertificateStatus.CLOSED)) == 1


class Claimed:
    """Who holds the claim, by revision: an order that was amended is claimed for what it holds now."""

    def __init__(self, revision):
        self.revision = revision

    def __call__(self, enrolment_id, revision):
        return revision == self.revision


def test_a_straggler_neither_closes_nor_signs_what_was_ordered_since(request_, keys, store):
    """Its order was held back, amended and claimed again while it was at the key; the later run is there or died."""
    claimed = Claimed(1)
    issuer = new_issuer(keys, store, running=Running(claims=claimed))
    amended = replace(request_, names=names(3), revision=2)

    def overtaken():
        claimed.revision = 2
        (of_the_first,) = store.serials.values()
        store.close(of_the_first, NOW, "its bytes may not be signed any more")
        record_new_serial(amended, issuer)

    meanwhile(store, "before", "keep", overtaken)
    with pytest.raises(NotClaimed):
        issue_certificate(request_, issuer)
    assert stored(store) == []
    assert issue_certificate(amended, issuer).names == names(3)
    assert [each.names for each in stored(store)] == [names(3)]


def test_a_run_whose_order_is_not_claimed_any_more_asks_no_key(request_, keys, store):
    claimed = Claimed(1)
    issuer = new_issuer(keys, store, running=Running(claims=claimed))
    meanwhile(store, "after", "record", lambda: setattr(claimed, "revision", 2))
    with pytest.raises(NotClaimed):
        issue_certificate(request_, issuer)
    assert keys.signed == []


def test_bytes_that_a_rule_of_the_next_day_forbids_are_recorded_anew(keys, store, issuing_ca):
    """199 days were allowed a second ago, 100 are from now on (BR 6.3.2)."""
    midnight = datetime(2027, 3, 15, tzinfo=UTC)
    clock = SetClock(midnight - CLOCK_IS_OFF - timedelta(seconds=1))
    issuer = new_issuer(keys, store, clock)
    asked = new_request(
        issuing_ca, caa_valid_until=midnight + timedelta(hours=1), term_end=midnight + timedelta(days=365)
    )
    meanwhile(store, "after", "record", lambda: setattr(clock, "moment", midnight))
    with pytest.raises(TryAgain):
        issue_certificate(asked, issuer)
    assert keys.signed == []
    record = issue_certificate(asked, issuer)
    assert record.not_after - record.not_before < timedelta(days=100)


@pytest.mark.parametrize(
    "day", [datetime(2027, 3, 15, tzinfo=UTC), datetime(2029, 3, 15, tzinfo=UTC)], ids=str
)
def test_a_clock_that_is_behind_signs_nothing_longer_than_the_true_hour_allows(keys, store, issuing_ca, day):
    true = day + timedelta(minutes=5)
    asked = new_request(
        issuing_ca, caa_valid_until=true + timedelta(hours=7), term_end=true + timedelta(days=365)
    )
    record = issue_certificate(asked, new_issuer(keys, store, SetClock(true - CLOCK_IS_OFF)))
    assert within_the_limit(record.not_before, record.not_after, rules_on(true))


def test_a_clock_that_is_behind_signs_nothing_on_a_proof_that_has_ended(keys, store, issuing_ca):
    """By e-mail until the end of 2028-03-14: so long the preflight may be relied on."""
    ends = datetime(2028, 3, 15, tzinfo=UTC)
    true = ends + timedelta(minutes=5)
    asked = new_request(issuing_ca, caa_valid_until=ends, term_end=true + timedelta(days=365))
    with pytest.raises(CaaTooOld):
        issue_certificate(asked, new_issuer(keys, store, SetClock(true - CLOCK_IS_OFF)))
    assert keys.signed == []


@pytest.mark.parametrize("behind", [timedelta(0), timedelta(minutes=10)])
def test_a_certificate_is_stored_after_the_one_that_it_follows(request_, keys, store, behind):
    """Whichever was stored last is the newest; a signer whose clock is behind would leave the former in its place."""
    follows = NOW + behind
    record = issue_certificate(replace(request_, follows=follows), new_issuer(keys, store))
    assert record.stored_at == follows + timedelta(seconds=1)


def test_a_serial_that_exists_already_is_drawn_again(issuing_ca, keys, store, request_):
    drawn = iter([b"\x01" * 20, b"\x01" * 20, b"\x02" * 20])
    issuer = new_issuer(keys, store, entropy=lambda count: next(drawn))
    first = issue_certificate(request_, issuer)
    second = issue_certificate(replace(request_, order_id="ord_2"), issuer)
    assert first.serial_hex != second.serial_hex


def test_a_source_that_repeats_itself_issues_nothing_new(keys, store, request_):
    issuer = new_issuer(keys, store, entropy=lambda count: b"\x01" * count)
    issue_certificate(request_, issuer)
    with pytest.raises(TryAgain):
        issue_certificate(replace(request_, order_id="ord_2"), issuer)
    assert len(stored(store)) == 1


def revoke(store):
    """Every serial that was not stored yet, as whoever revokes the order or the key does."""
    for record in with_status(store, CertificateStatus.RECORDED):
        store.serials[record.serial_hex] = replace(record, status=CertificateStatus.REVOKED, revoked_at=NOW)


def test_a_serial_that_was_revoked_before_it_was_signed_is_never_signed(request_, issuer, store, keys):
    die_at(store, "after", "record")
    with pytest.raises(Died):
        issue_certificate(request_, issuer)
    recover(store)
    revoke(store)
    (revoked,) = store.serials.values()
    record = issue_certificate(request_, issuer)
    assert record.serial_hex != revoked.serial_hex
    assert store.serials[revoked.serial_hex].status is CertificateStatus.REVOKED
    assert len(keys.signed) == 1


def test_a_serial_that_is_revoked_while_it_is_signed_is_not_stored(request_, issuer, store):
    store.before = lambda write: revoke(store) if write == "keep" else None
    with pytest.raises(TryAgain):
        issue_certificate(request_, issuer)
    assert stored(store) == []
    assert {each.status for each in store.serials.values()} == {CertificateStatus.REVOKED}

"""Reissue, renewal and replacement, by table: the states, both ends of every span, leap days and clock changes."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from partner_center.orders.lifecycle import (
    EARLY_REISSUES,
    FIRST_DAYS,
    MOST_AT_ONCE,
    RENEWAL_CLOSES,
    RENEWAL_OPENS,
    delay_refusal,
    reissue_refusal,
    renewal_refusal,
    renewal_window,
    renewed_term_to,
    replacement_is_free,
    replacement_refusal,
    revoked_at,
)
from partner_center.orders.order import OrderStatus
from tests.fakes.determined import MICROSECOND, NOW
from tests.fakes.samples import a_day, a_head, a_second

TERM_TO = NOW + 365 * a_day - a_second
OVER = TERM_TO + a_second


def issued(**changes):
    usual = {"status": OrderStatus.ISSUED, "issued_at": NOW, "term_to": TERM_TO, "serial": "0a1b"}
    return a_head(**usual | changes)


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def code(refusal):
    return refusal.code if refusal else None


# ---- states

STATES = [
    ("pending", a_head(), "not_issued", "not_issued", "not_issued"),
    ("signing", a_head(signing=True), "issuing", "issuing", "issuing"),
    ("issued", issued(), None, None, "renewal_window"),
    ("a reissue is being signed", issued(signing=True), None, None, "renewal_window"),
    ("revoked", issued(status=OrderStatus.REVOKED), *["order_closed"] * 3),
    ("cancelled", a_head(status=OrderStatus.CANCELLED), *["order_closed"] * 2, "order_closed"),
    ("rejected", a_head(status=OrderStatus.REJECTED), *["order_closed"] * 2, "order_closed"),
]


@pytest.mark.parametrize(
    ("head", "reissue", "replace", "renew"), [pytest.param(*each[1:], id=each[0]) for each in STATES]
)
def test_the_state_of_an_order_decides_first(head, reissue, replace, renew):
    assert code(reissue_refusal(head, NOW)) == reissue
    assert code(replacement_refusal(head, None, NOW)) == replace
    assert code(renewal_refusal(head, None, NOW)) == renew


@pytest.mark.parametrize(
    ("moment", "refused"),
    [(TERM_TO, None), (TERM_TO + MICROSECOND, "order_closed"), (OVER, "order_closed")],
    ids=["last second", "just after", "over"],
)
def test_an_expired_order_is_neither_reissued_nor_replaced(moment, refused):
    assert code(reissue_refusal(issued(), moment)) == refused
    assert code(replacement_refusal(issued(), None, moment)) == refused


def test_a_refusal_becomes_a_conflict_that_names_the_order():
    conflict = reissue_refusal(a_head(), NOW).conflict("ord_1")
    assert (conflict.code, conflict.order_id) == ("not_issued", "ord_1")


# ---- M42, M43: twenty in the first 30 days, then as many as you like

COUNTS = [
    ("the twentieth", 19, NOW, None),
    ("the twenty-first", 20, NOW, "reissue_limit"),
    ("far more", 99, NOW + a_day, "reissue_limit"),
    ("the last instant of the first 30 days", 20, NOW + FIRST_DAYS - MICROSECOND, "reissue_limit"),
    ("30 days have gone by", 20, NOW + FIRST_DAYS, None),
    ("unlimited after", 1000, NOW + 200 * a_day, None),
]


@pytest.mark.parametrize(
    ("early", "moment", "refused"), [pytest.param(*each[1:], id=each[0]) for each in COUNTS]
)
def test_reissues_are_counted_in_the_first_30_days_only(early, moment, refused):
    assert code(reissue_refusal(issued(early_reissues=early), moment)) == refused


def test_the_refusal_tells_from_when_there_is_no_limit():
    refusal = reissue_refusal(issued(early_reissues=EARLY_REISSUES), NOW)
    assert "2026-12-23 10:00 UTC" in refusal.detail


@pytest.mark.parametrize(("needs_proof", "refused"), [(True, "reissue_pending"), (False, None)])
def test_one_reissue_at_a_time_waits_for_proof(needs_proof, refused):
    assert code(reissue_refusal(issued(open_reissue="rei_1"), NOW, needs_proof=needs_proof)) == refused


@pytest.mark.parametrize("needs_proof", [True, False])
@pytest.mark.parametrize(
    ("under_way", "refused"), [(MOST_AT_ONCE - 1, None), (MOST_AT_ONCE, "reissue_pending")]
)
def test_a_few_reissues_may_be_under_way_at_once(under_way, refused, needs_proof):
    head = issued(passing_reissues=tuple(f"rei_{number}" for number in range(under_way)))
    assert code(reissue_refusal(head, NOW, needs_proof=needs_proof)) == refused


def test_a_waiting_reissue_is_told_before_the_limit():
    assert code(reissue_refusal(issued(open_reissue="rei_1", early_reissues=20), NOW)) == "reissue_pending"


# ---- the renewal window: from 90 days before the term's end until 30 after

WINDOW = [
    ("the instant before it opens", OVER - RENEWAL_OPENS - MICROSECOND, "renewal_window"),
    ("it opens", OVER - RENEWAL_OPENS, None),
    ("the last second of the term", TERM_TO, None),
    ("the term is over", OVER, None),
    ("its last instant", OVER + RENEWAL_CLOSES - MICROSECOND, None),
    ("it is closed", OVER + RENEWAL_CLOSES, "renewal_window"),
]


@pytest.mark.parametrize(("moment", "refused"), [pytest.param(*each[1:], id=each[0]) for each in WINDOW])
def test_an_order_is_renewed_inside_its_window(moment, refused):
    assert code(renewal_refusal(issued(), None, moment)) == refused


def test_the_refusal_tells_the_window():
    before = renewal_refusal(issued(), None, NOW)
    assert "2027-08-25 10:00" in before.detail
    assert "2027-12-23 10:00 UTC. Reissue" in before.detail
    assert "Place another" in renewal_refusal(issued(), None, OVER + 31 * a_day).detail


def test_an_order_without_a_term_has_no_window():
    assert renewal_window(a_head()) is None


@pytest.mark.parametrize(
    ("status", "refused"),
    [
        (OrderStatus.PENDING, "already_renewed"),
        (OrderStatus.ISSUED, "already_renewed"),
        (OrderStatus.REVOKED, None),
        (OrderStatus.CANCELLED, None),
        (OrderStatus.REJECTED, None),
    ],
)
def test_a_second_renewal_needs_the_first_to_have_failed(status, refused):
    renewal = a_head(order_id="ord_2", status=status)
    refusal = renewal_refusal(issued(), renewal, OVER - a_day)
    assert code(refusal) == refused
    assert refusal is None or "ord_2" in refusal.detail


@pytest.mark.parametrize("status", OrderStatus)
def test_a_second_replacement_needs_the_first_to_have_failed(status):
    replacement = a_head(order_id="ord_2", status=status)
    failed = status in {OrderStatus.CANCELLED, OrderStatus.REJECTED, OrderStatus.REVOKED}
    assert code(replacement_refusal(issued(), replacement, NOW)) == (None if failed else "already_replaced")


# ---- the renewed term: what is left of the old one is added

TERMS = [
    ("on the first day of the window", OVER - 90 * a_day, 365, 455),
    ("a day before the end", OVER - a_day, 365, 366),
    ("in the last second", OVER - a_second, 365, 365 + 1 / 86400),
    ("at the end", OVER, 365, 365),
    ("late: the gap is not paid for", OVER + 29 * a_day, 365, 365),
    ("two years", OVER - 10 * a_day, 730, 740),
]


@pytest.mark.parametrize(("moment", "days", "lasts"), [pytest.param(*each[1:], id=each[0]) for each in TERMS])
def test_the_remaining_days_of_the_old_term_are_added(moment, days, lasts):
    ends = renewed_term_to(moment, days, issued())
    assert ends + a_second - moment == timedelta(days=lasts)


@pytest.mark.parametrize("status", [OrderStatus.REVOKED, OrderStatus.CANCELLED])
def test_nothing_is_left_of_a_term_that_was_ended(status):
    assert renewed_term_to(NOW, 365, issued(status=status)) == NOW + 365 * a_day - a_second


def test_a_first_order_has_its_own_term():
    assert renewed_term_to(NOW, 365, None) == TERM_TO


def test_a_chain_of_renewals_loses_and_gains_not_a_second():
    head, moment = issued(), NOW
    for number in range(1, 6):
        moment = head.term_to - number * a_day
        head = issued(issued_at=moment, term_to=renewed_term_to(moment, 365, head))
    assert head.term_to == NOW + 6 * 365 * a_day - a_second


# ---- replacements, and revoking what they replace


@pytest.mark.parametrize(
    ("moment", "free"),
    [
        (NOW, True),
        (NOW + FIRST_DAYS - MICROSECOND, True),
        (NOW + FIRST_DAYS, False),
        (NOW + 200 * a_day, False),
    ],
)
def test_a_replacement_is_free_in_the_first_30_days_of_the_term(moment, free):
    assert replacement_is_free(issued(), moment) is free


def test_what_was_never_issued_has_no_free_replacement():
    assert not replacement_is_free(a_head(), NOW)


@pytest.mark.parametrize(("hours", "after"), [(0, 0), (1, 1), (72, 72), (120, 120)])
def test_the_former_certificate_is_revoked_after_the_chosen_hours(hours, after):
    assert revoked_at(NOW, hours, key_compromised=False) == NOW + timedelta(hours=after)


@pytest.mark.parametrize("hours", [0, 1, 120])
def test_a_compromised_key_has_no_delay(hours):
    assert revoked_at(NOW, hours, key_compromised=True) == NOW


@pytest.mark.parametrize("hours", [-1, 121, 10**9])
@pytest.mark.parametrize("key_compromised", [True, False])
def test_no_other_delay_is_taken(hours, key_compromised):
    assert delay_refusal(hours).code == "delay_out_of_range"
    with pytest.raises(ValueError, match="0 to 120"):
        revoked_at(NOW, hours, key_compromised=key_compromised)


# ---- leap days and clock changes move nothing


def test_a_renewal_on_29_february():
    issued_at = at("2028-02-29T12:00:00")
    head = issued(issued_at=issued_at, term_to=renewed_term_to(issued_at, 365, None))
    assert head.term_to == at("2029-02-28T11:59:59")
    assert renewal_window(head) == (at("2028-11-30T12:00:00"), at("2029-03-30T12:00:00"))


def test_a_term_that_holds_a_29_february_has_as_many_seconds_as_any_other():
    old = issued(issued_at=at("2027-03-01T00:00:00"), term_to=at("2028-02-28T23:59:59"))
    assert renewed_term_to(at("2028-02-29T12:00:00"), 365, old) == at("2029-02-28T11:59:59")
    assert renewed_term_to(at("2028-02-01T00:00:00"), 365, old) == at("2029-02-27T23:59:59")


CLOCK_CHANGES = [
    ("Europe/Berlin", "2027-03-28T01:00:00"),
    ("Europe/Berlin", "2027-10-31T01:00:00"),
    ("America/New_York", "2027-03-14T07:00:00"),
    ("America/New_York", "2027-11-07T06:00:00"),
    ("Australia/Lord_Howe", "2027-04-03T15:00:00"),
]


@pytest.mark.parametrize(("zone", "change"), CLOCK_CHANGES)
def test_a_change_of_the_clocks_moves_nothing(zone, change):
    """The term's end, its window and its 30 days are the same spans of UTC on whichever side of the change."""
    over = at(change)
    assert (
        over.astimezone(ZoneInfo(zone)).utcoffset()
        != (over - a_second).astimezone(ZoneInfo(zone)).utcoffset()
    )
    for shift in (-a_second, timedelta(0), a_second):
        end = over + shift
        head = issued(issued_at=end - 365 * a_day, term_to=end - a_second)
        opens, closes = renewal_window(head)
        assert (end - opens, closes - end) == (90 * a_day, 30 * a_day)
        assert renewed_term_to(opens, 365, head) == end + 365 * a_day - a_second
        # A caller who tells the same moment in another zone gets the same answer.
        local = opens.astimezone(ZoneInfo(zone))
        assert renewal_refusal(head, None, local) is None
        assert code(renewal_refusal(head, None, local - MICROSECOND)) == "renewal_window"

"""What must be done next, by table: at every date of the rules, for every setting, at both ends of every span."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from partner_center.issuance.record import CertificateStatus
from partner_center.issuance.validity import within_the_limit
from partner_center.kernel.dated_rules import TIMETABLE, rules_on
from partner_center.orders.content import ChosenMethod, Lifecycle, Method
from partner_center.orders.deadlines import (
    Cost,
    DeadlineKind,
    certificate_chain,
    covers_the_term,
    live_certificate,
    names_to_prove,
    next_deadline,
    reissue_opens,
)
from partner_center.orders.order import OrderStatus
from tests.fakes.determined import MICROSECOND, NOW
from tests.fakes.samples import (
    a_challenge,
    a_content,
    a_day,
    a_head,
    a_proof,
    a_record,
    a_second,
    an_order,
)

TERM_TO = NOW + 365 * a_day - a_second
ENDS = NOW + 199 * a_day - a_second
OVER = TERM_TO + a_second
SAME = Lifecycle(auto_reissue=True, key="same")
NEW_CSR = Lifecycle(auto_reissue=True, key="new_csr")
BY_HAND = Lifecycle()


def issued(lifecycle=None, **changes):
    usual = {"status": OrderStatus.ISSUED, "issued_at": NOW, "term_to": TERM_TO, "serial": "0a1b"}
    return an_order(a_head(**usual | changes), a_content(lifecycle=lifecycle))


def a_dns_proof(checked_at=NOW, **changes):
    challenge = a_challenge(method="dns_txt")
    return a_proof(challenge, method="dns_txt", br_section="3.2.2.4.7", checked_at=checked_at, **changes)


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# ---- the chain of certificates inside a term, at every date of the rules

DATES = [date for date, _ in TIMETABLE]


@pytest.mark.parametrize("date", DATES, ids=lambda date: f"{date:%Y-%m-%d}")
@pytest.mark.parametrize("side", [-a_second, timedelta(0)], ids=["last second before", "first second"])
def test_a_certificate_is_one_day_under_the_limit_of_the_day_it_is_issued(date, side):
    moment = max(date + side, DATES[0])
    (not_before, not_after), *_ = certificate_chain(moment, moment + 398 * a_day, 30)
    limit = rules_on(moment).certificate_days
    assert not_after - not_before + a_second == (limit - 1) * a_day
    assert within_the_limit(not_before, not_after, rules_on(moment))


CHAINS = [
    ("200 days", "2026-03-15", 30, [199, 196]),
    ("the last day of 200", "2027-03-14", 30, [199, 99, 99, 58]),
    ("the first day of 100", "2027-03-15", 30, [99, 99, 99, 99, 89]),
    ("into 100 from 200", "2026-11-23", 30, [199, 99, 99, 58]),
    ("over the 29 February of 2028", "2028-02-29", 30, [99, 99, 99, 99, 89]),
    ("the last day of 100", "2029-03-14", 15, [99] + [46] * 8 + [33]),
    ("the first day of 47", "2029-03-15", 15, [46] * 11 + [24]),
    ("days before beyond half the life", "2029-03-15", 90, [46] * 14 + [43]),
]


@pytest.mark.parametrize(
    ("begins", "days_before", "expected"), [pytest.param(*each[1:], id=each[0]) for each in CHAINS]
)
def test_a_term_of_a_year_is_covered_without_a_gap(begins, days_before, expected):
    begins = at(begins)
    chain = certificate_chain(begins, begins + 365 * a_day - a_second, days_before)
    assert [round((end - start + a_second) / a_day) for start, end in chain] == expected
    assert chain[-1][1] == begins + 365 * a_day - a_second
    for (_, end), (start, later) in pairwise(chain):
        assert start < end < later
    for start, end in chain:
        assert within_the_limit(start, end, rules_on(start + timedelta(minutes=30)))


def test_a_certificate_made_before_a_rule_changes_keeps_its_length_and_its_successor_does_not():
    chain = certificate_chain(at("2027-03-14T23:59:59"), at("2028-03-13T23:59:58"), 30)
    assert [round((end - start + a_second) / a_day, 1) for start, end in chain][:2] == [199.0, 99.0]


def test_a_reissue_opens_the_chosen_days_before_the_end_but_never_in_the_first_half():
    start = at("2029-04-01")
    end = start + 46 * a_day - a_second
    assert reissue_opens(start, end, 10) == start + 36 * a_day
    assert reissue_opens(start, end, 23) == start + 23 * a_day
    assert reissue_opens(start, end, 90) == start + 23 * a_day


# ---- which certificate counts


@pytest.mark.parametrize("days", [90, -40], ids=["and lasts longer", "though it ends before the first"])
def test_the_newest_certificate_counts_unless_it_was_revoked(days):
    first = a_record()
    second = a_record(serial_hex="0b", generation=2, not_after=ENDS + days * a_day)
    assert live_certificate([second, first], first.names) == second
    assert live_certificate([replace(second, status=CertificateStatus.REVOKED), first], first.names) == first
    assert live_certificate([replace(first, status=CertificateStatus.REVOKED)], first.names) is None
    assert live_certificate([first], [*first.names, "shop.example.com"]) is None


@pytest.mark.parametrize(
    ("not_after", "covers"),
    [(TERM_TO, True), (TERM_TO - a_second, False), (ENDS, False)],
    ids=["to the last second", "one second short", "199 days"],
)
def test_a_certificate_that_ends_with_the_term_needs_no_successor(not_after, covers):
    head = issued(term_to=TERM_TO + MICROSECOND).head
    assert covers_the_term(a_record(not_after=not_after), head) is covers


# ---- proofs: which names must be proven again


@pytest.mark.parametrize(
    ("moment", "names"),
    [
        (NOW + a_day, ()),
        (at("2027-03-14T23:59:59"), ()),
        (at("2027-03-15"), ("www.example.com",)),
        (NOW + 199 * a_day, ("www.example.com",)),
    ],
    ids=["fresh", "last second of 200 days", "first second of 100 days", "long after"],
)
def test_a_proof_is_judged_by_the_rules_of_the_day_of_the_signing(moment, names):
    assert names_to_prove(a_content(), [a_dns_proof()], moment) == names


@pytest.mark.parametrize(
    ("moment", "names"),
    [(at("2028-03-14T23:59:59"), ()), (at("2028-03-15"), ("www.example.com",))],
    ids=["last second of e-mail", "first second without"],
)
def test_a_proof_by_mail_ends_with_its_method(moment, names):
    proof = a_proof(a_challenge(), checked_at=at("2028-03-01"))
    assert names_to_prove(a_content(), [proof], moment) == names


def test_a_persistent_record_is_nobodys_task():
    content = a_content(methods={"www.example.com": ChosenMethod(method=Method.DNS_PERSIST)})
    assert names_to_prove(content, [], NOW) == ()


# ---- the next deadline

PROVEN = [a_dns_proof(NOW + 150 * a_day)]
TABLE = [
    ("by hand, proven", BY_HAND, PROVEN, DeadlineKind.REISSUE, False, ()),
    ("nothing chosen", None, PROVEN, DeadlineKind.REISSUE, False, ()),
    ("by hand, unproven by then", BY_HAND, [], DeadlineKind.REISSUE, False, ("www.example.com",)),
    ("by itself", SAME, PROVEN, DeadlineKind.REISSUE, True, ()),
    ("by itself, once it is proven", SAME, [], DeadlineKind.VALIDATION, False, ("www.example.com",)),
    ("waits for a CSR", NEW_CSR, PROVEN, DeadlineKind.CSR, False, ()),
    ("waits for a CSR and for proof", NEW_CSR, [], DeadlineKind.CSR, False, ("www.example.com",)),
]


@pytest.mark.parametrize(
    ("lifecycle", "proofs", "kind", "automatic", "names"),
    [pytest.param(*each[1:], id=each[0]) for each in TABLE],
)
def test_inside_the_term_a_reissue_is_next_and_free(lifecycle, proofs, kind, automatic, names):
    found = next_deadline(issued(lifecycle), [a_record()], proofs, NOW)
    assert (found.kind, found.cost, found.automatic, found.names) == (kind, Cost.FREE, automatic, names)
    assert (found.opens_at, found.date) == (ENDS + a_second - 30 * a_day, ENDS)


def test_the_days_before_are_the_resellers():
    lifecycle = Lifecycle(days_before=7)
    assert next_deadline(issued(lifecycle), [a_record()], PROVEN, NOW).opens_at == ENDS + a_second - 7 * a_day


@pytest.mark.parametrize("moment", [NOW, ENDS, ENDS + a_second, TERM_TO])
def test_a_certificate_that_ended_inside_the_term_is_still_to_be_reissued(moment):
    assert next_deadline(issued(), [a_record()], PROVEN, moment).date == ENDS


def test_a_certificate_from_before_names_were_given_up_meets_no_deadline():
    """Its end would be told of a name that is not in it."""
    former = a_record(names=("shop.example.com",))
    found = next_deadline(issued(SAME), [former], PROVEN, NOW)
    assert (found.opens_at, found.date, found.automatic) == (issued().head.updated_at, TERM_TO, False)


def test_without_a_live_certificate_nothing_happens_by_itself():
    revoked = a_record(status=CertificateStatus.REVOKED, revoked_at=NOW)
    assert not next_deadline(issued(SAME), [revoked], PROVEN, NOW).automatic


def test_without_a_live_certificate_a_reissue_is_due_at_once():
    revoked = a_record(status=CertificateStatus.REVOKED)
    found = next_deadline(issued(), [revoked], PROVEN, NOW + a_day)
    assert (found.kind, found.opens_at, found.date) == (DeadlineKind.REISSUE, NOW, TERM_TO)


RENEWALS = [
    ("long before", NOW, TERM_TO),
    ("in the last second", TERM_TO, TERM_TO),
    ("the term is over", OVER, OVER + 30 * a_day - a_second),
    ("the last instant", OVER + 30 * a_day - MICROSECOND, OVER + 30 * a_day - a_second),
    ("too late", OVER + 30 * a_day, None),
]


@pytest.mark.parametrize(("moment", "date"), [pytest.param(*each[1:], id=each[0]) for each in RENEWALS])
def test_the_last_certificate_of_a_term_is_followed_by_a_renewal_at_its_price(moment, date):
    last = a_record(not_after=TERM_TO)
    found = next_deadline(issued(SAME), [last], [], moment)
    if date is None:
        assert found is None
    else:
        assert (found.kind, found.cost, found.automatic) == (DeadlineKind.RENEWAL, Cost.PRICE, False)
        assert (found.opens_at, found.date) == (OVER - 90 * a_day, date)


def test_an_expired_order_is_renewed_even_if_its_certificates_ended_before():
    assert next_deadline(issued(), [a_record()], [], OVER).kind is DeadlineKind.RENEWAL


@pytest.mark.parametrize("not_after", [TERM_TO, ENDS], ids=["certificate lasts", "certificate ends before"])
def test_what_is_renewed_has_no_deadline(not_after):
    assert next_deadline(issued(), [a_record(not_after=not_after)], [], NOW, renewed=True) is None
    assert next_deadline(issued(), [a_record(not_after=not_after)], [], NOW) is not None


@pytest.mark.parametrize(
    "status", [each for each in OrderStatus if each not in {OrderStatus.ISSUED, OrderStatus.EXPIRED}]
)
def test_only_an_issued_order_has_a_deadline(status):
    assert next_deadline(issued(status=status), [a_record()], [], NOW) is None


def test_a_deadline_as_it_is_read():
    found = next_deadline(issued(SAME), [a_record()], [], NOW)
    assert found.as_json() == {
        "opens_at": "2027-05-11T10:00:00Z",
        "date": "2027-06-10T09:59:59Z",
        "kind": "validation",
        "cost": "free",
        "automatic": False,
        "names": ["www.example.com"],
    }
    assert "names" not in next_deadline(issued(SAME), [a_record()], PROVEN, NOW).as_json()

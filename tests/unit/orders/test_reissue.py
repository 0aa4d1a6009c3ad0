"""A reissue: its slots, its proofs, its names, its ends, by table."""

from dataclasses import replace

import pytest

from partner_center.catalog.products import load_catalog
from partner_center.kernel.errors import StateConflict
from partner_center.orders.content import PricePart
from partner_center.orders.lifecycle import EARLY_REISSUES, FIRST_DAYS, Reissues
from partner_center.orders.order import OrderStatus
from partner_center.orders.reissue import (
    Reissue,
    ReissueStatus,
    begun,
    counted,
    given_up,
    issued,
    reissue_problems,
)
from tests.fakes.determined import MICROSECOND, NOW
from tests.fakes.samples import (
    ORDER,
    PRODUCT,
    US,
    a_challenge,
    a_content,
    a_day,
    a_head,
    a_proof,
    a_second,
    an_order,
)

TERM = {"issued_at": NOW, "term_to": NOW + 365 * a_day - a_second}
HEAD = a_head(status=OrderStatus.ISSUED, serial="0a1b", **TERM)
ORDERED = an_order(HEAD)
PROVEN = [a_proof(a_challenge())]


def a_reissue(**changes):
    usual = Reissue(
        US,
        ORDER,
        "rei_1",
        2,
        2,
        ReissueStatus.PENDING,
        NOW,
        ("www.example.com",),
        "0a1b",
        ("www.example.com",),
    )
    return replace(usual, **changes)


def begin(order=ORDERED, after=None, reissues=(), proofs=PROVEN, moment=NOW + a_day, hours=None):
    return begun(order, after or order.content, reissues, proofs, "rei_9", moment, hours)


def refusal(**more):
    with pytest.raises(StateConflict) as caught:
        begin(**more)
    return caught.value.code


def test_a_reissue_is_the_next_generation_of_another_revision_and_names_its_predecessor():
    made = begin(hours=24)
    assert (made.generation, made.revision, made.previous, made.status) == (
        2,
        2,
        "0a1b",
        ReissueStatus.PENDING,
    )
    assert (made.unproven, made.revoke_previous_after_hours, made.asked_at) == ((), 24, NOW + a_day)


def test_a_generation_that_was_given_up_is_not_used_again():
    ended = a_reissue(status=ReissueStatus.CANCELLED, generation=4)
    assert begin(reissues=[ended]).generation == 5


def test_only_what_no_proof_carries_today_is_proven_again():
    after = a_content("www.example.com", "www.example.org")
    assert begin(after=after).unproven == ("www.example.org",)
    assert begin(moment=NOW + 150 * a_day).unproven == ("www.example.com",)  # 100 days hold by then


COUNTS = [
    ("none", [], Reissues()),
    ("one waits", [a_reissue()], Reissues(1, True)),
    ("one waits for nothing but its turn", [a_reissue(unproven=())], Reissues(1, False)),
    ("issued", [a_reissue(status=ReissueStatus.ISSUED)], Reissues(1)),
    ("cancelled: its slot is back", [a_reissue(status=ReissueStatus.CANCELLED)], Reissues()),
    ("rejected: its slot is back", [a_reissue(status=ReissueStatus.REJECTED)], Reissues()),
    ("asked in the last instant", [a_reissue(asked_at=NOW + FIRST_DAYS - MICROSECOND)], Reissues(1, True)),
    ("asked later", [a_reissue(asked_at=NOW + FIRST_DAYS)], Reissues(0, True)),
]


@pytest.mark.parametrize(("reissues", "expected"), [pytest.param(*each[1:], id=each[0]) for each in COUNTS])
def test_slots_are_taken_by_what_was_not_given_up(reissues, expected):
    assert counted(HEAD, reissues) == expected


def test_the_twenty_first_in_the_first_days_is_refused_and_one_that_was_given_up_makes_room():
    made = [a_reissue(status=ReissueStatus.ISSUED)] * EARLY_REISSUES
    assert refusal(reissues=made) == "reissue_limit"
    begin(reissues=[*made[1:], a_reissue(status=ReissueStatus.REJECTED)])
    begin(reissues=made, moment=NOW + FIRST_DAYS)


def test_a_second_that_needs_proof_waits_for_the_first():
    assert refusal(reissues=[a_reissue()], proofs=[]) == "reissue_pending"
    assert begin(reissues=[a_reissue()]).unproven == ()


@pytest.mark.parametrize(
    ("head", "code"),
    [
        (a_head(), "not_issued"),
        (a_head(signing=True), "issuing"),
        (replace(HEAD, status=OrderStatus.REVOKED), "order_closed"),
        (replace(HEAD, term_to=NOW), "order_closed"),
        (replace(HEAD, serial=None), "not_issued"),
    ],
    ids=["pending", "signing", "revoked", "expired", "without a serial"],
)
def test_the_state_of_the_order_decides(head, code):
    assert refusal(order=an_order(head)) == code


@pytest.mark.parametrize("hours", [-1, 121])
def test_a_delay_is_0_to_120_hours(hours):
    with pytest.raises(ValueError, match="0 to 120"):
        begin(hours=hours)


# ---- names


def part(kind, quantity):
    return PricePart(kind=kind, quantity=quantity, unit="1.00", amount="1.00", units=1)


INCLUDED = load_catalog().product(PRODUCT).included_names


def hosts(count):
    return tuple(f"host-{number}.example.com" for number in range(count))


NAMES = [
    ("the same", ("www.example.com",), 0, []),
    ("another", ("shop.example.com",), 0, []),
    ("as many as the base holds", hosts(INCLUDED), 0, []),
    ("one more than the base holds", hosts(INCLUDED + 1), 0, ["more_than_ordered"]),
    ("as many as were paid for", hosts(INCLUDED + 2), 2, []),
    ("one more than was paid for", hosts(INCLUDED + 3), 2, ["more_than_ordered"]),
    ("more than the product holds at all", hosts(10_000), 2, []),
]


@pytest.mark.parametrize(
    ("names", "extra", "problems"), [pytest.param(*each[1:], id=each[0]) for each in NAMES]
)
def test_a_reissue_holds_no_more_than_was_paid_for(names, extra, problems):
    paid = (part("base", 1), *([part("name", extra)] if extra else []))
    order = an_order(HEAD, a_content("www.example.com", price=paid))
    found = reissue_problems(order, a_content(*names), load_catalog().product(PRODUCT))
    assert [each.code for each in found] == problems


# ---- its end


def test_a_reissue_ends_once():
    done = issued(a_reissue(), "0b", NOW + a_day)
    assert (done.status, done.serial, done.ended_at) == (ReissueStatus.ISSUED, "0b", NOW + a_day)
    for again in (
        lambda: issued(done, "0c", NOW),
        lambda: given_up(done, ReissueStatus.CANCELLED, "no", NOW),
    ):
        with pytest.raises(StateConflict) as caught:
            again()
        assert caught.value.code == "reissue_closed"


@pytest.mark.parametrize("status", [ReissueStatus.CANCELLED, ReissueStatus.REJECTED])
def test_a_reissue_that_is_given_up_says_why(status):
    ended = given_up(a_reissue(), status, "requested", NOW + a_day)
    assert ended.as_json() == {
        "reissue_id": "rei_1",
        "status": status,
        "asked_at": "2026-11-23T10:00:00Z",
        "names": ["www.example.com"],
        "previous": "0a1b",
        "reason": "requested",
    }


@pytest.mark.parametrize("status", [ReissueStatus.ISSUED, ReissueStatus.PENDING])
def test_nothing_else_is_an_end_without_a_certificate(status):
    with pytest.raises(ValueError, match="no end"):
        given_up(a_reissue(), status, "requested", NOW)

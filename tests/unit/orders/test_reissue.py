"""A reissue: its slots, its proofs, its names, its ends, by table."""

from dataclasses import replace

import pytest

from partner_center.billing.payments import PaymentStatus
from partner_center.catalog.products import load_catalog
from partner_center.kernel.errors import StateConflict
from partner_center.kernel.ids import enrolment_of_reissue, order_of, reissue_of
from partner_center.orders.content import PricePart
from partner_center.orders.lifecycle import EARLY_REISSUES, FIRST_DAYS
from partner_center.orders.order import OrderKind, OrderStatus, pending_until
from partner_center.orders.reissue import (
    Reissued,
    ReissueStatus,
    begun,
    given_up,
    reissue_problems,
    with_certificate,
)
from tests.fakes.determined import MICROSECOND, NOW
from tests.fakes.samples import ORDER, PRODUCT, a_content, a_day, a_head, a_second, an_order

TERM = {"issued_at": NOW, "term_to": NOW + 365 * a_day - a_second}
HEAD = a_head(status=OrderStatus.ISSUED, serial="0a1b", **TERM)
ORDERED = an_order(HEAD)
NAME = "www.example.com"


def begin(head=HEAD, after=None, unproven=(), moment=NOW + a_day, hours=None, reissue_id="rei_9"):
    order = an_order(head)
    return begun(order, after or order.content, unproven, reissue_id, moment, hours)


def refusal(head=HEAD, **more):
    with pytest.raises(StateConflict) as caught:
        begin(head, **more)
    return caught.value.code


def test_the_enrolment_of_a_reissue_is_named_by_both():
    named = enrolment_of_reissue("ord_1", "rei_9")
    assert (order_of(named), reissue_of(named)) == ("ord_1", "rei_9")
    assert (order_of("ord_1"), reissue_of("ord_1")) == ("ord_1", None)


def test_a_reissue_is_the_next_generation_and_names_its_predecessor():
    made = begin(replace(HEAD, generation=4), hours=24).reissue
    assert (made.generation, made.previous, made.status) == (5, "0a1b", ReissueStatus.PENDING)
    assert (made.revoke_previous_after_hours, made.asked_at) == (24, NOW + a_day)


GIVING_UP = [
    ("the same names", ("www.example.com",), None, None),
    ("the same names, as chosen", ("www.example.com",), 3, 3),
    ("one more", ("www.example.com", "shop.example.com"), None, None),
    ("another", ("shop.example.com",), None, 120),
    ("another, as chosen", ("shop.example.com",), 0, 0),
    ("a wildcard above it", ("*.example.com",), None, 120),
]


@pytest.mark.parametrize(
    ("names", "chosen", "hours"), [pytest.param(*each[1:], id=each[0]) for each in GIVING_UP]
)
def test_whoever_gives_up_a_name_gives_up_the_certificates_that_hold_it(names, chosen, hours):
    """One name that was paid for serves one host, but for five days (docs/adr/0018)."""
    assert ORDERED.content.names == ("www.example.com",)
    after = replace(ORDERED.content, names=names)
    assert begin(after=after, hours=chosen).reissue.revoke_previous_after_hours == hours


@pytest.mark.parametrize(
    ("names", "code"),
    [(("www.example.com",), None), (("www.example.com", "shop.example.com"), "already_renewed")],
    ids=["its own names", "another"],
)
def test_an_order_whose_days_went_over_to_its_renewal_gets_no_other_names(names, code):
    head, after = replace(HEAD, renewed_by="ord_2"), replace(ORDERED.content, names=names)
    if code is None:
        begin(head, after)
    else:
        assert refusal(head, after=after) == code


def test_its_enrolment_costs_nothing_and_has_its_orders_subscriber_and_term():
    head = begin().head
    assert (head.order_id, head.kind, head.status) == (
        f"{ORDER}-rei_9",
        OrderKind.REISSUE,
        OrderStatus.PENDING,
    )
    assert (head.units, head.net.amount, head.payment, head.is_by_card) == (0, 0, PaymentStatus.NONE, False)
    assert (head.subscriber, head.term_to, head.generation) == (HEAD.subscriber, HEAD.term_to, 2)


def test_the_order_takes_note_of_one_that_needs_proof_and_of_those_that_need_none():
    first = begin(unproven=[NAME]).order
    assert (first.open_reissue, first.passing_reissues, first.early_reissues) == ("rei_9", (), 1)
    second = begin(first, reissue_id="rei_10").order
    assert second.reissues_under_way == ("rei_9", "rei_10")
    assert (second.generation, second.early_reissues, second.version) == (3, 2, HEAD.version + 2)


def test_the_twenty_first_in_the_first_days_is_refused():
    full = replace(HEAD, early_reissues=EARLY_REISSUES)
    assert refusal(full) == "reissue_limit"
    late = begin(full, moment=NOW + FIRST_DAYS)
    assert late.order.early_reissues == EARLY_REISSUES


def test_a_second_that_needs_proof_waits_for_the_first():
    waiting = begin(unproven=[NAME]).order
    assert refusal(waiting, unproven=[NAME]) == "reissue_pending"
    begin(waiting)


@pytest.mark.parametrize(
    ("asked", "left"),
    [(1 * a_day, 30 * a_day), (360 * a_day, 5 * a_day - a_second)],
    ids=["thirty days", "the end of the term"],
)
def test_a_reissue_waits_thirty_days_and_not_beyond_its_orders_term(asked, left):
    made = begin(moment=NOW + asked)
    assert pending_until(made.head, None) - made.reissue.asked_at == left


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
    assert refusal(head) == code


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


@pytest.mark.parametrize("unproven", [[NAME], []], ids=["needed proof", "needed none"])
def test_a_reissue_that_is_issued_is_under_way_no_more_and_keeps_its_slot(unproven):
    made = begin(unproven=unproven, hours=0)
    content = a_content("shop.example.com", note="of the reissue")
    before = a_content(NAME, note="of the order")
    after = with_certificate(Reissued(made.order, made.reissue), before, content, "0b", NOW + 2 * a_day)
    assert (after.reissue.status, after.reissue.serial) == (ReissueStatus.ISSUED, "0b")
    order = after.order
    assert (order.reissues_under_way, order.early_reissues, order.serial) == ((), 1, "0b")
    assert (order.common_name, order.revision) == ("shop.example.com", HEAD.revision + 1)
    assert (after.content.names, after.content.note, after.content.price) == (
        ("shop.example.com",),
        "of the order",
        before.price,
    )
    assert after.reissue.as_asked() == made.reissue


@pytest.mark.parametrize("status", [OrderStatus.CANCELLED, OrderStatus.REJECTED])
@pytest.mark.parametrize(
    ("asked", "slots"),
    [
        (FIRST_DAYS - MICROSECOND, 0),
        (FIRST_DAYS, 0),
    ],
    ids=["within the first 30 days", "after them"],
)
def test_a_reissue_that_is_given_up_gives_its_slot_back_and_says_why(status, asked, slots):
    made = begin(unproven=[NAME], moment=NOW + asked)
    gone = given_up(Reissued(made.order, made.reissue), status, "requested", NOW + 40 * a_day)
    assert (gone.order.early_reissues, gone.order.reissues_under_way) == (slots, ())
    assert (gone.order.serial, gone.order.status, gone.order.revision) == (
        HEAD.serial,
        HEAD.status,
        HEAD.revision,
    )
    told = gone.reissue.as_json()
    assert (told["status"], told["reason"], told["ended_at"]) == (status, "requested", "2027-01-02T10:00:00Z")
    assert "serial" not in told


def test_one_that_ends_leaves_the_others_under_way():
    first = begin(unproven=[NAME])
    second = begin(first.order, reissue_id="rei_10")
    gone = given_up(
        Reissued(second.order, first.reissue), OrderStatus.CANCELLED, "requested", NOW + 2 * a_day
    )
    assert gone.order.reissues_under_way == ("rei_10",)


def test_nothing_else_is_an_end_without_a_certificate():
    made = begin()
    with pytest.raises(ValueError, match="expired"):
        given_up(Reissued(made.order, made.reissue), OrderStatus.EXPIRED, "requested", NOW)

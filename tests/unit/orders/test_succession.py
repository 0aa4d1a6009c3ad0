"""Renewals and replacements in memory: what is taken over, what it costs, how long it runs, what is left behind."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from partner_center.accounts.api_keys import Principal, Role
from partner_center.billing.payments import PaymentStatus
from partner_center.billing.refunds import REFUND_WINDOW
from partner_center.catalog.products import load_catalog
from partner_center.issuance.record import Reason
from partner_center.issuance.sign import term_end
from partner_center.issuance.validity import plan_validity
from partner_center.kernel.dated_rules import rules_on
from partner_center.kernel.errors import ContentRefused, IdempotencyKeyReused, NotFound, StateConflict
from partner_center.orders.close import completion
from partner_center.orders.lifecycle import (
    NO_SUCCESSORS,
    RENEWAL_OPENS,
    Successors,
    freed,
    renewal_refusal,
    replacement_refusal,
    term_to_of,
)
from partner_center.orders.order import OrderKind, OrderStatus, Revoked
from partner_center.orders.ports import successors_of
from partner_center.orders.succession import Succession, without_unused_choices
from tests.fakes.determined import MICROSECOND, NOW, CountingIds
from tests.fakes.posted import a_body, a_call, a_csr, a_principal, a_private_key
from tests.fakes.samples import (
    THEM,
    US,
    a_chronicle,
    a_contract,
    a_day,
    a_head,
    a_preflight,
    a_second,
    an_order,
)
from tests.fakes.world import World

RENEWAL, REPLACEMENT = OrderKind.RENEWAL, OrderKind.REPLACEMENT
TERM = 365 * a_day


class Lineage(World):
    """An issued order of two names, ten units granted."""

    def __init__(self, **more):
        super().__init__()
        self.stores.grant(a_contract(20, valid_to=NOW + 2000 * a_day))
        self.first = self.issue(
            self.post(a_body("www.example.com", "shop.example.com", **more)).head.order_id
        )

    def issue(self, order_id):
        self.certify(order_id, serial_hex=f"{len(self.tables.events):04x}", not_after=NOW)
        self.complete_order(US, order_id, 1, "execution-1")
        return self.head(order_id)

    def follow(self, kind, order_id=None, key=None, by=None, **body):
        path = f"/v1/orders/{order_id}/{kind}s"
        sent = {"agreement": a_body()["agreement"], **body}
        place = self.place_successor
        order_id = order_id or self.first.order_id
        return place(by or a_principal(), a_call(sent, key, path), order_id, kind, sent)

    def renew_at_the_end(self, **body):
        """In the window, a day before the term's end."""
        self.clock.moment = self.head(self.first.order_id).term_to - a_day
        return self.follow(RENEWAL, **body)

    def change(self, **changes):
        head = self.head(self.first.order_id)
        self.tables.heads[US, head.order_id] = replace(head, version=head.version + 1, **changes)


@pytest.fixture
def lineage():
    return Lineage()


def refusal(act):
    with pytest.raises(ContentRefused) as refused:
        act()
    return [(each.code, each.field) for each in refused.value.problems]


def conflict(act):
    with pytest.raises(StateConflict) as refused:
        act()
    return refused.value.code


# ---- what is taken over


def test_a_renewal_has_everything_of_the_order_before_but_its_number():
    lineage = Lineage(
        partner_order_id="PO-1", customer_id="c-7", note="Shelf 4", lifecycle={"reminders": False}
    )
    former = lineage.order(lineage.first.order_id)
    renewal = lineage.renew_at_the_end()
    accepted = replace(renewal.content, agreement=former.content.agreement)
    assert accepted == former.content
    assert renewal.content.agreement.accepted_at == lineage.clock.moment
    head = renewal.head
    assert (head.kind, head.renewal_of, head.replaces) == (RENEWAL, former.head.order_id, None)
    assert (head.subscriber, head.customer_id, head.partner_order_id) == ("customer:c-7", "c-7", None)
    assert (head.contract_id, head.units, head.term_days) == ("con_1", 2, 365)
    assert lineage.head(former.head.order_id).renewed_by == head.order_id
    assert lineage.counted() == (16, 2, 2)


@pytest.mark.parametrize(
    ("before", "given", "inherited"),
    [
        ({}, {}, True),
        ({"customer_id": "c-1"}, {}, True),
        ({"customer_id": "c-1"}, {"customer_id": "c-1"}, True),
        ({"customer_id": "c-1"}, {"customer_id": "c-2"}, False),
        ({"customer_id": "c-1"}, {"customer_id": "C-1"}, False),
        ({"customer_id": "c-1"}, {"customer_id": None}, False),
        ({}, {"customer_id": "c-1"}, False),
    ],
)
@pytest.mark.parametrize("kind", [RENEWAL, REPLACEMENT])
def test_proofs_go_over_within_a_customer_or_lineage_alone(kind, before, given, inherited):
    """BR 4.2.1; never matched by text."""
    lineage = Lineage(**before)
    order = lineage.renew_at_the_end(**given) if kind is RENEWAL else lineage.follow(REPLACEMENT, **given)
    assert (order.head.subscriber == lineage.first.subscriber) is inherited


def test_what_is_given_stands_for_what_was_and_null_takes_it_away(lineage):
    order = lineage.follow(REPLACEMENT, csr=a_csr("www.example.com", "new.example.com", key=2), note="New")
    assert set(order.content.names) == {"www.example.com", "new.example.com"}
    assert order.content.note == "New"
    assert order.content.spki_sha256 != lineage.order(lineage.first.order_id).content.spki_sha256


def test_copied_choices_for_names_that_are_gone_are_left_out():
    control = {"method": "email", "names": {"a.example.com": {}, "b.example.com": {}}}
    kept = without_unused_choices({"domain_control": control, "note": "x"}, ("b.example.com",))
    assert kept == {"domain_control": {**control, "names": {"b.example.com": {}}}, "note": "x"}
    for body in ({}, {"domain_control": None}, {"domain_control": {"method": "dns_txt"}}):
        assert without_unused_choices(body, ("b.example.com",)) is body
    assert without_unused_choices({"domain_control": control}, ()) == {"domain_control": control}


# ---- one living successor

LIVING = {OrderStatus.PENDING, OrderStatus.ISSUED}


@pytest.mark.parametrize("status", [each for each in OrderStatus if each is not OrderStatus.EXPIRED])
def test_what_is_left_of_a_term_goes_over_to_one_order(status):
    head = a_head(status=OrderStatus.ISSUED, issued_at=NOW, term_to=NOW + 30 * a_day)
    other = a_head(order_id="ord_2", status=status)
    renew, replaced = renewal_refusal(head, None, NOW, other), replacement_refusal(head, None, NOW, other)
    assert (renew.code if renew else None) == ("already_replaced" if status in LIVING else None)
    assert (replaced.code if replaced else None) == ("already_renewed" if status in LIVING else None)


def test_a_succession_is_refused_as_its_kind_is():
    head = a_head(status=OrderStatus.ISSUED, issued_at=NOW, term_to=NOW + 300 * a_day)
    order = an_order(head)
    assert Succession(order, REPLACEMENT).refusal(NO_SUCCESSORS, NOW) is None
    assert Succession(order, RENEWAL).refusal(NO_SUCCESSORS, NOW).code == "renewal_window"
    taken = Successors(replacement=a_head(order_id="ord_2"))
    assert Succession(order, REPLACEMENT).refusal(taken, NOW).code == "already_replaced"


def test_of_two_that_read_the_same_the_second_is_told(lineage):
    def another():
        lineage.follow(REPLACEMENT)

    lineage.tables.before["place"].append(another)
    assert conflict(lambda: lineage.follow(REPLACEMENT)) == "already_replaced"
    assert len(lineage.tables.heads) == 2


def test_a_replay_answers_the_first_and_another_body_is_refused(lineage):
    first = lineage.follow(REPLACEMENT, key="k")
    assert lineage.follow(REPLACEMENT, key="k") == first
    with pytest.raises(IdempotencyKeyReused):
        lineage.follow(REPLACEMENT, key="k", note="x")


def test_a_duplicate_that_meets_the_first_in_the_write_gets_its_answer(lineage):
    answered = []
    lineage.tables.before["place"].append(lambda: answered.append(lineage.follow(REPLACEMENT, key="k")))
    assert lineage.follow(REPLACEMENT, key="k") == answered[0]


def test_a_duplicate_that_looks_before_the_first_writes_gets_its_answer(lineage, monkeypatch):
    """It finds the order replaced, by itself."""
    guard, answered = lineage.stores.orders.guard, []

    def looks_too_early(*key):
        seen = guard(*key)
        monkeypatch.setattr(lineage.stores.orders, "guard", guard)
        answered.append(lineage.follow(REPLACEMENT, key="k"))
        return seen

    monkeypatch.setattr(lineage.stores.orders, "guard", looks_too_early)
    assert lineage.follow(REPLACEMENT, key="k") == answered[0]


@pytest.mark.parametrize("how", ["cancelled", "timed out"])
@pytest.mark.parametrize("kind", [RENEWAL, REPLACEMENT])
def test_what_comes_to_nothing_gives_the_place_free(lineage, kind, how):
    order = lineage.renew_at_the_end() if kind is RENEWAL else lineage.follow(REPLACEMENT)
    if how == "cancelled":
        lineage.cancel_order(a_principal(), a_call(path="/c"), order.head.order_id, None)
    else:
        lineage.clock.advance(days=91)
        lineage.close_overdue(US, order.head.order_id, "execution-2")
    former = lineage.head(lineage.first.order_id)
    assert (former.renewed_by, former.replaced_by) == (None, None)
    assert lineage.head(order.head.order_id).predecessor == former.order_id
    assert lineage.counted() == (18, 0, 2)


def test_a_place_that_another_has_taken_is_not_given_free():
    closed = a_head(order_id="ord_2", renewal_of="ord_1")
    assert freed(a_head(renewed_by="ord_3"), closed) is None
    assert freed(a_head(replaced_by="ord_2", renewed_by="ord_3"), closed).renewed_by == "ord_3"


def test_an_unknown_order_and_a_foreign_one_answer_alike_and_keys_are_reported(lineage):
    with pytest.raises(NotFound) as unknown:
        lineage.follow(RENEWAL, "ord_none", note=a_private_key())
    with pytest.raises(NotFound) as foreign:
        lineage.follow(RENEWAL, by=Principal(THEM, "key_2", Role.ORDERS))
    assert unknown.value.detail == foreign.value.detail
    assert lineage.exposed.reported


# ---- the price

PRICES = [
    ("the day of the issue", timedelta(0), True),
    ("the last instant of the first 30 days", 30 * a_day - MICROSECOND, True),
    ("30 days have gone by", 30 * a_day, False),
]


@pytest.mark.parametrize(("after", "free"), [pytest.param(*each[1:], id=each[0]) for each in PRICES])
def test_a_replacement_is_free_within_30_days_of_the_begin_of_the_term(lineage, after, free):
    lineage.clock.moment = lineage.first.issued_at + after
    order = lineage.follow(REPLACEMENT)
    assert (order.head.units, order.head.net.amount == 0) == ((0, True) if free else (2, False))
    assert (order.content.free_because is not None) is free
    assert lineage.counted() == ((18, 0, 2) if free else (16, 2, 2))


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"product": "thawte_ssl123"}, "/product"),
        ({"term_days": 730}, "/term_days"),
        ({"additional_domains": ["third.example.com"]}, "/additional_domains"),
    ],
)
def test_what_is_free_is_what_was_paid_for(lineage, given, field):
    assert ("more_than_ordered", field) in refusal(lambda: lineage.follow(REPLACEMENT, **given))
    lineage.clock.advance(days=30)
    assert lineage.follow(REPLACEMENT, **given).head.units > 0


def test_free_needs_a_contract_but_none_that_serves(lineage):
    contract = lineage.tables.contracts[US, "con_1"]
    lineage.tables.contracts[US, "con_1"] = replace(contract, valid_to=NOW)
    assert lineage.follow(REPLACEMENT).head.contract_id == "con_1"
    lineage.change(replaced_by=None)
    refused = refusal(lambda: lineage.follow(REPLACEMENT, contract_id="con_none"))
    assert refused == [("no_contract", "/contract_id")]


def test_the_contract_of_before_pays_if_it_serves_else_one_that_does(lineage):
    lineage.stores.grant(a_contract(50, contract_id="con_0", valid_to=NOW + 1500 * a_day))
    assert lineage.renew_at_the_end().head.contract_id == "con_1"
    lineage.change(renewed_by=None)
    contract = lineage.tables.contracts[US, "con_1"]
    lineage.tables.contracts[US, "con_1"] = replace(contract, units_left=1)
    assert lineage.follow(RENEWAL).head.contract_id == "con_0"


def test_no_order_is_renewed_while_its_price_may_still_be_given_back():
    """Else the days that are left would be had for nothing."""
    shortest = min(days for product in load_catalog().products() for days in product.terms_days)
    assert timedelta(days=shortest) - RENEWAL_OPENS > REFUND_WINDOW


# ---- money of an original that is revoked meanwhile


def test_its_price_goes_over_and_comes_back_when_nothing_replaces_it(lineage):
    order = lineage.follow(REPLACEMENT)
    lineage.change(
        status=OrderStatus.REVOKED, revoked=Revoked(lineage.clock.moment, "key:key_1", Reason.SUPERSEDED)
    )
    lineage.clock.advance(days=60)
    lineage.cancel_order(a_principal(), a_call(path="/c"), order.head.order_id, None)
    assert lineage.head(lineage.first.order_id).payment is PaymentStatus.REFUNDED
    assert lineage.counted() == (20, 0, 0)


def test_one_that_was_revoked_too_late_gets_nothing_back(lineage):
    order = lineage.follow(REPLACEMENT)
    late = lineage.first.issued_at + 30 * a_day
    lineage.change(status=OrderStatus.REVOKED, revoked=Revoked(late, "key:key_1", Reason.SUPERSEDED))
    lineage.clock.advance(days=60)
    lineage.cancel_order(a_principal(), a_call(path="/c"), order.head.order_id, None)
    assert lineage.head(lineage.first.order_id).payment is PaymentStatus.CAPTURED
    assert lineage.counted() == (18, 0, 2)


# ---- the term


def test_a_free_replacement_ends_with_the_term_that_was_paid_for(lineage):
    lineage.clock.advance(days=10)
    second = lineage.follow(REPLACEMENT)
    lineage.clock.advance(days=5)
    issued = lineage.issue(second.head.order_id)
    assert (issued.term_from, issued.term_to) == (lineage.first.issued_at, lineage.first.term_to)
    assert issued.issued_at == lineage.clock.moment
    lineage.clock.advance(days=15)
    third = lineage.follow(REPLACEMENT, second.head.order_id)
    assert third.head.units == 2, "the 30 days are those of the term, not of each replacement"


def test_the_days_that_were_paid_for_are_added_to_a_priced_one_and_to_a_renewal(lineage):
    lineage.clock.advance(days=40)
    replacement = lineage.issue(lineage.follow(REPLACEMENT).head.order_id)
    assert replacement.term_to == lineage.first.term_to + TERM
    renewed = Lineage()
    renewal = renewed.issue(renewed.renew_at_the_end().head.order_id)
    assert renewal.term_to == renewed.first.term_to + TERM


@pytest.mark.parametrize("status", [OrderStatus.REVOKED, OrderStatus.CANCELLED])
def test_of_an_order_that_was_revoked_nothing_is_left(status):
    former = a_head(status=status, issued_at=NOW, term_to=NOW + TERM)
    assert term_to_of(a_head(order_id="ord_2"), former, NOW) == NOW + TERM - a_second


def test_a_term_that_was_shortened_after_the_signing_still_covers_the_certificate(lineage):
    order = lineage.renew_at_the_end()
    end = lineage.clock.moment + 500 * a_day
    lineage.certify(order.head.order_id, serial_hex="0c0c", not_after=end)
    lineage.change(status=OrderStatus.REVOKED)
    lineage.complete_order(US, order.head.order_id, 1, "execution-1")
    assert lineage.head(order.head.order_id).term_to == end


def test_signing_and_completing_agree_on_the_end_of_the_term(lineage):
    order = lineage.renew_at_the_end()
    former = lineage.head(lineage.first.order_id)
    at = lineage.clock.moment
    signed = term_end(order, a_preflight(at=at), former)
    done = completion(order.head, "0b", a_chronicle(CountingIds(), at), former)
    assert signed == done.head.term_to == former.term_to + TERM


def at(*moment, zone=UTC):
    return datetime(*moment, tzinfo=zone).astimezone(UTC)


NEW_YORK = ZoneInfo("America/New_York")
TERMS = [
    ("on 29 February", at(2028, 2, 29, 12), at(2029, 2, 28, 12)),
    ("on 28 February of a leap year", at(2028, 2, 28, 12), at(2029, 2, 27, 12)),
    ("across 29 February", at(2027, 6, 1), at(2028, 5, 31)),
    ("clocks go forward on its last day", at(2027, 3, 14, 1, 30, zone=NEW_YORK), at(2028, 3, 13, 6, 30)),
    ("clocks go back on its last day", at(2026, 11, 1, 1, 30, zone=NEW_YORK), at(2027, 11, 1, 5, 30)),
]


@pytest.mark.parametrize(("issued", "over"), [pytest.param(*each[1:], id=each[0]) for each in TERMS])
def test_a_term_counts_days_of_86400_seconds_whatever_calendar_and_clocks_do(issued, over):
    first = a_head(status=OrderStatus.ISSUED, issued_at=issued, term_to=term_to_of(a_head(), None, issued))
    assert first.term_to == over - a_second
    renewed = term_to_of(a_head(order_id="ord_2", renewal_of="ord_1"), first, over - 10 * a_day)
    assert renewed == over + TERM - a_second


LIMITS = [
    (at(2026, 3, 15), 199),
    (at(2027, 3, 15) - a_second, 199),
    (at(2027, 3, 15), 99),
    (at(2029, 3, 15) - a_second, 99),
    (at(2029, 3, 15), 46),
]


@pytest.mark.parametrize(("signed", "days"), LIMITS, ids=str)
def test_a_renewals_certificate_is_as_long_as_the_rules_of_its_day_allow(signed, days):
    """A day under the limit, however long the term is that is added up."""
    former = a_head(status=OrderStatus.ISSUED, issued_at=signed - TERM, term_to=signed + 89 * a_day)
    end = term_to_of(a_head(order_id="ord_2", renewal_of="ord_1"), former, signed)
    assert end == signed + 89 * a_day + a_second + TERM - a_second
    begins, ends = plan_validity(signed, end, rules_on(signed))
    assert ends - begins + a_second == timedelta(days=days)


def test_a_free_replacements_certificate_ends_with_the_original_term_at_the_latest():
    head = a_head(order_id="ord_2", replaces="ord_1", term_to=NOW + 20 * a_day)
    end = term_to_of(head, a_head(status=OrderStatus.ISSUED, term_to=NOW + 20 * a_day), NOW)
    assert plan_validity(NOW, end, rules_on(NOW))[1] == NOW + 20 * a_day


# ---- hours


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (-1, "delay_out_of_range"),
        (121, "delay_out_of_range"),
        (10**30, "delay_out_of_range"),
        ("1", "invalid_field"),
        (True, "invalid_field"),
        (0.5, "invalid_field"),
        (None, "invalid_field"),
        ({}, "invalid_field"),
    ],
    ids=str,
)
def test_hours_are_whole_ones_up_to_five_days(lineage, given, problem):
    told = refusal(lambda: lineage.follow(REPLACEMENT, revoke_original_after_hours=given))
    assert told == [(problem, "/revoke_original_after_hours")]


@pytest.mark.parametrize(("given", "hours"), [({}, 0), ({"revoke_original_after_hours": 120}, 120)])
def test_the_original_is_superseded_so_many_hours_after_the_issue(lineage, given, hours):
    order = lineage.follow(REPLACEMENT, **given)
    assert lineage.tables.supersessions == []
    lineage.clock.advance(days=1)
    lineage.issue(order.head.order_id)
    (superseded,) = lineage.tables.supersessions
    assert (superseded.order_id, superseded.successor) == (lineage.first.order_id, order.head.order_id)
    assert superseded.due_at == lineage.clock.moment + timedelta(hours=hours)
    assert (superseded.serial_hex, superseded.regardless) == (None, False)


def test_a_renewal_supersedes_nothing(lineage):
    lineage.issue(lineage.renew_at_the_end().head.order_id)
    assert lineage.tables.supersessions == []


def test_hours_are_a_field_of_replacements_alone(lineage):
    wrong = refusal(lambda: lineage.renew_at_the_end(revoke_original_after_hours=1))
    assert wrong == [("unknown_field", "/revoke_original_after_hours")]


# ---- what lives after an order

LINEAGES = [
    ("nothing was placed", {}, None),
    ("pending", {"ord_2": {}}, "ord_2"),
    ("issued", {"ord_2": {"status": OrderStatus.ISSUED}}, "ord_2"),
    ("cancelled", {"ord_2": {"status": OrderStatus.CANCELLED}}, None),
    ("revoked", {"ord_2": {"status": OrderStatus.REVOKED}}, None),
    (
        "revoked for the one that replaced it",
        {"ord_2": {"status": OrderStatus.REVOKED, "replaced_by": "ord_3"}, "ord_3": {}},
        "ord_3",
    ),
    (
        "revoked, and what replaced it too",
        {
            "ord_2": {"status": OrderStatus.REVOKED, "replaced_by": "ord_3"},
            "ord_3": {"status": OrderStatus.REVOKED},
        },
        None,
    ),
]


@pytest.mark.parametrize("how", ["renewed_by", "replaced_by"])
@pytest.mark.parametrize(("after", "expected"), [pytest.param(*each[1:], id=each[0]) for each in LINEAGES])
def test_a_price_and_the_days_of_a_term_go_to_what_lives_after_an_order(how, after, expected):
    world = World()
    for order_id, changes in after.items():
        world.tables.heads[US, order_id] = a_head(order_id=order_id, **changes)
    head = a_head(**({how: "ord_2"} if after else {}))
    found = successors_of(world.stores.orders, head)
    living = found.renewal if how == "renewed_by" else found.replacement
    assert (living.order_id if living else None) == expected

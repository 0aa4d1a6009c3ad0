"""Placing: the gate's answer, one transaction, and one order for each Idempotency-Key."""

from dataclasses import replace
from hashlib import sha256

import pytest

from partner_center.catalog.pricing import AgreedPrice, PriceList
from partner_center.catalog.products import LineKind
from partner_center.kernel.errors import ContentRefused, IdempotencyKeyReused, TryAgain
from partner_center.kernel.money import Money
from partner_center.orders.order import OrderKind, OrderStatus, PaymentKind
from partner_center.orders.ports import RequestSeenBefore
from tests.fakes.posted import a_body, a_call, a_principal, a_private_key, key_material, spki_of
from tests.fakes.samples import PRODUCT, THEM, US, a_card_contract, a_contract, a_head, a_placement
from tests.fakes.world import World


@pytest.fixture
def world():
    world = World()
    world.stores.grant(a_contract(10))
    return world


def refusal(world, body, **more):
    with pytest.raises(ContentRefused) as refused:
        world.post(body, **more)
    return [(problem.code, problem.field) for problem in refused.value.problems]


# ---- what is written


def test_an_order_begins_pending_with_its_units_held(world):
    order = world.post(a_body("www.example.com", "example.com", customer_id="c-7", partner_order_id="PO-1"))
    head = order.head
    assert head == world.head(head.order_id)
    assert (head.status, head.kind, head.product) == (OrderStatus.PENDING, OrderKind.NEW, PRODUCT)
    assert (head.units, head.contract_id, head.payment_kind) == (2, "con_1", PaymentKind.BULK)
    assert (head.revision, head.generation, head.attempt, head.version) == (1, 1, 1, 1)
    assert head.placed_at == head.revised_at == head.updated_at == world.clock.moment
    assert (head.partner_order_id, head.customer_id) == ("PO-1", "c-7")
    assert world.counted() == (8, 2, 0)


def test_what_is_answered_is_what_was_stored(world):
    order = world.post(a_body(note="Zimmer 4 ☂", lifecycle={"auto_reissue": True}))
    assert world.stores.orders.content(US, order.head.order_id, 1) == order.content


def test_the_ledger_names_order_actor_and_time(world):
    head = world.post().head
    entry = next(e for e in world.tables.ledger[US, "con_1"].values() if e.order_id)
    assert (entry.kind, entry.units, entry.order_id) == ("hold", 1, head.order_id)
    assert (entry.actor, entry.at) == ("key:key_1", head.placed_at)


def test_the_event_carries_ids_only_and_the_audit_the_evidence(world):
    head = world.post().head
    (event,) = world.tables.events.values()
    (record,) = world.tables.audit.values()
    assert dict(event.data) == {
        "reseller_id": US,
        "order_id": head.order_id,
        "generation": 1,
        "attempt": 1,
    }
    assert event.correlation_id == "request-1"
    assert record.facts["names"] == "www.example.com"
    assert len(record.facts["agreement_sha256"]) == len(record.facts["spki_sha256"]) == 64


def test_the_audit_of_a_hundred_names_stays_small(world):
    world.stores.grant(a_contract(200, contract_id="con_0"))
    names = [f"{'a' * 60}.host-{number}.example.com" for number in range(99)]
    world.post(a_body("www.example.com", *names))
    (record,) = world.tables.audit.values()
    assert len(record.facts["names"]) == 2000


def test_proofs_belong_to_the_customer_or_else_to_this_orders_lineage(world):
    with_customer = world.post(a_body(customer_id="c-7")).head
    first, second = world.post().head, world.post().head
    assert with_customer.subscriber == "customer:c-7"
    assert first.subscriber == f"lineage:{first.order_id}"
    assert first.subscriber != second.subscriber


def test_a_customer_cannot_be_named_like_a_lineage(world):
    first = world.post().head
    assert world.post(a_body(customer_id=first.subscriber)).head.subscriber != first.subscriber


# ---- what is refused


def test_a_refused_order_writes_nothing(world):
    before = repr(world.tables)
    refusal(world, a_body(colour="red"), key="key-1")
    assert repr(world.tables) == before


def test_a_number_that_is_taken_is_told_beside_every_other_problem(world):
    first = world.post(a_body(partner_order_id="PO-1")).head
    with pytest.raises(ContentRefused) as refused:
        world.post(a_body(partner_order_id="PO-1", colour="red", term_days=1))
    told = {problem.code: problem.order_id for problem in refused.value.problems}
    assert told == {
        "unknown_field": None,
        "term_not_offered": None,
        "duplicate_partner_order_id": first.order_id,
    }


def test_the_number_of_another_reseller_is_free_and_its_order_not_told(world):
    world.stores.grant(a_contract(reseller_id=THEM))
    world.post(a_body(partner_order_id="PO-1"), by=a_principal(THEM))
    assert world.post(a_body(partner_order_id="PO-1")).head.reseller_id == US


@pytest.mark.parametrize("number", ["x" * 65, "x" * 100_000, "two words", "☂", ""])
def test_a_number_that_no_order_can_have_is_not_looked_up(world, number):
    asked = []
    world.stores.orders.partner_order = lambda *which: asked.append(which)
    assert ("invalid_field", "/partner_order_id") in refusal(world, a_body(partner_order_id=number))
    assert asked == []
    refusal(world, a_body(partner_order_id=number, additional_domains=[7] * 200))
    assert asked == []  # nor where so much is wrong that the number's own fault is not told


def test_a_contract_of_another_reseller_is_as_unknown(world):
    world.tables.contracts.clear()
    world.stores.grant(a_contract(reseller_id=THEM))
    assert refusal(world, a_body(contract_id="con_1")) == [("no_contract", "/contract_id")]
    assert refusal(world, a_body(contract_id="con_9")) == [("no_contract", "/contract_id")]


def test_units_that_are_used_up_meanwhile_are_refused_with_the_gates_code(world):
    """The gate saw 10 units; another order took them before the transaction."""
    greedy = a_head(order_id="ord_greedy", units=10)
    world.tables.before["place"].append(lambda: world.stores.orders.place(a_placement(world.ids, greedy)))
    assert refusal(world, a_body()) == [("insufficient_units", "/contract_id")]
    assert world.counted() == (0, 10, 0)


def test_a_number_that_is_taken_meanwhile_is_refused_with_its_order(world):
    rival = a_head(order_id="ord_rival", partner_order_id="PO-1")
    world.tables.before["place"].append(lambda: world.stores.orders.place(a_placement(world.ids, rival)))
    with pytest.raises(ContentRefused) as refused:
        world.post(a_body(partner_order_id="PO-1"))
    assert [(p.code, p.order_id) for p in refused.value.problems] == [
        ("duplicate_partner_order_id", "ord_rival")
    ]


def test_a_private_key_reaches_neither_table_nor_answer(world):
    with pytest.raises(ContentRefused) as refused:
        world.post(a_body(partner_order_id=a_private_key(), note=a_private_key()), key="key-1")
    seen = repr(world.tables) + repr(refused.value.problems) + str(refused.value)
    assert [piece for piece in key_material() if piece in seen] == []


def test_an_exposed_key_is_reported_by_its_digest_and_by_whom(world):
    refusal(world, a_body(note=a_private_key()))
    (report,) = world.exposed.reported
    assert report.spki_sha256 == sha256(spki_of(9)).hexdigest()
    assert (report.reseller_id, report.key_id, report.request_id) == (US, "key_1", "request-1")


def test_an_order_without_key_material_reports_nothing(world):
    world.post()
    refusal(world, a_body(colour="red"))
    assert world.exposed.reported == []


def test_an_exposure_that_cannot_be_reported_refuses_the_request_as_busy(world):
    def out():
        raise TryAgain("The queue is out.")

    world.exposed.before = out
    with pytest.raises(TryAgain):
        world.post(a_body(note=a_private_key()))


# ---- one order for each Idempotency-Key


def test_the_same_key_and_body_answer_with_the_same_order_and_hold_once(world):
    first = world.post(key="key-1")
    assert world.post(key="key-1") == first
    assert world.counted() == (9, 1, 0)


def test_the_order_is_answered_as_it_was_then(world):
    first = world.post(key="key-1")
    world.cancel_order(a_principal(), a_call(), first.head.order_id, None)
    world.clock.advance(days=6)
    again = world.post(key="key-1")
    assert again == first
    assert again.head.status is OrderStatus.PENDING


def test_the_meaning_of_the_body_counts_and_not_its_layout(world):
    body = a_body()
    shuffled = dict(reversed(body.items()))
    assert world.post(shuffled, key="key-1").head.order_id == world.post(body, key="key-1").head.order_id


@pytest.mark.parametrize(
    "other",
    [a_body(note="another"), a_body(colour="red"), {}, a_body(note=None)],
    ids=["another order", "a bad order", "nothing", "the same in other words"],
)
def test_another_body_with_the_same_key_is_refused(world, other):
    world.post(key="key-1")
    with pytest.raises(IdempotencyKeyReused):
        world.post(other, key="key-1")
    assert world.counted() == (9, 1, 0)


def test_without_a_key_each_post_is_an_order(world):
    assert world.post().head.order_id != world.post().head.order_id
    assert world.tables.guards == {}


def test_keys_of_two_resellers_have_nothing_to_do_with_each_other(world):
    world.stores.grant(a_contract(reseller_id=THEM))
    ours = world.post(key="key-1")
    theirs = world.post(a_body(note="theirs"), key="key-1", by=a_principal(THEM))
    assert (ours.head.reseller_id, theirs.head.reseller_id) == (US, THEM)


def test_a_refused_answer_is_not_bound(world):
    refusal(world, a_body(colour="red"), key="key-1")
    assert world.post(key="key-1").head.status is OrderStatus.PENDING


def test_an_outage_is_not_bound_and_the_same_key_resumes(world):
    def out():
        raise TryAgain("Many changes met at once.")

    world.tables.before["place"].append(out)
    with pytest.raises(TryAgain):
        world.post(key="key-1")
    world.post(key="key-1")
    assert world.counted() == (9, 1, 0)


def test_of_two_posts_at_once_the_second_answers_with_the_firsts_order(world):
    """Both looked for the key before either wrote; the transaction's guard tells the second."""
    first = []
    world.tables.before["place"].append(lambda: first.append(world.post(key="key-1")))
    second = world.post(key="key-1")
    assert [second] == first
    assert world.counted() == (9, 1, 0)
    assert len(world.tables.heads) == 1


def test_of_two_posts_at_once_another_body_is_refused(world):
    world.tables.before["place"].append(lambda: world.post(a_body(note="another"), key="key-1"))
    with pytest.raises(IdempotencyKeyReused):
        world.post(key="key-1")
    assert world.counted() == (9, 1, 0)


def test_a_race_for_the_last_unit_with_one_key_is_one_order_and_no_refusal(world):
    world.tables.contracts.clear()
    world.stores.grant(a_contract(1))
    first = []
    world.tables.before["place"].append(lambda: first.append(world.post(key="key-1")))
    assert [world.post(key="key-1")] == first
    assert world.counted() == (0, 1, 0)


def test_an_order_whose_answer_was_lost_is_answered_again(world):
    def lost():
        raise TryAgain("The answer was lost on its way.")

    world.tables.after["place"].append(lost)
    with pytest.raises(TryAgain):
        world.post(key="key-1")
    head = world.post(key="key-1").head
    assert list(world.tables.heads) == [(US, head.order_id)]
    assert world.counted() == (9, 1, 0)


def test_the_store_says_what_it_saw_and_the_use_case_what_it_means(world):
    head = world.post(key="key-1").head
    placement = a_placement(world.ids, replace(head, order_id="ord_2"), guard=a_call(key="key-1").guard(head))
    with pytest.raises(RequestSeenBefore) as seen:
        world.stores.orders.place(placement)
    assert seen.value.guard.head == head


# ---- by card


@pytest.fixture
def card_world():
    world = World()
    world.stores.grant(a_card_contract())
    return world


def test_an_order_by_card_copies_the_card_and_promises_its_price(card_world):
    head = card_world.post(a_body("www.example.com", "a.example.com")).head
    assert (head.payment_kind, head.payment, head.card_id, head.units) == (
        "pay_as_you_go",
        "none",
        "card_1",
        0,
    )
    entry = next(each for each in card_world.tables.ledger[US, "con_1"].values() if each.order_id)
    assert (entry.kind, entry.units, entry.amount) == ("hold", 0, head.net)


def test_another_card_is_for_future_orders_only(card_world):
    """M62: Update Credit Card changes the contract for future orders, not for those already placed."""
    first = card_world.post().head
    contract = card_world.tables.contracts[US, "con_1"]
    card_world.tables.contracts[US, "con_1"] = replace(contract, card_id="card_2")
    assert card_world.post().head.card_id == "card_2"
    assert card_world.head(first.order_id).card_id == "card_1"


def test_a_card_that_changes_while_an_order_is_placed_asks_for_it_again(card_world):
    def another():
        contract = card_world.tables.contracts[US, "con_1"]
        card_world.tables.contracts[US, "con_1"] = replace(contract, card_id="card_2")

    card_world.tables.before["place"].append(another)
    with pytest.raises(TryAgain):
        card_world.post(key="key-1")
    assert card_world.post(key="key-1").head.card_id == "card_2"


def test_units_go_before_the_card_when_no_contract_is_named(card_world):
    card_world.stores.grant(a_contract(1, contract_id="con_bulk"))
    assert card_world.post().head.contract_id == "con_bulk"
    assert card_world.post().head.contract_id == "con_1"


def test_a_named_contract_is_read_alone(world):
    asked = []
    contracts = world.stores.contracts
    contracts.of_reseller = lambda reseller_id: asked.append(reseller_id) or []
    assert world.post(a_body(contract_id="con_1")).head.contract_id == "con_1"
    assert asked == []


@pytest.mark.parametrize(
    "contract_id", ["", "x" * 65, "con 1", "con_1\n", "☂", 7, True, [], {}, "con_1#HEAD"]
)
def test_a_contract_id_that_is_none_is_looked_up_nowhere(world, contract_id):
    assert ("no_contract", "/contract_id") in refusal(world, a_body(contract_id=contract_id))


# ---- the contract's own prices


def test_validating_and_placing_answer_the_contracts_own_price(world):
    prices = PriceList("USD", (AgreedPrice(PRODUCT, 365, LineKind.BASE, Money.of("99.00")),))
    world.tables.contracts[US, "con_1"] = a_contract(10, prices=prices)
    body = a_body("www.example.com", "a.example.com")
    looked = world.examine(a_principal(), "request-1", body, world.clock.moment).quote
    order = world.post(body)
    assert looked.net == order.head.net == Money.of("148.00")
    assert [(part.kind, part.unit, part.units) for part in order.content.price] == [
        ("base", "99.00", 1),
        ("name", "49.00", 1),
    ]

"""The promises of `CardShelf`, in memory and in DynamoDB."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from partner_center.adapters import keys
from partner_center.adapters.card_store import CardStore
from partner_center.billing.cards import (
    LAST_ORDER_DONE,
    CardAdded,
    CardGuard,
    CardLink,
    CardRemoved,
    Exchange,
    LinkEnded,
    LinkGuard,
    LinkSeenBefore,
)
from partner_center.billing.contracts import ContractKind
from partner_center.billing.payments import Card
from partner_center.kernel.errors import ChangedMeanwhile
from partner_center.kernel.events import Chronicle
from tests.fakes.cards import MemoryCardShelf
from tests.fakes.determined import MICROSECOND, NOW, CountingIds
from tests.fakes.samples import US, a_contract
from tests.fakes.stores import MemoryStores

LATER = NOW + timedelta(hours=1)
UNTIL = NOW + timedelta(days=300)


@pytest.fixture(params=["memory", "dynamodb"])
def world(request):
    """(a shelf, the stores beside it)"""
    if request.param == "memory":
        stores = MemoryStores()
        return MemoryCardShelf(stores.tables), stores
    stores = request.getfixturevalue("stores")
    return CardStore(stores.database, stores.tables), stores


@pytest.fixture
def shelf(world):
    return world[0]


@pytest.fixture
def contracts(world):
    return world[1].contracts


IDS = CountingIds()


def chronicle(moment=LATER):
    return Chronicle(IDS, moment, "key:1", "request-1")


def a_link(name="a", **changes):
    link = CardLink(f"{name:0>64}", f"lnk_{name}", US, "cus_1", "seti_1", NOW, NOW + timedelta(days=1))
    return replace(link, **changes)


def a_guard(link, key="key-1"):
    return LinkGuard("POST", "/v1/payment-method", key, "0" * 64, link.link_id, b"sealed", link.expires_at)


def a_card(card_id="crd_1", **changes):
    card = Card(card_id, US, "visa", "4242", 12, 2030, f"pm_{card_id}", "cus_1", LATER, UNTIL)
    return replace(card, **changes)


def the_contract(card, contract_id="con_card"):
    plain = a_contract(units=0, contract_id=contract_id)
    return replace(
        plain,
        kind=ContractKind.PAY_AS_YOU_GO,
        valid_from=NOW,
        valid_to=card.usable_until,
        card_id=card.card_id,
    )


def exchange(card, before, contract_id="con_card"):
    return Exchange(the_contract(card, contract_id), before.card_id)


def added(link, card, before=None, **changes):
    """The card in the place of `before`, which was given last, or on a contract that is opened."""
    story = chronicle()
    told = {"card_id": card.card_id, "contract_id": "con_card", "brand": card.brand, "last4": card.last4}
    change = CardAdded(
        link=replace(link, used_at=LATER),
        card=card,
        contract=the_contract(card),
        exchanged=(exchange(card, before),) if before else (),
        let_go=(before,) if before else (),
        guard=CardGuard("con_card", before.card_id) if before else None,
        event=story.event("card.added", US, None, **told),
        audit=story.audit("card.added", US, "", **told),
    )
    return replace(change, **changes)


def removed(card, moment=LATER, contract_ids=("con_card",)):
    story = chronicle(moment)
    told = [{"card_id": card.card_id, "contract_id": each} for each in contract_ids]
    contracts = [replace(the_contract(card, each), card_id=None) for each in contract_ids]
    return CardRemoved(
        exchanged=tuple(Exchange(each, card.card_id) for each in contracts),
        let_go=(card,),
        at=moment,
        events=tuple(story.event("card.removed", US, None, **each) for each in told),
        audits=tuple(story.audit("card.removed", US, "", **each) for each in told),
    )


def opened(shelf, name="a"):
    link = a_link(name)
    shelf.open_link(link, None, chronicle().audit("card_link.made", US, ""))
    return link


def given(shelf, name="a", card_id="crd_1", before=None):
    card = a_card(card_id)
    shelf.add(added(opened(shelf, name), card, before))
    return card


def test_a_link_is_found_by_its_digest_alone(shelf):
    link = opened(shelf)
    assert shelf.link(link.token_sha256) == link
    assert shelf.link("0" * 64) is None


def test_a_key_is_bound_to_the_first_link(shelf):
    first, second = a_link("a"), a_link("b")
    shelf.open_link(first, a_guard(first), chronicle().audit("x", US, ""))
    with pytest.raises(LinkSeenBefore) as caught:
        shelf.open_link(second, a_guard(second), chronicle().audit("x", US, ""))
    assert caught.value.guard == a_guard(first)
    assert shelf.guard(US, "POST", "/v1/payment-method", "key-1") == a_guard(first)
    assert shelf.guard(US, "POST", "/v1/payment-method", "key-2") is None
    assert shelf.link(second.token_sha256) is None


def test_the_first_customer_stays(shelf):
    assert shelf.customer(US) is None
    assert [shelf.keep_customer(US, name) for name in ("cus_1", "cus_2")] == ["cus_1", "cus_1"]
    assert shelf.customer(US) == "cus_1"
    assert shelf.customer("others") is None


def test_a_card_opens_a_contract_and_uses_its_link_up(shelf, contracts):
    card = given(shelf)
    assert shelf.card(US, "crd_1") == card
    assert shelf.card("others", "crd_1") is None
    assert contracts.of_reseller(US) == [the_contract(card)]
    assert shelf.link(a_link().token_sha256).used_at == LATER


def test_a_link_takes_one_card_and_the_second_changes_nothing(shelf, contracts):
    card = given(shelf)
    with pytest.raises(LinkEnded):
        shelf.add(added(a_link(), a_card("crd_2"), card))
    assert shelf.card(US, "crd_2") is None
    assert contracts.of_reseller(US)[0].card_id == "crd_1"


def test_the_next_card_takes_the_place_of_the_one_that_was_read(shelf, contracts):
    first = given(shelf)
    second = given(shelf, "b", "crd_2", first)
    (contract,) = contracts.of_reseller(US)
    assert contract.card_id == "crd_2"
    with pytest.raises(ChangedMeanwhile):
        given(shelf, "c", "crd_3", first)
    assert shelf.card(US, "crd_3") is None
    given(shelf, "d", "crd_4", second)


def test_of_two_that_open_a_contract_at_once_the_second_changes_nothing(shelf, contracts):
    links = [opened(shelf, name) for name in ("a", "b")]
    shelf.add(added(links[0], a_card("crd_1")))
    second = a_card("crd_2")
    with pytest.raises(ChangedMeanwhile):
        shelf.add(added(links[1], second, contract=the_contract(second, "con_other")))
    assert shelf.card(US, "crd_2") is None
    assert shelf.link(links[1].token_sha256).used_at is None
    assert [each.contract_id for each in contracts.of_reseller(US)] == ["con_card"]


def test_no_contract_is_opened_when_another_card_was_given_meanwhile(shelf, contracts):
    """Whoever read the first had seen its contract end, and the second has prolonged it."""
    first = given(shelf)
    given(shelf, "b", "crd_2", first)
    late = a_card("crd_3")
    opening = {"contract": the_contract(late, "con_other"), "exchanged": (), "let_go": ()}
    with pytest.raises(ChangedMeanwhile):
        shelf.add(added(opened(shelf, "c"), late, first, **opening))
    assert [each.contract_id for each in contracts.of_reseller(US)] == ["con_card"]


def test_the_guard_names_the_card_that_was_given_last(shelf):
    assert shelf.card_guard(US) is None
    given(shelf, "b", "crd_2", given(shelf))
    assert shelf.card_guard(US) == CardGuard("con_card", "crd_2")
    assert shelf.card_guard("others") is None


def test_a_reseller_without_a_guard_gets_one_with_its_next_card(world, shelf, contracts):
    _, stores = world
    before = a_card("crd_0")
    stores.grant(the_contract(before))
    card = a_card()
    shelf.add(added(opened(shelf), card, before, let_go=(), guard=None))
    assert shelf.card_guard(US) == CardGuard("con_card", "crd_1")
    assert [each.card_id for each in contracts.of_reseller(US)] == ["crd_1"]


@pytest.fixture
def two(world, shelf):
    """A card on two contracts that run."""
    card = given(shelf)
    world[1].grant(the_contract(card, "con_other"))
    return card


def test_a_card_takes_the_place_of_another_on_every_contract_at_once(shelf, contracts, two):
    card = a_card("crd_2")
    exchanged = tuple(exchange(card, two, each) for each in ("con_card", "con_other"))
    shelf.add(added(opened(shelf, "b"), card, two, exchanged=exchanged))
    assert [each.card_id for each in contracts.of_reseller(US)] == ["crd_2", "crd_2"]
    one_moved = (replace(exchanged[0], card_before="crd_2"), exchanged[1])
    with pytest.raises(ChangedMeanwhile):
        shelf.add(added(opened(shelf, "c"), a_card("crd_3"), card, exchanged=one_moved))


def test_a_card_is_removed_from_every_contract_at_once_or_from_none(shelf, contracts, two):
    with pytest.raises(ChangedMeanwhile):
        shelf.remove(removed(a_card("crd_2"), contract_ids=("con_card", "con_other")))
    assert [each.card_id for each in contracts.of_reseller(US)] == ["crd_1", "crd_1"]
    shelf.remove(removed(two, contract_ids=("con_card", "con_other")))
    assert [each.card_id for each in contracts.of_reseller(US)] == [None, None]


def test_a_card_is_not_put_on_a_contract_that_has_ended(shelf):
    first = given(shelf)
    late = a_card("crd_2", added_at=UNTIL)
    with pytest.raises(ChangedMeanwhile):
        shelf.add(added(opened(shelf, "b"), late, first))


def test_a_removed_card_leaves_the_contract(shelf, contracts):
    card = given(shelf)
    shelf.remove(removed(card))
    assert contracts.of_reseller(US)[0].card_id is None
    with pytest.raises(ChangedMeanwhile):
        shelf.remove(removed(card))
    assert shelf.card(US, "crd_1") == card, "placed orders need it"


def test_cards_are_forgotten_in_their_order_when_their_time_has_come(shelf):
    first = given(shelf)
    second = given(shelf, "b", "crd_2", first)
    end = LATER + LAST_ORDER_DONE
    ids = [(US, first.card_id), (US, second.card_id)]
    assert list(shelf.to_forget(end - MICROSECOND)) == []
    assert list(shelf.to_forget(end)) == ids[:1]
    assert list(shelf.to_forget(UNTIL + LAST_ORDER_DONE)) == ids
    shelf.forgotten(first, end)
    assert list(shelf.to_forget(UNTIL + LAST_ORDER_DONE)) == ids[1:]
    assert shelf.card(US, "crd_1") == first


def test_no_page_of_what_is_to_be_forgotten_is_left_out(shelf):
    ids, before = [f"crd_{number:03}" for number in range(130)], None
    for card_id in ids:
        before = given(shelf, card_id.removeprefix("crd_"), card_id, before)
    assert sorted(card_id for _, card_id in shelf.to_forget(UNTIL + LAST_ORDER_DONE)) == ids


def test_a_card_that_is_put_off_stands_behind_the_others(shelf):
    first = given(shelf)
    second = given(shelf, "b", "crd_2", first)
    later = UNTIL + LAST_ORDER_DONE + timedelta(minutes=50)
    shelf.put_off(US, first.card_id, later)
    assert list(shelf.to_forget(later - MICROSECOND)) == [(US, second.card_id)]
    assert list(shelf.to_forget(later)) == [(US, second.card_id), (US, first.card_id)]
    shelf.forgotten(first, later)
    shelf.put_off(US, first.card_id, later)
    assert list(shelf.to_forget(later)) == [(US, second.card_id)]


def test_no_row_holds_more_of_a_card_than_may_be_shown_and_tokens(stores):
    shelf = CardStore(stores.database, stores.tables)
    given(shelf)
    (row,) = stores.rows(stores.tables.business, keys.card(US, "crd_1").pk)
    assert row.keys() - {"pk", "sk"} == {
        "reseller_id", "card_id", "brand", "last4", "exp_month", "exp_year", "token", "customer", "added_at",
        "usable_until", "queue", "queued_at",
    }  # fmt: skip


def test_the_event_stands_in_the_resellers_own_partition(stores):
    given(CardStore(stores.database, stores.tables))
    (event,) = stores.rows(stores.tables.business, keys.reseller_event(US, "").pk, "EVENT#")
    assert (event["type"], event["data"]["card_id"]) == ("card.added", "crd_1")
    assert "order_id" not in event["data"]


def test_a_contract_whose_card_is_on_no_shelf_gets_the_next_all_the_same(shelf, contracts):
    first = given(shelf)
    second = replace(added(opened(shelf, "b"), a_card("crd_2"), first), let_go=())
    shelf.add(second)
    assert contracts.of_reseller(US)[0].card_id == "crd_2"


def test_a_row_of_the_stream_holds_nothing_but_text_and_numbers(stores):
    """The relay's filter reads every row as JSON."""
    shelf, link = CardStore(stores.database, stores.tables), a_link()
    shelf.open_link(link, a_guard(link), chronicle().audit("x", US, ""))
    given(shelf, "b")
    for pk in (keys.request_guard(US, "POST", "/v1/payment-method", "key-1").pk, keys.card(US, "crd_1").pk):
        (row,) = stores.rows(stores.tables.business, pk)
        json.dumps(row)

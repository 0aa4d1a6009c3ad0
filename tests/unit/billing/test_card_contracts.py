"""A reseller has one running card contract, and of several that run each has the card that was given last."""

from dataclasses import replace
from datetime import timedelta

import pytest

from partner_center.billing.cards import running_card_contracts
from partner_center.billing.contracts import ContractKind, choose_contract
from partner_center.kernel.clock import CLOCKS_DIFFER
from partner_center.kernel.errors import NotFound, TryAgain
from tests.fakes.cards import VISA
from tests.fakes.determined import MICROSECOND, NOW
from tests.fakes.samples import US, a_contract, a_day
from tests.unit.billing.test_cards import PRINCIPAL, Desk

OTHER = replace(VISA, token="pm_2", last4="5454")
THIRD = replace(VISA, token="pm_3", last4="0003")
PRODUCT = "geotrust_quickssl_premium"


@pytest.fixture
def desk():
    return Desk()


def on_card(contract_id="con_a", **changes):
    card = {"kind": ContractKind.PAY_AS_YOU_GO, "card_id": "crd_a", "valid_to": NOW + 100 * a_day}
    return replace(a_contract(units=0, contract_id=contract_id), **(card | changes))


def charged(desk):
    """The last digits of the card that an order placed now is charged to; None where it is refused."""
    contract = choose_contract(desk.contracts, PRODUCT, 1, desk.clock.now())
    card = desk.shelf.card(US, contract.card_id) if contract.card_id else None
    return card.last4 if card else None


def told(desk):
    try:
        return desk.method.read(US)["last4"]
    except NotFound:
        return None


def ready(desk, facts):
    """A link whose form is filled in, and the form's id."""
    token = desk.link().token
    desk.forms.fill_in(desk.setup_of(token), facts)
    return token, desk.setup_of(token)


RUNS = [
    ("runs", on_card(), True),
    ("for another moment", on_card(valid_to=NOW + MICROSECOND), True),
    ("has ended", on_card(valid_to=NOW), False),
    ("has begun by another clock", on_card(valid_from=NOW + CLOCKS_DIFFER), True),
    ("begins later", on_card(valid_from=NOW + CLOCKS_DIFFER + MICROSECOND), False),
    ("has no card", on_card(card_id=None), True),
    ("is of units", a_contract(), False),
]


@pytest.mark.parametrize(("contract", "runs"), [pytest.param(*each[1:], id=each[0]) for each in RUNS])
def test_a_card_contract_runs_until_its_end_and_by_whichever_clock_it_began(contract, runs):
    assert running_card_contracts([contract], NOW) == [contract] * runs


def test_the_first_of_several_is_the_one_that_an_order_takes():
    first, later = on_card("con_b"), on_card("con_a", valid_to=NOW + 101 * a_day)
    bare = on_card("con_c", valid_to=NOW + a_day, card_id=None)
    contracts = [bare, later, first]
    assert running_card_contracts(contracts, NOW) == [first, later, bare]
    assert choose_contract(contracts, PRODUCT, 1, NOW) == first


def test_two_first_cards_at_once_open_one_contract(desk):
    token, setup_id = ready(desk, VISA)
    desk.stores.tables.before["add_card"].append(lambda: desk.give(OTHER))
    added = desk.page.add(token, setup_id, "", "")
    (contract,) = desk.contracts
    assert not added.opened
    assert (contract.card_id, charged(desk), told(desk)) == (added.card.card_id, "4242", "4242")


def test_two_cards_at_once_after_a_contract_has_ended_open_one(desk):
    desk.clock.moment = desk.give().card.usable_until
    token, setup_id = ready(desk, OTHER)
    desk.stores.tables.before["add_card"].append(lambda: desk.give(THIRD))
    desk.page.add(token, setup_id, "", "")
    assert [each.is_valid(desk.clock.now()) for each in desk.contracts] == [False, True]
    assert charged(desk) == "5454"


def test_whose_clock_lets_a_contract_end_early_sees_that_it_was_prolonged(desk):
    """By one clock it runs for a minute and gets another card, by the other it has ended."""
    until = desk.give().card.usable_until
    desk.clock.moment = until + timedelta(minutes=5)
    token, setup_id = ready(desk, OTHER)

    def by_another_clock():
        desk.clock.moment = until - timedelta(minutes=1)
        desk.give(THIRD)
        desk.clock.moment = until + timedelta(minutes=5)

    desk.stores.tables.before["add_card"].append(by_another_clock)
    assert not desk.page.add(token, setup_id, "", "").opened
    assert len(desk.contracts) == 1


@pytest.mark.parametrize("behind", [timedelta(minutes=9), timedelta(minutes=20)], ids=str)
def test_a_function_whose_clock_is_behind_exchanges_the_card(desk, behind):
    desk.give()
    desk.clock.moment -= behind
    assert not desk.give(OTHER).opened
    desk.clock.advance(minutes=30)
    assert (len(desk.contracts), charged(desk), told(desk)) == (1, "5454", "5454")


def test_a_function_whose_clock_is_behind_removes_the_card(desk):
    desk.give()
    desk.clock.moment -= timedelta(minutes=9)
    desk.method.remove(PRINCIPAL, "request-3")
    desk.clock.advance(minutes=30)
    assert (charged(desk), told(desk)) == (None, None)


@pytest.fixture
def two(desk):
    """Two contracts that run, each with a card of its own, and no guard."""
    first, second = desk.give().card, desk.give(OTHER).card
    desk.shelf.card_guards.clear()
    for name, card in (("con_a", first), ("con_b", second)):
        end = first.usable_until + (name == "con_b") * a_day
        desk.stores.tables.contracts[US, name] = on_card(name, card_id=card.card_id, valid_to=end)
    for each in [each for each in desk.stores.tables.contracts if each[1] not in {"con_a", "con_b"}]:
        del desk.stores.tables.contracts[each]
    return desk


def test_of_two_contracts_the_card_is_told_that_is_charged(two):
    assert (charged(two), told(two)) == ("4242", "4242")


def test_a_card_takes_the_place_of_both(two):
    before = [each.card_id for each in two.contracts]
    added = two.give(THIRD)
    assert {each.card_id for each in two.contracts} == {added.card.card_id}
    assert {each.valid_to for each in two.contracts} == {added.card.usable_until}
    assert [each.card_id for each in added.let_go] == before
    assert (charged(two), told(two)) == ("0003", "0003")
    (record,) = [each for each in two.stores.tables.audit.values() if each.facts.get("contracts")][-1:]
    assert (record.facts["contracts"], record.facts["card_before"]) == ("con_a con_b", " ".join(before))


def test_a_card_that_both_have_is_let_go_once(two):
    given = two.give(THIRD)
    assert two.give().let_go == (given.card,)


def test_removing_removes_both(two):
    assert two.method.remove(PRINCIPAL, "request-3")["last4"] == "4242"
    assert [each.card_id for each in two.contracts] == [None, None]
    assert (charged(two), told(two)) == (None, None)
    removed = [each.data["contract_id"] for each in two.stores.tables.events.values()][-2:]
    assert removed == ["con_a", "con_b"]
    with pytest.raises(NotFound):
        two.method.remove(PRINCIPAL, "request-4")


def test_of_two_contracts_none_loses_its_card_when_one_changes_meanwhile(two):
    two.stores.tables.before["remove_card"].append(lambda: two.give(THIRD))
    with pytest.raises(TryAgain):
        two.method.remove(PRINCIPAL, "request-3")
    assert told(two) == "0003"
    two.method.remove(PRINCIPAL, "request-4")
    assert charged(two) is None

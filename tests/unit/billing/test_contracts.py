"""What may be bought on a contract, and which contract an order uses when it names none."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partner_center.billing.contracts import (
    ContractKind,
    ContractStatus,
    choose_contract,
    contract_problems,
)
from tests.fakes.determined import MICROSECOND, NOW
from tests.fakes.samples import PRODUCT, a_card_contract, a_contract, a_day

OTHER = frozenset({"thawte_ssl123"})


def told(contract, units=2, moment=NOW):
    return [problem.code for problem in contract_problems(contract, PRODUCT, units, moment)]


REQUESTED = a_contract(0, status=ContractStatus.REQUESTED, valid_from=NOW, valid_to=NOW, products=OTHER)
CASES = {
    "serves": (a_contract(), []),
    "no contract": (None, ["no_contract"]),
    "exactly enough units": (a_contract(2), []),
    "one unit short": (a_contract(1), ["insufficient_units"]),
    "units held by others do not count": (a_contract(9, units_left=1, units_held=8), ["insufficient_units"]),
    "begins now": (a_contract(valid_from=NOW), []),
    "begins in a microsecond": (a_contract(valid_from=NOW + MICROSECOND), ["contract_expired"]),
    "ends now": (a_contract(valid_to=NOW), ["contract_expired"]),
    "ends in a microsecond": (a_contract(valid_to=NOW + MICROSECOND), []),
    "another product": (a_contract(products=OTHER), ["contract_missing_product"]),
    "this product among others": (a_contract(products=OTHER | {PRODUCT}), []),
    "a card needs no units": (a_card_contract(), []),
    "a card serves in its last moment": (a_card_contract(valid_to=NOW + MICROSECOND), []),
    "a card can end": (a_card_contract(valid_to=NOW), ["card_expired"]),
    "a card's contract may begin later": (a_card_contract(valid_from=NOW + a_day), ["contract_expired"]),
    "no card": (a_card_contract(card_id=None), ["no_card"]),
    "never a card, and over": (a_card_contract(card_id=None, valid_to=NOW), ["contract_expired", "no_card"]),
    "a card for other products": (a_card_contract(products=OTHER), ["contract_missing_product"]),
    "only asked for": (REQUESTED, ["contract_not_active"]),
    "everything at once": (
        a_contract(0, valid_to=NOW, products=OTHER),
        ["contract_expired", "contract_missing_product", "insufficient_units"],
    ),
}


@pytest.mark.parametrize(("contract", "expected"), CASES.values(), ids=CASES.keys())
def test_every_reason_against_a_contract_is_told(contract, expected):
    assert told(contract) == expected


@pytest.mark.parametrize("contract", [each for each, codes in CASES.values() if codes])
def test_a_refusal_says_what_to_do_and_names_the_contract(contract):
    for problem in contract_problems(contract, PRODUCT, 2, NOW):
        assert problem.field == "/contract_id"
        assert problem.detail.endswith(".")
        assert contract is None or contract.contract_id in problem.detail


@pytest.mark.parametrize(
    ("contract", "word"),
    [
        (a_contract(valid_from=NOW + a_day), "has not begun"),
        (a_contract(valid_to=NOW), "has ended"),
        (a_contract(valid_to=NOW - a_day), "has ended"),
    ],
    ids=["not begun", "ends now", "ended yesterday"],
)
def test_a_contract_out_of_its_time_says_on_which_side(contract, word):
    (problem,) = contract_problems(contract, PRODUCT, 2, NOW)
    assert word in problem.detail


STATUSES = {
    "asked for": (REQUESTED, "requested"),
    "active": (a_contract(), "active"),
    "in its last moment": (a_contract(valid_to=NOW + MICROSECOND), "active"),
    "ended": (a_contract(valid_to=NOW), "ended"),
    "used up": (a_contract(5, units_left=0, units_held=2, units_used=3), "used_up"),
    "used up and ended": (a_contract(5, units_left=0, units_used=5, valid_to=NOW), "ended"),
    "a card has no units to use up": (a_card_contract(), "active"),
    "not begun yet": (a_contract(valid_from=NOW + a_day), "active"),
}


@pytest.mark.parametrize(("contract", "status"), STATUSES.values(), ids=STATUSES.keys())
def test_the_status_follows_from_time_and_units(contract, status):
    assert contract.status_at(NOW) == status


def test_a_contract_that_was_asked_for_is_valid_at_no_moment():
    assert not any(REQUESTED.is_valid(NOW + step * MICROSECOND) for step in (-1, 0, 1))


# ---- the choice

soon = a_contract(contract_id="soon", valid_to=NOW + a_day)
later = a_contract(contract_id="later", valid_to=NOW + 9 * a_day)
card = a_card_contract(contract_id="card", valid_to=NOW + a_day / 2)
gone = a_card_contract(contract_id="gone", valid_to=NOW)
asked = a_contract(contract_id="asked", status=ContractStatus.REQUESTED)
poor = a_contract(1, contract_id="poor", valid_to=NOW + a_day / 2)
ended = a_contract(contract_id="ended", valid_to=NOW)
other = a_contract(contract_id="other", products=OTHER, valid_to=NOW + a_day / 2)
twin = a_contract(contract_id="soon_twin", valid_to=NOW + a_day)

CHOICES = {
    "the only one": ([later], later),
    "the first to end": ([soon, later], soon),
    "units before the card, though it ends sooner": ([card, later], later),
    "the card when the units do not suffice": ([poor, card], card),
    "units that do not suffice before a card that is gone": ([poor, gone], poor),
    "one that serves before one that was asked for": ([asked, later], later),
    "what was asked for, when there is nothing else": ([asked], asked),
    "one that serves before one that ended": ([ended, later], later),
    "one that covers the product": ([other, later], later),
    "of two alike the first by name": ([twin, soon], soon),
    "the nearest miss when none serves": (
        [a_contract(0, contract_id="hopeless", valid_to=NOW, products=OTHER), poor],
        poor,
    ),
    "none": ([], None),
}


@pytest.mark.parametrize(("contracts", "chosen"), CHOICES.values(), ids=CHOICES.keys())
def test_the_contract_chosen_does_not_depend_on_their_order(contracts, chosen):
    for order in permutations(contracts):
        assert choose_contract(order, PRODUCT, 2, NOW) == chosen


contracts = st.builds(
    a_contract,
    units=st.integers(0, 4),
    contract_id=st.text("abc", min_size=1, max_size=2),
    kind=st.sampled_from(ContractKind),
    card_id=st.sampled_from([None, "card_1"]),
    status=st.sampled_from(list(ContractStatus)[:2]),
    products=st.sampled_from([frozenset(), OTHER, frozenset({PRODUCT})]),
    valid_to=st.integers(-1, 2).map(lambda days: NOW + days * a_day),
)


@given(st.lists(contracts, max_size=5), st.integers(0, 5))
def test_a_contract_that_serves_is_chosen_whenever_there_is_one(several, units):
    chosen = choose_contract(several, PRODUCT, units, NOW)
    serving = [each for each in several if not contract_problems(each, PRODUCT, units, NOW)]
    assert (chosen in serving) if serving else (chosen is None) == (not several)

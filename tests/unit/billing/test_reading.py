"""What is shown of contracts: the shapes of the document, other resellers' as unknown, staff without names."""

import csv
from io import StringIO

import pytest

from partner_center.billing.reading import LINES_OF_A_FILE, contract_as_json, contract_for_staff
from partner_center.catalog.pricing import AgreedPrice, PriceList
from partner_center.catalog.products import Brand, LineKind
from partner_center.entry import schemas
from partner_center.kernel.errors import Malformed, NotFound
from partner_center.kernel.money import Money
from partner_center.orders.page import Page
from tests.fakes.determined import NOW
from tests.fakes.posted import a_body, a_call, a_principal
from tests.fakes.samples import PRODUCT, THEM, US, a_card_contract, a_contract, an_asking
from tests.fakes.world import World

CON = "con_00000000000000000000000001"
PRICES = PriceList("EUR", (AgreedPrice(PRODUCT, 365, LineKind.BASE, Money.of("90.00", "EUR")),))


@pytest.fixture
def world():
    return World()


CONTRACTS = {
    "bulk": a_contract(contract_id=CON),
    "with everything": a_contract(
        contract_id=CON,
        brand=Brand.THAWTE,
        products=frozenset({PRODUCT}),
        prices=PRICES,
        sales_representative="Sally Seller",
        invoice_reference="INV-1",
        note="x",
        units_asked=9,
        requested_at=NOW,
        units_low=3,
    ),
    "by card": a_card_contract(contract_id=CON),
}


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=CONTRACTS.keys())
def test_a_contract_has_the_shape_of_the_document(contract):
    shown = contract_as_json(contract, NOW)
    assert schemas.Contract.model_validate(shown)
    assert schemas.ContractOfReseller.model_validate(contract_for_staff(contract, NOW))


def test_units_are_those_of_bulk_contracts_and_the_threshold_is_told():
    bulk, card = contract_as_json(CONTRACTS["bulk"], NOW), contract_as_json(CONTRACTS["by card"], NOW)
    assert [bulk[f"units_{name}"] for name in ("granted", "left", "held", "used")] == [10, 10, 0, 0]
    assert bulk["notices"] == {"units_low": 1, "ends_in_days": [30, 7, 1]}
    assert [card[f"units_{name}"] for name in ("granted", "left", "held", "used")] == [None] * 4
    assert (card["notices"]["units_low"], card["card_id"]) == (None, "card_1")


def test_a_contract_that_was_asked_for_has_no_validity(world):
    asked = an_asking(world.ids).contract
    shown = contract_as_json(asked, NOW)
    assert (shown["status"], shown["valid_from"], shown["valid_to"]) == ("requested", None, None)
    assert (shown["units_asked"], shown["units_granted"], shown["notices"]["units_low"]) == (10, 0, None)


@pytest.mark.parametrize(("reseller_id", "contract_id"), [(THEM, "con_1"), (US, "con_2"), (US, "")])
def test_a_foreign_contract_reads_as_an_unknown_one(world, reseller_id, contract_id):
    world.stores.grant(a_contract())
    reading = world.contract_reading
    for read in (
        lambda: reading.contract(reseller_id, contract_id),
        lambda: reading.ledger(reseller_id, contract_id, {}),
        lambda: reading.ledger_as_csv(reseller_id, contract_id, {}),
    ):
        with pytest.raises(NotFound):
            read()


def test_the_queue_shows_whose_it_is_and_passes_over_what_left_it(world):
    first, second = an_asking(world.ids), an_asking(world.ids, reseller_id=THEM)
    for asking in (first, second):
        world.stores.contracts.ask(asking)
    world.stores.contracts.requested = lambda _: (
        [(US, "con_gone"), (US, first.contract.contract_id)],
        "next",
    )
    queue = world.contract_reading.waiting(Page(50, None))
    assert [each["reseller_id"] for each in queue["items"]] == [US]
    assert queue["next_cursor"] == "next"


# ---- a statement by card


@pytest.fixture
def by_card(world):
    """An order of two names by card that lost one of them, and then was cancelled."""
    world.stores.contracts.create(a_card_contract(), "staff:fay.finance", "led_0")
    order_id = world.post(a_body("www.example.com", additional_domains=["1.example.com"])).head.order_id
    world.amend({"additional_domains": []}, order_id)
    world.cancel_order(a_principal(), a_call(), order_id, None)
    return world.contract_reading


def test_a_statement_by_card_tells_amounts(by_card):
    statement = by_card.ledger(US, "con_1", {})
    entries = [{**each, "entry_id": "led_1", "order_id": None} for each in statement["items"]]
    assert schemas.Ledger.model_validate({"items": entries, "next_cursor": None})
    told = [
        (each["kind"], each["units"], each["amount"]["amount"], each["balance"]["promised"]["amount"])
        for each in statement["items"][1:]
    ]
    assert told == [
        ("hold", 0, "198.00", "198.00"),
        ("release", 0, "49.00", "149.00"),
        ("release", 0, "149.00", "0.00"),
    ]
    assert statement["items"][0]["balance"] is None


def test_and_so_does_the_file(by_card):
    text, cursor = by_card.ledger_as_csv(US, "con_1", {})
    rows = list(csv.DictReader(StringIO(text, newline="")))
    assert [(row["kind"], row["amount"], row["promised"], row["owed"]) for row in rows] == [
        ("grant", "", "0.00", "0.00"),
        ("hold", "198.00", "198.00", "0.00"),
        ("release", "49.00", "149.00", "0.00"),
        ("release", "149.00", "0.00", "0.00"),
    ]
    assert cursor is None
    assert "left" not in rows[0]


def test_a_file_has_as_many_lines_as_were_asked_for_or_ten_thousand(world, by_card):
    asked = []
    entries = world.stores.contracts.entries
    world.stores.contracts.entries = lambda *where: asked.append(where[-1]) or entries(*where)
    text, cursor = by_card.ledger_as_csv(US, "con_1", {"limit": "2"})
    rest, end = by_card.ledger_as_csv(US, "con_1", {"cursor": cursor})
    assert asked == [2, LINES_OF_A_FILE]
    assert end is None
    whole, _ = by_card.ledger_as_csv(US, "con_1", {})
    assert text + rest.partition("\r\n")[2] == whole


@pytest.mark.parametrize("query", [{"cursor": "x"}, {"limit": "many"}, {"cursor": "☂"}])
def test_a_page_that_is_none_is_malformed(by_card, query):
    for read in (by_card.ledger, by_card.ledger_as_csv):
        with pytest.raises(Malformed):
            read(US, "con_1", query)

"""Counters are held against the ledger, as it is read while others write; what disagrees twice is told."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from partner_center.billing.contracts import EntryKind, LedgerEntry
from partner_center.billing.ledger_check import MOST_LINES, CheckLedger, lines_since, units_held
from partner_center.kernel.errors import TryAgain
from partner_center.kernel.ids import encode_time_ordered
from tests.fakes.determined import NOW
from tests.fakes.samples import ORDER, THEM, US, a_card_contract, a_contract

A_DAY = timedelta(days=1)


@dataclass
class Book:
    """`FindsContracts` and `Ledgers` of one contract; `meanwhile` happens after each reading of a ledger's page."""

    contract: object = field(default_factory=lambda: a_contract(10))
    lines: list = field(default_factory=list)
    meanwhile: list = field(default_factory=list)
    pages: list = field(default_factory=list)

    def __post_init__(self):
        self.write(EntryKind.GRANT, 10, "", NOW - A_DAY)

    def write(self, kind, units, order_id=ORDER, at=NOW):
        entry_id = f"led_{encode_time_ordered(int(at.timestamp() * 1000), len(self.lines) + 1)}"
        self.lines.append(LedgerEntry(entry_id, kind, units, order_id, "system", at))

    def move(self, left=0, held=0, used=0):
        contract = self.contract
        self.contract = replace(
            contract,
            units_left=contract.units_left + left,
            units_held=contract.units_held + held,
            units_used=contract.units_used + used,
        )

    def hold(self, units=1, order_id=ORDER):
        self.write(EntryKind.HOLD, units, order_id)
        self.move(left=-units, held=units)

    def find(self, reseller_id, contract_id):
        mine = (reseller_id, contract_id) == (US, "con_1")
        return self.contract if mine else None

    def entries(self, reseller_id, contract_id, after, limit):
        self.pages.append(after)
        found = sorted(
            (each for each in self.lines if after is None or each.entry_id > after), key=lambda e: e.entry_id
        )
        if self.meanwhile:
            self.meanwhile.pop(0)()
        return found[:limit], len(found) > limit


def check(book, reseller_id=US, contract_id="con_1"):
    return CheckLedger(book, book)(reseller_id, contract_id)


def test_a_contract_whose_counters_are_its_ledger_agrees():
    book = Book()
    book.hold(3)
    book.write(EntryKind.USE, 2)
    book.move(held=-2, used=2)
    book.write(EntryKind.RELEASE, 1)
    book.move(held=-1, left=1)
    assert check(book) is None


@pytest.mark.parametrize("moved", [{"left": -1}, {"held": 1}, {"used": 1}, {"left": -1, "held": 1}], ids=str)
def test_a_counter_that_no_line_proves_is_told_with_both_figures(moved):
    book = Book()
    book.move(**moved)
    found = check(book)
    assert found.proven == (10, 0, 0)
    assert found.counted == tuple(
        (10, 0, 0)[n] + moved.get(name, 0) for n, name in enumerate(("left", "held", "used"))
    )


def test_a_line_that_no_counter_knows_is_told():
    book = Book()
    book.write(EntryKind.HOLD, 2)
    assert (check(book).counted, check(book).proven) == ((10, 0, 0), (8, 2, 0))


def test_an_order_that_is_placed_between_the_two_readings_is_no_disagreement():
    book = Book()
    book.meanwhile = [lambda: None, book.hold]
    original = book.find

    def find(*ids):
        found = original(*ids)
        book.hold()
        book.find = original
        return found

    book.find = find
    assert check(book) is None


def test_a_contract_that_never_stands_still_is_compared_another_time():
    book = Book()
    book.move(left=-1)
    book.meanwhile = [lambda: book.move(left=-1)] * 5
    assert check(book) is None


@pytest.mark.parametrize(
    ("contract", "asked"),
    [(a_card_contract(), US), (a_contract(10), THEM)],
    ids=["on a card there are no units", "unknown"],
)
def test_what_has_no_units_of_ours_agrees(contract, asked):
    book = Book(replace(contract, units_left=5))
    assert check(book, asked) is None


def test_what_an_order_holds_is_read_from_its_placing_on():
    book = Book()
    book.hold(3)
    book.hold(2, "ord_2")
    book.write(EntryKind.RELEASE, 1)
    assert units_held(book, US, "con_1", ORDER, NOW + timedelta(hours=20)) == 2, "clocks differ"
    (first,) = book.pages
    assert first > book.lines[0].entry_id, "the lines of the days before are not read"
    assert units_held(book, US, "con_1", ORDER, NOW + 2 * A_DAY) == 0
    book.write(EntryKind.RELEASE, 3)
    assert units_held(book, US, "con_1", ORDER, NOW) == -1


def test_a_ledger_is_read_page_by_page_and_each_line_once():
    book = Book()
    for number in range(2500):
        book.hold(0, f"ord_{number}")
    assert len([*lines_since(book, US, "con_1", None)]) == 2501
    assert len(book.pages) == 3


def test_a_ledger_without_end_is_given_up():
    class Endless:
        def entries(self, reseller_id, contract_id, after, limit):
            entry = LedgerEntry("led_1", EntryKind.HOLD, 0, "", "system", NOW)
            return [entry] * limit, True

    with pytest.raises(TryAgain, match=str(MOST_LINES)):
        list(lines_since(Endless(), US, "con_1", None))
    assert units_held(Endless(), US, "con_1", ORDER, NOW) is None

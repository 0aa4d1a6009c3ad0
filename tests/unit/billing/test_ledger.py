"""The statement: each line's balance is the sum of the lines up to there, on whatever page it stands."""

from base64 import urlsafe_b64encode
from dataclasses import replace
from decimal import Decimal
from json import dumps

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partner_center.billing.contracts import EntryKind, LedgerEntry
from partner_center.billing.ledger import (
    Amounts,
    Balance,
    Bookmark,
    read_bookmark,
    shown_actor,
    statement,
)
from partner_center.kernel.errors import Malformed
from partner_center.kernel.money import Money
from tests.fakes.determined import NOW


def a_line(kind, units=0, amount=None, number=1, currency="USD"):
    money = Money.of(amount, currency) if amount else None
    return LedgerEntry(f"led_{number}", EntryKind(kind), units, "ord_1", "system", NOW, money)


def balances(*lines):
    return [line.balance for line in statement(lines, Balance())]


def units(*lines):
    return [(each.left, each.held, each.used) for each in balances(*lines)]


def amounts(*lines):
    last = balances(*lines)[-1].amounts["USD"]
    return tuple(str(each) for each in (last.promised, last.owed, last.paid, last.to_repay))


def test_units_move_as_each_kind_of_line_says():
    story = [("grant", 10), ("hold", 3), ("hold", 2), ("release", 2), ("use", 3), ("refund", 3)]
    assert units(*(a_line(*each) for each in story)) == [
        (10, 0, 0),
        (7, 3, 0),
        (5, 5, 0),
        (7, 3, 0),
        (7, 0, 3),
        (10, 0, 0),
    ]


STORIES = {
    "promised": ([("hold", "149.00")], ("149.00", "0.00", "0.00", "0.00")),
    "more promised": ([("hold", "149.00"), ("hold", "49.00")], ("198.00", "0.00", "0.00", "0.00")),
    "closed": ([("hold", "149.00"), ("release", "149.00")], ("0.00", "0.00", "0.00", "0.00")),
    "declined": (
        [("hold", "149.00"), ("authorise", "149.00"), ("decline", "149.00")],
        ("149.00", "0.00", "0.00", "0.00"),
    ),
    "issued and not charged": ([("hold", "149.00"), ("use", "149.00")], ("0.00", "149.00", "0.00", "0.00")),
    "paid": (
        [("hold", "149.00"), ("authorise", "149.00"), ("use", "149.00"), ("capture", "149.00")],
        ("0.00", "0.00", "149.00", "0.00"),
    ),
    "charged and not issued": (
        [("hold", "149.00"), ("capture", "149.00")],
        ("149.00", "0.00", "149.00", "149.00"),
    ),
    "to be given back": (
        [("hold", "149.00"), ("use", "149.00"), ("capture", "149.00"), ("refund", "149.00")],
        ("0.00", "0.00", "149.00", "149.00"),
    ),
    "given back": (
        [
            ("hold", "149.00"),
            ("use", "149.00"),
            ("capture", "149.00"),
            ("refund", "149.00"),
            ("repay", "149.00"),
        ],
        ("0.00", "0.00", "0.00", "0.00"),
    ),
    "given back, and come back to us": (
        [
            ("hold", "149.00"),
            ("use", "149.00"),
            ("capture", "149.00"),
            ("refund", "149.00"),
            ("repay", "149.00"),
            ("repay_failed", "149.00"),
        ],
        ("0.00", "0.00", "149.00", "149.00"),
    ),
    "revoked before it was taken": (
        [
            ("hold", "149.00"),
            ("authorise", "149.00"),
            ("use", "149.00"),
            ("refund", "149.00"),
            ("void", "149.00"),
        ],
        ("0.00", "0.00", "0.00", "0.00"),
    ),
    "taken by hand of an order that was closed, and given back": (
        [
            ("hold", "149.00"),
            ("authorise", "149.00"),
            ("release", "149.00"),
            ("capture", "149.00"),
            ("repay", "149.00"),
        ],
        ("0.00", "0.00", "0.00", "0.00"),
    ),
    "let go before it was issued": (
        [("hold", "149.00"), ("authorise", "149.00"), ("release", "149.00"), ("void", "149.00")],
        ("0.00", "0.00", "0.00", "0.00"),
    ),
}


@pytest.mark.parametrize(("story", "expected"), STORIES.values(), ids=STORIES.keys())
def test_amounts_move_as_each_kind_of_line_says(story, expected):
    assert amounts(*(a_line(kind, 0, amount) for kind, amount in story)) == expected


def test_currencies_are_never_added():
    last = balances(a_line("hold", amount="1.00"), a_line("hold", amount="2.00", currency="EUR"))[-1]
    assert {name: each.promised for name, each in last.amounts.items()} == {
        "USD": Decimal("1.00"),
        "EUR": Decimal("2.00"),
    }


lines = st.builds(
    a_line,
    kind=st.sampled_from(EntryKind),
    units=st.integers(0, 9),
    amount=st.sampled_from([None, "0.01", "149.00"]),
    number=st.integers(1, 99),
    currency=st.sampled_from(["USD", "EUR"]),
)


@given(st.lists(lines, max_size=12), st.integers(1, 5))
def test_pages_say_what_the_whole_says(several, size):
    """Each page begins from the cursor of the one before, and reads nothing of what came earlier."""
    found, before = [], Balance()
    for at in range(0, len(several), size):
        page = list(statement(several[at : at + size], before))
        found += page
        before = read_bookmark(Bookmark("led_1", page[-1].balance).cursor()).balance
    assert found == list(statement(several, Balance()))


@given(st.lists(lines, min_size=1, max_size=12))
def test_a_cursor_reads_back(several):
    bookmark = Bookmark(several[-1].entry_id, balances(*several)[-1])
    assert read_bookmark(bookmark.cursor()) == bookmark


GOOD = ["led_1", 1, 2, 3, {"USD": ["0.00", "0.00", "0.00", "0.00"]}]


def wrapped(told):
    return urlsafe_b64encode(dumps(told).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "told",
    [
        *([*GOOD[:0], *changed] for changed in ([], GOOD[:4], [*GOOD, 1])),
        {"a": 1},
        None,
        7,
        ["ord_1", *GOOD[1:]],
        ["led_1#", *GOOD[1:]],
        [f"led_{'a' * 200}", *GOOD[1:]],
        [1, *GOOD[1:]],
        ["led_1", "1", 2, 3, {}],
        ["led_1", True, 2, 3, {}],
        ["led_1", 1.5, 2, 3, {}],
        ["led_1", 10**30, 2, 3, {}],
        [*GOOD[:4], []],
        [*GOOD[:4], {"usd": GOOD[4]["USD"]}],
        [*GOOD[:4], {"USD": ["0.00"] * 3}],
        [*GOOD[:4], {"USD": ["0.00", "0.00", "0.00", 0]}],
        [*GOOD[:4], {"USD": ["0.00", "0.00", "0.00", "NaN"]}],
        [*GOOD[:4], {"USD": ["0.00", "0.00", "0.00", "1e9"]}],
        [*GOOD[:4], {"USD": "0000"}],
    ],
    ids=repr,
)
def test_a_cursor_that_somebody_made_up_is_malformed(told):
    assert read_bookmark(wrapped(GOOD))
    with pytest.raises(Malformed):
        read_bookmark(wrapped(told))


@pytest.mark.parametrize("cursor", ["", "nonsense", "☂", "=", "AAAA", "[" * 5000, "x" * 5000, "W10"])
def test_and_so_is_one_that_is_none(cursor):
    with pytest.raises(Malformed):
        read_bookmark(cursor)


@pytest.mark.parametrize(
    ("actor", "shown"),
    [
        ("key:key_1", "key:key_1"),
        ("system", "system"),
        ("staff:fay.finance", "staff"),
        ("staff", "staff"),
        ("seed", "seed"),
    ],
)
def test_which_person_of_the_staff_it_was_concerns_the_audit_alone(actor, shown):
    assert shown_actor(actor) == shown


def test_a_balance_is_a_value():
    before = Balance(amounts={"USD": Amounts()})
    before.after(a_line("hold", 1, "5.00"))
    assert before == Balance(amounts={"USD": Amounts()})
    assert replace(before, left=1) != before

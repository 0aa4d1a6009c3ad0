"""Money is decimal, has two decimals and one currency, and never passes through a float."""

from decimal import Decimal, InvalidOperation

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partner_center.kernel.money import Money

cents = st.integers(0, 10**12)


@pytest.mark.parametrize(
    ("text", "shown"),
    [("149.00", "149.00"), ("149", "149.00"), ("0", "0.00"), ("0.1", "0.10"), ("1e3", "1000.00")],
)
def test_an_amount_is_shown_with_two_decimals(text, shown):
    assert Money.of(text).as_json() == {"amount": shown, "currency": "USD"}


def test_the_currency_is_shown():
    assert Money.of("1", "EUR").as_json() == {"amount": "1.00", "currency": "EUR"}


@given(cents, cents)
def test_sums_are_exact(one, other):
    total = Money(Decimal(one) / 100, "USD") + Money(Decimal(other) / 100, "USD")
    assert total.amount * 100 == one + other


@given(cents, st.integers(0, 1000))
def test_a_multiple_is_that_many_additions(one, count):
    assert Money(Decimal(one) / 100, "USD").times(count).amount * 100 == one * count


def test_three_times_ten_cents_is_thirty_cents():
    assert Money.of("0.10").times(3) == Money.of("0.30")


def test_two_currencies_do_not_add_up():
    with pytest.raises(ValueError, match="cannot add EUR to USD"):
        Money.of("1") + Money.of("1", "EUR")


def test_equal_amounts_in_two_currencies_differ():
    assert Money.of("1") != Money.of("1", "EUR")


@pytest.mark.parametrize("text", ["", "free", "1,00", "$1", "Infinity"])
def test_what_is_no_amount_is_refused(text):
    with pytest.raises(InvalidOperation):
        Money.of(text)

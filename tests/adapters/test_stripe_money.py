"""Amounts in the smallest unit of their currency."""

import pytest

from partner_center.adapters.stripe_money import from_minor_units, minor_units
from partner_center.billing.payments import PaymentRefused
from partner_center.kernel.money import Money

AMOUNTS = [
    ("149.00", "USD", 14900),
    ("0.01", "EUR", 1),
    ("149.00", "JPY", 149),
    ("1000000.00", "KRW", 1_000_000),
    ("12.34", "KWD", 12340),
    ("15.00", "ISK", 1500),
    ("15.00", "UGX", 1500),
]


@pytest.mark.parametrize(("amount", "currency", "units"), AMOUNTS)
def test_an_amount_is_a_whole_number_and_comes_back(amount, currency, units):
    money = Money.of(amount, currency)
    assert minor_units(money) == units
    assert from_minor_units(units, currency.lower()) == money


@pytest.mark.parametrize(("amount", "currency"), [("0.00", "USD"), ("-1.00", "USD"), ("10.50", "JPY")])
def test_what_no_card_can_pay_is_refused(amount, currency):
    with pytest.raises(PaymentRefused):
        minor_units(Money.of(amount, currency))


@pytest.mark.parametrize("amount", [-1, "1", 1.5, None])
def test_what_is_no_number_of_coins_is_nonsense(amount):
    with pytest.raises(ValueError, match="amount"):
        from_minor_units(amount, "usd")

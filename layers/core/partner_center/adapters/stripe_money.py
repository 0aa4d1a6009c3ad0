"""Money as Stripe counts it: whole numbers of a currency's smallest unit (Stripe: "Currencies")."""

from decimal import Decimal

from partner_center.billing.payments import PaymentRefused
from partner_center.kernel.money import Money

# ISK and UGX have no smaller unit either, but Stripe counts them in hundredths.
_NONE = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"}
)
_THREE = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})


def minor_units(money: Money) -> int:
    """`149.00 USD` is 14900, `149.00 JPY` is 149. Raises PaymentRefused for what a currency has no coin for."""
    scaled = money.amount.scaleb(_decimals(money.currency))
    if scaled != scaled.to_integral_value() or scaled <= 0:
        raise PaymentRefused("amount_not_payable", f"{money.amount} {money.currency} cannot be paid by card.")
    return int(scaled)


def from_minor_units(amount: int, currency: str) -> Money:
    """The inverse; `currency` in Stripe's lower case. Raises ValueError for what is no number of coins."""
    if not isinstance(amount, int) or amount < 0:
        raise ValueError("no amount")
    code = currency.upper()
    return Money(Decimal(amount).scaleb(-_decimals(code)).quantize(Decimal("0.01")), code)


def _decimals(currency: str) -> int:
    if currency in _NONE:
        return 0
    return 3 if currency in _THREE else 2

"""Money: a decimal amount and its currency, never a float."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Money:
    """An amount without tax, with two decimals, in an ISO 4217 currency."""

    amount: Decimal
    currency: str

    @classmethod
    def of(cls, amount: str, currency: str = "USD") -> "Money":
        return cls(Decimal(amount).quantize(Decimal("0.01")), currency)

    def __add__(self, other: "Money") -> "Money":
        if other.currency != self.currency:
            raise ValueError(f"cannot add {other.currency} to {self.currency}")
        return Money(self.amount + other.amount, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return self + other.times(-1)

    def times(self, count: int) -> "Money":
        return Money(self.amount * count, self.currency)

    def as_json(self) -> dict[str, str]:
        return {"amount": f"{self.amount:.2f}", "currency": self.currency}

"""Resellers, as others see them."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Reseller:
    """The name that approvers and customers read, and whom they may ask; and who is told of contracts."""

    reseller_id: str
    name: str
    support_email: str
    billing_email: str | None = None

    @property
    def billing_contact(self) -> str:
        return self.billing_email or self.support_email


class Resellers(Protocol):
    """Looks resellers up."""

    def reseller(self, reseller_id: str) -> Reseller | None: ...

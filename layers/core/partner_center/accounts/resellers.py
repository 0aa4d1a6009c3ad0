"""Resellers, as others see them."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Reseller:
    """The name that approvers and customers read, and whom they may ask."""

    reseller_id: str
    name: str
    support_email: str


class Resellers(Protocol):
    """Looks resellers up."""

    def reseller(self, reseller_id: str) -> Reseller | None: ...

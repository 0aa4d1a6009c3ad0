"""Resellers, as others see them, and how they want to be reminded."""

from dataclasses import dataclass
from typing import Protocol
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class ReminderPreferences:
    """What a reseller chose about reminders.

    `days` are the days before an end on which to remind, in place of the usual ones; None: the usual ones.
    `digest_email` gets the daily digest, or else the support address. `mute_contacts`: the contacts of its orders get
    no mail, the digest stays. `link` is the address of an order at the reseller's own site, with `{order_id}` and
    `{partner_order_id}` where these belong.
    """

    days: tuple[int, ...] | None = None
    digest_email: str | None = None
    mute_contacts: bool = False
    link: str | None = None

    def __post_init__(self) -> None:
        if self.days is not None and not all(0 <= each <= 90 for each in self.days):
            raise ValueError("reminders come 0 to 90 days before an end")
        if self.link is not None and not self.link.startswith("https://"):
            raise ValueError("a link to an order begins with https://")

    def link_to(self, order_id: str, partner_order_id: str | None) -> str | None:
        """Where the reseller shows this order; None where its own number is needed and there is none."""
        if self.link is None or (partner_order_id is None and "{partner_order_id}" in self.link):
            return None
        link = self.link.replace("{order_id}", quote(order_id, safe=""))
        return link.replace("{partner_order_id}", quote(partner_order_id or "", safe=""))


@dataclass(frozen=True, slots=True)
class Reseller:
    """The name that approvers and customers read, and whom they may ask; and who is told of contracts."""

    reseller_id: str
    name: str
    support_email: str
    billing_email: str | None = None
    reminders: ReminderPreferences = ReminderPreferences()

    @property
    def billing_contact(self) -> str:
        return self.billing_email or self.support_email

    @property
    def digest_email(self) -> str:
        return self.reminders.digest_email or self.support_email


class Resellers(Protocol):
    """Looks resellers up."""

    def reseller(self, reseller_id: str) -> Reseller | None: ...

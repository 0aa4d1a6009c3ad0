"""The reseller's own account, as answered."""

from partner_center.entry.schemas.shared import Shape


class Reminding(Shape):
    """How the reseller is reminded of what ends."""

    days: list[int] | None
    """Days before an end; null: as usual (90, 60, 30, 14, 7, 3, 1 and on the day; fewer for short certificates)."""
    digest_email: str
    """Gets the daily digest."""
    mute_contacts: bool
    """Whether the contacts of orders are left alone."""
    link: str | None
    """The address of an order at the reseller's own site, with {order_id} or {partner_order_id}."""


class Account(Shape):
    """The reseller, as others see it. Names and contacts are changed by support."""

    reseller_id: str
    name: str
    support_email: str
    """Whom approvers and customers may ask."""
    billing_email: str
    """Who is told of contracts."""
    reminders: Reminding

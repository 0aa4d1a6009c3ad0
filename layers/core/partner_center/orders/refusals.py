"""Refusals that both the gate and the store make, in the same words."""

from partner_center.kernel.errors import Problem


def duplicate_partner_order(order_id: str | None) -> Problem:
    """The reseller's own number is taken, and by which order."""
    return Problem(
        "duplicate_partner_order_id",
        "Another order of yours bears this number; look at that order, or choose another number.",
        "/partner_order_id",
        order_id=order_id,
    )

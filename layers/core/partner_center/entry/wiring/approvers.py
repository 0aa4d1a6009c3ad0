"""Who may approve, wired."""

from functools import cache

from partner_center.entry.wiring.base import clock
from partner_center.entry.wiring.everywhere import published_contacts
from partner_center.entry.wiring.orders import order_store
from partner_center.entry.wiring.validation import challenge_store
from partner_center.validation.published_contacts import ReadApprovers


@cache
def read_approvers() -> ReadApprovers:
    return ReadApprovers(order_store(), challenge_store(), published_contacts(), clock())

"""The queue of issued successors, and every few minutes what is due: what they took the place of is revoked."""

from partner_center.entry.superseding import superseding_handler
from partner_center.entry.wiring.superseding import revoke_superseded

handler = superseding_handler(revoke_superseded)

"""Queue: keys that became known are revoked with their certificates, and orders with theirs."""

from partner_center.entry.queues import queue_handler
from partner_center.entry.wiring.revoking import finish_revocation

handler = queue_handler(finish_revocation)

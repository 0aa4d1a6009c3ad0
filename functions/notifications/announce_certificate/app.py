"""The queue of issued orders: the technical contact gets the certificate."""

from partner_center.entry.queues import queue_handler
from partner_center.entry.wiring.announcing import announce_certificate

handler = queue_handler(announce_certificate)

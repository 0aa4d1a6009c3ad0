"""The queue of held-back orders: who the CAA records name for it hears of what they refused."""

from partner_center.entry.queues import queue_handler
from partner_center.entry.wiring.refusals import report_caa_refusals

handler = queue_handler(report_caa_refusals)

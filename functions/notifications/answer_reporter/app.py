"""The queue of problem reports: whoever reported is told what became of it."""

from partner_center.entry.queues import queue_handler
from partner_center.entry.wiring.answering_reporters import answer_reporter

handler = queue_handler(answer_reporter)

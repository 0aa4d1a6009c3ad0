"""Reports of exposed keys, wired: all that a function behind a reseller's key may do about one."""

from functools import cache

from partner_center.adapters.exposed_key_queue import ExposedKeyQueue
from partner_center.entry.wiring.base import client, settings
from partner_center.orders.exposed_keys import ReportExposed


@cache
def report_exposed() -> ReportExposed:
    return ReportExposed(ExposedKeyQueue(lambda: client("sqs"), settings().exposed_keys_queue))

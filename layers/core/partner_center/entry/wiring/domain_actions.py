"""What a reseller may set in motion for its domains, wired."""

from functools import cache

from partner_center.adapters.check_times import CheckTimes
from partner_center.entry.wiring.base import clock, database, ids, patience, settings
from partner_center.entry.wiring.call_guards import call_guards
from partner_center.entry.wiring.machine import wait_store
from partner_center.entry.wiring.orders import order_store
from partner_center.entry.wiring.suppressions import suppressions
from partner_center.entry.wiring.validation import challenge_store
from partner_center.entry.wiring.validation_functions import validation_functions
from partner_center.orders.domain_actions import RequestCheck, Resend


@cache
def request_check() -> RequestCheck:
    return RequestCheck(
        order_store(),
        challenge_store(),
        wait_store(),
        validation_functions(),
        CheckTimes(database(), settings().tables.business),
        call_guards(),
        clock(),
        ids(),
        patience(),
    )


@cache
def resend() -> Resend:
    return Resend(
        order_store(), challenge_store(), suppressions(), validation_functions(), call_guards(), clock()
    )

"""Reading orders, wired."""

from functools import cache

from partner_center.adapters.caa_findings import DynamoDbCaaFindings
from partner_center.entry.wiring.base import clock, database, settings
from partner_center.entry.wiring.certificates import certificate_store
from partner_center.entry.wiring.orders import order_store
from partner_center.entry.wiring.paying_cards import card_of
from partner_center.entry.wiring.publishing import publishing
from partner_center.entry.wiring.suppressions import suppressions
from partner_center.entry.wiring.validation import challenge_store
from partner_center.orders.reading import OrderReading


@cache
def order_reading() -> OrderReading:
    findings = DynamoDbCaaFindings(database(), settings().tables.validation)
    return OrderReading(
        order_store(),
        order_store(),
        challenge_store(),
        certificate_store(),
        findings,
        publishing(),
        suppressions(),
        clock(),
        card_of,
    )

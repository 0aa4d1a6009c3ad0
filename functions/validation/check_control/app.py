"""Internal: looks at what is published for an order's domains, from every perspective."""

from partner_center.entry.invocation import Invocation, invocation_handler
from partner_center.entry.looks import look
from partner_center.entry.wiring.checking import check_control


def run(asked: Invocation) -> None:
    look(check, asked)


def check(asked: Invocation) -> None:
    check_control()(asked.reseller_id, asked.order_id, asked.invocation_id, asked.names, asked.seconds)


handler = invocation_handler(run)

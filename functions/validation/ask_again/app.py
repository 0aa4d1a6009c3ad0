"""Internal: mails approvers or instructions once more."""

from partner_center.entry.invocation import Invocation, invocation_handler
from partner_center.entry.wiring.authentication import ask_again


def run(asked: Invocation) -> None:
    ask_again()(asked.reseller_id, asked.order_id, asked.names or ())


handler = invocation_handler(run)

"""Every quarter of an hour: claims what is to be told of contracts and queues its mails."""

from partner_center.entry.telling import telling_handler
from partner_center.entry.wiring.telling_contracts import notify_contracts

handler = telling_handler(notify_contracts)

"""Queue of exposed keys: each is blocked, and its certificates are named for revocation."""

from partner_center.adapters.exposed_key_queue import exposed_key
from partner_center.entry.queues import message_handler
from partner_center.entry.wiring.blocking import block_exposed_key

handler = message_handler(lambda message: block_exposed_key()(exposed_key(message)))

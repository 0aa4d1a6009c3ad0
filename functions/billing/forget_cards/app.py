"""Every day: the gateway forgets the cards that no order can need any more."""

from partner_center.entry.forgetting import forgetting_handler
from partner_center.entry.wiring.forgetting_cards import forget_cards

handler = forgetting_handler(forget_cards)

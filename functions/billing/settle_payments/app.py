"""The queue of payments to settle, and every minute those that are due: takes, lets go, gives back."""

from partner_center.entry.settling import settling_handler
from partner_center.entry.wiring.payments import due_settlements, settle_payment

handler = settling_handler(settle_payment, due_settlements)

"""Executions that ended in trouble, and every five minutes the orders that are due: compares and repairs."""

from partner_center.entry.reconciling import reconciling_handler
from partner_center.entry.wiring.reconciling import reconciler

handler = reconciling_handler(reconciler)

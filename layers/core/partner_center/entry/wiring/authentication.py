"""Opening a validation and waiting for it, wired."""

from functools import cache

from partner_center.adapters.kms_vault import KmsVault
from partner_center.entry.wiring.base import client, clock, ids, settings
from partner_center.entry.wiring.machine import machine, wait_store
from partner_center.entry.wiring.mail import approver_mailer
from partner_center.entry.wiring.orders import order_store
from partner_center.entry.wiring.validation import challenge_store
from partner_center.orders.fulfil import AwaitDomains
from partner_center.validation.authenticate import OpenValidation


@cache
def await_domains() -> AwaitDomains:
    vault = KmsVault(client("kms"), settings().vault_key_id)
    validation = OpenValidation(challenge_store(), vault, approver_mailer(), clock(), ids())
    return AwaitDomains(order_store(), challenge_store(), validation, wait_store(), machine(), clock())

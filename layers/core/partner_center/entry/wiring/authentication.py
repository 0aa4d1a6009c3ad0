"""Opening a validation and waiting for it, wired."""

from functools import cache

from partner_center.adapters.kms_vault import KmsVault
from partner_center.entry.wiring.base import client, clock, ids, settings
from partner_center.entry.wiring.everywhere import everywhere
from partner_center.entry.wiring.machine import machine, wait_store
from partner_center.entry.wiring.mail import domain_mailer
from partner_center.entry.wiring.orders import order_store
from partner_center.entry.wiring.validation import challenge_store
from partner_center.orders.fulfil import AwaitDomains
from partner_center.validation.ask_again import AskAgain
from partner_center.validation.authenticate import OpenValidation
from partner_center.validation.contact_check import CheckContact


@cache
def open_validation() -> OpenValidation:
    vault = KmsVault(client("kms"), settings().vault_key_id)
    check_contact = CheckContact(challenge_store(), everywhere(), clock(), ids())
    return OpenValidation(challenge_store(), vault, domain_mailer(), check_contact, clock(), ids())


@cache
def await_domains() -> AwaitDomains:
    return AwaitDomains(order_store(), challenge_store(), open_validation(), wait_store(), machine(), clock())


@cache
def ask_again() -> AskAgain:
    return AskAgain(order_store(), open_validation())

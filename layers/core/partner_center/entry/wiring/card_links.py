"""Links to the card form, wired for the function that makes them."""

from functools import cache

from partner_center.adapters.kms_vault import KmsVault
from partner_center.adapters.stripe_cards import StripeCards
from partner_center.billing.card_links import MakeCardLink
from partner_center.entry.wiring.access import access
from partner_center.entry.wiring.base import client, clock, ids, settings
from partner_center.entry.wiring.card_shelf import card_shelf
from partner_center.entry.wiring.gateway import stripe_http


@cache
def make_card_link() -> MakeCardLink:
    vault = KmsVault(client("kms"), settings().vault_key_id, "card_link")
    return MakeCardLink(card_shelf(), StripeCards(stripe_http()), access(), vault, clock(), ids())

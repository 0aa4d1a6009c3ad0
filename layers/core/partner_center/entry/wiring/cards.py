"""The card form's page, wired."""

from functools import cache

from partner_center.adapters.stripe_cards import StripeCards
from partner_center.billing.add_card import CardPage
from partner_center.entry.card_pages import Gateway
from partner_center.entry.wiring.access import access
from partner_center.entry.wiring.base import clock, ids, settings
from partner_center.entry.wiring.card_shelf import card_shelf
from partner_center.entry.wiring.contracts import contract_store
from partner_center.entry.wiring.gateway import stripe_http


@cache
def card_page() -> CardPage:
    return CardPage(card_shelf(), StripeCards(stripe_http()), contract_store(), access(), clock(), ids())


def gateway_for_pages() -> Gateway:
    known = settings()
    return Gateway(known.payment_script, known.payment_api, known.payment_publishable_key)

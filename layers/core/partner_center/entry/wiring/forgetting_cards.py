"""The end of cards, wired."""

from functools import cache

from partner_center.adapters.stripe_cards import StripeCards
from partner_center.billing.payment_method import ForgetCards
from partner_center.entry.wiring.base import clock
from partner_center.entry.wiring.card_shelf import card_shelf
from partner_center.entry.wiring.gateway import stripe_http


@cache
def forget_cards() -> ForgetCards:
    return ForgetCards(card_shelf(), StripeCards(stripe_http()), clock())

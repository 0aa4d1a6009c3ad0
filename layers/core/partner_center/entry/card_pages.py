"""The pages of the card form as values: what a browser gets, decided without knowing any framework.

The card's number is typed into a field that the payment gateway's script makes, in a frame of its own origin. This
page alone admits that script and those frames; what it posts to us is the id of the gateway's form.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from urllib.parse import urlsplit

from partner_center.billing.cards import WhyEnded
from partner_center.billing.payments import Card
from partner_center.entry.page import PAGE_TEMPLATES, Page, made_page, source_of
from partner_center.notifications.render import render

_MORE_FRAMES = {"https://js.stripe.com": ("https://*.js.stripe.com", "https://hooks.stripe.com")}
"""Where Stripe's script puts its fields, and the bank's question to the holder."""


@dataclass(frozen=True, slots=True)
class Gateway:
    """What the page loads and speaks to: the gateway's script, its API, and the key by which it knows us."""

    script: str
    api: str
    publishable_key: str


@dataclass(frozen=True, slots=True)
class CardFormView:
    """Who is given a card, and what the gateway's script needs; `client_secret` is good for this form alone."""

    reseller_name: str
    client_secret: str
    setup_id: str
    expires_at: datetime


def card_form_page(view: CardFormView, gateway: Gateway, *, not_taken: bool = False) -> Page:
    """200: the form; 422 with it once more, when the card was not taken."""
    return made_page(
        422 if not_taken else 200,
        "card.html.j2",
        admits=_admits(gateway),
        script=_script(),
        gateway_script=gateway.script,
        publishable_key=gateway.publishable_key,
        not_taken=not_taken,
        reseller_name=view.reseller_name,
        client_secret=view.client_secret,
        setup_id=view.setup_id,
        expires_at=view.expires_at,
    )


def card_added_page(card: Card, reseller_name: str, contract_id: str, *, opened: bool) -> Page:
    """200: what was kept of the card, what it is used for, and until when."""
    return made_page(
        200,
        "card_added.html.j2",
        brand=card.brand.replace("_", " ").title(),
        last4=card.last4,
        exp_month=card.exp_month,
        exp_year=card.exp_year,
        usable_until=card.usable_until,
        reseller_name=reseller_name,
        contract_id=contract_id,
        opened=opened,
    )


def card_link_ended_page(why: WhyEnded) -> Page:
    """410: why the link shows no form any more."""
    return made_page(410, "card_ended.html.j2", why=why.value)


def card_link_unknown_page() -> Page:
    """404: no such link."""
    return made_page(404, "card_unknown.html.j2")


def card_busy_page(retry_after: int) -> Page:
    """503: nothing was recorded; the link is as it was."""
    return made_page(503, "card_busy.html.j2", {"Retry-After": str(retry_after)}, retry_after=retry_after)


def card_crowded_page(retry_after: int) -> Page:
    """429: too many requests came from the visitor's address."""
    return made_page(429, "card_crowded.html.j2", {"Retry-After": str(retry_after)}, retry_after=retry_after)


def _admits(gateway: Gateway) -> tuple[str, ...]:
    script, api = _origin(gateway.script), _origin(gateway.api)
    return (
        f"script-src {source_of(_script())} {script}",
        f"frame-src {' '.join((script, *_MORE_FRAMES.get(script, ())))}",
        f"connect-src {api}",
    )


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


@cache
def _script() -> str:
    return render(PAGE_TEMPLATES, "card.js.txt.j2")

"""Between the card form's use case and its pages."""

from urllib.parse import parse_qs

from aws_lambda_powertools import Logger

from partner_center.accounts.quota import QuotaUsedUp
from partner_center.billing.add_card import OpenForm
from partner_center.billing.cards import CardNotTaken, LinkEnded
from partner_center.entry.api import Answer, Request
from partner_center.entry.card_pages import (
    CardFormView,
    Gateway,
    card_added_page,
    card_busy_page,
    card_crowded_page,
    card_form_page,
    card_link_ended_page,
    card_link_unknown_page,
)
from partner_center.entry.page import Page
from partner_center.entry.wiring.cards import card_page, gateway_for_pages
from partner_center.kernel.errors import NotFound, TryAgain

_LONGEST_FORM = 1024


def show(token: str) -> Answer:
    """The form behind a link; looking changes nothing."""
    try:
        return _answer(_form(card_page().look(token)))
    except (NotFound, LinkEnded, TryAgain) as trouble:
        return _answer(_instead(trouble))


def add(token: str, request: Request) -> Answer:
    """The form's POST names the gateway's form; what the card is, the gateway is asked."""
    try:
        opened = card_page().look(token)
        try:
            added = card_page().add(token, _setup_id(request), request.address, request.request_id)
        except CardNotTaken as refused:
            Logger().info("a card was not taken", reason=refused.detail)
            return _answer(_form(opened, not_taken=True))
        page = card_added_page(
            added.card, opened.reseller_name, added.contract.contract_id, opened=added.opened
        )
        return _answer(page)
    except (NotFound, LinkEnded, TryAgain) as trouble:
        return _answer(_instead(trouble))


def crowded(used_up: QuotaUsedUp) -> Answer:
    """The page for whoever comes from an address of which too many requests came."""
    return _answer(card_crowded_page(used_up.retry_after))


def _form(opened: OpenForm, *, not_taken: bool = False) -> Page:
    view = CardFormView(
        reseller_name=opened.reseller_name,
        client_secret=opened.client_secret,
        setup_id=opened.link.setup_id,
        expires_at=opened.link.expires_at,
    )
    gateway: Gateway = gateway_for_pages()
    return card_form_page(view, gateway, not_taken=not_taken)


def _instead(trouble: NotFound | LinkEnded | TryAgain) -> Page:
    if isinstance(trouble, NotFound):
        return card_link_unknown_page()
    if isinstance(trouble, LinkEnded):
        return card_link_ended_page(trouble.why)
    Logger().warning("the card form is not to be had", reason=trouble.detail)
    return card_busy_page(trouble.retry_after)


def _setup_id(request: Request) -> str:
    """The id in the form; empty for anything that is not the page's own form."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/x-www-form-urlencoded" or len(request.raw_body) > _LONGEST_FORM:
        return ""
    try:
        values = parse_qs(request.raw_body.decode("ascii"), strict_parsing=True).get("setup_intent", [""])
    except ValueError:
        return ""
    return values[0] if len(values) == 1 else ""


def _answer(page: Page) -> Answer:
    headers = {name: value for name, value in page.headers.items() if name.lower() != "content-type"}
    return Answer(page.status, page.html, headers, page.headers["Content-Type"])

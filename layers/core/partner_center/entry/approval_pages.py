"""Between the approval link's use case and its pages."""

from urllib.parse import parse_qs

from partner_center.accounts.quota import QuotaUsedUp
from partner_center.catalog.products import load_catalog
from partner_center.entry.api import Answer, Request
from partner_center.entry.page import Page
from partner_center.entry.pages import (
    ApprovalView,
    approval_page,
    approval_recorded_page,
    bad_form_page,
    busy_page,
    crowded_page,
    link_gone_page,
    link_unknown_page,
)
from partner_center.entry.wiring.access import access
from partner_center.entry.wiring.validation import approvals
from partner_center.kernel.errors import NotFound, TryAgain
from partner_center.kernel.ids import order_of
from partner_center.validation.approve import ApprovalClosed, OpenApproval
from partner_center.validation.challenges import Decision, would_serve_until
from partner_center.validation.standing import answerable_until

_LONGEST_FORM = 1024


def show(token: str) -> Answer:
    """The page behind a link; looking changes nothing, so a mail scanner may."""
    try:
        return _answer(approval_page(_view(approvals().look(token))))
    except NotFound:
        return _answer(link_unknown_page())
    except ApprovalClosed as closed:
        return _answer(link_gone_page(closed.why))
    except TryAgain as error:
        return _answer(busy_page(error.retry_after))


def decide(token: str, request: Request) -> Answer:
    """The answer in the form; anything but the form's two values changes nothing."""
    decision = _decision(request)
    try:
        asked = approvals().look(token)
        if decision is None:
            return _answer(bad_form_page())
        view = _view(asked)  # first: a page that cannot be made must not hide an answer that was recorded
        approvals().decide(token, decision, request.address, request.request_id)
        return _answer(approval_recorded_page(view, decision))
    except NotFound:
        return _answer(link_unknown_page())
    except ApprovalClosed as closed:
        return _answer(link_gone_page(closed.why))
    except TryAgain as error:
        return _answer(busy_page(error.retry_after))


def crowded(used_up: QuotaUsedUp) -> Answer:
    """The page for whoever comes from an address of which too many requests came."""
    return _answer(crowded_page(used_up.retry_after))


def _decision(request: Request) -> Decision | None:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/x-www-form-urlencoded" or len(request.raw_body) > _LONGEST_FORM:
        return None
    try:
        (value,) = parse_qs(request.raw_body.decode("ascii"), strict_parsing=True).get("decision", [""])
        return Decision(value)
    except ValueError:
        return None


def _view(asked: OpenApproval) -> ApprovalView:
    challenge, order = asked.challenge, asked.order
    reseller = access().reseller(challenge.reseller_id)
    product = load_catalog().product(order.head.product)
    if reseller is None or product is None:
        raise TryAgain("The request behind this link cannot be read at the moment.")
    contact = order.content.contacts.technical
    return ApprovalView(
        names=challenge.names,
        authorization_domain=challenge.authorization_domain,
        organization=order.content.organization.name if order.content.organization else None,
        product_name=product.name,
        brand=load_catalog().brand(product.brand).name,
        level=product.level,
        reseller_name=reseller.name,
        requester_name=f"{contact.first_name} {contact.last_name}",
        requester_email=contact.email,
        approver_email=challenge.approver_email,
        order_id=order_of(order.head.order_id),
        ordered_at=order.head.placed_at,
        serves_until=would_serve_until(challenge),
        expires_at=answerable_until(challenge, order),
    )


def _answer(page: Page) -> Answer:
    headers = {name: value for name, value in page.headers.items() if name.lower() != "content-type"}
    return Answer(page.status, page.html, headers, page.headers["Content-Type"])

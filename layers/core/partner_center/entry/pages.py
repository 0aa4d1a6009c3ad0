"""The public pages of domain approval as values: what a browser gets, decided without knowing any framework."""

from dataclasses import asdict, dataclass
from datetime import datetime

from partner_center.entry.page import Page, made_page
from partner_center.validation.approve import WhyClosed
from partner_center.validation.challenges import Decision


@dataclass(frozen=True, slots=True)
class ApprovalView:
    """What an approver sees of a request.

    `names` are those that this approval is asked for, as A-labels; `level` is DV, OV or EV. `serves_until` is how
    long it counts for the domain, for what else the same customer orders. Text that the reseller or
    the requester chose is shown as text, whatever it holds.
    """

    names: tuple[str, ...]
    authorization_domain: str
    organization: str | None
    product_name: str
    brand: str
    level: str
    reseller_name: str
    requester_name: str
    requester_email: str
    approver_email: str
    order_id: str
    ordered_at: datetime
    serves_until: datetime
    expires_at: datetime


def approval_page(view: ApprovalView) -> Page:
    """200: the request and the form with both buttons. Showing it changes nothing (mail scanners follow links)."""
    return made_page(200, "approval.html.j2", **asdict(view))


def approval_recorded_page(view: ApprovalView, decision: Decision) -> Page:
    """200: the answer was taken, what it was, and what follows from it."""
    return made_page(200, "recorded.html.j2", approved=decision is Decision.APPROVE, **asdict(view))


def link_gone_page(reason: WhyClosed) -> Page:
    """410: why the link ended, and nothing of the request behind it."""
    return made_page(410, "gone.html.j2", reason=reason.value)


def link_unknown_page() -> Page:
    """404: no such link."""
    return made_page(404, "unknown.html.j2")


def bad_form_page() -> Page:
    """400: a POST without one of the two decisions; nothing was recorded."""
    return made_page(400, "bad_form.html.j2")


def crowded_page(retry_after: int) -> Page:
    """429: too many requests came from the visitor's address; nothing was recorded, and `retry_after` as for busy."""
    return made_page(429, "crowded.html.j2", {"Retry-After": str(retry_after)}, retry_after=retry_after)


def busy_page(retry_after: int) -> Page:
    """503: nothing was recorded and the same answer may be given again after `retry_after` seconds."""
    return made_page(503, "busy.html.j2", {"Retry-After": str(retry_after)}, retry_after=retry_after)

"""The public pages of domain approval as values: what a browser gets, decided without knowing any framework."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path

from partner_center.notifications.render import render
from partner_center.validation.approve import WhyClosed
from partner_center.validation.challenges import Decision

PAGE_TEMPLATES = Path(__file__).parent / "page_templates"


@dataclass(frozen=True, slots=True)
class Page:
    """An answer for a browser; `headers` has one value per name and includes Content-Type."""

    status: int
    html: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ApprovalView:
    """What an approver sees of a request.

    `names` are those that this approval covers, as A-labels; `level` is DV, OV or EV. Text that the reseller or
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
    expires_at: datetime


def approval_page(view: ApprovalView) -> Page:
    """200: the request and the form with both buttons. Showing it changes nothing (mail scanners follow links)."""
    return _page(200, "approval.html.j2", **asdict(view))


def approval_recorded_page(view: ApprovalView, decision: Decision) -> Page:
    """200: the answer was taken, what it was, and what follows from it."""
    return _page(200, "recorded.html.j2", approved=decision is Decision.APPROVE, **asdict(view))


def link_gone_page(reason: WhyClosed) -> Page:
    """410: why the link ended, and nothing of the request behind it."""
    return _page(410, "gone.html.j2", reason=reason.value)


def link_unknown_page() -> Page:
    """404: no such link."""
    return _page(404, "unknown.html.j2")


def bad_form_page() -> Page:
    """400: a POST without one of the two decisions; nothing was recorded."""
    return _page(400, "bad_form.html.j2")


def crowded_page(retry_after: int) -> Page:
    """429: too many requests came from the visitor's address; nothing was recorded, and `retry_after` as for busy."""
    return _page(429, "crowded.html.j2", {"Retry-After": str(retry_after)}, retry_after=retry_after)


def busy_page(retry_after: int) -> Page:
    """503: nothing was recorded and the same answer may be given again after `retry_after` seconds."""
    return _page(503, "busy.html.j2", {"Retry-After": str(retry_after)}, retry_after=retry_after)


def _page(status: int, template: str, more: Mapping[str, str] | None = None, **facts: object) -> Page:
    style = _style()
    html = render(PAGE_TEMPLATES, template, style=style, **facts)
    return Page(status, html, _headers(style) | dict(more or {}))


@cache
def _style() -> str:
    return render(PAGE_TEMPLATES, "style.css.txt.j2")


def _headers(style: str) -> dict[str, str]:
    # The page has one style element and nothing else to load or run: its hash is all that the policy admits.
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode("ascii")
    policy = (
        "default-src 'none'",
        f"style-src 'sha256-{digest}'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
    return {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": "; ".join(policy),
        "Referrer-Policy": "no-referrer",  # the address of the page is the secret
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "X-Robots-Tag": "noindex, nofollow",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }

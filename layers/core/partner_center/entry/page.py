"""A page as a value: HTML from a template, and the policy that admits what stands in it and nothing else."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from partner_center.notifications.render import render

PAGE_TEMPLATES = Path(__file__).parent / "page_templates"


@dataclass(frozen=True, slots=True)
class Page:
    """An answer for a browser; `headers` has one value per name and includes Content-Type."""

    status: int
    html: str
    headers: Mapping[str, str] = field(default_factory=dict)


def made_page(
    status: int,
    template: str,
    more: Mapping[str, str] | None = None,
    admits: Sequence[str] = (),
    **facts: object,
) -> Page:
    """A page with its style element; `admits` are directives of its policy for whatever else it loads or runs."""
    style = _style()
    html = render(PAGE_TEMPLATES, template, style=style, **facts)
    return Page(status, html, _headers(style, admits) | dict(more or {}))


def source_of(text: str) -> str:
    """The text of a style or script element as a source of the policy: its hash."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}'"


@cache
def _style() -> str:
    return render(PAGE_TEMPLATES, "style.css.txt.j2")


def _headers(style: str, admits: Sequence[str]) -> dict[str, str]:
    policy = (
        "default-src 'none'",
        f"style-src {source_of(style)}",
        *admits,
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

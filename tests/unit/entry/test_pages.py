import base64
import hashlib
import re
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

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
from partner_center.validation.approve import WhyClosed
from partner_center.validation.challenges import Decision
from tests.unit.notifications.facts import HOSTILE, NOON, Elements

VIEW = ApprovalView(
    names=("www.example.com", "*.shop.example.com", "xn--bcher-kva.example.com"),
    authorization_domain="example.com",
    organization="Örebro Handel & Söner AB",
    product_name="QuickSSL Premium",
    brand="GeoTrust",
    level="OV",
    reseller_name="Nordic Hosting AB",
    requester_name="Åsa Lindqvist",
    requester_email="asa@example.com",
    approver_email="admin@example.com",
    order_id="ord_01kapm3y8qv5d8r2x7c4n9b1zt",
    ordered_at=NOON,
    serves_until=NOON + timedelta(days=200),
    expires_at=NOON + timedelta(days=30),
)
PAGES = {
    "approval": approval_page(VIEW),
    "approved": approval_recorded_page(VIEW, Decision.APPROVE),
    "declined": approval_recorded_page(VIEW, Decision.DECLINE),
    "used": link_gone_page(WhyClosed.USED),
    "expired": link_gone_page(WhyClosed.EXPIRED),
    "cancelled": link_gone_page(WhyClosed.CANCELLED),
    "method ended": link_gone_page(WhyClosed.METHOD_ENDED),
    "too late": link_gone_page(WhyClosed.TOO_LATE),
    "unknown": link_unknown_page(),
    "bad form": bad_form_page(),
    "busy": busy_page(7),
    "crowded": crowded_page(12),
}
FREE_TEXT = (
    "organization", "product_name", "brand", "level", "reseller_name", "requester_name", "requester_email",
    "approver_email", "authorization_domain", "order_id",
)  # fmt: skip
every_page = pytest.mark.parametrize("page", PAGES.values(), ids=PAGES.keys())


def test_each_outcome_has_its_status():
    assert {name: page.status for name, page in PAGES.items()} == {
        "approval": 200,
        "approved": 200,
        "declined": 200,
        "used": 410,
        "expired": 410,
        "cancelled": 410,
        "method ended": 410,
        "too late": 410,
        "unknown": 404,
        "bad form": 400,
        "busy": 503,
        "crowded": 429,
    }


@every_page
def test_the_policy_admits_this_style_and_nothing_else(page):
    directives = dict(
        part.strip().split(" ", 1) for part in page.headers["Content-Security-Policy"].split(";")
    )
    (style,) = re.findall(r"<style>(.*?)</style>", page.html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert directives == {
        "default-src": "'none'",
        "style-src": f"'sha256-{digest}'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
    }
    assert " style=" not in page.html


@every_page
def test_the_secret_address_stays_in_this_tab(page):
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["X-Robots-Tag"].startswith("noindex")
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"


@every_page
def test_a_page_leads_and_loads_nowhere(page):
    elements = Elements(page.html)
    assert elements.leads == []
    assert not {"script", "img", "link", "iframe", "a", "object"} & set(elements.tags)


@every_page
def test_a_page_names_its_language_title_and_one_main_heading(page):
    assert '<html lang="en">' in page.html
    assert re.search(r"<title>[^<]+</title>", page.html)
    assert Elements(page.html).tags.count("h1") == 1
    levels = [int(tag[1]) for tag in Elements(page.html).tags if re.fullmatch(r"h[1-6]", tag)]
    assert all(below - above <= 1 for above, below in pairwise(levels))


def test_only_the_open_request_can_be_answered():
    assert [name for name, page in PAGES.items() if "<form" in page.html] == ["approval"]


def test_the_form_posts_one_of_two_decisions_to_its_own_address():
    html = PAGES["approval"].html
    (form,) = re.findall(r"<form[^>]*>", html)
    assert 'method="post"' in form
    assert "action" not in form
    buttons = re.findall(r'<button type="submit" name="decision" value="(\w+)"', html)
    assert buttons == [Decision.APPROVE, Decision.DECLINE]
    assert "<input" not in html


def test_both_answers_say_what_follows_from_them():
    html = PAGES["approval"].html
    for described in re.findall(r'aria-describedby="([\w-]+)"', html):
        assert f'id="{described}"' in html
    text = Elements(html).text
    assert "Whoever holds the private key" in text
    assert "is asked no more for it" in text


@pytest.mark.parametrize(
    "told",
    [
        "example.com",
        "Örebro Handel & Söner AB",
        "GeoTrust QuickSSL Premium, organization validation (OV)",
        "Nordic Hosting AB",
        "Åsa Lindqvist asa@example.com",
        "admin@example.com",
        "ord_01kapm3y8qv5d8r2x7c4n9b1zt",
        "23 November 2026, 12:00 UTC",
        "23 December 2026, 12:00 UTC",
        "xn--bcher-kva.example.com reads bücher.example.com",
    ],
)
def test_who_asks_for_what_until_when_is_shown(told):
    assert told in Elements(PAGES["approval"].html).text


def test_every_one_of_a_hundred_names_is_shown():
    names = tuple(f"host-{number}.example.com" for number in range(100))
    for page in (
        approval_page(replace(VIEW, names=names)),
        approval_recorded_page(replace(VIEW, names=names), Decision.APPROVE),
    ):
        assert [word for word in Elements(page.html).text.split() if word in names] == list(names)


def test_without_an_organization_none_is_shown():
    html = approval_page(replace(VIEW, organization=None)).html
    assert "<dt>Organization</dt>" not in html
    assert "None" not in html


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("kind", ["open", Decision.APPROVE, Decision.DECLINE])
def test_foreign_text_in_any_field_is_shown_as_text(text, kind):
    def shown(view: ApprovalView) -> Elements:
        page = approval_page(view) if kind == "open" else approval_recorded_page(view, kind)
        page.html.encode()
        return Elements(page.html)

    hostile, usual = shown(replace(VIEW, **dict.fromkeys(FREE_TEXT, text))), shown(VIEW)
    assert hostile.tags == usual.tags
    assert hostile.attributes == usual.attributes
    assert "1337" not in hostile.text


@pytest.mark.parametrize(
    "name", ["<b>x</b>.example.com", "a\u202eb.example.com", "x" * 70_000, "xn--<i>.example.com"]
)
def test_a_hostile_name_is_shown_as_text(name):
    elements = Elements(approval_page(replace(VIEW, names=(name,))).html)
    assert not {"b", "i"} & set(elements.tags)
    assert "\u202e" not in elements.text
    assert len(elements.text) < 3_000


def test_a_recorded_answer_says_which():
    assert "You have approved the request" in PAGES["approved"].html
    assert "You have declined the request" in PAGES["declined"].html
    assert "declined" not in PAGES["approved"].html.lower()
    assert "approved" not in PAGES["declined"].html.lower()


def test_an_ended_link_says_why_and_no_more():
    texts = {name: Elements(PAGES[name].html).text for name in ("used", "expired", "cancelled")}
    assert len(set(texts.values())) == 3
    assert "This link has been used" in texts["used"]
    assert "This link has expired" in texts["expired"]
    assert "withdrawn" in texts["cancelled"]
    for text in texts.values():
        assert not re.search(r"example|Nordic|GeoTrust|ord_|approved|declined", text)


@pytest.mark.parametrize("made", [busy_page, crowded_page])
def test_who_has_to_wait_is_told_how_long_and_that_nothing_was_recorded(made):
    page = made(7)
    assert page.headers["Retry-After"] == "7"
    assert "7 seconds" in Elements(page.html).text
    assert "a second" in Elements(made(1).html).text
    assert "othing has been recorded" in Elements(page.html).text

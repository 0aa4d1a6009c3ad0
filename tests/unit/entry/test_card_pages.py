"""The card form's pages: what their policy admits, what they say, and that nobody's text becomes part of them."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from partner_center.billing.cards import WhyEnded
from partner_center.billing.payments import Card
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
from partner_center.entry.page import source_of
from tests.fakes.determined import NOW
from tests.unit.notifications.facts import HOSTILE, Elements

STRIPE = Gateway("https://js.stripe.com/v3/", "https://api.stripe.com", "pk_live_1")
LOCAL = Gateway("http://127.0.0.1:4242/js.stripe.com/v3/", "http://127.0.0.1:4242", "pk_test_local")
VIEW = CardFormView("Nordic Hosting AB", "seti_1_secret_x", "seti_1", NOW + timedelta(days=1))
CARD = Card("crd_1", "northwind", "visa", "4242", 3, 2030, "pm_1", "cus_1", NOW, NOW + timedelta(days=365))
OTHERS = {
    "added": card_added_page(CARD, "Nordic Hosting AB", "con_1", opened=True),
    "used": card_link_ended_page(WhyEnded.USED),
    "expired": card_link_ended_page(WhyEnded.EXPIRED),
    "unknown": card_link_unknown_page(),
    "busy": card_busy_page(7),
    "crowded": card_crowded_page(12),
}


def policy(page):
    return dict(part.strip().split(" ", 1) for part in page.headers["Content-Security-Policy"].split(";"))


def test_each_outcome_has_its_status():
    assert card_form_page(VIEW, STRIPE).status == 200
    assert card_form_page(VIEW, STRIPE, not_taken=True).status == 422
    assert {name: page.status for name, page in OTHERS.items()} == {
        "added": 200,
        "used": 410,
        "expired": 410,
        "unknown": 404,
        "busy": 503,
        "crowded": 429,
    }


def test_the_form_admits_the_gateways_script_its_frames_and_its_api_and_nothing_else():
    page = card_form_page(VIEW, STRIPE)
    (style,) = re.findall(r"<style>(.*?)</style>", page.html, re.DOTALL)
    (script,) = re.findall(r"<script>(.*?)</script>", page.html, re.DOTALL)
    assert policy(page) == {
        "default-src": "'none'",
        "style-src": source_of(style),
        "script-src": f"{source_of(script)} https://js.stripe.com",
        "frame-src": "https://js.stripe.com https://*.js.stripe.com https://hooks.stripe.com",
        "connect-src": "https://api.stripe.com",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
    }


def test_on_one_machine_it_admits_the_local_gateway_alone():
    admitted = policy(card_form_page(VIEW, LOCAL))
    assert "stripe.com" not in " ".join(admitted.values())
    for directive in ("frame-src", "connect-src"):
        assert admitted[directive] == "http://127.0.0.1:4242"


@pytest.mark.parametrize("page", OTHERS.values(), ids=OTHERS.keys())
def test_every_other_page_admits_no_script_at_all(page):
    assert policy(page).keys() == {"default-src", "style-src", "form-action", "frame-ancestors", "base-uri"}
    assert "<script" not in page.html


@pytest.mark.parametrize("page", [*OTHERS.values(), card_form_page(VIEW, STRIPE)], ids=range(7))
def test_no_page_is_kept_framed_or_told_of(page):
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["X-Frame-Options"] == "DENY"


def test_the_form_says_what_the_card_is_for_what_is_kept_and_for_how_long():
    text = " ".join(re.sub(r"<[^>]+>", " ", card_form_page(VIEW, STRIPE).html).split())
    for words in (
        "Nordic Hosting AB",
        "future orders only",
        "up to a year",
        "Orders placed before keep the card they were placed with",
        "the brand, the last four digits, the expiry, and a token",
        "needs JavaScript",
        "24 November 2026",
    ):
        assert words in text, words


def test_the_form_sends_an_id_and_has_no_field_for_a_number():
    page = card_form_page(VIEW, STRIPE)
    inputs = re.findall(r"<input[^>]*>", page.html)
    assert inputs == ['<input type="hidden" name="setup_intent" value="">']
    assert re.search(r'<button type="submit" id="add"[^>]* disabled', page.html), "until the script is there"
    assert "<noscript>" in page.html
    assert 'role="alert"' in page.html


def test_a_card_that_was_not_taken_is_said_so_and_the_form_is_there():
    page = card_form_page(VIEW, STRIPE, not_taken=True)
    assert "was not accepted" in page.html
    assert 'id="card-form"' in page.html


def test_what_was_kept_is_shown_and_no_token():
    html = OTHERS["added"].html
    for words in ("Visa, ending in 4242", "03/2030", "con_1, opened with this card", "23 November 2027"):
        assert words in html
    assert "pm_1" not in html
    assert "cus_1" not in html
    assert "opened with" not in card_added_page(CARD, "x", "con_1", opened=False).html


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_text_of_others_stays_text(text):
    def shape(page):
        found = Elements(page.html)
        return found.tags, found.attributes, found.leads

    hostile = card_form_page(replace(VIEW, reseller_name=text), STRIPE)
    assert shape(hostile) == shape(card_form_page(VIEW, STRIPE))
    added = card_added_page(replace(CARD, brand=text), text, text, opened=True)
    assert shape(added) == shape(OTHERS["added"])


def test_who_must_wait_is_told_how_long():
    assert OTHERS["busy"].headers["Retry-After"] == "7"
    assert OTHERS["crowded"].headers["Retry-After"] == "12"
    assert "12 seconds" in OTHERS["crowded"].html

"""The card form's door: pages for people in every case, and limits as for other pages."""

import pytest

from partner_center.billing.cards import CardNotTaken, LinkEnded, WhyEnded
from partner_center.entry import card_form
from partner_center.entry.api import Api, Door
from partner_center.entry.card_pages import Gateway
from partner_center.kernel.errors import NotFound, TryAgain
from tests.fakes.http import MemoryApiKeys, an_http_event, send
from tests.fakes.quota import quotas
from tests.unit.billing.test_cards import Desk

FORM = {"content-type": "application/x-www-form-urlencoded"}
GATEWAY = Gateway("https://js.stripe.com/v3/", "https://api.stripe.com", "pk_live_1")


class Visitor:
    """A browser at a card link."""

    def __init__(self, address=200):
        self.desk = Desk()
        self.token = self.desk.link().token
        self.setup_id = self.desk.setup_of(self.token)
        door = Door(MemoryApiKeys(), self.desk.clock, quotas(address=address))
        self.handler = Api(lambda: door, card_form.crowded)
        self.handler.public("GET", "/card/<token>")(lambda _, token: card_form.show(token))
        self.handler.public("HEAD", "/card/<token>")(lambda _, token: card_form.show(token))
        self.handler.public("POST", "/card/<token>")(lambda request, token: card_form.add(token, request))

    def open(self, method="GET"):
        return send(self.handler, an_http_event(method, f"/card/{self.token}"))

    def post(self, body=None, headers=FORM):
        body = f"setup_intent={self.setup_id}" if body is None else body
        return send(self.handler, an_http_event("POST", f"/card/{self.token}", body, headers))


@pytest.fixture
def visit(monkeypatch):
    """The wiring hands out fakes, as it hands out adapters on Lambda."""

    def arrive(**more):
        visitor = Visitor(**more)
        monkeypatch.setattr(card_form, "card_page", lambda: visitor.desk.page)
        monkeypatch.setattr(card_form, "gateway_for_pages", lambda: GATEWAY)
        return visitor

    return arrive


def is_page(answer, status):
    assert answer.status == status
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    return answer.text


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_looking_changes_nothing(visit, method):
    visitor = visit()
    before = repr(visitor.desk.shelf)
    text = is_page(visitor.open(method), 200)
    assert (text == "") is (method == "HEAD")
    assert repr(visitor.desk.shelf) == before


def test_the_forms_own_post_adds_the_card(visit):
    visitor = visit()
    visitor.desk.forms.fill_in(visitor.setup_id)
    assert "ending in 4242" in is_page(visitor.post(), 200)
    assert "has been used" in is_page(visitor.post(), 410)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        ("", FORM),
        ("setup_intent=seti_other", FORM),
        ("setup_intent=seti_1&setup_intent=seti_1", FORM),
        ('{"setup_intent": "seti_1"}', {"content-type": "application/json"}),
        ("setup_intent=seti_1", {}),
        ("setup_intent=" + "1" * 2000, FORM),
        (b"\xff=\xff", FORM),
    ],
    ids=range(7),
)
def test_any_other_post_adds_nothing_and_shows_the_form_again(visit, body, headers):
    visitor = visit()
    visitor.desk.forms.fill_in(visitor.setup_id)
    assert "card-form" in is_page(visitor.post(body, headers), 422)
    assert visitor.desk.shelf.cards == {}


TROUBLES = [
    (NotFound("x"), 404),
    (LinkEnded(WhyEnded.USED), 410),
    (LinkEnded(WhyEnded.EXPIRED), 410),
    (TryAgain("x", 7), 503),
]


@pytest.mark.parametrize(("trouble", "status"), TROUBLES, ids=range(4))
def test_every_trouble_has_its_page(visit, monkeypatch, trouble, status):
    visitor = visit()

    def look(_):
        raise trouble

    monkeypatch.setattr(card_form, "card_page", lambda: type("Page", (), {"look": staticmethod(look)}))
    for answer in (visitor.open(), visitor.post()):
        is_page(answer, status)
        assert ("retry-after" in answer.headers) is (status == 503)


def test_a_card_that_is_not_taken_is_no_error(visit, capsys):
    visitor = visit()
    is_page(visitor.post(), 422)
    assert CardNotTaken.code not in capsys.readouterr().err


def test_an_address_that_asks_too_often_gets_a_page(visit):
    visitor = visit(address=1)
    is_page(visitor.open(), 200)
    assert "Too many requests" in is_page(visitor.open(), 429)

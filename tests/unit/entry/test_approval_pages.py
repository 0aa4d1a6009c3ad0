"""The approver's page: looking changes nothing, only the form's two values count, every end has its page."""

from dataclasses import dataclass, field, replace

import pytest

from partner_center.accounts.resellers import Reseller
from partner_center.entry import approval_pages
from partner_center.entry.api import Api, Door
from partner_center.kernel.clock import rfc3339
from partner_center.kernel.errors import TryAgain
from partner_center.validation.approve import OpenApproval
from partner_center.validation.challenges import VALUE_LIFETIME, ChallengeStatus, usable_until
from tests.fakes.determined import NOW
from tests.fakes.http import MemoryApiKeys, an_http_event, send
from tests.fakes.posted import a_call, a_principal
from tests.fakes.quota import quotas
from tests.fakes.samples import APPROVER, ORDER, US, a_contract
from tests.fakes.world import World

FORM = {"content-type": "application/x-www-form-urlencoded"}
UNCHANGED = ChallengeStatus.PENDING


@dataclass
class Access:
    """Looks resellers up."""

    known: dict[str, Reseller] = field(
        default_factory=lambda: {US: Reseller(US, "Nordic Hosting AB", "help@example.net")}
    )

    def reseller(self, reseller_id):
        return self.known.get(reseller_id)


class Visitor:
    """A browser at the approval link, in a world with one pending order."""

    def __init__(self):
        self.world = World()
        self.world.stores.grant(a_contract())
        self.world.put("www.example.com", "*.example.com")
        self.world.await_domains(US, ORDER, 1, "token-1")
        self.token = self.world.mail.tokens[0]
        self.access = Access()
        door = Door(MemoryApiKeys(), self.world.clock, quotas(address=200))
        self.handler = Api(lambda: door, approval_pages.crowded)
        self.handler.public("GET", "/approve/<token>")(lambda _, token: approval_pages.show(token))
        self.handler.public("HEAD", "/approve/<token>")(lambda _, token: approval_pages.show(token))
        self.handler.public("POST", "/approve/<token>")(
            lambda request, token: approval_pages.decide(token, request)
        )

    def open(self, method="GET", token=None):
        return send(self.handler, an_http_event(method, f"/approve/{token or self.token}"))

    def answer(self, body="decision=approve", headers=FORM, token=None):
        event = an_http_event("POST", f"/approve/{token or self.token}", body, headers)
        return send(self.handler, event)

    @property
    def status(self):
        return self.world.challenges()[0].status


@pytest.fixture
def visitor(monkeypatch):
    """The wiring hands out fakes, as it hands out adapters on Lambda."""
    visitor = Visitor()
    monkeypatch.setattr(approval_pages, "approvals", lambda: visitor.world.approvals)
    monkeypatch.setattr(approval_pages, "access", lambda: visitor.access)
    return visitor


def without_count(headers):
    return {name: value for name, value in headers.items() if name != "ratelimit"}


def is_page(answer, status):
    assert answer.status == status
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    return answer.text


# ---- looking


def test_the_page_says_who_asks_for_what(visitor):
    page = is_page(visitor.open(), 200)
    for shown in ("www.example.com", "*.example.com", "Nordic Hosting AB", "Åsa Lindqvist", ORDER, APPROVER):
        assert shown in page


def test_the_page_says_what_else_the_approval_counts_for_and_until_when(visitor):
    page = " ".join(is_page(visitor.open(), 200).split())
    assert "also counts for example.com itself, for every name below it, and for further orders" in page
    visitor.answer()
    (proof,) = visitor.world.tables.proofs.values()
    assert f'until <time datetime="{rfc3339(usable_until(proof))}">' in page


def test_of_a_reissue_the_page_shows_its_order_as_the_mail_does(visitor):
    order = visitor.world.order(ORDER)
    reissue = replace(order, head=replace(order.head, order_id=f"{ORDER}-rei_1"))
    view = approval_pages._view(OpenApproval(visitor.world.challenges()[0], reissue))
    assert view.order_id == ORDER


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_looking_changes_nothing(visitor, method):
    before = repr(visitor.world.tables)
    for _ in range(3):
        visitor.open(method)
    assert repr(visitor.world.tables) == before


def test_head_is_get_without_the_page(visitor):
    get, head = visitor.open(), visitor.open("HEAD")
    assert (head.status, head.text) == (get.status, "")
    assert without_count(head.headers) == without_count(get.headers)


# ---- answering


@pytest.mark.parametrize(
    ("decision", "status"), [("approve", ChallengeStatus.VALID), ("decline", ChallengeStatus.DECLINED)]
)
def test_the_form_records_the_answer_with_where_it_came_from(visitor, decision, status):
    is_page(visitor.answer(f"decision={decision}"), 200)
    assert visitor.status is status
    record = list(visitor.world.tables.audit.values())[-1]
    assert (record.facts["from_address"], record.actor) == ("192.0.2.7", f"approver:{APPROVER}")


def test_a_charset_beside_the_media_type_does_not_matter(visitor):
    visitor.answer(headers={"content-type": "Application/X-WWW-Form-Urlencoded; charset=UTF-8"})
    assert visitor.status is ChallengeStatus.VALID


BAD_FORMS = {
    "nothing": ("", FORM),
    "no media type": ("decision=approve", {}),
    "JSON": ('{"decision":"approve"}', {"content-type": "application/json"}),
    "plain text": ("decision=approve", {"content-type": "text/plain"}),
    "multipart": ("decision=approve", {"content-type": "multipart/form-data; boundary=x"}),
    "another value": ("decision=maybe", FORM),
    "in capitals": ("decision=APPROVE", FORM),
    "with a blank": ("decision=approve+", FORM),
    "empty value": ("decision=", FORM),
    "another field": ("answer=approve", FORM),
    "twice the same": ("decision=approve&decision=approve", FORM),
    "both": ("decision=approve&decision=decline", FORM),
    "only a name": ("decision", FORM),
    "no UTF-8": (b"decision=\xff", FORM),
    "letters outside ASCII": ("decision=äpprove", FORM),
    "a null": ("decision=approve%00", FORM),
    "huge": ("decision=approve&x=" + "y" * 2000, FORM),
    "many fields": ("&" * 1000, FORM),
    "half a percent": ("decision=%a", FORM),
}


@pytest.mark.parametrize(("body", "headers"), BAD_FORMS.values(), ids=BAD_FORMS.keys())
def test_anything_but_the_forms_two_values_changes_nothing(visitor, body, headers):
    before = repr(visitor.world.tables)
    is_page(visitor.answer(body, headers), 400)
    assert repr(visitor.world.tables) == before
    assert visitor.status is UNCHANGED


def test_other_fields_beside_the_decision_do_not_matter(visitor):
    visitor.answer("decision=approve&utm_source=mail")
    assert visitor.status is ChallengeStatus.VALID


# ---- over

ENDS = {
    "used": lambda visitor: visitor.answer(),
    "declined": lambda visitor: visitor.answer("decision=decline"),
    "expired": lambda visitor: visitor.world.clock.advance(days=30),
    "cancelled": lambda visitor: visitor.world.cancel_order(a_principal(), a_call(), ORDER, None),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS.keys())
@pytest.mark.parametrize("body", ["decision=approve", "decision=decline", "nonsense"])
def test_a_link_that_is_over_is_gone_and_tells_nothing_of_its_order(visitor, end, body):
    end(visitor)
    before = repr(visitor.world.tables)
    for answer in (visitor.open(), visitor.open("HEAD"), visitor.answer(body)):
        assert "www.example.com" not in is_page(answer, 410)
        assert ORDER not in answer.text
    assert repr(visitor.world.tables) == before


def test_of_two_answers_at_once_the_second_finds_the_link_used(visitor):
    visitor.world.tables.before["rule"].append(lambda: visitor.answer("decision=decline"))
    is_page(visitor.answer("decision=approve"), 410)
    assert visitor.status is ChallengeStatus.DECLINED


@pytest.mark.parametrize("token", ["unknown", "x" * 5000, "%00", "..", "<script>"])
def test_an_unknown_link_has_its_page(visitor, token):
    for answer in (visitor.open(token=token), visitor.answer(token=token), visitor.answer("", token=token)):
        assert "script" not in is_page(answer, 404)


# ---- our own trouble


def out():
    raise TryAgain("The database is busy.", 3)


def test_when_we_are_busy_the_answer_is_not_recorded_and_may_be_given_again(visitor):
    visitor.world.tables.before["rule"].append(out)
    answer = visitor.answer()
    is_page(answer, 503)
    assert answer.headers["retry-after"] == "3"
    assert visitor.status is UNCHANGED
    is_page(visitor.answer(), 200)


@pytest.mark.parametrize("gone", ["reseller", "product"])
def test_a_page_that_cannot_be_made_records_nothing(visitor, gone):
    """Its words would be that nothing was recorded, so nothing must be."""
    if gone == "reseller":
        visitor.access.known.clear()
    else:
        key = (US, ORDER)
        head = visitor.world.tables.heads[key]
        visitor.world.tables.heads[key] = type(head)(**{**_fields(head), "product": "withdrawn"})
    is_page(visitor.open(), 503)
    is_page(visitor.answer(), 503)
    assert visitor.status is UNCHANGED


def _fields(head):
    return {name: getattr(head, name) for name in head.__dataclass_fields__}


def test_the_last_second_of_a_link_counts(visitor):
    visitor.world.clock.moment = NOW + VALUE_LIFETIME
    is_page(visitor.answer(), 410)
    visitor.world.clock.advance(seconds=-1)
    is_page(visitor.answer(), 200)


# ---- too many


def test_from_an_address_of_many_requests_the_page_says_when_to_come_back(visitor):
    for _ in range(200):
        visitor.open(token="unknown")
    before = repr(visitor.world.tables)
    for answer in (visitor.open(), visitor.answer()):
        assert "Too many requests" in is_page(answer, 429)
        assert 1 <= int(answer.headers["retry-after"]) <= 60
        assert "www.example.com" not in answer.text
    head = visitor.open("HEAD")
    assert (head.status, head.text) == (429, "")
    assert repr(visitor.world.tables) == before
    visitor.world.clock.advance(seconds=int(answer.headers["retry-after"]))
    is_page(visitor.answer(), 200)
    assert visitor.status is ChallengeStatus.VALID

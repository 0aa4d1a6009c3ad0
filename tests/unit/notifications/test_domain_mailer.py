"""The mails about an order's domains: the right people, the right names, and the same Message-ID however often."""

from dataclasses import replace
from datetime import timedelta

import pytest

from partner_center.accounts.resellers import Reseller
from partner_center.catalog.products import Catalog, load_catalog
from partner_center.kernel.errors import TryAgain
from partner_center.notifications.domain_mailer import DomainMailer, message_id
from partner_center.orders.content import ChosenMethod, Method
from partner_center.orders.order import OrderKind
from partner_center.validation.challenges import VALUE_LIFETIME
from partner_center.validation.ports import ApprovalRequest
from partner_center.validation.publishing import Publishing
from tests.fakes.determined import NOW
from tests.fakes.samples import ORDER, THEM, US
from tests.unit.notifications.facts import SENDER
from tests.unit.validation.publisher import Publisher, by

APPROVER = "admin@example.info"
BASE = "https://partners.example.net"
METHODS = {
    **by("dns_txt", "example.com", "*.example.com"),
    **by("dns_cname", "example.net"),
    **by("http_file", "www.example.org"),
    **by("dns_persist", "example.eu"),
    "mail.example.info": ChosenMethod(method=Method.EMAIL, approver_email=APPROVER),
}


class Sent(list):
    """`Mailer`: keeps what it was given."""

    send = list.append


class Known:
    """`Resellers`: one of them is known."""

    def __init__(self, **reseller):
        self.known = {US: Reseller(US, "Nordic Hosting AB", "support@partners.example.net", **reseller)}

    def reseller(self, reseller_id):
        return self.known.get(reseller_id)


@pytest.fixture
def desk():
    return Publisher(methods=METHODS)


@pytest.fixture
def sent():
    return Sent()


@pytest.fixture
def mailer(desk, sent):
    publishing = Publishing(load_catalog(), BASE)
    return DomainMailer(desk.world.stores.orders, Known(), load_catalog(), sent, publishing, SENDER, BASE)


def published(desk):
    return [each for each in desk.challenges if each.method != "email"]


def request(desk, token="the-secret", **changes):  # noqa: S107
    challenge = next(each for each in desk.challenges if each.method == "email")
    return ApprovalRequest(replace(challenge, **changes), token)


# ---- to the approver


@pytest.mark.parametrize(
    ("days", "until"),
    [
        (0, "23 December 2026, 10:00 UTC"),
        (59, "20 February 2027, 10:00 UTC"),
        (89, "21 February 2027, 10:00 UTC"),
    ],
    ids=["its value's end", "its value's end, later", "the order's end, before its value's"],
)
def test_the_mail_says_until_when_the_link_works(desk, mailer, sent, days, until):
    mailer.ask(request(desk, expires_at=NOW + timedelta(days=days) + VALUE_LIFETIME))
    (mail,) = sent
    assert until in mail.text
    assert until in mail.html


def test_the_mail_says_what_else_the_approval_counts_for_and_how_long(desk, mailer, sent):
    mailer.ask(request(desk))
    for text in (sent[0].text, sent[0].html):
        assert "for 112 days after this mail at most" in " ".join(text.split())


def test_the_approver_reads_what_is_asked_and_by_whom(desk, mailer, sent):
    mailer.ask(request(desk))
    (mail,) = sent
    assert mail.to == (APPROVER,)
    for told in (
        f"{BASE}/approve/the-secret",
        "mail.example.info",
        "Åsa Lindqvist, asa@example.com",
        "Nordic Hosting AB",
        "QuickSSL Premium",
        ORDER,
        "23 December 2026, 10:00 UTC",
        "support@partners.example.net",
    ):
        assert told in mail.text


def test_only_the_names_of_this_challenge_are_told(desk, mailer, sent):
    mailer.ask(request(desk))
    assert "example.net" not in sent[0].text.replace("partners.example.net", "")


def test_the_same_request_is_the_same_mail(desk, mailer, sent):
    mailer.ask(request(desk))
    mailer.ask(request(desk))
    assert sent[0] == sent[1]
    assert sent[0].message_id == f"<{request(desk).challenge.challenge_id}.1@partners.example.net>"


# ---- to the technical contact


def test_the_technical_contact_reads_all_that_must_be_published(desk, mailer, sent):
    mailer.instruct(desk.order(), published(desk))
    (mail,) = sent
    assert mail.to == ("asa@example.com",)
    lines = [line.strip() for line in mail.text.splitlines()]
    for item in desk.domains().values():
        for letters in item.get("publish", {}).values():
            assert letters in lines


def test_what_is_mailed_is_what_the_reseller_reads_and_what_is_looked_for(desk, mailer, sent):
    shown = {str(item["publish"]) for item in desk.domains().values() if "publish" in item}
    assert len(shown) == 4
    desk.publish()
    desk.check()
    assert [item["status"] for item in desk.domains().values()] == ["valid"] * 5 + ["pending"]


def test_the_mail_tells_when_the_first_value_ends(desk, mailer, sent):
    first, *others = published(desk)
    mailer.instruct(
        desk.order(), [*others, replace(first, expires_at=NOW + VALUE_LIFETIME - timedelta(days=7))]
    )
    assert "16 December 2026, 10:00 UTC" in sent[0].text


def test_the_same_instructions_are_the_same_mail_in_any_order(desk, mailer, sent):
    mailer.instruct(desk.order(), published(desk))
    mailer.instruct(desk.order(), published(desk))
    mailer.instruct(desk.order(), published(desk)[::-1])
    mailer.instruct(desk.order(), published(desk)[:2])
    assert sent[0] == sent[1]
    assert sent[0].message_id == sent[2].message_id != sent[3].message_id
    assert sent[0].message_id.endswith("@partners.example.net>")


def test_no_value_stands_in_a_header(desk, mailer, sent):
    mailer.instruct(desk.order(), published(desk))
    values = [each.value for each in published(desk) if each.value]
    assert not any(value in sent[0].subject + sent[0].message_id for value in values)


def test_there_is_nothing_to_publish_for_an_approver(desk, mailer, sent):
    with pytest.raises(ValueError, match="nothing to publish"):
        mailer.instruct(desk.order(), desk.challenges)
    assert sent == []


def test_where_control_can_be_shown_no_more_nothing_is_told(desk, mailer, sent):
    """A newer public suffix list may leave a name of an order that was placed without a place to show control."""
    first, *others = published(desk)
    gone = replace(first, authorization_domain="co.uk")
    mailer.instruct(desk.order(), [gone])
    assert sent == []
    mailer.instruct(desk.order(), [gone, *others])
    assert first.value not in sent[0].text


# ---- what is missing


def ask(desk, mailer):
    mailer.ask(request(desk))


def instruct(desk, mailer):
    mailer.instruct(desk.order(), published(desk))


MISSING = {
    "the reseller": lambda mailer: mailer.resellers.known.clear() or mailer,
    "the product": lambda mailer: replace(mailer, catalog=Catalog([], [])),
}


@pytest.mark.parametrize("send", [ask, instruct])
@pytest.mark.parametrize("without", MISSING.values(), ids=MISSING)
def test_without_what_the_mail_must_say_it_is_sent_later(desk, mailer, sent, send, without):
    with pytest.raises(TryAgain):
        send(desk, without(mailer))
    assert sent == []


@pytest.mark.parametrize("changes", [{"order_id": "ord_9"}, {"reseller_id": THEM}])
def test_a_mail_for_an_unknown_order_is_not_sent(desk, mailer, sent, changes):
    with pytest.raises(TryAgain):
        mailer.ask(request(desk, **changes))
    assert sent == []


def test_the_contact_of_a_reissue_that_was_corrected_gets_another_mail(desk, mailer, sent):
    """Its own revision does not move: the contact is corrected on its order."""
    order = desk.order()
    technical = replace(order.content.contacts.technical, email="nora@example.org")
    corrected = replace(order.content, contacts=replace(order.content.contacts, technical=technical))
    reissue = replace(order, head=replace(order.head, kind=OrderKind.REISSUE))
    for each in (reissue, reissue, replace(reissue, content=corrected)):
        mailer.instruct(each, published(desk))
    first, again, other = sent
    assert first.message_id == again.message_id != other.message_id
    assert other.to == ("nora@example.org",)


@pytest.mark.parametrize(
    ("sender", "expected"),
    [
        ("Partner Center <no-reply@partners.example.net>", "<a@partners.example.net>"),
        ("no-reply@partners.example.net", "<a@partners.example.net>"),
    ],
)
def test_the_message_id_stands_under_the_sender_s_domain(sender, expected):
    assert message_id("a", sender) == expected


def test_after_an_amendment_it_is_another_mail(desk, mailer, sent):
    order = desk.order()
    for revision in (1, 1, 2):
        mailer.instruct(replace(order, head=replace(order.head, revision=revision)), published(desk))
    first, same, other = (mail.message_id for mail in sent)
    assert first == same != other

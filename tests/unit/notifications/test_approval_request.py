import re

import pytest

from partner_center.notifications.approval_request import approval_request_mail
from partner_center.notifications.mail import MailRefused
from partner_center.notifications.mime import to_mime
from tests.unit.notifications.facts import HOSTILE, LINK, MESSAGE_ID, NOON, SENDER, Elements, approval_facts

FREE_TEXT = (
    "reseller_name",
    "organization",
    "requester_name",
    "requester_email",
    "product_name",
    "brand",
    "order_id",
)


def mail_for(**changes):
    return approval_request_mail(approval_facts(**changes), SENDER, MESSAGE_ID)


def test_the_mail_holds_exactly_one_link():
    mail = mail_for()
    assert mail.text.count(LINK) == mail.html.count(LINK) == 1
    assert re.findall(r"\S+://\S+", mail.text) == [LINK]
    assert Elements(mail.html).leads == [LINK]
    assert LINK not in mail.subject


def test_it_goes_to_the_approver_alone():
    mail = mail_for()
    assert mail.to == ("admin@example.com",)
    assert mail.sender == SENDER
    assert mail.message_id == MESSAGE_ID
    assert not mail.attachments


@pytest.mark.parametrize(
    "told",
    [
        "www.example.com",
        "*.shop.example.com",
        "Nordic Hosting AB",
        "Örebro Handel & Söner AB",
        "Åsa Lindqvist",
        "asa@example.com",
        "QuickSSL Premium",
        "GeoTrust",
        "domain validation (DV)",
        "ord_01kapm3y8qv5d8r2x7c4n9b1zt",
        "23 December 2026, 12:00 UTC",
        "support@partners.example.net",
        "did not expect this",
        "approving means",
        "private key",
        "also counts for example.com itself, for every name below it, and for further orders of the same customer, "
        "for 200 days after this mail at most",
    ],
)
def test_who_asks_for_what_until_when_is_told(told):
    mail = mail_for()
    assert told.casefold() in " ".join(mail.text.split()).casefold()
    assert told.casefold() in Elements(mail.html).text.casefold()


def test_every_one_of_a_hundred_names_is_there():
    names = tuple(f"host-{number}.example.com" for number in range(100))
    mail = mail_for(names=names)
    assert [line.strip() for line in mail.text.splitlines() if line.strip() in names] == list(names)
    assert [word for word in Elements(mail.html).text.split() if word in names] == list(names)
    assert "(100)" in mail.text


def test_an_international_name_stands_beside_its_a_label():
    mail = mail_for(names=("xn--bcher-kva.example.com",))
    assert "xn--bcher-kva.example.com  (bücher.example.com)" in mail.text
    assert "xn--bcher-kva.example.com (bücher.example.com)" in Elements(mail.html).text.replace(
        "( ", "("
    ).replace(" )", ")")


def test_without_an_organization_none_is_mentioned():
    mail = mail_for(organization=None)
    assert "Organization:" not in mail.text
    assert "None" not in mail.text + mail.html


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_foreign_text_neither_breaks_out_nor_adds_a_link(text):
    mail, usual = mail_for(**dict.fromkeys(FREE_TEXT, text)), mail_for()
    elements, ordinary = Elements(mail.html), Elements(usual.html)
    assert elements.tags == ordinary.tags
    assert elements.attributes == ordinary.attributes
    assert elements.leads == [LINK]
    assert re.findall(r"\S+://\S+", mail.text) == [LINK]
    assert mail.text.count("\n") == usual.text.count("\n")
    assert "1337" not in mail.text + mail.html
    assert b"Bcc" not in to_mime(mail, NOON).split(b"\r\n\r\n")[0]


def test_a_hostile_recipient_is_refused():
    with pytest.raises(MailRefused):
        mail_for(approver_email="admin@example.com\r\nBcc: everybody@example.org")


@pytest.mark.parametrize("text", [HOSTILE["header injection"], HOSTILE["endless"], HOSTILE["lone surrogate"]])
def test_a_hostile_domain_cannot_reach_the_header(text):
    mail = mail_for(authorization_domain=text)
    assert len(mail.subject) < 300
    assert b"\nBcc" not in to_mime(mail, NOON)


def test_nothing_is_loaded_from_elsewhere_and_nothing_runs():
    html = mail_for().html
    assert not {"img", "script", "link", "iframe", "object", "form", "svg"} & set(Elements(html).tags)
    assert "url(" not in html
    assert "@import" not in html


def test_the_same_facts_give_the_same_mail():
    assert mail_for() == mail_for()


def test_one_name_is_spoken_of_in_the_singular():
    mail = mail_for(names=("www.example.com",))
    assert "NAME TO APPROVE (1)" in mail.text
    assert "that it is\nthe name above" in mail.text

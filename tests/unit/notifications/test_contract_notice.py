"""The mails about contracts, read as the reseller's billing contact reads them."""

from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default

import pytest

from partner_center.notifications.contract_notice import ContractNoticeFacts, contract_notice_mail
from partner_center.notifications.mail import MailRefused
from partner_center.notifications.mime import to_mime
from tests.unit.notifications.facts import HOSTILE, MESSAGE_ID, NOON, SENDER, Elements

CONTRACT = "con_01kapm3y8qv5d8r2x7c4n9b1zt"
FACTS = ContractNoticeFacts(
    billing_email="bills@reseller.example.net",
    reseller_name="Nordic Hosting AB",
    contract_id=CONTRACT,
    brand="GeoTrust",
    is_card=False,
    invoice_reference="INV-2026-0815",
    sales_representative="Sally Seller",
    valid_to=datetime(2027, 12, 1, tzinfo=UTC),
    units_granted=500,
    units_left=48,
    units_held=10,
    units_used=442,
    threshold=50,
    days_left=100,
)
KINDS = {
    "low": {},
    "ends": {"threshold": None, "days_left": 7},
    "ends tomorrow": {"threshold": None, "days_left": 1},
    "ended": {"threshold": None, "days_left": 0},
    "card ends": {"threshold": None, "days_left": 30, "is_card": True},
    "card ended": {"threshold": None, "days_left": 0, "is_card": True},
}


def mail_for(**changes):
    return contract_notice_mail(replace(FACTS, **changes), SENDER, MESSAGE_ID)


def parts_of(mail):
    """The words of the text and of the HTML, each on one line, as a mail program decodes them."""
    message = message_from_bytes(to_mime(mail, NOON), policy=default)
    text, html = (message.get_body([kind]).get_content() for kind in ("plain", "html"))
    return [" ".join(text.split()), Elements(html).text]


SUBJECTS = {
    "low": f"Contract {CONTRACT} has 48 of 500 units left",
    "ends": f"Contract {CONTRACT} ends in 7 days, on 1 December 2027, 00:00 UTC",
    "ends tomorrow": f"Contract {CONTRACT} ends in 1 day, on 1 December 2027, 00:00 UTC",
    "ended": f"Contract {CONTRACT} has ended",
    "card ends": f"Contract {CONTRACT} ends in 30 days, on 1 December 2027, 00:00 UTC",
    "card ended": f"Contract {CONTRACT} has ended",
}


@pytest.mark.parametrize("kind", KINDS)
def test_it_goes_to_the_billing_contact_and_says_what_is_the_matter(kind):
    mail = mail_for(**KINDS[kind])
    assert (mail.to, mail.sender, mail.message_id) == (("bills@reseller.example.net",), SENDER, MESSAGE_ID)
    assert mail.subject == SUBJECTS[kind]
    for part in parts_of(mail):
        assert SUBJECTS[kind] in part
        assert "Nordic Hosting AB" in part
        assert "1 December 2027, 00:00 UTC" in part
        assert f"GET /v1/contracts/{CONTRACT}/ledger" in part


SAYS = {
    "low": ["50 or fewer", "An order that needs more units than are left is refused", "Sally Seller"],
    "ends": ["can be ordered with until the contract ends", "From then on nothing can be ordered on it"],
    "ended": ["could be ordered with until the contract ended", "Since then nothing can be ordered on it"],
    "card ends": ["serves as long as its card does", "Card numbers go into that form only"],
    "card ended": ["served as long as its card did", "POST /v1/payment-method"],
}


@pytest.mark.parametrize(("kind", "words"), SAYS.items(), ids=SAYS.keys())
def test_it_says_what_this_means_and_what_to_do(kind, words):
    for part in parts_of(mail_for(**KINDS[kind])):
        assert [each for each in words if each not in part] == []


@pytest.mark.parametrize("kind", ["low", "ends", "ended"])
def test_it_tells_the_units_as_they_are(kind):
    text, html = parts_of(mail_for(**KINDS[kind]))
    assert "Units bought: 500 Left: 48 In pending orders: 10 Used: 442" in text
    assert "Units bought 500 Left 48 In pending orders 10 Used 442" in html


@pytest.mark.parametrize("kind", ["card ends", "card ended"])
def test_a_contract_on_a_card_has_no_units_to_tell(kind):
    assert all("Units bought" not in part for part in parts_of(mail_for(**KINDS[kind])))


def test_what_was_not_agreed_is_not_told():
    for part in parts_of(mail_for(invoice_reference=None, sales_representative=None)):
        assert "Invoice" not in part.replace("the invoice is agreed", "")
        assert "your sales representative" in part
        assert "None" not in part


def test_the_same_facts_make_the_same_mail():
    assert to_mime(mail_for(), NOON) == to_mime(mail_for(), NOON)


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("name", ["reseller_name", "invoice_reference", "sales_representative", "brand"])
@pytest.mark.parametrize("kind", ["low", "card ends"])
def test_hostile_words_change_nothing_around_them(kind, name, hostile):
    usual = Elements(mail_for(**KINDS[kind]).html)
    mail = mail_for(**KINDS[kind], **{name: hostile})
    told = Elements(mail.html)
    assert (told.tags, told.attributes, told.leads) == (usual.tags, usual.attributes, [])
    assert "://" not in mail.text
    assert len(mail.text.splitlines()) == len(mail_for(**KINDS[kind]).text.splitlines())
    assert len(mail.html) < 20_000
    assert to_mime(mail, NOON)


def test_an_address_that_would_add_a_header_is_refused():
    with pytest.raises(MailRefused):
        mail_for(billing_email="bills@reseller.example.net\r\nBcc: everybody@example.org")

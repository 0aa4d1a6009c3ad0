import re
from datetime import timedelta
from email import message_from_bytes
from email.policy import default

import pytest

from partner_center.notifications.control_instructions import Instruction, control_instructions_mail
from partner_center.notifications.mail import MailRefused
from partner_center.notifications.mime import to_mime
from tests.unit.notifications.facts import (
    HOSTILE,
    INSTRUCTIONS,
    MESSAGE_ID,
    NOON,
    SENDER,
    VALUE,
    Elements,
    instructions_facts,
)

FREE_TEXT = (
    "technical_name",
    "reseller_name",
    "product_name",
    "brand",
    "order_id",
    "common_name",
    "support_contact",
)
FILE = next(each for each in INSTRUCTIONS if each.type == "file")
RECORDS = tuple(each for each in INSTRUCTIONS if each.type != "file")
LONGEST_NAME = ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 33, "example.com"])


def mail_for(**changes):
    return control_instructions_mail(instructions_facts(**changes), SENDER, MESSAGE_ID)


def parts_of(mail):
    """The text and the HTML as a mail program decodes them."""
    message = message_from_bytes(to_mime(mail, NOON), policy=default)
    return [message.get_body([kind]).get_content() for kind in ("plain", "html")]


def test_it_goes_to_the_technical_contact_alone():
    mail = mail_for()
    assert mail.to == ("asa@example.com",)
    assert (mail.sender, mail.message_id, mail.reply_to) == (SENDER, MESSAGE_ID, None)
    assert mail.subject == "What to publish for the certificate for example.com"
    assert not mail.attachments


@pytest.mark.parametrize(
    "told",
    [
        "Nordic Hosting AB",
        "Åsa Lindqvist",
        "QuickSSL Premium",
        "GeoTrust",
        "ord_01kapm3y8qv5d8r2x7c4n9b1zt",
        "23 December 2026, 12:00 UTC",
        "support@partners.example.net",
        "for example.com, *.example.com",
        "We look by ourselves",
        "publish nothing and tell us",
        "give the name without it",
    ],
)
def test_who_asks_for_what_until_when_is_told(told):
    mail = mail_for()
    assert told.casefold() in " ".join(mail.text.split()).casefold()
    assert told.casefold() in Elements(mail.html).text.casefold()


@pytest.mark.parametrize("each", INSTRUCTIONS, ids=[each.where for each in INSTRUCTIONS])
def test_place_and_value_stand_there_letter_by_letter_each_on_a_line_of_its_own(each):
    text, html = parts_of(mail_for())
    lines = [line.strip() for line in text.splitlines()]
    for letters in (each.where, each.what):
        assert letters in lines
        assert f"<code>{letters}</code>" in html


AWKWARD = {
    "quotes and ampersands": 'ca.net; accounturi=https://x.net/a?b=1&c="2"<3>; policy=wildcard',
    "braces": "{{ 7 * 191 }}{% raw %}",
    "two blanks": "a  b",
    "longer than a line of mail": "a" * 2000,
    "an equals sign at every place": "=3D" * 50,
    "dots": ".hidden.",
    "from": "From here",
}


@pytest.mark.parametrize("value", AWKWARD.values(), ids=AWKWARD.keys())
def test_not_a_letter_of_a_value_is_changed_on_the_way(value):
    instruction = Instruction(("example.com",), "TXT", "_partner-center.example.com", value)
    text, html = parts_of(mail_for(instructions=(instruction,)))
    assert f"    {value}" in text.splitlines()
    words = Elements(html).words
    assert value in words


@pytest.mark.parametrize("field", ["where", "what"])
@pytest.mark.parametrize(
    "value", ["a\nb", "a\r\nBcc: x@example.org", "a\x00", "café", "a\u202eb", "a\u00a0b", "\ud800", "a\tb"]
)
def test_what_could_not_be_copied_is_never_sent(field, value):
    given = {"where": "_partner-center.example.com", "what": VALUE} | {field: value}
    with pytest.raises(ValueError, match="printable ASCII"):
        mail_for(instructions=(Instruction(("example.com",), "TXT", **given),))


def test_instructions_are_numbered_and_named_after_their_kind():
    mail = mail_for()
    headings = ["1. TXT RECORD", "2. CNAME RECORD", "3. A FILE", "4. TXT RECORD"]
    assert [line for line in mail.text.splitlines() if re.match(r"\d+\. ", line)] == headings
    assert re.findall(r"<h2>(\d+\. [^<]+)</h2>", mail.html) == [
        "1. TXT record",
        "2. CNAME record",
        "3. A file",
        "4. TXT record",
    ]


def test_a_record_has_name_type_and_value_and_a_file_address_and_content():
    text = mail_for(instructions=RECORDS[:1]).text
    assert "Name:\n    _partner-center.example.com\n  Type:\n    TXT\n  Value:\n" in text
    assert "Address:" not in text
    text = mail_for(instructions=(FILE,)).text
    assert f"Address:\n    {FILE.where}\n  Content:\n    {VALUE}\n" in text
    assert "Value:" not in text


@pytest.mark.parametrize(("instructions", "told"), [(RECORDS, False), ((FILE,), True), (INSTRUCTIONS, True)])
def test_how_a_file_is_served_is_told_where_there_is_one(instructions, told):
    mail = mail_for(instructions=instructions)
    assert ("plain http on port 80" in " ".join(mail.text.split())) is told
    assert ("plain http on port 80" in Elements(mail.html).text) is told


@pytest.mark.parametrize(
    ("count", "told"),
    [
        (1, "for n0.example.com"),
        (5, "n4.example.com"),
        (6, "n4.example.com and 1 more"),
        (100, "and 95 more"),
    ],
)
def test_of_many_names_of_one_value_a_few_are_told(count, told):
    names = tuple(f"n{number}.example.com" for number in range(count))
    mail = mail_for(instructions=(Instruction(names, "TXT", "_partner-center.example.com", VALUE),))
    assert told in mail.text
    assert told in Elements(mail.html).text
    assert "n5.example.com" not in mail.text + mail.html


def test_a_hundred_instructions_are_all_there():
    many = tuple(
        Instruction(
            (f"n{number}.example.com",), "TXT", f"_partner-center.n{number}.example.com", f"{VALUE}{number}"
        )
        for number in range(100)
    )
    text, html = parts_of(mail_for(instructions=many))
    assert all(each.what in text.split() and f"<code>{each.what}</code>" in html for each in many)


def test_the_longest_name_fits():
    place = f"_partner-center.{LONGEST_NAME[16:]}"
    text, html = parts_of(mail_for(instructions=(Instruction((LONGEST_NAME,), "TXT", place, VALUE),)))
    assert f"    {place}" in text.splitlines()
    assert LONGEST_NAME in Elements(html).text


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_foreign_text_neither_breaks_out_nor_adds_a_link(text):
    mail, usual = mail_for(**dict.fromkeys(FREE_TEXT, text)), mail_for()
    elements, ordinary = Elements(mail.html), Elements(usual.html)
    assert elements.tags == ordinary.tags
    assert elements.attributes == ordinary.attributes
    assert elements.leads == []
    assert re.findall(r"\S+://\S+", mail.text) == re.findall(r"\S+://\S+", usual.text)
    assert mail.text.count("\n") == usual.text.count("\n")
    assert "1337" not in mail.text + mail.html
    assert message_from_bytes(to_mime(mail, NOON))["Bcc"] is None
    assert len(mail.subject) < 300


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_name_neither_breaks_out_nor_adds_a_line(text):
    """Names are examined when the order is placed; the mail does not rely on it."""
    hostile = tuple(Instruction((text,), each.type, each.where, each.what) for each in INSTRUCTIONS)
    mail, usual = mail_for(instructions=hostile), mail_for()
    assert Elements(mail.html).tags == Elements(usual.html).tags
    assert mail.text.count("\n") == usual.text.count("\n")
    assert "evil.example.org/approve" not in " ".join(re.findall(r"\S+://\S+", mail.text))


def test_a_hostile_recipient_is_refused():
    with pytest.raises(MailRefused):
        mail_for(technical_email="asa@example.com\r\nBcc: everybody@example.org")


def test_nothing_is_loaded_from_elsewhere_nothing_runs_and_nothing_is_clicked():
    html = mail_for().html
    assert not {"a", "img", "script", "link", "iframe", "object", "form", "svg"} & set(Elements(html).tags)
    assert "url(" not in html
    assert "@import" not in html


def test_no_line_ends_in_a_blank_and_paragraphs_are_apart():
    for instructions in (INSTRUCTIONS, RECORDS, (FILE,)):
        text = mail_for(instructions=instructions).text
        assert [line for line in text.splitlines() if line != line.rstrip()] == []
        assert re.search(r"\n\nThe values serve until", text)
        assert "\n\n\n\n" not in text


def test_the_same_facts_give_the_same_mail():
    assert mail_for() == mail_for()
    assert mail_for(until=NOON + timedelta(days=29)) != mail_for()

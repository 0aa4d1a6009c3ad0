from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from email.utils import parsedate_to_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partner_center.notifications.mail import Attachment, Mail, MailRefused
from partner_center.notifications.mime import ascii_address, to_mime

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
PLAIN = Mail(
    message_id="<issued.ord_1.g1@ca.example.net>",
    sender="Zertifikate für Händler <no-reply@ca.example.net>",
    to=("admin@example.com",),
    reply_to="Support <help@ca.example.net>",
    subject="Förfrågan: Zertifikat für bücher.example.com, 証明書 \U0001f510",
    text="Grüße\n.\nFrom here on\n--=_not a boundary\n" + "long " * 400 + "\nend\n",
    html="<p>Grüße</p>\n",
    attachments=(
        Attachment("www.example.com.pem", "application/pem-certificate-chain", b"-----BEGIN-----\nabc\n"),
        Attachment("www.example.com.p7b", "application/x-pkcs7-certificates", bytes(range(256)) * 40),
    ),
    headers=(("X-Order", "ord_1"),),
)


def parsed(mail: Mail) -> EmailMessage:
    return message_from_bytes(to_mime(mail, NOON), policy=default)


def body(message: EmailMessage, kind: str) -> str:
    """A part's text with the line feeds that it had before it travelled as CR LF (RFC 2046 4.1.1)."""
    return message.get_body((kind,)).get_content().replace("\r\n", "\n")


def test_what_is_sent_is_what_a_stranger_reads():
    message = parsed(PLAIN)
    assert message["Subject"] == PLAIN.subject
    assert message["From"].addresses[0].display_name == "Zertifikate für Händler"
    assert message["From"].addresses[0].addr_spec == "no-reply@ca.example.net"
    assert [address.addr_spec for address in message["To"].addresses] == ["admin@example.com"]
    assert message["Reply-To"].addresses[0].addr_spec == "help@ca.example.net"
    assert message["X-Order"] == "ord_1"
    assert body(message, "plain") == PLAIN.text
    assert body(message, "html") == PLAIN.html
    attachments = [
        (part.get_filename(), part.get_content_type(), part.get_content())
        for part in message.iter_attachments()
    ]
    assert attachments == [(each.filename, each.content_type, each.content) for each in PLAIN.attachments]
    assert not message.defects
    assert not [defect for part in message.walk() for defect in part.defects]


def test_the_readers_program_may_choose_between_text_and_html():
    assert [part.get_content_type() for part in parsed(PLAIN).walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "application/pem-certificate-chain",
        "application/x-pkcs7-certificates",
    ]
    assert parsed(replace(PLAIN, attachments=())).get_content_type() == "multipart/alternative"


def test_the_date_is_the_given_moment():
    elsewhere = NOON.astimezone(timezone(timedelta(hours=9)))
    for moment in (NOON, elsewhere):
        message = message_from_bytes(to_mime(PLAIN, moment), policy=default)
        assert parsedate_to_datetime(message["Date"]) == NOON


def test_a_repeated_mail_is_the_same_bytes():
    assert to_mime(PLAIN, NOON) == to_mime(PLAIN, NOON)
    message = parsed(PLAIN)
    assert message["Message-ID"] == message["X-Message-Reference"] == PLAIN.message_id


def test_robots_do_not_answer():
    message = parsed(PLAIN)
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Auto-Response-Suppress"] == "All"


def test_every_line_is_ascii_short_and_ends_in_crlf():
    raw = to_mime(PLAIN, NOON)
    assert raw.isascii()
    lines = raw.split(b"\r\n")
    assert max(map(len, lines)) <= 78
    assert not any(b"\n" in line or b"\r" in line for line in lines)


def test_a_forged_boundary_stays_text():
    boundary = parsed(PLAIN).get_boundary()
    forged = f"a\r\n--{boundary}\r\nContent-Type: text/html\r\n\r\n<b>forged</b>\r\n--{boundary}--\r\n"
    message = parsed(replace(PLAIN, text=forged, html=forged))
    assert len(list(message.walk())) == 6
    assert body(message, "plain") == forged.replace("\r\n", "\n")


@given(subject=st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=300))
def test_no_subject_adds_a_header_field(subject):
    unattached = replace(PLAIN, attachments=())
    mail = replace(unattached, subject=subject)
    fields, usual = (message_from_bytes(to_mime(each, NOON)).items() for each in (mail, unattached))
    assert [name for name, _ in fields] == [name for name, _ in usual]


@pytest.mark.parametrize(
    ("mailbox", "address"),
    [
        ("admin@example.com", "admin@example.com"),
        ("admin@EXAMPLE.com", "admin@example.com"),
        ("Admin+tls@example.com", "Admin+tls@example.com"),
        ("Partner Center <no-reply@ca.example.net>", "no-reply@ca.example.net"),
        ('"Center, Partner" <no-reply@ca.example.net>', "no-reply@ca.example.net"),
        ("admin@bücher.example.com", "admin@xn--bcher-kva.example.com"),
        ("admin@STRASSE.example.com", "admin@strasse.example.com"),
        ("admin@straße.example.com", "admin@xn--strae-oqa.example.com"),
        ("admin@xn--bcher-kva.example.com", "admin@xn--bcher-kva.example.com"),
        ("x" * 64 + "@example.com", "x" * 64 + "@example.com"),
    ],
)
def test_an_address_is_deliverable_ascii(mailbox, address):
    assert ascii_address(mailbox) == address
    assert parsed(replace(PLAIN, to=(mailbox,)))["To"].addresses[0].addr_spec == address


@pytest.mark.parametrize(
    "mailbox",
    [
        "",
        "admin",
        "@example.com",
        "admin@",
        "a@b@example.com",
        "a@example.com, b@example.com",
        "a@example.com b@example.com",
        "a@example.com;b@example.com",
        "<a@example.com> <b@example.com>",
        "Group: a@example.com;",
        '"quoted local"@example.com',
        ".a@example.com",
        "a..b@example.com",
        "häns@example.com",
        "a@example",
        "a@-example.com",
        "a@exa_mple.com",
        "a@[192.0.2.1]",
        "a@192.0.2.1",
        "a@\u2024.example.com",
        "a@" + "x" * 64 + ".com",
        "a@" + "x.-" * 30 + "com",
        "a@" + "ab." * 90 + "com",
        "x" * 65 + "@example.com",
        "a@" + "\u00fc" * 10_000 + ".com",
    ],
    ids=lambda mailbox: mailbox[:24] or "empty",
)
def test_what_is_not_one_deliverable_address_is_refused(mailbox):
    with pytest.raises(MailRefused) as refused:
        to_mime(replace(PLAIN, to=(mailbox,)), NOON)
    assert refused.value.reason == "address_invalid"

import re
from datetime import timedelta
from email import message_from_bytes
from email.policy import default

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import pkcs7

from partner_center.notifications.certificate_issued import certificate_issued_mail
from partner_center.notifications.install_guides import file_stem
from partner_center.notifications.mail import MailRefused
from partner_center.notifications.mime import to_mime
from tests.unit.notifications.facts import HOSTILE, NOON, SENDER, Elements

MESSAGE_ID = "<issued.ord_1.g1@partners.example.net>"
# The extensions with which SES refuses a whole mail, as far as certificates and domain names could end in them.
REFUSED_BY_SES = (".crt", ".cer", ".der", ".com", ".app", ".sys", ".vbs", ".ps1")
FREE_TEXT = ("technical_name", "partner_order_id", "reseller_name", "product_name", "brand", "serial_hex")
BLOCK = re.compile(r"-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+-----END CERTIFICATE-----\n")


@pytest.fixture
def mail_for(issued):
    return lambda **changes: certificate_issued_mail(issued(**changes), SENDER, MESSAGE_ID)


def certificates(text: str) -> list[x509.Certificate]:
    return [x509.load_pem_x509_certificate(block.encode()) for block in BLOCK.findall(text)]


def test_the_certificate_and_its_chain_are_in_the_text(mail_for, chain):
    mail = mail_for()
    assert certificates(mail.text) == chain
    assert certificates("".join(Elements(mail.html).words)) == chain


def test_the_files_hold_the_leaf_the_chain_and_both(mail_for, chain):
    leaf, intermediates, both, bundle = mail_for().attachments
    assert certificates(leaf.content.decode()) == chain[:1]
    assert certificates(intermediates.content.decode()) == chain[1:]
    assert certificates(both.content.decode()) == chain
    assert set(pkcs7.load_der_pkcs7_certificates(bundle.content)) == set(chain)
    assert [each.filename for each in mail_for().attachments] == [
        "www.example.com.pem",
        "www.example.com.chain.pem",
        "www.example.com.fullchain.pem",
        "www.example.com.p7b",
    ]


def test_attachments_survive_the_journey_byte_for_byte(mail_for):
    mail = mail_for()
    received = message_from_bytes(to_mime(mail, NOON), policy=default)
    assert [part.get_content() for part in received.iter_attachments()] == [
        each.content for each in mail.attachments
    ]


@pytest.mark.parametrize("leaf_ending", ["", "\n", "\r\n", "\n\n  \n"], ids=repr)
def test_blocks_are_joined_whatever_their_line_ends(mail_for, issued, leaf_ending, chain):
    leaf = issued().leaf_pem.strip().replace("\n", "\r\n") + leaf_ending
    both = mail_for(leaf_pem=leaf).attachments[2].content
    assert certificates(both.decode()) == chain
    assert b"\r" not in both


@pytest.mark.parametrize(
    "told",
    [
        "Åsa Lindqvist",
        "Nordic Hosting AB",
        "ord_01kapm3y8qv5d8r2x7c4n9b1zt",
        "PO-2026-1184",
        "abcdef0123456789",
        "10 June 2027, 11:59 UTC",
        "23 November 2027, 12:00 UTC",
        "bücher.example.com",
        "xn--bcher-kva.example.com",
        "ssl_certificate /etc/nginx/tls/www.example.com.fullchain.pem;",
        "SSLCertificateFile /etc/ssl/site/www.example.com.fullchain.pem",
        "certreq -accept -machine www.example.com.p7b",
        "The private key is not among them",
        "reissue",
        "renewed",
        "revoked",
    ],
)
def test_what_it_is_and_what_to_do_is_told(mail_for, told):
    mail = mail_for()
    assert told in " ".join(mail.text.split())
    assert told in Elements(mail.html).text


def test_fingerprints_are_those_of_the_certificate(mail_for, chain):
    mail = mail_for()
    assert chain[0].fingerprint(hashes.SHA256()).hex() in Elements(mail.html).text
    assert chain[0].fingerprint(hashes.SHA256()).hex() in "".join(mail.text.split())
    assert chain[0].fingerprint(hashes.SHA1()).hex().upper() in mail.text  # noqa: S303


def test_the_last_certificate_of_a_term_speaks_of_renewal_alone(mail_for, issued):
    text = mail_for(term_ends=issued().not_after + timedelta(seconds=1)).text
    assert "The order itself runs until" in text
    text = mail_for(term_ends=issued().not_after).text
    assert "The order itself runs until" not in text
    assert "for a renewal" in text


def test_it_leads_nowhere_and_loads_nothing(mail_for):
    mail = mail_for()
    assert Elements(mail.html).leads == []
    assert "://" not in mail.text
    assert not {"img", "script", "link", "iframe", "form"} & set(Elements(mail.html).tags)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_foreign_text_neither_breaks_out_nor_adds_a_link(mail_for, text):
    mail, usual = mail_for(**dict.fromkeys(FREE_TEXT, text)), mail_for()
    assert Elements(mail.html).tags == Elements(usual.html).tags
    assert Elements(mail.html).attributes == Elements(usual.html).attributes
    assert mail.text.count("\n") == usual.text.count("\n")
    assert "://" not in mail.text
    assert b"\nBcc" not in to_mime(mail, NOON)


def test_a_hostile_recipient_is_refused(mail_for):
    with pytest.raises(MailRefused):
        mail_for(technical_email="a@example.com\nBcc: everybody@example.org")


def test_a_certificate_without_common_name_goes_by_its_first_name(mail_for):
    mail = mail_for(common_name=None, names=("*.example.com", "example.com"))
    assert "*.example.com" in mail.subject
    assert mail.attachments[0].filename == "wildcard_example.com.pem"


def test_without_a_partner_order_number_none_is_mentioned(mail_for):
    mail = mail_for(partner_order_id=None)
    assert "order number" not in mail.text
    assert "None" not in mail.text + mail.html


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("www.example.com", "www.example.com"),
        ("WWW.Example.COM", "www.example.com"),
        ("*.example.com", "wildcard_example.com"),
        ("xn--bcher-kva.example.com", "xn--bcher-kva.example.com"),
        ("con.example.com", "_con.example.com"),
        ("com1.example.com", "_com1.example.com"),
        ("console.example.com", "console.example.com"),
        ("../../etc/passwd", "etc-passwd"),
        ("a/b\\c:d", "a-b-c-d"),
        ("$(reboot).example.com", "reboot-.example.com"),
        ("", "_"),
        ("...", "_"),
        ("x" * 63 + "." + "y" * 63 + ".example.com", "x" * 63 + "." + "y" * 16),
    ],
)
def test_a_file_name_is_safe_on_any_system(name, stem):
    assert file_stem(name) == stem


@pytest.mark.parametrize(
    "name", ["*.example.com", "example.com", "x" * 63 + "." + "y" * 63 + ".example.com", "nul.example.com"]
)
def test_no_file_is_of_a_kind_that_ses_refuses(mail_for, name):
    mail = mail_for(common_name=None, names=(name,))
    assert len({each.filename for each in mail.attachments}) == 4
    assert not [each.filename for each in mail.attachments if each.filename.endswith(REFUSED_BY_SES)]


def test_the_same_facts_give_the_same_mail(mail_for):
    assert mail_for() == mail_for()

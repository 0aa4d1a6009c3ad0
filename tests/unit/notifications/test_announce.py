"""Announcing a certificate: once, again after trouble that passes, and told on the order when mail cannot help."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from partner_center.accounts.resellers import Reseller
from partner_center.catalog.products import load_catalog
from partner_center.issuance.profile import IssuingCa, SignatureAlgorithm
from partner_center.issuance.record import CertificateStatus
from partner_center.kernel.errors import TryAgain
from partner_center.kernel.events import Event
from partner_center.notifications.announce import AnnounceCertificate
from partner_center.notifications.mail import MailRefused
from partner_center.orders.order import OrderHead, OrderStatus
from partner_center.orders.reissue import Reissue, ReissueStatus
from tests.fakes.determined import FixedClock
from tests.fakes.samples import ORDER, US, a_content, a_head, a_record

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
EVENT = Event(
    "evt_1", "order.issued", NOW, "execution-1", {"reseller_id": US, "order_id": ORDER, "serial": "0a1b"}
)


@pytest.fixture(scope="module")
def certificate() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "www.example.com")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    dated = builder.serial_number(1).not_valid_before(NOW).not_valid_after(NOW + timedelta(days=1))
    return dated.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


@dataclass
class Office:
    """Everything that announcing needs, in memory; `trouble` is raised instead of sending, once each."""

    certificate: bytes
    trouble: list[Exception] = field(default_factory=list)
    mails: list = field(default_factory=list)
    rows: set = field(default_factory=set)
    messages: dict = field(default_factory=dict)
    order: OrderHead = field(default_factory=a_head)
    asked: Reissue | None = None
    revoked: bool = False
    former: dict = field(default_factory=dict)

    def head(self, reseller_id, order_id):
        return self.order if (reseller_id, order_id) == (US, ORDER) else None

    def reissue(self, *ids):
        return self.asked if ids == (US, ORDER, "rei_1") else None

    def content(self, *_):
        return a_content()

    def by_serial(self, serial):
        reissue_id = self.asked.reissue_id if self.asked else None
        became = {"status": CertificateStatus.REVOKED, "revoked_at": NOW} if self.revoked else {}
        made = a_record(certificate_der=self.certificate, reissue_id=reissue_id, **became)
        return {"0a1b": made, **self.former}.get(serial)

    def issuing_ca(self, issuer_id):
        return IssuingCa(
            issuer_id,
            self.certificate,
            self.certificate,
            "key-1",
            SignatureAlgorithm.ECDSA_SHA256,
            "http://a.example.com/a.crt",
            "http://a.example.com/a.crl",
        )

    def reseller(self, reseller_id):
        return Reseller(reseller_id, "Nordic Hosting AB", "support@example.com")

    def send(self, mail):
        if self.trouble:
            raise self.trouble.pop(0)
        self.mails.append(mail)

    def was_sent(self, *key):
        return key in self.rows

    def record(self, *row):
        self.rows.add(row[:3])

    def tell(self, reseller_id, order_id, message):
        self.messages[reseller_id, order_id, message.message_id] = message.text

    def announce(self, event=EVENT):
        catalog, clock = load_catalog(), FixedClock()
        AnnounceCertificate(self, self, self, catalog, self, self, clock, "a@example.com")(event)


@pytest.fixture
def office(certificate: bytes) -> Office:
    return Office(certificate)


def test_the_technical_contact_is_told_once_however_often_the_event_comes(office):
    office.announce()
    office.announce()
    assert [mail.to for mail in office.mails] == [("asa@example.com",)]
    assert office.messages == {}


def a_reissue(**changes):
    made = Reissue(
        US, ORDER, "rei_1", 2, ReissueStatus.ISSUED, NOW, ("www.example.com",), "0a0b", ended_at=NOW
    )
    return replace(made, **changes)


REPLACING = {"replaces": "ord_0", "issued_at": NOW}
REVOKED = [
    ("a first certificate", {}, None, None),
    ("a renewal", {"renewal_of": "ord_0", "issued_at": NOW}, None, None),
    ("a replacement", REPLACING, None, "23 November 2026, 12:00 UTC"),
    (
        "a replacement, later",
        REPLACING | {"revoke_original_after_hours": 30},
        None,
        "24 November 2026, 18:00 UTC",
    ),
    ("a reissue", {}, a_reissue(), None),
    ("a reissue of a replacement", REPLACING, a_reissue(), None),
    (
        "a reissue, at once",
        {},
        a_reissue(revoke_previous_after_hours=0),
        "23 November 2026, 12:00 UTC",
    ),
    (
        "a reissue, later",
        {},
        a_reissue(revoke_previous_after_hours=120),
        "28 November 2026, 12:00 UTC",
    ),
]


@pytest.mark.parametrize(("head", "asked", "told"), [pytest.param(*each[1:], id=each[0]) for each in REVOKED])
def test_whoever_must_install_it_is_told_until_when_the_one_before_serves(office, head, asked, told):
    """The same however late the mail goes out: one Message-ID has one text."""
    office.order, office.asked = a_head(**head), asked
    office.announce()
    (mail,) = office.mails
    assert ("is revoked on" in mail.text, "is revoked on" in mail.html) == (bool(told), bool(told))
    assert told is None or (told in mail.text and told in mail.html)


WITHDRAWN = {
    "the certificate": (True, OrderStatus.ISSUED, None),
    "the order, its certificates not yet": (False, OrderStatus.REVOKED, None),
    "the order with its certificates": (True, OrderStatus.REVOKED, None),
    "the certificate of a reissue": (True, OrderStatus.ISSUED, a_reissue()),
    "the order of a reissue": (False, OrderStatus.REVOKED, a_reissue()),
}


@pytest.mark.parametrize(("revoked", "status", "asked"), WITHDRAWN.values(), ids=WITHDRAWN)
def test_what_was_revoked_before_its_mail_is_announced_to_nobody_then_or_later(
    office, revoked, status, asked
):
    office.order, office.revoked, office.asked = a_head(status=status), revoked, asked
    office.announce()
    assert (office.mails, office.messages) == ([], {})
    assert office.rows == {(US, ORDER, "issued-0a1b")}
    office.order, office.revoked = a_head(), False
    office.announce()
    assert office.mails == []


def test_a_reissue_is_announced_though_the_certificate_before_it_is_revoked(office):
    """Which is what a reissue may be for; only what is announced must live."""
    office.asked = a_reissue(revoke_previous_after_hours=0)
    former = a_record(serial_hex="0a0b", status=CertificateStatus.REVOKED, revoked_at=NOW)
    office.former = {"0a0b": former}
    office.announce()
    assert [mail.to for mail in office.mails] == [("asa@example.com",)]


def test_trouble_that_passes_is_for_the_queue_and_the_mail_keeps_its_id(office):
    office.trouble = [TryAgain("throttled")]
    with pytest.raises(TryAgain):
        office.announce()
    assert (office.rows, office.messages) == (set(), {})
    office.announce()
    (mail,) = office.mails
    assert mail.message_id == "<issued-0a1b@example.com>"


def test_a_mail_that_will_never_go_out_is_told_on_the_order_and_not_tried_for_ever(office):
    office.trouble = [MailRefused("message_rejected", "no such domain")]
    office.announce()
    office.announce()
    assert office.mails == []
    ((key, text),) = office.messages.items()
    assert key == (US, ORDER, "msg_issued-0a1b")
    assert "asa@example.com" in text
    assert "/v1/certificates/0a1b/download" in text


@pytest.mark.parametrize("data", [{"order_id": "ord_2"}, {"serial": "ffff"}], ids=["order", "certificate"])
def test_what_cannot_be_read_yet_is_tried_again(office, data):
    event = Event("evt_1", "order.issued", NOW, "execution-1", {**EVENT.data, **data})
    with pytest.raises(TryAgain):
        office.announce(event)
    assert office.mails == []

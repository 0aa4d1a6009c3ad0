"""When an order is issued, the technical contact gets the certificate (M10)."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from partner_center.accounts.resellers import Resellers
from partner_center.catalog.products import Catalog
from partner_center.issuance.chain_formats import p7b, pem
from partner_center.issuance.profile import IssuingCa
from partner_center.issuance.record import CertificateRecord, CertificateStatus
from partner_center.kernel.clock import Clock
from partner_center.kernel.errors import TryAgain
from partner_center.kernel.events import Event
from partner_center.notifications.certificate_issued import (
    CertificateIssuedFacts,
    certificate_issued_mail,
)
from partner_center.notifications.domain_mailer import message_id, tags_of
from partner_center.notifications.mail import MailRefused
from partner_center.notifications.ports import Mailer, SentMails
from partner_center.orders.lifecycle import revoked_at
from partner_center.orders.order import Order, OrderHead, OrderStatus
from partner_center.orders.ports import OrderReader, load
from partner_center.validation.ports import Message


class CertificateReader(Protocol):
    """Reads certificates and the CAs above them."""

    def by_serial(self, serial_hex: str) -> CertificateRecord | None: ...

    def issuing_ca(self, issuer_id: str) -> IssuingCa | None: ...


@dataclass(frozen=True, slots=True)
class AnnounceCertificate:
    """The use case: at least once, and a repetition bears the same Message-ID."""

    orders: OrderReader
    certificates: CertificateReader
    resellers: Resellers
    catalog: Catalog
    mailer: Mailer
    sent: SentMails
    clock: Clock
    sender: str

    def __call__(self, event: Event) -> None:
        """Raises TryAgain when something is out; the queue then delivers the event again.

        A mail that will never go out is told on the order: the certificate is there to be downloaded (M6). What was
        revoked meanwhile is to be installed by nobody: it is not mailed, then or later.
        """
        reseller_id, order_id = str(event.data["reseller_id"]), str(event.data["order_id"])
        mail_id = f"issued-{event.data['serial']}"
        if self.sent.was_sent(reseller_id, order_id, mail_id):
            return
        order = load(self.orders, reseller_id, order_id)
        record = self.certificates.by_serial(str(event.data["serial"]))
        if order is None or record is None:
            raise TryAgain("The certificate cannot be read at the moment.")
        moment = self.clock.now()
        if not is_revoked(order.head, record):
            self._mail(order, record, mail_id, moment)
        self.sent.record(reseller_id, order_id, mail_id, int(moment.timestamp()))

    def _mail(self, order: Order, record: CertificateRecord, mail_id: str, moment: datetime) -> None:
        facts = self._facts(order, record)
        try:
            mail = certificate_issued_mail(facts, self.sender, message_id(mail_id, self.sender))
            self.mailer.send(replace(mail, tags=tags_of(order.head, "certificate")))
        except MailRefused as refused:
            message = _undelivered(mail_id, moment, facts, refused)
            self.sent.tell(order.head.reseller_id, order.head.order_id, message)

    def _facts(self, order: Order, record: CertificateRecord) -> CertificateIssuedFacts:
        issuer = self.certificates.issuing_ca(record.issuer_id)
        reseller = self.resellers.reseller(order.head.reseller_id)
        product = self.catalog.product(order.head.product)
        leaf = record.certificate_der
        if issuer is None or reseller is None or product is None or leaf is None:
            raise TryAgain("What belongs to the certificate cannot be read at the moment.")
        chain = [issuer.certificate_der]
        bundle = p7b([leaf, *chain])
        contact = order.content.contacts.technical
        return CertificateIssuedFacts(
            technical_name=f"{contact.first_name} {contact.last_name}",
            technical_email=contact.email,
            order_id=order.head.order_id,
            partner_order_id=order.head.partner_order_id,
            product_name=product.name,
            brand=self.catalog.brand(product.brand).name,
            level=product.level,
            reseller_name=reseller.name,
            common_name=record.common_name,
            names=record.names,
            serial_hex=record.serial_hex,
            not_before=record.not_before,
            not_after=record.not_after,
            term_ends=order.head.term_to or record.not_after,
            leaf_pem=pem([leaf]).decode(),
            chain_pem=pem(chain).decode(),
            pkcs7_der=bundle,
            support_contact=reseller.support_email,
            previous_ends=self._previous_ends(order.head, record),
        )

    def _previous_ends(self, head: OrderHead, record: CertificateRecord) -> datetime | None:
        """When the certificate before a reissue's, or the order before a replacement, is revoked, as was chosen."""
        hours, since = head.revoke_original_after_hours or 0, head.issued_at if head.replaces else None
        if record.reissue_id is not None:
            reissue = self.orders.reissue(head.reseller_id, head.order_id, record.reissue_id)
            if reissue is None or reissue.revoke_previous_after_hours is None:
                return None
            former = self.certificates.by_serial(reissue.previous)
            if (
                former is not None
                and former.revoked_at
                and reissue.ended_at
                and former.revoked_at < reissue.ended_at
            ):
                return None
            hours, since = reissue.revoke_previous_after_hours, reissue.ended_at
        return revoked_at(since, hours, key_compromised=False) if since is not None else None


def is_revoked(head: OrderHead, record: CertificateRecord) -> bool:
    """Whether the certificate is revoked, or about to be: an order's certificates follow it."""
    return record.status is CertificateStatus.REVOKED or head.status is OrderStatus.REVOKED


def _undelivered(
    mail_id: str, moment: datetime, facts: CertificateIssuedFacts, refused: MailRefused
) -> Message:
    return Message(
        f"msg_{mail_id}",
        moment,
        f"The certificate could not be mailed to {facts.technical_email} ({refused.reason}). It is issued: "
        f"download it from /v1/certificates/{facts.serial_hex}/download and hand it on.",
    )

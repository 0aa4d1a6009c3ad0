"""The form in which a mail travels: RFC 5322 header, RFC 2045 parts, 7-bit lines of at most 76 characters."""

import hashlib
import re
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage, MIMEPart
from email.policy import SMTP

from partner_center.notifications.mail import Mail, MailRefused
from partner_center.notifications.mail_domain import as_a_labels

_MAILBOX = re.compile(r"(?P<display>[^<>]*)<(?P<named>[^<>\s]+)>|(?P<bare>[^<>\s]+)")
_LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOMAIN = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?")


def ascii_address(mailbox: str) -> str:
    """The bare address of a mailbox, its domain as A-labels, as an SMTP envelope wants it.

    Raises MailRefused for anything but one address: quoted local parts and lists are not accepted, nor is a
    local part beyond ASCII, which only SMTPUTF8 (RFC 6531) could carry and SES does not.
    """
    return _address(mailbox).addr_spec


def to_mime(mail: Mail, moment: datetime) -> bytes:
    """The raw message, dated `moment`; the same mail and moment give the same bytes. Raises MailRefused."""
    message = EmailMessage(policy=SMTP)
    message["From"] = _address(mail.sender)
    message["To"] = [_address(recipient) for recipient in mail.to]
    if mail.reply_to is not None:
        message["Reply-To"] = _address(mail.reply_to)
    message["Subject"] = mail.subject
    message["Date"] = moment
    message["Message-ID"] = mail.message_id
    message["X-Message-Reference"] = mail.message_id  # SES puts a Message-ID of its own in the place of ours
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: out-of-office replies stay away
    message["X-Auto-Response-Suppress"] = "All"  # the same to Exchange, which does not read RFC 3834
    for name, value in mail.headers:
        message[name] = value
    message.set_content(mail.text, cte="quoted-printable")
    message.add_alternative(mail.html, subtype="html", cte="quoted-printable")
    for attachment in mail.attachments:
        maintype, subtype = attachment.content_type.split("/")
        message.add_attachment(
            attachment.content, maintype=maintype, subtype=subtype, filename=attachment.filename
        )
    _set_boundaries(message, mail.message_id)
    return message.as_bytes()


def _address(mailbox: str) -> Address:
    parts = _MAILBOX.fullmatch(mailbox.strip())
    if parts is None:
        raise MailRefused("address_invalid", f"not one e-mail address: {mailbox!r}")
    display = (parts["display"] or "").strip().strip('"').strip()
    local, _, domain = (parts["named"] or parts["bare"]).rpartition("@")
    if len(local) > 64 or not _LOCAL_PART.fullmatch(local):
        raise MailRefused("address_invalid", f"the part before the @ cannot be delivered to: {mailbox!r}")
    return Address(display_name=display, username=local, domain=_ascii_domain(domain, mailbox))


def _ascii_domain(domain: str, mailbox: str) -> str:
    try:
        encoded = as_a_labels(domain)
    except ValueError as error:
        raise MailRefused("address_invalid", f"not a mail domain: {mailbox!r}") from error
    if len(encoded) > 253 or not _DOMAIN.fullmatch(encoded):
        raise MailRefused("address_invalid", f"not a mail domain: {mailbox!r}")
    return encoded


def _set_boundaries(message: MIMEPart, seed: str) -> None:
    """Boundaries made from the Message-ID; no encoded body holds `=_` (RFC 2045 6.7), so none can be forged."""
    digest = hashlib.sha256(seed.encode()).hexdigest()[:24]
    for index, part in enumerate(part for part in message.walk() if part.is_multipart()):
        part.set_boundary(f"=_{digest}_{index}")

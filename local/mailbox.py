"""The mails that left through SES, as people would read them."""

import base64
import email
import email.policy
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any, Protocol


class Sent(Protocol):
    """What the repaired SES keeps of a mail: the MIME message, the envelope, the virtual time (epoch seconds)."""

    @property
    def raw(self) -> bytes: ...
    @property
    def destinations(self) -> tuple[str, ...]: ...
    @property
    def sent_at(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Attachment:
    filename: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Mail:
    """`to` is the envelope's, so hidden recipients are seen here."""

    to: tuple[str, ...]
    sender: str
    subject: str
    sent_at: datetime
    text: str
    html: str
    headers: dict[str, str]
    attachments: tuple[Attachment, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "to": list(self.to),
            "from": self.sender,
            "subject": self.subject,
            "sent_at": self.sent_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "text": self.text,
            "html": self.html,
            "headers": self.headers,
            "attachments": [
                {
                    "filename": each.filename,
                    "content_type": each.content_type,
                    "content_base64": base64.b64encode(each.content).decode(),
                }
                for each in self.attachments
            ],
        }


def parsed(sent: Sent) -> Mail:
    message = email.message_from_bytes(sent.raw, EmailMessage, policy=email.policy.default)
    return Mail(
        sent.destinations or tuple(address.strip() for address in str(message["To"] or "").split(",")),
        str(message["From"] or ""),
        str(message["Subject"] or ""),
        datetime.fromtimestamp(sent.sent_at, UTC),
        _body(message, "plain"),
        _body(message, "html"),
        {name: str(value) for name, value in message.items()},
        tuple(_attachment(part) for part in message.iter_attachments()),
    )


def _body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    return str(part.get_content()) if part else ""


def _attachment(part: Any) -> Attachment:
    content = part.get_payload(decode=True) or b""
    return Attachment(part.get_filename() or "attachment", part.get_content_type(), content)

"""A mail as a value: checked when it is built, so that nothing can be smuggled into its header later."""

import re
from dataclasses import dataclass
from typing import ClassVar

from partner_center.kernel.errors import PartnerCenterError

# C0, DEL, C1 and the two Unicode line separators: every one of them ends a line for some reader.
_LINE_BREAKING = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_MESSAGE_ID = re.compile(r"<[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,120}@[A-Za-z0-9.-]{1,120}>")
_HEADER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,60}")
_CONTENT_TYPE = re.compile(r"[a-z0-9.+-]+/[a-z0-9.+-]+")
_FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,119}")
_TAG = re.compile(r"[A-Za-z0-9_.@-]{1,256}")
_OWN_HEADERS = frozenset(
    {
        "auto-submitted", "bcc", "cc", "date", "from", "message-id", "mime-version", "reply-to", "return-path",
        "sender", "subject", "to", "x-auto-response-suppress", "x-message-reference",
    }
)  # fmt: skip


Tags = tuple[tuple[str, str], ...]


class MailRefused(PartnerCenterError):
    """This mail will never go out as it is; `reason` is a short stable word, such as `message_rejected`."""

    code: ClassVar[str] = "mail_refused"

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a mail. The name is plain ASCII, without a path."""

    filename: str
    content_type: str
    content: bytes

    def __post_init__(self) -> None:
        if not _FILE_NAME.fullmatch(self.filename) or not _CONTENT_TYPE.fullmatch(self.content_type):
            raise MailRefused("attachment_invalid", f"not an attachment's name and type: {self.filename!r}")


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail to one or more people, with the same words as plain text and as HTML.

    `message_id` is `<local@domain>`, given by the caller and the same each time the mail is repeated. `sender`
    and `reply_to` may carry a display name (`Partner Center <no-reply@ca.example.com>`). `headers` are further
    header fields; those that a mail has anyway cannot be set there. `tags` do not travel with it: whoever delivers
    it names them when it tells what became of the mail. Raises MailRefused for control
    characters in anything that becomes a header field.
    """

    message_id: str
    sender: str
    to: tuple[str, ...]
    reply_to: str | None
    subject: str
    text: str
    html: str
    attachments: tuple[Attachment, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    tags: Tags = ()

    def __post_init__(self) -> None:
        if not self.to:
            raise MailRefused("no_recipient", "a mail needs a recipient")
        if not _MESSAGE_ID.fullmatch(self.message_id):
            raise MailRefused("message_id_invalid", f"not a Message-ID: {self.message_id!r}")
        for name, _ in self.headers:
            lowered = name.lower()
            if not _HEADER_NAME.fullmatch(name) or lowered in _OWN_HEADERS or lowered.startswith("content-"):
                raise MailRefused("header_invalid", f"not a header field to add: {name!r}")
        if not all(_TAG.fullmatch(part) for tag in self.tags for part in tag):
            raise MailRefused("tag_invalid", f"not tags of a mail: {self.tags!r}")
        values = (
            self.sender,
            *self.to,
            self.reply_to or "",
            self.subject,
            *(value for _, value in self.headers),
        )
        for value in values:
            if _LINE_BREAKING.search(value):
                raise MailRefused("header_invalid", f"a control character in a header field: {value!r}")

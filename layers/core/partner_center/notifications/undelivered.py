"""Mailboxes that take no mail from us: what SES tells of bounces and complaints, and what follows (M6)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any, Protocol

from partner_center.kernel.clock import Clock
from partner_center.notifications.calendar import ReminderKind
from partner_center.notifications.contract_reminders import ContractReminders
from partner_center.notifications.one_line import one_line
from partner_center.notifications.reminders import Digests, ReminderQueue
from partner_center.notifications.suppressions import Suppression, Suppressions, Undelivered
from partner_center.validation.ports import Message

_OF_THIS_MAIL = frozenset({"AttachmentRejected", "ContentRejected", "MessageTooLarge"})
"""Why a mailbox did not take this mail, and may take others (SES: "Bounce object", bounceSubType)."""


class Messages(Protocol):
    """Messages on orders."""

    def tell(self, reseller_id: str, order_id: str, message: Message) -> None:
        """The same message again changes nothing."""
        ...


@dataclass(frozen=True, slots=True)
class Notice:
    """What became of a mail: to whom it did not come, and why; whose mail it was, as far as its tags tell.

    `lasts`: the mailbox takes no mail, and not just not this one. `mail` is what kind of mail it was. A reminder is
    found again by `day` and `kind`, a digest by `day`, a contract's notice by `contract_id` and `contract_notice`.
    """

    why: Undelivered
    addresses: tuple[str, ...]
    detail: str
    notice_id: str
    lasts: bool = True
    reseller_id: str | None = None
    order_id: str | None = None
    mail: str = ""
    day: date | None = None
    kind: ReminderKind | None = None
    contract_id: str | None = None
    contract_notice: str | None = None


def read_notice(detail: Mapping[str, Any]) -> Notice | None:
    """The notice in an event of SES; None for what passes: a full mailbox, a delay, a delivery.

    SES calls transient what a mailbox refused for its content, and does not send it again either.
    Raises KeyError or ValueError for what is no such event. What mail servers say in it is text of strangers.
    """
    tags = {name: values[0] for name, values in detail["mail"].get("tags", {}).items() if values}
    lasts = True
    match detail["eventType"]:
        case "Bounce" if (lasts := detail["bounce"]["bounceType"] == "Permanent") or (
            detail["bounce"].get("bounceSubType") in _OF_THIS_MAIL
        ):
            why, told = Undelivered.BOUNCED, detail["bounce"]
            recipients = told["bouncedRecipients"]
            words = next((each["diagnosticCode"] for each in recipients if each.get("diagnosticCode")), "")
        case "Complaint":
            why, told = Undelivered.COMPLAINED, detail["complaint"]
            recipients = told["complainedRecipients"]
            words = str(told.get("complaintFeedbackType") or "")
        case _:
            return None
    return Notice(
        why=why,
        addresses=tuple(str(each["emailAddress"]).lower() for each in recipients),
        detail=one_line(str(words)),
        notice_id=str(told["feedbackId"]),
        lasts=lasts,
        reseller_id=tags.get("reseller_id"),
        order_id=tags.get("order_id"),
        mail=tags.get("mail", ""),
        day=date.fromisoformat(tags["day"]) if "day" in tags else None,
        kind=ReminderKind(tags["kind"]) if "kind" in tags else None,
        contract_id=tags.get("contract_id"),
        contract_notice=tags.get("notice"),
    )


@dataclass(frozen=True, slots=True)
class RecordUndelivered:
    """The use case. Repeating it changes nothing."""

    suppressions: Suppressions
    messages: Messages
    digests: Digests
    notices: ContractReminders
    queue: ReminderQueue
    clock: Clock

    def __call__(self, notice: Notice) -> None:
        """Raises TryAgain. What did not arrive is queued again, for the next contact or address."""
        reseller_id, moment = notice.reseller_id, self.clock.now()
        if reseller_id is None:
            return
        for address in notice.addresses:
            if notice.lasts:
                self.suppressions.suppress(
                    Suppression(reseller_id, address, notice.why, moment, notice.detail)
                )
            if notice.order_id is not None:
                self.messages.tell(reseller_id, notice.order_id, _message(notice, address, moment))
        if not notice.lasts:
            return
        if notice.contract_id is not None and notice.contract_notice is not None:
            told = self.notices.reminder(reseller_id, notice.contract_id, notice.contract_notice)
            if told is not None:
                self.queue.contracts([told])
        if notice.mail == "digest" and notice.day is not None:
            self._digest_again(reseller_id, notice.day)
        if notice.order_id is None or notice.day is None or notice.kind is None:
            return
        reminder = self.digests.reminder(reseller_id, notice.day, notice.order_id, notice.kind)
        if reminder is not None:
            self.queue.remind([reminder])

    def _digest_again(self, reseller_id: str, day: date) -> None:
        """For another address of the reseller; a digest that is kept no more told of what is long over."""
        if self.digests.digest(reseller_id, day) is not None:
            self.queue.digest(reseller_id, day)


def _message(notice: Notice, address: str, moment: datetime) -> Message:
    digest = sha256(f"{notice.notice_id}\n{address}".encode()).hexdigest()[:26]
    said = f" ({notice.detail})" if notice.detail else ""
    return Message(
        f"msg_undelivered-{digest}",
        moment,
        f"A mail to {one_line(address, 254)} {notice.why.in_words}{said}. {_next_step(notice)}",
    )


def _next_step(notice: Notice) -> str:
    match notice.mail:
        case "approval":
            return (
                "Choose another address or method (PUT /v1/orders/{id}/domains/{name}/method), or correct the "
                "mailbox and ask again (POST .../resend)."
            )
        case "instructions":
            return (
                "What must be published stands in GET /v1/orders/{id}/domains: hand it on to whoever keeps the zone "
                "or the web server, and correct the contact (PATCH /v1/orders/{id})."
            )
        case "certificate":
            return "Download the certificate from /v1/certificates/{serial}/download and hand it on."
    if not notice.lasts:
        return "It is not sent again; see that its mailbox takes such mails."
    return (
        "The address gets no reminders any more: correct the contact (PATCH /v1/orders/{id}). Until then the order's "
        "next contact is mailed, if it has one."
    )

"""Mailboxes that take no mail from us: what SES tells of bounces and complaints, and what follows (M6)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any, Protocol

from partner_center.kernel.clock import Clock, parse_rfc3339
from partner_center.notifications.calendar import ReminderKind
from partner_center.notifications.contract_reminders import ContractReminders
from partner_center.notifications.mail_results import CAME_BACK, back, mailbox_label
from partner_center.notifications.one_line import one_line
from partner_center.notifications.reminders import Digests, ReminderQueue
from partner_center.notifications.suppressions import Suppression, Suppressions, Undelivered
from partner_center.validation.ports import Message

_NO_COMPLAINT = frozenset({"not-spam", "auth-failure"})
"""What mailbox providers tell over the same way, and nobody complained (RFC 5965, RFC 6650)."""


class Messages(Protocol):
    """Messages on orders, and which of their mails came back."""

    def record(self, reseller_id: str, order_id: str, mail_id: str, at_epoch: int) -> None: ...

    def tell(self, reseller_id: str, order_id: str, message: Message) -> None:
        """The same message again changes nothing."""
        ...


@dataclass(frozen=True, slots=True)
class Notice:
    """What became of a mail: to whom it did not come, and why; whose mail it was, as far as its tags tell.

    `lasts`: the mailbox takes no mail, and not just not this one. `doubtful`: it may be an automatic reply to a mail
    that did arrive. `mail` is what kind of mail it was. A reminder is found again by `day` and `kind`, a digest by
    `day`, a contract's notice by `contract_id` and `contract_notice`. `at` is when it came back, by SES.
    """

    why: Undelivered
    addresses: tuple[str, ...]
    detail: str
    notice_id: str
    lasts: bool = True
    doubtful: bool = False
    reseller_id: str | None = None
    order_id: str | None = None
    mail: str = ""
    day: date | None = None
    kind: ReminderKind | None = None
    contract_id: str | None = None
    contract_notice: str | None = None
    at: datetime | None = None


def read_notice(detail: Mapping[str, Any]) -> Notice | None:
    """The notice in an event of SES; None for what passes, as a delay, and for what is no trouble.

    SES tells of a bounce when it will not send the mail again, of a passing one when it has tried long enough (event
    publishing, "Bounce"); one of no particular kind may also be an automatic reply, as out of office ("Bounce types":
    Transient, General). Raises KeyError or ValueError for what is no such event. What mail servers say in it is text
    of strangers.
    """
    mail, doubtful, lasts = detail["mail"], False, True
    tags = {name: values[0] for name, values in mail.get("tags", {}).items() if values}
    recipients: Sequence[Mapping[str, Any]] = ()
    match detail["eventType"]:
        case "Bounce":
            why, told = Undelivered.BOUNCED, detail["bounce"]
            recipients = told["bouncedRecipients"]
            words = next((each["diagnosticCode"] for each in recipients if each.get("diagnosticCode")), "")
            lasts = told["bounceType"] == "Permanent"
            doubtful = not lasts and told.get("bounceSubType") in ("General", "Undetermined", None)
        case "Complaint" if detail["complaint"].get("complaintFeedbackType") not in _NO_COMPLAINT:
            why, told = Undelivered.COMPLAINED, detail["complaint"]
            recipients = told["complainedRecipients"]
            words = told.get("complaintFeedbackType") or ""
        case "Reject":
            why, told, lasts = Undelivered.BOUNCED, {"feedbackId": mail["messageId"]}, False
            words = detail["reject"].get("reason") or ""
        case _:
            return None
    return Notice(
        why=why,
        addresses=_mailed(mail, recipients),
        detail=one_line(str(words)),
        notice_id=str(told["feedbackId"]),
        lasts=lasts,
        doubtful=doubtful,
        reseller_id=tags.get("reseller_id"),
        order_id=tags.get("order_id"),
        mail=tags.get("mail", ""),
        day=date.fromisoformat(tags["day"]) if "day" in tags else None,
        kind=ReminderKind(tags["kind"]) if "kind" in tags else None,
        contract_id=tags.get("contract_id"),
        contract_notice=tags.get("notice"),
        at=_moment(told.get("timestamp")),
    )


def _moment(told: object) -> datetime | None:
    """A time of SES's; None for what is none, which must not keep the rest from being known."""
    try:
        return parse_rfc3339(str(told))
    except ValueError:
        return None


def _mailed(mail: Mapping[str, Any], recipients: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """The mailbox that we mailed, in lower case. Where mail is forwarded, those that are told of are others'."""
    destination = mail.get("destination", ())
    if len(destination) == 1:
        return (str(destination[0]).lower(),)
    return tuple(str(each["emailAddress"]).lower() for each in recipients)


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
                # By SES's time: what is recorded late tells nothing of the mails that went out since.
                since = notice.at or moment
                self.suppressions.suppress(
                    Suppression(reseller_id, address, notice.why, since, notice.detail)
                )
            if notice.order_id is not None:
                self.messages.tell(reseller_id, notice.order_id, _message(notice, address, moment))
        if not notice.doubtful:
            self._for_the_next(reseller_id, notice, moment)

    def _for_the_next(self, reseller_id: str, notice: Notice, moment: datetime) -> None:
        """What is kept no more told of what is long over."""
        if notice.contract_id is not None and notice.contract_notice is not None:
            told = self.notices.reminder(reseller_id, notice.contract_id, notice.contract_notice)
            if told is not None:
                for address in notice.addresses:
                    self.notices.record(told, mailbox_label(address), CAME_BACK)
                self.queue.contracts([told])
        elif notice.mail == "digest" and notice.day is not None:
            digest = self.digests.digest(reseller_id, notice.day)
            if digest is not None:
                for address in notice.addresses:
                    self.digests.record(digest, mailbox_label(address), CAME_BACK)
                self.queue.digest(reseller_id, notice.day)
        elif notice.order_id is not None and notice.day is not None and notice.kind is not None:
            reminder = self.digests.reminder(reseller_id, notice.day, notice.order_id, notice.kind)
            if reminder is not None:
                for address in notice.addresses:
                    mail_id = back(reminder.mail_to(address))
                    self.messages.record(reseller_id, notice.order_id, mail_id, int(moment.timestamp()))
                self.queue.remind([reminder])


def _message(notice: Notice, address: str, moment: datetime) -> Message:
    digest = sha256(f"{notice.notice_id}\n{address}".encode()).hexdigest()[:26]
    said = f" ({notice.detail})" if notice.detail else ""
    step = _next_step(notice)
    if notice.doubtful:
        doubt = f"may not have arrived{said}, unless that was an automatic reply. If it did not:"
        what = f"{doubt} {step[0].lower()}{step[1:]}"
    else:
        what = f"{notice.why.in_words}{said}. {step}"
    return Message(f"msg_undelivered-{digest}", moment, f"A mail to {one_line(address, 254)} {what}")


_STEPS = {
    "approval": (
        "Choose another address or method (PUT /v1/orders/{id}/domains/{name}/method), or correct the mailbox and "
        "ask again (POST .../resend)."
    ),
    "instructions": (
        "What must be published stands in GET /v1/orders/{id}/domains: hand it on to whoever keeps the zone or the "
        "web server, and correct the contact (PATCH /v1/orders/{id})."
    ),
    "certificate": "Download the certificate from /v1/certificates/{serial}/download and hand it on.",
    "payment": (
        "The card was declined; the order's step `payment` says what helps (GET /v1/orders/{id}). Tell our support "
        "where such mails are to go."
    ),
    "delay": "Tell them yourself that the order waits, and correct the contact (PATCH /v1/orders/{id}).",
}
"""By the kind of mail."""


def _next_step(notice: Notice) -> str:
    if notice.mail in _STEPS:
        return _STEPS[notice.mail]
    if not notice.lasts:
        return "It is not sent to that address again; see that its mailbox takes such mails."
    return (
        "The address gets no reminders any more: correct the contact (PATCH /v1/orders/{id}). Until then the order's "
        "next contact is mailed, if it has one."
    )

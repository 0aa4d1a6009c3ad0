"""What SES tells the bus of a mail that did not arrive, or was reported as unwanted: caused from the console."""

import json
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from local.repairs.ses import SentMail

DETAIL_TYPES = {
    "bounce": "Email Bounced",
    "transient": "Email Bounced",
    "complaint": "Email Complaint Received",
    "reject": "Email Rejected",
}


def undelivered_event(sent: "SentMail", kind: str, moment: datetime) -> dict[str, Any]:
    """The event as SES sends it to EventBridge; `kind` is one of DETAIL_TYPES. Raises ValueError."""
    if kind not in DETAIL_TYPES:
        raise ValueError(f"kind: one of {', '.join(DETAIL_TYPES)}")
    at = _iso(moment)
    mail = {
        "timestamp": _iso(datetime.fromtimestamp(sent.sent_at, UTC)),
        "messageId": sent.message_id,
        "destination": list(sent.destinations),
        "tags": {name: [value] for name, value in sent.tags.items()},
    }
    if kind == "reject":
        return {"eventType": "Reject", "mail": mail, "reject": {"reason": "Bad content"}}
    told: dict[str, Any] = {"timestamp": at, "feedbackId": f"{uuid.uuid4()}-000000"}
    if kind == "complaint":
        told |= {
            "complaintFeedbackType": "abuse",
            "complainedRecipients": [{"emailAddress": each} for each in sent.destinations],
        }
        return {"eventType": "Complaint", "mail": mail, "complaint": told}
    told |= {
        "bounceType": "Permanent" if kind == "bounce" else "Transient",
        "bounceSubType": "General" if kind == "bounce" else "MailboxFull",
        "bouncedRecipients": [
            {"emailAddress": each, "action": "failed", "status": "5.1.1", "diagnosticCode": _SAID[kind]}
            for each in sent.destinations
        ],
    }
    return {"eventType": "Bounce", "mail": mail, "bounce": told}


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


_SAID = {
    "bounce": "smtp; 550 5.1.1 user unknown",
    "transient": "smtp; 452 4.2.2 mailbox full",
}


def tell(client: Callable[[str], Any], sent: "SentMail", kind: str, moment: datetime) -> Mapping[str, Any]:
    """Sends the event to the default bus, and returns it."""
    detail = undelivered_event(sent, kind, moment)
    entry = {"Source": "aws.ses", "DetailType": DETAIL_TYPES[kind], "Detail": json.dumps(detail)}
    client("events").put_events(Entries=[entry])
    return detail

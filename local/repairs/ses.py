"""SES: moto keeps of a raw mail what it can decode as text; here its bytes stay as they were sent."""

import base64
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.core.responses import BaseResponse
from moto.sesv2.responses import SESV2Response

from local.clock import CLOCK
from local.repairs.patching import exchange


@dataclass(frozen=True, slots=True)
class SentMail:
    """One SendEmail: the MIME message as it was handed over, the envelope, the virtual time (epoch seconds).

    `tags` are those of the request and the one that SES adds itself.
    """

    message_id: str
    raw: bytes
    destinations: tuple[str, ...]
    sent_at: float
    tags: Mapping[str, str] = field(default_factory=dict)


SENT: list[SentMail] = []


def _send_email(response: BaseResponse) -> str:
    """Raw content only: a simple mail would be assembled by SES, and what it makes of it cannot be seen here."""
    request: dict[str, Any] = json.loads(response.body)
    raw = request.get("Content", {}).get("Raw", {}).get("Data")
    if raw is None:
        raise JsonRESTError("BadRequestException", "the embedded cloud takes raw MIME messages only")
    fields = request.get("Destination", {})
    to = [
        address
        for field in ("ToAddresses", "CcAddresses", "BccAddresses")
        for address in fields.get(field, [])
    ]
    tags = {each["Name"]: each["Value"] for each in request.get("EmailTags", [])}
    if "ConfigurationSetName" in request:
        tags["ses:configuration-set"] = request["ConfigurationSetName"]
    mail = SentMail(f"{uuid.uuid4()}-local", base64.b64decode(raw), tuple(to), CLOCK.now(), tags)
    SENT.append(mail)
    return json.dumps({"MessageId": mail.message_id})


def install() -> None:
    exchange(SESV2Response, "send_email", _send_email)

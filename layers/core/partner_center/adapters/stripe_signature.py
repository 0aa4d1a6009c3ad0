"""Whether a webhook comes from Stripe (Stripe: "Verify webhook signatures manually")."""

import hmac
import re
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

TOLERANCE = 900
"""Seconds by which the signature's time may differ from ours, so that an old message is not sent again: Stripe's five
minutes, and the ten by which our clock may be off. An event that comes twice is known by its id."""

_LONGEST_HEADER = 2000
_TIME = re.compile(r"[0-9]{1,12}")


def is_signed(body: bytes, header: str, secrets: Sequence[str], moment: datetime) -> bool:
    """Whether `header` (Stripe-Signature) holds a v1 signature of `body` by one of `secrets`, made a moment ago."""
    if len(header) > _LONGEST_HEADER:
        return False
    parts = [part.strip().partition("=") for part in header.split(",")]
    times = [value for name, _, value in parts if name == "t"]
    given = [value.encode() for name, _, value in parts if name == "v1"]
    if len(times) != 1 or not _TIME.fullmatch(times[0]) or not given:
        return False
    if abs(moment.timestamp() - int(times[0])) > TOLERANCE:
        return False
    signed = times[0].encode() + b"." + body
    made = [hmac.new(secret.encode(), signed, sha256).hexdigest().encode() for secret in secrets]
    found = [hmac.compare_digest(mine, theirs) for mine in made for theirs in given]
    return any(found)  # after every pair was compared: the time that it takes tells nothing

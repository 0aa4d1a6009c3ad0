"""Identifiers: time-ordered, readable, safe in a URL, impossible to guess."""

import re
import secrets
from datetime import datetime
from typing import Protocol

_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"

RESELLER_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
"""What operators may call a reseller. Keys of tables and tasks of staff are made of it, the payment gateway's
Idempotency-Keys, and tags of mails, in which SES takes no other letters (AWS: MessageTag).
"""


def require_reseller_id(reseller_id: str) -> None:
    """Raises ValueError for what no reseller may be called."""
    if not RESELLER_ID.fullmatch(reseller_id):
        raise ValueError(
            f"not a reseller's id, which has letters, digits, - and _, 64 at most: {reseller_id!r}"
        )


class Ids(Protocol):
    """Makes new identifiers; a test hands in one that counts."""

    def new(self, prefix: str, moment: datetime) -> str:
        """`ord_` and 26 letters that sort by `moment` (milliseconds)."""
        ...

    def secret(self, bits: int) -> str:
        """URL-safe random text of at least `bits` bits of entropy."""
        ...


REISSUE = "rei"
"""Prefix of the ids of reissues."""

_BETWEEN = f"-{REISSUE}_"


def enrolment_of_reissue(order_id: str, reissue_id: str) -> str:
    """The id under which a reissue is kept and travels: an enrolment is an order, or a reissue of one."""
    return f"{order_id}-{reissue_id}"


def order_of(enrolment_id: str) -> str:
    """The order that the enrolment is, or is a reissue of."""
    return enrolment_id.partition(_BETWEEN)[0]


def reissue_of(enrolment_id: str) -> str | None:
    """The reissue that the enrolment is; None for an order."""
    _, between, rest = enrolment_id.partition(_BETWEEN)
    return f"{REISSUE}_{rest}" if between else None


def encode_time_ordered(milliseconds: int, randomness: int) -> str:
    """26 Crockford base-32 letters of a UUIDv7-like value: 48 bits of time, then 80 random bits."""
    value = (milliseconds << 80) | randomness
    return "".join(_CROCKFORD[(value >> shift) & 31] for shift in range(125, -1, -5))


class RandomIds:
    """The real thing, from the operating system's random source."""

    def new(self, prefix: str, moment: datetime) -> str:
        milliseconds = int(moment.timestamp() * 1000)
        return f"{prefix}_{encode_time_ordered(milliseconds, secrets.randbits(80))}"

    def secret(self, bits: int) -> str:
        return secrets.token_urlsafe((bits + 7) // 8)

"""Addresses that get no reminders, because their mailbox takes none."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Undelivered(StrEnum):
    """Why an address gets no reminders any more."""

    BOUNCED = "bounced"
    COMPLAINED = "complained"


@dataclass(frozen=True, slots=True)
class Suppression:
    """An address of one reseller's contacts that gets no reminders, since when and why."""

    reseller_id: str
    address: str
    why: Undelivered
    at: datetime
    detail: str


def mailbox(address: str) -> str:
    """The one name of a mailbox: in lower case, its domain as A-labels, as SES names it in what it tells."""
    lowered = address.lower()
    if lowered.isascii():
        return lowered
    import idna  # noqa: PLC0415 - most domains are ASCII and need no tables

    local, at, domain = lowered.rpartition("@")
    try:
        return f"{local}{at}{idna.encode(domain, uts46=True).decode('ascii')}"
    except idna.IDNAError:
        return lowered


class Suppressions(Protocol):
    """Keeps the mailboxes that take no mail, each for the reseller whose mail it was; any spelling of `mailbox` is
    the same.
    """

    def suppression(self, reseller_id: str, address: str) -> Suppression | None: ...

    def suppress(self, suppression: Suppression) -> None:
        """A complaint stays whatever comes after it; else the newest stands."""
        ...

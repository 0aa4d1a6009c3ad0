"""Addresses that get no reminders, because their mailbox takes none."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Undelivered(StrEnum):
    """Why an address gets no reminders any more."""

    BOUNCED = "bounced"
    COMPLAINED = "complained"

    @property
    def in_words(self) -> str:
        """Of a mail, as the end of a sentence."""
        return _WORDS[self]


_WORDS = {
    Undelivered.BOUNCED: "could not be delivered",
    Undelivered.COMPLAINED: "was reported as unwanted by its recipient",
}


@dataclass(frozen=True, slots=True)
class Suppression:
    """An address of one reseller's contacts that gets no reminders, since when and why."""

    reseller_id: str
    address: str
    why: Undelivered
    at: datetime
    detail: str


class Suppressions(Protocol):
    """Keeps the mailboxes that take no mail, each for the reseller whose mail it was, however they are spelt."""

    def suppression(self, reseller_id: str, address: str) -> Suppression | None: ...

    def suppress(self, suppression: Suppression) -> None:
        """A complaint stays whatever comes after it; else the newest stands."""
        ...

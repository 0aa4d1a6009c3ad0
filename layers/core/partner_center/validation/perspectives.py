"""Asking every network perspective to look at the same things, and what comes back (BR 3.2.2.9).

Facts only. Who must have seen what before a check has passed is decided by whoever asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from partner_center.validation.caa import CaaSet, pardonable, upwards
from partner_center.validation.dns import RecordType
from partner_center.validation.looks import (
    CaaLook,
    CaaSeen,
    FileLook,
    Look,
    PageSeen,
    RecordsLook,
    RecordsSeen,
    Sighting,
)

LOOKS_AT_MOST = 100
"""In one question; an order has no more names."""


class UnseenReason(StrEnum):
    """Why a perspective tells nothing about a look."""

    MALFORMED = "malformed"
    """It could not read the look."""
    OUT_OF_TIME = "out_of_time"
    TOO_LARGE = "too_large"
    """What it saw does not fit into its answer: the world's doing, unlike the others, and the world's no."""
    FAULT = "fault"
    """It broke down over this look."""


@dataclass(frozen=True, slots=True)
class Unseen:
    """In the place of a sighting that there is not. It agrees with nobody, and only one that is too large says
    something about the world.
    """

    reason: UnseenReason


@dataclass(frozen=True, slots=True)
class PerspectiveView:
    """What one perspective answered: a sighting for each look, in order, or why there is no answer at all."""

    perspective_id: str
    sightings: tuple[Sighting | Unseen, ...] | None = None
    trouble: str | None = None

    def __post_init__(self) -> None:
        if (self.sightings is None) == (self.trouble is None):
            raise ValueError(f"{self.perspective_id} either answered or is in trouble")


class Perspectives(Protocol):
    """All network perspectives, the primary first."""

    def ask(self, looks: Sequence[Look], seconds: float | None = None) -> Sequence[PerspectiveView]:
        """One view for each perspective, in a fixed order, from fresh looks of this very call.

        `seconds`: how long somebody waits for the answer; looks that take longer are told as unseen.
        Nothing is asked twice: a retry starts from zero, by another call. A perspective's trouble is in its
        view and raises nothing; with no perspective at all there is no view. ValueError: no look, or more
        than LOOKS_AT_MOST.
        """
        ...


class PageFetcher(Protocol):
    """Fetches pages from where it stands."""

    def fetch(self, look: FileLook) -> PageSeen:
        """Trouble on the way to the page is told in what was seen and raises nothing."""
        ...


def is_about(look: Look, seen: Sighting) -> bool:
    """Whether `seen` is a whole answer to `look` and to no other.

    A sighting crossed a network and another program. One that was mixed up, or a climb that was cut short
    and so hides a CAA set further up, must not be taken for what was asked.
    """
    match look, seen:
        case RecordsLook(), RecordsSeen():
            told = seen.answer or seen.failure
            return told is not None and (told.name, told.type) == (look.name, look.type)
        case CaaLook(), CaaSeen():
            return seen.caa_set.name == look.name and _is_whole(seen.caa_set)
        case FileLook(), PageSeen():
            return bool(seen.hops) and seen.hops[0].url == look.url
        case _:
            return False


def _is_whole(caa_set: CaaSet) -> bool:
    """Whether the climb goes name by name until a set, a failure that forbids, or the top-level domain."""
    way = list(upwards(caa_set.name))
    steps = caa_set.steps
    if not steps or [step.name for step in steps] != way[: len(steps)]:
        return False
    for step in steps:
        told = step.answer or step.failure
        if told is None or (told.name, told.type) != (step.name, RecordType.CAA):
            return False
        if step.pardoned and not (step.failure and pardonable(step.failure)):
            return False
    ends = [bool(step.records or (step.failure and not step.pardoned)) for step in steps]
    return not any(ends[:-1]) and (ends[-1] or len(steps) == len(way))

"""What a network perspective does: every look by itself, all at once, within one limit of time."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from partner_center.validation.caa import relevant_caa_set
from partner_center.validation.dns import Answer, LookupFailed, RecordType, Resolver
from partner_center.validation.looks import (
    CaaLook,
    CaaSeen,
    FileLook,
    Look,
    RecordsLook,
    RecordsSeen,
    Sighting,
)
from partner_center.validation.perspectives import PageFetcher, Unseen, UnseenReason

_AT_ONCE = 25
"""Looks under way; each waits for the network nearly all of its time."""


class _OutOfTime(Exception):
    """No look-up may begin any more."""


@dataclass(frozen=True, slots=True)
class _Until:
    """A resolver that begins nothing after `ends_at`, so that a climb given up ends with its present step."""

    resolver: Resolver
    ends_at: float
    monotonic: Callable[[], float]

    def lookup(self, name: str, record_type: RecordType) -> Answer:
        if self.monotonic() >= self.ends_at:
            raise _OutOfTime
        return self.resolver.lookup(name, record_type)


@dataclass(frozen=True, slots=True)
class TakeLooks:
    """Looks with this perspective's own resolver and fetcher. `on_fault` is told of defects, look by look."""

    resolver: Resolver
    pages: PageFetcher
    on_fault: Callable[[Look, BaseException], None]
    monotonic: Callable[[], float] = time.monotonic

    def __call__(self, looks: Sequence[Look | Unseen], seconds: float) -> tuple[Sighting | Unseen, ...]:
        """One outcome for each look, in order, after `seconds` at most.

        What is still under way then is left to end by itself, and nobody hears of it.
        """
        ends_at = self.monotonic() + seconds
        pool = ThreadPoolExecutor(_AT_ONCE, "look")
        try:
            taken = [
                look if isinstance(look, Unseen) else (look, pool.submit(self._take, look, ends_at))
                for look in looks
            ]
            wait([each[1] for each in taken if not isinstance(each, Unseen)], timeout=seconds)
            return tuple(each if isinstance(each, Unseen) else self._outcome(*each) for each in taken)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _take(self, look: Look, ends_at: float) -> Sighting:
        resolver = _Until(self.resolver, ends_at, self.monotonic)
        match look:
            case RecordsLook():
                try:
                    return RecordsSeen(answer=resolver.lookup(look.name, look.type))
                except LookupFailed as failed:
                    return RecordsSeen(failure=failed.failure)
            case CaaLook():
                return CaaSeen(relevant_caa_set(look.name, resolver))
            case FileLook():
                if self.monotonic() >= ends_at:
                    raise _OutOfTime
                return self.pages.fetch(look)

    def _outcome(self, look: Look, taken: Future[Sighting]) -> Sighting | Unseen:
        if not taken.done():
            return Unseen(UnseenReason.OUT_OF_TIME)
        error = taken.exception()
        if error is None:
            return taken.result()
        if isinstance(error, _OutOfTime):
            return Unseen(UnseenReason.OUT_OF_TIME)
        self.on_fault(look, error)
        return Unseen(UnseenReason.FAULT)

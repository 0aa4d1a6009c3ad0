"""A flagged order waits for a reviewer, who releases or rejects it (M66)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from partner_center.accounts.staff import Staff
from partner_center.kernel.clock import Clock
from partner_center.kernel.errors import NotFound, StateConflict
from partner_center.kernel.events import AuditRecord, Chronicle
from partner_center.kernel.ids import Ids
from partner_center.kernel.patience import Patience, while_it_moves
from partner_center.orders.close import closing
from partner_center.orders.flags import Flag
from partner_center.orders.fulfil import Woken
from partner_center.orders.idempotency import Call, replayed
from partner_center.orders.order import CloseReason, OrderHead, OrderStatus, Review
from partner_center.orders.page import Page
from partner_center.orders.ports import Closing, Orders, Release, RequestSeenBefore, lineage_of
from partner_center.orders.reissue import reissued

QUEUE = "quality-review"
_TASK = re.compile(rf"{QUEUE}\.(?P<reseller_id>.+)\.(?P<order_id>ord_[^.]+)\.(?P<revision>[1-9][0-9]{{0,5}})")
"""No order's id has a dot, so a task is read from its end, whatever its reseller is called."""


class Verdict(StrEnum):
    """What a reviewer may decide."""

    APPROVE = "approve"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class Decision:
    """Who decided, what, on which evidence, in which words."""

    at: datetime
    by: str
    verdict: Verdict
    evidence: str
    note: str | None


@dataclass(frozen=True, slots=True)
class Screening:
    """The screening of one revision of an order: its flags, and what a reviewer made of them."""

    revision: int
    at: datetime
    flags: tuple[Flag, ...]
    decision: Decision | None = None

    @property
    def is_released(self) -> bool:
        return self.decision is not None and self.decision.verdict is Verdict.APPROVE


class Screenings(Protocol):
    """Keeps screenings, each change in one transaction with the order's head and an audit record."""

    def of_order(self, reseller_id: str, order_id: str) -> Sequence[Screening]:
        """All of them, newest first."""
        ...

    def record(
        self, head: OrderHead, expected_version: int, screening: Screening, audit: AuditRecord
    ) -> None:
        """Raises ChangedMeanwhile when the head is not at `expected_version`."""
        ...

    def release(self, release: Release, screening: Screening) -> None:
        """The reviewer lets the order go on. Raises RequestSeenBefore, ChangedMeanwhile."""
        ...

    def reject(self, change: Closing, screening: Screening) -> None:
        """The reviewer ends the order, its units come back. Raises RequestSeenBefore, ChangedMeanwhile."""
        ...

    def waiting(self, page: Page) -> tuple[Sequence[tuple[str, str]], str | None]:
        """Reseller and order ids of those that wait for a reviewer, longest waiting first."""
        ...


def review_answer(head: OrderHead) -> Woken | None:
    """After a flag: None until a reviewer decides, or the order changes."""
    if head.review is Review.DUE:
        return Woken.AMENDED
    return Woken.RELEASED if head.is_screened else None


@dataclass(frozen=True, slots=True)
class ReviewTask:
    """What a reviewer decides: one screened revision of one order, so that nobody releases what they did not see.

    A note that comes later makes another revision, and the same task.
    """

    reseller_id: str
    order_id: str
    revision: int

    @property
    def task_id(self) -> str:
        return f"{QUEUE}.{self.reseller_id}.{self.order_id}.{self.revision}"

    @classmethod
    def of(cls, head: OrderHead, screening: Screening) -> "ReviewTask":
        return cls(head.reseller_id, head.order_id, screening.revision)

    @classmethod
    def read(cls, task_id: str) -> "ReviewTask":
        """Raises NotFound for what is no task of this queue."""
        found = _TASK.fullmatch(task_id)
        if found is None:
            raise NotFound("There is no such task.")
        return cls(found["reseller_id"], found["order_id"], int(found["revision"]))


@dataclass(frozen=True, slots=True)
class DecideReview:
    """A reviewer releases or rejects a flagged order."""

    orders: Orders
    screenings: Screenings
    clock: Clock
    ids: Ids
    patience: Patience

    def __call__(
        self, staff: Staff, call: Call, task: ReviewTask, verdict: Verdict, evidence: str, note: str | None
    ) -> OrderHead:
        """The head after it. Raises NotFound, StateConflict when the task is no longer open, IdempotencyKeyReused,
        TryAgain. `evidence` says what was looked at; both texts are kept in the audit record.
        """
        return while_it_moves(self.patience, lambda: self._decide(staff, call, task, verdict, evidence, note))

    def _decide(
        self, staff: Staff, call: Call, task: ReviewTask, verdict: Verdict, evidence: str, note: str | None
    ) -> OrderHead:
        head = self.orders.head(task.reseller_id, task.order_id)
        if head is None:
            raise NotFound("There is no such task.")
        answered = replayed(self.orders, task.reseller_id, call)
        if answered is not None:
            return answered
        screening = self._open_screening(head, task)
        moment = self.clock.now()
        decision = Decision(moment, staff.actor, verdict, evidence, note)
        chronicle = Chronicle(self.ids, moment, staff.actor, call.request_id)
        try:
            return self._write(head, screening, call, decision, chronicle)
        except RequestSeenBefore as seen:
            return call.same(seen.guard).head

    def _open_screening(self, head: OrderHead, task: ReviewTask) -> Screening:
        """What the task is about, as long as it is open: nothing that was screened has changed since."""
        if head.status is not OrderStatus.PENDING:
            raise StateConflict("order_closed", f"The order is {head.status}.", head.order_id)
        newest = next(iter(self.screenings.of_order(head.reseller_id, head.order_id)), None)
        if newest is not None and (head.review is Review.DUE or newest.revision != task.revision):
            raise StateConflict(
                "task_outdated",
                "The order was amended since this task was made; look at the queue again.",
                head.order_id,
            )
        if newest is None or not head.awaits_review:
            raise StateConflict("already_decided", "Nothing waits for a review here.", head.order_id)
        return newest

    def _write(
        self, head: OrderHead, screening: Screening, call: Call, decision: Decision, chronicle: Chronicle
    ) -> OrderHead:
        decided = replace(screening, decision=decision)
        if decision.verdict is Verdict.REJECT:
            rejected = (OrderStatus.REJECTED, CloseReason.REVIEW)
            found, lineage = reissued(self.orders, head), lineage_of(self.orders, head)
            change = closing(head, *rejected, chronicle, _words(decision), found, *lineage)
            change = replace(change, guard=call.guard(change.head))
            self.screenings.reject(change, decided)
            return change.head
        release = _release(head, decision, chronicle)
        release = replace(release, guard=call.guard(release.head))
        self.screenings.release(release, decided)
        return release.head


def _release(head: OrderHead, decision: Decision, chronicle: Chronicle) -> Release:
    released = replace(
        head,
        review=Review.RELEASED,
        review_since=decision.at,
        review_reason=None,
        updated_at=decision.at,
        version=head.version + 1,
    )
    ids = (head.reseller_id, head.order_id)
    return Release(
        head=released,
        expected_version=head.version,
        event=chronicle.event("order.released", *ids, attempt=head.attempt, revision=head.revision),
        audit=chronicle.audit("order.released", *ids, revision=head.revision, words=_words(decision)),
    )


def _words(decision: Decision) -> str:
    return f"{decision.evidence} / {decision.note}" if decision.note else decision.evidence

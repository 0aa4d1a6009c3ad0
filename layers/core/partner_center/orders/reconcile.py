"""What the reconciler does with an order, decided without looking anything up.

The order's head is the truth. Nothing is done that a live execution is about to do: while one runs, only waits are
answered whose answer is there; and none of its last task may be at work any more when another takes its place.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from partner_center.issuance.record import CertificateRecord, CertificateStatus
from partner_center.kernel.clock import CLOCK_IS_OFF
from partner_center.orders.fulfil import WaitStep, Woken, release_answer
from partner_center.orders.order import FIRST_LOOK, OrderHead
from partner_center.orders.restarts import MOST_RESTARTS

A_DAY = timedelta(days=1)
LONGEST_TASK = timedelta(minutes=3)
"""No task of the machine may take longer, so nothing of an execution that ended before is still at work."""
GETS_ON_AFTER = timedelta(hours=6)
"""One that has run for so long since it was started anew waits for somebody, and not for its own retries."""


class ExecutionStatus(StrEnum):
    """What became of an execution. `missing`: there is none of this name."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    ABORTED = "aborted"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Execution:
    """The execution of the order's present attempt. `error` is the failure that it ended in."""

    status: ExecutionStatus
    started_at: datetime | None = None
    ended_at: datetime | None = None
    error: str | None = None

    @property
    def is_running(self) -> bool:
        return self.status is ExecutionStatus.RUNNING


@dataclass(frozen=True, slots=True)
class Armed:
    """A task token that a step left, and of which attempt; nobody may be waiting on it any more."""

    token: str
    attempt: int


class Repair(StrEnum):
    """What is done. All but the first three leave an audit record `reconcile.<repair>`."""

    NOTHING = "nothing"
    LEAVE = "leave"
    """It has ended and nothing is left of it: it is not looked at again."""
    REPORT = "report"
    """Only a person can tell what is right."""
    WAKE = "wake"
    UNCLAIM = "unclaim"
    """Nobody signs it until it is started anew: till then it may be amended and ended."""
    RESTART = "restart"
    COMPLETE = "complete"
    CLOSE = "close"
    RELEASE = "release"
    REVOKE = "revoke"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do, why, and when to look at the order again if nothing changes it before."""

    repair: Repair
    why: str
    look_at: datetime
    gets_on: bool = False
    """Whether its earlier restarts are to be forgotten."""


@dataclass(frozen=True, slots=True)
class PendingFacts:
    """What is known of a pending order.

    `certificate` holds its generation's slot, `fits` says whether it is for the present content. `armed` has the
    waits in which the execution is, `answers` those of them that may end now. `overdue_at` is when its time is up.
    `keeps_claim`: it is claimed, and stays so from one execution to the next. `proven_at` is when a name was last
    proven or declined: a yes moves no head.
    """

    head: OrderHead
    execution: Execution
    certificate: CertificateRecord | None
    fits: bool
    armed: Mapping[WaitStep, Armed]
    answers: Mapping[WaitStep, Woken]
    overdue_at: datetime
    keeps_claim: bool = False
    proven_at: datetime | None = None

    @property
    def is_stored(self) -> bool:
        return self.certificate is not None and self.certificate.certificate_der is not None


@dataclass(frozen=True, slots=True)
class EndedFacts:
    """What is known of an order that ended without a certificate. `units_held` are left of it on the ledger;
    None where that is too long to say.

    `waits`: its execution is in a wait whose token is known.
    """

    head: OrderHead
    execution: Execution
    serials: Sequence[CertificateRecord]
    units_held: int | None
    waits: bool = False


def of_pending(facts: PendingFacts, moment: datetime) -> Verdict:
    """The repair of a pending order."""
    head, execution = facts.head, facts.execution
    if facts.is_stored and facts.fits:
        return _of_stored(facts, moment)
    grace = FIRST_LOOK if execution.is_running else timedelta(0)
    if not head.signing and moment >= facts.overdue_at + grace:
        return Verdict(Repair.CLOSE, "its time is up", moment + FIRST_LOOK)
    if facts.is_stored:
        return _of_another(facts, moment)
    if execution.is_running:
        return _of_running(facts, moment)
    return _of_execution_ended(facts, moment)


def _of_another(facts: PendingFacts, moment: datetime) -> Verdict:
    """What is stored is not what is ordered now, so that cannot be signed: its reseller ends it, or its time does."""
    quiet = _quiet_at(facts.head, facts.execution)
    if facts.head.signing and not facts.execution.is_running and moment >= quiet:
        return Verdict(Repair.UNCLAIM, "nobody can sign what is ordered now", moment)
    return Verdict(Repair.REPORT, "the stored certificate is not what is ordered now", moment + A_DAY)


def _of_execution_ended(facts: PendingFacts, moment: datetime) -> Verdict:
    """Another takes over when its time has come."""
    head, execution = facts.head, facts.execution
    begun = head.restarts.at if head.restarts is not None else head.placed_at
    if execution.status is ExecutionStatus.MISSING and moment < begun + FIRST_LOOK:
        return Verdict(Repair.NOTHING, "its execution is about to begin", begun + FIRST_LOOK)
    quiet, due = _quiet_at(head, execution), _restart_at(head, execution)
    if moment < due and head.signing and not facts.keeps_claim:
        if moment < quiet:
            return Verdict(Repair.NOTHING, "its last task may be at work still", quiet)
        return Verdict(Repair.UNCLAIM, "nobody signs it until it is started anew", due)
    if moment < due:
        return Verdict(Repair.NOTHING, "it is started anew later", due)
    return Verdict(Repair.RESTART, _ended(execution), moment + FIRST_LOOK)


def held_back_answer(head: OrderHead, moment: datetime) -> Woken | None:
    """What the wait of an order that is held back may be told: another preflight is due where nobody answered."""
    at = head.asks_again_at
    return Woken.RELEASED if at is not None and moment >= at and head.is_screened else release_answer(head)


def of_ended(facts: EndedFacts, moment: datetime) -> Verdict:
    """The repair of an order that was cancelled or rejected.

    Nobody signs it any more: what it left is cleared up though its execution sleeps where nobody can wake it.
    """
    later = moment + FIRST_LOOK
    if facts.waits:
        return Verdict(Repair.WAKE, "its execution has not heard of the end", later)
    if orphans(facts.serials):
        return Verdict(Repair.REVOKE, "a serial may have been signed for nobody", later)
    units = facts.units_held or 0  # where nobody can say: its end and their return were one transaction
    if units > 0:
        return Verdict(Repair.RELEASE, f"{units} units are held still", later)
    if units < 0:
        return Verdict(Repair.REPORT, f"{-units} units too many were given back", moment + A_DAY)
    if facts.execution.is_running:
        ended_long_ago = moment >= facts.head.updated_at + A_DAY
        later = moment + (A_DAY if ended_long_ago else FIRST_LOOK)
        return Verdict(Repair.NOTHING, "its execution has not heard of the end", later)
    return Verdict(Repair.LEAVE, "nothing is left of it", later)


def orphans(serials: Sequence[CertificateRecord]) -> tuple[CertificateRecord, ...]:
    """Serials of an order that ended: stored ones, and recorded ones since whoever died may have signed them."""
    live = {CertificateStatus.RECORDED, CertificateStatus.STORED}
    return tuple(each for each in serials if each.status in live)


def is_told(head: OrderHead) -> bool:
    """Whether the order, as it is after a restart, is told to staff: once when it is stuck, then every day."""
    return head.restarts is not None and head.restarts.count >= MOST_RESTARTS


def _of_stored(facts: PendingFacts, moment: datetime) -> Verdict:
    """A signer that was thought dead may have stored it after another preflight held the order back: whether what is
    refused now may be issued says a later preflight, or a person.
    """
    head, runs = facts.head, facts.execution.is_running
    if not head.signing and (head.held_back is not None or _was_released(facts)):
        if not runs:  # the next one looks again before it takes what is stored
            return _of_execution_ended(facts, moment)
        if facts.answers or head.asks_again_at is not None or head.held_back is None:
            return _of_running(facts, moment)
        return Verdict(Repair.REPORT, "it is held back, and a certificate of it is stored", moment + A_DAY)
    if runs:  # it may be about to complete it, and may wait as well: a preflight had something proven again meanwhile
        verdict = _of_running(facts, moment)
        return replace(verdict, look_at=min(verdict.look_at, moment + FIRST_LOOK))
    return Verdict(Repair.COMPLETE, "its certificate is stored", moment + FIRST_LOOK)


def _was_released(facts: PendingFacts) -> bool:
    """Whether a check was asked for since the certificate was stored; no preflight has followed it."""
    stored_at = facts.certificate.stored_at if facts.certificate is not None else None
    asked_at = facts.head.checked_at
    return stored_at is not None and asked_at is not None and asked_at >= stored_at


def _of_running(facts: PendingFacts, moment: datetime) -> Verdict:
    head, started_at = facts.head, facts.execution.started_at or moment
    if facts.answers:
        return Verdict(Repair.WAKE, "a wait is over already", moment + FIRST_LOOK)
    is_armed = any(each.attempt == head.attempt for each in facts.armed.values())
    if head.signing and is_armed:
        # It stayed claimed from the execution before, and what proves or pays for it has ended since.
        return Verdict(Repair.UNCLAIM, "it waits for somebody, and nobody signs it", moment + FIRST_LOOK)
    # What has just moved, or was woken by an answer, is between two waits, and arms the next by itself.
    moved_at = max(head.updated_at, facts.proven_at or head.updated_at)
    unheard = max(started_at + A_DAY, moved_at + FIRST_LOOK)
    if not is_armed and moment >= unheard:
        return Verdict(Repair.RESTART, "nobody can wake its execution", moment + FIRST_LOOK)
    gets_on = head.restarts is not None and moment >= head.restarts.at + GETS_ON_AFTER
    later = moment + (GETS_ON_AFTER if head.restarts is not None and not gets_on else A_DAY)
    if head.asks_again_at is not None and head.asks_again_at > moment:
        later = min(later, head.asks_again_at)
    if not is_armed:
        later = min(later, unheard)
    return Verdict(Repair.NOTHING, "its execution runs", later, gets_on)


def _quiet_at(head: OrderHead, execution: Execution) -> datetime:
    """When nothing of an execution that ended is still at work.

    Its end is told by another clock than the present moment, which may be ahead. That matters where it may be
    signing: whoever signs has looked at the order and looks no more. Any other task writes under the version it read.
    """
    if execution.ended_at is None:
        return head.placed_at
    return execution.ended_at + LONGEST_TASK + (CLOCK_IS_OFF if head.signing else timedelta(0))


def _restart_at(head: OrderHead, execution: Execution) -> datetime:
    quiet = _quiet_at(head, execution)
    return max(quiet, head.restarts.next_at(head.revision)) if head.restarts is not None else quiet


def _ended(execution: Execution) -> str:
    if execution.status is ExecutionStatus.MISSING:
        return "it has no execution"  # the alarm OrdersDoNotBegin waits for these words
    failure = f" with {execution.error}" if execution.error else ""
    return f"its execution ended: {execution.status}{failure}"

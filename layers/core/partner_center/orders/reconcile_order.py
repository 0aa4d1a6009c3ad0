"""The reconciler: compares an order with its execution, its certificate and the ledger, and repairs one thing.

Each repair depends on the head as it was read, so of two at once one is done, and repeating one changes nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from partner_center.billing.authorise import payment_answer
from partner_center.billing.contracts import EntryKind, LedgerEntry
from partner_center.billing.ledger_check import units_held
from partner_center.billing.ports import Ledgers
from partner_center.issuance.record import CertificateRecord
from partner_center.kernel.clock import Clock
from partner_center.kernel.errors import ChangedMeanwhile, StateConflict
from partner_center.kernel.events import AuditRecord, Chronicle, Event
from partner_center.kernel.ids import Ids, encode_time_ordered, order_of
from partner_center.kernel.patience import AFTER_TROUBLE
from partner_center.orders.close import CloseOverdue, CompleteOrder
from partner_center.orders.fulfil import WaitStep, Woken, domains_answer
from partner_center.orders.ledger_lines import part_of
from partner_center.orders.order import FIRST_LOOK, Order, OrderHead, OrderStatus, pending_until
from partner_center.orders.ports import OrderReader, load
from partner_center.orders.reconcile import (
    Armed,
    EndedFacts,
    Execution,
    ExecutionStatus,
    PendingFacts,
    Repair,
    Verdict,
    held_back_answer,
    is_told,
    of_ended,
    of_pending,
    orphans,
)
from partner_center.orders.restarts import one_more
from partner_center.orders.review import review_answer
from partner_center.validation.challenges import last_mail_at
from partner_center.validation.ports import Challenges

_ANSWERS: Mapping[WaitStep, Callable[[OrderHead], Woken | None]] = {
    WaitStep.REVIEW: review_answer,
    WaitStep.PAYMENT: payment_answer,
}

WOKEN_MEANWHILE = "somebody else woke it at this moment"


@dataclass(frozen=True, slots=True)
class Restart:
    """What changes when another execution takes an order over. The relay starts it, on the event."""

    head: OrderHead
    expected_version: int
    event: Event
    audit: AuditRecord


@dataclass(frozen=True, slots=True)
class Unclaim:
    """What changes when an order comes back from the point of no return, since nobody signs it."""

    head: OrderHead
    expected_version: int
    audit: AuditRecord


@dataclass(frozen=True, slots=True)
class UnitsRelease:
    """What changes when units come back that an order should have given back at its end."""

    head: OrderHead
    expected_version: int
    entry: LedgerEntry
    audit: AuditRecord


class OpenOrders(Protocol):
    """The orders that are to be looked at, and what the reconciler writes about them."""

    def due(self, shard: int, moment: datetime, at_most: int) -> Sequence[tuple[str, str]]:
        """Reseller and order ids, longest due first; the list may be a moment late."""
        ...

    def look_later(self, head: OrderHead, moment: datetime, *, gets_on: bool) -> None:
        """Looked at again at `moment`; `gets_on` forgets its restarts. Raises ChangedMeanwhile."""
        ...

    def put_off(self, reseller_id: str, order_id: str, moment: datetime) -> None:
        """As `look_later`, of an order that cannot even be read. Raises ChangedMeanwhile when it is not listed."""
        ...

    def leave(self, head: OrderHead) -> None:
        """Not looked at again. Raises ChangedMeanwhile."""
        ...

    def restart(self, change: Restart) -> None:
        """Raises ChangedMeanwhile when the head is not at `expected_version`."""
        ...

    def unclaim(self, change: Unclaim, look_at: datetime) -> None:
        """Looked at again at `look_at`. Raises ChangedMeanwhile when the head is not at `expected_version`."""
        ...

    def release(self, change: UnitsRelease) -> None:
        """Raises ChangedMeanwhile when the head moved, or its contract does not hold so many units."""
        ...

    def tell_orphan(self, event: Event, audit: AuditRecord) -> bool:
        """False when it was told before."""
        ...

    def note(self, audit: AuditRecord) -> None: ...


class Executions(Protocol):
    """The state machine, from outside."""

    def execution(self, order_id: str, generation: int, attempt: int) -> Execution: ...

    def wake(self, token: str, word: Woken) -> bool:
        """Whether somebody waited on the token. Raises TryAgain."""
        ...

    def is_awaited(self, token: str) -> bool:
        """Whether somebody waits on the token; it is not answered. Raises TryAgain."""
        ...


class ArmedWaits(Protocol):
    """The task tokens that the steps of an order left."""

    def armed(self, reseller_id: str, order_id: str) -> Mapping[WaitStep, Armed]: ...


class Serials(Protocol):
    """What was recorded, stored or given up for an order."""

    def current(self, reseller_id: str, order_id: str, generation: int) -> CertificateRecord | None: ...

    def every_serial(self, reseller_id: str, order_id: str) -> Sequence[CertificateRecord]: ...

    def is_asked_elsewhere(self, record: CertificateRecord) -> bool:
        """Whether it is recorded for an authority of AWS Private CA, which makes certificates by itself."""
        ...


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What was found and done. `is_told`: staff must hear of it (`REPORT`, or an order that does not get on)."""

    reseller_id: str
    order_id: str
    repair: Repair
    why: str = ""
    contract_id: str | None = None
    is_told: bool = False

    @property
    def is_repair(self) -> bool:
        return self.repair not in {Repair.NOTHING, Repair.LEAVE, Repair.REPORT}

    @property
    def concerns_money(self) -> bool:
        """Whether its contract is to be held against the ledger now."""
        return self.contract_id is not None and self.repair is not Repair.NOTHING


@dataclass(frozen=True, slots=True)
class ReconcileOrder:
    """The use case, for one order."""

    orders: OrderReader
    challenges: Challenges
    open_orders: OpenOrders
    executions: Executions
    waits: ArmedWaits
    serials: Serials
    ledgers: Ledgers
    complete: CompleteOrder
    close: CloseOverdue
    clock: Clock
    ids: Ids

    def __call__(self, reseller_id: str, order_id: str, correlation_id: str) -> Reconciled:
        """Raises TryAgain and whatever a broken order raises; then nothing but, perhaps, one repair was done."""
        order = load(self.orders, reseller_id, order_id)
        if order is None:
            return Reconciled(reseller_id, order_id, Repair.NOTHING, "there is no such order")
        moment = self.clock.now()
        chronicle = Chronicle(self.ids, moment, "system", correlation_id)
        try:
            if order.head.status is OrderStatus.PENDING:
                return self._pending(order, chronicle)
            if order.head.status in {OrderStatus.CANCELLED, OrderStatus.REJECTED}:
                return self._ended(order, chronicle)
        except (ChangedMeanwhile, StateConflict) as refusal:
            return self._refused(order.head, refusal)
        return Reconciled(reseller_id, order_id, Repair.NOTHING, f"it is {order.head.status}")

    def _refused(self, head: OrderHead, refusal: ChangedMeanwhile | StateConflict) -> Reconciled:
        """Somebody was faster; or, where the order is as it was, what must be done is refused, and will be again."""
        ids = (head.reseller_id, head.order_id)
        present = self.orders.head(*ids)
        if present is None or present.version != head.version:
            return Reconciled(*ids, Repair.NOTHING, "it moves at this moment")
        with suppress(ChangedMeanwhile):  # by hand also one that is not listed
            self.put_off(*ids)
        contract = None if head.is_by_card else head.contract_id
        why = f"what must be done is refused: {refusal.detail}"
        return Reconciled(*ids, Repair.REPORT, why, contract, is_told=True)

    def put_off(self, reseller_id: str, order_id: str) -> None:
        """An order that cannot be looked at stands in nobody's way for a while. Raises TryAgain, ChangedMeanwhile."""
        self.open_orders.put_off(reseller_id, order_id, self.clock.now() + AFTER_TROUBLE)

    # ---- what is known

    def _pending(self, order: Order, chronicle: Chronicle) -> Reconciled:
        head = order.head
        ids = (head.reseller_id, head.order_id)
        execution = self.executions.execution(head.order_id, head.generation, head.attempt)
        # After its execution: of one that has ended nothing is stored any more.
        certificate = self.serials.current(head.reseller_id, order_of(head.order_id), head.generation)
        armed = self._awaited(head) if execution.is_running else {}
        challenges = self.challenges.of_order(*ids)
        facts = PendingFacts(
            head=head,
            execution=execution,
            certificate=certificate,
            fits=certificate is not None and order.content.is_certified_by(certificate),
            armed=armed,
            answers=self._answers(head, armed, chronicle.moment),
            overdue_at=pending_until(head, last_mail_at(challenges)),
            keeps_claim=self._keeps_claim(head, certificate, chronicle.moment),
            proven_at=max((each.decided_at for each in challenges if each.decided_at), default=None),
        )
        verdict = of_pending(facts, chronicle.moment)
        if verdict.repair is Repair.WAKE and not self._wake(facts.armed, facts.answers):
            verdict = replace(verdict, repair=Repair.NOTHING, why=WOKEN_MEANWHILE)
        return self._act(head, verdict, (), facts.execution, chronicle, keeps_claim=facts.keeps_claim)

    def _keeps_claim(self, head: OrderHead, certificate: CertificateRecord | None, moment: datetime) -> bool:
        """Whether an authority of AWS Private CA may have made what it is claimed for: another execution fetches it,
        or a person looks for it (ADR 13).

        Not where another execution would have to ask somebody first, whose answer counts for nothing while it is
        claimed.
        """
        if not head.signing or certificate is None or not self.serials.is_asked_elsewhere(certificate):
            return False
        soon = moment + FIRST_LOOK  # who goes on from here may have another clock, or come an hour later
        word = domains_answer(self.orders, self.challenges, head.reseller_id, head.order_id, soon)
        return word in {Woken.PROVEN, Woken.TO_BE_PAID}

    def _awaited(self, head: OrderHead) -> Mapping[WaitStep, Armed]:
        """The waits of this attempt in which somebody is: a restored table has tokens of others."""
        armed = self.waits.armed(head.reseller_id, head.order_id)
        return {
            step: each
            for step, each in armed.items()
            if each.attempt == head.attempt and self.executions.is_awaited(each.token)
        }

    def _ended(self, order: Order, chronicle: Chronicle) -> Reconciled:
        head = order.head
        execution = self.executions.execution(head.order_id, head.generation, head.attempt)
        armed = self._awaited(head) if execution.is_running else {}
        facts = EndedFacts(head, execution, self._serials_of(head), self._held(head), bool(armed))
        verdict = of_ended(facts, chronicle.moment)
        if verdict.repair is Repair.WAKE and not self._wake(armed, dict.fromkeys(armed, Woken.OVER)):
            verdict = replace(verdict, repair=Repair.NOTHING, why=WOKEN_MEANWHILE)
        return self._act(head, verdict, facts.serials, execution, chronicle, facts.units_held or 0)

    def _answers(
        self, head: OrderHead, armed: Mapping[WaitStep, Armed], moment: datetime
    ) -> Mapping[WaitStep, Woken]:
        ids = (head.reseller_id, head.order_id)
        found: dict[WaitStep, Woken | None] = {}
        for step in armed:
            if step is WaitStep.DOMAINS:
                found[step] = domains_answer(self.orders, self.challenges, *ids, moment)
            elif step is WaitStep.HELD_BACK:
                found[step] = held_back_answer(head, moment)
            else:
                found[step] = _ANSWERS[step](head)
        return {step: word for step, word in found.items() if word is not None}

    def _serials_of(self, head: OrderHead) -> Sequence[CertificateRecord]:
        """Those of the enrolment; what else its order has is not its concern."""
        serials = self.serials.every_serial(head.reseller_id, order_of(head.order_id))
        return [each for each in serials if each.enrolment_id == head.order_id]

    def _held(self, head: OrderHead) -> int | None:
        if head.is_by_card or head.is_reissue:
            return 0
        return units_held(self.ledgers, head.reseller_id, head.contract_id, head.order_id, head.placed_at)

    # ---- what is done

    def _wake(self, armed: Mapping[WaitStep, Armed], answers: Mapping[WaitStep, Woken]) -> bool:
        """Whether somebody waited. An execution waits in one place at a time."""
        return any(self.executions.wake(armed[step].token, word) for step, word in answers.items())

    def _act(
        self,
        head: OrderHead,
        verdict: Verdict,
        serials: Sequence[CertificateRecord],
        execution: Execution,
        chronicle: Chronicle,
        units: int = 0,
        *,
        keeps_claim: bool = False,
    ) -> Reconciled:
        ids = (head.reseller_id, head.order_id)
        done = Reconciled(*ids, verdict.repair, verdict.why, None if head.is_by_card else head.contract_id)
        audit = _audit(head, verdict, execution, chronicle)
        match verdict.repair:
            case Repair.LEAVE:
                self.open_orders.leave(head)
            case Repair.UNCLAIM:
                change = Unclaim(_unclaimed(head, chronicle), head.version, audit)
                self.open_orders.unclaim(change, verdict.look_at)
            case Repair.RESTART:
                restart = _restart(head, execution, audit, chronicle, keeps_claim=keeps_claim)
                self.open_orders.restart(restart)
                done = replace(done, is_told=is_told(restart.head))
            case Repair.RELEASE:
                self.open_orders.release(_release(head, units, audit, chronicle))
            case Repair.COMPLETE:
                self.complete(*ids, head.generation, chronicle.correlation_id, head.version)
                self.open_orders.note(audit)
            case Repair.CLOSE:
                if self.close(*ids, chronicle.correlation_id, head.version) is not None:
                    return replace(done, repair=Repair.NOTHING, why="it was mailed at this moment")
                self.open_orders.note(audit)
            case _:
                done = self._told(head, verdict, serials, done, audit, chronicle)
                self.open_orders.look_later(head, verdict.look_at, gets_on=verdict.gets_on)
        return done

    def _told(
        self,
        head: OrderHead,
        verdict: Verdict,
        serials: Sequence[CertificateRecord],
        done: Reconciled,
        audit: AuditRecord,
        chronicle: Chronicle,
    ) -> Reconciled:
        """What leaves the order as it is: told to whoever revokes, to the audit trail, to staff, or to nobody."""
        match verdict.repair:
            case Repair.REVOKE:
                return self._tell_orphans(head, serials, done, audit, chronicle)
            case Repair.WAKE:
                self.open_orders.note(audit)
            case Repair.REPORT:
                return replace(done, is_told=True)
        return done

    def _tell_orphans(
        self,
        head: OrderHead,
        serials: Sequence[CertificateRecord],
        done: Reconciled,
        audit: AuditRecord,
        chronicle: Chronicle,
    ) -> Reconciled:
        """Who revokes hears of each once. One that is there still, long after, is told to staff."""
        told = [
            self.open_orders.tell_orphan(
                _orphaned(head, record, chronicle),
                replace(
                    audit,
                    record_id=chronicle.ids.new("aud", chronicle.moment),
                    facts={**audit.facts, "serial": record.serial_hex},
                ),
            )
            for record in orphans(serials)
        ]
        if any(told):
            return done
        return replace(done, repair=Repair.REPORT, why="an orphan was told and is not revoked", is_told=True)


def _audit(head: OrderHead, verdict: Verdict, execution: Execution, chronicle: Chronicle) -> AuditRecord:
    return chronicle.audit(
        f"reconcile.{verdict.repair}",
        head.reseller_id,
        head.order_id,
        why=verdict.why,
        attempt=head.attempt,
        execution=execution.status,
        error=execution.error,
    )


def _unclaimed(head: OrderHead, chronicle: Chronicle) -> OrderHead:
    """A serial that was recorded for it may have been signed: whoever ends the order finds it an orphan, and what is
    ordered otherwise closes it.
    """
    return replace(head, signing=False, updated_at=chronicle.moment, version=head.version + 1)


def _restart(
    head: OrderHead, execution: Execution, audit: AuditRecord, chronicle: Chronicle, *, keeps_claim: bool
) -> Restart:
    """Another attempt, or the same where its execution never began.

    The event that was to begin it may only be late, however late: whichever comes first begins it, and the other
    finds it begun, since an execution's name is taken once. Another attempt would make the late one void, and
    where all are late none would ever begin. Its preflight claims it anew: before that it may have to wait, for a
    proof that has ended. `keeps_claim`: a certificate may have been made for what is ordered now.
    """
    begins_anew = execution.status is not ExecutionStatus.MISSING
    restarted = replace(
        _unclaimed(head, chronicle),
        signing=keeps_claim,
        attempt=head.attempt + begins_anew,
        restarts=one_more(head.restarts, head.revision, chronicle.moment),
    )
    event = chronicle.event(
        "order.restarted",
        head.reseller_id,
        head.order_id,
        generation=restarted.generation,
        attempt=restarted.attempt,
    )
    return Restart(restarted, head.version, event, audit)


def _release(head: OrderHead, units: int, audit: AuditRecord, chronicle: Chronicle) -> UnitsRelease:
    released = replace(head, updated_at=chronicle.moment, version=head.version + 1)
    entry = part_of(head, EntryKind.RELEASE, units, head.net, chronicle)
    return UnitsRelease(released, head.version, entry, audit)


def _orphaned(head: OrderHead, record: CertificateRecord, chronicle: Chronicle) -> Event:
    """Its id is made of the serial: a serial becomes an orphan once."""
    event = chronicle.event(
        "serial.orphaned",
        head.reseller_id,
        head.order_id,
        serial=record.serial_hex,
        issuer_id=record.issuer_id,
    )
    made_of = encode_time_ordered(
        int(record.recorded_at.timestamp() * 1000), int(record.serial_hex, 16) % 2**80
    )
    return replace(event, event_id=f"evt_{made_of}")

"""Every certificate is looked at once more, the day after it was issued, by somebody who could not have issued it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from partner_center.issuance.objection import CheckRun, Ground, Objection
from partner_center.issuance.ports import CaStore, Linter, SerialLists
from partner_center.issuance.preflight import Preflight
from partner_center.issuance.record import CertificateRecord, CertificateStatus, StoredSerial
from partner_center.issuance.second_look import Evidence, objections, relied_on
from partner_center.kernel.clock import Clock, rfc3339
from partner_center.kernel.dated_rules import NoRulesYet, rules_on
from partner_center.kernel.events import NOBODY, AuditRecord, Chronicle
from partner_center.kernel.ids import Ids
from partner_center.orders.order import Order
from partner_center.orders.ports import OrderReader, predecessor
from partner_center.orders.review import Screenings
from partner_center.validation.challenges import Proof
from partner_center.validation.ports import ChallengeReader
from partner_center.validation.standing import zones_of

SETTLING = timedelta(minutes=30)
"""So long an order has to be completed after its certificate was stored, and an index to tell of it."""
LEFT_OVER_AFTER = timedelta(hours=48)
"""By then a recorded serial can be signed no more (BR 7.1.2.7): no retry will take it up."""
_LONGEST_DETAIL = 2000
_A_MOMENT = timedelta(microseconds=1)
_DAMAGE = (ArithmeticError, AttributeError, LookupError, NoRulesYet, TypeError, ValueError)
"""What a row raises that cannot be read. Trouble with a service is none of it: that concerns every certificate."""

Tell = Callable[[str, Exception], object]
"""Is told the serial of what could not be looked at, and why."""


class CheckRuns(Protocol):
    """Keeps runs and objections; it can write no certificate."""

    def last(self) -> CheckRun | None: ...

    def object(self, objection: Objection, audit: AuditRecord) -> bool:
        """Keep it, and put it on the staff's queue; False when that serial has one on that ground already."""
        ...

    def finish(self, run: CheckRun) -> None: ...


class PreflightHistory(Protocol):
    """Reads the preflights of an order, as many as are asked for: there may be thousands."""

    def newest_first(self, reseller_id: str, order_id: str) -> Iterator[Preflight]: ...


class Slots(SerialLists, Protocol):
    """Serials and who holds a generation."""

    def recorded_until(self, moment: datetime) -> Iterator[str]:
        """Serials that are listed as recorded by then; none of them is read for that."""
        ...

    def current(self, reseller_id: str, order_id: str, generation: int) -> CertificateRecord | None: ...


@dataclass(frozen=True, slots=True)
class _Run:
    """The run under way: what its objections bear, and who is told of what it could not look at."""

    run_id: str
    chronicle: Chronicle
    tell: Tell


@dataclass(frozen=True, slots=True)
class CheckCertificates:
    """The use case. A missed or broken run loses nothing: the next begins where the last finished one ended.

    What cannot be read is objected to as well, so that it keeps nobody else's certificate from its second look.
    """

    slots: Slots
    cas: CaStore
    orders: OrderReader
    preflights: PreflightHistory
    proofs: ChallengeReader
    screenings: Screenings
    runs: CheckRuns
    lint: Linter
    clock: Clock
    ids: Ids

    def __call__(self, correlation_id: str, time_is_left: Callable[[], bool], tell: Tell) -> CheckRun:
        """The run, recorded; it ends early when no time is left, and is then not complete. Raises TryAgain."""
        begun_at = self.clock.now()
        run_id = self.ids.new("chk", begun_at)
        last, goal = self.runs.last(), begun_at - SETTLING
        after = last.until if last else self._beginning(goal)
        run = _Run(run_id, Chronicle(self.ids, begun_at, "system", correlation_id), tell)
        until, checked, new = after, 0, 0
        for listed in self._due(after, goal):
            if checked and listed.stored_at > until and not time_is_left():
                break
            until, checked = listed.stored_at, checked + 1
            new += self._look(listed.serial_hex, self._objections, run)
        else:
            until = max(after, goal)
        for serial_hex in self.slots.recorded_until(begun_at - LEFT_OVER_AFTER):
            new += self._look(serial_hex, _left_over, run)
        is_complete = until >= goal
        finished = CheckRun(run_id, begun_at, self.clock.now(), after, until, is_complete, checked, new)
        self.runs.finish(finished)
        return finished

    def ending_root_crls(self) -> Sequence[str]:
        """Roots whose CRL ends within a month, or that have none: a person must sign the next one."""
        soon = self.clock.now() + timedelta(days=30)
        return [root.root_id for root in self.cas.roots() if root.crl_ends is None or root.crl_ends < soon]

    def _beginning(self, goal: datetime) -> datetime:
        """Before the first certificate that any CA could have issued."""
        begins = [ca.certificate.not_valid_before_utc for ca in self.cas.issuing_cas()]
        return min([*begins, goal])

    def _due(self, after: datetime, goal: datetime) -> Iterator[StoredSerial]:
        """What was stored in between, in the order of its time, a day at once, as it is listed."""
        start = after
        while start < goal:
            tomorrow = (start + _A_MOMENT).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(
                days=1
            )
            end = min(tomorrow - _A_MOMENT, goal)
            yield from sorted(self.slots.stored_between(start, end), key=lambda each: each.stored_at)
            start = end

    def _look(
        self, serial_hex: str, judge: Callable[[CertificateRecord], Mapping[Ground, str]], run: _Run
    ) -> int:
        """How many objections to the serial are new."""
        where = (NOBODY, "")
        found: Mapping[Ground, str] = {}
        try:
            record = self.slots.by_serial(serial_hex)
            if record is not None:
                where = (record.reseller_id, record.order_id)
                found = judge(record)
        except _DAMAGE as error:
            run.tell(serial_hex, error)
            found = {Ground.UNREADABLE: f"it or its evidence: {type(error).__name__}: {error}"}
        return sum(self._object(serial_hex, where, ground, told, run) for ground, told in found.items())

    def _objections(self, record: CertificateRecord) -> Mapping[Ground, str]:
        evidence = self._evidence(record)
        try:
            return objections(evidence, self.lint)
        except Exception as error:  # what reads certificates raises errors of its own, and asks no service
            raise ValueError(f"{type(error).__name__}: {error}") from error

    def _evidence(self, record: CertificateRecord) -> Evidence:
        where = (record.reseller_id, record.enrolment_id)
        preflight = relied_on(record, self.preflights.newest_first(*where))
        head = self.orders.head(*where)
        order = None
        if head is not None:
            revision = preflight.revision if preflight else head.revision
            order = Order(head, self.orders.content(*where, revision))
        holder = self.slots.current(record.reseller_id, record.order_id, record.generation)
        return Evidence(
            record=record,
            issuing_ca=self.cas.issuing_ca(record.issuer_id),
            order=order,
            holds_slot=holder is not None and holder.serial_hex == record.serial_hex,
            preflight=preflight,
            proofs=self._proofs(order, preflight),
            screenings=self.screenings.of_order(*where),
            previous=predecessor(self.orders, head) if head is not None else None,
        )

    def _proofs(self, order: Order | None, preflight: Preflight | None) -> Sequence[Proof]:
        if order is None or preflight is None:
            return ()
        head, since = order.head, preflight.at - rules_on(preflight.at).domain_reuse - timedelta(days=1)
        return [
            proof
            for zone in zones_of(order.content.names)
            for proof in self.proofs.proofs(head.reseller_id, head.subscriber, zone, since)
            if proof.proof_id in preflight.proof_ids
        ]

    def _object(self, serial_hex: str, where: tuple[str, str], ground: Ground, told: str, run: _Run) -> bool:
        """Whether it is new."""
        detail, chronicle = told[:_LONGEST_DETAIL], run.chronicle
        objection = Objection(serial_hex, ground, detail, *where, chronicle.moment, run.run_id)
        facts = {"serial": serial_hex, "ground": ground, "detail": detail, "run_id": run.run_id}
        return self.runs.object(objection, chronicle.audit("certificate.objected_to", *where, **facts))


def _left_over(record: CertificateRecord) -> Mapping[Ground, str]:
    if record.status is not CertificateStatus.RECORDED:
        return {}
    return {Ground.UNFINISHED: f"recorded {rfc3339(record.recorded_at)}, neither stored nor closed"}

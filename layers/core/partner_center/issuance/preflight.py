"""Preflight: the last look before the point of no return. Named checks, all made, all recorded (BR 4.2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from partner_center.kernel.clock import Clock
from partner_center.kernel.errors import Problem
from partner_center.kernel.events import AuditRecord, Chronicle
from partner_center.kernel.ids import Ids
from partner_center.orders.key_gate import BlockedKeys, key_problems
from partner_center.orders.order import Order, OrderStatus
from partner_center.orders.ports import OrderReader, load
from partner_center.validation.challenges import ChallengeStatus, Proof, proof_usable
from partner_center.validation.ports import Challenges


class Outcome(StrEnum):
    """Where the order goes from here; the machine's choice reads these words."""

    GO = "go"
    PROVE_AGAIN = "prove_again"
    HELD_BACK = "held_back"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class CaaAnswer:
    """What CAA says of one name: whether we may issue, why, and until when that may be relied on."""

    name: str
    allowed: bool
    reason: str
    valid_until: datetime


class CaaCheck(Protocol):
    """Looks CAA up afresh for every name, each by itself (BR 3.2.2.8; incident of 2020)."""

    def check(self, methods: Sequence[tuple[str, str]], moment: datetime) -> Sequence[CaaAnswer]:
        """`methods`: each name with the method its proof used. A failed look-up is an answer that refuses."""
        ...


@dataclass(frozen=True, slots=True)
class Check:
    """One named check and its result."""

    check: str
    passed: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Preflight:
    """A passed or failed preflight, as evidence. `caa_valid_until` limits how long it may be relied on."""

    preflight_id: str
    generation: int
    revision: int
    at: datetime
    outcome: Outcome
    checks: tuple[Check, ...]
    caa_valid_until: datetime | None
    proof_ids: tuple[str, ...]


class Claims(Protocol):
    """Moves the order over, or back from, the point of no return, with the preflight as evidence."""

    def claim(self, order: Order, preflight: Preflight, audit: AuditRecord) -> None:
        """Raises ChangedMeanwhile unless the order is still pending at this version."""
        ...

    def hold_back(self, order: Order, preflight: Preflight, reason: str, audit: AuditRecord) -> None: ...

    def prove_again(self, order: Order, preflight: Preflight, audit: AuditRecord) -> None:
        """A new revision with the same content: old proofs and links end, new values are made."""
        ...


def judge(
    order: Order,
    proofs: dict[str, Proof],
    caa: Sequence[CaaAnswer],
    key_refusals: Sequence[Problem],
    moment: datetime,
) -> tuple[Outcome, tuple[Check, ...]]:
    """The outcome of all checks at `moment`. Proofs outrank CAA: without them nothing else matters."""
    unproven = [
        name
        for name in order.content.names
        if name not in proofs or not proof_usable(proofs[name], name, moment)
    ]
    refusing = [answer for answer in caa if not answer.allowed]
    unanswered = set(order.content.names) - {answer.name for answer in caa}
    checks = (
        Check("domain_proofs", not unproven, "; ".join(unproven) or "every name is proven"),
        Check(
            "caa",
            not refusing and not unanswered,
            "; ".join(f"{answer.name}: {answer.reason}" for answer in refusing)
            or "; ".join(sorted(unanswered))
            or "no name forbids it",
        ),
        Check("key", not key_refusals, "; ".join(each.code for each in key_refusals) or "acceptable"),
        Check("agreement", bool(order.content.agreement.sha256), order.content.agreement.version),
    )
    if unproven:
        return Outcome.PROVE_AGAIN, checks
    return (Outcome.GO if all(each.passed for each in checks) else Outcome.HELD_BACK), checks


@dataclass(frozen=True, slots=True)
class RunPreflight:
    """The use case: fetch, judge, record, claim."""

    orders: OrderReader
    challenges: Challenges
    claims: Claims
    caa: CaaCheck
    blocked: BlockedKeys
    clock: Clock
    ids: Ids

    def __call__(
        self, reseller_id: str, order_id: str, attempt: int, correlation_id: str
    ) -> Preflight | None:
        """The preflight made now; None when the order is over or this execution is an older attempt.

        Raises ChangedMeanwhile when the order moved in between: the step is to be repeated.
        """
        order = load(self.orders, reseller_id, order_id)
        if order is None or order.head.status is not OrderStatus.PENDING or order.head.attempt != attempt:
            return None
        proofs = self._proofs(order)
        asked = [(name, proofs[name].method) for name in order.content.names if name in proofs]
        complete = len(asked) == len(order.content.names)
        caa = self.caa.check(asked, self.clock.now()) if complete else ()
        key_refusals = key_problems(bytes.fromhex(order.content.spki_der), self.blocked, "/csr")
        moment = self.clock.now()
        outcome, checks = judge(order, proofs, caa, key_refusals, moment)
        preflight = Preflight(
            preflight_id=self.ids.new("pre", moment),
            generation=order.head.generation,
            revision=order.head.revision,
            at=moment,
            outcome=outcome,
            checks=checks,
            caa_valid_until=min((answer.valid_until for answer in caa), default=None),
            proof_ids=tuple(dict.fromkeys(proof.proof_id for proof in proofs.values())),
        )
        self._record(order, preflight, correlation_id)
        return preflight

    def _proofs(self, order: Order) -> dict[str, Proof]:
        """The proof behind each name of the present revision."""
        found: dict[str, Proof] = {}
        head = order.head
        for challenge in self.challenges.of_order(head.reseller_id, head.order_id):
            if challenge.status is ChallengeStatus.VALID and challenge.revision == head.revision:
                proof = self.challenges.proof(head.reseller_id, head.subscriber, challenge)
                if proof is not None:
                    found |= dict.fromkeys(challenge.names, proof)
        return found

    def _record(self, order: Order, preflight: Preflight, correlation_id: str) -> None:
        chronicle = Chronicle(self.ids, preflight.at, "system", correlation_id)
        failed = "; ".join(f"{each.check}: {each.detail}" for each in preflight.checks if not each.passed)
        audit = chronicle.audit(
            f"preflight.{preflight.outcome}",
            order.head.reseller_id,
            order.head.order_id,
            preflight_id=preflight.preflight_id,
            failed=failed[:2000] or None,
        )
        match preflight.outcome:
            case Outcome.GO:
                self.claims.claim(order, preflight, audit)
            case Outcome.PROVE_AGAIN:
                self.claims.prove_again(order, preflight, audit)
            case _:
                self.claims.hold_back(order, preflight, failed[:500], audit)

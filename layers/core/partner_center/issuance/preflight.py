"""Preflight: the last look before the point of no return. Named checks, all made, all recorded (BR 4.2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from partner_center.billing.charge_ports import ChargeReader
from partner_center.billing.charges import payment_verdict
from partner_center.billing.payments import Charge
from partner_center.kernel.clock import CLOCKS_DIFFER, FOR_THE_LAST_LOOK, Clock
from partner_center.kernel.errors import Problem
from partner_center.kernel.events import AuditRecord, Chronicle, Event
from partner_center.kernel.ids import Ids, order_of
from partner_center.kernel.public_suffix import is_older, list_date
from partner_center.orders.key_gate import BlockedKeys, key_problems
from partner_center.orders.order import A_MINUTE, Order, OrderStatus, seconds_to_wait
from partner_center.orders.ports import OrderReader, load
from partner_center.orders.public_names import name_problem
from partner_center.validation.caa_everywhere import CaaRequest, CaaResult, check_caa_everywhere
from partner_center.validation.caa_evidence import caa_evidence
from partner_center.validation.challenges import Proof, last_mail_at, proof_usable, usable_until
from partner_center.validation.corroborate import AllPerspectives
from partner_center.validation.ports import Challenges
from partner_center.validation.publishing import Publishing
from partner_center.validation.standing import Standing, read_lasting, wanted_of


class Outcome(StrEnum):
    """Where the order goes from here; the machine's choice reads these words."""

    GO = "go"
    SCREEN_AGAIN = "screen_again"
    """Its content was amended and not screened since: nothing was looked at."""
    PROVE_AGAIN = "prove_again"
    """A name is unproven, or CAA permits the method chosen for it and none that it was proven by."""
    PAY_AGAIN = "pay_again"
    """All is well but the money: it is not authorised, not enough, or not for long enough any more."""
    HELD_BACK = "held_back"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Check:
    """One named check and its result."""

    check: str
    passed: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Preflight:
    """A passed or failed preflight, as evidence. `caa_valid_until` limits how long it may be relied on: to the
    earliest end of a CAA answer or of a proof. `caa` is what was found for each name.

    `seconds_left` is how long the order may still be pending, for the wait of one that is not ready. `is_unanswered`:
    nothing is held against the order; look-ups were not answered, or a list of ours does not serve.
    """

    preflight_id: str
    generation: int
    revision: int
    at: datetime
    outcome: Outcome
    checks: tuple[Check, ...]
    caa_valid_until: datetime | None
    proof_ids: tuple[str, ...]
    seconds_left: int
    caa: tuple[Mapping[str, Any], ...] = ()
    is_unanswered: bool = False

    @property
    def is_unproven(self) -> bool:
        return any(each.check == "domain_proofs" and not each.passed for each in self.checks)

    @property
    def refuses_methods(self) -> bool:
        """Whether CAA refused a name that it would permit on a proof by another method."""
        return any(each.get("permitted") for each in self.caa)


class Claims(Protocol):
    """Moves the order over, or back from, the point of no return, with the preflight as evidence."""

    def claim(self, order: Order, preflight: Preflight, audit: AuditRecord) -> None:
        """Raises ChangedMeanwhile unless the order is still pending at this version."""
        ...

    def hold_back(
        self, order: Order, preflight: Preflight, reason: str, audit: AuditRecord, event: Event
    ) -> None: ...

    def prove_again(self, order: Order, preflight: Preflight, audit: AuditRecord) -> None:
        """Another round of asking: links of the last one end, and new values are made for what is unproven."""
        ...

    def ask_as_chosen(self, order: Order, preflight: Preflight, audit: AuditRecord) -> None:
        """Names whose proofs CAA refused are asked by the method chosen for them; what is being asked goes on."""
        ...

    def pay_again(self, order: Order, preflight: Preflight, audit: AuditRecord) -> None:
        """The order goes on when its money is there."""
        ...


class BlockLists(Protocol):
    """The operator's lists of keys that are never certified; a deployed stack names those that it must have."""

    def faults(self, spki_sha256: str) -> Sequence[str]:
        """Each list that is missing or cannot be used, as a clause; empty when all can answer for this key.

        Raises TryAgain when they cannot be asked at the moment.
        """
        ...


SUFFIX_LIST = "public_suffix_list"
NAMES = "names"
_LONGEST_DETAIL = 20_000
"""Of a check's sentences about a hundred names; the evidence has each."""


def judge(
    order: Order,
    proofs: Mapping[str, Proof],
    caa: Sequence[CaaResult],
    list_faults: Sequence[str],
    key_refusals: Sequence[Problem],
    charge: Charge | None,
    moment: datetime,
    more: Sequence[Check] = (),
) -> tuple[Outcome, tuple[Check, ...]]:
    """The outcome of all checks at `moment`, with those that were made before (`more`); `charge` is the latest
    payment attempt.

    The proofs relied on outrank CAA: without them nothing else matters, and no proof mends a name that nobody may
    certify. Money comes last: what is held back needs
    none yet.
    """
    unproven = [
        name
        for name in order.content.names
        if name not in proofs or not proof_usable(proofs[name], name, moment)
    ]
    refusing = [result for result in caa if not result.allowed]
    unanswered = set(order.content.names) - {result.name for result in caa}
    checks = (
        Check("domain_proofs", not unproven, "; ".join(unproven) or "every name is proven"),
        Check(
            "caa",
            not refusing and not unanswered,
            "; ".join(f"{result.name}: {result.detail}" for result in refusing)[:_LONGEST_DETAIL]
            or (f"not looked up for {', '.join(sorted(unanswered))}"[:_LONGEST_DETAIL] if unanswered else "")
            or "no name forbids it",
        ),
        Check("block_lists", not list_faults, "; ".join(list_faults) or "all present"),
        Check("key", *_key_verdict(list_faults, key_refusals)),
        Check("quality_review", order.head.is_screened, order.head.review),
        Check("agreement", bool(order.content.agreement.sha256), order.content.agreement.version),
        Check("payment", *payment_verdict(order.head, charge, moment)),
        *more,
    )
    failed = {each.check for each in checks if not each.passed}
    if NAMES not in failed and (unproven or _asks_as_chosen(order, refusing)):
        return Outcome.PROVE_AGAIN, checks
    if not failed:
        return Outcome.GO, checks
    by_card_alone = failed == {"payment"} and order.head.is_by_card
    return (Outcome.PAY_AGAIN if by_card_alone else Outcome.HELD_BACK), checks


def _asks_as_chosen(order: Order, refusing: Sequence[CaaResult]) -> bool:
    """Whether a refused name would pass by the method that was chosen for it, and was never asked by it."""
    chosen = {name: each.br_section for each in wanted_of(order) for name in each.names}
    return any(chosen[result.name] in result.permitted for result in refusing)


def _is_unanswered(
    order: Order, checks: Sequence[Check], caa: Sequence[CaaResult], list_faults: Sequence[str]
) -> bool:
    """Whether nothing is held against the order: what failed could not be judged, for want of somebody's answer or of
    a list of ours. A card's money that lapsed meanwhile is asked for again once all else is well.
    """
    failed = {each.check for each in checks if not each.passed}
    if order.head.is_by_card:
        failed.discard("payment")
    refusing = [result for result in caa if not result.allowed]
    unjudged = {SUFFIX_LIST}
    if list_faults:
        unjudged |= {"block_lists", "key"}
    if refusing and all(result.is_unanswered for result in refusing):
        unjudged |= {"caa"}
    return bool(failed) and failed <= unjudged


def _relied_on(found: Standing, caa: Sequence[CaaResult]) -> Mapping[str, Proof]:
    """For each proven name the preferred one of the proofs that CAA permits, or of all when it permits none."""
    sections = {result.name: result.section for result in caa}
    return {
        each.name: next(
            (proof for proof in each.usable if proof.br_section == sections.get(each.name)), each.usable[0]
        )
        for each in found.names
        if each.usable
    }


def _is_mendable(check: Check) -> bool:
    """What stays as it is, whatever anybody does but change the order, is told first: long lists are cut."""
    return check.check not in {"key", NAMES}


def _key_verdict(list_faults: Sequence[str], key_refusals: Sequence[Problem]) -> tuple[bool, str]:
    """A key that could not be looked up everywhere is not acceptable (BR 6.1.1.3): the check fails closed."""
    if list_faults:
        return False, "not judged without the block lists"
    return not key_refusals, " ".join(each.detail for each in key_refusals) or "acceptable"


def _reliable_until(caa: Sequence[CaaResult], proofs: Mapping[str, Proof]) -> datetime | None:
    """While CAA's answers hold and every proof does: the rules may change between this look and the signing."""
    answers = [result.valid_until for result in caa if result.valid_until]
    return min([*answers, *map(usable_until, proofs.values())]) if answers else None


def suffix_list_check(dated: datetime | None, oldest: timedelta | None, moment: datetime) -> Check:
    """The public suffix list of that date, for the record, and whether it may be relied on (BR 3.2.2.6).

    `oldest`: how old it may be; None for any age. One without a date is of no known age, so that no limit holds.
    """
    serves = oldest is None or not is_older(dated, oldest, moment)
    age = f"of {dated:%Y-%m-%d}, {(moment - dated).days} days old" if dated else "of unknown age"
    return Check(SUFFIX_LIST, serves, age)


def names_check(names: Sequence[str]) -> Check:
    """Whether the present public suffix list lets each name be certified, as it did when the order was placed."""
    problems = [problem.detail for name in names if (problem := name_problem(name)) is not None]
    return Check(NAMES, not problems, " ".join(problems)[:_LONGEST_DETAIL] or "all may be certified")


@dataclass(frozen=True, slots=True)
class RunPreflight:
    """The use case: fetch, judge, record, claim. `oldest_suffix_list` is as `suffix_list_check` takes it."""

    orders: OrderReader
    challenges: Challenges
    claims: Claims
    charges: ChargeReader
    everywhere: AllPerspectives
    publishing: Publishing
    blocked: BlockedKeys
    block_lists: BlockLists
    clock: Clock
    ids: Ids
    oldest_suffix_list: timedelta | None = None

    def __call__(
        self, reseller_id: str, order_id: str, attempt: int, correlation_id: str, refused: str = ""
    ) -> Preflight | None:
        """The preflight made now; None when the order is over or this execution is an older attempt.

        `refused` says why the linter refused the certificate after the preflight before, which claimed the order: it
        is held back then, since the linter would say the same of the same content again. One of outcome
        SCREEN_AGAIN is neither made nor recorded.

        Raises ChangedMeanwhile when the order moved in between: the step is to be repeated.
        """
        order = load(self.orders, reseller_id, order_id)
        if order is None or order.head.status is not OrderStatus.PENDING or order.head.attempt != attempt:
            return None
        if not order.head.is_screened:
            return self._unscreened(order)
        found = read_lasting(self.challenges, order, self.clock.now(), FOR_THE_LAST_LOOK)
        caa = self._check_caa(order, found)
        proofs = _relied_on(found, caa)
        faults = self.block_lists.faults(order.content.spki_sha256)
        refusals = () if faults else key_problems(bytes.fromhex(order.content.spki_der), self.blocked, "/csr")
        charge = self._charge(order)
        moment = self.clock.now()
        runs = self._order_checks(order, moment)
        more = [
            *runs,
            names_check(order.content.names),
            suffix_list_check(list_date(), self.oldest_suffix_list, moment),
        ]
        if refused:
            more.append(Check("certificate", False, refused))
        outcome, checks = judge(order, proofs, caa, faults, refusals, charge, moment, more)
        preflight = Preflight(
            preflight_id=self.ids.new("pre", moment),
            generation=order.head.generation,
            revision=order.head.revision,
            at=moment,
            outcome=outcome,
            checks=checks,
            caa_valid_until=_reliable_until(caa, proofs),
            proof_ids=tuple(dict.fromkeys(proof.proof_id for proof in proofs.values())),
            caa=tuple(
                caa_evidence(result, len(caa)) | {"proof_id": proofs[result.name].proof_id} for result in caa
            ),
            seconds_left=self._seconds_left(order, found, runs, moment),
            is_unanswered=_is_unanswered(order, checks, caa, faults),
        )
        self._record(order, preflight, correlation_id)
        return preflight

    def _seconds_left(self, order: Order, found: Standing, runs: Sequence[Check], moment: datetime) -> int:
        """As `seconds_to_wait`. A reissue waits for nothing once its order is over, and for a minute at a time while
        that is so by one clock alone: whoever closes it may have another.
        """
        if all(each.passed for each in runs):
            return seconds_to_wait(order.head, last_mail_at(found.challenges), moment)
        by_every_clock = not all(each.passed for each in self._order_checks(order, moment - CLOCKS_DIFFER))
        return 1 if by_every_clock else A_MINUTE

    def _order_checks(self, order: Order, moment: datetime) -> Sequence[Check]:
        """A reissue is signed only while its order runs: issued, and inside its term."""
        head = order.head
        of = self.orders.head(head.reseller_id, order_of(head.order_id)) if head.is_reissue else None
        if of is None:
            return ()
        status = of.status_at(moment)
        return (Check("order", status is OrderStatus.ISSUED, f"the order is {status}"),)

    def _unscreened(self, order: Order) -> Preflight:
        head, moment = order.head, self.clock.now()
        checks = (Check("quality_review", False, head.review),)
        outcome = Outcome.SCREEN_AGAIN
        return Preflight("", head.generation, head.revision, moment, outcome, checks, None, (), 1)

    def _charge(self, order: Order) -> Charge | None:
        head = order.head
        if not head.payment_attempt:
            return None
        return self.charges.charge(head.reseller_id, head.order_id, head.payment_attempt)

    def _check_caa(self, order: Order, found: Standing) -> Sequence[CaaResult]:
        """A look-up for every name; none at all while a name is unproven, since the answer could not count."""
        issuers = self.publishing.issuer_domains(order)
        if not issuers or not all(each.usable for each in found.names):
            return ()
        account, moment = self.publishing.account_uri(order.head), self.clock.now()
        requests = [
            CaaRequest(
                each.name,
                tuple(dict.fromkeys(proof.br_section for proof in each.usable)),
                account,
                self.publishing.provable_sections(order, each.name, moment),
            )
            for each in found.names
        ]
        return check_caa_everywhere(requests, self.everywhere, issuers, self.clock)

    def _record(self, order: Order, preflight: Preflight, correlation_id: str) -> None:
        chronicle = Chronicle(self.ids, preflight.at, "system", correlation_id)
        failed = "; ".join(
            f"{each.check}: {each.detail}"
            for each in sorted(preflight.checks, key=_is_mendable)
            if not each.passed
        )
        ids = (order.head.reseller_id, order.head.order_id)
        audit = chronicle.audit(
            f"preflight.{preflight.outcome}",
            *ids,
            preflight_id=preflight.preflight_id,
            failed=failed[:2000] or None,
        )
        match preflight.outcome:
            case Outcome.GO:
                self.claims.claim(order, preflight, audit)
            case Outcome.PROVE_AGAIN if preflight.is_unproven:
                self.claims.prove_again(order, preflight, audit)
            case Outcome.PROVE_AGAIN:
                self.claims.ask_as_chosen(order, preflight, audit)
            case Outcome.PAY_AGAIN:
                self.claims.pay_again(order, preflight, audit)
            case _:
                event = chronicle.event(
                    "order.held_back",
                    *ids,
                    preflight_id=preflight.preflight_id,
                    attempt=order.head.attempt,
                    revision=order.head.revision,
                )
                self.claims.hold_back(order, preflight, failed[:500], audit, event)

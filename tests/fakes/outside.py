"""What lies outside the tables, in memory: vault, approver mail, state machine, bus, certificates."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from partner_center.issuance.record import CertificateRecord, CertificateStatus
from partner_center.kernel.events import Event
from partner_center.orders.exposed_keys import ExposedKey
from partner_center.orders.fulfil import Woken
from partner_center.orders.order import Order
from partner_center.orders.reconcile import Execution, ExecutionStatus
from partner_center.validation.challenges import Challenge
from partner_center.validation.ports import ApprovalRequest
from tests.fakes.determined import NOW


class MemoryVault:
    """`Vault`: what was sealed for one challenge opens for no other."""

    def seal(self, secret: str, challenge_id: str) -> bytes:
        return f"{challenge_id}:{secret[::-1]}".encode()

    def open(self, sealed: bytes, challenge_id: str) -> str:
        bound_to, _, secret = sealed.decode().partition(":")
        if bound_to != challenge_id:
            raise ValueError("sealed for another challenge")
        return secret[::-1]


@dataclass
class MemoryDomainMail:
    """`DomainMail`: keeps what it sent; `before` may fail in its place."""

    asked: list[ApprovalRequest] = field(default_factory=list)
    before: Callable[[], None] = lambda: None

    instructed: list[tuple[Challenge, ...]] = field(default_factory=list)

    def ask(self, request: ApprovalRequest) -> None:
        self.before()
        self.asked.append(request)

    def instruct(self, order: Order, challenges: Sequence[Challenge]) -> None:
        self.before()
        self.instructed.append(tuple(challenges))

    @property
    def tokens(self) -> list[str]:
        return [request.token for request in self.asked]


@dataclass
class MemoryMachine:
    """`Machine`: executions by name, answers by token; a token is answered once and then nobody waits on it.

    Also `Executions`: each runs until `ended` has what became of it; on tokens in `dead` nobody waits.
    """

    executions: list[str] = field(default_factory=list)
    answers: dict[str, Woken] = field(default_factory=dict)
    ended: dict[str, Execution] = field(default_factory=dict)
    dead: set[str] = field(default_factory=set)

    def start(self, reseller_id: str, order_id: str, generation: int, attempt: int) -> None:
        name = f"{order_id}-g{generation}-a{attempt}"
        if name not in self.executions:
            self.executions.append(name)

    def wake(self, token: str, word: Woken) -> bool:
        waited = token not in self.answers and token not in self.dead
        self.answers.setdefault(token, word)
        return waited

    def is_awaited(self, token: str) -> bool:
        return token not in self.answers and token not in self.dead

    def execution(self, order_id: str, generation: int, attempt: int) -> Execution:
        name = f"{order_id}-g{generation}-a{attempt}"
        if name not in self.executions:
            return Execution(ExecutionStatus.MISSING)
        return self.ended.get(name, Execution(ExecutionStatus.RUNNING, NOW))


@dataclass
class MemoryBus:
    """`Bus`: keeps what was published."""

    published: list[Event] = field(default_factory=list)

    def publish(self, event: Event) -> None:
        self.published.append(event)

    @property
    def types(self) -> list[str]:
        return [event.type for event in self.published]


@dataclass
class MemoryBlockLists:
    """`BlockLists`: what is put in is missing."""

    missing: list[str] = field(default_factory=list)

    def faults(self, spki_sha256: str) -> Sequence[str]:
        return self.missing


@dataclass
class MemoryExposedKeys:
    """`ExposedKeys`: keeps what was reported; `before` may fail in its place."""

    reported: list[ExposedKey] = field(default_factory=list)
    before: Callable[[], None] = lambda: None

    def report(self, exposed: ExposedKey) -> None:
        self.before()
        self.reported.append(exposed)


_MOST_GENERATIONS = 30


@dataclass
class MemoryCertificates:
    """What became of each generation: reads of the certificates by order."""

    records: dict[tuple[str, str, int], CertificateRecord] = field(default_factory=dict)
    private_ca: str | None = None
    """The issuing CA that is an authority of AWS Private CA."""

    def keep(self, record: CertificateRecord) -> None:
        self.records[record.reseller_id, record.order_id, record.generation] = record

    def current(self, reseller_id: str, order_id: str, generation: int) -> CertificateRecord | None:
        return self.records.get((reseller_id, order_id, generation))

    def by_serial(self, serial_hex: str) -> CertificateRecord | None:
        return next((each for each in self.records.values() if each.serial_hex == serial_hex), None)

    def of_order(self, reseller_id: str, order_id: str) -> Sequence[CertificateRecord]:
        generations = range(_MOST_GENERATIONS, 0, -1)
        found = (self.records.get((reseller_id, order_id, number)) for number in generations)
        return [each for each in found if each is not None]

    def every_serial(self, reseller_id: str, order_id: str) -> Sequence[CertificateRecord]:
        return self.of_order(reseller_id, order_id)

    def is_asked_elsewhere(self, record: CertificateRecord) -> bool:
        return record.status is CertificateStatus.RECORDED and record.issuer_id == self.private_ca

"""One virtual year: orders placed, proven and issued by their own use cases, with a signer that makes no signature.

Some are reissued, some revoked, some muted; for 30 days nobody runs; runs are repeated, and die in the middle, and so
does who mails. In the end every reminder is compared with what the table says.
"""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random

from bench.reminders.expected import A_DAY, Life, expected_of
from partner_center.kernel.errors import TryAgain
from partner_center.notifications.mail import Mail
from partner_center.validation.challenges import Proof
from tests.fakes.posted import a_body, a_principal
from tests.fakes.reminding import Reminding
from tests.fakes.samples import a_contract

ISSUED_IN_DAYS = 180
OUTAGE = range(150, 180)
RESELLERS = 20
RUN_AT, AGAIN_AFTER = timedelta(hours=6), timedelta(hours=1)


class Died(Exception):
    """The process was killed."""


@dataclass
class Proofs:
    """As much of `ChallengeReader` as the reminders need: proofs found by subscriber, as DynamoDB finds them."""

    found: dict[tuple[str, str, str], list[Proof]] = field(default_factory=dict)

    def proofs(self, reseller_id: str, subscriber: str, zone: str, since: datetime) -> list[Proof]:
        found = self.found.get((reseller_id, subscriber, zone), [])
        return [each for each in found if each.completed_at >= since]


@dataclass
class Result:
    """What came out. `missed`, `surplus`, `doubled` must be nought; `repeated` have the Message-ID of the first."""

    certificates: int
    runs: int
    reminders: int
    digests: int
    mails: int
    missed: int
    surplus: int
    repeated: int
    doubled: int
    died: int
    made_up: int
    reads_without_anything_due: list[int]
    reads_for_each_due: list[float]
    most_in_a_second: int
    rate: float


@dataclass
class Year:
    """The simulation; the same seed gives the same year."""

    certificates: int
    seed: int = 1
    rate: float = 5.0
    days: int = 385

    def __post_init__(self) -> None:
        self.random = Random(self.seed)  # noqa: S311 - chance, no secret
        self.office = Reminding(self.rate)
        self.proofs = Proofs()
        prospects = self.office.keep.prospects
        object.__setattr__(prospects, "challenges", self.proofs)
        self.begin = self.office.clock.moment.replace(hour=0, minute=0)
        self.lives: dict[str, Life] = {}
        self.plans: dict[int, list[tuple[str, str]]] = {}
        self.good_runs: list[datetime] = []
        self.reached: dict[tuple[str, str], list[datetime]] = {}
        self.died = 0
        self.read_idle: list[int] = []
        self.read_each: list[float] = []
        for number in range(RESELLERS):
            contract = a_contract(10_000_000, reseller_id=f"res_{number}", contract_id=f"con_{number}")
            self.office.world.stores.grant(contract)

    def __call__(self) -> Result:
        placed = 0
        for day in range(self.days):
            wanted = min(self.certificates, self.certificates * (day + 1) // ISSUED_IN_DAYS)
            self.office.at(self.begin + day * A_DAY + timedelta(hours=3))
            for _ in range(wanted - placed):
                self._issue(day)
            placed = max(placed, wanted)
            for order_id, what in self.plans.pop(day, []):
                self._change(order_id, what)
            if day not in OUTAGE:
                self._run_day(day)
        return self._result()

    # ---- orders

    def _issue(self, day: int) -> None:
        office, world = self.office, self.office.world
        number = len(self.lives)
        office.clock.advance(seconds=1)
        by = a_principal(f"res_{self.random.randrange(RESELLERS)}")
        muted = self.random.random() < 0.05
        body = a_body(partner_order_id=f"PO-{number}", customer_id=f"customer-{number}")
        body |= {"lifecycle": {"reminders": False}} if muted else {}
        order = world.posted(body, by)
        head = order.head
        world.open_validation(world.order(head.order_id, head.reseller_id))
        world.approve()
        self._keep_proof()
        record = office.certify(world.head(head.order_id, head.reseller_id))
        world.complete_order(head.reseller_id, head.order_id, 1, "execution-1")
        office.follow()
        for rows in (world.tables.challenges, world.tables.events, world.tables.attempts, world.tables.audit):
            rows.clear()
        world.bus.published.clear()
        world.mail.asked.clear()
        head = world.head(head.order_id, head.reseller_id)
        if head.term_to is None or head.issued_at is None:
            raise SystemExit("an order was not issued")
        life = Life(head.order_id, head.term_to, head.issued_at, muted)
        life.certificates.append((office.clock.moment, record.not_before, record.not_after))
        self.lives[head.order_id] = life
        self._plan(day, head.reseller_id, head.order_id)

    def _plan(self, day: int, reseller_id: str, order_id: str) -> None:
        """What will become of the order: nothing, a revocation, or one reissue or two."""
        chance, key = self.random.random(), f"{reseller_id} {order_id}"
        if chance < 0.05:
            self.plans.setdefault(day + self.random.randrange(1, 300), []).append((key, "revoke"))
        elif chance < 0.35:
            first = day + self.random.randrange(60, 200)
            self.plans.setdefault(first, []).append((key, "reissue"))
            self.plans.setdefault(first + self.random.randrange(40, 120), []).append((key, "reissue"))

    def _change(self, key: str, what: str) -> None:
        office, world = self.office, self.office.world
        reseller_id, order_id = key.split()
        office.clock.advance(seconds=1)
        head, life = world.head(order_id, reseller_id), self.lives[order_id]
        if what == "revoke":
            life.over = office.clock.moment
            office.revoked(order_id, reseller_id)
        elif life.over is None and office.clock.moment < life.term_to - 3 * A_DAY:
            zone = "example.com"
            old = self.proofs.found[reseller_id, head.subscriber, zone][-1]
            self._add(renewed_proof(old, office.clock.moment))
            record = office.reissued(order_id, reseller_id)
            life.certificates.append((office.clock.moment, record.not_before, record.not_after))

    def _keep_proof(self) -> None:
        _, proof = self.office.world.tables.proofs.popitem()
        self._add(proof)

    def _add(self, proof: Proof) -> None:
        self.proofs.found.setdefault((proof.reseller_id, proof.subscriber, "example.com"), []).append(proof)

    # ---- days

    def _run_day(self, day: int) -> None:
        morning = self.begin + day * A_DAY + RUN_AT
        chance = self.random.random()
        self.office.at(morning)
        if chance < 0.08:
            self._die_somewhere()
            if chance < 0.02:  # and so does every other run of this day: the next one finishes
                self.died += 1
            else:
                self.office.at(morning + AGAIN_AFTER)
                self._run()
        else:
            self._run()
        if self.random.random() < 0.1:
            self._run()
        self._deliver()

    def _run(self) -> None:
        calendar = self.office.calendar
        calendar.read = 0
        report = self.office.run()
        if report.claimed == 0 and report.moved == 0:
            self.read_idle.append(calendar.read)
        else:
            self.read_each.append(calendar.read / (report.claimed + report.moved))
        self.good_runs.append(self.office.clock.moment)

    def _die_somewhere(self) -> None:
        """A run that is killed at one of its writes; where there were fewer it lives, and was a good one."""
        left = self.random.choice([1, 2, 3, 5, 8, 13, 50, 120])

        def happen(_: str) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                raise Died

        office = self.office
        office.calendar.happen = office.queue.happen = happen
        try:
            office.run()
        except Died:
            self.died += 1
            self._note_what_was_reached()
        else:
            self.good_runs.append(office.clock.moment)
        office.calendar.happen = office.queue.happen = lambda _: None
        office.calendar.busy_until = None

    def _note_what_was_reached(self) -> None:
        moment = self.office.clock.moment
        for (_, day), lines in self.office.calendar.lines.items():
            if day == moment.date():
                for order_id, kind in lines:
                    self.reached.setdefault((order_id, kind), []).append(moment)

    def _deliver(self) -> None:
        """The queue delivers until nothing is left; whoever mails dies at times, between a mail and its record."""
        office = self.office
        while office.queue.waiting:
            message = office.queue.waiting[0]
            dies = self.random.random() < 0.002

            def happen(_: str, dies: bool = dies) -> None:
                if dies:
                    raise Died

            office.sent.happen = happen
            try:
                office.send(message)
            except Died:
                self.died += 1
                continue
            except TryAgain:
                raise SystemExit("a mail could not be sent") from None
            office.queue.waiting.pop(0)

    # ---- the end

    def _result(self) -> Result:
        office = self.office
        mails = [mail for _, mail in office.mailer.mails]
        reminders = [mail for mail in mails if dict(mail.tags)["mail"] == "reminder"]
        ids = Counter(mail.message_id for mail in reminders)
        sent = Counter(_told(mail) for mail in {mail.message_id: mail for mail in reminders}.values())
        wanted = Counter(
            (each.order_id, each.kind, int(each.ends.timestamp()), each.days)
            for life in self.lives.values()
            for each in expected_of(life, self.good_runs, self.reached)
        )
        times = sorted(at for at, _ in office.mailer.mails)
        return Result(
            certificates=sum(len(life.certificates) for life in self.lives.values()),
            runs=len(self.good_runs),
            reminders=len(ids),
            digests=len(mails) - len(reminders),
            mails=len(mails),
            missed=(wanted - sent).total(),
            surplus=(sent - wanted).total(),
            repeated=sum(count - 1 for count in ids.values()),
            doubled=sum(count - 1 for count in sent.values()),
            died=self.died,
            made_up=self._made_up(),
            reads_without_anything_due=self.read_idle,
            reads_for_each_due=self.read_each,
            most_in_a_second=_most_in_a_second(times),
            rate=self.rate,
        )

    def _made_up(self) -> int:
        """Reminders of the first run after the outage."""
        first = next((each for each in self.good_runs if each > self.begin + OUTAGE.stop * A_DAY), None)
        lines = self.office.calendar.lines
        return sum(len(rows) for (_, day), rows in lines.items() if first and day == first.date())


def renewed_proof(proof: Proof, moment: datetime) -> Proof:
    """The same name, proven again."""
    return replace(proof, proof_id=f"{proof.proof_id}+", checked_at=moment, completed_at=moment)


def _told(mail: Mail) -> tuple[str, str, int, int]:
    """What a reminder told, from its Message-ID: `<order.kind-end-days.position@...>`."""
    order_id, facts, _ = mail.message_id.removeprefix("<").partition("@")[0].split(".")
    kind, ends, days = facts.split("-", 2)
    return order_id, kind, int(ends), int(days)


def _most_in_a_second(times: list[datetime]) -> int:
    most, start = 0, 0
    for end, moment in enumerate(times):
        while moment - times[start] >= timedelta(seconds=1):
            start += 1
        most = max(most, end - start + 1)
    return most

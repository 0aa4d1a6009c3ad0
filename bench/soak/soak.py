"""One soak: orders in waves, a share of all invocations faulty, then time to drain, then every invariant.

Retries and schedules are waited for by the minute, and by the hour in the end: hundreds wait for the same clock.
"""

import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from bench.soak.crowd import Client, Steps, drawn
from local.cloud import EmbeddedCloud
from local.runtime import Ended
from local.seed import seed
from tests.faults.evidence import gathered
from tests.faults.harness import TEMPLATE
from tests.faults.invariants import INVARIANTS
from tests.faults.operator import empties_dead_letters
from tests.faults.points import FAULTS, Kind
from tests.faults.world import DAY, HOUR, MINUTE, NotReached, World
from tests.functions.journeys import UNHINDERED, Reseller, resellers

THREADS, WAVE = 6, 150
CONTRACTS = 3
PAUSES = (10.0, MINUTE, MINUTE, MINUTE, 2 * MINUTE, 5 * MINUTE, 15 * MINUTE)
"""Between the rounds of a wave: what failed is repeated when its time has come."""
RUNS = 2
"""How often one schedule runs in a pause: often enough, and no crowd waits for schedules that find nothing."""
REST = 120.0
"""Real seconds that the work of one moment has. It ends when the machine ends it; this is for what never does."""
HALF = 0.5
"""Of the invocations while there are too few faulty ones are spared, so that it is not always the next."""
LATER = 26 * HOUR
GRACE = (0.0, 10 * MINUTE, HOUR, 6 * HOUR, LATER)


class Faulty:
    """So many of all invocations meet one fault of any kind, at one of the calls that their function makes.

    A call that an invocation does not come to, or that cannot meet the fault, is made good by another invocation.
    """

    def __init__(self, share: float, seed: int, calls_of: Mapping[str, int]) -> None:
        self._share, self._calls_of = share, calls_of
        self._chance = random.Random(seed)  # noqa: S311 - repeatable on purpose
        self._lock = Lock()
        self.invocations = self.faulty = 0

    def choose(self, function: str, _event: Any) -> dict[str, Any] | None:
        with self._lock:
            self.invocations += 1
            if self.faulty >= self._share * self.invocations or self._chance.random() < HALF:
                return None
            fault = FAULTS[self._chance.choice(list(Kind))]
            return {"call": self._chance.randint(1, max(1, self._calls_of.get(function, 1))), **fault}

    def ended(self, ended: Ended) -> None:
        with self._lock:
            self.faulty += ended.met


@dataclass
class Counted:
    """Calls and invocations by function."""

    calls: int = 0
    most: dict[str, int] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def __call__(self, ended: Ended) -> None:
        """A worker that died had made the calls up to its fault."""
        fault = ended.fault or {}
        made = len(ended.calls) if ended.calls is not None else int(fault.get("call", 0))
        with self._lock:
            self.calls += made
            self.most[ended.function] = max(self.most.get(ended.function, 0), len(ended.calls or ()))


@dataclass(frozen=True)
class Figures:
    """What a soak came to. `drained` are the virtual seconds from the last act to rest, `seconds` real ones.

    Faults end with the last act: schedules run for ever, and a share of them would fail for ever. `moved` are the
    dead letters by then: what failed as often as it may, and is moved back, or deleted where nothing is lost, as
    docs/operations.md says under Queues.
    """

    orders: int
    statuses: Mapping[str, int]
    refused: int
    repeated: int
    invocations: int
    faulty: int
    calls: float
    drained: float
    moved: int
    seconds: float
    broken: Mapping[str, Sequence[str]]


@dataclass
class Soak:
    """Orders of one seed in a running cloud, whose tables may hold those of others."""

    cloud: EmbeddedCloud
    seed: int
    label: str
    progress: Callable[[str], None] = lambda _: None
    """Told how many orders' waves are over, and what each look at the invariants found."""

    def __post_init__(self) -> None:
        self._reseller: Reseller = resellers(self.cloud)[0]
        self._chance = random.Random(self.seed)  # noqa: S311 - repeatable on purpose
        self._began = self.cloud.clock.now()
        self._mails, self._signed = len(self.cloud.mails()), len(self.cloud.signatures())
        self._clients: list[Client] = []
        self._contracts: list[str] = []
        self._refused, self._undisturbed = 0, False
        keeper = World(self.cloud, f"{self.label}keeper", self._reseller)
        self._card = keeper.card_contract()

    def __call__(self, orders: int, share: float, calls_of: Mapping[str, int]) -> tuple[Figures, Counted]:
        began, counted = time.monotonic(), Counted()
        self._contracts = [self._reseller.new_contract(4 * orders) for _ in range(CONTRACTS)]
        self._undisturbed = share == 0.0
        faulty = Faulty(share, self.seed, calls_of)

        def note(ended: Ended) -> None:
            counted(ended)
            faulty.ended(ended)

        self.cloud.runtime.faults, self.cloud.runtime.on_end = faulty, note
        try:
            for begin in range(0, orders, WAVE):
                self._wave(range(begin, min(begin + WAVE, orders)))
                self.progress(f"{min(begin + WAVE, orders)} of {orders} orders")
            acted = self.cloud.clock.now()
            self.cloud.runtime.faults = None
            self._drain()
            moved = sum(empties_dead_letters(self.cloud).values())
            self._drain()
            drained = self.cloud.clock.now() - acted
        finally:
            self.cloud.runtime.faults = self.cloud.runtime.on_end = None
        broken, statuses = self._judged()
        figures = Figures(
            orders=sum(len(client.answered) for client in self._clients),
            statuses=statuses,
            refused=self._refused,
            repeated=sum(client.repeated for client in self._clients),
            invocations=faulty.invocations,
            faulty=faulty.faulty,
            calls=counted.calls / orders,
            drained=drained,
            moved=moved,
            seconds=time.monotonic() - began,
            broken=broken,
        )
        return figures, counted

    def _wave(self, numbers: range) -> None:
        """All of them act, then the work of the moment ends and time passes, until none has anything left to do."""
        acting = [self._steps(number) for number in numbers]
        pauses = iter(PAUSES)
        with ThreadPoolExecutor(THREADS) as threads:
            while acting:
                goes_on = list(threads.map(self._acts, acting))
                acting = [steps for steps, more in zip(acting, goes_on, strict=True) if more]
                self.cloud.settle(soon=0.0, timeout=REST)
                if acting:
                    self.cloud.advance(next(pauses, PAUSES[-1]), RUNS)

    def _steps(self, number: int) -> Steps:
        client = Client(self.cloud, f"{self.label}{number}", self._reseller)
        client.contracts.append(self._contracts[number % CONTRACTS])
        self._clients.append(client)
        return drawn(self._chance)(client)

    def _acts(self, steps: Steps) -> bool:
        try:
            next(steps)
        except StopIteration:
            return False
        except NotReached:
            self._refused += 1
            return False
        return True

    def _drain(self) -> None:
        """Until nothing is on its way any more, for which it has a day."""
        end = self.cloud.clock.now() + DAY
        while self.cloud.settle(soon=0.0, timeout=REST):
            due = self.cloud.unfinished()
            if due is None or due > end:
                return
            self.cloud.advance(max(0.0, due - self.cloud.clock.now()) + MINUTE, RUNS)

    def _judged(self) -> tuple[Mapping[str, Sequence[str]], Mapping[str, int]]:
        """What does not hold in the end, by invariant, and how the orders stand.

        What holds must hold a day later as well, when every schedule has run.
        """
        for seconds in GRACE:
            broken, statuses = self._look(seconds)
            if not any(broken.values()):
                break
        else:
            return broken, statuses
        return self._look(LATER)

    def _look(self, seconds: float) -> tuple[Mapping[str, Sequence[str]], Mapping[str, int]]:
        """After so many seconds."""
        self.cloud.advance(seconds, RUNS)
        self._drain()
        answered = {each: name for client in self._clients for each, name in client.answered.items()}
        reissued = {each: of for client in self._clients for each, of in client.reissued.items()}
        seen = gathered(
            self.cloud,
            self._reseller,
            answered,
            self._contracts,
            [self._card],
            self._mails,
            self._signed,
            reissued,
            self._began,
        )
        seen.undisturbed = self._undisturbed
        statuses = Counter(order["status"] for order in seen.orders.values() if order is not None)
        broken = {name: list(check(seen)) for name, check in INVARIANTS.items()}
        found = sum(map(len, broken.values()))
        self.progress(f"{found} violations after {seconds / MINUTE:.0f} minutes more")
        return broken, statuses


def soaked(orders: int, share: float, number: int, clean: int) -> list[tuple[str, Figures]]:
    """One seed in a cloud of its own; how far it is is told on stderr.

    First so many orders without any fault, which tell how many calls each function makes.
    """
    with EmbeddedCloud(TEMPLATE, UNHINDERED, seed=lambda cloud: seed(cloud)[0]) as cloud:
        without, counted = Soak(cloud, 0, "clean")(clean, 0.0, {})
        began = time.monotonic()

        def tell(what: str) -> None:
            seconds = time.monotonic() - began
            print(f"seed {number}: {what}, {seconds:.0f} s", file=sys.stderr, flush=True)

        figures, _ = Soak(cloud, number, f"s{number}x", tell)(orders, share, counted.most)
    return [("without faults", without), (f"seed {number}", figures)]


def report(name: str, figures: Figures, calls: float, say: Callable[[str], None]) -> None:
    """Figures as lines; `calls` are those of an order without faults."""
    stands = ", ".join(f"{count} {status}" for status, count in sorted(figures.statuses.items()))
    say(f"{name}: {figures.orders} orders: {stands}")
    share = figures.faulty / max(1, figures.invocations)
    say(f"  {figures.faulty} of {figures.invocations} invocations faulty ({share:.0%})")
    say(f"  {figures.repeated} requests sent again, {figures.refused} journeys refused")
    say(f"  {figures.calls:.0f} calls for an order, {figures.calls / calls:.2f} x without faults")
    say(f"  at rest {figures.drained:.0f} virtual seconds after the last act; {figures.seconds:.0f} s")
    say(f"  {figures.moved} dead letters, emptied as the manual says")
    for invariant, said in figures.broken.items():
        say(f"  {invariant:<20} {len(said)}")
        for each in said[:5]:
            say(f"      {each}")

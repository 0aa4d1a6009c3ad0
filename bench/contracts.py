"""Hundreds of orders meet on one contract: `python -m bench.contracts [--runs 20] [--orders 400] [--units 50]`.

Use cases and stores as they are deployed, against the embedded DynamoDB in this process, on many threads, each order
with an Idempotency-Key of its own, while transactions are made to conflict. Whoever is told to try again does so.
What must come out is exact: as many orders as units, and a ledger that says the same as the counters.
"""

import argparse
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from threading import Lock

from moto import mock_aws

from local import repairs
from local.creators import tables_of
from local.repairs.transactions import CONFLICTS
from local.template import REGION
from partner_center.adapters.contract_store import ContractStore
from partner_center.adapters.dynamodb import Database
from partner_center.adapters.order_store import OrderStore
from partner_center.adapters.tables import TableNames
from partner_center.billing.contracts import Contract
from partner_center.billing.ledger import Balance, statement
from partner_center.catalog.products import load_catalog
from partner_center.kernel.errors import ContentRefused, TryAgain
from partner_center.kernel.ids import RandomIds
from partner_center.kernel.patience import Patience
from partner_center.orders.enrolment_gate import EnrolmentGate
from partner_center.orders.examine import ExamineOrder
from partner_center.orders.exposed_keys import ReportExposed
from partner_center.orders.place import PlaceOrder
from tests.fakes.outside import MemoryExposedKeys
from tests.fakes.posted import MemoryBlockedKeys, a_body, a_call, a_principal
from tests.fakes.samples import US, a_contract

TEMPLATE = Path(__file__).parents[1] / "template.yaml"
CONFLICT = 0.5
"""How probably a write meets another one, beyond those that really meet."""
THREADS = 100
IMPATIENT = Patience(attempts=2, sleep=lambda _: None)
"""Gives up soon, so that callers are told to try again, as they would be under lasting contention."""

Moment = Callable[[], datetime]


@dataclass
class Ticking:
    """`Clock` on which each look takes a while."""

    moment: datetime
    tick: timedelta
    _lock: Lock = field(default_factory=Lock)

    def now(self) -> datetime:
        with self._lock:
            self.moment += self.tick
            return self.moment


@dataclass(frozen=True)
class Outcome:
    """What became of one order: its id, or the codes it was refused with; and how often it was told to try again."""

    order_id: str | None
    codes: tuple[str, ...]
    tried_again: int


@dataclass
class Race:
    """Orders for one contract, all at once."""

    database: Database
    tables: TableNames
    contract: Contract

    def __post_init__(self) -> None:
        self.orders = OrderStore(self.database, self.tables)
        self.contracts = ContractStore(self.database, self.tables)
        self.contracts.create(self.contract, "bench", RandomIds().new("led", self.contract.valid_from))

    def run(self, keys: Sequence[str], clock: Ticking) -> list[Outcome]:
        """What became of each, in the order of their Idempotency-Keys."""
        report = ReportExposed(MemoryExposedKeys())
        gate = EnrolmentGate(self.contracts, load_catalog(), MemoryBlockedKeys(), report, lambda _: {})
        place = PlaceOrder(self.orders, ExamineOrder(self.orders, gate), clock, RandomIds())
        CONFLICTS.configure(CONFLICT)
        try:
            with ThreadPoolExecutor(THREADS) as threads:
                return list(threads.map(lambda key: self._order(place, key), keys))
        finally:
            CONFLICTS.configure(0.0)

    def _order(self, place: PlaceOrder, key: str) -> Outcome:
        body = a_body(contract_id=self.contract.contract_id)
        call = a_call(body, f"{self.contract.contract_id} {key}")
        for tried_again in count():
            try:
                order = place(a_principal(), call, body)
            except TryAgain:
                continue
            except ContentRefused as refused:
                return Outcome(None, tuple(each.code for each in refused.problems), tried_again)
            return Outcome(order.head.order_id, (), tried_again)
        raise AssertionError("counting has no end")

    def adds_up(self) -> Contract:
        """The contract as it is now. Raises AssertionError unless its ledger says the same."""
        contract = self.contracts.find(US, self.contract.contract_id)
        lines, _ = self.contracts.entries(US, self.contract.contract_id, None, 10_000)
        if contract is None:
            raise AssertionError("the contract is gone")
        last = list(statement(lines, Balance()))[-1].balance
        counted = (contract.units_left, contract.units_held, contract.units_used)
        if (last.left, last.held, last.used) != counted or sum(counted) != contract.units_granted:
            raise AssertionError(f"{last} is not {counted} of {contract.units_granted}")
        if min(counted) < 0:
            raise AssertionError(f"oversold: {counted}")
        return contract


def a_race(
    database: Database, tables: TableNames, units: int, moment: datetime, valid_to: datetime | None = None
) -> Race:
    """A race for a new contract of so many units."""
    contract = a_contract(
        units,
        contract_id=RandomIds().new("con", moment),
        valid_from=moment - timedelta(days=1),
        valid_to=valid_to or moment + timedelta(days=1),
    )
    return Race(database, tables, contract)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--orders", type=int, default=400)
    parser.add_argument("--units", type=int, default=50)
    asked = parser.parse_args()
    moment = datetime.fromisoformat("2026-11-23T10:00:00+00:00")
    with mock_aws():
        repairs.install(lambda _function, _event: ("{}", False), lambda _target, _event: None)
        database, tables = _tables()
        exact = 0
        for run in range(asked.runs):
            race = a_race(database, tables, asked.units, moment)
            began = time.perf_counter()
            outcomes = race.run([str(number) for number in range(asked.orders)], Ticking(moment, timedelta()))
            seconds = time.perf_counter() - began
            race.adds_up()
            placed = sum(each.order_id is not None for each in outcomes)
            again = sum(each.tried_again for each in outcomes)
            refused = Counter(code for each in outcomes for code in each.codes)
            exact += placed == asked.units
            print(f"run {run + 1}: {placed} placed, {dict(refused)}, {again} times 503, {seconds:.1f} s")
        print(f"exactly {asked.units} of {asked.orders} orders in {exact} of {asked.runs} runs")
        if exact != asked.runs:
            raise SystemExit(1)


def _tables() -> tuple[Database, TableNames]:
    """The tables of template.yaml, empty."""
    import boto3  # noqa: PLC0415 - within mock_aws

    client = boto3.client("dynamodb", region_name=REGION)
    names = {}
    for group, properties in tables_of(TEMPLATE).items():
        names[group] = f"bench-{group}"
        client.create_table(TableName=names[group], **properties)
    return Database(client, IMPATIENT), TableNames(**names)


if __name__ == "__main__":
    main()

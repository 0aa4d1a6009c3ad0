"""What one run reads from the embedded DynamoDB: orders issued by their own use cases, so many of them due."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from local.cloud import CREDENTIALS
from local.creators import tables_of
from local.repairs.capacity import METER
from local.template import REGION
from partner_center.accounts.resellers import Reseller
from partner_center.adapters.calendar_store import CalendarStore
from partner_center.adapters.certificate_store import DynamoDbCertificates
from partner_center.adapters.contract_notice_store import ContractNoticeStore
from partner_center.adapters.dynamodb import Database
from partner_center.adapters.tables import TableNames
from partner_center.catalog.products import load_catalog
from partner_center.issuance.record import CertificateStatus
from partner_center.kernel.events import Event
from partner_center.notifications.keep_calendar import KeepCalendar, Prospects
from partner_center.notifications.remind import LONGEST_RUN, RemindRenewals
from partner_center.notifications.renewal_price import RenewalPrice
from partner_center.notifications.replan import ReplanReminders
from partner_center.orders.close import CompleteOrder
from tests.adapters.stores import DynamoStores
from tests.fakes.calendar_store import MemoryReminderQueue
from tests.fakes.determined import NOW, CountingIds, FixedClock
from tests.fakes.planned_reissues import MemoryPlannedReissues
from tests.fakes.samples import US, a_contract, a_day, a_head, a_placement, a_record, a_second

TEMPLATE = Path(__file__).parents[2] / "template.yaml"
LATER = 40 * a_day


@contextmanager
def tables() -> Iterator[tuple[Any, TableNames]]:
    """A DynamoDB client and empty tables, as the template describes them."""
    import boto3  # noqa: PLC0415 - moto and what it brings, a second to import
    from moto import mock_aws  # noqa: PLC0415

    from local import repairs  # noqa: PLC0415

    with mock_aws():
        repairs.install(_run_nothing, _deliver_nothing)
        credentials: dict[str, Any] = dict(CREDENTIALS)
        client = boto3.client("dynamodb", region_name=REGION, **credentials)
        names = {}
        for group, properties in tables_of(TEMPLATE).items():
            client.create_table(TableName=group, **properties)
            names[group] = group
        yield client, TableNames(**names)


def _run_nothing(_function: str, _event: Any) -> tuple[str, bool]:
    return "{}", False


def _deliver_nothing(_target: Mapping[str, Any], _event: Any) -> None:
    pass


@dataclass
class Desk:
    """The calendar and the daily run on DynamoDB."""

    client: Any
    names: TableNames
    clock: FixedClock = field(default_factory=FixedClock)
    ids: CountingIds = field(default_factory=CountingIds)
    placed: int = 0

    def __post_init__(self) -> None:
        database = Database(self.client)
        self.stores = DynamoStores(database, self.names)
        self.certificates = DynamoDbCertificates(self.client, self.names.issuance)
        self.calendar = CalendarStore(database, self.names.business)
        orders, challenges = self.stores.orders, self.stores.challenges
        prospects = Prospects(orders, self.certificates, challenges, self.clock)
        self.keep = KeepCalendar(prospects, self.calendar, self, MemoryPlannedReissues())
        self.complete = CompleteOrder(orders, self.certificates, self.clock, self.ids)
        self.queue = MemoryReminderQueue()
        calendar, notices = self.calendar, ContractNoticeStore(database, self.names)
        self.remind = RemindRenewals(
            prospects,
            calendar,
            calendar,
            notices,
            calendar,
            self.queue,
            self,
            self.keep,
            ReplanReminders(orders, calendar, calendar),
            RenewalPrice(load_catalog(), notices),
            self.clock,
        )
        self.stores.grant(a_contract(1_000_000))

    def reseller(self, reseller_id: str) -> Reseller:
        return Reseller(reseller_id, "Nordic Hosting AB", "support@nordic.example.com")

    def issue(self, at: datetime) -> None:
        self.clock.moment = at
        self.placed += 1
        head = a_head(order_id=f"ord_{self.placed:05}", placed_at=at, revised_at=at, updated_at=at)
        self.stores.orders.place(a_placement(self.ids, head))
        record = a_record(
            serial_hex=f"{self.placed:032x}",
            order_id=head.order_id,
            not_before=at,
            not_after=at + 199 * a_day - a_second,
            tbs_der=bytes(700),
            certificate_der=None,
            stored_at=None,
            status=CertificateStatus.RECORDED,
        )
        self.certificates.record(record)
        self.certificates.keep(record, bytes(900), at)
        self.complete(US, head.order_id, 1, "execution-1")
        ids: dict[str, str | int | None] = {"reseller_id": US, "order_id": head.order_id}
        self.keep(Event(self.ids.new("evt", at), "order.issued", at, "execution-1", ids))

    def tell(self, error: Exception, where: Mapping[str, str]) -> None:
        raise AssertionError(where) from error

    def run(self, at: datetime) -> tuple[int, float]:
        """How many were claimed, and the read units of all tables."""
        self.clock.moment = at
        METER.reset()
        report = self.remind(at + LONGEST_RUN, self.tell)
        return report.claimed, sum(METER.read_units.values())


def measured(totals: tuple[int, ...], due: int) -> list[tuple[int, int, float]]:
    """For each number of orders: how many were due, and what the run read that found them."""
    rows = []
    for total in totals:
        with tables() as (client, names):
            desk = Desk(client, names)
            for _ in range(due):
                desk.issue(NOW)
            for _ in range(total - due):
                desk.issue(NOW + LATER)
            ends = NOW + 199 * a_day
            morning = ends.replace(hour=6, minute=0) - 90 * a_day
            rows.append((total, *desk.run(morning)))
    return rows


def idle(total: int) -> float:
    """What a run reads when nothing is due."""
    with tables() as (client, names):
        desk = Desk(client, names)
        for _ in range(total):
            desk.issue(NOW)
        return desk.run(NOW.replace(hour=0) + timedelta(days=30))[1]

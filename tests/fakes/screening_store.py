"""Screenings in memory, with the preconditions of adapters/screening_store.py."""

from collections.abc import Sequence
from dataclasses import dataclass

from partner_center.kernel.errors import ChangedMeanwhile, Malformed
from partner_center.kernel.events import AuditRecord
from partner_center.orders.order import OrderHead
from partner_center.orders.page import Page
from partner_center.orders.ports import Closing, Release
from partner_center.orders.review import Screening
from tests.fakes.order_store import MemoryOrders
from tests.fakes.tables import Tables


@dataclass
class MemoryScreenings:
    """`Screenings` of the orders context."""

    tables: Tables

    def __post_init__(self) -> None:
        self.orders = MemoryOrders(self.tables)

    def of_order(self, reseller_id: str, order_id: str) -> Sequence[Screening]:
        rows = sorted(self.tables.screenings.items(), reverse=True)
        return [each for key, each in rows if key[:2] == (reseller_id, order_id)]

    def waiting(self, page: Page) -> tuple[Sequence[tuple[str, str]], str | None]:
        heads = [head for head in self.tables.heads.values() if head.awaits_review and head.review_since]
        heads.sort(key=lambda head: (head.review_since, head.order_id))
        start = 0
        if page.cursor is not None:
            if not page.cursor.isdigit():
                raise Malformed("This cursor belongs to another list.")
            start = int(page.cursor)
        end = start + page.limit
        found = [(head.reseller_id, head.order_id) for head in heads[start:end]]
        return found, str(end) if end < len(heads) else None

    def record(
        self, head: OrderHead, expected_version: int, screening: Screening, audit: AuditRecord
    ) -> None:
        with self.tables.writing("record"):
            key = (head.reseller_id, head.order_id, screening.revision)
            self.orders.require_version(head, expected_version)
            if key in self.tables.screenings:
                raise ChangedMeanwhile("This revision was screened or decided already.")
            self.tables.require_new(None, audit)
            self.orders.move(head, expected_version)
            self.tables.screenings[key] = screening
            self.tables.accompany(None, audit)

    def release(self, release: Release, screening: Screening) -> None:
        with self.tables.writing("release_review"):
            head = release.head
            self.orders.require_unbound(release.guard)
            self.orders.require_version(head, release.expected_version)
            self._require_undecided(head, screening)
            self.tables.require_new(release.event, release.audit)
            self.orders.move(head, release.expected_version)
            self.tables.screenings[head.reseller_id, head.order_id, screening.revision] = screening
            self.orders.bind(release.guard)
            self.tables.accompany(release.event, release.audit)

    def reject(self, change: Closing, screening: Screening) -> None:
        self.orders.close(change, lambda: self._require_undecided(change.head, screening))
        self.tables.screenings[change.head.reseller_id, change.head.order_id, screening.revision] = screening

    def _require_undecided(self, head: OrderHead, screening: Screening) -> None:
        present = self.tables.screenings.get((head.reseller_id, head.order_id, screening.revision))
        if present is None or present.decision is not None:
            raise ChangedMeanwhile("This revision was screened or decided already.")

"""Claims, preflights, waits and times of checks in memory, with the preconditions of their stores in adapters/."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from partner_center.issuance.preflight import Preflight
from partner_center.kernel.errors import ChangedMeanwhile
from partner_center.kernel.events import AuditRecord, Event
from partner_center.orders.call_guards import CallGuard
from partner_center.orders.fulfil import WaitStep, released_head
from partner_center.orders.order import Order, OrderHead
from partner_center.orders.reconcile import Armed
from tests.fakes.call_guards import MemoryCallGuards
from tests.fakes.order_store import MemoryOrders
from tests.fakes.tables import Tables


@dataclass
class MemoryClaims:
    """`Claims` and `Preflights` of the issuance context."""

    tables: Tables

    def claim(self, order: Order, preflight: Preflight, audit: AuditRecord) -> None:
        head = replace(order.head, signing=True, held_back=None, unanswered=0, caa_refusal=None)
        self._move(order, head, preflight, audit)

    def hold_back(
        self, order: Order, preflight: Preflight, reason: str, audit: AuditRecord, event: Event
    ) -> None:
        head = replace(
            order.head,
            signing=False,
            held_back=reason,
            unanswered=order.head.unanswered + 1 if preflight.is_unanswered else 0,
            caa_refusal=_refusal(preflight),
        )
        self._move(order, head, preflight, audit, event)

    def prove_again(self, order: Order, preflight: Preflight, audit: AuditRecord) -> None:
        asked_anew = order.head.round + 1
        head = replace(
            order.head, signing=False, held_back=None, unanswered=0, round=asked_anew, revised_at=preflight.at
        )
        self._move(order, head, preflight, audit)

    def ask_as_chosen(self, order: Order, preflight: Preflight, audit: AuditRecord) -> None:
        head = replace(
            order.head, signing=False, held_back=None, unanswered=0, caa_refusal=_refusal(preflight)
        )
        self._move(order, head, preflight, audit)

    def pay_again(self, order: Order, preflight: Preflight, audit: AuditRecord) -> None:
        self._move(order, replace(order.head, signing=False, held_back=None, unanswered=0), preflight, audit)

    def find(self, reseller_id: str, order_id: str, preflight_id: str) -> Preflight | None:
        return self.tables.preflights.get((reseller_id, order_id, preflight_id))

    def newest_first(self, reseller_id: str, order_id: str) -> Iterator[Preflight]:
        """`PreflightHistory` of the issuance context."""
        rows = sorted(self.tables.preflights.items(), reverse=True)
        return (each for key, each in rows if key[:2] == (reseller_id, order_id))

    def latest(self, reseller_id: str, order_id: str) -> Sequence[Mapping[str, Any]]:
        """`CaaFindings` of the orders context."""
        rows = sorted(self.tables.preflights.items(), reverse=True)
        found = [each for key, each in rows if key[:2] == (reseller_id, order_id)]
        return found[0].caa if found else ()

    def _move(
        self,
        order: Order,
        head: OrderHead,
        preflight: Preflight,
        audit: AuditRecord,
        event: Event | None = None,
    ) -> None:
        with self.tables.writing("claim"):
            orders = MemoryOrders(self.tables)
            key = (head.reseller_id, head.order_id, preflight.preflight_id)
            orders.require_version(head, order.head.version)
            if key in self.tables.preflights:
                raise ChangedMeanwhile("This preflight is recorded already.")
            self.tables.require_new(event, audit)
            changed = replace(head, version=order.head.version + 1, updated_at=preflight.at)
            orders.move(changed, order.head.version)
            self.tables.preflights[key] = preflight
            self.tables.accompany(event, audit)


def _refusal(preflight: Preflight) -> str | None:
    return preflight.preflight_id if preflight.refuses_methods else None


@dataclass
class MemoryWaits:
    """`Waits`, `ArmedWaits` and `HeldBack` of the orders context."""

    tables: Tables

    def arm(self, reseller_id: str, order_id: str, step: WaitStep, token: str, attempt: int) -> None:
        with self.tables.writing("arm"):
            self.tables.waits[reseller_id, order_id, step] = (token, attempt)

    def token(self, reseller_id: str, order_id: str, step: WaitStep) -> str | None:
        token, _ = self.tables.waits.get((reseller_id, order_id, step), (None, 0))
        return token

    def armed(self, reseller_id: str, order_id: str) -> Mapping[WaitStep, Armed]:
        rows = self.tables.waits.items()
        return {key[2]: Armed(*row) for key, row in rows if key[:2] == (reseller_id, order_id)}

    def release(self, head: OrderHead, event: Event) -> None:
        with self.tables.writing("release"):
            orders = MemoryOrders(self.tables)
            orders.require_version(head, head.version)
            self.tables.require_new(event, None)
            orders.move(released_head(head, event.occurred_at), head.version)
            self.tables.accompany(event, None)


@dataclass
class MemoryCheckTimes:
    """`CheckTimes` of the orders context."""

    tables: Tables

    def last(self, reseller_id: str, order_id: str, name: str | None) -> datetime | None:
        times = {key[2]: at for key, at in self.tables.checks.items() if key[:2] == (reseller_id, order_id)}
        looked = (at for asked, at in times.items() if name is None or asked in {None, name})
        return max(looked, default=None)

    def note(
        self,
        reseller_id: str,
        order_ids: Sequence[str],
        name: str | None,
        moment: datetime,
        guard: CallGuard | None = None,
    ) -> None:
        MemoryCallGuards(self.tables).bind(guard)
        self.tables.checks |= dict.fromkeys(((reseller_id, each, name) for each in order_ids), moment)

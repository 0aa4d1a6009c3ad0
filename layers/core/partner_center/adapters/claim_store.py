"""The way to the point of no return and back: `Claims` of issuance, on DynamoDB."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace

from partner_center.adapters import keys
from partner_center.adapters.dynamodb import Action, Database, Item, Put
from partner_center.adapters.order_actions import head_update
from partner_center.adapters.order_items import from_micros, optional_micros, optional_moment, to_micros
from partner_center.adapters.records import audit_put, event_put
from partner_center.adapters.tables import TableNames
from partner_center.issuance.preflight import Check, Outcome, Preflight
from partner_center.kernel.errors import ChangedMeanwhile
from partner_center.kernel.events import AuditRecord, Event
from partner_center.kernel.stored import read_as
from partner_center.orders.order import Order, OrderHead

_A_PAGE = 5
"""Preflights of many names are large, and the newest are most often enough."""


class ClaimStore:
    """Moves the head and records the preflight in one transaction. Raises ChangedMeanwhile, TryAgain."""

    def __init__(self, database: Database, tables: TableNames) -> None:
        self._database = database
        self._tables = tables

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
        self._move(order, head, preflight, audit, [event_put(self._tables.business, event)])

    def prove_again(self, order: Order, preflight: Preflight, audit: AuditRecord) -> None:
        head = replace(
            order.head,
            signing=False,
            held_back=None,
            unanswered=0,
            round=order.head.round + 1,
            revised_at=preflight.at,
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
        """The evidence of one preflight."""
        key = keys.preflight(reseller_id, order_id, preflight_id)
        item = self._database.get(self._tables.validation, key)
        return _from_item(item, preflight_id) if item else None

    def newest_first(self, reseller_id: str, order_id: str) -> Iterator[Preflight]:
        """The evidence of every preflight of the order; an order that is held back makes one with each check."""
        first = keys.preflight(reseller_id, order_id, "")
        items = self._database.every(
            self._tables.validation, first.pk, first.sk, a_page=_A_PAGE, newest_first=True
        )
        return (_from_item(item, item["sk"].removeprefix(first.sk)) for item in items)

    def _move(
        self,
        order: Order,
        head: OrderHead,
        preflight: Preflight,
        audit: AuditRecord,
        more: Sequence[Action] = (),
    ) -> None:
        changed = replace(head, version=order.head.version + 1, updated_at=preflight.at)
        key = keys.preflight(head.reseller_id, head.order_id, preflight.preflight_id)
        self._database.transact(
            [
                head_update(self._tables.business, changed, order.head.version),
                Put(self._tables.validation, key, _to_item(preflight), _recorded_already),
                *more,
                audit_put(self._tables.audit, audit),
            ]
        )


def _refusal(preflight: Preflight) -> str | None:
    return preflight.preflight_id if preflight.refuses_methods else None


def _to_item(preflight: Preflight) -> Item:
    return {
        "generation": preflight.generation,
        "revision": preflight.revision,
        "at": to_micros(preflight.at),
        "outcome": preflight.outcome.value,
        "checks": [asdict(check) for check in preflight.checks],
        "caa_valid_until": optional_micros(preflight.caa_valid_until),
        "proof_ids": list(preflight.proof_ids),
        "seconds_left": preflight.seconds_left,
        "caa": json.dumps(preflight.caa, separators=(",", ":")),
        "is_unanswered": preflight.is_unanswered or None,
    }


def _from_item(item: Item, preflight_id: str) -> Preflight:
    return Preflight(
        preflight_id=preflight_id,
        generation=item["generation"],
        revision=item["revision"],
        at=from_micros(item["at"]),
        outcome=Outcome(item["outcome"]),
        checks=tuple(read_as(Check, check) for check in item["checks"]),
        caa_valid_until=optional_moment(item.get("caa_valid_until")),
        proof_ids=tuple(item["proof_ids"]),
        seconds_left=item["seconds_left"],
        caa=tuple(json.loads(item["caa"])),
        is_unanswered=item.get("is_unanswered", False),
    )


def _recorded_already(_: Item | None) -> Exception:
    return ChangedMeanwhile("This preflight is recorded already.")

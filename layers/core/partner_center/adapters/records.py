"""The rows that accompany every change: the outbox event and the audit record."""

from datetime import timedelta

from partner_center.adapters import keys
from partner_center.adapters.dynamodb import Item, Put, Refusal
from partner_center.adapters.order_items import to_micros
from partner_center.kernel.errors import TryAgain
from partner_center.kernel.events import AuditRecord, Event

EVENT_LIFETIME = timedelta(days=90)
"""How long an outbox row stays after it was relayed; the feed of changes reads as far back."""


def event_put(table: str, event: Event, refused: Refusal | None = None) -> Put:
    """The outbox row, beside what the event is about; the table's stream carries it to the relay.

    `refused`: for an event whose id tells whether it happened before.
    """
    data = {name: value for name, value in event.data.items() if value is not None}
    return Put(
        table,
        _event_key(data, event.event_id),
        {
            "type": event.type,
            "version": event.version,
            "at": to_micros(event.occurred_at),
            "correlation_id": event.correlation_id,
            "data": data,
            "expires_at": int((event.occurred_at + EVENT_LIFETIME).timestamp()),
        },
        refused or _drawn_twice,
    )


def _event_key(data: Item, event_id: str) -> keys.Key:
    """In the order's partition or the report's, or the reseller's own for what concerns no single order."""
    if "report_id" in data:
        return keys.report_event(data["report_id"], event_id)
    if "order_id" in data:
        return keys.order_event(data["reseller_id"], data["order_id"], event_id)
    return keys.reseller_event(data["reseller_id"], event_id)


def audit_put(table: str, record: AuditRecord) -> Put:
    return Put(
        table,
        keys.audit_record(record.reseller_id, f"{record.at:%Y-%m}", record.record_id),
        {
            "order_id": record.order_id,
            "at": to_micros(record.at),
            "actor": record.actor,
            "action": record.action,
            "facts": {name: value for name, value in record.facts.items() if value is not None},
        },
        _drawn_twice,
    )


def _drawn_twice(_: Item | None) -> Exception:
    return TryAgain("An identifier was drawn twice; nothing was written.")

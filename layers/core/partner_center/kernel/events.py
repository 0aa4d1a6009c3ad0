"""What happened, told to others: past tense, versioned, owned by one context (events/schemas)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from partner_center.kernel.clock import rfc3339
from partner_center.kernel.ids import Ids, enrolment_of_reissue, order_of, reissue_of


@dataclass(frozen=True, slots=True)
class Event:
    """A fact in the published language. `type` is `order.placed`, `domain.approved` ...; `version` its schema.

    `correlation_id` is the request or execution that caused it; `data` holds ids and plain values only.
    """

    event_id: str
    type: str
    occurred_at: datetime
    correlation_id: str
    data: Mapping[str, str | int | None]
    version: int = 1

    @property
    def enrolment_id(self) -> str:
        """What it is about: an order, or a reissue of one (`kernel.ids`)."""
        order_id, reissue_id = str(self.data.get("order_id")), self.data.get("reissue_id")
        return enrolment_of_reissue(order_id, str(reissue_id)) if reissue_id else order_id

    def envelope(self) -> dict[str, object]:
        """The event as it is published and stored."""
        return {
            "id": self.event_id,
            "type": self.type,
            "version": self.version,
            "occurred_at": rfc3339(self.occurred_at),
            "correlation_id": self.correlation_id,
            "data": {name: value for name, value in self.data.items() if value is not None},
        }


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """Who did what, when, on which evidence; append-only, kept two years past the last certificate."""

    record_id: str
    reseller_id: str
    order_id: str
    at: datetime
    actor: str
    action: str
    facts: Mapping[str, str | int | None]


NOBODY = "-"
"""Stands for the reseller where a record concerns none; no reseller has this id."""


@dataclass(frozen=True, slots=True)
class Chronicle:
    """Makes the event and the audit record that accompany every change of an order, or of a problem report."""

    ids: Ids
    moment: datetime
    actor: str
    correlation_id: str

    def event(self, type_: str, reseller_id: str, order_id: str | None, **data: str | int | None) -> Event:
        """`order_id` is None for what concerns the reseller as a whole; for a reissue's enrolment the event tells its
        order and the reissue.
        """
        ids: dict[str, str | int | None] = {"reseller_id": reseller_id, "order_id": order_id}
        if order_id is not None and (reissue_id := reissue_of(order_id)) is not None:
            ids |= {"order_id": order_of(order_id), "reissue_id": reissue_id}
        return Event(
            self.ids.new("evt", self.moment), type_, self.moment, self.correlation_id, {**ids, **data}
        )

    def event_of_report(self, type_: str, report_id: str, **data: str | int | None) -> Event:
        event_id = self.ids.new("evt", self.moment)
        return Event(event_id, type_, self.moment, self.correlation_id, {"report_id": report_id} | data)

    def audit(self, action: str, reseller_id: str, order_id: str, **facts: str | int | None) -> AuditRecord:
        record_id = self.ids.new("aud", self.moment)
        if (reissue_id := reissue_of(order_id)) is not None:
            order_id, facts = order_of(order_id), {"reissue_id": reissue_id, **facts}
        return AuditRecord(record_id, reseller_id, order_id, self.moment, self.actor, action, facts)

"""`KeyRegister` in memory."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from partner_center.kernel.events import AuditRecord, Event


@dataclass
class MemoryKeyRegister:
    """`orders` by the key they have; `before` is called ahead of each write and may fail in its place."""

    orders: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    blocked: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    audit: list[AuditRecord] = field(default_factory=list)
    told: dict[str, Event] = field(default_factory=dict)
    before: Callable[[], object] = lambda: None

    def orders_of(self, spki_sha256):
        yield from self.orders.get(spki_sha256, [])

    def block(self, spki_sha256: str, reason: str, moment: datetime, audit: AuditRecord) -> datetime:
        self.before()
        if spki_sha256 not in self.blocked:
            self.blocked[spki_sha256] = (reason, moment)
            self.audit.append(audit)
        return self.blocked[spki_sha256][1]

    def tell(self, event: Event) -> None:
        self.before()
        self.told.setdefault(event.event_id, event)

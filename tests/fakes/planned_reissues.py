"""When orders are to be reissued by themselves, in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime


@dataclass
class MemoryPlannedReissues:
    """`PlannedReissues`, all in the first shard."""

    rows: dict[tuple[str, str], datetime | None] = field(default_factory=dict)

    def plan(self, reseller_id: str, order_id: str, moment: datetime | None) -> None:
        self.rows[reseller_id, order_id] = moment

    def put_off(self, reseller_id: str, order_id: str, moment: datetime) -> None:
        if self.rows.get((reseller_id, order_id)) is not None:
            self.rows[reseller_id, order_id] = moment

    def due(self, shard: int, moment: datetime, at_most: int) -> Sequence[tuple[str, str]]:
        rows = [(at, ids) for ids, at in self.rows.items() if at is not None and at <= moment]
        return [ids for _, ids in sorted(rows)][:at_most] if shard == 0 else []

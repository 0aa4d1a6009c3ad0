"""Supersessions in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from partner_center.issuance.supersede import Supersession, SupersessionEnd
from partner_center.validation.ports import Message


@dataclass
class MemorySupersessions:
    """`Supersessions`: those that wait, in one shard, and how the others ended."""

    waiting: list[Supersession] = field(default_factory=list)
    ended: dict[str, SupersessionEnd] = field(default_factory=dict)
    told: list[Message] = field(default_factory=list)

    def of_order(self, reseller_id: str, order_id: str) -> Sequence[Supersession]:
        return [each for each in self.waiting if (each.reseller_id, each.order_id) == (reseller_id, order_id)]

    def due(self, shard: int, moment: datetime, at_most: int) -> Sequence[Supersession]:
        due = [each for each in self.waiting if each.due_at <= moment and shard == 0]
        return sorted(due, key=lambda each: each.due_at)[:at_most]

    def end(
        self,
        supersession: Supersession,
        end: SupersessionEnd,
        moment: datetime,
        message: Message | None = None,
    ) -> None:
        if supersession not in self.waiting:
            return
        self.waiting.remove(supersession)
        self.ended[supersession.successor] = end
        self.told += [message] if message else []

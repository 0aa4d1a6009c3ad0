"""Supersessions in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from partner_center.issuance.supersede import Supersession, SupersessionEnd, SupersessionId
from partner_center.validation.ports import Message


@dataclass
class MemorySupersessions:
    """`Supersessions`: those that wait, in one shard, those that were kept, and how all ended."""

    waiting: list[Supersession] = field(default_factory=list)
    kept: list[Supersession] = field(default_factory=list)
    ended: dict[str, SupersessionEnd] = field(default_factory=dict)
    told: list[Message] = field(default_factory=list)
    off: dict[str, datetime] = field(default_factory=dict)
    """Until when what a successor supersedes is left alone."""

    def of_order(self, reseller_id: str, order_id: str) -> Sequence[Supersession]:
        ids = (reseller_id, order_id)
        return [each for each in self.waiting + self.kept if (each.reseller_id, each.order_id) == ids]

    def due(self, shard: int, moment: datetime, at_most: int) -> Sequence[SupersessionId]:
        listed = [(self.off.get(each.successor, each.due_at), each) for each in self.waiting if shard == 0]
        due = sorted((one for one in listed if one[0] <= moment), key=lambda one: one[0])
        return [each.id for _, each in due][:at_most]

    def get(self, supersession: SupersessionId) -> Supersession | None:
        return next((each for each in self.waiting if each.id == supersession), None)

    def put_off(self, supersession: SupersessionId, moment: datetime) -> None:
        if self.get(supersession) is not None:
            self.off[supersession.successor] = moment

    def begin_anew(self, supersession: Supersession, due_at: datetime, message: Message) -> None:
        if supersession not in self.kept:
            return
        self.kept.remove(supersession)
        del self.ended[supersession.successor]
        self.waiting.append(replace(supersession, due_at=due_at, was_kept=False))
        self.told.append(message)

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
        if end is SupersessionEnd.KEPT:
            self.kept.append(replace(supersession, was_kept=True))
        self.ended[supersession.successor] = end
        self.told += [message] if message else []

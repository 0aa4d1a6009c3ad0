"""The checks that are due by themselves: found by their time, begun one order at a time (M23)."""

from dataclasses import dataclass
from typing import Protocol

from partner_center.kernel.clock import Clock
from partner_center.kernel.turns import in_turn
from partner_center.validation.ports import Challenges

SHARDS = 8
_A_SHARD = 100
"""Orders of one shard that are begun in one run; the next run, a minute later, goes on."""


class Checking(Protocol):
    """Begins checks in the function that may make proofs. Only ids are handed over."""

    def begin(self, reseller_id: str, order_id: str) -> None:
        """Returns before the check is made. Raises TryAgain."""
        ...

    def check(self, reseller_id: str, order_id: str, names: list[str] | None) -> None:
        """Returns when it is made, of all names without `names`, or when that takes too long. Raises TryAgain."""
        ...


@dataclass(frozen=True, slots=True)
class BeginDueChecks:
    """The use case. A run that was missed loses nothing: what was due then is due now."""

    challenges: Challenges
    checking: Checking
    clock: Clock

    def __call__(self) -> int:
        """How many orders were handed over. Raises TryAgain."""
        moment, begun = self.clock.now(), 0
        for shard in in_turn(range(SHARDS), moment):
            due = list(dict.fromkeys(self.challenges.due(shard, moment, _A_SHARD)))
            for reseller_id, order_id in in_turn(due, moment, shard):
                self.checking.begin(reseller_id, order_id)
                begun += 1
        return begun

"""Idempotency-Keys of requests that leave no head, contract or link, in memory."""

from dataclasses import dataclass, field

from partner_center.orders.call_guards import CallGuard, CallSeenBefore
from tests.fakes.tables import Tables


@dataclass
class MemoryCallGuards:
    """`CallGuards` of the orders context, and what the stores in memory do with the guard of a change."""

    tables: Tables = field(default_factory=Tables)

    def find(self, caller: str, method: str, path: str, idempotency_key: str) -> CallGuard | None:
        return self.tables.call_guards.get((caller, method, path, idempotency_key))

    def bind(self, guard: CallGuard | None) -> None:
        """Binds nothing without a guard. Raises CallSeenBefore."""
        self.require_unbound(guard)
        if guard is not None:
            key = (guard.caller, guard.method, guard.path, guard.idempotency_key)
            self.tables.call_guards[key] = guard

    def require_unbound(self, guard: CallGuard | None) -> None:
        if guard is None:
            return
        bound = self.find(guard.caller, guard.method, guard.path, guard.idempotency_key)
        if bound is not None:
            raise CallSeenBefore(bound)

"""Troubles on demand: what the next calls of one kind meet."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from threading import Lock
from typing import Any

ANY_CALL = "*"
CALLS = ("prepare", "authorise", "capture", "cancel", "refund", "intent", "refund_of", "other")
"""Names as in `PaymentGateway`; `other` is everything else."""


class Kind(StrEnum):
    """What happens to a call. `fail` answers 500, `lose` nothing, `hold` nothing for as long as anybody waits."""

    FAIL_BEFORE = "fail_before"
    FAIL_AFTER = "fail_after"
    FAIL_FOR_GOOD = "fail_for_good"
    """500 without an effect, and the same again for whoever repeats the Idempotency-Key."""
    LOSE_BEFORE = "lose_before"
    LOSE_AFTER = "lose_after"
    HOLD = "hold"
    THROTTLE = "throttle"
    DECLINE = "decline"
    REFUND_PENDING = "refund_pending"
    REFUND_FAILS = "refund_fails"


@dataclass(frozen=True, slots=True)
class Fault:
    """`times` None: until it is taken away. `code` is of a decline or failed refund, `payment_method` narrows it."""

    call: str
    kind: Kind
    times: int | None = 1
    code: str | None = None
    payment_method: str | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "call": self.call,
            "kind": self.kind.value,
            "times": self.times,
            "code": self.code,
            "payment_method": self.payment_method,
        }


class Faults:
    """The faults that wait for their calls, the first set first met."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        self._lock = Lock()

    def set(self, fields: Mapping[str, Any]) -> Fault:
        """`{call, kind, times?, code?, payment_method?}`. Raises ValueError for what is none, saying why."""
        call, times = fields.get("call", ANY_CALL), fields.get("times", 1)
        if call not in (*CALLS, ANY_CALL):
            raise ValueError(f"call is one of {', '.join((*CALLS, ANY_CALL))}")
        if isinstance(times, str):
            times = int(times) if times else None
        if times is not None and (not isinstance(times, int) or times < 1):
            raise ValueError("times is a number from 1, or null")
        code, method = fields.get("code") or None, fields.get("payment_method") or None
        fault = Fault(call, Kind(str(fields.get("kind"))), times, code, method)
        with self._lock:
            self._waiting.append(fault)
        return fault

    def clear(self) -> None:
        with self._lock:
            self._waiting.clear()

    def waiting(self) -> list[Fault]:
        with self._lock:
            return list(self._waiting)

    def meet(self, call: str, *kinds: Kind, payment_method: str | None = None) -> Fault | None:
        """The first fault of these kinds for this call; it is used up."""
        with self._lock:
            for index, fault in enumerate(self._waiting):
                fits = fault.call in (call, ANY_CALL) and fault.kind in kinds
                if fits and fault.payment_method in (None, payment_method):
                    self._use(index, fault)
                    return fault
        return None

    def _use(self, index: int, fault: Fault) -> None:
        if fault.times is None:
            return
        if fault.times == 1:
            del self._waiting[index]
        else:
            self._waiting[index] = replace(fault, times=fault.times - 1)

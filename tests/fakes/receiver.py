"""Events, the use case that takes them, and where those wait that an outage kept back."""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any

from partner_center.kernel.events import Event
from tests.fakes.determined import NOW


def an_event(number: int) -> Event:
    return Event(
        event_id=f"evt_{number}",
        type="order.placed",
        occurred_at=NOW + timedelta(microseconds=number),
        correlation_id=f"request-{number}",
        data={"reseller_id": "res_1", "order_id": "ord_1", "attempt": number},
    )


class Receiver:
    """The use case behind the door: takes events, or fails on some of them."""

    def __init__(self, **failures: Exception) -> None:
        self.failures = failures
        self.taken: list[Event] = []

    def __call__(self, event: Event) -> None:
        failure = self.failures.get(event.event_id)
        if failure is not None:
            raise failure
        self.taken.append(event)

    def make(self) -> "Receiver":
        return self

    @property
    def ids(self) -> list[str]:
        return [event.event_id for event in self.taken]


class Later:
    """What is postponed, and for how many minutes, by its message ids; or trouble. `gone` are ids it cannot find."""

    def __init__(self, trouble: Exception | None = None, gone: Collection[str] = ()) -> None:
        self.trouble, self.gone = trouble, gone
        self.postponed: dict[str, float] = {}

    def __call__(
        self, pauses: Sequence[tuple[Mapping[str, Any], timedelta]]
    ) -> Sequence[tuple[Mapping[str, Any], str]]:
        if self.trouble is not None:
            raise self.trouble
        told = {record["messageId"]: (record, pause) for record, pause in pauses}
        failed = [(told.pop(gone)[0], "ReceiptHandleIsInvalid") for gone in self.gone]
        self.postponed |= {name: pause / timedelta(minutes=1) for name, (_, pause) in told.items()}
        return failed

    def make(self) -> "Later":
        return self

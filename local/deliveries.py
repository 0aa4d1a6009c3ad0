"""What reaches a function without a caller waiting for it: bus rules, schedules, asynchronous calls, sources."""

import json
import logging
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.dispatcher import Dispatcher
from local.queues import Queue, Record
from local.repetition import Repetition
from local.resources import AsyncFailures, Stack, arn
from local.schedules import Schedule, next_due, scheduled_event
from local.sources import Invoke, QueueSource, SourceMapping, StreamSource

log = logging.getLogger("local")
ASYNC_PAUSES = (60.0, 120.0)  # seconds before Lambda's second and third attempt of an asynchronous call
ONCE_MORE_AFTER = 60.0  # seconds between a delivery and the same one again
QUEUE_POLLERS = 2  # batches of one queue under way at a time, the least Lambda's own limit allows

Target = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Failure:
    """A delivery given up: to whom, what, after how many attempts, and what the last one said."""

    target: str
    event: Any
    attempts: int
    reason: str


class Deliveries:
    """Everything between an event and its function, retried and given up as AWS does."""

    def __init__(
        self, stack: Stack, dispatcher: Dispatcher, invoke: Invoke, now: Callable[[], float]
    ) -> None:
        self._stack, self._dispatcher, self._invoke, self._now = stack, dispatcher, invoke, now
        self.failures: list[Failure] = []
        self.repetition = Repetition()
        for mapping in stack.mappings:
            if ":dynamodb:" in mapping.source:
                dispatcher.add(StreamSource(mapping, invoke, self._give_up_batch, now))
            else:
                dispatcher.add(*(QueueSource(mapping, invoke, self.repetition) for _ in range(QUEUE_POLLERS)))
        dispatcher.add(*(Recurring(schedule, self._send_on_time, now) for schedule in stack.schedules))

    def send(self, target: Target, event: Any) -> None:
        """Deliver soon, on another thread: a bus rule's or schedule's target, or an asynchronous call."""
        self._dispatcher.add(_Delivery(self, target, event, self._now()))

    def _send_on_time(self, target: Target, event: Any, schedule: "Recurring") -> None:
        """What a schedule sends; it is not repeated, since the schedule goes on."""
        self._dispatcher.add(_Delivery(self, target, event, self._now(), schedule))

    def attempt(self, delivery: "_Delivery") -> None:
        """One attempt; leaves the delivery with a new time, or removed."""
        to = str(delivery.target["Arn"])
        delivery.attempts += 1
        try:
            event = transformed(delivery.target, delivery.event)
            error = self._hand_over(to, event)
        except (BotoCoreError, ClientError, KeyError, TypeError, ValueError) as reason:
            self._give_up(Failure(to, delivery.event, delivery.attempts, repr(reason)))
            if dead_letters := delivery.target.get("DeadLetterConfig", {}).get("Arn"):
                self._to_queue(dead_letters, delivery.event)
        else:
            if error and delivery.schedule is not None:
                delivery.schedule.has_failed = True
            if error and self._tried_again(delivery, to, event, error):
                return
            if not error and delivery.schedule is None and self.repetition.wants(delivery.name):
                delivery.attempts, delivery.when = 0, self._now() + ONCE_MORE_AFTER
                return
        delivery.when = None
        self._dispatcher.remove(delivery)

    def _hand_over(self, to: str, event: Any) -> Any:
        """What the function said when it failed, else None."""
        service = to.split(":")[2]
        if service == "lambda":
            payload, failed = self._invoke(to, event)
            return json.loads(payload) if failed else None
        if service == "sqs":
            self._to_queue(to, event)
        elif service == "states":
            machines = self._stack.client("stepfunctions")
            machines.start_execution(stateMachineArn=to, name=str(uuid.uuid4()), input=json.dumps(event))
        else:
            raise ValueError(f"no local delivery to {service}")
        return None

    def _tried_again(self, delivery: "_Delivery", to: str, event: Any, error: Any) -> bool:
        """Lambda's own retries. A rule's dead letters never see them: EventBridge was done when Lambda accepted."""
        rules = self._stack.async_failures.get(to.split(":")[6], AsyncFailures())
        if delivery.attempts <= rules.retries:
            delivery.when = self._now() + ASYNC_PAUSES[delivery.attempts - 1]
            return True
        self._give_up(Failure(to, event, delivery.attempts, str(error.get("errorMessage"))))
        if rules.on_failure:
            payloads = {"requestPayload": event, "responsePayload": error}
            record = self._destination_record(to, "RetriesExhausted", delivery.attempts)
            self._to_queue(rules.on_failure, record | payloads)
        elif rules.dead_letters:
            self._to_queue(rules.dead_letters, event)
        return False

    def _to_queue(self, queue: str, event: Any) -> None:
        Queue(queue).send(json.dumps(event))

    def _give_up_batch(
        self, mapping: SourceMapping, records: list[Record], attempts: int, condition: str
    ) -> None:
        self._give_up(Failure(mapping.function, {"Records": records}, attempts, condition))
        if not mapping.on_failure:
            return
        first, last = records[0]["dynamodb"], records[-1]["dynamodb"]
        batch = {
            "shardId": "shardId-local",
            "startSequenceNumber": first["SequenceNumber"],
            "endSequenceNumber": last["SequenceNumber"],
            "approximateArrivalOfFirstRecord": _iso(first["ApproximateCreationDateTime"]),
            "approximateArrivalOfLastRecord": _iso(last["ApproximateCreationDateTime"]),
            "batchSize": len(records),
            "streamArn": mapping.source,
        }
        to = arn("lambda", f"function:{mapping.function}")
        record = self._destination_record(to, condition, attempts)
        self._to_queue(mapping.on_failure, record | {"DDBStreamBatchInfo": batch})

    def _destination_record(self, function: str, condition: str, attempts: int) -> dict[str, Any]:
        return {
            "version": "1.0",
            "timestamp": _iso(self._now()),
            "requestContext": {
                "requestId": str(uuid.uuid4()),
                "functionArn": f"{function}:$LATEST",
                "condition": condition,
                "approximateInvokeCount": attempts,
            },
            "responseContext": {
                "statusCode": 200,
                "executedVersion": "$LATEST",
                "functionError": "Unhandled",
            },
        }

    def _give_up(self, failure: Failure) -> None:
        self.failures.append(failure)
        log.error("given up after %d attempts: %s: %s", failure.attempts, failure.target, failure.reason)


class _Delivery:
    """One event on its way to one target, of a schedule or not."""

    def __init__(
        self,
        deliveries: Deliveries,
        target: Target,
        event: Any,
        when: float,
        schedule: "Recurring | None" = None,
    ) -> None:
        self._deliveries, self.target, self.event, self.schedule = deliveries, target, event, schedule
        self.name = str(uuid.uuid4())
        self.when: float | None = when
        self.attempts = 0

    def due(self) -> float | None:
        return self.when

    def run(self) -> None:
        self._deliveries.attempt(self)


class Recurring:
    """A schedule; what came due while nobody looked runs once, as after an outage.

    `has_failed`: what its last run left undone waits for the next one.
    """

    def __init__(
        self,
        schedule: Schedule,
        send: Callable[[Target, Any, "Recurring"], None],
        now: Callable[[], float],
    ) -> None:
        self._schedule, self._send, self._now = schedule, send, now
        self._due = next_due(schedule, now())
        self.last_run, self.has_failed = now(), False

    def due(self) -> float | None:
        return self._due

    def thinned(self, due: float, gap: float) -> float:
        """When it runs if it runs once in `gap` seconds; its next run is in time if the last one failed."""
        return due if self.has_failed else max(due, self.last_run + gap)

    def run(self) -> None:
        due, self.last_run, self.has_failed = self._due or 0.0, self._now(), False
        self._due = next_due(self._schedule, self.last_run)
        event = scheduled_event(
            self._schedule, due, str(uuid.uuid4()), arn("events", f"rule/{self._schedule.name}")
        )
        self._send(self._schedule.target, event, self)


def transformed(target: Target, event: Any) -> Any:
    """The event as the target's Input, InputPath or InputTransformer wants it."""
    if target.get("Input") is not None:
        return json.loads(target["Input"])
    for key in target.get("InputPath", "$").split(".")[1:]:
        event = event[key]
    if transformer := target.get("InputTransformer"):
        from moto.events.utils import EventTemplateParser  # noqa: PLC0415 (moto comes late, see cloud.py)

        return EventTemplateParser.parse(
            transformer["InputTemplate"], transformer.get("InputPathsMap", {}), event
        )
    return event


def _iso(epoch: float) -> str:
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"

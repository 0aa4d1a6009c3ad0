"""Event source mappings: what Lambda's pollers do for DynamoDB streams and SQS queues."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any, Self

from local.queues import Queue, Record
from local.repetition import Repetition
from local.template import ACCOUNT, REGION

Invoke = Callable[[str, Any], tuple[str, bool]]
LONGEST_PAUSE = 30.0  # seconds between two attempts of a stream's batch


@dataclass(frozen=True, slots=True)
class SourceMapping:
    """AWS::Lambda::EventSourceMapping, with Lambda's defaults. `retries`, `longest` (seconds): -1 means for ever."""

    function: str
    source: str
    batch_size: int
    filters: Sequence[str]
    partial: bool
    bisect: bool
    retries: int
    longest: int
    on_failure: str | None
    from_start: bool

    @classmethod
    def of(cls, properties: Mapping[str, Any]) -> Self:
        is_stream = ":dynamodb:" in properties["EventSourceArn"]
        return cls(
            properties["FunctionName"],
            properties["EventSourceArn"],
            int(properties.get("BatchSize", 100 if is_stream else 10)),
            [entry["Pattern"] for entry in properties.get("FilterCriteria", {}).get("Filters", [])],
            "ReportBatchItemFailures" in properties.get("FunctionResponseTypes", []),
            properties.get("BisectBatchOnFunctionError", False),
            int(properties.get("MaximumRetryAttempts", -1)),
            int(properties.get("MaximumRecordAgeInSeconds", -1)),
            properties.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination"),
            properties.get("StartingPosition") == "TRIM_HORIZON",
        )


class Filter:
    """FilterCriteria: a record passes when one of the patterns matches, or when there is none."""

    def __init__(self, patterns: Sequence[str]) -> None:
        from moto.events.models import EventPattern  # noqa: PLC0415 (moto comes late, see cloud.py)

        self._patterns = [EventPattern.load(pattern) for pattern in patterns]

    def passes(self, record: Any) -> bool:
        return not self._patterns or any(pattern.matches_event(record) for pattern in self._patterns)


@dataclass(slots=True)
class _Batch:
    records: list[Record]
    attempts: int = 0
    due: float = 0.0


class StreamSource:
    """One shard, in order: a batch that fails holds everything behind it until it succeeds or is given up."""

    def __init__(
        self,
        mapping: SourceMapping,
        invoke: Invoke,
        give_up: Callable[[SourceMapping, list[Record], int, str], None],
        now: Callable[[], float],
    ) -> None:
        self._mapping, self._invoke, self._give_up, self._now = mapping, invoke, give_up, now
        self._filter = Filter(mapping.filters)
        self._batches: list[_Batch] = []  # replaced, never changed: due() looks from other threads
        self._read = 0 if mapping.from_start else len(self._written())

    def due(self) -> float | None:
        if batches := self._batches:
            return batches[0].due
        return 0.0 if len(self._written()) > self._read else None

    def run(self) -> None:
        if not self._batches:
            self._fetch()
        if self._batches and not self._too_old(self._batches[0]):
            self._deliver(self._batches[0])

    def _written(self) -> list[Any]:
        from moto.dynamodb.models import dynamodb_backends  # noqa: PLC0415

        table = dynamodb_backends[ACCOUNT][REGION].tables[self._mapping.source.split("/")[1]]
        return table.stream_shard.items if table.stream_shard else []

    def _fetch(self) -> None:
        end = self._read + self._mapping.batch_size
        found = [
            _stream_record(item.record, self._mapping.source) for item in self._written()[self._read : end]
        ]
        self._read += len(found)
        if wanted := [record for record in found if self._filter.passes(record)]:
            self._batches = [_Batch(wanted)]

    def _too_old(self, batch: _Batch) -> bool:
        """Whether records at its head were given up for their age, tried or not; the rest is a batch of its own."""
        if self._mapping.longest < 0:
            return False
        oldest = self._now() - self._mapping.longest
        old = [each["dynamodb"]["ApproximateCreationDateTime"] < oldest for each in batch.records]
        count = old.index(False) if False in old else len(old)
        if count:
            self._give_up(self._mapping, batch.records[:count], batch.attempts, "RecordAgeExceeded")
            rest = batch.records[count:]
            self._batches = ([_Batch(rest)] if rest else []) + self._batches[1:]
        return count > 0

    def _deliver(self, batch: _Batch) -> None:
        payload, failed = self._invoke(self._mapping.function, {"Records": batch.records})
        reported = failed_items(payload) if self._mapping.partial and not failed else set()
        self._batches = self._after(batch, reported, failed) + self._batches[1:]

    def _after(self, batch: _Batch, reported: set[str], failed: bool) -> list[_Batch]:
        """What is left of a batch: nothing, the rest from the first failed record on, or its halves."""
        if not failed and not reported:
            return []
        numbers = [record["dynamodb"]["SequenceNumber"] for record in batch.records]
        done = min(map(numbers.index, reported), default=0) if reported <= set(numbers) else 0
        if failed and self._mapping.bisect and len(batch.records) > 1:  # a split does not count as an attempt
            middle = len(batch.records) // 2
            return [_Batch(half, batch.attempts) for half in (batch.records[:middle], batch.records[middle:])]
        attempts = 1 if done else batch.attempts + 1
        if 0 <= self._mapping.retries < attempts:
            self._give_up(self._mapping, batch.records[done:], attempts, "RetryAttemptsExhausted")
            return []
        return [_Batch(batch.records[done:], attempts, self._now() + pause_after(attempts))]


def pause_after(attempts: int) -> float:
    """Seconds before a stream's batch is tried again, which may have failed a thousand times."""
    return min(2.0 ** min(attempts, 10) / 2, LONGEST_PAUSE)


def _stream_record(record: Record, source: str) -> Record:
    """moto's record as Lambda passes it on: the stream's ARN and region, the time as a number."""
    change = dict(record["dynamodb"])
    written = change["ApproximateCreationDateTime"]
    change["ApproximateCreationDateTime"] = written.replace(tzinfo=UTC).timestamp()
    return {**record, "awsRegion": REGION, "eventSourceARN": source, "dynamodb": change}


def failed_items(payload: str) -> set[str]:
    """Identifiers in a batchItemFailures answer; an item without one counts as an unknown identifier."""
    answer = json.loads(payload)
    failures = (answer.get("batchItemFailures") or []) if isinstance(answer, dict) else []
    return {str(item.get("itemIdentifier")) if isinstance(item, dict) else "" for item in failures}


class QueueSource:
    """A message that fails stays invisible until the queue's time-out; the queue itself moves it to its DLQ."""

    def __init__(self, mapping: SourceMapping, invoke: Invoke, repetition: Repetition) -> None:
        self._mapping, self._invoke, self._repetition = mapping, invoke, repetition
        self._filter, self._queue = Filter(mapping.filters), Queue(mapping.source)

    def due(self) -> float | None:
        return self._queue.due()

    def run(self) -> None:
        records = self._queue.receive(self._mapping.batch_size)
        wanted = [record for record in records if self._filter.passes(_readable(record))]
        kept = self._failures(wanted) if wanted else set()
        handled = [each["messageId"] for each in wanted if each["messageId"] not in kept]
        kept |= {each for each in handled if self._repetition.wants(each)}
        for record in records:
            if record["messageId"] not in kept:
                self._queue.delete(record["receiptHandle"])

    def _failures(self, records: list[Record]) -> set[str]:
        everything = {record["messageId"] for record in records}
        payload, failed = self._invoke(self._mapping.function, {"Records": records})
        if failed:
            return everything
        reported = failed_items(payload) if self._mapping.partial else set()
        return (
            reported if reported <= everything else everything
        )  # an unknown identifier fails the whole batch


def _readable(record: Record) -> Record:
    """For filters a body of JSON counts as its content."""
    try:
        return {**record, "body": json.loads(record["body"])}
    except ValueError:
        return record

"""Records of the stream that the relay gave up, relayed again by an operator (docs/operations.md, Relay)."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from botocore.exceptions import ClientError

Record = Mapping[str, Any]


_AT_WORK = 3600
"""Seconds for which nobody else gets a message that is being dealt with."""


class Dropped(Exception):
    """The stream does not have the records any more."""


class Queue(Protocol):
    """Messages that wait for an operator."""

    def waiting(self) -> Iterator[tuple[str, str]]:
        """Receipt and body of each."""
        ...

    def delete(self, receipt: str) -> None: ...

    def leave(self, receipt: str) -> None:
        """Whoever looks next gets it again."""
        ...


class Stream(Protocol):
    """Records as long as the stream keeps them: a day."""

    def page(self, where: Mapping[str, Any], iterator: str | None) -> tuple[Sequence[Record], str | None]:
        """Records of a shard from where a batch began, in turn, and what to ask for the next page with, None at the
        end of the shard. A page may be empty though others follow. Raises Dropped.
        """
        ...


@dataclass(frozen=True, slots=True)
class RelayAgain:
    """The use case. `relay` says whether nothing is left to do for the records."""

    queue: Queue
    stream: Stream
    relay: Callable[[Sequence[Record]], bool]

    def __call__(self) -> Iterator[str]:
        """A line about each message. One that is there once more is left: poison, set aside anew, or a double."""
        seen, left = set[str](), list[str]()
        try:
            for receipt, body in self.queue.waiting():
                left.append(receipt)
                if body in seen:
                    yield "a record that was set aside: there once more, as poison or as a double; the message stays"
                    continue
                seen.add(body)
                told, is_done = self._message(body)
                if is_done:
                    self.queue.delete(left.pop())
                yield told
        finally:
            for receipt in left:
                self.queue.leave(receipt)

    def _message(self, body: str) -> tuple[str, bool]:
        try:
            told = json.loads(body)
            where = told.get("DDBStreamBatchInfo")
            named = f"shard {where['shardId']}" if where else "a record that was set aside"
            is_done = self._replayed(where) if where else self.relay(told["Records"])
        except Dropped:
            return f"{named}: the stream has dropped it; replay it from the table ({_times(where)})", False
        except (ValueError, LookupError, AttributeError, TypeError):
            return f"{body[:60]}: nobody can read it; the message stays", False
        told = "relayed" if is_done else "not relayed, see the function's log; the message stays"
        return f"{named}: {told}", is_done

    def _replayed(self, where: Mapping[str, Any]) -> bool:
        """All pages until the last record of the batch: one may end, or be empty, long before it."""
        last, iterator, done = int(where["endSequenceNumber"]), None, True
        while True:
            records, iterator = self.stream.page(where, iterator)
            within = [each for each in records if _number(each) <= last]
            events = [each for each in within if _is_event(each)]
            done = (not events or self.relay(events)) and done
            if (
                iterator is None
                or len(within) < len(records)
                or any(_number(each) == last for each in within)
            ):
                return done


def _number(record: Record) -> int:
    return int(record["dynamodb"]["SequenceNumber"])


def _is_event(record: Record) -> bool:
    """As the filter of the relay's event source says (template.yaml)."""
    keys = record["dynamodb"].get("Keys", {})
    return record.get("eventName") == "INSERT" and str(keys.get("sk", {}).get("S", "")).startswith("EVENT#")


def _times(where: Mapping[str, Any] | None) -> str:
    told = where or {}
    return f"{told.get('approximateArrivalOfFirstRecord')} to {told.get('approximateArrivalOfLastRecord')}"


class FailedRecords:
    """`Queue` of the door, on SQS."""

    def __init__(self, client: Any, url: str, patience: int = 20) -> None:
        """`patience`: so many seconds each look may take; a short one may find nothing where there is something."""
        self._client, self._url, self._patience = client, url, patience

    def waiting(self) -> Iterator[tuple[str, str]]:
        """Until a long look finds nothing."""
        while found := self._look():
            (message,) = found
            yield message["ReceiptHandle"], message["Body"]

    def _look(self) -> Sequence[Mapping[str, str]]:
        answer = self._client.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=1,
            WaitTimeSeconds=self._patience,
            VisibilityTimeout=_AT_WORK,
        )
        return tuple(answer.get("Messages", ()))

    def delete(self, receipt: str) -> None:
        self._client.delete_message(QueueUrl=self._url, ReceiptHandle=receipt)

    def leave(self, receipt: str) -> None:
        self._client.change_message_visibility(QueueUrl=self._url, ReceiptHandle=receipt, VisibilityTimeout=0)


class StreamReader:
    """`Stream` of the door, on DynamoDB Streams."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def page(self, where: Mapping[str, Any], iterator: str | None) -> tuple[Sequence[Record], str | None]:
        try:
            asked = iterator or self._begins(where)
            answer = self._client.get_records(ShardIterator=asked)
        except ClientError as error:
            if error.response["Error"]["Code"] in ("TrimmedDataAccessException", "ResourceNotFoundException"):
                raise Dropped from error
            raise
        return answer["Records"], answer.get("NextShardIterator")

    def _begins(self, where: Mapping[str, Any]) -> str:
        answer = self._client.get_shard_iterator(
            StreamArn=where["streamArn"],
            ShardId=where["shardId"],
            ShardIteratorType="AT_SEQUENCE_NUMBER",
            SequenceNumber=where["startSequenceNumber"],
        )
        return str(answer["ShardIterator"])


def relay_by(client: Any, function: str) -> Callable[[Sequence[Record]], bool]:
    """The relay's function, called as its stream does; the client must wait for as long as it may run."""

    def relay(records: Sequence[Record]) -> bool:
        payload = json.dumps({"Records": records}, default=_plain).encode()
        answer = client.invoke(FunctionName=function, Payload=payload)
        told = json.loads(answer["Payload"].read() or b"null")
        return "FunctionError" not in answer and told == {"batchItemFailures": []}

    return relay


def _plain(value: object) -> Any:
    """When a record was written, which the function does not read."""
    if isinstance(value, datetime):
        return value.timestamp()
    raise TypeError(f"no record has a {type(value).__name__}")

"""TransactWriteItems at the price of its own items.

moto 5.2.5 copies every table that a transaction names, evaluates conditions after earlier writes of the same request,
ignores ClientRequestToken, and shows streams what it rolls back.
"""

import hashlib
import json
import random
from dataclasses import dataclass
from typing import Any

from moto.dynamodb.comparisons import get_filter_expression
from moto.dynamodb.exceptions import (
    ConditionalCheckFailed,
    DynamodbException,
    MockValidationException,
    MultipleTransactionsException,
    TooManyTransactionsException,
    TransactionCanceledException,
    TransactWriteSingleOpException,
)
from moto.dynamodb.models import DynamoDBBackend

from local.clock import CLOCK
from local.repairs.capacity import METER, attributes_of, item_size
from local.repairs.writes import Cell, atomically

_PREFIX = "com.amazonaws.dynamodb.v20120810#"
_TOKEN_SECONDS = 600
_MAX_ACTIONS, _MAX_BYTES = 100, 4 * 1024 * 1024

Reason = tuple[str | None, str | None, dict[str, Any] | None]
_NONE: Reason = (None, None, None)
_CONFLICT: Reason = ("TransactionConflict", "Transaction is ongoing for the item", None)


class ConflictInjector:
    """Contention on demand: each write meets another one with the given probability."""

    def __init__(self) -> None:
        self.configure(0.0)

    def configure(self, probability: float, seed: int | None = None) -> None:
        self.probability = probability
        self._random = random.Random(seed)  # noqa: S311 - repeatable on purpose

    def victim(self, count: int) -> int | None:
        """Which of so many actions is in conflict."""
        return self._random.randrange(count) if self._random.random() < self.probability else None

    def refuse_write(self) -> None:
        if self.victim(1) is not None:
            kind = _PREFIX + "TransactionConflictException"
            raise DynamodbException(kind, "Transaction is ongoing for the item")


CONFLICTS = ConflictInjector()


@dataclass(frozen=True, slots=True)
class _Action:
    kind: str
    operation: dict[str, Any]
    cell: Cell

    @classmethod
    def of(cls, backend: DynamoDBBackend, entry: dict[str, Any]) -> "_Action":
        if len(entry) != 1:
            raise TransactWriteSingleOpException
        ((kind, operation),) = entry.items()
        place = operation["Item"] if kind == "Put" else operation["Key"]
        cell = Cell.of(backend, operation["TableName"], place)
        if kind != "Put" and len(place) != len(cell.key):
            raise MockValidationException("The provided key element does not match the schema")
        return cls(kind, operation, cell)

    @property
    def size(self) -> int:
        new = item_size(self.operation["Item"]) if self.kind == "Put" else 0
        return max(new, item_size(attributes_of(self.cell.read())))

    def reason(self) -> Reason:
        """Why it may not be done, by the items as they are before the transaction."""
        operation, item = self.operation, self.cell.read()
        condition = get_filter_expression(
            operation.get("ConditionExpression"),
            operation.get("ExpressionAttributeNames"),
            operation.get("ExpressionAttributeValues"),
        )
        if condition.expr(item):
            return _NONE
        told = operation.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
        return (
            "ConditionalCheckFailed",
            ConditionalCheckFailed().message,
            attributes_of(item) if told else None,
        )

    def write(self, backend: DynamoDBBackend) -> None:
        table_name, operation = self.cell.table.name, self.operation
        match self.kind:
            case "Put":
                backend.put_item(table_name, operation["Item"])
            case "Delete":
                backend.delete_item(table_name, self.cell.key)
            case "Update":
                backend.update_item(
                    table_name,
                    self.cell.key,
                    operation["UpdateExpression"],
                    operation.get("ExpressionAttributeNames") or {},
                    operation.get("ExpressionAttributeValues") or {},
                )


def _write_all(backend: DynamoDBBackend, actions: list[_Action]) -> None:
    index = 0
    try:
        with atomically([action.cell for action in actions], factor=2):
            for index, action in enumerate(actions):  # noqa: B007 - the culprit's place
                action.write(backend)
    except DynamodbException as error:
        reasons = [_NONE] * len(actions)
        reasons[index] = ("ValidationError", str(error.message), None)
        raise TransactionCanceledException(reasons) from error


def transact_write_items(backend: DynamoDBBackend, entries: list[dict[str, Any]]) -> None:
    """Runs under the lock that all DynamoDB calls share, so that nobody sees half of it."""
    if len(entries) > _MAX_ACTIONS:
        raise TooManyTransactionsException
    actions = [_Action.of(backend, entry) for entry in entries]
    if len({action.cell.identity for action in actions}) < len(actions):
        raise MultipleTransactionsException
    if sum(action.size for action in actions) > _MAX_BYTES:
        raise MockValidationException("Transaction request size exceeds 4 MB")
    victim = CONFLICTS.victim(len(actions))
    if victim is not None:
        raise TransactionCanceledException([_CONFLICT if i == victim else _NONE for i in range(len(actions))])
    reasons = [action.reason() for action in actions]
    if any(code for code, _, _ in reasons):
        for action in actions:
            item = action.cell.read()
            METER.wrote(action.cell.table, item, item, factor=2)
        raise TransactionCanceledException(reasons)
    _write_all(backend, actions)


class TokenMemory:
    """ClientRequestToken: the same request again within ten minutes succeeds unwritten, another one is refused."""

    def __init__(self) -> None:
        self._requests: dict[tuple[int, str], tuple[float, bytes]] = {}  # in the order of their end

    def seen(self, backend: Any, body: dict[str, Any]) -> bool:
        while self._requests and next(iter(self._requests.values()))[0] <= CLOCK.now():
            del self._requests[next(iter(self._requests))]
        known = self._requests.get((id(backend), body.get("ClientRequestToken", "")))
        if known and known[1] != _digest(body):
            kind = _PREFIX + "IdempotentParameterMismatchException"
            raise DynamodbException(kind, "Request parameters do not match the original request")
        return known is not None

    def remember(self, backend: Any, body: dict[str, Any]) -> None:
        if token := body.get("ClientRequestToken"):
            self._requests[id(backend), token] = (CLOCK.now() + _TOKEN_SECONDS, _digest(body))


def _digest(body: dict[str, Any]) -> bytes:
    parameters = {name: value for name, value in body.items() if name != "ClientRequestToken"}
    return hashlib.sha256(json.dumps(parameters, sort_keys=True, default=repr).encode()).digest()

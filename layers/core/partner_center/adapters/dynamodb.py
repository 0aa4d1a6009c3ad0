"""A small typed way to speak to DynamoDB: plain values in and out, every write with its precondition.

A write is a value (`Put`, `Update`, `Check`) that carries the condition it depends on and the error that a
broken condition means, so a transaction reads as a list of statements about the world. Refusals raise that
error; contention is retried here, with jitter and a bound, because the SDK does not retry
TransactionConflict by itself (AWS: "TransactWriteItems", section "Transaction conflict handling").
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import uuid4

from botocore.exceptions import BotoCoreError, ClientError

from partner_center.adapters.keys import Key
from partner_center.adapters.service_errors import is_of_the_deployment, is_out
from partner_center.kernel.errors import TryAgain
from partner_center.kernel.patience import Patience

Value = str | int | bool | bytes | None | Sequence["Value"] | Mapping[str, "Value"]
Item = dict[str, Any]
Refusal = Callable[[Item | None], Exception]
Operator = Literal["=", "<>", "<", "<=", ">", ">=", "absent", "present"]
Condition = tuple[str, Operator] | tuple[str, Operator, Value]

MAX_ACTIONS = 100
_RETRIED_REASONS = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
_RETRIED_ERRORS = {
    "TransactionConflictException",
    "ThrottlingException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "InternalServerError",
    "InternalFailure",
    "ServiceUnavailable",
    "TransactionInProgressException",
}


def to_attribute(value: Value) -> dict[str, Any]:
    """One value as a DynamoDB AttributeValue. Raises TypeError for what has no loss-free form (floats)."""
    match value:
        case bool() | None:
            attribute: dict[str, Any] = {"NULL": True} if value is None else {"BOOL": value}
        case str():
            attribute = {"S": value}
        case int():
            attribute = {"N": str(value)}
        case bytes():
            attribute = {"B": value}
        case Mapping():
            attribute = {"M": {name: to_attribute(inner) for name, inner in value.items()}}
        case list() | tuple():
            attribute = {"L": [to_attribute(inner) for inner in value]}
        case _:
            raise TypeError(f"{type(value).__name__} has no DynamoDB form")
    return attribute


def from_attribute(attribute: Mapping[str, Any]) -> Any:
    """The inverse of `to_attribute`; numbers come back as int."""
    ((kind, value),) = attribute.items()
    match kind:
        case "N":
            return int(value)
        case "NULL":
            return None
        case "M":
            return {name: from_attribute(inner) for name, inner in value.items()}
        case "L":
            return [from_attribute(inner) for inner in value]
    return value


def to_item(values: Mapping[str, Value]) -> dict[str, Any]:
    """A whole item; attributes that are None are left out, so that sparse indexes stay sparse."""
    return {name: to_attribute(value) for name, value in values.items() if value is not None}


def from_item(attributes: Mapping[str, Any]) -> Item:
    return {name: from_attribute(value) for name, value in attributes.items()}


def _key_attributes(key: Key) -> dict[str, Any]:
    return {"pk": {"S": key.pk}, "sk": {"S": key.sk}}


@dataclass(frozen=True, slots=True)
class Index:
    """One partition of a secondary index: `value` of attribute `partition`, sorted by the number in `sort`.

    `at_least` and `at_most` bound that number, both included; `at_least` needs `at_most`.
    """

    name: str
    partition: str
    value: str
    sort: str
    at_most: int | None = None
    at_least: int | None = None

    def bounds(self) -> tuple[str, dict[str, Any]]:
        """What the key condition says of the number, `#sk`, and the values in it."""
        if self.at_most is None:
            return "", {}
        most = {":most": {"N": str(self.at_most)}}
        if self.at_least is None:
            return " AND #sk <= :most", most
        return " AND #sk BETWEEN :least AND :most", most | {":least": {"N": str(self.at_least)}}


@dataclass(frozen=True, slots=True)
class Put:
    """A new item. It must not exist yet; `refused` makes the error of its existence from the old item.

    `may_exist`: for rows that say the same whoever writes them, and when, and for those whose newest writer is right.
    """

    table: str
    key: Key
    attributes: Mapping[str, Value]
    refused: Refusal
    may_exist: bool = False


@dataclass(frozen=True, slots=True)
class Update:
    """A change of an existing item under `conditions`; `add` counts numbers up or down."""

    table: str
    key: Key
    refused: Refusal
    conditions: Sequence[Condition] = ()
    set: Mapping[str, Value] = field(default_factory=dict)
    add: Mapping[str, int] = field(default_factory=dict)
    remove: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """A statement about an item that is not written."""

    table: str
    key: Key
    refused: Refusal
    conditions: Sequence[Condition] = ()


Action = Put | Update | Check


def as_read(attributes: Mapping[str, Value]) -> list[Condition]:
    """That an item still has these attributes, and none of those that are None."""
    return [
        (name, "=", value) if value is not None else (name, "absent") for name, value in attributes.items()
    ]


class _Expression:
    """Collects the names and values that an expression refers to, under safe aliases."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.values: dict[str, Any] = {}

    def name(self, attribute: str) -> str:
        return self.names.setdefault(attribute, f"#n{len(self.names)}")

    def value(self, value: Value) -> str:
        alias = f":v{len(self.values)}"
        self.values[alias] = to_attribute(value)
        return alias

    def condition(self, conditions: Sequence[Condition]) -> str:
        parts = [f"attribute_exists({self.name('pk')})"]
        for attribute, operator, *value in conditions:
            match operator:
                case "absent":
                    parts.append(f"attribute_not_exists({self.name(attribute)})")
                case "present":
                    parts.append(f"attribute_exists({self.name(attribute)})")
                case _:
                    parts.append(f"{self.name(attribute)} {operator} {self.value(value[0])}")
        return " AND ".join(parts)

    def update(self, action: Update) -> str:
        clauses = []
        if action.set:
            sets = (f"{self.name(name)} = {self.value(value)}" for name, value in action.set.items())
            clauses.append("SET " + ", ".join(sets))
        if action.remove:
            clauses.append("REMOVE " + ", ".join(self.name(name) for name in action.remove))
        if action.add:
            adds = (f"{self.name(name)} {self.value(value)}" for name, value in action.add.items())
            clauses.append("ADD " + ", ".join(adds))
        return " ".join(clauses)

    def parameters(self) -> dict[str, Any]:
        aliases = {alias: name for name, alias in self.names.items()}
        parameters: dict[str, Any] = {"ExpressionAttributeNames": aliases}
        if self.values:
            parameters["ExpressionAttributeValues"] = self.values
        return parameters


def _request(action: Action) -> tuple[str, dict[str, Any]]:
    """The action's kind and its parameters, alike for a single write and inside a transaction."""
    common = {"TableName": action.table, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    if isinstance(action, Put):
        item = _key_attributes(action.key) | to_item(action.attributes)
        condition = {} if action.may_exist else {"ConditionExpression": "attribute_not_exists(pk)"}
        return "Put", {**common, "Item": item, **condition}
    expression = _Expression()
    parameters: dict[str, Any] = {**common, "Key": _key_attributes(action.key)}
    if isinstance(action, Update):
        parameters["UpdateExpression"] = expression.update(action)
    parameters["ConditionExpression"] = expression.condition(action.conditions)
    kind = "Update" if isinstance(action, Update) else "ConditionCheck"
    return kind, {**parameters, **expression.parameters()}


class Database:
    """The tables, reached through one botocore DynamoDB client."""

    def __init__(self, client: Any, patience: Patience | None = None) -> None:
        self._client = client
        self._patience = patience or Patience()

    def get(self, table: str, key: Key, *, consistent: bool = True) -> Item | None:
        """The item, or None. Raises TryAgain when DynamoDB does not answer."""
        answer = self._call("get_item", TableName=table, Key=_key_attributes(key), ConsistentRead=consistent)
        return from_item(answer["Item"]) if "Item" in answer else None

    def query(
        self,
        table: str,
        pk: str,
        prefix: str = "",
        *,
        limit: int = 100,
        after: str | None = None,
        newest_first: bool = False,
    ) -> tuple[list[Item], str | None]:
        """One page of a partition, in key order: the items, and the sort key to go on `after`, or None."""
        condition = "pk = :pk" + (" AND begins_with(sk, :prefix)" if prefix else "")
        values = {":pk": {"S": pk}} | ({":prefix": {"S": prefix}} if prefix else {})
        start = {"ExclusiveStartKey": _key_attributes(Key(pk, after))} if after else {}
        answer = self._call(
            "query",
            TableName=table,
            KeyConditionExpression=condition,
            ExpressionAttributeValues=values,
            ConsistentRead=True,
            ScanIndexForward=not newest_first,
            Limit=limit,
            **start,
        )
        last = answer.get("LastEvaluatedKey")
        return [from_item(item) for item in answer["Items"]], last["sk"]["S"] if last else None

    def query_index(
        self, table: str, index: Index, *, limit: int = 100, after: Item | None = None
    ) -> tuple[list[Item], Item | None]:
        """One page of a partition of a sparse index, in its order, and where to go on; a moment late at times."""
        bounds, values = index.bounds()
        names = {"#pk": index.partition} | ({"#sk": index.sort} if bounds else {})
        answer = self._call(
            "query",
            TableName=table,
            IndexName=index.name,
            KeyConditionExpression=f"#pk = :pk{bounds}",
            ExpressionAttributeNames=names,
            ExpressionAttributeValues={":pk": {"S": index.value}} | values,
            Limit=limit,
            **({"ExclusiveStartKey": to_item(after)} if after else {}),
        )
        last = answer.get("LastEvaluatedKey")
        return [from_item(item) for item in answer["Items"]], from_item(last) if last else None

    def all_of(self, table: str, pk: str, prefix: str = "", *, at_most: int = 1000) -> list[Item]:
        """Every item of a collection that other rules keep small. Raises TryAgain beyond `at_most`.

        What grows with use is read by `every`: a bound would stop for ever whoever needs it.
        """
        items: list[Item] = []
        after: str | None = None
        while True:
            page, after = self.query(table, pk, prefix, limit=at_most, after=after)
            items += page
            if after is None:
                return items
            if len(items) >= at_most:
                raise TryAgain(f"more than {at_most} items where few were expected", 60)

    def every(
        self, table: str, pk: str, prefix: str = "", *, a_page: int = 1000, newest_first: bool = False
    ) -> Iterator[Item]:
        """The items of a collection that has no bound, in key order; each page is read when it is reached."""
        after: str | None = None
        while True:
            page, after = self.query(table, pk, prefix, limit=a_page, after=after, newest_first=newest_first)
            yield from page
            if after is None:
                return

    def write(self, action: Put | Update) -> None:
        """One write. Raises what the action says its refusal means, or TryAgain."""
        kind, parameters = _request(action)
        operation = "put_item" if kind == "Put" else "update_item"
        try:
            self._call(operation, **parameters)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            old: Any = error.response.get("Item")
            raise action.refused(from_item(old) if old else None) from error

    def count(self, table: str, key: Key, counter: str, attributes: Mapping[str, Value]) -> int:
        """One more on a number that begins at nought, beside `attributes`; what it stands at then.

        The one write without a condition of its own: no two that count at once get the same number.
        """
        expression = _Expression()
        sets = (f"{expression.name(name)} = {expression.value(value)}" for name, value in attributes.items())
        answer = self._call(
            "update_item",
            TableName=table,
            Key=_key_attributes(key),
            UpdateExpression=f"SET {', '.join(sets)} ADD {expression.name(counter)} {expression.value(1)}",
            ReturnValues="UPDATED_NEW",
            **expression.parameters(),
        )
        return int(answer["Attributes"][counter]["N"])

    def replace(self, table: str, key: Key, attributes: Mapping[str, Value]) -> None:
        """Writes an item whatever was there before: only for rows whose newest writer is right."""
        item = _key_attributes(key) | to_item(attributes)
        self._call("put_item", TableName=table, Item=item)

    def transact(self, actions: Iterable[Action]) -> None:
        """All or nothing. The first refused action, in the order given, decides which error is raised.

        Raises TryAgain under lasting contention; then nothing was written.
        """
        actions = list(actions)
        entries = [{kind: parameters} for kind, parameters in map(_request, actions)]
        for attempt in range(self._patience.attempts):
            # One token for all that `_call` sends: what had its effect before DynamoDB failed is not refused then for
            # what it wrote itself. Botocore makes a token for each of its calls.
            token = str(uuid4())
            try:
                self._call("transact_write_items", TransactItems=entries, ClientRequestToken=token)
            except ClientError as error:
                if error.response["Error"]["Code"] != "TransactionCanceledException":
                    raise
                _raise_refusal(actions, error)
                self._patience.pause(attempt)
            else:
                return
        raise TryAgain("Many changes met at once; nothing was written.")

    def _call(self, operation: str, **parameters: Any) -> Any:
        for attempt in range(self._patience.attempts):
            try:
                return getattr(self._client, operation)(**parameters)
            except ClientError as error:
                if is_of_the_deployment(error):
                    code = error.response["Error"]["Code"]
                    raise TryAgain(
                        f"The database refuses us ({code}); the same request may be sent again."
                    ) from error
                if not _may_pass(error):
                    raise
            except BotoCoreError as error:
                raise TryAgain("The database did not answer; the same request may be sent again.") from error
            self._patience.pause(attempt)
        raise TryAgain("The database is busy; the same request may be sent again.")


def _may_pass(error: ClientError) -> bool:
    """Whether DynamoDB is busy or out."""
    return error.response["Error"]["Code"] in _RETRIED_ERRORS or is_out(error)


def _raise_refusal(actions: Sequence[Action], error: ClientError) -> None:
    """Raise what the first broken condition means; return when the cancellation was mere contention."""
    reasons = error.response.get("CancellationReasons", [])
    for action, reason in zip(actions, reasons, strict=True):
        if reason.get("Code") == "ConditionalCheckFailed":
            old = reason.get("Item")
            raise action.refused(from_item(old) if old else None) from error
    if not any(reason.get("Code") in _RETRIED_REASONS for reason in reasons):
        raise error

"""What a call meets instead of its answer: the errors as the SDK, urllib3 and dnspython raise them."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

DEAD = "http://a-fault-that-was-asked-for"
_WRITES = {"PutItem", "UpdateItem", "DeleteItem"}
_TRANSACTION = "TransactWriteItems"


class How(StrEnum):
    """`KILL` and `TIME_OUT` end the process, as a crash and Lambda's time limit do; the rest fails the call alone.

    `FAIL`: nobody answers; after the call that means a lost answer. `CONFLICT` and `CONDITION` are answers of
    DynamoDB to a write: another transaction is under way; an updated item is not as it was read.
    """

    KILL = "kill"
    TIME_OUT = "time_out"
    FAIL = "fail"
    SLOW = "slow"
    THROTTLE = "throttle"
    CONFLICT = "conflict"
    CONDITION = "condition"


def possible(how: How, service: str, operation: str, parameters: Mapping[str, Any]) -> bool:
    """Whether that call can meet this."""
    is_write = service == "dynamodb" and operation in _WRITES | {_TRANSACTION}
    match how:
        case How.THROTTLE:
            return service not in OUTSIDE
        case How.CONFLICT:
            return is_write
        case How.CONDITION:
            return is_write and _depending(operation, parameters) is not None
    return True


def error_of(
    how: How, service: str, operation: str, parameters: Mapping[str, Any], read: Callable[[Any], Any]
) -> Exception:
    """What the caller gets. `read` answers the item of a GetItem's parameters."""
    if service in OUTSIDE:
        return OUTSIDE[service](how)
    made: dict[How, Callable[[], Exception]] = {
        How.SLOW: lambda: ReadTimeoutError(endpoint_url=DEAD),
        How.THROTTLE: lambda: _refused(operation, "ThrottlingException", "Rate exceeded"),
        How.CONFLICT: lambda: _in_conflict(operation, parameters),
        How.CONDITION: lambda: _changed_meanwhile(operation, parameters, read),
    }
    return made.get(how, lambda: EndpointConnectionError(endpoint_url=DEAD))()


def _in_conflict(operation: str, parameters: Mapping[str, Any]) -> Exception:
    text = "Transaction is ongoing for the item"
    if operation != _TRANSACTION:
        return _refused(operation, "TransactionConflictException", text)
    reasons: list[Any] = [{"Code": "None"} for _ in parameters["TransactItems"]]
    return _cancelled([{"Code": "TransactionConflict", "Message": text}, *reasons[1:]])


def _depending(operation: str, parameters: Mapping[str, Any]) -> int | None:
    """The place of the first update that has a condition: who reads an item and changes it can be too late."""
    entries = parameters["TransactItems"] if operation == _TRANSACTION else [{"Update": parameters}]
    for place, entry in enumerate(entries):
        update = entry.get("Update", {})
        if "ConditionExpression" in update and "Key" in update:
            return place
    return None


def _changed_meanwhile(
    operation: str, parameters: Mapping[str, Any], read: Callable[[Any], Any]
) -> Exception:
    place = _depending(operation, parameters) or 0
    update = parameters["TransactItems"][place]["Update"] if operation == _TRANSACTION else parameters
    item = read({"TableName": update["TableName"], "Key": update["Key"], "ConsistentRead": True}).get("Item")
    told = {"Item": item} if item and update.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD" else {}
    text = "The conditional request failed"
    if operation != _TRANSACTION:
        error = _refused(operation, "ConditionalCheckFailedException", text)
        error.response.update(told)  # type: ignore[typeddict-item]  # DynamoDB's own member beside Error
        return error
    reasons: list[Any] = [{"Code": "None"} for _ in parameters["TransactItems"]]
    reasons[place] = {"Code": "ConditionalCheckFailed", "Message": text, **told}
    return _cancelled(reasons)


def _refused(operation: str, code: str, text: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": text}}, operation)


def _cancelled(reasons: list[Any]) -> ClientError:
    error = _refused(_TRANSACTION, "TransactionCanceledException", "Transaction cancelled")
    error.response.update({"CancellationReasons": reasons})
    return error


def _no_http(_: How) -> Exception:
    from urllib3.exceptions import ProtocolError  # noqa: PLC0415 (loaded by who uses it)

    return ProtocolError("a fault that was asked for")


def _no_dns(_: How) -> Exception:
    from dns.exception import Timeout  # noqa: PLC0415 (loaded by who uses it)

    return Timeout()  # type: ignore[no-untyped-call]


OUTSIDE: Mapping[str, Callable[[How], Exception]] = {"http": _no_http, "dns": _no_dns}
"""What is asked without the SDK."""

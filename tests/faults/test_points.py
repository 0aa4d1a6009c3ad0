"""Points are read off a recording, and one fault meets one call, however calls are spread over invocations."""

from typing import Any

import pytest

from local.runtime import Ended
from tests.faults.points import ALIKE, Kind, OneFault, Point, Recorder, runs_of
from tests.faults.registry import journey, journeys

FUNCTION = "local-PlaceOrderFunction"


def a_call(operation: str, service: str = "dynamodb", **parameters: Any) -> dict[str, Any]:
    return {"service": service, "operation": operation, "parameters": parameters}


def recorded(*invocations: list[dict[str, Any]], event: Any = None) -> list[Point]:
    recorder = Recorder()
    for calls in invocations:
        recorder(Ended(FUNCTION, calls, recorder.choose(FUNCTION, event or {}), met=False))
    return recorder.recording().points("email")


def ended(fault: OneFault, calls: int | None, lent: dict[str, Any] | None, *, met: bool = False) -> None:
    made = None if calls is None else [a_call("GetItem")] * calls
    fault(Ended(FUNCTION, made, lent, met=met))


def test_each_call_is_a_point_counted_over_the_invocations_of_its_function() -> None:
    points = recorded([a_call("GetItem"), a_call("PutItem")], [a_call("Sign", "kms")])
    assert [str(point) for point in points] == [
        "email PlaceOrder:1 dynamodb.GetItem",
        "email PlaceOrder:2 dynamodb.PutItem",
        "email PlaceOrder:3 kms.Sign",
    ]


BY_SCHEDULE: list[dict[str, Any]] = [
    {"source": "aws.events", "detail-type": "Scheduled Event"},
    {"source": "aws.scheduler", "detail-type": "Scheduled Event"},
    {"scheduled": True},
]


@pytest.mark.parametrize("event", BY_SCHEDULE, ids=["rule", "schedule", "with an input"])
def test_what_a_schedule_repeats_is_counted_and_is_no_point(event: dict[str, Any]) -> None:
    points = recorded(*([[a_call("Query")]] * (ALIKE + 4)), [a_call("PutItem")], event=event)
    assert [point.number for point in points] == [*range(1, ALIKE + 1), ALIKE + 5]


@pytest.mark.parametrize(
    "event", [{"Records": [{"dynamodb": {}}]}, {"source": "partner-center"}, {"order_id": "ord_1"}]
)
def test_what_others_begin_is_about_something_else_and_each_call_is_a_point(event: dict[str, Any]) -> None:
    points = recorded(*([[a_call("PutEvents", "events")]] * (ALIKE + 4)), event=event)
    assert [point.number for point in points] == [*range(1, ALIKE + 5)]


def test_what_a_schedule_does_leaves_out_nothing_that_others_begin() -> None:
    recorder = Recorder()
    for event in (*[BY_SCHEDULE[0]] * (ALIKE + 1), {}, BY_SCHEDULE[0]):
        recorder(Ended(FUNCTION, [a_call("Query")], recorder.choose(FUNCTION, event), met=False))
    assert [point.number for point in recorder.recording().points("email")] == [
        *range(1, ALIKE + 1),
        ALIKE + 2,
    ]


@pytest.mark.parametrize(
    ("call", "kinds"),
    [
        (a_call("GetItem"), {"killed-before", "killed-after", "slow", "throttled"}),
        (a_call("Sign", "kms"), {*Kind} - {"conflict", "condition"}),
        (a_call("PutItem"), {*Kind} - {"condition"}),
        (a_call("UpdateItem", TableName="local-BusinessTable"), {*Kind}),
        (a_call("UpdateItem", TableName="local-QuotaTable"), {*Kind} - {"condition"}),
        (a_call("TransactWriteItems", TransactItems=[{"kind": "Update"}]), {*Kind}),
        (a_call("TransactWriteItems", TransactItems=[{"kind": "Put"}]), {*Kind} - {"condition"}),
        (a_call("POST", "http"), {*Kind} - {"throttled", "conflict", "condition"}),
        (a_call("udp", "dns"), {"killed-before", "killed-after", "slow"}),
    ],
    ids=["question", "signature", "write", "update", "count", "transaction", "new rows", "web", "name"],
)
def test_a_call_meets_what_can_happen_to_it(call: dict[str, Any], kinds: set[str]) -> None:
    assert {kind for _, kind in runs_of(recorded([call]), Kind)} == kinds


def test_of_kills_that_leave_the_same_behind_one_is_distinct() -> None:
    calls = [a_call("GetItem"), a_call("Query"), a_call("PutItem"), a_call("GetItem"), a_call("Sign", "kms")]
    kills = runs_of(recorded(calls), [Kind.KILLED_BEFORE, Kind.KILLED_AFTER], distinct=True)
    assert [(point.number, kind.value) for point, kind in kills] == [
        (1, "killed-before"),
        (3, "killed-after"),
        (5, "killed-after"),
    ]


def test_the_fault_is_lent_to_one_invocation_at_a_time_until_its_call_comes() -> None:
    fault = OneFault("PlaceOrder", 5, Kind.KILLED_BEFORE)
    assert fault.choose("local-ReadOrdersFunction", {}) is None
    first: Any = fault.choose(FUNCTION, {})
    assert first["call"] == 5
    assert fault.choose(FUNCTION, {}) is None
    ended(fault, 1, None)
    ended(fault, 2, first)
    second: Any = fault.choose(FUNCTION, {})
    assert second["call"] == 2
    ended(fault, None, second, met=True)
    assert fault.met
    assert fault.choose(FUNCTION, {}) is None


def test_a_request_may_be_refused_for_what_looks_like_a_change_by_others() -> None:
    refusing = {kind for kind in Kind if OneFault("PlaceOrder", 1, kind).may_refuse}
    assert refusing == {Kind.CONDITION}


def test_a_call_that_cannot_meet_it_ends_it() -> None:
    fault = OneFault("PlaceOrder", 2, Kind.CONDITION)
    lent: Any = fault.choose(FUNCTION, {})
    ended(fault, 3, lent)
    assert not fault.met
    assert fault.choose(FUNCTION, {}) is None


def test_journeys_register_themselves_by_name_and_one_name_is_one_journey() -> None:
    known = journeys()
    assert {"email", "dns", "file", "card", "amend", "revoke", "remind"} <= set(known)
    with pytest.raises(ValueError, match="email"):
        journey()(known["email"].tell)

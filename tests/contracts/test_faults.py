"""What fault tests may do to a function: end it, fail one of its calls, set its clock, withhold its events."""

import time
from contextlib import contextmanager

import pytest

from local.http_api import Response
from local.server import LoopbackServer
from local.zone import ZoneServer

pytestmark = pytest.mark.cloud


@pytest.fixture(scope="module", autouse=True)
def functions(cloud):
    cloud.add("outside")
    cloud.add("change")
    cloud.add("write_twice", timeout=30)
    cloud.add("virtual_now")


@contextmanager
def faulty(cloud, **fault):
    """Every invocation meets the fault; what the runtime said of their ends."""

    class Everybody:
        def choose(self, function_name, event):
            return fault

    ended = []
    cloud.runtime.faults, cloud.runtime.on_end = Everybody(), ended.append
    try:
        yield ended
    finally:
        cloud.runtime.faults = cloud.runtime.on_end = None


@pytest.fixture
def asked():
    return []


@pytest.fixture
def world(asked):
    """A web server that notes what it was asked, and a name server."""
    server = LoopbackServer()

    def answer(request):
        asked.append(request.method)
        return Response(204)

    server.start(answer)
    try:
        with ZoneServer() as zone:
            yield {"url": server.url, "dns": zone.address()}
    finally:
        server.close()


def an_item(cloud):
    table = cloud.table(keys=("pk",))
    item = {"pk": {"S": "a"}, "version": {"N": "3"}}
    cloud.client("dynamodb").put_item(TableName=table, Item=item)
    return table, item


def an_update(table):
    """An update under a condition that holds."""
    return {
        "TableName": table,
        "Key": {"pk": {"S": "a"}},
        "UpdateExpression": "SET version = :next",
        "ConditionExpression": "version = :read",
        "ExpressionAttributeValues": {":next": {"N": "4"}, ":read": {"N": "3"}},
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }


def test_calls_to_the_outside_are_recorded_beside_those_to_aws(cloud, world, asked):
    with faulty(cloud) as ended:
        assert cloud.invoke("outside", world) == ([204, "NOERROR"], False)
    ((calls, met),) = [(each.calls, each.met) for each in ended]
    assert [(each["service"], each["operation"]) for each in calls] == [("http", "POST"), ("dns", "udp")]
    assert not met
    assert asked == ["POST"]


@pytest.mark.parametrize(
    ("fault", "told", "requests"),
    [
        ({"call": 1, "when": "before"}, ["ProtocolError", "NOERROR"], 0),
        ({"call": 1, "when": "after"}, ["ProtocolError", "NOERROR"], 1),
        ({"call": 2, "when": "before"}, [204, "Timeout"], 1),
        ({"service": "dns", "call": 1, "when": "before"}, [204, "Timeout"], 1),
        ({"service": "http", "when": "before"}, ["ProtocolError", "NOERROR"], 0),
    ],
    ids=["web, before", "web, answer lost", "name server", "first of its service", "a service that is down"],
)
def test_nobody_answers_outside(cloud, world, asked, fault, told, requests):
    with faulty(cloud, how="fail", **fault) as ended:
        assert cloud.invoke("outside", world) == (told, False)
    assert len(asked) == requests
    assert [each.met for each in ended] == [True]


def test_a_worker_that_runs_out_of_time_is_told_as_lambda_tells_it_and_nobody_waits(cloud):
    table, began = cloud.table(keys=("pk",)), time.monotonic()
    with faulty(cloud, call=1, when="after", how="time_out") as ended:
        error, failed = cloud.invoke("write_twice", {"key": "k", "table": table})
    assert failed
    assert error["errorType"] == "Sandbox.Timedout"
    assert error["errorMessage"].endswith("Task timed out after 30.00 seconds")
    assert time.monotonic() - began < 30
    assert [(each.calls, each.met) for each in ended] == [(None, True)]
    assert cloud.client("dynamodb").scan(TableName=table)["Count"] == 1


def test_a_write_is_told_that_its_item_changed_meanwhile_and_what_it_is_now(cloud):
    table, item = an_item(cloud)
    event = {"operation": "update_item", "parameters": an_update(table)}
    with faulty(cloud, call=1, when="before", how="condition"):
        assert cloud.invoke("change", event)[0] == {"code": "ConditionalCheckFailedException", "Item": item}
    assert cloud.client("dynamodb").scan(TableName=table)["Items"] == [item]
    assert cloud.invoke("change", event)[0] == {}


def test_a_transaction_is_told_the_same_of_its_first_update_that_depends_on_anything(cloud):
    table, item = an_item(cloud)
    put = {"Put": {"TableName": table, "Item": {"pk": {"S": "b"}}}}
    event = {
        "operation": "transact_write_items",
        "parameters": {"TransactItems": [put, {"Update": an_update(table)}]},
    }
    with faulty(cloud, call=1, when="before", how="condition"):
        answer, _ = cloud.invoke("change", event)
    assert answer["code"] == "TransactionCanceledException"
    assert [each["Code"] for each in answer["CancellationReasons"]] == ["None", "ConditionalCheckFailed"]
    assert answer["CancellationReasons"][1]["Item"] == item


@pytest.mark.parametrize(
    ("how", "single", "transaction"),
    [
        ("conflict", "TransactionConflictException", "TransactionCanceledException"),
        ("throttle", "ThrottlingException", "ThrottlingException"),
    ],
)
def test_writes_meet_others_and_limits(cloud, how, single, transaction):
    table, _ = an_item(cloud)
    put = {"TableName": table, "Item": {"pk": {"S": "b"}}}
    with faulty(cloud, call=1, when="before", how=how):
        one, _ = cloud.invoke("change", {"operation": "put_item", "parameters": put})
        event = {"operation": "transact_write_items", "parameters": {"TransactItems": [{"Put": put}]}}
        several, _ = cloud.invoke("change", event)
    assert (one["code"], several["code"]) == (single, transaction)
    assert [each["Code"] for each in several.get("CancellationReasons", [])] in (
        [],
        ["TransactionConflict"],
    )
    assert cloud.client("dynamodb").scan(TableName=table)["Count"] == 1


def test_what_a_call_cannot_meet_it_does_not_meet(cloud):
    """A Put depends on nothing that was read, and a question conflicts with nobody."""
    table, item = an_item(cloud)
    put = {"TableName": table, "Item": item}
    with faulty(cloud, call=1, when="before", how="condition") as ended:
        assert cloud.invoke("change", {"operation": "put_item", "parameters": put})[0] == {}
    read = {"TableName": table, "Key": {"pk": {"S": "a"}}}
    with faulty(cloud, call=1, when="before", how="conflict") as more:
        assert cloud.invoke("change", {"operation": "get_item", "parameters": read})[0] == {}
    assert [each.met for each in ended + more] == [False, False]


def test_a_clock_is_wrong_for_whom_it_is_set_wrong(cloud, clock):
    with faulty(cloud, skew=600.0):
        wrong, _ = cloud.invoke("virtual_now")
    right, _ = cloud.invoke("virtual_now")
    assert wrong - clock.now() == pytest.approx(600, abs=30)
    assert right - clock.now() == pytest.approx(0, abs=30)


def test_an_event_that_is_withheld_reaches_nobody_and_counts_as_delivered(cloud):
    table = cloud.table(keys=("pk",))
    with faulty(cloud, withheld=True) as ended:
        assert cloud.invoke("write_twice", {"key": "k", "table": table}) == ({}, False)
    assert ended == []
    assert cloud.client("dynamodb").scan(TableName=table)["Count"] == 0

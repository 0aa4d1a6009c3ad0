"""EventBridge and asynchronous invocations as the relay and the schedules rely on them."""

import json

import pytest

TARGET = {"Id": "1", "Arn": "arn:aws:lambda:eu-west-1:123456789012:function:send_mails"}
QUEUE = {"Id": "2", "Arn": "arn:aws:sqs:eu-west-1:123456789012:mails", "InputPath": "$.detail"}


@pytest.fixture
def bus(cloud, number):
    name = f"bus-{number}"
    events = cloud.client("events")
    events.create_event_bus(Name=name)
    pattern = {"source": ["partner-center"], "detail-type": [{"prefix": "order."}]}
    events.put_rule(Name="orders", EventBusName=name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule="orders", EventBusName=name, Targets=[TARGET, QUEUE])
    cloud.delivered.clear()
    return name


def publish(cloud, bus, kind="order.placed.v1", source="partner-center"):
    entry = {"Source": source, "DetailType": kind, "Detail": '{"order_id": "ord_1"}', "EventBusName": bus}
    return cloud.client("events").put_events(Entries=[entry])


def test_a_matching_event_is_handed_on_for_every_target(cloud, bus, clock):
    """Unrepaired, a Lambda target is an error, a queue is written in the publisher's call, and time is a number."""
    clock.advance(3600)
    (told,) = publish(cloud, bus)["Entries"]
    assert [target for target, _ in cloud.delivered] == [TARGET, QUEUE]
    event = cloud.delivered[0][1]
    assert event["id"] == told["EventId"]
    assert event["detail"] == {"order_id": "ord_1"}
    assert event["detail-type"] == "order.placed.v1"
    assert event["account"] == "123456789012"
    assert event["time"][:13] == clock.utcnow().strftime("%Y-%m-%dT%H")
    assert event["time"].endswith("Z")


@pytest.mark.parametrize(
    ("kind", "source"), [("contract.signed.v1", "partner-center"), ("order.placed.v1", "somebody.else")]
)
def test_other_events_are_not(cloud, bus, kind, source):
    publish(cloud, bus, kind, source)
    assert cloud.delivered == []


def test_a_disabled_rule_is_silent(cloud, bus):
    cloud.client("events").disable_rule(Name="orders", EventBusName=bus)
    publish(cloud, bus)
    assert cloud.delivered == []


def test_an_asynchronous_invocation_is_handed_on_and_a_synchronous_one_answered(cloud, number):
    """Unrepaired, both wait for a container."""
    name = f"async-{number}"
    arn = cloud.declare(name, lambda event: {"seen": event})
    cloud.delivered.clear()
    client = cloud.client("lambda")
    assert client.invoke(FunctionName=name, InvocationType="Event", Payload=b'{"a": 1}')["StatusCode"] == 202
    assert cloud.delivered == [({"Arn": arn}, {"a": 1})]
    answer = client.invoke(FunctionName=name, Payload=b'{"b": 2}')
    assert json.load(answer["Payload"]) == {"seen": {"b": 2}}
    assert "FunctionError" not in answer


def test_a_failed_invocation_says_so(cloud, number):
    def fail(event):
        raise KeyError("missing")

    name = f"fail-{number}"
    cloud.declare(name, fail)
    answer = cloud.client("lambda").invoke(FunctionName=name, Payload=b"{}")
    assert answer["FunctionError"]
    assert json.load(answer["Payload"])["errorType"] == "KeyError"

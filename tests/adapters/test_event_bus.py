"""Events on the bus: the envelope as detail, the type with its version as detail-type."""

import json
from datetime import timedelta

import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import ANY, Stubber

from local import repairs
from partner_center.adapters.event_bus import EventBridgeBus
from partner_center.kernel.errors import TryAgain
from partner_center.kernel.events import Event
from tests.fakes.determined import NOW

BUS = "events-of-partner-center"
TARGET = "arn:aws:sqs:eu-west-1:123456789012:heard"
EVENT = Event(
    "evt_1",
    "order.issued",
    NOW + timedelta(milliseconds=7),
    "request-1",
    {"reseller_id": "res_1", "order_id": "ord_1", "serial": "0a", "generation": 1, "nothing": None},
)


@pytest.fixture(scope="module")
def events(aws):
    client = aws("events")
    client.create_event_bus(Name=BUS)
    for rule, pattern in (
        ("issued", {"source": ["partner-center"], "detail-type": ["order.issued.v1"]}),
        ("others", {"source": ["partner-center"], "detail-type": ["order.cancelled.v1"]}),
    ):
        client.put_rule(Name=rule, EventBusName=BUS, EventPattern=json.dumps(pattern))
        client.put_targets(Rule=rule, EventBusName=BUS, Targets=[{"Id": rule, "Arn": f"{TARGET}-{rule}"}])
    return client


@pytest.fixture
def delivered(aws):
    """(target, event) of everything that the bus passes on."""
    heard = []
    repairs.install(lambda name, event: ("{}", False), lambda target, event: heard.append((target, event)))
    return heard


def test_a_published_event_reaches_the_rule_that_names_its_type_and_version(events, delivered):
    EventBridgeBus(events, BUS).publish(EVENT)
    ((target, event),) = delivered
    assert target["Arn"] == f"{TARGET}-issued"
    assert (event["source"], event["detail-type"]) == ("partner-center", "order.issued.v1")
    assert event["detail"] == {
        "id": "evt_1",
        "type": "order.issued",
        "version": 1,
        "occurred_at": "2026-11-23T10:00:00Z",
        "correlation_id": "request-1",
        "data": {"reseller_id": "res_1", "order_id": "ord_1", "serial": "0a", "generation": 1},
    }


def test_a_publication_may_be_repeated(events, delivered):
    bus = EventBridgeBus(events, BUS)
    for _ in range(2):
        bus.publish(EVENT)
    assert [event["detail"]["id"] for _, event in delivered] == ["evt_1", "evt_1"]


def test_an_entry_that_was_not_taken_is_try_again(aws):
    """PutEvents answers 200 and tells the failure beside it."""
    client = aws("events")
    answer = {
        "FailedEntryCount": 1,
        "Entries": [{"ErrorCode": "ThrottlingException", "ErrorMessage": "slow"}],
    }
    with Stubber(client) as stubber:
        stubber.add_response("put_events", answer, {"Entries": ANY})
        with pytest.raises(TryAgain, match="did not take"):
            EventBridgeBus(client, BUS).publish(EVENT)


@pytest.mark.parametrize("code", ["MalformedDetail", "InvalidArgument"])
def test_an_entry_that_will_never_be_taken_is_not_to_be_tried_again(aws, code):
    client = aws("events")
    with Stubber(client) as stubber:
        answer = {"FailedEntryCount": 1, "Entries": [{"ErrorCode": code, "ErrorMessage": "no"}]}
        stubber.add_response("put_events", answer, {"Entries": ANY})
        with pytest.raises(ValueError, match=code):
            EventBridgeBus(client, BUS).publish(EVENT)


def test_an_event_that_is_too_large_is_not_to_be_tried_again(aws):
    client = aws("events")
    with Stubber(client) as stubber:
        stubber.add_client_error("put_events", "ValidationException")
        with pytest.raises(ValueError, match="ValidationException"):
            EventBridgeBus(client, BUS).publish(EVENT)


@pytest.mark.parametrize("code", ["InternalException", "ThrottlingException", "AccessDeniedException"])
def test_a_refusal_is_try_again(aws, code):
    client = aws("events")
    with Stubber(client) as stubber:
        stubber.add_client_error("put_events", code)
        with pytest.raises(TryAgain, match="did not answer"):
            EventBridgeBus(client, BUS).publish(EVENT)


def test_a_bus_out_of_reach_is_try_again():
    class OutOfReach:
        def put_events(self, **parameters):
            raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1")

    with pytest.raises(TryAgain):
        EventBridgeBus(OutOfReach(), BUS).publish(EVENT)

"""Queues: one message cannot take the others with it, and what an outage kept back waits for its end."""

import json
from types import SimpleNamespace

import pytest

from partner_center.entry.queues import message_handler, queue_handler
from partner_center.kernel.errors import ChangedMeanwhile, NotFound, TooSoon, TryAgain
from tests.fakes.receiver import Later, Receiver, an_event


def reported(answer):
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def a_message(number, body=None, receives=1):
    detail = {"detail-type": "order.issued.v1", "detail": an_event(number).envelope()}
    return {
        "messageId": f"m-{number}",
        "body": json.dumps(detail) if body is None else body,
        "attributes": {"ApproximateReceiveCount": str(receives)},
    }


def queue(receiver, *messages, later=None):
    return reported(queue_handler(receiver.make, (later or Later()).make)({"Records": list(messages)}, None))


def test_a_published_event_arrives_as_it_was_but_for_fractions_of_a_second():
    receiver = Receiver()
    assert queue(receiver, a_message(0)) == []
    assert receiver.taken == [an_event(0)]


@pytest.mark.parametrize("failure", [TryAgain("out"), RuntimeError(), MemoryError()], ids=repr)
def test_each_message_fails_by_itself(failure):
    receiver = Receiver(evt_2=failure)
    assert queue(receiver, *(a_message(number) for number in range(1, 5))) == ["m-2"]
    assert receiver.ids == ["evt_1", "evt_3", "evt_4"]


@pytest.mark.parametrize(
    "body",
    ["", "{", "[]", "{}", '{"detail":{}}', '{"detail":null}', '{"detail":{"id":"x"}}', "null", '"text"'],
)
def test_a_message_that_is_no_event_fails_by_itself(body):
    receiver, later = Receiver(), Later()
    assert queue(receiver, a_message(1, body), a_message(2), later=later) == ["m-1"]
    assert (receiver.ids, later.postponed) == (["evt_2"], {"m-1": 3})


def test_a_time_without_a_zone_is_no_event():
    detail = an_event(1).envelope() | {"occurred_at": "2026-11-23T10:00:00"}
    assert queue(Receiver(), a_message(1, json.dumps({"detail": detail}))) == ["m-1"]


# ---- outages

OUTAGES = {
    "service out": TryAgain("The mail service is out."),
    "changed": ChangedMeanwhile("Somebody was faster."),
    "too soon": TooSoon("A moment ago.", 30),
}
FAULTS = {
    "a mistake of ours": RuntimeError("no such attribute"),
    "no memory": MemoryError(),
    "a refusal": NotFound("No such order."),
}


@pytest.mark.parametrize("outage", OUTAGES.values(), ids=OUTAGES.keys())
def test_what_may_pass_is_reported_and_comes_again_later(outage):
    later = Later()
    messages = (a_message(1), a_message(2, receives=4), a_message(3))
    assert queue(Receiver(evt_2=outage), *messages, later=later) == ["m-2"]
    assert later.postponed == {"m-2": 24}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_is_reported_and_comes_again_soon_however_often(fault):
    later = Later()
    receiver = Receiver(evt_1=fault, evt_2=TryAgain("out"))
    assert queue(receiver, *(a_message(number, receives=9) for number in (1, 2)), later=later) == [
        "m-1",
        "m-2",
    ]
    assert later.postponed == {"m-1": 3, "m-2": 60}


@pytest.mark.parametrize("trouble", [TryAgain("out"), RuntimeError()], ids=["outage", "fault"])
@pytest.mark.parametrize(("receives", "told"), [(5, []), (6, ["m-1"]), (7, ["m-1"])])
def test_a_message_that_waits_for_long_is_told_before_its_deadline_is_near(caplog, trouble, receives, told):
    messages = (a_message(1, receives=receives), a_message(2, receives=receives))
    queue(Receiver(evt_1=trouble), *messages)
    assert [each.message_id for each in caplog.records if each.message == "a message waits"] == told


def test_nothing_is_made_to_postpone_with_while_all_goes_well():
    assert reported(queue_handler(Receiver().make, lambda: 1 / 0)({"Records": [a_message(1)]}, None)) == []


@pytest.mark.parametrize("trouble", [TryAgain("The queue is out."), RuntimeError()], ids=["outage", "fault"])
def test_what_cannot_be_postponed_is_reported_all_the_same(trouble):
    receiver = Receiver(evt_1=TryAgain("out"))
    assert queue(receiver, a_message(1), a_message(2), later=Later(trouble)) == ["m-1"]
    assert receiver.ids == ["evt_2"]


def test_a_message_that_is_not_postponed_among_others_is_told(caplog):
    later = Later(gone=["m-1"])
    messages = (a_message(1), a_message(2))
    trouble = TryAgain("out")
    assert queue(Receiver(evt_1=trouble, evt_2=trouble), *messages, later=later) == ["m-1", "m-2"]
    told = [(each.message_id, each.code) for each in caplog.records if each.message == "not postponed"]
    assert (told, later.postponed) == ([("m-1", "ReceiptHandleIsInvalid")], {"m-2": 3})


@pytest.mark.parametrize(("left", "taken"), [(21, [1, 2, 3]), (20, [1]), (0, [1])])
def test_what_there_is_no_time_for_is_not_begun_and_comes_again_at_the_pace_of_its_queue(left, taken):
    """A mail service that does not answer takes the time of the whole batch; the first is tried in any case."""
    tried, later = [], Later()
    handler = message_handler(lambda message: tried.append(message["number"]), later.make)
    records = [{"messageId": str(number), "body": json.dumps({"number": number})} for number in range(1, 4)]
    context = SimpleNamespace(get_remaining_time_in_millis=lambda: left * 1000)
    untried = [str(number) for number in range(1, 4) if number not in taken]
    assert reported(handler({"Records": records}, context)) == untried
    assert (tried, later.postponed) == (taken, {})


def test_what_is_not_begun_behind_an_outage_waits_like_what_met_it():
    """Each time that a queue gives a message out counts, begun or not; at its own pace 28 times are over soon."""
    later = Later()

    def hang(_):
        raise TryAgain("it does not answer")

    handler = message_handler(hang, later.make)
    records = [
        {"messageId": f"m-{count}", "body": "{}", "attributes": {"ApproximateReceiveCount": str(count)}}
        for count in (1, 3, 28)
    ]
    context = SimpleNamespace(get_remaining_time_in_millis=lambda: 14_000)
    assert reported(handler({"Records": records}, context)) == ["m-1", "m-3", "m-28"]
    assert later.postponed == {"m-1": 3, "m-3": 12, "m-28": 60}

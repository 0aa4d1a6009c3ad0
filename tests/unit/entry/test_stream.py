"""Streams and queues: one record cannot take the others with it, and what failed is delivered again."""

import json
from datetime import timedelta

import pytest

from partner_center.adapters.dynamodb import to_item
from partner_center.adapters.keys import Key
from partner_center.adapters.records import event_put
from partner_center.entry.stream import coalescing_handler, outbox_handler, queue_handler
from partner_center.kernel.errors import ChangedMeanwhile, NotFound, TooSoon, TryAgain
from partner_center.kernel.events import Event
from tests.fakes.determined import NOW


def an_event(number):
    return Event(
        event_id=f"evt_{number}",
        type="order.placed",
        occurred_at=NOW + timedelta(microseconds=number),
        correlation_id=f"request-{number}",
        data={"reseller_id": "res_1", "order_id": "ord_1", "attempt": number},
    )


class Receiver:
    """The use case behind the door: takes events, or fails on some of them."""

    def __init__(self, **failures):
        self.failures = failures
        self.taken = []

    def __call__(self, event):
        failure = self.failures.get(event.event_id)
        if failure is not None:
            raise failure
        self.taken.append(event)

    def make(self):
        return self

    @property
    def ids(self):
        return [event.event_id for event in self.taken]


# ---- the table's stream


def an_image(number):
    put = event_put("business", an_event(number))
    return to_item({"pk": put.key.pk, "sk": put.key.sk, **put.attributes})


def a_record(number, image=None, name="INSERT"):
    change = {"SequenceNumber": str(number)}
    if name != "REMOVE":
        change["NewImage"] = an_image(number) if image is None else image
    return {"eventName": name, "dynamodb": change}


class Aside:
    """Where poison is kept: whole batches, as the function takes them again."""

    def __init__(self, trouble=None):
        self.kept, self._trouble = [], trouble

    def __call__(self, batch):
        if self._trouble is not None:
            raise self._trouble
        self.kept.append(json.loads(json.dumps(batch)))

    def make(self):
        return self

    @property
    def numbers(self):
        return [record["dynamodb"]["SequenceNumber"] for batch in self.kept for record in batch["Records"]]


def stream(receiver, *records, aside=None):
    """The sequence numbers that are reported."""
    handler = outbox_handler(receiver.make, (aside or Aside(AssertionError("nothing is poison"))).make)
    answer = handler({"Records": list(records)}, None)
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def test_an_outbox_row_is_relayed_as_the_event_that_was_written():
    receiver = Receiver()
    assert stream(receiver, a_record(7)) == []
    assert receiver.taken == [an_event(7)]


def test_events_are_relayed_in_their_order():
    receiver = Receiver()
    stream(receiver, *(a_record(number) for number in range(5)))
    assert receiver.ids == [f"evt_{number}" for number in range(5)]


@pytest.mark.parametrize("sk", ["HEAD", "CONTENT#000001", "MESSAGE#1", "EVENT", "XEVENT#1"])
def test_other_rows_are_passed_over(sk):
    receiver = Receiver()
    image = to_item({"pk": "R#res_1#O#ord_1", "sk": sk, "status": "pending"})
    assert stream(receiver, a_record(1, image), a_record(2)) == []
    assert receiver.ids == ["evt_2"]


def test_a_row_that_was_deleted_is_no_event():
    """Outbox rows leave by their time to live; the stream tells that too."""
    receiver = Receiver()
    assert stream(receiver, a_record(1, name="REMOVE"), a_record(2)) == []
    assert receiver.ids == ["evt_2"]


# What may pass

OUTAGES = {
    "service out": TryAgain("The machine is out."),
    "changed": ChangedMeanwhile("Somebody was faster."),
    "too soon": TooSoon("A moment ago.", 30),
}


@pytest.mark.parametrize("outage", OUTAGES.values(), ids=OUTAGES.keys())
def test_what_may_pass_is_reported_and_holds_back_nobody(outage):
    """Lambda delivers again from there; what stands behind it is relayed all the same."""
    receiver, aside = Receiver(evt_2=outage), Aside()
    assert stream(receiver, *(a_record(number) for number in range(1, 5)), aside=aside) == ["2"]
    assert receiver.ids == ["evt_1", "evt_3", "evt_4"]
    assert aside.kept == []


def test_every_outage_is_reported():
    receiver = Receiver(evt_2=TryAgain("out"), evt_4=TryAgain("out"))
    assert stream(receiver, *(a_record(number) for number in range(1, 6))) == ["2", "4"]


def test_a_use_case_that_cannot_be_made_is_no_fault_of_the_record():
    """A deployment without its settings; every record would be set aside, and the next one needs none of that."""

    def broken():
        raise KeyError("BUS_NAME")

    aside = Aside()
    answer = outbox_handler(broken, aside.make)({"Records": [a_record(1)]}, None)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    assert aside.kept == []


# Poison

FAULTS = {
    "a mistake of ours": RuntimeError("no such attribute"),
    "no memory": MemoryError(),
    "a refusal": NotFound("No such order."),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_is_set_aside_at_once_and_holds_back_nobody(fault):
    receiver, aside = Receiver(evt_2=fault), Aside()
    assert stream(receiver, *(a_record(number) for number in range(1, 5)), aside=aside) == []
    assert receiver.ids == ["evt_1", "evt_3", "evt_4"]
    assert aside.numbers == ["2"]


def test_what_was_set_aside_is_relayed_by_the_same_door_once_the_fault_is_mended():
    aside, receiver = Aside(), Receiver()
    stream(Receiver(evt_1=RuntimeError(), evt_3=RuntimeError()), *map(a_record, range(1, 4)), aside=aside)
    assert aside.kept == [{"Records": [a_record(1)]}, {"Records": [a_record(3)]}]
    for batch in aside.kept:
        assert stream(receiver, *batch["Records"]) == []
    assert receiver.taken == [an_event(1), an_event(3)]


POISON = {
    "nothing but its key": {},
    "no type": {"at": 1, "correlation_id": "c", "data": {}, "version": 1},
    "time is text": {"type": "x", "at": "yesterday", "correlation_id": "c", "data": {}, "version": 1},
}


@pytest.mark.parametrize("attributes", POISON.values(), ids=POISON.keys())
def test_a_row_that_is_no_event_is_set_aside_and_not_fatal(attributes):
    receiver, aside = Receiver(), Aside()
    key = Key("R#res_1#O#ord_1", "EVENT#evt_bad")
    image = to_item({"pk": key.pk, "sk": key.sk, **attributes})
    assert stream(receiver, a_record(1), a_record(2, image), a_record(3), aside=aside) == []
    assert receiver.ids == ["evt_1", "evt_3"]
    assert aside.kept == [{"Records": [a_record(2, image)]}]


@pytest.mark.parametrize("image", [{}, {"pk": {"S": "x"}}, {"sk": {"N": "1"}}], ids=str)
def test_a_record_that_cannot_be_read_at_all_is_set_aside_and_not_fatal(image):
    receiver, aside = Receiver(), Aside()
    assert stream(receiver, a_record(1), a_record(2, image), a_record(3), aside=aside) == []
    assert (receiver.ids, aside.numbers) == (["evt_1", "evt_3"], ["2"])


@pytest.mark.parametrize("trouble", [TryAgain("The queue is out."), RuntimeError()], ids=["outage", "fault"])
def test_poison_that_cannot_be_set_aside_is_reported(trouble):
    receiver = Receiver(evt_2=RuntimeError())
    assert stream(receiver, *(a_record(number) for number in range(1, 4)), aside=Aside(trouble)) == ["2"]
    assert receiver.ids == ["evt_1", "evt_3"]


def test_a_queue_that_cannot_be_made_is_no_reason_to_lose_a_record():
    def broken():
        raise KeyError("RELAY_FAILURES")

    answer = outbox_handler(Receiver(evt_1=RuntimeError()).make, broken)({"Records": [a_record(1)]}, None)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "1"}]}


def test_poison_behind_an_outage_is_set_aside_once_the_outage_is_over():
    """Until then it comes again with every try, for a day perhaps, and would fill the queue."""
    records, aside = [a_record(number) for number in range(1, 5)], Aside()
    poison = RuntimeError()
    assert stream(Receiver(evt_2=TryAgain("out"), evt_3=poison), *records, aside=aside) == ["2", "3"]
    assert aside.kept == []
    receiver = Receiver(evt_3=poison)
    assert stream(receiver, *records[1:], aside=aside) == []
    assert (receiver.ids, aside.numbers) == (["evt_2", "evt_4"], ["3"])


def test_poison_before_an_outage_is_set_aside():
    aside = Aside()
    receiver = Receiver(evt_1=RuntimeError(), evt_2=TryAgain("out"))
    assert stream(receiver, *(a_record(number) for number in range(1, 4)), aside=aside) == ["2"]
    assert (receiver.ids, aside.numbers) == (["evt_3"], ["1"])


def test_an_empty_batch_has_no_failures():
    assert stream(Receiver()) == []


# ---- the queue behind the bus


def a_message(number, body=None):
    detail = {"detail-type": "order.issued.v1", "detail": an_event(number).envelope()}
    return {"messageId": f"m-{number}", "body": json.dumps(detail) if body is None else body}


def queue(receiver, *messages):
    answer = queue_handler(receiver.make)({"Records": list(messages)}, None)
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


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
    receiver = Receiver()
    assert queue(receiver, a_message(1, body), a_message(2)) == ["m-1"]
    assert receiver.ids == ["evt_2"]


def test_a_time_without_a_zone_is_no_event():
    detail = an_event(1).envelope() | {"occurred_at": "2026-11-23T10:00:00"}
    assert queue(Receiver(), a_message(1, json.dumps({"detail": detail}))) == ["m-1"]


# ---- what is handled together


class Builder:
    """Does what is named, all that are named at once; `broken` cannot be done."""

    def __init__(self, *broken):
        self.broken, self.runs = set(broken), []

    def __call__(self, wanted):
        self.runs.append(sorted(wanted))
        if self.broken & wanted:
            raise TryAgain("out")

    def send(self, *bodies):
        records = [{"messageId": str(number), "body": body} for number, body in enumerate(bodies)]
        answer = coalescing_handler(lambda message: message["name"], self)({"Records": records}, None)
        return [each["itemIdentifier"] for each in answer["batchItemFailures"]]


def named(name):
    return json.dumps({"name": name})


def test_messages_about_the_same_are_served_by_one_run():
    builder = Builder()
    assert builder.send(named("a"), named("b"), named("a")) == []
    assert builder.runs == [["a", "b"]]


@pytest.mark.parametrize("poison", ["", "{}", "[]", "null", "\0", '{"name"'], ids=repr)
def test_what_cannot_be_read_fails_alone(poison):
    builder = Builder()
    assert builder.send(named("a"), poison, named("b")) == ["1"]
    assert builder.runs == [["a", "b"]]


def test_what_cannot_be_done_keeps_no_other_from_it():
    builder = Builder("b")
    assert builder.send(named("a"), named("b"), named("c"), named("b")) == ["1", "3"]
    assert sorted(builder.runs[1:]) == [["a"], ["b"], ["c"]]


def test_one_thing_alone_is_tried_once():
    builder = Builder("a")
    assert builder.send(named("a"), named("a")) == ["0", "1"]
    assert builder.runs == [["a"]]


def test_a_batch_of_poison_runs_nothing():
    builder = Builder()
    assert builder.send("{}", "") == ["0", "1"]
    assert builder.runs == []

"""The stream: one record cannot take the others with it, and what an outage kept back is delivered again."""

import json

import pytest

from partner_center.adapters.dynamodb import to_item
from partner_center.adapters.keys import Key
from partner_center.adapters.records import event_put
from partner_center.entry.stream import outbox_handler
from partner_center.kernel.errors import ChangedMeanwhile, NotFound, TooSoon, TryAgain
from tests.fakes.receiver import Receiver, an_event


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


def test_an_outage_tells_why(caplog):
    stream(Receiver(evt_1=TryAgain("The database refuses us (AccessDeniedException).")), a_record(1))
    told = [(each.message, each.code, each.detail) for each in caplog.records]
    assert told == [("not relayed", "try_again", "The database refuses us (AccessDeniedException).")]


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

"""Reminders in a queue: what goes in comes out, ten at a time; a queue that takes less is told."""

import json
from datetime import date

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from partner_center.adapters.reminder_queue import (
    SqsReminderQueue,
    digest_day,
    reminder_from,
)
from partner_center.kernel.errors import TryAgain
from tests.fakes.contract_calendar import a_reminder
from tests.fakes.samples import US


class Queue:
    """An SQS client that keeps what it is sent; `trouble` is raised instead, or answered."""

    def __init__(self, trouble=None):
        self.bodies, self._trouble = [], trouble

    def send_message_batch(self, QueueUrl, Entries):  # noqa: N803
        if isinstance(self._trouble, Exception):
            raise self._trouble
        if self._trouble:
            return self._trouble
        assert QueueUrl == "https://queue.example.com"
        assert len({each["Id"] for each in Entries}) == len(Entries) <= 10
        self.bodies += [json.loads(each["MessageBody"]) for each in Entries]
        return {"Successful": []}


def queue(client):
    return SqsReminderQueue(client, "https://queue.example.com")


@pytest.mark.parametrize(
    "changes",
    [{}, {"serial": None, "partner_order_id": None, "names": (), "renewed_by": "ord_2"}],
    ids=["usual", "bare"],
)
def test_a_reminder_comes_out_as_it_went_in(changes):
    client, reminder = Queue(), a_reminder(**changes)
    queue(client).remind([reminder, reminder])
    assert [reminder_from(body) for body in client.bodies] == [reminder] * 2
    assert [digest_day(body) for body in client.bodies] == [None] * 2


def test_a_digest_comes_out_with_its_day():
    client = Queue()
    queue(client).digest(US, date(2027, 3, 1))
    (body,) = client.bodies
    assert (body["reseller_id"], digest_day(body)) == (US, date(2027, 3, 1))


@pytest.mark.parametrize(
    "trouble",
    [
        ClientError({"Error": {"Code": "ServiceUnavailable"}}, "SendMessageBatch"),
        EndpointConnectionError(endpoint_url="https://queue.example.com"),
        {"Failed": [{"Id": "1"}]},
    ],
    ids=["refused", "unreachable", "in part"],
)
def test_what_was_not_taken_as_a_whole_is_tried_again(trouble):
    with pytest.raises(TryAgain):
        queue(Queue(trouble)).remind([a_reminder()])


@pytest.mark.parametrize("body", [{}, {"kind": "weather"}, {"reseller_id": US, "order_id": "ord_1"}])
def test_what_is_no_message_of_ours_is_refused(body):
    with pytest.raises((KeyError, ValueError)):
        reminder_from(body)


def test_a_day_that_is_none_is_refused():
    with pytest.raises(ValueError, match="isoformat"):
        digest_day({"digest": "tomorrow"})

"""Messages into a queue and out of it: they arrive as they were sent, and stay out of sight as long as is said."""

import json
from datetime import timedelta
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from partner_center.adapters.message_queue import MessageQueue, Postponement
from partner_center.kernel.errors import TryAgain

RECORD = {
    "eventName": "INSERT",
    "dynamodb": {"SequenceNumber": "1", "NewImage": {"sk": {"S": "\N{SNOWMAN}"}}},
}


def test_a_message_arrives_as_it_was_sent(aws):
    client = aws("sqs")
    url = client.create_queue(QueueName="messages")["QueueUrl"]
    MessageQueue(lambda: client, url, "no").send({"Records": [RECORD]})
    (message,) = client.receive_message(QueueUrl=url)["Messages"]
    assert json.loads(message["Body"]) == {"Records": [RECORD]}


def test_no_client_is_made_before_there_is_something_to_send():
    def client():
        raise AssertionError("made too early")

    MessageQueue(client, "https://queue", "no")


OUTAGES = {
    "refused": ClientError({"Error": {"Code": "OverLimit", "Message": "no"}}, "SendMessage"),
    "silent": ConnectTimeoutError(endpoint_url="https://sqs"),
}


@pytest.mark.parametrize("outage", OUTAGES.values(), ids=OUTAGES.keys())
def test_a_message_that_is_not_taken_is_to_be_sent_again(outage):
    def send_message(**_):
        raise outage

    queue = MessageQueue(
        lambda: SimpleNamespace(send_message=send_message), "https://queue", "Later, please."
    )
    with pytest.raises(TryAgain, match="Later, please"):
        queue.send({})


# ---- what was given out and could not be handled


@pytest.fixture
def waiting(aws):
    """The client of a queue with two messages, and what receives them as Lambda delivers them."""
    client = aws("sqs")
    url = client.create_queue(QueueName="waiting", Attributes={"VisibilityTimeout": "60"})["QueueUrl"]
    arn = client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    for body in ("first", "second"):
        client.send_message(QueueUrl=url, MessageBody=body)

    def given_out(seconds):
        found = client.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=seconds)
        return [{"receiptHandle": each["ReceiptHandle"], "eventSourceARN": arn} for each in found["Messages"]]

    return client, given_out


class Overheard:
    """A client whose calls are kept with their answers; some it answers as the test says."""

    def __init__(self, client, **instead):
        self._client, self._instead, self.answers = client, instead, {}

    def __getattr__(self, name):
        def call(**parameters):
            answer = self._instead.get(name, getattr(self._client, name))(**parameters)
            self.answers[name] = (parameters, answer)
            return answer

        return call


SIX_MINUTES, AN_HOUR = timedelta(minutes=6), timedelta(hours=1)


def test_each_message_stays_out_of_sight_for_as_long_as_is_said(waiting):
    client, given_out = waiting
    overheard = Overheard(client)
    postpone, records = Postponement(overheard), given_out(60)
    assert postpone(list(zip(records, (SIX_MINUTES, AN_HOUR), strict=True))) == []
    asked, answer = overheard.answers["change_message_visibility_batch"]
    assert [each["VisibilityTimeout"] for each in asked["Entries"]] == [360, 3600]
    assert len(answer["Successful"]) == 2
    overheard.answers.clear()
    postpone([(records[0], AN_HOUR)])
    assert "get_queue_url" not in overheard.answers, "asked for once"


def test_one_that_is_gone_meanwhile_keeps_no_other_from_being_postponed(waiting):
    client, given_out = waiting
    overheard = Overheard(client)
    first, second = given_out(60)
    gone = first | {"receiptHandle": "of-another-time"}
    assert Postponement(overheard)([(gone, AN_HOUR), (second, AN_HOUR)]) == [(gone, "ReceiptHandleIsInvalid")]
    _, answer = overheard.answers["change_message_visibility_batch"]
    assert [len(answer["Failed"]), len(answer["Successful"])] == [1, 1]


@pytest.mark.parametrize("outage", OUTAGES.values(), ids=OUTAGES.keys())
@pytest.mark.parametrize("call", ["get_queue_url", "change_message_visibility_batch"])
def test_an_outage_of_the_queue_is_told(waiting, call, outage):
    client, given_out = waiting

    def trouble(**_):
        raise outage

    with pytest.raises(TryAgain):
        Postponement(Overheard(client, **{call: trouble}))([(each, AN_HOUR) for each in given_out(60)])

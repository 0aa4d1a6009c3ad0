"""Messages into a queue and out of it: they arrive as they were sent, and stay out of sight as long as is said."""

import json
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
    """A queue with messages of which the first was given out three times and the second once; and their records."""
    client = aws("sqs")
    url = client.create_queue(QueueName="waiting", Attributes={"VisibilityTimeout": "60"})["QueueUrl"]
    arn = client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    def given_out(seconds):
        found = client.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=10,
            VisibilityTimeout=seconds,
            AttributeNames=["ApproximateReceiveCount"],
        )
        return [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "attributes": message["Attributes"],
                "body": message["Body"],
                "eventSourceARN": arn,
            }
            for message in found.get("Messages", [])
        ]

    client.send_message(QueueUrl=url, MessageBody="first")
    given_out(0)
    given_out(0)
    client.send_message(QueueUrl=url, MessageBody="second")
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


def test_messages_stay_out_of_sight_the_longer_the_more_often_they_were_given_out(waiting):
    client, given_out = waiting
    overheard = Overheard(client)
    records = given_out(60)
    Postponement(overheard)(records)
    asked, answer = overheard.answers["change_message_visibility_batch"]
    seconds = {"first": 720, "second": 180}
    assert [each["VisibilityTimeout"] for each in asked["Entries"]] == [
        seconds[each["body"]] for each in records
    ]
    assert len(answer["Successful"]) == 2


def test_one_that_is_gone_meanwhile_keeps_no_other_from_being_postponed(waiting):
    client, given_out = waiting
    overheard = Overheard(client)
    records = given_out(60)
    Postponement(overheard)([records[0] | {"receiptHandle": "of-another-time"}, records[1]])
    _, answer = overheard.answers["change_message_visibility_batch"]
    assert [len(answer["Failed"]), len(answer["Successful"])] == [1, 1]


@pytest.mark.parametrize("outage", OUTAGES.values(), ids=OUTAGES.keys())
@pytest.mark.parametrize("call", ["get_queue_url", "change_message_visibility_batch"])
def test_an_outage_of_the_queue_is_told(waiting, call, outage):
    client, given_out = waiting

    def trouble(**_):
        raise outage

    with pytest.raises(TryAgain):
        Postponement(Overheard(client, **{call: trouble}))(given_out(60))

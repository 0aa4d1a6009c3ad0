"""Messages into a queue: they arrive as they were sent, and an outage is told with the sender's own words."""

import json
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from partner_center.adapters.message_queue import MessageQueue
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

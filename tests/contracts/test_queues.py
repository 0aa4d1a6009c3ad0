"""What pollers see of a queue is what the SDK would have told them."""

import base64

import pytest

from local.queues import RECEIVE_LIMIT, Queue

HIDDEN = 60


@pytest.fixture
def client(cloud):
    return cloud.client("sqs")


@pytest.fixture
def arn(client, number):
    attributes = {"VisibilityTimeout": str(HIDDEN)}
    url = client.create_queue(QueueName=f"polled-{number}", Attributes=attributes)["QueueUrl"]
    return client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


@pytest.fixture
def url(client, arn):
    return client.get_queue_url(QueueName=arn.rpartition(":")[2])["QueueUrl"]


def test_a_record_has_what_the_sdk_receives(client, arn, url, clock):
    attributes = {
        "tenant": {"DataType": "String", "StringValue": "northwind"},
        "digest": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
    }
    sent = client.send_message(QueueUrl=url, MessageBody='{"é": 1}', MessageAttributes=attributes)
    (record,) = Queue(arn).receive(10)
    clock.advance(HIDDEN + 1)
    (message,) = client.receive_message(QueueUrl=url, AttributeNames=["All"], MessageAttributeNames=["All"])[
        "Messages"
    ]
    assert record["messageId"] == message["MessageId"] == sent["MessageId"]
    assert record["body"] == message["Body"] == '{"é": 1}'
    assert record["md5OfBody"] == message["MD5OfBody"] == sent["MD5OfMessageBody"]
    assert record["attributes"] | {"ApproximateReceiveCount": "2"} == message["Attributes"]
    assert record["attributes"]["ApproximateReceiveCount"] == "1"
    assert record["messageAttributes"] == {
        "tenant": {"dataType": "String", "stringValue": "northwind"},
        "digest": {"dataType": "Binary", "binaryValue": base64.b64encode(b"\x00\xff").decode()},
    }
    assert (record["eventSource"], record["eventSourceARN"]) == ("aws:sqs", arn)
    assert message["ReceiptHandle"] != record["receiptHandle"]


def test_a_record_tells_who_traces_it_and_its_group(client, arn, url):
    trace = {"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-2-3"}}
    client.send_message(QueueUrl=url, MessageBody="m", MessageGroupId="tenant", MessageSystemAttributes=trace)
    (record,) = Queue(arn).receive(10)
    assert record["attributes"]["MessageGroupId"] == "tenant"
    assert record["attributes"]["AWSTraceHeader"] == "Root=1-2-3"


def test_a_message_is_hidden_while_it_is_handled_and_gone_when_it_is_deleted(arn, clock):
    queue = Queue(arn)
    assert queue.due() is None
    queue.send("again")
    assert queue.due() <= clock.now()
    (record,) = queue.receive(10)
    assert queue.receive(10) == []
    assert queue.due() == pytest.approx(clock.now() + HIDDEN, abs=5)
    clock.advance(HIDDEN + 1)
    (again,) = queue.receive(10)
    assert again["messageId"] == record["messageId"]
    queue.delete(again["receiptHandle"])
    assert queue.due() is None


def test_no_more_are_received_than_asked_for_and_than_sqs_answers(arn):
    queue = Queue(arn)
    for number in range(RECEIVE_LIMIT + 5):
        queue.send(str(number))
    assert len(queue.receive(3)) == 3
    assert len(queue.receive(1000)) == RECEIVE_LIMIT


def test_a_queue_that_is_not_there_and_a_message_that_is_too_long_are_refused(arn):
    with pytest.raises(KeyError, match="absent"):
        Queue(arn.rpartition(":")[0] + ":absent")
    with pytest.raises(ValueError, match="shorter"):
        Queue(arn).send("x" * 2_000_000)

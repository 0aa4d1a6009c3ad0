"""SQS as the mail queue and the dead-letter queues rely on it."""

import json
import threading

import pytest


@pytest.fixture
def client(cloud):
    return cloud.client("sqs")


@pytest.fixture
def queue(client, number):
    return client.create_queue(QueueName=f"queue-{number}", Attributes={"VisibilityTimeout": "60"})[
        "QueueUrl"
    ]


def bodies(client, queue, **more):
    answer = client.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, **more)
    return [message["Body"] for message in answer.get("Messages", [])]


def test_a_received_message_comes_again_after_its_visibility_timeout_in_virtual_time(client, queue, clock):
    client.send_message(QueueUrl=queue, MessageBody="mail")
    assert bodies(client, queue) == ["mail"]
    assert bodies(client, queue) == []
    clock.advance(59)
    assert bodies(client, queue) == []
    clock.advance(2)
    assert bodies(client, queue) == ["mail"]


def test_a_delay_counts_in_virtual_time(client, queue, clock):
    client.send_message(QueueUrl=queue, MessageBody="later", DelaySeconds=900)
    assert bodies(client, queue) == []
    clock.advance(901)
    assert bodies(client, queue) == ["later"]


def test_a_deleted_message_never_comes_again(client, queue, clock):
    client.send_message(QueueUrl=queue, MessageBody="once")
    (message,) = client.receive_message(QueueUrl=queue)["Messages"]
    client.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    clock.advance(3600)
    assert bodies(client, queue) == []


def test_a_message_received_too_often_goes_to_the_dead_letter_queue(client, queue, clock, number):
    dead = client.create_queue(QueueName=f"dead-{number}")["QueueUrl"]
    arn = client.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 2})
    client.set_queue_attributes(QueueUrl=queue, Attributes={"RedrivePolicy": policy})
    client.send_message(QueueUrl=queue, MessageBody="poison")
    for _ in range(2):
        assert bodies(client, queue) == ["poison"]
        clock.advance(61)
    assert bodies(client, queue) == []
    assert bodies(client, dead) == ["poison"]


def test_many_receivers_never_get_one_message_twice(cloud, queue, threads):
    """Unrepaired, two threads take the same visible message."""
    client = cloud.over_http("sqs")
    for batch in range(10):
        entries = [{"Id": f"{n}", "MessageBody": f"{batch * 10 + n}"} for n in range(10)]
        client.send_message_batch(QueueUrl=queue, Entries=entries)
    received = [body for some in threads.map(lambda _: bodies(client, queue), range(60)) for body in some]
    assert sorted(map(int, received)) == list(range(100))


def test_a_long_poll_lets_a_message_in(cloud, client, queue):
    http, received = cloud.over_http("sqs"), []
    poll = threading.Thread(target=lambda: received.extend(bodies(http, queue, WaitTimeSeconds=5)))
    poll.start()
    threading.Event().wait(0.1)
    client.send_message(QueueUrl=queue, MessageBody="at last")
    poll.join(3)
    assert received == ["at last"]

"""Handlers that show what the runtime does to them."""

import os
import random
import sys
import time
import uuid

import boto3
import dns.message
import dns.query
import dns.rcode
import urllib3
import uuid_utils

CALLS = 0


def echo(event, context):
    return event


def who_am_i(event, context):
    global CALLS  # noqa: PLW0603 - shows that a worker keeps its module between invocations
    CALLS += 1
    return {
        "pid": os.getpid(),
        "calls": CALLS,
        "environment": dict(os.environ),
        "path": sys.path,
        "remaining": context.get_remaining_time_in_millis(),
        "arn": context.invoked_function_arn,
        "local_tools": sorted(name for name in sys.modules if name.partition(".")[0] in ("local", "moto")),
    }


def from_layer(event, context):
    import only_in_the_layer  # noqa: PLC0415 - only here is it wanted

    return only_in_the_layer.WORD


def imported_by(event, context):
    """The process that imported the layer's module, and this one."""
    import only_in_the_layer  # noqa: PLC0415 - only here is it wanted

    return [only_in_the_layer.IMPORTED_BY, os.getpid()]


def sleep(event, context):
    time.sleep(event["seconds"])  # real time: this is what the time limit counts
    return "done"


def fail(event, context):
    raise ValueError("no such thing")


def leave(event, context):
    sys.exit(event["status"])


def unmarshalled(event, context):
    return object()


def speak(event, context):
    print("spoken before the end")
    os.abort()


def randomness(event, context):
    weak = random.random()  # noqa: S311 - whether forks repeat it is the question
    return [weak, str(uuid.uuid4()), str(uuid_utils.uuid7())]


def virtual_now(event, context):
    virtual, monotonic, speed = map(float, os.environ["PARTNER_CENTER_CLOCK"].split())
    return virtual + (time.monotonic() - monotonic) * speed


def reserve(event, context):
    """Takes one unit if there is one."""
    client = boto3.client("dynamodb")
    try:
        client.update_item(
            TableName=event["table"],
            Key={"pk": {"S": "units"}},
            UpdateExpression="SET units = units - :one",
            ConditionExpression="units > :none",
            ExpressionAttributeValues={":one": {"N": "1"}, ":none": {"N": "0"}},
        )
    except client.exceptions.ConditionalCheckFailedException:
        return "sold out"
    return "sold"


def write_twice(event, context):
    """Two calls, one item each: a fault between them leaves the first only."""
    client = boto3.client("dynamodb")
    for number in ("1", "2"):
        key = {"pk": {"S": event["key"] + number}}
        client.transact_write_items(TransactItems=[{"Put": {"TableName": event["table"], "Item": key}}])
    return "written"


def outside(event, context):
    """Asks a web server and a name server, and tells what it met."""
    met = []
    try:
        answer = urllib3.PoolManager().request("POST", event["url"], retries=False, preload_content=False)
        met.append(answer.status)
    except urllib3.exceptions.HTTPError as error:
        met.append(type(error).__name__)
    query = dns.message.make_query("example.com", "A")
    try:
        host, _, port = event["dns"].partition(":")
        met.append(dns.rcode.to_text(dns.query.udp(query, host, 2.0, int(port)).rcode()))
    except dns.exception.Timeout as error:
        met.append(type(error).__name__)
    return met


def change(event, context):
    """A write as the event says; what refused it."""
    client = boto3.client("dynamodb")
    try:
        getattr(client, event["operation"])(**event["parameters"])
    except client.exceptions.ClientError as error:
        response = error.response
        told = {name: response[name] for name in ("Item", "CancellationReasons") if name in response}
        return {"code": response["Error"]["Code"], **told}
    return {}


def ask_others(event, context):
    """One call for each way a resource is named."""
    boto3.client("kms").sign(
        KeyId=event["key"], Message=b"m", MessageType="RAW", SigningAlgorithm="ECDSA_SHA_256"
    )
    boto3.client("s3").put_object(Bucket=event["bucket"], Key="a/b", Body=b"content")
    boto3.client("sqs").send_message(QueueUrl=event["queue"], MessageBody="body")
    boto3.client("events").put_events(
        Entries=[{"Source": "s", "DetailType": "t", "Detail": "{}", "EventBusName": "default"}]
    )

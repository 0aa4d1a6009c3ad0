"""Workers ask the emulator on plain sockets: the answers are those of the SDK's own way, and so are the failures."""

import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import pytest
from botocore.endpoint import Endpoint
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    EndpointConnectionError,
    HTTPClientError,
    ReadTimeoutError,
)

from local.runtime import connections
from local.runtime.connections import Connections, Straight

TABLE = "plain"
ITEM = {
    "pk": {"S": "a"},
    "count": {"N": "1"},
    "bytes": {"B": b"\x00\xff"},
    "text": {"S": "ä€"},
    "none": {"NULL": True},
}
OURS = {"pk": {"S": "a"}}
CHANGE = {"Key": OURS, "UpdateExpression": "ADD #c :one", "ExpressionAttributeNames": {"#c": "count"}}
PLUS_ONE = {":one": {"N": "1"}}
REFUSED_PUT = {"Put": {"TableName": TABLE, "Item": ITEM, "ConditionExpression": "attribute_not_exists(pk)"}}

ASKED = {
    "put": ("dynamodb", "put_item", {"TableName": TABLE, "Item": ITEM}),
    "get": ("dynamodb", "get_item", {"TableName": TABLE, "Key": OURS, "ConsistentRead": True}),
    "nothing": ("dynamodb", "get_item", {"TableName": TABLE, "Key": {"pk": {"S": "none"}}}),
    "update": (
        "dynamodb",
        "update_item",
        {"TableName": TABLE, "ReturnValues": "ALL_NEW", **CHANGE, "ExpressionAttributeValues": PLUS_ONE},
    ),
    "query": (
        "dynamodb",
        "query",
        {
            "TableName": TABLE,
            "KeyConditionExpression": "pk = :p",
            "ExpressionAttributeValues": {":p": {"S": "a"}},
            "ReturnConsumedCapacity": "TOTAL",
        },
    ),
    "condition": (
        "dynamodb",
        "put_item",
        {
            "TableName": TABLE,
            "Item": ITEM,
            "ConditionExpression": "attribute_not_exists(pk)",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        },
    ),
    "cancelled": ("dynamodb", "transact_write_items", {"TransactItems": [REFUSED_PUT]}),
    "no table": ("dynamodb", "get_item", {"TableName": "elsewhere", "Key": OURS}),
    "parameter": ("ssm", "get_parameter", {"Name": "/none"}),
    "key": ("kms", "describe_key", {"KeyId": "none"}),
    "queue": ("sqs", "get_queue_url", {"QueueName": "none"}),
    "bus": ("events", "put_events", {"Entries": [{"Source": "a", "DetailType": "b", "Detail": "{}"}]}),
    "authority": ("acm-pca", "list_certificate_authorities", {}),
    "machine": ("stepfunctions", "send_task_success", {"taskToken": "none", "output": "{}"}),
}


def told(client, operation, parameters):
    """An answer, or an error's answer, without what differs each time."""
    try:
        answer = getattr(client, operation)(**parameters)
    except ClientError as error:
        answer = {"raised": type(error).__name__} | error.response
    told = {name: value for name, value in answer.items() if name not in ("ResponseMetadata", "Entries")}
    return told | {"status": answer["ResponseMetadata"]["HTTPStatusCode"], "parts": sorted(answer)}


@pytest.fixture
def taken(cloud, monkeypatch):
    """The shortcut, for one test."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a_function")
    for name in ("create_request", "_send"):
        monkeypatch.setattr(Endpoint, name, getattr(Endpoint, name))
    return lambda: connections.take(cloud.endpoint)


@pytest.fixture(scope="module")
def table(cloud):
    cloud.client("dynamodb").create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
    )


@pytest.mark.parametrize("asked", ASKED)
def test_the_answer_is_that_of_the_sdks_own_way(cloud, table, taken, monkeypatch, asked):
    service, operation, parameters = ASKED[asked]
    before = {"TableName": TABLE, "Item": ITEM}

    cloud.client("dynamodb").put_item(**before)
    slow = told(cloud.over_http(service), operation, parameters)
    taken()
    sent = []
    send = Connections.send
    monkeypatch.setattr(Connections, "send", lambda *args: sent.append(args[1]) or send(*args))
    cloud.client("dynamodb").put_item(**before)
    assert told(cloud.over_http(service), operation, parameters) == slow
    assert [each.headers["X-Amz-Target"].endswith(f".{_camel(operation)}") for each in sent] == [True]


def _camel(operation):
    return "".join(part.capitalize() for part in operation.split("_"))


def test_other_protocols_and_hosts_go_the_sdks_way(cloud, table, taken, monkeypatch):
    taken()
    monkeypatch.setattr(Connections, "send", lambda *_: pytest.fail("not this one"))
    cloud.over_http("s3").list_buckets()
    cloud.client("dynamodb").get_item(TableName=TABLE, Key=OURS)


def test_the_scope_tells_the_region(cloud, table, taken):
    taken()
    names = {}
    for region in ("eu-west-1", "us-east-2"):
        client = cloud.over_http("dynamodb", region_name=region)
        names[region] = client.list_tables()["TableNames"]
    assert TABLE in names["eu-west-1"]
    assert TABLE not in names["us-east-2"]


# ---- the connection itself

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Told: a: b\r\n\r\n{}"
REQUEST = Straight("http://there/", {"X-Amz-Target": "a.b"}, b'{"a":1}')


@contextmanager
def serving(*parts, wait=None, stays=True):
    """A host that reads each request and answers in these parts; the number of its connections, and what it read."""
    seen, made = [], []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answers(connection):
            with connection, suppress(ConnectionError):
                while read := connection.recv(1 << 16):
                    seen.append(read)
                    if wait is not None:
                        wait.wait(5)
                    for part in parts:
                        connection.sendall(part)
                    if not stays:
                        return

        def accepts():
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                made.append(connection)
                threading.Thread(target=answers, args=(connection,), daemon=True).start()

        accepting = threading.Thread(target=accepts, daemon=True)
        accepting.start()
        try:
            yield Connections(f"http://127.0.0.1:{server.getsockname()[1]}"), made, seen
        finally:
            if wait is not None:
                wait.set()
            server.shutdown(socket.SHUT_RDWR)
            accepting.join(5)


@pytest.mark.parametrize("size", [1, 7, len(ANSWER)])
def test_an_answer_may_come_in_parts_of_any_size_on_a_connection_that_stays(size):
    parts = [ANSWER[start : start + size] for start in range(0, len(ANSWER), size)]
    with serving(*parts) as (host, made, seen):
        for _ in range(3):
            answer = host.send(REQUEST, 5, 5)
            assert (answer.status_code, answer.content) == (200, b"{}")
            assert answer.headers["x-told"] == "a: b"
    assert len(made) == 1
    assert seen[0].startswith(b"POST / HTTP/1.1\r\n")
    assert seen[0].endswith(b'Content-Length: 7\r\nX-Amz-Target: a.b\r\n\r\n{"a":1}')


def test_threads_have_connections_of_their_own_while_they_wait():
    all_asked = threading.Event()
    with serving(ANSWER, wait=all_asked) as (host, made, seen), ThreadPoolExecutor(4) as threads:
        answers = [threads.submit(host.send, REQUEST, 5, 5) for _ in range(4)]
        while len(seen) < 4:
            threading.Event().wait(0.001)
        all_asked.set()
        assert {answer.result().content for answer in answers} == {b"{}"}
        assert host.send(REQUEST, 5, 5).content == b"{}"
    assert len(made) == 4


def test_a_connection_that_is_told_to_end_is_not_used_again():
    closing = ANSWER.replace(b"X-Told: a: b", b"connection: Close")
    with serving(closing, stays=False) as (host, made, _):
        assert [host.send(REQUEST, 5, 5).status_code for _ in range(2)] == [200, 200]
    assert len(made) == 2


BROKEN = {
    "nothing": b"",
    "half a head": ANSWER[:20],
    "half a body": ANSWER[:-1],
    "no length": b"HTTP/1.1 200 OK\r\nX-Told: a\r\n\r\n{}",
}


@pytest.mark.parametrize("broken", BROKEN)
def test_an_answer_that_is_not_whole_is_a_connection_that_was_closed(broken):
    with serving(BROKEN[broken], stays=False) as (host, made, _):
        for _ in range(2):
            with pytest.raises(ConnectionClosedError):
                host.send(REQUEST, 5, 5)
    assert len(made) == 2, "what broke is not used again"


def test_a_head_without_end_is_not_read_for_ever():
    with (
        serving(b"HTTP/1.1 200 OK\r\n" + b"X" * 200_000) as (host, _, _),
        pytest.raises(ConnectionClosedError),
    ):
        host.send(REQUEST, 5, 5)


def test_who_does_not_answer_in_time_has_timed_out():
    with serving(ANSWER, wait=threading.Event()) as (host, _, _), pytest.raises(ReadTimeoutError):
        host.send(REQUEST, 5, 0.05)


def test_nobody_there_is_told_as_the_sdk_does():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(EndpointConnectionError):
        Connections(f"http://127.0.0.1:{port}").send(REQUEST, 1, 1)


def test_what_is_no_answer_at_all_is_an_error_of_the_client(cloud, table, taken, monkeypatch):
    taken()

    def fails(*_):
        raise ValueError("no number")

    monkeypatch.setattr(Connections, "send", fails)
    with pytest.raises(HTTPClientError):
        cloud.over_http("dynamodb").get_item(TableName=TABLE, Key=OURS)

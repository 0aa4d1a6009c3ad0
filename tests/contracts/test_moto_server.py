"""moto's server as the project's functions reach it."""

import http.client
import json
import socket
from urllib.parse import urlsplit

import pytest
from botocore.config import Config


def asked(connection, target, body):
    """One request in the JSON protocol, signed in form only."""
    scope = "Credential=a/20261126/eu-west-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0"
    sent = {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.0"}
    connection.request("POST", "/", body, sent | {"Authorization": f"AWS4-HMAC-SHA256 {scope}"})
    reply = connection.getresponse()
    return reply.status, json.loads(reply.read() or b"null")


@pytest.fixture
def connection(cloud):
    there = urlsplit(cloud.endpoint)
    connection = http.client.HTTPConnection(there.hostname, there.port, timeout=10)
    yield connection
    connection.close()


def test_calls_share_a_connection_refusals_and_failures_included(connection):
    """Unrepaired, each call costs a connection, a thread and a walk through Flask."""
    tables, name = "DynamoDB_20120810.ListTables", "DynamoDB_20120810.DescribeTable"
    status, answer = asked(connection, tables, b"{}")
    used = connection.sock
    assert (status, [*answer]) == (200, ["TableNames"])
    status, answer = asked(connection, name, b'{"TableName": "none"}')
    assert (status, answer["__type"].rpartition("#")[2]) == (400, "ResourceNotFoundException")
    assert asked(connection, "DynamoDB_20120810.Nothing", b"{}") == (500, None)
    assert asked(connection, tables, b"{}")[0] == 200
    assert connection.sock is used


def test_items_come_back_as_they_were_put_binary_values_included(cloud, connection):
    table = cloud.table(keys=("pk",))
    item = {
        "pk": {"S": "one"},
        "B": {"B": "AP8="},
        "blobs": {"BS": ["AAE=", "AgM="]},
        "deep": {"M": {"B": {"S": "AP8="}, "list": {"L": [{"B": "/w=="}, {"NULL": True}, {"N": "1.50"}]}}},
        "names": {"SS": ["b", "a"]},
    }
    put = {"TableName": table, "Item": item}
    assert asked(connection, "DynamoDB_20120810.PutItem", json.dumps(put))[0] == 200
    key = {"TableName": table, "Key": {"pk": {"S": "one"}}}
    status, answer = asked(connection, "DynamoDB_20120810.GetItem", json.dumps(key))
    assert status == 200
    assert sorted(answer["Item"].pop("names")["SS"]) == ["a", "b"]
    del item["names"]
    assert answer["Item"] == item
    found = cloud.client("dynamodb").get_item(TableName=table, Key={"pk": {"S": "one"}})["Item"]
    assert (found["B"]["B"], found["deep"]["M"]["list"]["L"][0]["B"]) == (b"\x00\xff", b"\xff")


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"Item": {"pk": {"B": "%"}}}', b"[]", b"null"])
def test_what_is_no_json_is_refused(connection, body):
    status, answer = asked(connection, "DynamoDB_20120810.GetItem", body)
    assert (status, answer["__type"].rpartition("#")[2]) == (400, "SerializationException")


def test_items_are_in_the_region_that_the_request_is_signed_for(cloud):
    table = cloud.table(keys=("pk",))
    elsewhere = cloud.over_http("dynamodb", config=Config(region_name="us-east-1"))
    with pytest.raises(elsewhere.exceptions.ResourceNotFoundException):
        elsewhere.get_item(TableName=table, Key={"pk": {"S": "one"}})
    assert "Item" not in cloud.over_http("dynamodb").get_item(TableName=table, Key={"pk": {"S": "one"}})


def test_a_body_in_another_protocol_goes_the_way_of_moto(cloud):
    assert cloud.over_http("sts").get_caller_identity()["Account"] == "123456789012"


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("Expect: 100-continue\r\nContent-Length: 2", b"100"),
        ("X-Long: " + "x" * 70_000, b"431"),
    ],
    ids=["a client that waits to be asked", "a line without end"],
)
def test_heads_of_other_clients_are_answered(cloud, head, status):
    there = urlsplit(cloud.endpoint)
    with socket.create_connection((there.hostname, there.port), timeout=10) as connection:
        target = "X-Amz-Target: DynamoDB_20120810.ListTables"
        connection.sendall(f"POST / HTTP/1.1\r\n{target}\r\n{head}\r\n\r\n".encode())
        assert connection.recv(12) == b"HTTP/1.1 " + status

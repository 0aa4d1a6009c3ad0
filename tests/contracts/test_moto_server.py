"""moto's server as the project's functions reach it."""

import http.client
import json
from urllib.parse import urlsplit

import pytest


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

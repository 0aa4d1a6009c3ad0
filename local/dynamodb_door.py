"""Requests about items of DynamoDB, handed to moto's methods at once.

They are nine tenths of all requests. moto would make a request of Werkzeug's of each, look for forms and query
strings in its body, and walk through the model of the API beside it.
"""

import base64
import json
from collections.abc import Mapping
from typing import Any

from moto.dynamodb.responses import DynamoHandler

from local.template import REGION

Answer = tuple[int, Mapping[str, Any], str | bytes]

OPERATIONS = frozenset(
    {"BatchGetItem", "DeleteItem", "GetItem", "PutItem", "Query", "Scan", "TransactWriteItems", "UpdateItem"}
)


class _Handler(DynamoHandler):
    """One request, with what moto's `setup_class` would find in it."""

    def __init__(self, region: str, account: str, operation: str, parameters: dict[str, Any]) -> None:
        super().__init__()
        self.region, self.current_account, self._operation = region, account, operation
        self.params = parameters
        self.response_headers = {"server": "amazon.com"}
        self.uri_match: dict[str, Any] = {}

    def _get_action(self) -> str:
        return self._operation


def answer(account: str, headers: Mapping[str, str], body: bytes) -> Answer:
    """`headers` have lower-case names; the region is the one that the request was signed for, if it was."""
    scope = headers.get("authorization", "").split(",")[0].split("/")
    region = scope[2] if len(scope) > 2 else REGION
    operation = headers["x-amz-target"].rpartition(".")[2]
    try:
        parameters = json.loads(body, object_hook=_decoded)
    except ValueError:
        parameters = None
    if not isinstance(parameters, dict):
        return 400, {}, json.dumps({"__type": "com.amazon.coral.service#SerializationException"})
    handler: Any = _Handler(region, account, operation, parameters)
    found: Answer = handler.call_action()
    return found


def _decoded(value: dict[str, Any]) -> dict[str, Any]:
    """Binary values have the form of Base64 on the wire (DynamoDB API: AttributeValue)."""
    if len(value) == 1:
        if isinstance(coded := value.get("B"), str):
            return {"B": base64.b64decode(coded, validate=True)}
        if isinstance(several := value.get("BS"), list):
            return {"BS": [base64.b64decode(each, validate=True) for each in several]}
    return value

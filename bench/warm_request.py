"""What the door costs a warm function for each request: `python -m bench.warm_request [--requests 2000]`.

Processor time in this process, calls to DynamoDB included but for the network: a stand-in answers where bytes would
leave. Behind the door is nothing but a refusal. Budget of a whole read: 1 ms.
"""

import argparse
import json
import os
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.session import get_session

from partner_center.accounts.api_keys import Role, make_key
from partner_center.accounts.quota import Policy, Quotas, RequestCounts
from partner_center.adapters.access_store import AccessStore
from partner_center.adapters.clock import SystemClock
from partner_center.adapters.dynamodb import Database, Value, to_item
from partner_center.adapters.quota_store import QuotaStore
from partner_center.entry.api import Answer, Api, Door, Request
from partner_center.kernel.errors import NotFound
from partner_center.kernel.ids import RandomIds

_UNCOUNTED = 10**9
_CREDENTIALS = {
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "AWS_EC2_METADATA_DISABLED": "true",
}


class CountsHere:
    """`RequestCounts` in this process: what the decision costs without the write."""

    def __init__(self) -> None:
        self._counted: Counter[tuple[str, str, int]] = Counter()

    def add(self, policy: str, caller: str, window_end: int) -> int:
        self._counted[policy, caller, window_end] += 1
        return self._counted[policy, caller, window_end]


class _Raw:
    """The body of a stand-in's answer, as urllib3 would stream it."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, **_: Any) -> list[bytes]:
        return [self._content]


def client_without_network(answers: Mapping[str, Mapping[str, Any]]) -> Any:
    """A DynamoDB client that is answered by operation."""
    client: Any = get_session().create_client("dynamodb")
    bodies = {operation: json.dumps(answer).encode() for operation, answer in answers.items()}

    def answer(request: Any, **_: Any) -> AWSResponse:
        operation = request.headers["X-Amz-Target"].decode().rpartition(".")[2]
        return AWSResponse(request.url, 200, HTTPHeaders(), _Raw(bodies[operation]))

    client.meta.events.register("before-send.dynamodb", answer)
    return client


def milliseconds(work: Callable[[], object], count: int) -> float:
    """Of processor time, for one of `count`."""
    began = time.process_time()
    for _ in range(count):
        work()
    return (time.process_time() - began) / count * 1000


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.warm_request", description=__doc__)
    parser.add_argument("--requests", type=int, default=2000)
    count = parser.parse_args().requests
    os.environ.update(_CREDENTIALS)
    clock = SystemClock()
    key, text = make_key("northwind", Role.READ, RandomIds(), clock.now())
    stored: dict[str, Value] = {
        "reseller_id": "northwind",
        "role": "read",
        "secret_sha256": key.secret_sha256,
        "created_at": 1,
    }
    answers = {"GetItem": {"Item": to_item(stored)}, "UpdateItem": {"Attributes": {"used": {"N": "7"}}}}
    database = Database(client_without_network(answers))
    keys = AccessStore(database, "access")

    def api(counts: RequestCounts, quota: int) -> Api:
        door = Door(keys, clock, Quotas(counts, Policy("key", quota), Policy("address", quota)))
        made = Api(lambda: door)

        @made.route("GET", "/v1/products/<code>", Role.READ)
        def product(_request: Request, _caller: object, code: str) -> Answer:
            raise NotFound(f"There is no product {code}.")

        return made

    http = {"method": "GET", "path": "/v1/products/none", "sourceIp": "192.0.2.7", "protocol": "HTTP/1.1"}
    event = {
        "version": "2.0",
        "routeKey": "GET /v1/products/{code}",
        "rawPath": "/v1/products/none",
        "rawQueryString": "",
        "headers": {"authorization": f"Bearer {text}"},
        "requestContext": {"http": http, "requestId": "r", "stage": "$default"},
        "isBase64Encoded": False,
    }
    handlers = {
        "key read": api(CountsHere(), _UNCOUNTED),
        "key read, counted": api(QuotaStore(database, "quota"), _UNCOUNTED),
        "key read, used up": api(CountsHere(), 1),
    }
    for handler in handlers.values():
        milliseconds(lambda: handler(event, None), count // 10 + 1)  # noqa: B023 - called at once
    taken = {
        name: min(milliseconds(lambda: handler(event, None), count // 5 + 1) for _ in range(5))  # noqa: B023
        for name, handler in handlers.items()
    }
    for name, spent in taken.items():
        print(f"{name:20} {spent:6.3f} ms   x {spent / taken['key read']:4.2f}")
    quotas = Quotas(CountsHere(), Policy("key", _UNCOUNTED), Policy("address", _UNCOUNTED))
    decided = milliseconds(lambda: quotas.spend(quotas.key, key.key_id, clock.now()), count)
    print(f"of that, the decision {decided:.4f} ms")


if __name__ == "__main__":
    main()

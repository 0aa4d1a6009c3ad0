"""HTTP API events (payload 2.0) as the gateway makes them, and answers as a client reads them."""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from partner_center.accounts.api_keys import ApiKey, Role, make_key, make_staff_key
from partner_center.accounts.staff import StaffKey, StaffRole
from tests.fakes.determined import NOW, CountingIds
from tests.fakes.samples import US

REQUEST_ID = "req-0001"


@dataclass(frozen=True)
class HttpAnswer:
    """What came back; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@dataclass
class MemoryApiKeys:
    """`ApiKeys`: one key for each role that was asked for, and the header that brings it."""

    keys: dict[str, ApiKey | StaffKey] = field(default_factory=dict)
    ids: CountingIds = field(default_factory=CountingIds)

    def find(self, key_id: str) -> ApiKey | StaffKey | None:
        return self.keys.get(key_id)

    def header(self, role: Role = Role.ORDERS, reseller_id: str = US, **changes: Any) -> dict[str, str]:
        key, text = make_key(reseller_id, role, self.ids, NOW)
        self.keys[key.key_id] = replace(key, **changes)
        return {"Authorization": f"Bearer {text}"}

    def staff_header(
        self, *roles: StaffRole, person: str = "rosa.reviewer", **changes: Any
    ) -> dict[str, str]:
        key, text = make_staff_key(person, roles, self.ids, NOW)
        self.keys[key.key_id] = replace(key, **changes)
        return {"Authorization": f"Bearer {text}"}


def an_http_event(
    method: str,
    path: str,
    body: Any = None,
    headers: Mapping[str, str] | None = None,
    query: str = "",
    source: str = "192.0.2.7",
) -> dict[str, Any]:
    """The event; a body that is neither text nor bytes is sent as JSON, bytes as base64."""
    sent = dict(headers or {})
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": f"{method} {path}",
        "rawPath": path,
        "rawQueryString": query,
        "headers": sent,
        "requestContext": {
            "http": {"method": method, "path": path, "sourceIp": source, "protocol": "HTTP/1.1"},
            "requestId": REQUEST_ID,
            "stage": "$default",
        },
        "isBase64Encoded": False,
    }
    if body is None:
        return event
    if isinstance(body, bytes):
        return event | {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
    if isinstance(body, str):
        return event | {"body": body}
    sent.setdefault("content-type", "application/json")
    return event | {"body": json.dumps(body)}


def send(handler: Callable[[dict[str, Any], Any], dict[str, Any]], event: dict[str, Any]) -> HttpAnswer:
    """The handler's answer, read the way the gateway reads it."""
    answer = handler(event, None)
    body = answer.get("body") or ""
    text = base64.b64decode(body).decode() if answer.get("isBase64Encoded") else body
    headers = {name.lower(): value for name, value in answer["headers"].items()}
    return HttpAnswer(answer["statusCode"], headers, text)

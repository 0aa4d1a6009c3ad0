"""Every list takes the same limit and the same cursor: a number is clamped, anything else is refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from local.cloud import EmbeddedCloud
from tests.functions.journeys import Reply, Reseller, Reviewer, staff_key

pytestmark = pytest.mark.cloud

OPENAPI = json.loads((Path(__file__).parents[2] / "docs/openapi.json").read_text("utf-8"))
LISTS = {
    "/v1/products": {},
    "/v1/orders": {"common_name": "a"},
    "/v1/orders/{order_id}/messages": {},
    "/v1/orders/{order_id}/domains": {},
    "/v1/orders/{order_id}/reissues": {},
    "/v1/orders/{order_id}/domains/{name}/approvers": {},
    "/v1/domains": {},
    "/v1/contracts": {},
    "/v1/contracts/{contract_id}/ledger": {},
    "/v1/staff/queues/certificates": {},
    "/v1/staff/queues/contracts": {},
    "/v1/staff/queues/payments": {},
    "/v1/staff/queues/problem-reports": {},
    "/v1/staff/queues/quality-review": {},
}
"""Each with what it asks for besides."""

QUEUES = {
    "/v1/staff/queues/certificates": "validation",
    "/v1/staff/queues/contracts": "finance",
    "/v1/staff/queues/payments": "finance",
    "/v1/staff/queues/problem-reports": "validation",
    "/v1/staff/queues/quality-review": "review",
}

LIMITS = {
    "0": 200,
    "-1": 200,
    "1": 200,
    "200": 200,
    "201": 200,
    "9" * 20: 200,
    "abc": 400,
    "": 400,
    "1.5": 400,
    "1e2": 400,
    "%201": 400,
    "0x10": 400,
}
NAME = "a.lists.example.net"


@pytest.fixture(scope="module")
def order_id(cloud: EmbeddedCloud, northwind: Reseller) -> str:
    return northwind.placed(
        name=NAME, approver="admin@lists.example.net", additional_domains=["b.lists.example.net"]
    )


def read(northwind: Reseller, order_id: str, path: str, query: str) -> Reply:
    role = QUEUES.get(path)
    who = Reviewer(northwind.cloud, staff_key(northwind.cloud, role)) if role else northwind
    besides = "".join(f"{name}={value}&" for name, value in LISTS[path].items())
    ids = {"order_id": order_id, "name": NAME, "contract_id": northwind.contracts[0]["contract_id"]}
    return who.call("GET", f"{path.format(**ids)}?{besides}{query}")


def test_every_list_of_the_contract_stands_in_this_table() -> None:
    def is_list(operation: dict[str, Any]) -> bool:
        schema = (
            operation["responses"]["200"].get("content", {}).get("application/json", {}).get("schema", {})
        )
        shape = OPENAPI["components"]["schemas"].get(str(schema.get("$ref")).rpartition("/")[2], {})
        return "next_cursor" in shape.get("properties", {})

    listed = {path for path, routes in OPENAPI["paths"].items() if "get" in routes and is_list(routes["get"])}
    assert listed == set(LISTS)


@pytest.mark.parametrize("path", LISTS)
def test_a_limit_is_clamped_where_it_is_a_number_and_refused_where_it_is_none(
    northwind: Reseller, order_id: str, path: str
) -> None:
    for text, status in LIMITS.items():
        reply = read(northwind, order_id, path, f"limit={text}")
        assert reply.status == status, (text, reply.text)
        if status == 400:
            assert reply.json["code"] == "malformed"
        elif text in {"0", "-1", "1"}:
            assert len(reply.json["items"]) <= 1


@pytest.mark.parametrize("path", LISTS)
def test_a_cursor_of_another_list_is_refused(northwind: Reseller, order_id: str, path: str) -> None:
    for cursor in ("zzz", "x" * 5000, "%00"):
        reply = read(northwind, order_id, path, f"cursor={cursor}")
        assert (reply.status, reply.json["code"]) == (400, "malformed"), cursor
    assert read(northwind, order_id, path, "cursor=").status == 200


@pytest.mark.parametrize(
    "path",
    ["/v1/products", "/v1/orders/{order_id}/domains", "/v1/orders/{order_id}/domains/{name}/approvers"],
)
def test_what_comes_page_by_page_is_what_comes_at_once(northwind: Reseller, order_id: str, path: str) -> None:
    whole = read(northwind, order_id, path, "").json
    assert whole["next_cursor"] is None
    found, cursor = [], ""
    while cursor is not None:
        page = read(northwind, order_id, path, f"limit=3&cursor={cursor}").json
        assert len(page["items"]) <= 3
        found, cursor = found + page["items"], page["next_cursor"]
    assert found == whole["items"]

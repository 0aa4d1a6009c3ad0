"""Asking for a reissue, and reading what became of it."""

from typing import Any

from tests.functions.journeys import Reply, Reseller, csr_for


def ask(reseller: Reseller, order: dict[str, Any], **more: Any) -> Reply:
    """Asks for a reissue with another key; what is to follow by itself is over on return."""
    headers = {name: more.pop(name) for name in list(more) if name == "idempotency_key"}
    body = {"csr": csr_for(order["common_name"], label="second")} | more
    reply = reseller.call("POST", f"/v1/orders/{order['order_id']}/reissues", body, **headers)
    assert reseller.cloud.settle()
    return reply


def reissued(reseller: Reseller, order: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A reissue, as it stands once nothing is under way."""
    reply = ask(reseller, order, **more)
    assert reply.status == 201, reply.text
    return shown(reseller, reply)


def shown(reseller: Reseller, reply: Reply) -> dict[str, Any]:
    read = reseller.call("GET", f"/v1/orders/{reply.json['order_id']}/reissues/{reply.json['reissue_id']}")
    assert read.status == 200, read.text
    return dict(read.json)

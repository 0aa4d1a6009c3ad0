"""An order that is reissued by itself inside its term, over HTTP and with the real schedules."""

from datetime import datetime
from typing import Any

import pytest

from local.cloud import EmbeddedCloud
from tests.functions.journeys import Reseller, answer, approval_links

pytestmark = pytest.mark.cloud

AN_HOUR = 3600


def until_due(cloud: EmbeddedCloud, order: dict[str, Any]) -> None:
    """Waits for the moment from which the order's next certificate is best made, and for the run after it."""
    opens = datetime.fromisoformat(order["next_deadline"]["opens_at"])
    cloud.advance(opens.timestamp() - cloud.clock.now() + 2 * AN_HOUR)


def reissues(reseller: Reseller, order: dict[str, Any]) -> list[dict[str, Any]]:
    return list(reseller.call("GET", f"/v1/orders/{order['order_id']}/reissues").json["items"])


def test_orders_reissue_themselves_with_the_same_key_and_ask_for_proofs_that_have_ended(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    chosen = {"auto_reissue": True, "key": "same", "days_before": 30}
    order = northwind.issued(name="itself.example.com", lifecycle=chosen)
    later = northwind.issued(name="later.example.com")
    never = northwind.issued(name="never.example.com", lifecycle=chosen)
    assert northwind.amend(later["order_id"], {"lifecycle": chosen}).status == 200
    assert northwind.amend(never["order_id"], {"lifecycle": None}).status == 200
    assert cloud.settle()
    links = len(approval_links(cloud, order["order_id"]))
    first = order["certificates"][0]

    until_due(cloud, order)
    assert len(approval_links(cloud, order["order_id"])) == links + 1, "its proof is too old by now"
    (waiting,) = reissues(northwind, order)
    assert (waiting["status"], waiting["previous"]) == ("pending", first["serial"])
    assert len(reissues(northwind, later)) == 1
    assert reissues(northwind, never) == []

    assert answer(approval_links(cloud, order["order_id"])[-1], "approve").status == 200
    assert cloud.settle()
    after = northwind.order(order["order_id"])
    newest = after["certificates"][0]
    assert (newest["spki_sha256"], newest["reissue_id"]) == (first["spki_sha256"], waiting["reissue_id"])
    assert newest["not_after"] > first["not_after"]
    assert after["status"] == "issued"

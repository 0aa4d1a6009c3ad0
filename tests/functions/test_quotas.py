"""Quotas over HTTP: who is over waits for the next window, of many at once no more come in, and all is told."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from local.cloud import EmbeddedCloud
from tests.functions.journeys import UNHINDERED, Reply, Reseller, Reviewer, answer, approval_links, call

pytestmark = pytest.mark.cloud

QUOTA = 5


@pytest.fixture
def small(cloud: EmbeddedCloud) -> Iterator[Callable[..., None]]:
    """Deploys functions with small quotas for one test: the environment is all that the parameters change."""
    before = dict(cloud.stack.functions)

    def deploy(*functions: str, **more: str) -> None:
        for name in functions:
            config = before[f"local-{name}"]
            environment = config.environment | {"KEY_QUOTA": str(QUOTA), "ADDRESS_QUOTA": str(QUOTA)} | more
            cloud.runtime.add(replace(config, environment=environment))

    yield deploy
    for config in before.values():
        cloud.runtime.add(config)


def limit(reply: Reply) -> tuple[str, int, int]:
    """Name, what is left, seconds to the window's end."""
    name, left, resets_in = reply.headers["ratelimit"].split(";")
    return name.strip('"'), int(left.removeprefix("r=")), int(resets_in.removeprefix("t="))


def next_window(cloud: EmbeddedCloud, reply: Reply) -> None:
    cloud.advance(limit(reply)[2])


def products(reseller: Reseller) -> Reply:
    return reseller.call("GET", "/v1/products")


def test_the_parameters_of_the_template_reach_the_functions(cloud: EmbeddedCloud) -> None:
    for function in cloud.stack.functions.values():
        told = {name: function.environment[name] for name in ("KEY_QUOTA", "ADDRESS_QUOTA")}
        assert list(told.values()) == list(UNHINDERED.values())


def test_unless_told_otherwise_a_key_has_600_and_an_address_1200(cloud: EmbeddedCloud) -> None:
    source = (cloud.stack.template.root / "template.yaml").read_text()
    for name, default in (("KeyQuota", 600), ("AddressQuota", 1200)):
        assert f"  {name}:\n    Type: Number\n    Default: {default}\n" in source


def test_whoever_is_over_is_told_until_when_and_comes_in_again_then(
    cloud: EmbeddedCloud, northwind: Reseller, small: Callable[..., None]
) -> None:
    small("ReadCatalogFunction")
    next_window(cloud, products(northwind))
    replies = [products(northwind) for _ in range(QUOTA + 2)]
    assert [reply.status for reply in replies] == [200] * QUOTA + [429] * 2
    assert {reply.headers["ratelimit-policy"] for reply in replies} == {f'"key";q={QUOTA};w=60'}
    assert [limit(reply)[:2] for reply in replies] == [("key", left) for left in (4, 3, 2, 1, 0, 0, 0)]
    over = replies[-1]
    assert over.headers["content-type"] == "application/problem+json"
    assert (over.json["code"], over.json["status"]) == ("too_many_requests", 429)
    assert over.headers["retry-after"] == str(limit(over)[2])
    next_window(cloud, over)
    again = products(northwind)
    assert again.status == 200
    assert limit(again)[1] == QUOTA - 1


def test_a_key_has_one_quota_for_all_functions_and_refusals(
    cloud: EmbeddedCloud, northwind: Reseller, small: Callable[..., None]
) -> None:
    small("ReadCatalogFunction", "ReadOrdersFunction", "PlaceOrderFunction")
    next_window(cloud, products(northwind))
    replies = [
        products(northwind),
        northwind.call("GET", "/v1/products/none"),
        northwind.call("GET", "/v1/orders/none"),
        northwind.call("GET", "/v1/orders?nonsense=1"),
        northwind.call("POST", "/v1/orders", {}),
        northwind.place(),
    ]
    assert [reply.status for reply in replies] == [200, 404, 404, 400, 422, 429]
    assert [limit(reply)[1] for reply in replies] == [4, 3, 2, 1, 0, 0]


def test_one_reseller_does_not_feel_the_other(
    cloud: EmbeddedCloud, northwind: Reseller, contoso: Reseller, small: Callable[..., None]
) -> None:
    small("ReadCatalogFunction")
    next_window(cloud, products(contoso))
    assert [products(northwind).status for _ in range(QUOTA + 1)][-1] == 429
    assert products(contoso).status == 200


def test_staff_are_counted_too(cloud: EmbeddedCloud, rosa: Reviewer, small: Callable[..., None]) -> None:
    small("ReadReviewQueueFunction")
    next_window(cloud, rosa.call("GET", "/v1/staff/queues/quality-review"))
    statuses = [rosa.call("GET", "/v1/staff/queues/quality-review").status for _ in range(QUOTA + 1)]
    assert statuses == [200] * QUOTA + [429]


def test_of_many_at_once_no_more_come_in_than_the_quota_says(
    cloud: EmbeddedCloud, northwind: Reseller, small: Callable[..., None]
) -> None:
    """Four workers count at once, each with a memory of its own."""
    small("ReadCatalogFunction")
    next_window(cloud, products(northwind))
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: products(northwind).status, range(20)))
    assert (statuses.count(200), statuses.count(429)) == (QUOTA, 20 - QUOTA)


def test_what_is_over_writes_nothing(
    cloud: EmbeddedCloud, northwind: Reseller, small: Callable[..., None]
) -> None:
    small("PlaceOrderFunction")
    next_window(cloud, northwind.call("POST", "/v1/orders", {}))
    over = [northwind.call("POST", "/v1/orders", {}) for _ in range(QUOTA)][-1]
    cloud.recorded_calls.clear()
    assert northwind.place(Idempotency_Key="over").status == 429
    calls = cloud.recorded_calls["PlaceOrderFunction"]
    asked = {(each["operation"], each["parameters"].get("TableName")) for each in calls}
    assert asked == {("GetItem", "local-AccessTable"), ("UpdateItem", "local-QuotaTable")}
    next_window(cloud, over)
    assert northwind.place(Idempotency_Key="over").status == 201, "a refused request binds no Idempotency-Key"


def test_bad_keys_are_refused_by_their_address_and_good_ones_come_in(
    cloud: EmbeddedCloud, northwind: Reseller, small: Callable[..., None]
) -> None:
    small("ReadCatalogFunction")

    def stranger() -> Reply:
        forwarded = {"Authorization": "Bearer nonsense", "X-Forwarded-For": "203.0.113.1"}
        return call("GET", f"{cloud.url}/v1/products", headers=forwarded)

    next_window(cloud, stranger())
    replies = [stranger() for _ in range(QUOTA + 1)]
    assert [reply.status for reply in replies] == [401] * QUOTA + [429]
    assert replies[0].headers["ratelimit-policy"] == f'"address";q={QUOTA};w=60'
    assert [limit(reply)[:2] for reply in replies] == [("address", left) for left in (4, 3, 2, 1, 0, 0)]
    assert products(northwind).status == 200


def test_an_approver_is_shown_a_page_until_the_window_ends_and_then_may_answer(
    cloud: EmbeddedCloud, northwind: Reseller, small: Callable[..., None]
) -> None:
    order_id = northwind.placed(name="crowded.example.com")
    (link,) = approval_links(cloud, order_id)
    small("ApproveDomainFunction")
    next_window(cloud, call("GET", link))
    assert [call("GET", link).status for _ in range(QUOTA)] == [200] * QUOTA
    for over in (call("GET", link), answer(link, "approve")):
        assert over.status == 429
        assert over.headers["content-type"] == "text/html; charset=utf-8"
        assert "default-src 'none'" in over.headers["content-security-policy"]
        assert "Too many requests" in over.text
        assert over.headers["retry-after"] == str(limit(over)[2])
        assert "crowded.example.com" not in over.text
    head = call("HEAD", link)
    assert (head.status, head.body) == (429, b"")
    assert northwind.order(order_id)["status"] == "pending"
    next_window(cloud, over)
    assert answer(link, "approve").status == 200
    assert cloud.settle()
    assert northwind.order(order_id)["status"] == "issued"


def test_without_the_counter_nobody_is_refused(
    cloud: EmbeddedCloud, northwind: Reseller, small: Callable[..., None]
) -> None:
    small("ReadCatalogFunction", QUOTA_TABLE="a-table-that-is-gone")
    replies = [products(northwind) for _ in range(QUOTA + 1)]
    assert {reply.status for reply in replies} == {200}
    assert "ratelimit" not in replies[0].headers
    assert replies[0].headers["ratelimit-policy"] == f'"key";q={QUOTA};w=60'

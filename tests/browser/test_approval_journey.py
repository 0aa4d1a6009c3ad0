"""The approval page of a real order, in a real browser: approve, decline, double click, used and expired links."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.cloud import EmbeddedCloud
from local.seed import seed
from tests.functions.journeys import UNHINDERED, Reseller, approval_links, resellers

pytestmark = [pytest.mark.browser, pytest.mark.cloud]

TEMPLATE = Path(__file__).parents[2] / "template.yaml"
DAY = 86_400


@pytest.fixture(scope="module")
def northwind(chromium: Any) -> Iterator[Reseller]:
    with EmbeddedCloud(TEMPLATE, UNHINDERED, seed=lambda cloud: seed(cloud)[0]) as cloud:
        yield resellers(cloud)[0]


def opened(page: Any, northwind: Reseller, name: str) -> str:
    """A new order's approval page, open in the browser; the order's id."""
    order_id = northwind.placed(name=name)
    (link,) = approval_links(northwind.cloud, order_id)
    page.goto(link)
    return order_id


def test_pressing_approve_issues_the_certificate(page: Any, northwind: Reseller) -> None:
    order_id = opened(page, northwind, "browser.example.com")
    assert "browser.example.com" in page.inner_text("main")
    assert "Northwind Hosting" in page.inner_text("main")
    page.get_by_role("button", name="Approve").click()
    assert "approved" in page.inner_text("main").lower()
    assert northwind.cloud.settle()
    assert northwind.order(order_id)["status"] == "issued"
    page.go_back()
    page.reload()
    assert page.locator("button").count() == 0, "a used link asks nothing"


def test_pressing_decline_issues_nothing(page: Any, northwind: Reseller) -> None:
    order_id = opened(page, northwind, "browser-no.example.com")
    page.get_by_role("button", name="Decline").click()
    assert "declined" in page.inner_text("main").lower()
    assert northwind.cloud.settle()
    assert northwind.step(order_id, "domain_verification")["actor"] == "reseller"


def test_a_double_click_approves_once_and_shows_no_error(page: Any, northwind: Reseller) -> None:
    order_id = opened(page, northwind, "browser-twice.example.com")
    page.get_by_role("button", name="Approve").dblclick()
    page.get_by_role("button").first.wait_for(state="detached")
    assert northwind.cloud.settle()
    order = northwind.order(order_id)
    assert (order["status"], len(order["certificates"])) == ("issued", 1)
    assert "Internal" not in page.inner_text("body")


def test_without_javascript_and_by_keyboard_alone(chromium: Any, northwind: Reseller) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    order_id = opened(page, northwind, "keyboard.example.com")
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.locator("button:focus").count() and "Approve" in page.locator("button:focus").inner_text():
            break
    page.keyboard.press("Enter")
    page.get_by_role("button").first.wait_for(state="detached")
    context.close()
    assert northwind.cloud.settle()
    assert northwind.order(order_id)["status"] == "issued"


def test_an_expired_link_says_so_and_no_more(page: Any, northwind: Reseller) -> None:
    order_id = opened(page, northwind, "browser-late.example.com")
    northwind.cloud.advance(31 * DAY)
    answered = page.reload()
    assert answered.status == 410
    text = page.inner_text("body")
    assert order_id not in text
    assert "browser-late" not in text
    assert page.locator("button").count() == 0

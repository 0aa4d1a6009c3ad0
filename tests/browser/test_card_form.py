"""The card form in a real browser, against localstripe: give a card, see what is kept, and the ends of a link."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.cloud import EmbeddedCloud
from local.seed import seed
from tests.functions.cardholder import VISA, a_link
from tests.functions.journeys import UNHINDERED, Reseller, resellers

pytestmark = [pytest.mark.browser, pytest.mark.cloud]

TEMPLATE = Path(__file__).parents[2] / "template.yaml"
WIDTHS = [360, 1200]


@pytest.fixture(scope="module")
def northwind(chromium: Any) -> Iterator[Reseller]:
    with EmbeddedCloud(TEMPLATE, UNHINDERED, seed=lambda cloud: seed(cloud)[0]) as cloud:
        yield resellers(cloud)[0]


@pytest.fixture
def complaints(page: Any) -> list[str]:
    """What the browser's console complains of, the policy's refusals above all."""
    found: list[str] = []
    page.on("console", lambda message: found.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    return found


def fill_in(page: Any, number: str = VISA, year: str = "30") -> None:
    """localstripe's field has an input for each part; Stripe's has one frame."""
    for part, value in {"number": number, "exp_month": "12", "exp_year": year, "cvc": "123"}.items():
        page.get_by_placeholder(part, exact=True).fill(value)


def test_a_card_is_given_and_shown_and_the_link_is_used(
    page: Any, northwind: Reseller, complaints: list[str]
) -> None:
    link = a_link(northwind).link
    page.goto(link)
    assert "Northwind Hosting" in page.inner_text("main")
    fill_in(page)
    page.get_by_role("button", name="Add this card").click()
    page.get_by_role("heading", name="The card was added").wait_for()
    assert "Visa, ending in 4242" in page.inner_text("main")
    assert VISA not in page.content()
    assert northwind.call("GET", "/v1/payment-method").json["last4"] == "4242"
    answered = page.goto(link)
    assert answered.status == 410
    assert "This link has been used" in page.inner_text("main")
    assert page.locator("form").count() == 0
    assert complaints == [complaint for complaint in complaints if "410" in complaint], (
        "nothing but the status of the used link"
    )


def test_a_declined_card_is_said_so_and_another_one_is_taken(page: Any, northwind: Reseller) -> None:
    page.goto(a_link(northwind).link)
    fill_in(page, "4000000000000002")
    button = page.get_by_role("button", name="Add this card")
    button.click()
    page.get_by_text("Your card was declined").wait_for()
    assert page.evaluate("document.activeElement.id") == "trouble"
    assert button.is_enabled()
    fill_in(page)
    button.click()
    page.get_by_role("heading", name="The card was added").wait_for()


def test_a_holder_who_must_authenticate_does_so_on_the_page(page: Any, northwind: Reseller) -> None:
    page.goto(a_link(northwind).link)
    fill_in(page, "4000002500003155")
    page.get_by_role("button", name="Add this card").click()
    page.get_by_role("button", name="Complete authentication").click()
    page.get_by_role("heading", name="The card was added").wait_for()
    assert northwind.call("GET", "/v1/payment-method").json["last4"] == "3155"


def test_by_keyboard_alone(page: Any, northwind: Reseller) -> None:
    page.goto(a_link(northwind).link)
    page.get_by_placeholder("number", exact=True).wait_for()
    for part, value in (("number", VISA), ("exp_month", "12"), ("exp_year", "30"), ("cvc", "123")):
        for _ in range(12):
            if page.locator(":focus").count() and page.locator(":focus").get_attribute("placeholder") == part:
                break
            page.keyboard.press("Tab")
        page.keyboard.insert_text(value)
    for _ in range(6):
        if page.locator("button:focus").count():
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="The card was added").wait_for()


def test_without_scripts_the_page_says_what_it_needs_them_for(chromium: Any, northwind: Reseller) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(a_link(northwind).link)
    text = page.inner_text("main")
    assert "needs JavaScript" in text
    assert "up to a year" in text
    assert page.get_by_role("button", name="Add this card").is_disabled()
    context.close()


def test_a_gateway_whose_script_is_blocked_is_named(page: Any, northwind: Reseller) -> None:
    page.route("**/js.stripe.com/**", lambda route: route.abort())
    page.goto(a_link(northwind).link)
    page.get_by_text("could not be loaded").wait_for()
    assert northwind.cloud.payments.url in page.inner_text("#trouble")
    assert page.get_by_role("button", name="Add this card").is_disabled()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_sticks_out_at_any_width(chromium: Any, northwind: Reseller, width: int, scheme: str) -> None:
    context = chromium.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = context.new_page()
    page.goto(a_link(northwind).link)
    page.get_by_placeholder("number", exact=True).wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    smallest = page.evaluate(
        "Math.min(...[...document.querySelectorAll('main p, main li, main button')].map("
        "each => parseFloat(getComputedStyle(each).fontSize)))"
    )
    assert smallest >= 15
    assert page.get_by_role("button", name="Add this card").bounding_box()["height"] >= 44
    context.close()


def test_no_other_page_may_run_a_script(page: Any, northwind: Reseller, complaints: list[str]) -> None:
    page.goto(f"{northwind.cloud.url}/card/{'x' * 27}")
    assert "There is no such link" in page.inner_text("main")
    assert page.evaluate("typeof Stripe") == "undefined"

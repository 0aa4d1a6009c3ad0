"""The approval page as a browser shows it: keyboard, phone, dark mode, and what its policy keeps out."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from partner_center.entry.pages import (
    Page,
    approval_page,
    approval_recorded_page,
    bad_form_page,
    busy_page,
    crowded_page,
    link_gone_page,
    link_unknown_page,
)
from partner_center.notifications.approval_request import approval_request_mail
from partner_center.notifications.control_instructions import Instruction, control_instructions_mail
from partner_center.validation.approve import WhyClosed
from partner_center.validation.challenges import Decision
from tests.unit.entry.test_pages import VIEW
from tests.unit.notifications.facts import (
    HOSTILE,
    INSTRUCTIONS,
    MESSAGE_ID,
    SENDER,
    VALUE,
    approval_facts,
    instructions_facts,
)

pytestmark = pytest.mark.browser

PATH = "/approve/token-of-this-test"
LONGEST_NAME = ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 49, "example.com"])
CROWDED = replace(
    VIEW,
    names=(LONGEST_NAME, *(f"host-{number}.example.com" for number in range(99))),
    organization="W" * 200,
    requester_name=HOSTILE["script"],
    reseller_name=HOSTILE["attribute"],
    requester_email="x" * 64 + "@" + LONGEST_NAME[:180],
)
MAIL = approval_request_mail(approval_facts(names=CROWDED.names, organization="W" * 200), SENDER, MESSAGE_ID)
LONGEST = Instruction((LONGEST_NAME,), "TXT", f"_partner-center.{LONGEST_NAME[16:]}", VALUE)
TOLD = control_instructions_mail(
    instructions_facts(instructions=(*INSTRUCTIONS, LONGEST), reseller_name="W" * 200), SENDER, MESSAGE_ID
)
HTML = {"Content-Type": "text/html; charset=utf-8"}
MAILS = {"mail": Page(200, MAIL.html, HTML), "instructions": Page(200, TOLD.html, HTML)}
DOCUMENTS = {
    "approval": approval_page(VIEW),
    "crowded": approval_page(CROWDED),
    "approved": approval_recorded_page(VIEW, Decision.APPROVE),
    "declined": approval_recorded_page(CROWDED, Decision.DECLINE),
    **{why.value: link_gone_page(why) for why in WhyClosed},
    "unknown": link_unknown_page(),
    "bad form": bad_form_page(),
    "busy": busy_page(5),
    "too many requests": crowded_page(42),
    **MAILS,
}
every_document = pytest.mark.parametrize("name", DOCUMENTS)


@dataclass
class Site:
    """A server on loopback that shows one page at PATH, and what was posted to it."""

    origin: str = ""
    shown: Page = field(default_factory=lambda: approval_page(VIEW))
    posts: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)

    @property
    def address(self) -> str:
        return self.origin + PATH

    def answer(self, path: str, body: str, headers: dict[str, str]) -> Page:
        self.posts.append((path, body, headers))
        return approval_recorded_page(VIEW, Decision(body.removeprefix("decision=")))


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._send(made.shown if self.path == PATH else link_unknown_page())

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._send(made.answer(self.path, body, dict(self.headers)))

        def _send(self, shown: Page) -> None:
            content = shown.html.encode()
            self.send_response(shown.status)
            for name, value in shown.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Keep the test's output readable."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.origin = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


def complaints_of(page) -> list[str]:
    """Collects what the browser's console reports from now on."""
    heard: list[str] = []
    page.on(
        "console",
        lambda message: heard.append(message.text) if message.type in {"error", "warning"} else None,
    )
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("dialog", lambda dialog: (heard.append("dialog " + dialog.message), dialog.dismiss()))
    return heard


@pytest.mark.parametrize(
    ("tabs", "key", "decision", "heading"),
    [
        (1, "Enter", "approve", "You have approved the request"),
        (1, "Space", "approve", "You have approved the request"),
        (2, "Enter", "decline", "You have declined the request"),
    ],
)
def test_the_keyboard_alone_is_enough(page, site, tabs, key, decision, heading):
    page.goto(site.address)
    for _ in range(tabs):
        page.keyboard.press("Tab")
    focused = page.evaluate(
        "() => { const e = document.activeElement, s = getComputedStyle(e);"
        " return {value: e.value, style: s.outlineStyle, width: parseFloat(s.outlineWidth)}; }"
    )
    assert focused == {"value": decision, "style": "solid", "width": 3}
    page.keyboard.press(key)
    page.get_by_role("heading", level=1, name=heading).wait_for()
    assert [(path, body) for path, body, _ in site.posts] == [(PATH, f"decision={decision}")]


def test_it_works_without_javascript(chromium, site):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site.address)
    page.get_by_role("button", name="Approve").click()
    page.get_by_role("heading", name="You have approved the request").wait_for()
    assert [body for _, body, _ in site.posts] == ["decision=approve"]
    context.close()


def test_looking_at_the_page_posts_nothing(page, site):
    page.goto(site.address)
    page.reload()
    assert site.posts == []


def test_the_address_is_told_to_nobody(page, site):
    page.goto(site.address)
    page.get_by_role("button", name="Decline").click()
    page.get_by_role("heading", name="You have declined the request").wait_for()
    (_, _, headers) = site.posts[0]
    assert "Referer" not in headers


@every_document
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_needs_no_sideways_scrolling(page, site, name, scheme):
    site.shown = DOCUMENTS[name]
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(site.address)
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    beyond = page.evaluate(
        "[...document.body.querySelectorAll('*')].filter(e => e.getBoundingClientRect().right > 360.5)"
        ".map(e => e.tagName)"
    )
    assert beyond == []


def test_buttons_are_big_enough_for_a_thumb(page, site):
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(site.address)
    for button in page.get_by_role("button").all():
        box = button.bounding_box()
        assert box["height"] >= 44
        assert box["width"] >= 200


def test_approve_is_filled_and_decline_is_an_outline_of_the_same_size(page, site):
    page.goto(site.address)
    looks = [
        button.evaluate(
            "e => [e.offsetWidth, e.offsetHeight, getComputedStyle(e).backgroundColor, getComputedStyle(e).color]"
        )
        for button in page.get_by_role("button").all()
    ]
    (approve, decline) = looks
    assert approve[:2] == decline[:2]
    assert approve[2] != decline[2]
    assert decline[2] == page.evaluate("getComputedStyle(document.querySelector('main')).backgroundColor")


CONTRAST = """() => {
  const numbers = text => text.match(/[\\d.]+/g).map(Number);
  const channel = v => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const ground = e => {
    for (; e; e = e.parentElement) {
      const c = numbers(getComputedStyle(e).backgroundColor);
      if (c.length === 3 || c[3] > 0) return c;
    }
    return [255, 255, 255];
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = [];
  for (let node; node = walker.nextNode();) {
    if (!node.data.trim()) continue;
    const e = node.parentElement;
    const [a, b] = [light(numbers(getComputedStyle(e).color)), light(ground(e))];
    found.push([(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), node.data.trim().slice(0, 40)]);
  }
  return found;
}"""


@every_document
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_stands_out_from_its_ground(page, site, name, scheme):
    """WCAG 2.2, 1.4.3: a contrast of 4.5 at least."""
    site.shown = DOCUMENTS[name]
    page.emulate_media(color_scheme=scheme)
    page.goto(site.address)
    measured = page.evaluate(CONTRAST)
    assert len(measured) > 2
    assert [(round(ratio, 2), text) for ratio, text in measured if ratio < 4.5] == []


@pytest.mark.parametrize("name", [name for name in DOCUMENTS if name not in MAILS])
def test_the_console_stays_silent(page, site, name):
    site.shown = DOCUMENTS[name]
    complaints = complaints_of(page)
    page.goto(site.address)
    expected = (
        [] if site.shown.status == 200 else [f"the server responded with a status of {site.shown.status}"]
    )
    assert len(complaints) == len(expected)
    assert all(part in said for part, said in zip(expected, complaints, strict=True))


INJECTIONS = {
    "inline script": "<script>document.title = 'owned'</script>",
    "handler": "<img src='/x' onerror=\"document.title = 'owned'\">",
    "script from elsewhere": "<script src='/approve/token-of-this-test'></script>",
    "inline style": "<p style='position: fixed; inset: 0'>x</p>",
    "style element": "<style>main { display: none }</style>",
    "base": "<base href='https://evil.example.org/'>",
    "frame": "<iframe src='/approve/token-of-this-test'></iframe>",
}


@pytest.mark.parametrize("injected", INJECTIONS.values(), ids=INJECTIONS.keys())
def test_the_policy_stops_what_escaping_might_let_through(page, site, injected):
    honest = approval_page(VIEW)
    site.shown = replace(honest, html=honest.html.replace("<main>", f"<main>{injected}", 1))
    complaints = complaints_of(page)
    page.goto(site.address)
    assert page.title().startswith("Approve or decline")
    assert page.get_by_role("heading", level=1).is_visible()
    assert any("Content Security Policy" in said or "Content-Security-Policy" in said for said in complaints)


def test_the_form_cannot_be_turned_to_another_site(page, site):
    honest = approval_page(VIEW)
    elsewhere = site.origin.replace("127.0.0.1", "localhost")
    turned = honest.html.replace('<form method="post"', f'<form method="post" action="{elsewhere}"')
    assert turned != honest.html
    site.shown = replace(honest, html=turned)
    page.goto(site.address)
    page.keyboard.press("Tab")
    with page.expect_console_message(lambda message: "form-action" in message.text):
        page.keyboard.press("Enter")
    assert site.posts == []


def test_without_the_policy_an_injected_script_would_run(page, site):
    """The control: what the test of the policy injects does harm where there is none."""
    honest = approval_page(VIEW)
    html = honest.html.replace("<main>", f"<main>{INJECTIONS['inline script']}", 1)
    site.shown = Page(200, html, {"Content-Type": "text/html"})
    page.goto(site.address)
    assert page.title() == "owned"


def test_hostile_text_is_read_as_text(page, site):
    site.shown = DOCUMENTS["crowded"]
    complaints = complaints_of(page)
    page.goto(site.address)
    assert page.get_by_text("<script>alert(1)</script>", exact=True).count() == 1
    assert page.locator("img, script").count() == 0
    assert complaints == []


def test_each_answer_is_announced_with_its_consequence(page, site):
    page.goto(site.address)
    for name, words in (
        ("Approve", "Whoever holds the private key"),
        ("Decline", "If you did not expect this"),
    ):
        button = page.get_by_role("button", name=name, exact=True)
        described = button.evaluate(
            "e => document.getElementById(e.getAttribute('aria-describedby')).innerText"
        )
        assert words in described
    assert page.get_by_role("region", name="Who asks").count() == 1

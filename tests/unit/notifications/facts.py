"""Facts for mails and pages, friendly and hostile."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

from partner_center.notifications.approval_request import ApprovalRequestFacts
from partner_center.notifications.control_instructions import ControlInstructionsFacts, Instruction

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SENDER = "Partner Center <no-reply@partners.example.net>"
MESSAGE_ID = "<approval.ch_1@partners.example.net>"
LINK = "https://partners.example.net/approve/Zk3vQ1yT0n9vHq2cQ8mB4w7sJxX1e5rL"

HOSTILE = {
    "header injection": "Shop\r\nBcc: everybody@example.org\r\n\r\nHello",
    "script": "<script>alert(1)</script>",
    "attribute": '"><img src=x onerror=alert(1)>',
    "template": "{{ 7 * 191 }}{% include 'base.html.j2' %}",
    "another link": "see https://evil.example.org/approve/stolen",
    "bidi override": "Shop \u202egro.live\u202c",
    "line separator": "Shop\u2028Approve at once",
    "lone surrogate": "Shop \ud800 AB",
    "NUL": "Shop\x00AB",
    "endless": "A" * 100_000,
    "a hundred thousand lines": "\n" * 100_000 + "late",
}


def approval_facts(**changes: object) -> ApprovalRequestFacts:
    usual = ApprovalRequestFacts(
        approver_email="admin@example.com",
        names=("www.example.com", "example.com", "*.shop.example.com"),
        authorization_domain="example.com",
        product_name="QuickSSL Premium",
        brand="GeoTrust",
        level="DV",
        reseller_name="Nordic Hosting AB",
        organization="Örebro Handel & Söner AB",
        requester_name="Åsa Lindqvist",
        requester_email="asa@example.com",
        order_id="ord_01kapm3y8qv5d8r2x7c4n9b1zt",
        link=LINK,
        expires_at=NOON + timedelta(days=30),
        serves_days=200,
        support_contact="support@partners.example.net",
    )
    return replace(usual, **changes)  # type: ignore[arg-type]


VALUE = "k5xw6ylsmzzgk4tboqqhi2djonqw42lo"
INSTRUCTIONS = (
    Instruction(("example.com", "*.example.com"), "TXT", "_partner-center.example.com", VALUE),
    Instruction(
        ("shop.example.net",),
        "CNAME",
        "_partner-center.shop.example.net",
        f"{VALUE}.dcv.geotrust.com",
    ),
    Instruction(
        ("www.example.org",),
        "file",
        "http://www.example.org/.well-known/pki-validation/partner-center.txt",
        VALUE,
    ),
    Instruction(
        ("*.example.eu",),
        "TXT",
        "_validation-persist.example.eu",
        f"geotrust.com; accounturi=https://partners.example.net/accounts/{'0f' * 16}; policy=wildcard",
    ),
)


def instructions_facts(**changes: object) -> ControlInstructionsFacts:
    usual = ControlInstructionsFacts(
        technical_name="Åsa Lindqvist",
        technical_email="asa@example.com",
        common_name="example.com",
        product_name="QuickSSL Premium",
        brand="GeoTrust",
        reseller_name="Nordic Hosting AB",
        order_id="ord_01kapm3y8qv5d8r2x7c4n9b1zt",
        instructions=INSTRUCTIONS,
        until=NOON + timedelta(days=30),
        support_contact="support@partners.example.net",
    )
    return replace(usual, **changes)  # type: ignore[arg-type]


class Elements(HTMLParser):
    """What an HTML text contains: its tags, its text, and everything that leads or loads from elsewhere."""

    LEADING = frozenset(
        {"href", "src", "srcset", "action", "formaction", "background", "poster", "data", "cite", "ping"}
    )

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[str] = []
        self.leads: list[str] = []
        self.words: list[str] = []
        self._in_style = False
        self.feed(html)
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._in_style = tag == "style"
        for name, value in attrs:
            self.attributes.append(name)
            if name in self.LEADING:
                self.leads.append(value or "")

    def handle_data(self, data: str) -> None:
        if not self._in_style:
            self.words.append(data)

    def handle_endtag(self, tag: str) -> None:
        self._in_style = False

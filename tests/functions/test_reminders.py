"""Reminders over the whole system: from an order's issue to the mail, and what follows when it does not arrive."""

from datetime import UTC, date, datetime, time
from typing import Any

import pytest

from local.cloud import EmbeddedCloud
from local.mailbox import Mail
from tests.functions.journeys import FEW_RUNS, Reseller, answer, approval_links, bounce, csr_for, order_body

pytestmark = pytest.mark.cloud
HOUR = 3600


def until_morning(cloud: EmbeddedCloud, ends: str, days: int) -> None:
    """To half an hour after the last run of the day that lies so many days before the end."""
    day = date.fromordinal(datetime.fromisoformat(ends).date().toordinal() - days)
    dawn = datetime.combine(day, time(5, 30), UTC).timestamp()
    cloud.advance(dawn - cloud.clock.now(), FEW_RUNS)
    cloud.advance(3 * HOUR)
    assert cloud.settle()


def reminders(cloud: EmbeddedCloud, order_id: str) -> list[Mail]:
    return [
        mail
        for mail in cloud.mails()
        if order_id in mail.text and ("reissue it" in mail.subject or "renew it" in mail.subject)
    ]


def digests(cloud: EmbeddedCloud) -> list[Mail]:
    return [mail for mail in cloud.mails() if "to look after" in mail.subject]


def issued(reseller: Reseller, name: str, **more: Any) -> dict[str, Any]:
    body = order_body(name, **more)
    body["contacts"] = {
        "technical": body["contacts"]["technical"],
        "organization": body["contacts"]["technical"] | {"first_name": "Olga", "email": "olga@example.com"},
    }
    order_id = str(reseller.place(body).json["order_id"])
    assert reseller.cloud.settle()
    assert answer(approval_links(reseller.cloud, order_id)[0], "approve").status == 200
    assert reseller.cloud.settle()
    return reseller.order(order_id)


def test_a_certificate_is_reminded_of_and_a_bounce_reaches_the_next_contact(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    order = issued(northwind, "reminded.example.com", partner_order_id="RM-1")
    order_id, ends = order["order_id"], order["certificates"][0]["not_after"]
    assert order["next_deadline"]["date"] == ends
    chosen = {"reminders": {"digest_email": "ops@northwind.example.com"}}
    assert northwind.call("PATCH", "/v1/account", chosen).status == 200
    until_morning(cloud, ends, 90)
    (first,) = reminders(cloud, order_id)
    assert first.to == ("ada@example.com",)
    assert order["certificates"][0]["serial"] in first.text
    *_, digest = before = digests(cloud)
    assert digest.to == ("ops@northwind.example.com",)
    assert "RM-1" in digest.text

    bounce(cloud, digest)
    (again,) = digests(cloud)[len(before) :]
    assert again.to == ("support@northwind.example.com",)
    assert "RM-1" in again.text
    assert "Mail to ops@northwind.example.com could not be delivered" in again.text

    bounce(cloud, first, "transient")
    assert [mail.to for mail in reminders(cloud, order_id)] == [("ada@example.com",), ("olga@example.com",)]
    assert "delivery" not in northwind.order(order_id)["contacts"]["technical"]
    bounce(cloud, first)
    assert len(reminders(cloud, order_id)) == 2
    shown = northwind.order(order_id)["contacts"]
    assert (shown["technical"]["delivery"], "delivery" in shown["organization"]) == ("bounced", False)
    told = northwind.call("GET", f"/v1/orders/{order_id}/messages").json["items"]
    assert ["A mail to ada@example.com could not be delivered" in each["text"] for each in told] == [True] * 2

    until_morning(cloud, ends, 60)
    assert [mail.to for mail in reminders(cloud, order_id)][2:] == [("olga@example.com",)]
    ids = [mail.headers["X-Message-Reference"] for mail in reminders(cloud, order_id)]
    assert len(set(ids)) == 3

    quiet = northwind.amend(order_id, {"lifecycle": {"reminders": False}})
    assert quiet.status == 200
    assert cloud.settle()
    until_morning(cloud, ends, 30)
    assert len(reminders(cloud, order_id)) == 3


class Killer:
    """Kills the first run at dawn after its call of this number; the runs that follow live."""

    def __init__(self, call_number: int) -> None:
        self._number, self.victims = call_number, 0

    def choose(self, function: str, event: Any) -> dict[str, Any] | None:
        if not function.endswith("RemindRenewalsFunction") or "T06:00" not in event.get("time", ""):
            return None
        self.victims += 1
        return {"call": self._number, "when": "after"}


def test_a_run_that_was_killed_and_runs_that_repeat_it_send_every_mail_once(
    cloud: EmbeddedCloud, contoso: Reseller
) -> None:
    orders = [contoso.issued(name=f"killed-{number}.example.com") for number in range(3)]
    ends = orders[0]["certificates"][0]["not_after"]
    lasts = datetime.fromisoformat(ends) - datetime.fromisoformat(orders[0]["certificates"][0]["not_before"])
    days = (90, 60, 30) if lasts.days > 119 else (45, 30, 14)
    for sent, (day, call_number) in enumerate(zip(days, (14, 24, 34), strict=True), 1):
        killer = cloud.runtime.faults = Killer(call_number)
        until_morning(cloud, ends, day)
        cloud.runtime.faults = None
        assert killer.victims
        cloud.invoke("RemindRenewalsFunction", {})
        assert cloud.settle()
        assert [len(reminders(cloud, each["order_id"])) for each in orders] == [sent] * 3
    mails = [mail for each in orders for mail in reminders(cloud, each["order_id"])]
    assert len({mail.headers["X-Message-Reference"] for mail in mails}) == len(mails)


def test_an_approval_mail_that_bounces_is_told_on_the_order(cloud: EmbeddedCloud, contoso: Reseller) -> None:
    order_id = contoso.placed(name="bounced.example.com", csr=csr_for("bounced.example.com"))
    mail = next(mail for mail in cloud.mails() if order_id in mail.text)
    bounce(cloud, mail, "reject")
    (message,) = contoso.call("GET", f"/v1/orders/{order_id}/messages").json["items"]
    assert "(Bad content). Choose another address or method" in message["text"]
    bounce(cloud, mail)
    *_, message = contoso.call("GET", f"/v1/orders/{order_id}/messages").json["items"]
    assert "Choose another address or method" in message["text"]

"""Reports of CAA refusals: to whom the records name and to nobody else, once, and few to anybody."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from partner_center.catalog.products import load_catalog
from partner_center.kernel.errors import ChangedMeanwhile, TryAgain
from partner_center.kernel.events import Event
from partner_center.notifications.mail import MailRefused
from partner_center.notifications.report_refusals import (
    MAILBOXES_OF_A_PREFLIGHT,
    REPORTS_OF_AN_ORDER,
    REPORTS_TO_A_MAILBOX,
    ReportCaaRefusals,
    Told,
)
from tests.fakes.determined import NOW, CountingIds, FixedClock
from tests.fakes.samples import ORDER, US, a_head

SECURITY = "mailto:security@example.com"


def a_refusal(name="www.example.com", *iodef, **changes):
    usual = {
        "name": name,
        "allowed": False,
        "reason": "caa_issuer_not_listed",
        "found_at": "example.com",
        "records": ['0 issue "another-ca.example"', '0 iodef "mailto:security@example.com"'],
        "iodef": list(iodef or (SECURITY,)),
        "checked_at": "2026-11-23T10:00:00Z",
    }
    return usual | changes


@dataclass
class Office:
    """Everything that reporting needs, in memory; `trouble` is raised instead of sending, once each."""

    found: dict = field(default_factory=dict)
    clock: FixedClock = field(default_factory=FixedClock)
    ids: CountingIds = field(default_factory=CountingIds)
    product: str = "geotrust_quickssl_premium"
    trouble: list = field(default_factory=list)
    mails: list = field(default_factory=list)
    orders: dict = field(default_factory=dict)
    days: dict = field(default_factory=dict)
    sent: set = field(default_factory=set)
    audits: list = field(default_factory=list)
    meanwhile: list = field(default_factory=list)

    def head(self, reseller_id, order_id):
        return a_head(product=self.product) if reseller_id == US else None

    def of_preflight(self, reseller_id, order_id, preflight_id):
        return self.found.get((order_id, preflight_id))

    def was_sent(self, *key):
        return key in self.sent

    def of_order(self, *key):
        return self.orders.get(key, Told())

    def of_day(self, *key):
        return self.days.get(key, Told())

    def claim(self, report, refusals, names, of_order, of_day):
        if self.meanwhile:
            self.meanwhile.pop(0)()
        order, day = (report.reseller_id, report.order_id), (report.mailbox, report.day)
        if self.of_order(*order) != of_order or self.of_day(*day) != of_day:
            raise ChangedMeanwhile("another was faster")
        self.orders[order] = Told({**of_order.reports, report.report_id: tuple(refusals)})
        self.days[day] = Told({**of_day.reports, report.report_id: tuple(names)})

    def conclude(self, report, audit):
        self.sent.add((report.reseller_id, report.order_id, report.report_id))
        self.audits.append(audit)

    def send(self, mail):
        if self.trouble:
            raise self.trouble.pop(0)
        self.mails.append(mail)

    def holds_back(self, *refusals, order_id=ORDER, preflight_id="pre_1"):
        """A preflight finds these, and its event arrives."""
        self.found[order_id, preflight_id] = refusals
        self.event(order_id, preflight_id)

    def event(self, order_id=ORDER, preflight_id="pre_1", reseller_id=US):
        data = {"reseller_id": reseller_id, "order_id": order_id, "preflight_id": preflight_id}
        report = ReportCaaRefusals(
            self, self, self, load_catalog(), self, self.clock, self.ids, "CA <no-reply@ca.example.net>"
        )
        report(Event("evt_1", "order.held_back", NOW, "execution-1", data))

    @property
    def told(self):
        """Mailbox and names of each mail."""
        names = sorted({name for found in self.found.values() for name in (each["name"] for each in found)})
        return [(mail.to[0], [name for name in names if f"\n{name}\n" in mail.text]) for mail in self.mails]


@pytest.fixture
def office():
    return Office()


# ---- to whom

WHOM = {
    "a mailbox": ([SECURITY], ["security@example.com"]),
    "several": ([SECURITY, "mailto:noc@example.org"], ["security@example.com", "noc@example.org"]),
    "one in two spellings of its domain": (
        [SECURITY, "MAILTO:security@EXAMPLE.com"],
        ["security@example.com"],
    ),
    "a web service is not contacted": (["https://iodef.example.com/"], []),
    "a mailbox beside a web service": (["https://iodef.example.com/", SECURITY], ["security@example.com"]),
    "our sender": (["mailto:no-reply@ca.example.net"], []),
    "somebody else at our domain": (["mailto:root@mail.ca.example.net"], []),
    "our issuer domain": (["mailto:support@geotrust.com"], []),
    "another brand of ours": (["mailto:support@thawte.com"], []),
    "a header": (["mailto:a@b.org\r\nBcc: c@d.org"], []),
    "header fields": (["mailto:a@b.org?bcc=c@d.org&body=x"], []),
    "a list": (["mailto:a@b.org,c@d.org"], []),
    "a local file": (["file:///etc/passwd"], []),
    "no domain": (["mailto:root"], []),
    "a text that no mail server takes": ([f"mailto:{'a' * 65}@example.com"], []),
    "far too many": ([f"mailto:a{n}@example.com" for n in range(9)], [f"a{n}@example.com" for n in range(5)]),
}


@pytest.mark.parametrize(("targets", "mailboxes"), WHOM.values(), ids=WHOM)
def test_reports_go_to_the_mailboxes_that_the_records_name(office, targets, mailboxes):
    office.holds_back(a_refusal("www.example.com", *targets))
    assert [mail.to for mail in office.mails] == [(mailbox,) for mailbox in mailboxes]


def test_the_names_of_an_order_are_told_together_and_to_few_mailboxes(office):
    hosts = [f"host-{number}" for number in range(20)]
    office.holds_back(
        *(a_refusal(f"{host}.example.com", SECURITY, f"mailto:{host}@example.org") for host in hosts)
    )
    assert len(office.mails) == MAILBOXES_OF_A_PREFLIGHT
    everything = sorted(f"{host}.example.com" for host in hosts)
    assert office.told[:2] == [
        ("security@example.com", everything),
        ("host-0@example.org", ["host-0.example.com"]),
    ]


# ---- of what

WHAT = {
    "other CAs": ({"reason": "caa_issuer_not_listed"}, True),
    "nobody": ({"reason": "caa_forbidden"}, True),
    "another method": ({"reason": "caa_method_not_listed"}, True),
    "another account": ({"reason": "caa_account_not_listed"}, True),
    "malformed": ({"reason": "caa_malformed"}, True),
    "an unknown critical property": ({"reason": "caa_unknown_critical"}, True),
    "it was permitted": ({"allowed": True, "reason": "caa_authorized"}, False),
    "too few agreed on a permission": ({"reason": "caa_authorized"}, False),
    "the look-up failed": ({"reason": "caa_lookup_failed"}, False),
    "nobody looked": ({"reason": "caa_not_seen"}, False),
}


@pytest.mark.parametrize(("found", "told"), WHAT.values(), ids=WHAT)
def test_only_what_records_refuse_is_reported(office, found, told):
    office.holds_back(a_refusal(**found))
    assert bool(office.mails) is told


def test_evidence_of_former_days_names_nobody(office):
    old = a_refusal()
    del old["iodef"]
    office.holds_back(old)
    assert office.mails == []


# ---- once


def test_the_same_event_again_tells_nothing(office):
    office.holds_back(a_refusal())
    office.event()
    assert office.told == [("security@example.com", ["www.example.com"])]
    (audit,) = office.audits
    assert (audit.action, audit.actor) == ("caa.refusal_reported", "system")
    assert (audit.facts["mailbox"], audit.facts["names"]) == ("security@example.com", "www.example.com")


AGAIN = {
    "the same refusal": ({}, 30, []),
    "the same refusal, a week later": ({}, 7 * 86_400, []),
    "another refusal, within the day": ({"reason": "caa_forbidden"}, 30, []),
    "another refusal, the day after": ({"reason": "caa_forbidden"}, 86_400, ["www.example.com"]),
    "other records, the day after": ({"records": ['0 issue ";"']}, 86_400, ["www.example.com"]),
}


@pytest.mark.parametrize(("changes", "seconds", "told"), AGAIN.values(), ids=AGAIN)
def test_a_check_that_is_refused_again_is_told_when_it_is_news(office, changes, seconds, told):
    office.holds_back(a_refusal())
    office.clock.advance(seconds=seconds)
    office.holds_back(a_refusal(**changes), preflight_id="pre_2")
    assert [names for _, names in office.told[1:]] == ([told] if told else [])


def test_a_name_that_came_by_an_amendment_is_told_alone(office):
    office.holds_back(a_refusal())
    office.holds_back(a_refusal(), a_refusal("mail.example.com"), preflight_id="pre_2")
    assert office.told[1:] == [("security@example.com", ["mail.example.com"])]


def test_another_order_for_the_same_name_is_told_the_day_after(office):
    office.holds_back(a_refusal())
    office.holds_back(a_refusal(), order_id="ord_2", preflight_id="pre_2")
    assert len(office.mails) == 1
    office.clock.moment = (NOW + timedelta(days=1)).replace(hour=0, minute=0)
    office.holds_back(a_refusal(), order_id="ord_3", preflight_id="pre_3")
    assert len(office.mails) == 2


# ---- few


def test_a_mailbox_hears_of_so_many_orders_a_day(office):
    for number in range(REPORTS_TO_A_MAILBOX + 2):
        office.holds_back(a_refusal(f"host-{number}.example.com"), order_id=f"ord_{number}")
    assert len(office.mails) == REPORTS_TO_A_MAILBOX
    office.clock.advance(days=1)
    office.holds_back(a_refusal("late.example.com"), order_id="ord_late")
    assert len(office.mails) == REPORTS_TO_A_MAILBOX + 1


def test_an_order_is_told_of_so_often_whatever_it_is_amended_to(office):
    for number in range(REPORTS_OF_AN_ORDER + 2):
        refusal = a_refusal(f"host-{number}.example.com", f"mailto:a{number}@example.org")
        office.holds_back(refusal, preflight_id=f"pre_{number}")
    assert len(office.mails) == REPORTS_OF_AN_ORDER


# ---- trouble


def test_trouble_that_passes_is_for_the_queue_and_the_mail_keeps_its_id_and_words(office):
    office.trouble = [TryAgain("throttled")]
    with pytest.raises(TryAgain):
        office.holds_back(a_refusal())
    assert (office.mails, office.sent) == ([], set())
    office.clock.advance(days=2)
    office.event()
    (mail,) = office.mails
    ((_, _, report_id),) = office.sent
    assert mail.message_id == f"<{report_id}@ca.example.net>"
    assert office.told == [("security@example.com", ["www.example.com"])]


def test_a_crash_after_the_mail_sends_the_same_mail_again(office):
    office.holds_back(a_refusal(), a_refusal("mail.example.com"))
    office.sent.clear()
    office.event()
    first, second = office.mails
    assert first == second


def test_a_mailbox_that_takes_no_mail_is_recorded_and_not_tried_for_ever(office):
    office.trouble = [MailRefused("message_rejected", "no such domain")]
    office.holds_back(a_refusal("www.example.com", SECURITY, "mailto:noc@example.org"))
    office.event()
    assert [mail.to for mail in office.mails] == [("noc@example.org",)]
    assert [each.action for each in office.audits] == ["caa.report_undeliverable", "caa.refusal_reported"]
    assert office.audits[0].facts["trouble"] == "message_rejected"


def test_of_two_reports_at_once_one_is_looked_at_again(office):
    def another():
        office.meanwhile.clear()
        office.holds_back(a_refusal(), order_id="ord_2")

    office.meanwhile = [another]
    with pytest.raises(TryAgain):
        office.holds_back(a_refusal())
    office.event()
    assert len(office.mails) == 1


@pytest.mark.parametrize(
    "where", [{"reseller_id": "res_2"}, {"preflight_id": "pre_2"}], ids=["order", "preflight"]
)
def test_what_cannot_be_read_yet_is_tried_again(office, where):
    office.found[ORDER, "pre_1"] = (a_refusal(),)
    with pytest.raises(TryAgain):
        office.event(**where)
    assert office.mails == []


def test_of_a_product_that_is_sold_no_more_nothing_is_told(office):
    office = replace(office, product="withdrawn")
    office.holds_back(a_refusal())
    assert office.mails == []

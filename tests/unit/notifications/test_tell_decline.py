"""A declined card is told to who pays and to who waits, once each, while it is true (M60)."""

from dataclasses import dataclass, field, replace
from decimal import Decimal

import pytest

from partner_center.accounts.resellers import Reseller
from partner_center.billing.payments import PaymentStatus
from partner_center.catalog.products import load_catalog
from partner_center.kernel.errors import TryAgain
from partner_center.kernel.events import Event
from partner_center.kernel.money import Money
from partner_center.notifications.mail import MailRefused
from partner_center.notifications.payment_declined import PaymentDeclinedFacts, payment_declined_mail
from partner_center.notifications.suppressions import Suppression, Undelivered
from partner_center.notifications.tell_decline import TellDecline
from partner_center.orders.order import OrderHead, OrderStatus
from tests.fakes.calendar_store import MemorySuppressions
from tests.fakes.contract_charges import a_card_head, a_charge
from tests.fakes.determined import NOW, FixedClock
from tests.fakes.payments import a_card
from tests.fakes.samples import ORDER, US, a_content

SENDER = "Partner Center <no-reply@ca.example.com>"


def an_event(status="pending", attempt=1, order_id=ORDER):
    data = {"reseller_id": US, "order_id": order_id, "payment_attempt": attempt, "order_status": status}
    return Event("evt_1", "order.payment_declined", NOW, "execution-1", data)


def a_declined_head(**changes):
    return a_card_head(
        **{"payment": PaymentStatus.DECLINED, "payment_attempt": 1, "partner_order_id": "PO-1", **changes}
    )


@dataclass
class Office:
    """Everything that telling needs, in memory; `trouble` is raised instead of sending, once each, None lets pass."""

    order: OrderHead = field(default_factory=a_declined_head)
    reseller_known: bool = True
    card: object = field(default_factory=a_card)
    trouble: list = field(default_factory=list)
    mails: list = field(default_factory=list)
    rows: set = field(default_factory=set)
    messages: dict = field(default_factory=dict)
    suppressions: MemorySuppressions = field(default_factory=MemorySuppressions)

    def tell_decline(self, event=None):
        office = self
        TellDecline(
            office,
            Charges(),
            Cards(self.card),
            office,
            self.suppressions,
            load_catalog(),
            office,
            office,
            FixedClock(),
            SENDER,
        )(event or an_event())

    def head(self, _, order_id):
        return self.order if order_id == ORDER else None

    def content(self, *_):
        return a_content("www.example.com")

    def reseller(self, reseller_id):
        known = Reseller(
            reseller_id, "Nordic Hosting AB", "help@nordic.example.com", "bill@nordic.example.com"
        )
        return known if self.reseller_known else None

    def send(self, mail):
        trouble = self.trouble.pop(0) if self.trouble else None
        if trouble is not None:
            raise trouble
        self.mails.append(mail)

    def was_sent(self, *ids):
        return ids in self.rows

    def record(self, reseller_id, order_id, mail_id, _):
        self.rows.add((reseller_id, order_id, mail_id))

    def tell(self, _reseller_id, _order_id, message):
        self.messages[message.message_id] = message.text


class Charges:
    def charge(self, *_):
        return a_charge(a_card_head())


@dataclass
class Cards:
    known: object

    def card(self, *_):
        return self.known


def test_who_pays_is_told_at_the_billing_address_and_who_waits_at_their_own():
    office = Office()
    office.tell_decline()
    assert [mail.to for mail in office.mails] == [("bill@nordic.example.com",), ("asa@example.com",)]
    pays, waits = office.mails
    assert pays.subject == "The card was declined for the order for www.example.com"
    assert waits.subject == "The certificate for www.example.com is delayed"


@pytest.mark.parametrize("part", ["text", "html"])
def test_who_pays_reads_the_card_the_amount_the_order_and_what_to_do(part):
    office = Office()
    office.tell_decline()
    words = " ".join(getattr(office.mails[0], part).split())
    for told in (
        "The Visa card ending in 4242",
        "149.00 USD",
        ORDER,
        "PO-1",
        "is not issued until the payment of this order is updated",
        "Never send card numbers",
    ):
        assert told in words
    for kept in ("pm_", "cus_", "2030", "12/30"):
        assert kept not in words


@pytest.mark.parametrize("part", ["text", "html"])
def test_who_waits_reads_of_no_card_and_no_amount(part):
    office = Office()
    office.tell_decline()
    words = getattr(office.mails[1], part)
    for kept in ("4242", "Visa", "149.00", "declined", "card"):
        assert kept not in words.replace("Nordic Hosting", "")
    assert "Nothing is needed from you" in " ".join(words.split())


def test_of_an_issued_order_only_who_pays_is_told():
    office = Office(a_declined_head(status=OrderStatus.ISSUED))
    office.tell_decline(an_event("issued"))
    (mail,) = office.mails
    assert "its price is still owed" in " ".join(mail.text.split())


WAITS, OWES = ["bill@nordic.example.com", "asa@example.com"], ["bill@nordic.example.com"]
BY_NOW = {
    "it waits": ({}, WAITS),
    "it was issued": ({"status": OrderStatus.ISSUED}, OWES),
    "it was revoked too late for its money": ({"status": OrderStatus.REVOKED}, OWES),
    "it was cancelled": ({"status": OrderStatus.CANCELLED, "payment": PaymentStatus.RELEASED}, []),
    "it was rejected": ({"status": OrderStatus.REJECTED, "payment": PaymentStatus.RELEASED}, []),
    "it was cancelled, and its money not looked at": ({"status": OrderStatus.CANCELLED}, []),
    "it was rejected, and its money not looked at": ({"status": OrderStatus.REJECTED}, []),
    "another card is to be asked": ({"payment": PaymentStatus.NONE}, []),
    "another card promised": ({"payment": PaymentStatus.AUTHORISED, "payment_attempt": 2}, []),
    "another card was declined": ({"payment_attempt": 2}, []),
    "it was issued and paid": (
        {"status": OrderStatus.ISSUED, "payment": PaymentStatus.CAPTURED, "payment_attempt": 2},
        [],
    ),
    "it was revoked and costs nothing": (
        {"status": OrderStatus.REVOKED, "payment": PaymentStatus.REFUND_PENDING},
        [],
    ),
    "an amendment made it free": ({"net": Money(Decimal("0.00"), "USD")}, []),
}


@pytest.mark.parametrize("then", ["pending", "issued"])
@pytest.mark.parametrize(("head", "told"), BY_NOW.values(), ids=BY_NOW)
def test_the_order_as_it_is_by_now_says_who_is_told(then, head, told):
    """Whatever it was when the card was declined."""
    office = Office(a_declined_head(**head))
    office.tell_decline(an_event(then))
    assert [mail.to[0] for mail in office.mails] == told
    owed = ["its price is still owed" in " ".join(mail.text.split()) for mail in office.mails[:1]]
    assert owed == ([office.order.status is not OrderStatus.PENDING] if told else [])


def test_what_is_paid_before_the_second_mail_is_not_told_to_who_waited():
    office = Office(trouble=[None, TryAgain("SES does not answer.")])
    with pytest.raises(TryAgain):
        office.tell_decline()
    office.order = a_declined_head(status=OrderStatus.ISSUED, payment=PaymentStatus.CAPTURED)
    office.tell_decline()
    assert [mail.to for mail in office.mails] == [("bill@nordic.example.com",)]


def test_each_attempt_is_told_once():
    office = Office()
    for _ in range(3):
        office.tell_decline()
    assert len(office.mails) == 2
    office.order = a_declined_head(payment_attempt=2)
    office.tell_decline(an_event(attempt=2))
    assert len(office.mails) == 4
    assert len({mail.message_id for mail in office.mails}) == 4


def test_trouble_that_passes_sends_what_is_missing_later():
    office = Office(trouble=[TryAgain("SES does not answer.")])
    with pytest.raises(TryAgain):
        office.tell_decline()
    office.trouble = []
    office.tell_decline()
    assert len(office.mails) == 2


def test_a_mail_that_will_never_go_out_is_told_on_the_order():
    office = Office(trouble=[MailRefused("message_rejected", "No.")])
    office.tell_decline()
    assert [mail.to for mail in office.mails] == [("asa@example.com",)]
    (text,) = office.messages.values()
    assert "message_rejected" in text
    office.tell_decline()
    assert len(office.mails) == 1


@pytest.mark.parametrize("missing", ["order", "reseller"])
def test_what_cannot_be_read_yet_is_asked_for_again(missing):
    office = Office(reseller_known=missing != "reseller")
    with pytest.raises(TryAgain):
        office.tell_decline(an_event(order_id="ord_none" if missing == "order" else ORDER))
    assert office.mails == []


def test_a_card_that_is_gone_has_no_digits_to_show():
    office = Office(card=None)
    office.tell_decline()
    assert "The card of the contract was not accepted" in " ".join(office.mails[0].text.split())


def test_hostile_names_stay_inside_their_places():
    facts = PaymentDeclinedFacts(
        reseller_name='<script>alert(1)</script>\r\nBcc: x@example.com "&',
        reseller_email="bill@nordic.example.com",
        order_id=ORDER,
        partner_order_id='"><img src=x>',
        common_name="www.example.com",
        product_name="QuickSSL Premium",
        brand="GeoTrust",
        card="The <b>Visa</b> card",
        amount="149.00 USD",
        is_issued=False,
        what_to_do="Ask http://evil.example.com\nnow",
        support_contact="help@example.com",
    )
    mail = payment_declined_mail(facts, SENDER, "<a@ca.example.com>")
    assert "<script>" not in mail.html
    assert "<img" not in mail.html
    assert "<b>" not in mail.html
    assert "http://evil" not in mail.text
    assert "\nBcc:" not in mail.text
    assert replace(mail, text="", html="").to == ("bill@nordic.example.com",)


def test_its_mails_name_their_order_so_that_a_bounce_is_told_there():
    office = Office()
    office.tell_decline()
    tags = [dict(mail.tags) for mail in office.mails]
    assert tags == [{"reseller_id": US, "order_id": ORDER, "mail": mail} for mail in ("payment", "delay")]


def test_who_pays_is_told_at_an_address_that_takes_mail_and_where_there_is_none_at_the_first():
    told = []
    for gone in (None, "help@nordic.example.com"):
        office = Office(suppressions=MemorySuppressions())
        for address in ("bill@nordic.example.com", *([gone] if gone else [])):
            office.suppressions.suppress(Suppression(US, address, Undelivered.BOUNCED, NOW, ""))
        office.tell_decline()
        told += [mail.to for mail in office.mails[:1]]
    assert told == [("help@nordic.example.com",), ("bill@nordic.example.com",)]

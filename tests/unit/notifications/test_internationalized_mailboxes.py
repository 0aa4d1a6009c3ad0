"""A mailbox of an internationalized domain is one, though SES names it by A-labels and an order does not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import TypeAdapter

from partner_center.accounts.resellers import ReminderPreferences
from partner_center.notifications.calendar import reminder_at
from partner_center.notifications.mail_domain import mailbox
from partner_center.notifications.mime import ascii_address
from partner_center.notifications.undelivered import read_notice
from partner_center.orders.content import Contacts, content_to_json
from partner_center.orders.requests import Email
from tests.fakes.reminding import Reminding
from tests.fakes.samples import ORDER, US, a_content, a_contract
from tests.unit.notifications.reminded import a_bounce, a_complaint

ENDS = datetime(2027, 6, 10, 9, 29, 59, tzinfo=UTC)
MORNING = reminder_at(ENDS, 30) + timedelta(hours=6)
POSTED = "asa@xn--bcher-kva.example"
KEPT = TypeAdapter(Email).validate_python(POSTED)


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("Asa@B\N{LATIN CAPITAL LETTER U WITH DIAERESIS}cher.example", POSTED),
        ("ASA@xn--bcher-kva.EXAMPLE", POSTED),
        (KEPT, POSTED),
        ("no mailbox", "no mailbox"),
        ("\N{SNOWMAN}", "\N{SNOWMAN}"),
        (
            "a@\N{LATIN SMALL LETTER U WITH DIAERESIS}..example",
            "a@\N{LATIN SMALL LETTER U WITH DIAERESIS}..example",
        ),
    ],
)
def test_a_mailbox_has_one_name(address, name):
    assert mailbox(address) == name


@pytest.fixture
def office():
    office = Reminding()
    office.issued("www.example.com")
    technical = replace(a_content().contacts.technical, email=KEPT)
    other = replace(technical, first_name="Olga", email="olga@example.com")
    content = replace(
        office.world.order(ORDER).content, contacts=Contacts(technical=technical, organization=other)
    )
    office.world.tables.contents[US, ORDER, 1] = content_to_json(content)
    office.at(MORNING)
    return office


def comes_back(office, mail, notice=a_bounce):
    assert mail.to == (KEPT,)
    office.record_undelivered(read_notice(notice(ascii_address(KEPT), **dict(mail.tags))))


def test_after_a_bounce_the_next_contact_gets_the_reminder(office):
    comes_back(office, office.day()[0])
    assert [each.to for each in office.deliver()] == [("olga@example.com",)]


def test_who_complained_is_mailed_no_more(office):
    comes_back(office, office.day()[0], a_complaint)
    office.deliver()
    office.at(reminder_at(ENDS, 14) + timedelta(hours=6))
    assert (KEPT,) not in [each.to for each in office.day()]


def test_a_digest_address_that_bounced_gives_way_to_the_support_address(office):
    office.preferences = ReminderPreferences(digest_email=KEPT)
    comes_back(office, office.day()[-1])
    office.at(reminder_at(ENDS, 14) + timedelta(hours=6))
    assert office.day()[-1].to == ("support@nordic.example.com",)


def test_a_notice_of_a_contract_goes_to_the_next_address():
    office = Reminding()
    office.billing_email = KEPT
    contract = replace(a_contract(100), contract_id="con_2", units_left=5, units_used=95)
    office.world.stores.grant(contract)
    for due in office.notify_contracts.due():
        office.notify_contracts(due, "c")
    (mail,) = [each for each in office.deliver() if "con_2" in each.subject]
    comes_back(office, mail)
    assert [each.to for each in office.deliver()] == [("support@nordic.example.com",)]

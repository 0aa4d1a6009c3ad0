"""An order that somebody is reminded of, and what became of the mails."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from partner_center.notifications.calendar import reminder_at
from partner_center.notifications.suppressions import Suppression, Undelivered
from partner_center.orders.content import Contacts, content_to_json
from tests.fakes.determined import NOW
from tests.fakes.samples import ORDER, US, a_content

ENDS = datetime(2027, 6, 10, 9, 29, 59, tzinfo=UTC)
MORNING = reminder_at(ENDS, 30) + timedelta(hours=6)
OPS, DESK, BILLS = "ops@nordic.example.com", "support@nordic.example.com", "bills@nordic.example.com"
"""Addresses of the reseller; but for DESK it gives them itself."""


def two_contacts(office, **changes):
    technical = a_content().contacts.technical
    other = replace(technical, first_name="Olga", email="olga@example.com")
    content = replace(
        office.world.order(ORDER).content, contacts=Contacts(technical=technical, organization=other)
    )
    office.world.tables.contents[US, ORDER, 1] = content_to_json(replace(content, **changes))


def bounced(office, address, why=Undelivered.BOUNCED):
    office.suppressions.suppress(Suppression(US, address, why, NOW, ""))


def messages(office):
    return [each.text for each in office.sent.messages.get((US, ORDER), {}).values()]


def a_bounce(
    address="asa@example.com",
    bounce_type="Permanent",
    subtype="General",
    code="smtp; 550 5.1.1 no such user",
    **tags,
):
    return {
        "eventType": "Bounce",
        "mail": {"messageId": "m-1", "tags": {name: [value] for name, value in tags.items()}},
        "bounce": {
            "bounceType": bounce_type,
            "bounceSubType": subtype,
            "feedbackId": "f-1",
            "bouncedRecipients": [{"emailAddress": address, "diagnosticCode": code}],
        },
    }


def a_complaint(address="asa@example.com", **tags):
    return {
        "eventType": "Complaint",
        "mail": {"tags": {name: [value] for name, value in tags.items()}},
        "complaint": {
            "feedbackId": "f-2",
            "complaintFeedbackType": "abuse",
            "complainedRecipients": [{"emailAddress": address}],
        },
    }


def reminded(office):
    """Tags of the one reminder that went out."""
    mail, *_ = office.day()
    return dict(mail.tags)

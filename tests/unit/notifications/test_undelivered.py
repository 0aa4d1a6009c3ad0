"""Mails that did not come, or were not wanted: what SES tells of them, who hears of it, and who is mailed instead."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from partner_center.accounts.resellers import ReminderPreferences
from partner_center.notifications.calendar import reminder_at
from partner_center.notifications.mail_results import mailbox_label
from partner_center.notifications.undelivered import read_notice
from partner_center.orders.order import OrderStatus
from tests.fakes.reminding import Reminding
from tests.fakes.samples import ORDER, US
from tests.unit.notifications.facts import HOSTILE
from tests.unit.notifications.reminded import (
    BILLS,
    DESK,
    ENDS,
    MORNING,
    OPS,
    a_bounce,
    a_complaint,
    bounced,
    messages,
    reminded,
    two_contacts,
)


def test_after_a_bounce_the_next_contact_gets_the_same_reminder(office):
    two_contacts(office)
    tags = reminded(office)
    office.record_undelivered(read_notice(a_bounce("Asa@example.com", **tags)))
    (mail,) = office.deliver()
    assert mail.to == ("olga@example.com",)
    (told,) = messages(office)
    assert told.startswith("A mail to asa@example.com could not be delivered (smtp; 550 5.1.1 no such user).")


def test_a_bounce_that_is_told_twice_changes_nothing(office):
    two_contacts(office)
    notice = read_notice(a_bounce(**reminded(office)))
    for _ in range(3):
        office.record_undelivered(notice)
    assert len(office.deliver()) == 1
    assert len(messages(office)) == 1


@pytest.mark.parametrize(
    ("told", "since"),
    [
        ("2026-11-22T08:30:00.250Z", datetime(2026, 11, 22, 8, 30, 0, 250_000, UTC)),
        (None, None),
        ("yesterday", None),
        ("2026-11-22T08:30:00", None),
        (["2026"], None),
    ],
)
def test_a_mailbox_is_known_to_take_no_mail_since_ses_was_told_so(office, told, since):
    """Not since that was recorded: a mail that went out in between may have arrived."""
    event = a_bounce(**reminded(office))
    event["bounce"]["timestamp"] = told
    office.record_undelivered(read_notice(event))
    kept = office.suppressions.suppression(US, "asa@example.com")
    assert kept.at == (since or office.clock.now())


def test_a_complaint_ends_the_reminders_to_that_address(office):
    office.record_undelivered(read_notice(a_complaint(**reminded(office))))
    assert office.deliver() == []
    assert "was reported as unwanted by its recipient (abuse)" in messages(office)[0]
    office.at(reminder_at(ENDS, 14) + timedelta(hours=6))
    assert [mail.to for mail in office.day()] == [("support@nordic.example.com",)]


@pytest.mark.parametrize(
    ("mail", "advice"),
    [
        ("approval", "Choose another address"),
        ("instructions", "What must be published stands in GET /v1/orders/{id}/domains"),
        ("certificate", "Download the certificate"),
        ("", "correct the contact"),
    ],
)
def test_the_advice_follows_the_mail_that_did_not_arrive(office, mail, advice):
    tags = {"reseller_id": US, "order_id": ORDER} | ({"mail": mail} if mail else {})
    office.record_undelivered(read_notice(a_bounce(**tags)))
    assert advice in messages(office)[0]
    assert ("next contact is mailed" in messages(office)[0]) is (mail == "")


def test_a_digest_that_bounces_is_no_message_on_an_order(office):
    office.record_undelivered(read_notice(a_bounce(reseller_id=US, mail="digest")))
    assert office.sent.messages == {}
    assert office.suppressions.suppression(US, "asa@example.com") is not None


def mailed_digest(office):
    """The digest that went out, and its tags."""
    *_, digest = office.day()
    return digest, dict(digest.tags)


@pytest.mark.parametrize("mute", [True, False])
def test_a_digest_that_comes_back_goes_to_the_other_address_of_its_reseller_and_says_why(office, mute):
    """With its contacts left alone nobody else would be told at all."""
    office.preferences = ReminderPreferences(digest_email=OPS, mute_contacts=mute)
    first, tags = mailed_digest(office)
    for _ in range(2):
        office.record_undelivered(read_notice(a_bounce(OPS, **tags)))
    (again,) = office.deliver()
    assert [first.to, again.to] == [(OPS,), (DESK,)]
    assert again.message_id != first.message_id
    trouble = f"Mail to {OPS} could not be delivered: choose another address (PATCH /v1/account)."
    assert trouble not in first.text
    assert trouble in again.text
    assert trouble in again.html
    assert first.text.split("\n\n")[3:] == again.text.split("\n\n")[4:]


def test_a_digest_goes_to_each_address_of_its_reseller_in_turn_and_then_to_nobody(office):
    office.preferences, office.billing_email = ReminderPreferences(digest_email=OPS), BILLS
    digest, tags = mailed_digest(office)
    to = [digest.to]
    for address in (OPS, DESK, BILLS, BILLS):
        office.record_undelivered(read_notice(a_bounce(address, **tags)))
        to += [mail.to for mail in office.deliver()]
    assert to == [(OPS,), (DESK,), (BILLS,)]


def test_that_a_digest_reaches_nobody_is_told_to_who_asked_for_it(office):
    digest = (US, MORNING.date())
    office.run()
    assert office.send_digest(*digest)
    tags = {"reseller_id": US, "mail": "digest", "day": MORNING.date().isoformat()}
    office.record_undelivered(read_notice(a_bounce(DESK, **tags)))
    assert not office.send_digest(*digest)


def test_a_digest_that_has_nothing_to_tell_any_more_is_no_trouble(office):
    office.run()
    office.change(status=OrderStatus.REVOKED)
    office.tell(ORDER)
    bounced(office, DESK)
    assert office.send_digest(US, MORNING.date())


@pytest.mark.parametrize(
    ("tell", "why"),
    [
        (a_complaint, "was reported as unwanted by its recipient"),
        (partial(a_bounce, bounce_type="Transient", subtype="MailboxFull"), "could not be delivered"),
    ],
    ids=["complaint", "mailbox full"],
)
def test_a_digest_that_was_not_read_goes_to_the_other_address_too(office, tell, why):
    office.preferences = ReminderPreferences(digest_email=OPS)
    _, tags = mailed_digest(office)
    office.record_undelivered(read_notice(tell(OPS, **tags)))
    (again,) = office.deliver()
    assert again.to == (DESK,)
    assert f"Mail to {OPS} {why}: choose another address" in again.text


@pytest.mark.parametrize("chosen", [None, OPS])
def test_a_digest_goes_out_once_however_often_it_is_asked_for(office, chosen):
    """By a queue that delivers twice, or a run that died, even if its reseller has chosen another address since."""
    mailed_digest(office)
    office.queue.digest(US, MORNING.date())
    office.preferences = ReminderPreferences(digest_email=chosen)
    assert office.deliver() == []


def test_a_digest_of_before_its_mailboxes_were_remembered_is_not_sent_again(office):
    mailed_digest(office)
    (key,) = office.calendar.heads
    digest, moment = office.calendar.heads[key]
    office.calendar.heads[key] = (replace(digest, results={}), moment)
    office.preferences = ReminderPreferences(digest_email=OPS)
    office.queue.digest(US, MORNING.date())
    assert office.deliver() == []


def test_a_digest_that_is_kept_no_more_is_not_asked_for(office):
    _, tags = mailed_digest(office)
    office.calendar.heads.clear()
    office.record_undelivered(read_notice(a_bounce(DESK, **tags)))
    assert office.deliver() == []


def test_of_a_long_digest_it_is_asked_of_so_many_whether_they_still_stand_and_the_rest_is_counted(office):
    office.run()
    (line,) = office.calendar.lines[US, MORNING.date()].values()
    over = {(f"ord_{n:05}", line.kind): replace(line, order_id=f"ord_{n:05}") for n in range(1200)}
    office.calendar.lines[US, MORNING.date()] = over
    asked = []
    entries = office.calendar.entries
    office.calendar.entries = lambda *ids: asked.append(ids) or entries(*ids)
    bounced(office, DESK)
    office.send_digest(US, MORNING.date())
    assert len(asked) == 1000


def test_what_was_not_asked_of_a_long_digest_is_listed(office):
    """All that was asked of is over by now; the rest may not be."""
    office.run()
    (line,) = office.calendar.lines[US, MORNING.date()].values()
    lines = {(f"ord_{n:05}", line.kind): replace(line, order_id=f"ord_{n:05}") for n in range(1200)}
    office.calendar.lines[US, MORNING.date()] = lines
    assert office.send_digest(US, MORNING.date())
    ((_, digest),) = office.mailer.mails
    assert digest.subject.startswith("200 certificates")


def test_a_digest_whose_bounce_is_faster_than_its_record_goes_to_the_next_address(office):
    """SES took it, its answer came some seconds late, and the bounce before it."""
    office.preferences = ReminderPreferences(digest_email=OPS)
    send, to = office.mailer.send, []

    def bounces(mail):
        send(mail)
        to.append(mail.to)
        if mail.to == (OPS,):
            told = a_bounce(OPS, bounce_type="Transient", subtype="MailboxFull", **dict(mail.tags))
            office.record_undelivered(read_notice(told))

    office.mailer.send = bounces
    office.run()
    office.deliver()
    assert (DESK,) in to


# ---- where it was sent, and whether it came


def forwarded(final, to, **tags):
    """A bounce of the mailbox to which ours forwards: SES tells of that one (DSN, Final-Recipient)."""
    told = a_bounce(final, **tags)
    told["mail"]["destination"] = [to]
    return told


def test_a_reminder_that_bounces_behind_a_forwarder_goes_to_the_next_contact(office):
    two_contacts(office)
    tags = reminded(office)
    office.record_undelivered(read_notice(forwarded("asa.l@gmail.example", "Asa@example.com", **tags)))
    assert [mail.to for mail in office.deliver()] == [("olga@example.com",)]
    assert office.suppressions.suppression(US, "asa@example.com") is not None
    assert office.suppressions.suppression(US, "asa.l@gmail.example") is None


GIVEN_UP = [
    ("Transient", "MailboxFull", False),
    ("Transient", "CustomTimeoutExceeded", False),
    ("Transient", "ContentRejected", False),
    ("Transient", "General", True),
    ("Undetermined", "Undetermined", True),
]
"""And whether it may be an automatic reply."""


@pytest.mark.parametrize(("kind", "subtype", "doubtful"), GIVEN_UP)
@pytest.mark.parametrize("mail", ["approval", "certificate", "reminder"])
def test_a_mail_that_ses_sends_no_more_is_told_and_its_mailbox_is_mailed_on(
    office, kind, subtype, doubtful, mail
):
    told = a_bounce(bounce_type=kind, subtype=subtype, reseller_id=US, order_id=ORDER, mail=mail)
    office.record_undelivered(read_notice(told))
    (text,) = messages(office)
    assert ("may not have arrived" in text) is doubtful
    assert ("could not be delivered" in text) is not doubtful
    assert "gets no reminders any more" not in text
    assert office.suppressions.suppression(US, "asa@example.com") is None


@pytest.mark.parametrize(("kind", "subtype", "doubtful"), GIVEN_UP)
def test_a_reminder_that_did_not_arrive_goes_to_the_next_contact_and_the_next_reminder_to_the_first(
    office, kind, subtype, doubtful
):
    two_contacts(office)
    tags = reminded(office)
    told = read_notice(a_bounce(bounce_type=kind, subtype=subtype, **tags))
    for _ in range(2):
        office.record_undelivered(told)
    assert [mail.to for mail in office.deliver()] == ([] if doubtful else [("olga@example.com",)])
    office.at(reminder_at(ENDS, 14) + timedelta(hours=6))
    assert office.day()[0].to == ("asa@example.com",)


def test_a_mailbox_of_an_internationalized_domain_is_the_same_however_it_is_spelt():
    assert mailbox_label("Asa@bücher.example") == mailbox_label("asa@xn--bcher-kva.example")


def test_a_mail_that_ses_took_and_would_not_send_is_told(office):
    told = {
        "eventType": "Reject",
        "mail": {
            "messageId": "m-1",
            "destination": ["asa@example.com"],
            "tags": {"reseller_id": [US], "order_id": [ORDER], "mail": ["certificate"]},
        },
        "reject": {"reason": "Bad content"},
    }
    office.record_undelivered(read_notice(told))
    (text,) = messages(office)
    assert text.startswith("A mail to asa@example.com could not be delivered (Bad content). Download")


@pytest.mark.parametrize("feedback", ["not-spam", "auth-failure"])
def test_a_report_by_which_nobody_complains_silences_nobody(office, feedback):
    told = a_complaint(**reminded(office))
    told["complaint"]["complaintFeedbackType"] = feedback
    assert read_notice(told) is None


def test_contacts_that_their_reseller_wants_left_alone_by_now_are_not_mailed(office):
    office.run()
    office.preferences = ReminderPreferences(mute_contacts=True)
    assert [mail.to for mail in office.deliver()] == [(DESK,)]


def test_a_mail_of_nobody_known_is_let_go(office):
    office.record_undelivered(read_notice(a_bounce()))
    assert office.suppressions.rows == {}


def test_what_can_only_be_renewed_is_not_called_a_free_reissue():
    """The term ended three days after the certificate, and our last word comes after both."""
    office = Reminding()
    head = office.issued("www.example.com")
    ended = office.world.certificates.by_serial(head.serial).not_after
    office.change(term_to=ended + timedelta(days=3))
    office.tell(ORDER)
    office.at(reminder_at(ended, -7) + timedelta(hours=6))
    (mail,) = [each for each in office.day() if each.subject.startswith("The certificate")]
    assert mail.subject.endswith(": renew the order")
    assert "free" not in mail.text


@pytest.mark.parametrize("subtype", ["AttachmentRejected", "ContentRejected", "MessageTooLarge"])
def test_what_a_mailbox_refused_for_its_content_is_told_and_the_mailbox_is_mailed_on(office, subtype):
    """SES calls it transient, and does not send it again."""
    told = a_bounce(bounce_type="Transient", reseller_id=US, order_id=ORDER, mail="certificate")
    told["bounce"]["bounceSubType"] = subtype
    office.record_undelivered(read_notice(told))
    assert office.suppressions.suppression(US, "asa@example.com") is None
    (message,) = office.sent.messages[US, ORDER].values()
    assert "could not be delivered" in message.text
    assert "Download the certificate" in message.text


def test_of_a_reminder_that_was_refused_for_its_content_no_other_is_told_what_does_not_hold(office):
    told = a_bounce(bounce_type="Transient", reseller_id=US, order_id=ORDER, mail="reminder")
    told["bounce"]["bounceSubType"] = "ContentRejected"
    office.record_undelivered(read_notice(told))
    (message,) = office.sent.messages[US, ORDER].values()
    assert "gets no reminders any more" not in message.text
    assert office.deliver() == []


@pytest.mark.parametrize(
    "event",
    [
        {"eventType": "Delivery", "mail": {"tags": {}}},
        {"eventType": "DeliveryDelay", "mail": {}},
    ],
    ids=["delivery", "delay"],
)
def test_what_passes_is_no_notice(event):
    assert read_notice(event) is None


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"eventType": "Bounce"},
        {"eventType": "Bounce", "mail": {}, "bounce": {"bounceType": "Permanent"}},
        a_bounce(day="yesterday"),
        a_bounce(kind="weather"),
    ],
    ids=["empty", "no mail", "no recipients", "no day", "no kind"],
)
def test_what_is_no_event_of_ses_is_refused(event):
    with pytest.raises((KeyError, ValueError)):
        read_notice(event)


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE.keys())
def test_what_a_mail_server_says_is_cut_and_kept_on_one_line(hostile):
    notice = read_notice(json.loads(json.dumps(a_bounce(code=hostile, reseller_id=US, order_id=ORDER))))
    assert len(notice.detail) <= 200
    assert notice.detail.isprintable()
    assert "://" not in notice.detail

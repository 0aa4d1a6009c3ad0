"""The daily run: every reminder that fell due once, whoever dies when, however long nobody looked."""

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from partner_center.accounts.resellers import ReminderPreferences
from partner_center.adapters.keys import REMINDER_SHARDS
from partner_center.issuance.record import CertificateStatus, Reason
from partner_center.kernel.errors import TryAgain
from partner_center.kernel.events import Event
from partner_center.notifications.calendar import ReminderKind, reminder_at
from partner_center.notifications.remind import LONGEST_RUN, SHARDS
from partner_center.orders.content import content_to_json
from partner_center.orders.deadlines import DeadlineKind
from partner_center.orders.order import OrderKind, OrderStatus
from tests.fakes.determined import NOW
from tests.fakes.reminding import Reminding
from tests.fakes.samples import ORDER, US, a_day

SIX = timedelta(hours=6)
ENDS = datetime(2027, 6, 10, 9, 29, 59, tzinfo=UTC)


@pytest.fixture
def office():
    office = Reminding()
    office.issued()
    return office


def on(office, days, ends=ENDS):
    """The morning so many days before the end."""
    office.at(reminder_at(ends, days) + SIX)


def subjects(mails):
    return [mail.subject for mail in mails if not mail.subject[0].isdigit()]


def claimed(office):
    return [(day, each.days) for (_, day), lines in office.calendar.lines.items() for each in lines.values()]


@pytest.mark.parametrize("why", ["ended", "revoked"])
def test_that_an_order_has_no_valid_certificate_stands_in_its_reminder(office, why):
    if why == "revoked":
        (record,) = office.world.certificates.of_order(US, ORDER)
        revoked = {"status": CertificateStatus.REVOKED, "revoked_at": NOW, "reason": Reason.SUPERSEDED}
        office.world.certificates.keep(replace(record, **revoked))
        office.tell(ORDER, "certificate.revoked")
    on(office, 90, NOW + 365 * a_day)
    office.run()
    (reminder,) = [
        each
        for lines in office.calendar.lines.values()
        for each in lines.values()
        if each.kind is ReminderKind.TERM_ENDS
    ]
    assert (reminder.bare, reminder.serial) == (True, office.world.head().serial)
    *_, mail, digest = office.deliver()
    assert mail.subject.startswith("No certificate for www.example.com is valid")
    assert "Reissue, free: no certificate is valid. Renew" in " ".join(digest.text.split())
    assert reminder.serial not in mail.text


def test_what_was_reissued_before_its_mail_went_is_told_to_be_valid(office):
    """The message waited, or its first contact's mailbox gave the mail back."""
    on(office, 90, NOW + 365 * a_day)
    office.run()
    office.reissued()
    *_, mail, _ = office.deliver()
    assert mail.subject == "The order for www.example.com ends on 23 November 2027: renew it"
    assert office.world.head().serial in mail.text


# ---- the calendar follows the order


def test_an_issued_order_stands_in_the_calendar(office):
    entries = office.calendar.entries(US, ORDER)
    assert {kind: entry.remind_at.date().isoformat() for kind, entry in entries.items()} == {
        ReminderKind.CERTIFICATE_ENDS: "2027-03-12",
        ReminderKind.TERM_ENDS: "2027-08-25",
    }


def test_an_event_that_comes_twice_changes_nothing(office):
    before = dict(office.calendar.rows)
    office.tell(ORDER, "order.issued")
    assert office.calendar.rows == before


def test_an_event_that_comes_late_makes_up_for_what_was_missed(office):
    other = Reminding()
    other.world.put()
    other.certify(other.world.head())
    other.world.complete_order(US, ORDER, 1, "execution-1")
    on(other, 25)
    other.follow()
    assert len(subjects(other.day())) == 1


def test_an_event_repeated_after_a_reminder_does_not_bring_it_back(office):
    on(office, 90)
    assert len(subjects(office.day())) == 1
    office.tell(ORDER, "order.issued")
    on(office, 89)
    assert office.day() == []


def test_a_reissued_order_moves(office):
    on(office, 30)
    office.reissued()
    assert office.calendar.entries(US, ORDER)[ReminderKind.CERTIFICATE_ENDS].ends > ENDS
    assert office.day() == []


@pytest.mark.parametrize("told", [True, False], ids=["its event came", "its event did not come"])
def test_a_revoked_order_drops_out(office, told):
    office.revoked() if told else office.change(status=OrderStatus.REVOKED)
    on(office, 90)
    assert office.day() == []
    assert all(entry.remind_at is None for entry in office.calendar.entries(US, ORDER).values())


def test_a_certificate_that_was_exchanged_without_an_event_is_noticed_at_the_latest_when_it_is_due(office):
    head = replace(office.world.head(), generation=2)
    on(office, 90)
    record = office.certify(head)
    office.change(generation=2, serial=record.serial_hex)
    assert office.day() == []
    assert office.calendar.entries(US, ORDER)[ReminderKind.CERTIFICATE_ENDS].serial == record.serial_hex


TERM_ENDS = NOW + 365 * a_day


def renewal(office, **head):
    """Another order that renews the first."""
    office.world.put(order_id="ord_2", kind=OrderKind.RENEWAL, renewal_of=ORDER)
    office.change(renewed_by="ord_2")
    office.change("ord_2", **head)


def last_certificate(office):
    """The certificate reaches the end of the term."""
    on(office, 30)
    office.reissued()
    office.at(datetime(2027, 8, 1, tzinfo=UTC))
    office.reissued()
    office.at(datetime(2027, 8, 24, tzinfo=UTC))


def test_a_renewed_order_drops_out_once_its_renewal_is_issued(office):
    last_certificate(office)
    renewal(office, status=OrderStatus.ISSUED, issued_at=NOW, serial="ab")
    office.tell("ord_2", "order.issued")
    on(office, 90, TERM_ENDS)
    assert office.day() == []


@pytest.mark.parametrize("status", [OrderStatus.PENDING, OrderStatus.CANCELLED])
def test_a_renewal_without_a_certificate_keeps_nobody_from_being_reminded(office, status):
    last_certificate(office)
    renewal(office, status=status)
    office.tell("ord_2", "order.cancelled")
    on(office, 90, TERM_ENDS)
    (mail, *_) = office.day()
    assert "renew it" in mail.subject


def test_of_an_order_that_is_unknown_the_event_is_tried_again(office):
    event = Event("evt_9", "order.issued", NOW, "x", {"reseller_id": US, "order_id": "ord_9"})
    with pytest.raises(TryAgain):
        office.keep(event)


def test_an_order_that_was_never_issued_stands_in_no_calendar():
    office = Reminding()
    office.world.put()
    office.tell(ORDER, "order.cancelled")
    assert office.calendar.rows == {}


def test_what_ended_long_ago_begins_no_reminders():
    office = Reminding()
    office.issued()
    office.calendar.rows.clear()
    office.at(NOW + 500 * a_day)
    office.tell(ORDER)
    assert office.calendar.rows == {}


# ---- a year


def test_each_day_of_the_table_brings_one_mail(office):
    seen = []
    for day in range(1, 211):
        office.at(NOW.replace(hour=6) + day * a_day)
        seen += [(ENDS.date() - office.clock.moment.date()).days for _ in subjects(office.day())]
    assert seen == [90, 60, 30, 14, 7, 3, 1, 0, -7]


def test_a_mail_goes_to_the_technical_contact_and_a_digest_to_the_reseller(office):
    on(office, 30)
    mails = office.day()
    assert [mail.to for mail in mails] == [("asa@example.com",), ("support@nordic.example.com",)]
    assert mails[1].subject == "1 certificate to look after: 11 May 2027"


def test_one_digest_holds_all_orders_of_a_day():
    office = Reminding()
    for number in range(25):
        office.issued(f"host-{number}.example.com", order_id=f"ord_{number}")
    on(office, 30)
    *mails, digest = office.day()
    assert len(mails) == 25
    assert digest.subject.startswith("25 certificates")
    assert all(f"host-{number}.example.com" in digest.text for number in range(25))


# ---- missed runs


@pytest.mark.parametrize("missed", [1, 7, 31, 61])
def test_what_was_missed_is_made_up_for_by_one_reminder(office, missed):
    on(office, 60)
    office.day()
    on(office, 60 - missed)
    expected = 0 if missed < 30 else 1
    assert len(subjects(office.day())) == expected
    on(office, 60 - missed - 1)
    assert subjects(office.day()) == []


def test_the_reminder_that_makes_up_is_the_latest(office):
    on(office, 2)
    office.run()
    assert [days for _, days in claimed(office)] == [3]


# ---- twice, at once, and with crashes


def test_a_second_run_on_the_same_day_finds_nothing(office):
    on(office, 30)
    assert len(office.day()) == 2
    report = office.run()
    assert (report.claimed, report.queued, report.digests) == (0, 0, 0)
    assert office.deliver() == []


def test_what_is_claimed_after_todays_digest_was_queued_stands_in_tomorrows(office):
    on(office, 30)
    now = office.clock.moment
    office.calendar.queued(office.calendar.open(US, now.date(), now), now)
    assert office.run().claimed == 1
    assert office.deliver() == []
    on(office, 29)
    assert [mail.subject for mail in office.day()][-1] == "1 certificate to look after: 12 May 2027"


def told_of(office, name):
    """Today's mails, and whether a digest among them tells of the name."""
    return [(mail.to[0][:7], name in mail.text) for mail in office.deliver() if "look after" in mail.subject]


def after_the_mail(office):
    office.deliver()


def while_it_is_written(office):
    """Its lines were read, and it was not marked as sent."""
    digest = office.calendar.open(US, office.clock.now().date(), office.clock.now())
    office.calendar.close(digest, office.clock.now())


@pytest.mark.parametrize("moment", [after_the_mail, while_it_is_written])
def test_what_is_claimed_when_todays_digest_is_mailed_stands_in_tomorrows(moment):
    """A run died after it had queued the digest, and could not say so."""
    office = Reminding()
    office.preferences = ReminderPreferences(mute_contacts=True)
    for number in range(2):
        office.issued(f"host-{number}.example.com", order_id=f"ord_{number}")
    late = office.calendar.rows.pop((US, "ord_1", ReminderKind.CERTIFICATE_ENDS))
    on(office, 30)

    def crash(where):
        if where == "before queued":
            raise Crash

    office.calendar.happen = crash
    with suppress(Crash):
        office.run()
    office.calendar.happen = lambda _: None
    moment(office)
    office.calendar.write(late, None)
    office.clock.advance(hours=1)
    assert office.run().claimed == 1
    assert not any(tells for _, tells in told_of(office, "host-1"))
    on(office, 29)
    office.run()
    assert told_of(office, "host-1") == [("support", True)]


def test_a_digest_that_is_closed_during_a_run_is_followed_by_tomorrows():
    office = Reminding()
    for number in range(3):
        office.issued(f"host-{number}.example.com", order_id=f"ord_{number}")
    on(office, 30)
    today = office.clock.now().date()

    def closes(where):
        if where == "after claim":
            office.calendar.happen = lambda _: None
            office.calendar.close(office.calendar.digest(US, today), office.clock.now())

    office.calendar.happen = closes
    assert office.run().claimed == 2, "the one that met it is left to the next run"
    on(office, 29)
    office.run()
    assert sorted(day - today for day, _ in claimed(office)) == [timedelta(0), a_day, a_day]
    assert len(subjects(office.deliver())) == 3


def test_a_run_beside_another_does_nothing(office):
    on(office, 30)
    office.calendar.begin(office.clock.now(), office.clock.now() + LONGEST_RUN)
    assert office.run().under_way
    assert office.deliver() == []
    office.clock.moment += LONGEST_RUN
    assert len(office.day()) == 2


class Crash(Exception):
    """The function was killed."""


WRITES = [
    "before open",
    "before claim",
    "after claim",
    "before remind",
    "after remind",
    "before digest",
    "after digest",
    "before queued",
    "after queued",
    "before end",
]


@pytest.mark.parametrize("crashes_at", WRITES)
@pytest.mark.parametrize("number", [1, 3])
@pytest.mark.parametrize(
    "again_after", [timedelta(hours=1), a_day, 9 * a_day], ids=["soon", "next day", "later"]
)
def test_a_run_that_dies_loses_nothing_and_sends_nothing_else(crashes_at, number, again_after):
    office = Reminding()
    for each in range(5):
        office.issued(f"host-{each}.example.com", order_id=f"ord_{each}")
    seen = []

    def crash(where):
        seen.append(where)
        if seen.count(crashes_at) == number:
            raise Crash

    on(office, 60)
    office.calendar.happen = office.queue.happen = crash
    with suppress(Crash):
        office.run()
    office.calendar.happen = office.queue.happen = lambda _: None
    office.calendar.busy_until = None
    office.clock.moment += again_after
    office.run()
    mails = office.deliver()
    to_contacts = [mail for mail in mails if mail.to == ("asa@example.com",)]
    assert len(to_contacts) == len({mail.message_id for mail in to_contacts}) == 5
    digests = [mail for mail in mails if mail not in to_contacts]
    told = "".join(mail.text for mail in digests)
    assert all(told.count(f"\nhost-{each}.example.com\n") == 1 for each in range(5))
    assert len({mail.message_id for mail in digests}) == len(digests)


def test_a_crash_between_a_mail_and_its_record_sends_it_twice_with_the_same_message_id(office):
    on(office, 30)
    office.run()

    def crash(_):
        office.sent.happen = lambda _: None
        raise Crash

    office.sent.happen = crash
    waiting = list(office.queue.waiting)
    with pytest.raises(Crash):
        office.deliver()
    office.queue.waiting = waiting
    office.deliver()
    first, second, _ = [mail for _, mail in office.mailer.mails]
    assert first.message_id == second.message_id
    assert first.to == second.to


def test_message_ids_differ_by_order_kind_and_day():
    office, found = Reminding(), set()
    for number in range(3):
        office.issued(f"host-{number}.example.com", order_id=f"ord_{number}")
    for days in (90, 60, 30, 0, -7):
        on(office, days)
        found |= {mail.message_id for mail in office.day()}
    assert len(found) == 5 * 4


def test_time_that_runs_out_is_used_by_the_next_run():
    office = Reminding()
    for number in range(30):
        office.issued(f"host-{number}.example.com", order_id=f"ord_{number}")
    on(office, 30)
    office.calendar.happen = lambda where: office.clock.advance(seconds=1) if where == "after claim" else None
    runs = 0
    while True:
        runs += 1
        try:
            office.run(timedelta(seconds=10))
        except TryAgain:
            continue
        break
    assert runs == 4
    assert office.calendar.busy_until is None
    assert len(office.deliver()) == 31


# ---- who wants none


def test_an_order_that_is_muted_moves_on_in_silence(office):
    order = office.world.order(ORDER)
    quiet = replace(order.content, lifecycle=replace(order.content.lifecycle, reminders=False))
    office.world.tables.contents[US, ORDER, 1] = content_to_json(quiet)
    for days in (90, 60, 30):
        on(office, days)
        assert office.day() == []
    office.world.tables.contents[US, ORDER, 1] = content_to_json(order.content)
    on(office, 14)
    assert len(subjects(office.day())) == 1


def test_a_reseller_may_have_its_contacts_left_alone(office):
    office.preferences = ReminderPreferences(mute_contacts=True, digest_email="ops@nordic.example.com")
    on(office, 30)
    (digest,) = office.day()
    assert digest.to == ("ops@nordic.example.com",)
    assert "you chose so" in digest.text


def choose(office, *days):
    """PATCH /v1/account."""
    office.preferences = ReminderPreferences(days=days)
    office.calendar.ask_replan(US, office.clock.now())


def test_an_earlier_day_that_is_still_to_come_is_not_lost(office):
    office.preferences = ReminderPreferences(days=(7,))
    office.tell(ORDER)
    on(office, 41)
    choose(office, 40, 7)
    on(office, 40)
    assert len(subjects(office.day())) == 1, "by the run of that very day, whatever shard was read first"
    on(office, 39)
    assert office.day() == []
    on(office, 7)
    assert len(subjects(office.day())) == 1
    assert office.calendar.replans == {}


def test_an_earlier_day_that_has_passed_is_made_up_for_by_one_reminder(office):
    office.preferences = ReminderPreferences(days=(7,))
    office.tell(ORDER)
    on(office, 35)
    choose(office, 60, 50, 40, 7)
    assert len(subjects(office.day())) == 1
    on(office, 34)
    assert office.day() == []


def test_later_days_are_not_reminded_of_before_them(office):
    on(office, 91)
    choose(office, 5)
    for days, mails in ((90, 0), (60, 0), (6, 0), (5, 1)):
        on(office, days)
        assert len(subjects(office.day())) == mails


def test_the_last_days_may_come_back_after_there_were_none_left(office):
    office.calendar.rows.clear()
    office.preferences = ReminderPreferences(days=(90,))
    office.tell(ORDER)
    on(office, 80)
    assert len(subjects(office.day())) == 1
    choose(office, 90, 10)
    on(office, 10)
    assert len(subjects(office.day())) == 1


def test_what_needs_no_reminder_gets_none_by_other_days(office):
    on(office, 80)
    office.revoked()
    choose(office, 79, 78)
    for days in (79, 78, 77):
        on(office, days)
        assert office.day() == []


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_run_that_dies_while_it_plans_anew_is_finished_by_a_later_one(number):
    office = Reminding()
    office.preferences = ReminderPreferences(days=(7,))
    for each in range(250):
        office.issued(f"host-{each:03}.example.com", order_id=f"ord_{each:03}")
    on(office, 41)
    choose(office, 40, 7)
    on(office, 40)
    seen = []

    def crash(where):
        seen.append(where)
        if seen.count("before replanned") == number:
            raise Crash

    office.calendar.happen = crash
    with suppress(Crash):
        office.run()
    office.calendar.happen = lambda _: None
    office.clock.moment += LONGEST_RUN
    assert len(office.day()) == 251
    assert office.calendar.replans == {}


def test_days_that_are_chosen_after_a_run_met_the_reseller_count(office):
    """The run has read the days of before, for another entry, when it comes to what is to be planned anew."""
    on(office, 50)
    choose(office, 20)
    chosen = office.calendar.replan

    def once_more(reseller_id):
        choose(office, 49, 7)
        return chosen(reseller_id)

    office.calendar.replan = once_more
    office.day()
    office.calendar.replan = chosen
    on(office, 49)
    assert len(subjects(office.day())) == 1


def test_days_that_are_chosen_while_a_run_plans_anew_are_planned_by_the_next(office):
    on(office, 50)
    choose(office, 49, 7)
    office.calendar.happen = lambda where: (
        office.calendar.ask_replan(US, office.clock.now() + SIX) if where == "before replanned" else None
    )
    office.day()
    office.calendar.happen = lambda _: None
    assert US in office.calendar.replans
    on(office, 49)
    assert len(subjects(office.day())) == 1


def test_a_resellers_own_days_take_the_place_of_the_usual_ones(office):
    office.preferences = ReminderPreferences(days=(20,))
    on(office, 90)
    assert office.day() == []
    on(office, 20)
    assert len(subjects(office.day())) == 1


def test_what_has_to_be_done_goes_into_the_reminder(office):
    on(office, 30)
    office.run()
    (reminder,) = office.calendar.lines[US, office.clock.moment.date()].values()
    assert (reminder.action, reminder.names) == (DeadlineKind.CSR, ("www.example.com",))


def test_both_know_how_many_shards_there_are():
    assert SHARDS == REMINDER_SHARDS

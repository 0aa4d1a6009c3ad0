"""The mails of the daily run: to whom, what they say, what nobody gets, how fast, and what comes back."""

from dataclasses import replace
from datetime import timedelta

import pytest

from partner_center.accounts.resellers import ReminderPreferences
from partner_center.entry.routes import ROUTES
from partner_center.kernel.errors import TryAgain
from partner_center.notifications.calendar import ReminderKind
from partner_center.notifications.digest_mail import DigestFacts, DigestLine, digest_mail
from partner_center.notifications.mail import MailRefused
from partner_center.notifications.pace import Pace
from partner_center.notifications.reminder_mail import ReminderFacts, how_far, reminder_mail
from partner_center.notifications.send_digest import MOST_LINES
from partner_center.notifications.suppressions import Undelivered
from partner_center.notifications.undelivered import read_notice
from partner_center.orders.content import Contacts, content_to_json
from partner_center.orders.deadlines import DeadlineKind
from partner_center.orders.order import OrderStatus
from tests.fakes.determined import NOW, FixedClock
from tests.fakes.reminding import SENDER, Reminding
from tests.fakes.samples import ORDER, US, a_content, a_day
from tests.unit.notifications.facts import HOSTILE, Elements
from tests.unit.notifications.reminded import (
    ENDS,
    MORNING,
    a_bounce,
    bounced,
    messages,
    reminded,
    two_contacts,
)

# ---- what the mails say


def test_a_mail_says_which_certificate_what_to_do_by_when_and_where(office):
    (mail, _) = office.day()
    serial = office.world.head().serial
    for told in (
        "www.example.com",
        "*.example.com",
        serial,
        ORDER,
        "PO-7",
        "10 June 2027, 09:29 UTC, in 30 days",
        "CSR",
        "It costs nothing",
        "Nordic Hosting AB",
        "support@nordic.example.com",
    ):
        assert told in " ".join(mail.text.split()), told
        assert told in Elements(mail.html).text or told in mail.html, told
    assert mail.subject == "The certificate for www.example.com ends on 10 June 2027: reissue it, free"
    assert (
        Elements(mail.html).leads[0].startswith("mailto:support@nordic.example.com?subject=The%20certificate")
    )
    assert mail.reply_to == "support@nordic.example.com"
    assert dict(mail.tags) == {
        "reseller_id": US,
        "order_id": ORDER,
        "mail": "reminder",
        "day": "2027-05-11",
        "kind": "certificate_ends",
    }


def test_a_resellers_own_site_is_the_link(office):
    office.preferences = ReminderPreferences(link="https://panel.nordic.example.com/{partner_order_id}")
    mail, digest = office.day()
    for each in (mail, digest):
        assert "https://panel.nordic.example.com/PO-7" in Elements(each.html).leads
        assert "https://panel.nordic.example.com/PO-7" in each.text


def test_without_one_the_digest_leads_to_the_order_in_the_api(office):
    _, digest = office.day()
    assert f"https://partners.example.net/v1/orders/{ORDER}" in Elements(digest.html).leads


FACTS = ReminderFacts(
    contact_name="Åsa Lindqvist",
    contact_email="asa@example.com",
    kind=ReminderKind.CERTIFICATE_ENDS,
    action=DeadlineKind.REISSUE,
    ends=ENDS,
    moment=MORNING,
    names=("www.example.com", "xn--bcher-kva.example.com"),
    common_name="www.example.com",
    serial_hex="0a1b",
    order_id=ORDER,
    partner_order_id="PO-7",
    product_name="QuickSSL Premium",
    brand="GeoTrust",
    reseller_name="Nordic Hosting AB",
    support_contact="support@nordic.example.com",
    term_to=NOW + 365 * a_day,
    renew_from=NOW + 275 * a_day,
    renew_until=NOW + 395 * a_day,
)
BARE = replace(FACTS, kind=ReminderKind.TERM_ENDS, action=DeadlineKind.RENEWAL, bare=True, serial_hex=None)


@pytest.mark.parametrize("renewed_by", [None, "ord_2"])
def test_of_an_order_without_a_valid_certificate_it_is_not_said_that_the_site_works(renewed_by):
    mail = reminder_mail(replace(BARE, renewed_by=renewed_by), SENDER, "<1@example.com>")
    assert mail.subject == (
        "No certificate for www.example.com is valid: reissue it, free, and renew it by 10 June 2027"
    )
    text = " ".join(mail.text.split())
    assert "no certificate for www.example.com is valid any more" in text
    assert "1. Make a new key and CSR and send the CSR to Nordic Hosting AB for a reissue" in text
    assert ("ord_2" in text) == (renewed_by is not None)
    assert "By when: the reissue at once, the renewal by 10 June 2027" in text
    for wrong in ("last certificate with it", "before the old one ends", "Serial number"):
        assert wrong not in text
        assert wrong not in mail.html


@pytest.mark.parametrize(
    ("renewed_by", "then"),
    [(None, "Renew, for 1 unit: it never renews itself"), ("ord_2", "See the renewal ord_2 through")],
)
def test_its_line_in_the_digest_asks_for_the_reissue_first(renewed_by, then):
    line = DigestLine(
        common_name="www.example.com",
        order_id=ORDER,
        partner_order_id=None,
        serial_hex=None,
        kind=ReminderKind.TERM_ENDS,
        action=DeadlineKind.RENEWAL,
        ends=ENDS,
        link="https://panel.example.net",
        bare=True,
        price="1 unit",
        renewed_by=renewed_by,
    )
    assert line.what() == f"Reissue, free: no certificate is valid. {then}"
    assert line.how() == f"POST /v1/orders/{ORDER}/reissues"


KINDS = [
    (ReminderKind.CERTIFICATE_ENDS, DeadlineKind.REISSUE, 0, "ends on 10 June 2027", "for a reissue"),
    (ReminderKind.CERTIFICATE_ENDS, DeadlineKind.CSR, 0, "ends on 10 June 2027", "without it no certificate"),
    (
        ReminderKind.CERTIFICATE_ENDS,
        DeadlineKind.VALIDATION,
        0,
        "ends on 10 June 2027",
        "Have control of the names below proven again",
    ),
    (ReminderKind.CERTIFICATE_ENDS, DeadlineKind.REISSUE, 37, "ended on 10 June 2027", "at once"),
    (ReminderKind.TERM_ENDS, DeadlineKind.RENEWAL, 0, "ends on 10 June 2027: renew it", "at its price"),
    (ReminderKind.TERM_ENDS, DeadlineKind.RENEWAL, 37, "ended on 10 June 2027: renew it", "at once, until"),
    (ReminderKind.PROOFS_END, DeadlineKind.REISSUE, 0, "by 10 June 2027, and nothing", "for a reissue"),
    (ReminderKind.PROOFS_END, DeadlineKind.VALIDATION, 0, "by 10 June 2027, and nothing", "for a reissue"),
]


@pytest.mark.parametrize(("kind", "action", "later", "subject", "told"), KINDS)
def test_the_words_follow_what_ends_and_what_is_to_be_done(kind, action, later, subject, told):
    facts = replace(FACTS, kind=kind, action=action, moment=MORNING + later * a_day)
    mail = reminder_mail(facts, SENDER, "<m@example.net>")
    assert subject in mail.subject
    assert told in " ".join(mail.text.split())
    assert told in Elements(mail.html).text


def test_a_reissue_that_was_to_make_itself_says_that_it_did_not():
    mail = reminder_mail(replace(FACTS, automatic=True), SENDER, "<m@example.net>")
    assert "was to be made by itself, and is not there yet. Ask Nordic Hosting AB why" in " ".join(
        mail.text.split()
    )


def test_a_renewal_says_who_tells_its_price_and_that_nobody_orders_it_by_itself():
    facts = replace(FACTS, kind=ReminderKind.TERM_ENDS, action=DeadlineKind.RENEWAL)
    told = " ".join(reminder_mail(facts, SENDER, "<m@example.net>").text.split())
    assert "at its price, which Nordic Hosting AB tells, and never ordered by itself" in told


def test_a_renewal_that_is_under_way_is_named():
    facts = replace(FACTS, kind=ReminderKind.TERM_ENDS, action=DeadlineKind.RENEWAL, renewed_by="ord_2")
    assert "ord_2" in reminder_mail(facts, SENDER, "<m@example.net>").text


def test_of_many_names_to_prove_the_first_are_named_and_the_others_counted():
    facts = replace(FACTS, to_prove=("a.example.com", "b.example.com"), total=40)
    mail = reminder_mail(facts, SENDER, "<m@example.net>")
    for text in (mail.text, Elements(mail.html).text):
        assert "b.example.com" in text
        assert "and 38 more" in text


FREE_TEXT = ("contact_name", "partner_order_id", "reseller_name", "product_name", "brand", "common_name")


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("field", FREE_TEXT)
def test_hostile_text_stays_text(field, hostile):
    mail = reminder_mail(replace(FACTS, **{field: hostile}), SENDER, "<m@example.net>")
    usual = Elements(reminder_mail(FACTS, SENDER, "<m@example.net>").html)
    seen = Elements(mail.html)
    assert seen.tags == usual.tags
    assert len(seen.leads) == len(usual.leads)
    assert all(each.startswith("mailto:") for each in seen.leads)
    assert "\u202e" not in mail.text + mail.subject
    assert "Bcc:" not in mail.text.split("\n")


LINE = DigestLine(
    "www.example.com",
    ORDER,
    "PO-7",
    "0a1b",
    ReminderKind.CERTIFICATE_ENDS,
    DeadlineKind.REISSUE,
    ENDS,
    "https://x",
)


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("field", ["common_name", "partner_order_id", "trouble"])
def test_hostile_text_stays_text_in_a_digest(field, hostile):
    def digest(line):
        facts = DigestFacts("Nordic", "to@example.com", MORNING.date(), MORNING, [line], 1)
        return digest_mail(facts, SENDER, "<m@example.net>")

    usual = digest(replace(LINE, trouble="x"))
    mail = digest(replace(replace(LINE, trouble="x"), **{field: hostile}))
    assert Elements(mail.html).tags == Elements(usual.html).tags
    assert Elements(mail.html).leads == ["https://x"]
    assert "\u202e" not in mail.text


WHAT = [
    (LINE, "Reissue, free"),
    (replace(LINE, names_total=1), "Reissue, free; 1 name to be proven again"),
    (
        replace(LINE, action=DeadlineKind.CSR, names_total=3),
        "Send a new CSR; the reissue is free; 3 names to",
    ),
    (
        replace(LINE, action=DeadlineKind.VALIDATION, names_total=3),
        "Prove the names again; the reissue is free",
    ),
    (replace(LINE, kind=ReminderKind.PROOFS_END), "Reissue, free, while nothing has to be proven again"),
    (replace(LINE, action=DeadlineKind.RENEWAL), "Renew, at its price: it never renews itself"),
    (
        replace(LINE, action=DeadlineKind.RENEWAL, price="129.00 USD without tax"),
        "Renew, for 129.00 USD without",
    ),
    (replace(LINE, automatic=True), "See why the reissue did not make itself, or reissue, free"),
    (replace(LINE, action=DeadlineKind.RENEWAL, renewed_by="ord_2"), "See the renewal ord_2 through"),
]


HOW = [
    (LINE, f"POST /v1/orders/{ORDER}/reissues"),
    (replace(LINE, action=DeadlineKind.CSR), f"POST /v1/orders/{ORDER}/reissues"),
    (replace(LINE, action=DeadlineKind.VALIDATION), f"GET /v1/orders/{ORDER}/domains"),
    (
        replace(LINE, action=DeadlineKind.VALIDATION, kind=ReminderKind.PROOFS_END),
        f"POST /v1/orders/{ORDER}/reissues",
    ),
    (replace(LINE, action=DeadlineKind.RENEWAL), f"POST /v1/orders/{ORDER}/renewals"),
    (replace(LINE, action=DeadlineKind.RENEWAL, renewed_by="ord_2"), "GET /v1/orders/ord_2"),
]


@pytest.mark.parametrize(("line", "how"), HOW)
def test_a_line_names_the_request_that_does_it(line, how):
    assert line.how() == how
    method, _, path = how.partition(" ")
    template = path.replace(ORDER, "{order_id}").replace("ord_2", "{order_id}")
    assert (method, template) in ROUTES


@pytest.mark.parametrize(("line", "what"), WHAT)
def test_a_line_says_what_to_do(line, what):
    assert line.what().startswith(what)


DAYS = [(30, "in 30 days"), (1, "tomorrow"), (0, "today"), (-1, "yesterday"), (-7, "7 days ago")]


@pytest.mark.parametrize(("days", "words"), DAYS)
def test_how_far_it_is_in_days_of_utc(days, words):
    late = ENDS.replace(hour=23, minute=59) - days * a_day
    assert how_far(ENDS, late) == how_far(ENDS, late.replace(hour=0, minute=0)) == words


def test_a_long_digest_lists_what_ends_first_and_counts_the_rest():
    office = Reminding()
    for number in range(MOST_LINES + 5):
        office.issued(f"host-{number:03}.example.com", order_id=f"ord_{number:03}")
    office.at(MORNING)
    *_, digest = office.day()
    assert digest.subject.startswith(f"{MOST_LINES + 5} certificates")
    assert "And 5 more" in digest.text
    assert digest.text.count("Serial number") == MOST_LINES


# ---- who gets them


def test_the_next_contact_is_mailed_when_the_first_takes_no_mail(office):
    two_contacts(office)
    bounced(office, "asa@example.com")
    mail, digest = office.day()
    assert mail.to == ("olga@example.com",)
    assert "Mail to asa@example.com could not be delivered: correct the contact." in digest.text


def test_when_no_contact_takes_mail_the_order_says_so(office):
    two_contacts(office)
    bounced(office, "asa@example.com")
    bounced(office, "OLGA@example.com", Undelivered.COMPLAINED)
    (digest,) = office.day()
    assert digest.to == ("support@nordic.example.com",)
    assert [text for text in messages(office) if text.startswith("No contact of this order takes mail")]


def test_a_contact_who_is_both_is_mailed_once(office):
    technical = a_content().contacts.technical
    content = replace(
        office.world.order(ORDER).content, contacts=Contacts(technical=technical, organization=technical)
    )
    office.world.tables.contents[US, ORDER, 1] = content_to_json(content)
    assert len(office.day()) == 2


def corrected(office, email):
    """PATCH /v1/orders/{id}: another technical contact."""
    contacts = office.world.order(ORDER).content.contacts
    changed = replace(contacts, technical=replace(contacts.technical, email=email))
    content = replace(office.world.order(ORDER).content, contacts=changed)
    office.world.tables.contents[US, ORDER, 1] = content_to_json(content)


def test_who_was_mailed_as_the_next_contact_and_becomes_the_first_is_not_mailed_again(office):
    two_contacts(office)
    bounced(office, "asa@example.com")
    office.run()
    waiting = list(office.queue.waiting)
    assert office.deliver()[0].to == ("olga@example.com",)
    corrected(office, "Olga@example.com")
    office.queue.waiting = waiting
    assert office.deliver() == []


def test_who_takes_the_place_of_a_contact_whose_mail_bounced_late_is_mailed(office):
    tags = reminded(office)
    corrected(office, "new@example.com")
    office.record_undelivered(read_notice(a_bounce("asa@example.com", **tags)))
    (mail,) = office.deliver()
    assert mail.to == ("new@example.com",)


@pytest.mark.parametrize("change", ["revoked", "muted"])
def test_what_changed_while_a_mail_waited_is_not_mailed(office, change):
    office.run()
    if change == "revoked":
        office.change(status=OrderStatus.REVOKED)
    else:
        quiet = replace(office.world.order(ORDER).content.lifecycle, reminders=False)
        two_contacts(office, lifecycle=quiet)
    assert [mail.to for mail in office.deliver()] == [("support@nordic.example.com",)]


def test_a_digest_goes_to_the_support_address_when_its_own_takes_no_mail(office):
    office.preferences = ReminderPreferences(digest_email="ops@nordic.example.com")
    bounced(office, "ops@nordic.example.com")
    *_, digest = office.day()
    assert digest.to == ("support@nordic.example.com",)


def test_a_digest_that_nobody_takes_is_done_with(office):
    bounced(office, "support@nordic.example.com")
    assert len(office.day()) == 1
    assert office.calendar.digest(US, MORNING.date()).sent


def test_mails_that_come_twice_from_the_queue_are_sent_once(office):
    office.run()
    office.queue.waiting *= 3
    assert len(office.deliver()) == 2


def test_a_mail_that_is_refused_is_told_on_the_order_and_not_tried_again(office):
    office.mailer.trouble = [MailRefused("message_rejected", "no")]
    office.day()
    assert ["message_rejected" in text for text in messages(office)] == [True]
    office.mailer.trouble = []


def test_trouble_that_passes_leaves_the_mail_in_the_queue(office):
    office.mailer.trouble = [TryAgain("throttled")]
    office.run()
    waiting = list(office.queue.waiting)
    with pytest.raises(TryAgain):
        office.deliver()
    office.queue.waiting = waiting
    assert len(office.deliver()) == 2


@pytest.mark.parametrize("missing", ["order", "digest"])
def test_what_cannot_be_read_is_tried_again(office, missing):
    office.run()
    office.world.tables.heads.clear() if missing == "order" else office.calendar.heads.clear()
    if missing == "digest":
        office.queue.waiting = office.queue.waiting[1:]
    with pytest.raises(TryAgain):
        office.deliver()


# ---- how fast


@pytest.mark.parametrize("rate", [0.5, 1, 5, 14])
@pytest.mark.parametrize("workers", [1, 2])
def test_no_second_has_more_mails_than_the_rate_however_many_wait(rate, workers):
    """Each worker by itself on its own virtual clock, both beginning at once: the worst case."""
    times = []
    for _ in range(workers):
        clock = FixedClock()
        pace = Pace(rate, workers, clock, lambda seconds, clock=clock: clock.advance(seconds=seconds))
        for number in range(200):
            pace.wait()
            times.append(clock.moment)
            clock.advance(milliseconds=number % 7)
    times.sort()
    span = (times[-1] - times[0]).total_seconds()
    assert (len(times) - workers) / span <= rate * 1.0001
    whole = max(1.0, 1 / rate)
    for start in times[:: max(1, len(times) // 50)]:
        assert (
            sum(start <= each < start + timedelta(seconds=whole) for each in times) <= rate * whole + workers
        )


def test_a_pace_does_not_save_up_what_was_not_used():
    clock = FixedClock()
    pace = Pace(10, 1, clock, lambda seconds: clock.advance(seconds=seconds))
    pace.wait()
    clock.advance(hours=1)
    begun = clock.moment
    for _ in range(11):
        pace.wait()
    assert clock.moment - begun == timedelta(seconds=1)


@pytest.mark.parametrize(("rate", "workers"), [(0, 1), (-1, 1), (5, 0)])
def test_a_pace_at_which_nobody_gets_anywhere_is_refused(rate, workers):
    with pytest.raises(ValueError, match="somebody"):
        Pace(rate, workers, FixedClock())

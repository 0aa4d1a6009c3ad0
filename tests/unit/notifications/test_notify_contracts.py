"""Telling of contracts: once each and soon, though runs are missed, die, meet, or nothing can be mailed."""

import json
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from partner_center.accounts.resellers import ReminderPreferences
from partner_center.catalog.products import Brand
from partner_center.entry.telling import telling_handler
from partner_center.kernel.errors import TryAgain
from partner_center.notifications.contract_reminders import ContractReminder
from partner_center.notifications.mail import MailRefused
from partner_center.notifications.mail_results import mailbox_label
from partner_center.notifications.notify_contracts import CLAIM
from partner_center.notifications.suppressions import Suppression, Undelivered
from partner_center.notifications.undelivered import read_notice
from tests.fakes.determined import NOW
from tests.fakes.reminding import Reminding
from tests.fakes.samples import THEM, US, a_card_contract, a_contract, a_day

SUPPORT, BILLS, OPS = "support@nordic.example.com", "bills@nordic.example.com", "ops@nordic.example.com"
TOMORROW = NOW.date() + timedelta(days=1)
LOW = a_contract(500, units_left=50, units_held=450)


class Context:
    """Of one invocation."""

    aws_request_id = "run-1"


class Office(Reminding):
    """Contracts, and everything that tells of them. The reseller `res_9` cannot be read."""

    def __init__(self, rate=100.0):
        super().__init__(rate)
        self.billing_email = BILLS

    def reseller(self, reseller_id):
        return None if reseller_id == "res_9" else super().reseller(reseller_id)

    def hold(self, *contracts):
        """These contracts, and no other."""
        self.world.tables.contracts.clear()
        self.world.tables.contracts |= {(each.reseller_id, each.contract_id): each for each in contracts}

    def tell(self):
        """One run: how many it queued."""
        return telling_handler(lambda: self.notify_contracts)({}, Context())["queued"]

    def told(self):
        """One run and its mails."""
        self.tell()
        return self.deliver()

    def contract(self, contract_id="con_1", reseller_id=US):
        return self.world.tables.contracts[reseller_id, contract_id]

    def audited(self):
        return [each for each in self.world.tables.audit.values() if each.action == "contract.noticed"]


@pytest.fixture
def office():
    office = Office()
    office.hold(LOW)
    return office


# ---- once each, and soon


def test_nothing_to_tell_is_told_nobody(office):
    office.hold(a_contract(500))
    assert office.told() == []
    assert (office.audited(), office.calendar.heads) == ([], {})
    assert office.contract() == a_contract(500)


def test_low_units_are_told_once(office):
    assert [office.tell(), office.tell(), office.tell()] == [1, 0, 0]
    (mail,) = office.deliver()
    assert mail.to == (BILLS,)
    assert mail.message_id == f"<notice-units_low-con_1.{mailbox_label(BILLS)}@partners.example.net>"
    assert mail.subject == "Contract con_1 has 50 of 500 units left"
    assert office.contract() == replace(LOW, noticed=frozenset({"units_low"}))


def test_they_are_told_without_waiting_for_the_morning(office):
    assert office.clock.moment == NOW
    assert len(office.told()) == 1


def test_without_a_billing_address_the_support_is_told(office):
    office.billing_email = None
    office.hold(replace(LOW, reseller_id=THEM))
    (mail,) = office.told()
    assert mail.to == (SUPPORT,)


def test_the_end_is_told_whenever_the_run_comes(office):
    office.hold(a_card_contract(brand=Brand.GEOTRUST))
    subjects = []
    for days in (300, 306, 330, 335, 336):
        office.at(NOW + days * a_day)
        subjects += [mail.subject for mail in office.told()]
    assert subjects == [
        "Contract con_1 ends in 29 days, on 24 October 2027, 10:00 UTC",
        "Contract con_1 ends in 5 days, on 24 October 2027, 10:00 UTC",
        "Contract con_1 has ended",
    ]


def test_two_things_at_once_are_two_mails_and_one_record(office):
    office.hold(replace(LOW, valid_to=NOW + a_day))
    mails = office.told()
    assert [mail.message_id for mail in mails] == [
        f"<notice-units_low-con_1.{mailbox_label(BILLS)}@partners.example.net>",
        f"<notice-ends-1-20261124-con_1.{mailbox_label(BILLS)}@partners.example.net>",
    ]
    (record,) = office.audited()
    assert (record.actor, record.facts["notices"]) == ("system", "units_low ends-1-20261124")
    assert office.told() == []


def test_units_that_come_back_are_not_told_of(office):
    office.told()
    back = replace(office.contract(), units_left=100, units_held=400)
    office.hold(back)
    assert office.told() == []
    office.hold(replace(back, units_left=1, units_held=499))
    assert office.told() == []


def test_an_end_that_moved_while_its_mail_waited_is_not_told(office):
    office.hold(a_card_contract())
    office.at(office.contract().valid_to - 7 * a_day)
    office.tell()
    office.hold(replace(office.contract(), valid_to=office.contract().valid_to + 365 * a_day))
    assert office.deliver() == []


# ---- what dies, and what meets


class Crash(BaseException):
    """The function was killed."""


def dies():
    raise Crash


@pytest.mark.parametrize("write", ["claim", "queued"])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("again_after", [CLAIM, a_day, 9 * a_day], ids=["soon", "next day", "later"])
def test_a_run_that_dies_loses_nothing_and_mails_once(office, write, when, again_after):
    getattr(office.world.tables, when)[write].append(dies)
    with pytest.raises(Crash):
        office.tell()
    office.clock.moment += again_after
    office.tell()
    assert len(office.deliver()) == 1
    assert office.told() == []


@pytest.mark.parametrize("where", ["before contracts", "after contracts"])
def test_a_run_that_dies_at_the_queue_is_finished_by_a_later_one(office, where):
    office.queue.happen = lambda name: dies() if name == where else None
    with pytest.raises(Crash):
        office.tell()
    office.queue.happen = lambda _: None
    assert office.tell() == 0, "a run that is only slow is not overtaken"
    office.clock.moment += CLAIM
    assert [office.tell(), office.tell()] == [1, 0]
    assert len(office.deliver()) == 1


def test_a_crash_between_a_mail_and_its_record_sends_it_twice_with_the_same_message_id(office):
    office.tell()
    office.world.tables.before["record"].append(dies)
    waiting = list(office.queue.waiting)
    with suppress(Crash):
        office.deliver()
    office.queue.waiting = waiting * 3
    office.deliver()
    assert [mail.message_id for _, mail in office.mailer.mails] == [
        f"<notice-units_low-con_1.{mailbox_label(BILLS)}@partners.example.net>"
    ] * 2


def test_of_two_runs_at_once_one_tells(office):
    results = []
    office.world.tables.before["claim"].append(lambda: results.append(office.tell()))
    results.append(office.tell())
    assert results == [1, 0]
    assert len(office.deliver()) == 1


def test_one_that_cannot_be_told_keeps_the_others_from_nothing(office, caplog):
    contracts = [replace(LOW, contract_id=f"con_{number}") for number in range(5)]
    office.hold(*contracts, replace(LOW, contract_id="con_orphan", reseller_id="res_9"))
    for _ in range(2):
        with pytest.raises(TryAgain):
            office.tell()
    assert len(office.deliver()) == 5
    assert not_told(caplog) == ["con_orphan", "con_orphan"], "within the hour, so it is not put off"


def not_told(caplog):
    """The contracts that the log names for the alarm."""
    return [each.contract_id for each in caplog.records if each.message == "a contract was not told of"]


@pytest.mark.parametrize("error", [KeyError("units_low"), ValueError("kind"), AttributeError("valid_to")])
def test_one_that_cannot_be_read_keeps_no_other_from_being_told_of_and_is_put_off(office, caplog, error):
    office.hold(*(replace(LOW, contract_id=f"con_{number}") for number in range(20)))
    find = office.notices.find

    def unreadable(reseller_id, contract_id):
        if contract_id == "con_3":
            raise error
        return find(reseller_id, contract_id)

    office.notices.find = unreadable
    assert office.tell() == 19
    office.clock.moment += timedelta(minutes=45)
    assert office.tell() == 0
    assert not_told(caplog) == ["con_3"]
    office.clock.moment += timedelta(minutes=15)
    office.notices.find = find
    assert office.tell() == 1
    assert len(office.deliver()) == 20


def test_a_notice_that_cannot_be_read_keeps_no_other_from_its_queue(office, caplog):
    office.hold(*(replace(LOW, contract_id=f"con_{number}") for number in range(5)))
    office.queue.happen = lambda _: dies()
    for _ in range(5):
        with pytest.raises(Crash):
            office.tell()
    office.queue.happen = lambda _: None
    reminder = office.notices.reminder

    def unreadable(*ids):
        if ids[1] == "con_3":
            raise KeyError("ends")
        return reminder(*ids)

    office.notices.reminder = unreadable
    office.clock.moment += CLAIM
    assert [office.tell(), office.tell()] == [4, 0]
    assert not_told(caplog) == ["con_3"]


def test_a_queue_that_does_not_answer_makes_the_run_fail_and_loses_nothing(office):
    def out(_):
        raise TryAgain("The queue does not answer.")

    office.queue.happen = out
    with pytest.raises(TryAgain):
        office.tell()
    office.queue.happen = lambda _: None
    office.clock.moment += CLAIM
    assert len(office.told()) == 1


@pytest.mark.parametrize("missing", ["notice", "contract"])
def test_what_cannot_be_read_stays_in_the_queue(office, missing):
    office.tell()
    office.notices.rows.clear() if missing == "notice" else office.world.tables.contracts.clear()
    with pytest.raises(TryAgain):
        office.deliver()


# ---- to whom


def bounced(office, address):
    office.suppressions.suppress(Suppression(US, address, Undelivered.BOUNCED, NOW, ""))


def test_an_address_that_takes_no_mail_makes_room_for_the_next(office):
    office.preferences = ReminderPreferences(digest_email=OPS)
    office.tell()
    found = []
    for gone in (None, BILLS, OPS, SUPPORT):
        if gone is not None:
            bounced(office, gone)
        office.queue.waiting = [ContractReminder(US, "con_1", None, "units_low", NOW, TOMORROW)]
        found += [
            (mail.to, mail.message_id.partition("@")[0].rpartition(".")[2]) for mail in office.deliver()
        ]
    assert found == [((each,), mailbox_label(each)) for each in (BILLS, OPS, SUPPORT)]


def test_a_bounce_reaches_the_next_address(office):
    (mail,) = office.told()
    office.record_undelivered(read_notice(json.loads(_bounce(mail))))
    (other,) = office.deliver()
    assert (mail.to, other.to) == ((BILLS,), (SUPPORT,))
    office.record_undelivered(read_notice(json.loads(_bounce(mail))))
    assert office.deliver() == [], "the same event again changes nothing"


def _bounce(mail):
    return json.dumps(
        {
            "eventType": "Bounce",
            "mail": {"tags": {name: [value] for name, value in mail.tags}},
            "bounce": {
                "bounceType": "Permanent",
                "feedbackId": "fb-1",
                "bouncedRecipients": [{"emailAddress": mail.to[0]}],
            },
        }
    )


def test_a_mail_that_is_refused_goes_to_the_next_address_and_is_not_tried_again(office):
    office.mailer.trouble.append(MailRefused("address_invalid", "no such address"))
    (mail,) = office.told()
    assert mail.to == (SUPPORT,)
    assert office.notices.rows[US, "con_1", "units_low"].results == {
        mailbox_label(BILLS): "address_invalid",
        mailbox_label(SUPPORT): "sent",
    }


def test_mails_keep_to_the_rate_of_reminders():
    office = Office(rate=0.5)
    office.hold(*(replace(LOW, contract_id=f"con_{number}") for number in range(5)))
    office.told()
    moments = [at for at, _ in office.mailer.mails]
    assert [after - before for before, after in pairwise(moments)] == [timedelta(seconds=2)] * 4


# ---- the digest

MORNING = datetime(2026, 11, 24, 6, tzinfo=UTC)


def test_the_digest_of_the_next_morning_tells_of_it_too(office):
    office.told()
    office.at(MORNING)
    (digest,) = office.day()
    assert digest.to == (SUPPORT,)
    assert digest.subject == "1 contract to look after: 24 November 2026"
    told = " ".join(digest.text.split())
    assert "1 contract of yours needs somebody soon" in told
    assert "Contract con_1 Units left: 50 of 500" in told
    assert "POST /v1/contracts" in told
    assert "https://partners.example.net/v1/contracts/con_1" in told
    office.clock.moment += a_day
    assert office.day() == []


def test_it_stands_beside_the_orders_of_that_day():
    office = Office()
    office.issued()
    ends = datetime(2027, 6, 10, 9, 29, 59, tzinfo=UTC)
    office.at(ends - 31 * a_day)
    office.hold(replace(LOW, valid_to=ends + 300 * a_day))
    office.told()
    office.at(datetime(2027, 5, 11, 6, tzinfo=UTC))
    *_, digest = office.day()
    assert digest.subject == "1 certificate and 1 contract to look after: 11 May 2027"
    assert "www.example.com" in digest.text
    assert "Contract con_1" in digest.text


@pytest.mark.parametrize(
    ("hour", "day"), [(0, "2026-11-24"), (4, "2026-11-24"), (5, "2026-11-25"), (23, "2026-11-25")]
)
def test_which_digest_it_is_depends_on_whether_the_morning_is_near(office, hour, day):
    office.at(MORNING.replace(hour=hour, minute=59))
    office.tell()
    assert [each.day for each in office.notices.rows.values()] == [date.fromisoformat(day)]


def test_a_digest_that_is_on_its_way_takes_no_more(office):
    office.at(MORNING.replace(hour=3))
    now = office.clock.moment
    office.calendar.queued(office.calendar.open(US, now.date(), now), now)
    office.tell()
    assert [each.day for each in office.notices.rows.values()] == [now.date() + timedelta(days=1)]


def test_the_digest_says_when_the_billing_contact_gets_no_mail(office):
    bounced(office, BILLS)
    office.told()
    office.at(MORNING)
    (digest,) = office.day()
    trouble = f"Mail to {BILLS} could not be delivered: tell our support another address."
    assert trouble in " ".join(digest.text.split())


def test_a_digest_whose_contract_was_prolonged_has_nothing_to_say(office):
    office.hold(a_card_contract())
    office.at(office.contract().valid_to - 7 * a_day)
    office.told()
    office.hold(replace(office.contract(), valid_to=office.contract().valid_to + 365 * a_day))
    office.clock.moment += a_day
    assert office.day() == []


def test_muted_contacts_do_not_mute_the_billing_contact(office):
    office.preferences = ReminderPreferences(mute_contacts=True)
    assert [mail.to for mail in office.told()] == [(BILLS,)]

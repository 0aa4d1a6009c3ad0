"""What a reseller says of its reminders: merged, checked, recorded once."""

from dataclasses import replace

import pytest

from partner_center.accounts.account import Account, account_as_json, read_choice
from partner_center.accounts.api_keys import Principal, Role
from partner_center.accounts.resellers import ReminderPreferences, Reseller
from partner_center.kernel.errors import ChangedMeanwhile, ContentRefused, NotFound, TryAgain
from partner_center.kernel.patience import Patience
from tests.fakes.determined import CountingIds, FixedClock

LINK = "https://shop.example.com/orders/{order_id}"
BEFORE = ReminderPreferences((30, 7), "certs@northwind.example.com", True, LINK)
ADMIN = Principal("res_1", "key_1", Role.ADMIN)


class Kept:
    """`Accounts` in memory. `meanwhile` are others' requests, one of which comes between each read and its write."""

    def __init__(self, reminders=BEFORE):
        self.found = Reseller("res_1", "Northwind Hosting", "support@example.com", None, reminders)
        self.audit = []
        self.replanned = 0
        self.meanwhile = []

    def reseller(self, reseller_id):
        return self.found if reseller_id == "res_1" else None

    def remind(self, before, preferences, audit, *, replan):
        if self.meanwhile:
            self.meanwhile.pop(0)()
        if before.reminders != self.found.reminders:
            raise ChangedMeanwhile("It changed.")
        self.found = replace(self.found, reminders=preferences)
        self.replanned += replan
        self.audit.append(audit)


def account_of(kept):
    return Account(kept, FixedClock(), CountingIds(), Patience(sleep=lambda _: None))


PATCHES = [
    ("nothing", {}, BEFORE),
    ("other days, in order and once", {"reminders": {"days": [7, 60, 7]}}, replace(BEFORE, days=(60, 7))),
    ("no day at all", {"reminders": {"days": []}}, replace(BEFORE, days=())),
    ("the usual days", {"reminders": {"days": None}}, replace(BEFORE, days=None)),
    ("the usual recipient", {"reminders": {"digest_email": None}}, replace(BEFORE, digest_email=None)),
    ("not muted", {"reminders": {"mute_contacts": False}}, replace(BEFORE, mute_contacts=False)),
    ("muting as usual", {"reminders": {"mute_contacts": None}}, replace(BEFORE, mute_contacts=False)),
    ("no link", {"reminders": {"link": None}}, replace(BEFORE, link=None)),
    ("everything as usual", {"reminders": None}, ReminderPreferences()),
]


@pytest.mark.parametrize(("patch", "expected"), [pytest.param(*each[1:], id=each[0]) for each in PATCHES])
def test_what_is_left_out_stays_and_null_means_as_usual(patch, expected):
    assert read_choice(patch, BEFORE) == expected


REFUSED = [
    ("a misspelt field", {"reminders": {"day": [1]}}, {("unknown_field", "/reminders/day")}),
    ("a contact", {"support_email": "x@example.com"}, {("unknown_field", "/support_email")}),
    ("too early", {"reminders": {"days": [91]}}, {("invalid_field", "/reminders/days/0")}),
    ("negative", {"reminders": {"days": [-1]}}, {("invalid_field", "/reminders/days/0")}),
    ("a word", {"reminders": {"days": ["7"]}}, {("invalid_field", "/reminders/days/0")}),
    ("too many", {"reminders": {"days": list(range(21))}}, {("too_many", "/reminders/days")}),
    ("no address", {"reminders": {"digest_email": "nobody"}}, {("invalid_field", "/reminders/digest_email")}),
    (
        "a domain that no mailer takes",
        {"reminders": {"digest_email": "a@example.1b"}},
        {("invalid_field", "/reminders/digest_email")},
    ),
    ("no https", {"reminders": {"link": "http://x/{order_id}"}}, {("invalid_field", "/reminders/link")}),
    (
        "no place for an id",
        {"reminders": {"link": "https://x.example"}},
        {("invalid_field", "/reminders/link")},
    ),
    ("a list", {"reminders": []}, {("invalid_field", "/reminders")}),
    (
        "several at once",
        {"reminders": {"days": [91], "mute_contacts": "yes"}, "name": "x"},
        {
            ("invalid_field", "/reminders/days/0"),
            ("invalid_field", "/reminders/mute_contacts"),
            ("unknown_field", "/name"),
        },
    ),
]


@pytest.mark.parametrize(("patch", "problems"), [pytest.param(*each[1:], id=each[0]) for each in REFUSED])
def test_every_fault_is_told(patch, problems):
    with pytest.raises(ContentRefused) as refused:
        read_choice(patch, BEFORE)
    assert {(each.code, each.field) for each in refused.value.problems} == problems


def test_a_change_is_on_record_and_one_that_changes_nothing_is_not():
    kept = Kept()
    account = account_of(kept)
    told = account.change(ADMIN, "request-1", {"reminders": {"days": [14]}})
    assert told == account_as_json(kept.found) == account.read("res_1")
    assert told["reminders"]["days"] == [14]
    (record,) = kept.audit
    assert (record.action, record.actor, record.facts["days"]) == ("account.changed", "key:key_1", "(14,)")
    account.change(ADMIN, "request-2", {"reminders": {"days": [14]}})
    assert len(kept.audit) == 1


def test_a_reseller_without_a_profile_has_no_account():
    account = account_of(Kept())
    with pytest.raises(NotFound):
        account.read("res_2")


def test_who_is_told_when_nothing_was_chosen():
    told = account_as_json(Kept(ReminderPreferences()).found)
    assert (told["billing_email"], told["reminders"]["digest_email"]) == ("support@example.com",) * 2


@pytest.mark.parametrize(
    ("choice", "replanned"),
    [({"days": [60]}, 1), ({"days": None}, 1), ({"days": [30, 7]}, 0), ({"mute_contacts": False}, 0)],
    ids=["other days", "the usual days", "the same days", "nothing about days"],
)
def test_other_days_have_the_reminders_planned_anew(choice, replanned):
    kept = Kept()
    account_of(kept).change(ADMIN, "req-1", {"reminders": choice})
    assert kept.replanned == replanned


MUTED, OTHER_DAYS = {"mute_contacts": True}, {"days": [30, 7]}
AT_ONCE = [
    ("the days come second", MUTED, OTHER_DAYS, 1),
    ("the days come first", OTHER_DAYS, MUTED, 1),
    ("the same days", OTHER_DAYS, OTHER_DAYS, 1),
    ("nothing about days", MUTED, {"digest_email": "certs@example.com"}, 0),
]


@pytest.mark.parametrize(
    ("first", "second", "replanned"), [pytest.param(*each[1:], id=each[0]) for each in AT_ONCE]
)
def test_of_two_patches_at_once_neither_is_lost(first, second, replanned):
    kept = Kept(ReminderPreferences())
    account, answered = account_of(kept), []
    kept.meanwhile = [lambda: answered.append(account.change(ADMIN, "req-1", {"reminders": first}))]
    answered.append(account.change(ADMIN, "req-2", {"reminders": second}))
    told = account.read("res_1")["reminders"]
    assert {name: told[name] for name in first | second} == first | second
    for each, said in zip(answered, (first, second), strict=True):
        assert each["reminders"] | said == each["reminders"]
    assert answered[1]["reminders"] == told
    assert kept.replanned == replanned


def test_of_two_days_the_later_word_counts_and_both_are_planned():
    kept = Kept(ReminderPreferences())
    account = account_of(kept)
    kept.meanwhile = [lambda: account.change(ADMIN, "req-1", {"reminders": {"days": [60]}})]
    assert account.change(ADMIN, "req-2", {"reminders": {"days": [14]}})["reminders"]["days"] == [14]
    assert (kept.found.reminders.days, kept.replanned) == ((14,), 2)


def test_an_account_that_changes_all_the_time_is_told_and_not_written():
    kept = Kept()
    account = account_of(kept)

    def other():
        days = () if kept.found.reminders.days else (1,)
        kept.found = replace(kept.found, reminders=replace(kept.found.reminders, days=days))

    kept.meanwhile = [other] * 99
    with pytest.raises(TryAgain, match="The account is changing"):
        account.change(ADMIN, "req-1", {"reminders": {"mute_contacts": False}})
    assert (kept.found.reminders.mute_contacts, kept.audit) == (True, [])

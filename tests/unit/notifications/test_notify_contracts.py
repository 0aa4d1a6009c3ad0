"""Runs that tell of contracts: once each, though they are missed, die, meet or cannot mail."""

from dataclasses import dataclass, field, replace

import pytest

from partner_center.accounts.resellers import Reseller
from partner_center.catalog.products import Brand, load_catalog
from partner_center.kernel.errors import TryAgain
from partner_center.notifications.mail import MailRefused
from partner_center.notifications.notify_contracts import CLAIM, NotifyContracts
from tests.fakes.determined import NOW, CountingIds, FixedClock
from tests.fakes.samples import THEM, US, a_card_contract, a_contract, a_day
from tests.fakes.stores import MemoryStores

SENDER = "Partner Center <no-reply@partners.example.net>"


@dataclass
class Office:
    """Everything that telling needs, in memory; `trouble` is raised instead of sending, once each."""

    stores: MemoryStores = field(default_factory=MemoryStores)
    clock: FixedClock = field(default_factory=FixedClock)
    trouble: list = field(default_factory=list)
    mails: list = field(default_factory=list)
    resellers: dict = field(
        default_factory=lambda: {
            US: Reseller(US, "Us", "support@us.example.com", "bills@us.example.com"),
            THEM: Reseller(THEM, "Them", "support@them.example.com"),
        }
    )

    def __post_init__(self):
        self.run = NotifyContracts(
            self.stores.contracts, self, load_catalog(), self, self.clock, CountingIds(), SENDER
        )

    def reseller(self, reseller_id):
        return self.resellers.get(reseller_id)

    def send(self, mail):
        if self.trouble:
            error = self.trouble.pop(0)
            if error is not None:
                raise error
        self.mails.append(mail)

    def __call__(self):
        return self.run("run-1")

    def contract(self, contract_id="con_1", reseller_id=US):
        return self.stores.contracts.find(reseller_id, contract_id)


@pytest.fixture
def office():
    return Office()


LOW = a_contract(500, units_left=50, units_held=450)


def test_nothing_to_tell_is_told_nobody(office):
    office.stores.grant(a_contract(500))
    assert office() == 0
    assert (office.mails, office.stores.tables.audit) == ([], {})
    assert office.contract() == a_contract(500)


def test_low_units_are_told_once(office):
    office.stores.grant(LOW)
    assert [office(), office(), office()] == [1, 0, 0]
    (mail,) = office.mails
    assert mail.to == ("bills@us.example.com",)
    assert mail.message_id == "<notice-units_low-con_1@partners.example.net>"
    assert mail.subject == "Contract con_1 has 50 of 500 units left"
    assert office.contract() == replace(LOW, noticed=frozenset({"units_low"}), noticing_until=NOW + CLAIM)


def test_without_a_billing_address_the_support_is_told(office):
    office.stores.grant(replace(LOW, reseller_id=THEM))
    assert office() == 1
    assert office.mails[0].to == ("support@them.example.com",)


def test_the_end_is_told_whenever_the_run_comes(office):
    office.stores.grant(a_card_contract(brand=Brand.GEOTRUST))
    subjects = []
    for days in (300, 306, 330, 335, 336):
        office.clock.moment = NOW + days * a_day
        office()
        subjects += [mail.subject for mail in office.mails]
        office.mails.clear()
    assert subjects == [
        "Contract con_1 ends in 29 days, on 24 October 2027, 10:00 UTC",
        "Contract con_1 ends in 5 days, on 24 October 2027, 10:00 UTC",
        "Contract con_1 has ended",
    ]


def test_two_things_at_once_are_two_mails_and_one_record(office):
    office.stores.grant(replace(LOW, valid_to=NOW + a_day))
    assert office() == 2
    assert [mail.message_id for mail in office.mails] == [
        "<notice-units_low-con_1@partners.example.net>",
        "<notice-ends-1-20261124-con_1@partners.example.net>",
    ]
    (record,) = office.stores.tables.audit.values()
    assert (record.action, record.actor) == ("contract.noticed", "system")
    assert record.facts["mails"] == "sent sent"
    assert office() == 0


def test_a_mail_that_did_not_go_out_goes_with_a_later_run(office):
    """The claim holds for a while, so that a run that is only slow is not overtaken."""
    office.stores.grant(LOW)
    office.trouble.append(TryAgain("The mail service is out."))
    with pytest.raises(TryAgain):
        office()
    assert office() == 0
    office.clock.moment += CLAIM
    assert office() == 1
    assert office() == 0


def test_a_run_that_dies_after_the_mail_repeats_it_with_the_same_id(office):
    office.stores.grant(LOW)
    died = RuntimeError("out of time")
    office.stores.tables.before["told"].append(lambda: (_ for _ in ()).throw(died))
    with pytest.raises(RuntimeError):
        office()
    office.clock.moment += CLAIM
    assert office() == 1
    assert len({mail.message_id for mail in office.mails}) == 1


def test_of_two_runs_at_once_one_tells(office):
    office.stores.grant(LOW)
    results = []
    office.stores.tables.before["begin"].append(lambda: results.append(office()))
    results.append(office())
    assert results == [1, 0]
    assert len(office.mails) == 1


def test_one_that_cannot_be_told_keeps_the_others_from_nothing(office):
    for number in range(5):
        office.stores.grant(replace(LOW, contract_id=f"con_{number}"))
    office.stores.grant(replace(LOW, contract_id="con_orphan", reseller_id="res_9"))
    office.trouble += [None, TryAgain("The mail service is out.")]
    with pytest.raises(TryAgain):
        office()
    assert len(office.mails) == 4


def test_an_address_that_takes_no_mail_is_noted_and_not_asked_for_ever(office):
    office.stores.grant(LOW)
    office.trouble.append(MailRefused("address_invalid", "no such address"))
    assert office() == 1
    assert office() == 0
    (record,) = office.stores.tables.audit.values()
    assert record.facts["mails"] == "address_invalid"


def test_units_that_come_back_are_not_told_of(office):
    office.stores.grant(LOW)
    office()
    back = replace(office.contract(), units_left=100, units_held=400)
    office.stores.tables.contracts[US, "con_1"] = back
    office()
    office.stores.tables.contracts[US, "con_1"] = replace(back, units_left=1, units_held=499)
    office()
    assert len(office.mails) == 1

"""What must be published is told once for the whole order, and again when somebody asks for it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from partner_center.kernel.errors import TryAgain
from partner_center.notifications.mail import MailRefused
from partner_center.orders.authentication import steps_of
from partner_center.orders.content import ChosenMethod, Method
from partner_center.orders.order import OrderStatus, Review
from partner_center.orders.steps import Actor, StepStatus
from partner_center.validation.challenges import VALUE_LIFETIME, ChallengeStatus
from partner_center.validation.standing import read_standing
from tests.fakes.determined import NOW
from tests.fakes.samples import APPROVER, ORDER, US
from tests.unit.validation.publisher import PUBLISHED, Publisher, by

MIXED = {
    **by("dns_txt", "example.com", "*.example.com"),
    **by("dns_cname", "example.net"),
    **by("http_file", "example.org", "www.example.org"),
    **by("dns_persist", "example.eu"),
    "admin.example.com": ChosenMethod(method=Method.EMAIL, approver_email=APPROVER),
}


class Desk(Publisher):
    """An order of all methods at once."""

    def __init__(self):
        super().__init__(methods=MIXED)

    @property
    def told(self):
        """The mails of instructions: the value for each authorization domain, and the persistent record's none."""
        return [
            {each.authorization_domain: each.value for each in mail} for mail in self.world.mail.instructed
        ]


@pytest.fixture
def desk():
    return Desk()


def out():
    raise TryAgain("The mail service is out.")


PUBLISHED_AT = ["example.com", "example.net", "example.org", "www.example.org", "example.eu"]


def test_one_mail_tells_all_records_and_files_of_the_order(desk):
    (mail,) = desk.told
    assert list(mail) == PUBLISHED_AT
    assert mail.pop("example.eu") == ""
    assert len(set(mail.values())) == 4
    assert all(len(value) == 32 for value in mail.values())
    assert desk.world.mail.instructed[0][0].names == ("example.com", "*.example.com")


def test_the_approver_has_a_mail_of_its_own(desk):
    assert [request.challenge.approver_email for request in desk.world.mail.asked] == [APPROVER]


def test_what_was_told_is_recorded_and_lives_thirty_days_from_its_making(desk):
    published = [each for each in desk.challenges if each.method != "email"]
    assert {(each.sent_at, each.expires_at) for each in published} == {(NOW, NOW + VALUE_LIFETIME)}
    assert desk.domains()["example.net"]["sent_at"] == "2026-11-23T10:00:00Z"


def test_no_published_value_is_the_secret_of_a_link(desk):
    published = [each for each in desk.challenges if each.method != "email"]
    assert {(each.token_sha256, each.encrypted_token) for each in published} == {("", b"")}
    assert desk.tables.links.keys() == {
        each.token_sha256 for each in desk.challenges if each.method == "email"
    }


def test_running_again_tells_nothing_twice(desk):
    desk.clock.advance(hours=1)
    desk.open()
    assert (len(desk.told), len(desk.world.mail.asked)) == (1, 1)


def test_what_is_proven_is_not_told_again(desk):
    desk.publish("example.net")
    desk.check()
    desk.clock.advance(minutes=1)
    desk.open(again=tuple(MIXED))
    assert "example.net" not in desk.told[1]


@pytest.mark.parametrize("name", ["example.com", "*.example.com", "www.example.org", "example.eu"])
def test_a_resend_tells_all_that_is_open_with_the_same_values(desk, name):
    desk.clock.advance(minutes=5)
    desk.open(again=(name,))
    assert desk.told[0] == desk.told[1]
    resent = [each for each in desk.challenges if each.resent_at]
    assert [(each.resent_at, name in each.names) for each in resent] == [(NOW + timedelta(minutes=5), True)]
    assert len(desk.world.mail.asked) == 1


def test_a_resend_to_an_approver_tells_nobody_what_to_publish(desk):
    desk.clock.advance(minutes=5)
    desk.open(again=("admin.example.com",))
    assert (len(desk.told), len(desk.world.mail.asked)) == (1, 2)


def test_a_resend_for_a_name_of_no_order_mails_nothing(desk):
    desk.open(again=("unknown.example.com",))
    assert (len(desk.told), len(desk.world.mail.asked)) == (1, 1)


def test_a_contact_whose_mail_is_refused_keeps_nothing_from_being_published_and_found():
    def refuse():
        raise MailRefused("message_rejected", "no such recipient")

    desk = Publisher("example.com")
    desk.tables.challenges.clear(), desk.world.mail.instructed.clear()
    desk.world.mail.before = refuse
    desk.open()
    (challenge,) = desk.challenges
    assert (challenge.status_at(NOW), challenge.sent_at) == (ChallengeStatus.PENDING, None)
    assert challenge.due_at is not None, "it is looked for all the same"
    assert "message_rejected" in challenge.attempts[-1].detail
    order = desk.world.order(ORDER)
    step = steps_of(order, read_standing(desk.world.stores.challenges, order, NOW), NOW)[1]
    assert (step.status, step.actor) == (StepStatus.IN_PROGRESS, Actor.RESELLER)


def test_a_mail_that_failed_is_sent_by_the_next_run_with_the_same_values():
    desk = Desk()
    desk.tables.challenges.clear(), desk.tables.links.clear(), desk.world.mail.instructed.clear()
    desk.world.mail.before = out
    with pytest.raises(TryAgain):
        desk.open()
    values = {each.authorization_domain: each.value for each in desk.challenges if each.method != "email"}
    desk.world.mail.before = lambda: None
    desk.open()
    assert desk.told == [{domain: values[domain] for domain in PUBLISHED_AT if domain in values}]


def test_a_mail_whose_record_was_lost_goes_out_again_with_the_same_values():
    desk = Publisher("example.com", "example.net")
    desk.tables.challenges.clear(), desk.world.mail.instructed.clear()
    desk.tables.before["mark_sent"].append(out)
    with pytest.raises(TryAgain):
        desk.open()
    desk.clock.advance(seconds=2)
    desk.open()
    first, second = desk.world.mail.instructed
    assert [each.value for each in first] == [each.value for each in second]
    assert {each.sent_at for each in desk.challenges} == {NOW + timedelta(seconds=2)}


# ---- another value


@pytest.mark.parametrize("method", PUBLISHED)
def test_an_expired_value_is_replaced_by_a_resend_and_by_nothing_else(method):
    desk = Publisher(method=method)
    old = desk.challenge
    desk.clock.advance(days=30)
    desk.open()
    assert desk.challenges == [old]
    assert desk.domains()["example.com"]["status"] == "expired"
    desk.open(again=("example.com",))
    new = next(each for each in desk.challenges if each.challenge_id != old.challenge_id)
    assert (new.value == old.value) is (method == "dns_persist")
    assert new.expires_at == NOW + 2 * VALUE_LIFETIME
    assert desk.domains()["example.com"]["status"] == "pending"
    desk.publish()
    desk.check()
    assert desk.domains()["example.com"]["status"] == "valid"


@pytest.mark.parametrize("method", ["dns_txt", "dns_cname", "http_file"])
def test_an_expired_value_proves_nothing_for_its_successor(method):
    desk = Publisher(method=method)
    desk.publish()
    desk.clock.advance(days=30)
    desk.open(again=("example.com",))
    desk.check()
    assert desk.proofs == []


@pytest.mark.parametrize("method", PUBLISHED)
def test_a_value_whose_proof_has_grown_too_old_is_replaced_by_itself(method):
    desk = Publisher(method=method)
    desk.publish()
    desk.check()
    used = desk.challenge
    desk.tables.proofs.clear()  # as it is once the proof is past its reuse
    desk.clock.advance(days=1)
    desk.open()
    new = next(each for each in desk.challenges if each.challenge_id != used.challenge_id)
    assert (new.status, new.created_at) == (ChallengeStatus.PENDING, NOW + timedelta(days=1))
    assert (new.value == used.value) is (method == "dns_persist")
    desk.open()
    assert len(desk.challenges) == 2


def test_a_new_round_has_values_of_its_own():
    desk = Publisher()
    desk.tables.heads[US, ORDER] = replace(desk.world.head(), round=2, version=2)
    desk.open()
    assert len({each.value for each in desk.challenges}) == 2
    assert [each.round for each in desk.world.mail.instructed[-1]] == [2]


def test_two_runs_at_once_tell_the_same_value():
    desk = Publisher()
    desk.tables.challenges.clear(), desk.world.mail.instructed.clear()
    desk.tables.before["create"].append(desk.open)
    desk.open()
    assert {each.value for mail in desk.world.mail.instructed for each in mail} == {desk.challenge.value}


# ---- asking again


def test_asking_again_is_for_pending_orders_that_are_screened(desk):
    desk.world.ask_again(US, ORDER, ["example.net"])
    assert len(desk.told) == 2
    for changed in (
        {"review": Review.WAITING},
        {"review": Review.DUE},
        {"status": OrderStatus.CANCELLED},
        {"status": OrderStatus.ISSUED},
    ):
        desk.tables.heads[US, ORDER] = replace(desk.world.head(), **{"review": Review.CLEAR} | changed)
        desk.world.ask_again(US, ORDER, ["example.net"])
    assert len(desk.told) == 2


@pytest.mark.parametrize(("reseller_id", "order_id"), [(US, "ord_9"), ("res_2", ORDER)])
def test_asking_again_for_an_unknown_order_does_nothing(desk, reseller_id, order_id):
    desk.world.ask_again(reseller_id, order_id, ["example.net"])
    assert len(desk.told) == 1

"""What a reseller may set in motion for the domains of an order: another look, another mail, and nothing else."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from partner_center.issuance.preflight import Outcome
from partner_center.kernel.errors import NotFound, StateConflict, TooSoon, TryAgain
from partner_center.notifications.mail import MailRefused
from partner_center.notifications.suppressions import Suppression, Undelivered
from partner_center.orders.content import ChosenMethod, Method
from partner_center.orders.order import OrderStatus, Review
from partner_center.validation.challenges import MOST_CHALLENGES, ChallengeStatus, Decision
from partner_center.validation.dns import RecordType
from tests.fakes.determined import MICROSECOND, NOW
from tests.fakes.perspectives import REGIONS, SeenWorld
from tests.fakes.posted import a_call, a_principal
from tests.fakes.samples import APPROVER, ORDER, THEM, US, a_challenge, a_preflight, an_audit, an_event
from tests.unit.validation.publisher import PUBLISHED, Publisher, by

BY_MAIL = {"mail.example.com": ChosenMethod(method=Method.EMAIL, approver_email=APPROVER)}
CLOSED = [status for status in OrderStatus if status is not OrderStatus.PENDING]


class Desk(Publisher):
    """A name by TXT, one by CNAME, one by mail; nothing was checked yet, and the mails are a minute old."""

    def __init__(self):
        super().__init__(methods=by("dns_txt", "example.org") | by("dns_cname", "example.net") | BY_MAIL)
        self.clock.advance(minutes=1)
        self.begun = self.clock.now()

    def look(self, name=None, order_id=ORDER, reseller_id=US, key=None):
        where = f"domains/{name}/check" if name is not None else "domains/check"
        call = a_call(key=key, path=f"/v1/orders/{order_id}/{where}")
        self.world.request_check(a_principal(reseller_id), call, order_id, name)

    def resend(self, name, order_id=ORDER, reseller_id=US, key=None):
        call = a_call(key=key, path=f"/v1/orders/{order_id}/domains/{name}/resend")
        self.world.resend(a_principal(reseller_id), call, order_id, name)

    def change(self, **head):
        self.tables.heads[US, ORDER] = replace(self.world.head(), **head)

    def hold_back(self):
        preflight = a_preflight(Outcome.HELD_BACK, preflight_id=self.world.ids.new("pre", NOW))
        self.world.stores.claims.hold_back(
            self.order(),
            preflight,
            "CAA",
            an_audit(self.world.ids),
            an_event(self.world.ids, "order.held_back"),
        )

    def mails(self):
        return len(self.world.mail.asked) + len(self.world.mail.instructed)


@pytest.fixture
def desk():
    return Desk()


def look_at_all(desk, **where):
    desk.look(None, **where)


def look_at_one(desk, name="example.org", **where):
    desk.look(name, **where)


def resend_one(desk, name="example.org", **where):
    desk.resend(name, **where)


every_action = pytest.mark.parametrize("act", [look_at_all, look_at_one, resend_one])
for_one_name = pytest.mark.parametrize("act", [look_at_one, resend_one])


def refused(desk, act, error, *args, **where):
    """What the refusal says; nothing was written, looked at or mailed."""
    before, mails, looks = repr(desk.tables), desk.mails(), len(desk.perspectives.asked)
    with pytest.raises(error) as raised:
        act(desk, *args, **where)
    assert (repr(desk.tables), desk.mails(), len(desk.perspectives.asked)) == (before, mails, looks)
    return raised.value


# ---- refusals that both have


@every_action
@pytest.mark.parametrize(
    ("reseller_id", "order_id"), [(US, "ord_9"), (THEM, ORDER)], ids=["unknown", "foreign"]
)
def test_a_foreign_order_is_answered_like_an_unknown_one(desk, act, reseller_id, order_id):
    told = refused(desk, act, NotFound, reseller_id=reseller_id, order_id=order_id)
    assert told.detail == "There is no such order."


@for_one_name
@pytest.mark.parametrize("name", ["example.com", "www.example.org", "EXAMPLE.ORG", "", "*", "example.org."])
def test_a_name_that_the_order_does_not_have_is_unknown(desk, act, name):
    assert refused(desk, act, NotFound, name).detail == "The order has no such name."


@every_action
def test_an_order_whose_term_is_over_is_called_expired(desk, act):
    desk.change(status=OrderStatus.ISSUED, term_to=NOW)
    assert refused(desk, act, StateConflict).detail == "The order is expired."


@every_action
@pytest.mark.parametrize("status", CLOSED)
def test_a_closed_order_takes_neither(desk, act, status):
    desk.change(status=status)
    told = refused(desk, act, StateConflict)
    assert (told.code, told.order_id) == ("order_closed", ORDER)


@for_one_name
def test_a_proven_name_is_valid_already(desk, act):
    desk.publish("example.org")
    desk.check(["example.org"])
    desk.clock.advance(minutes=1)
    told = refused(desk, act, StateConflict)
    assert (told.code, told.order_id, told.detail) == (
        "already_valid",
        ORDER,
        "example.org is proven already.",
    )


# ---- looking


def test_a_look_at_one_name_is_made_at_once_and_at_no_other(desk):
    desk.publish()
    desk.look("example.org")
    assert {name: item["status"] for name, item in desk.domains().items()} == {
        "example.org": "valid",
        "example.net": "pending",
        "mail.example.com": "pending",
    }


def test_a_look_at_the_order_is_at_all_that_is_published(desk):
    desk.publish()
    desk.look()
    assert [item["status"] for item in desk.domains().values()] == ["valid", "valid", "pending"]


def test_not_yet_is_no_error(desk):
    desk.look("example.org")
    assert desk.domains()["example.org"]["attempts"][0]["result"] == "failed"


@pytest.mark.parametrize("declined", [False, True])
def test_names_by_mail_are_not_looked_at_and_are_no_error(desk, declined):
    if declined:
        desk.world.approve(decision=Decision.DECLINE)
    desk.look("mail.example.com")
    assert desk.perspectives.asked == []


def test_an_expired_value_is_not_looked_at(desk):
    desk.clock.advance(days=30)
    desk.look("example.org")
    assert desk.perspectives.asked == []


# Of two at once the later to read may have the earlier moment, and a clock may be set back.
PAUSES = [
    (-600, 30),
    (-0.3, 30),
    (0, 30),
    (0.000_001, 30),
    (0.5, 30),
    (1, 29),
    (29, 1),
    (29.999_999, 1),
    (30, None),
    (3600, None),
]


@pytest.mark.parametrize("second", [look_at_one, look_at_all])
@pytest.mark.parametrize("first", [look_at_one, look_at_all])
@pytest.mark.parametrize(("later", "left"), PAUSES)
def test_a_look_is_made_every_thirty_seconds_at_most(desk, first, second, later, left):
    first(desk)
    desk.clock.advance(seconds=later)
    if left is None:
        second(desk)
        assert len(desk.perspectives.asked) == 2
    else:
        told = refused(desk, second, TooSoon)
        assert (told.retry_after, "The last check is less than 30 seconds old" in told.detail) == (left, True)


def look_at_mail(desk, **where):
    desk.look("mail.example.com", **where)


def look_at_other_mail(desk, **where):
    desk.look("shop.example.com", **where)


@pytest.mark.parametrize(
    ("first", "second", "hinders"),
    [
        (look_at_all, look_at_all, True),
        (look_at_all, look_at_mail, True),
        (look_at_mail, look_at_mail, True),
        (look_at_mail, look_at_all, True),
        (look_at_mail, look_at_other_mail, False),
    ],
)
@pytest.mark.parametrize(("later", "left"), PAUSES)
def test_so_it_is_where_all_names_go_by_mail(first, second, hinders, later, left):
    desk = Desk()
    desk.place(dict.fromkeys(("mail.example.com", "shop.example.com"), *BY_MAIL.values()), order_id="ord_2")
    first(desk, order_id="ord_2")
    desk.clock.advance(seconds=later)
    if left is None or not hinders:
        second(desk, order_id="ord_2")
    else:
        assert refused(desk, second, TooSoon, order_id="ord_2").retry_after == left
    assert desk.perspectives.asked == []


def test_a_value_that_is_over_is_not_asked_about_without_end(desk):
    desk.clock.advance(days=30)
    desk.look("example.org")
    assert refused(desk, look_at_one, TooSoon).retry_after == 30


def test_a_look_that_was_due_by_itself_counts_as_one(desk):
    desk.world.begin_due_checks()
    desk.clock.advance(seconds=10)
    assert refused(desk, look_at_one, TooSoon).retry_after == 20


def test_a_name_whose_last_look_is_older_may_be_looked_at(desk):
    desk.look("example.org")
    desk.clock.advance(seconds=10)
    desk.look("example.net")
    assert len(desk.perspectives.asked) == 2


def test_a_look_tells_only_which_order_and_which_name(desk):
    asked = []

    class Recording:
        def check(self, *question):
            asked.append(question)

    recording = replace(desk.world.request_check, checking=Recording())
    for name in ("example.org", None, "mail.example.com"):
        recording(a_principal(), a_call(), ORDER, *([name] if name else []))
        desk.clock.advance(seconds=30)
    assert asked == [(US, ORDER, ["example.org"]), (US, ORDER, None)]


class Out:
    """The function that was invoked did not answer, or failed."""

    def check(self, *_):
        raise TryAgain("The validation did not answer; ask again shortly.", 5)

    ask_again = check


@pytest.mark.parametrize("name", ["example.org", None])
def test_a_look_that_could_not_be_made_may_be_asked_for_again(desk, name):
    broken = replace(desk.world.request_check, checking=Out())
    with pytest.raises(TryAgain) as told:
        broken(a_principal(), a_call(), ORDER, name)
    assert told.value.retry_after == 5
    desk.look(name)
    assert len(desk.perspectives.asked) == 1


# ---- what was held back


def test_a_look_at_the_whole_order_releases_what_was_held_back(desk):
    desk.hold_back()
    desk.look()
    assert desk.world.head().held_back is None
    assert desk.world.stores.events(US, ORDER) == ["order.placed", "order.held_back", "order.check_requested"]
    assert len(desk.perspectives.asked) == 1


def test_a_look_at_one_name_releases_nothing(desk):
    desk.hold_back()
    desk.look("example.org")
    assert desk.world.head().held_back == "CAA"


def test_a_release_is_not_asked_for_twice_within_thirty_seconds(desk):
    desk.hold_back()
    desk.look()
    desk.hold_back()
    desk.clock.advance(seconds=29)
    assert refused(desk, look_at_all, TooSoon).retry_after == 1
    desk.clock.advance(seconds=1)
    desk.look()
    assert desk.world.head().held_back is None


def test_a_release_does_not_hinder_the_look_at_one_name(desk):
    desk.change(checked_at=desk.begun)
    desk.look("example.org")
    assert len(desk.perspectives.asked) == 1


# ---- mailing once more


def test_a_resend_to_the_approver_is_the_same_mail_again(desk):
    desk.resend("mail.example.com")
    first, second = desk.world.mail.asked
    assert (first.token, first.challenge.approver_email) == (second.token, second.challenge.approver_email)
    assert len(desk.world.mail.instructed) == 1


@pytest.mark.parametrize("name", ["example.org", "example.net"])
def test_a_resend_of_instructions_tells_all_that_is_open(desk, name):
    desk.resend(name)
    first, second = desk.world.mail.instructed
    assert [each.value for each in first] == [each.value for each in second]
    assert len(desk.world.mail.asked) == 1


@pytest.mark.parametrize("review", [Review.DUE, Review.WAITING])
def test_before_an_order_is_screened_nothing_is_mailed(desk, review):
    desk.change(review=review)
    told = refused(desk, resend_one, StateConflict)
    assert (told.code, told.order_id) == ("not_asked_yet", ORDER)


def test_nobody_is_mailed_for_a_proof_once_no_mail_proves_anything(desk):
    """BR 3.2.2.4.4: from 2028-03-15 on."""
    desk.clock.moment = datetime(2028, 3, 15, tzinfo=UTC)
    desk.change(placed_at=desk.clock.moment - timedelta(days=1))
    before = desk.mails()
    told = refused(desk, resend_one, StateConflict, "mail.example.com")
    assert (told.code, told.order_id, desk.mails()) == ("method_ended", ORDER, before)
    desk.resend("example.org")
    assert desk.mails() == before + 1


def test_who_declined_is_not_asked_again(desk):
    desk.world.approve(decision=Decision.DECLINE)
    told = refused(desk, resend_one, StateConflict, "mail.example.com")
    assert (told.code, told.order_id) == ("approver_declined", ORDER)


def test_who_declined_one_domain_is_not_mailed_again_about_another(desk):
    contact = {"method": Method.EMAIL, "approver_email": "ops@provider.net", "source": "txt"}
    names = {
        f"www.{domain}": ChosenMethod(domain=domain, **contact) for domain in ("example.com", "example.org")
    }
    where = {
        (f"_validation-contactemail.{domain}", RecordType.TXT): (b"ops@provider.net",)
        for domain in ("example.com", "example.org")
    }
    desk.perspectives.world = SeenWorld(where)
    desk.place(names, order_id="ord_2")
    desk.world.approve(decision=Decision.DECLINE)
    desk.clock.advance(minutes=1)
    for name in names:
        told = refused(desk, resend_one, StateConflict, name, order_id="ord_2")
        assert (told.code, told.order_id) == ("approver_declined", "ord_2")


def refuse_mail():
    raise MailRefused("message_rejected", "no such recipient")


def asked_so_often(desk, count):
    """So many challenges of rounds before."""
    for number in range(count - len(desk.challenges)):
        desk.world.stores.challenges.create(a_challenge(token=f"{number}", round=0))


def failed(desk):
    desk.world.mail.before = refuse_mail
    desk.resend("mail.example.com")
    desk.clock.advance(minutes=1)


NEEDS_ANOTHER = {
    "the address failed": failed,
    "its value has expired": lambda desk: desk.clock.advance(days=30),
    "its value ends within the hour": lambda desk: desk.clock.advance(days=29, hours=23, minutes=30),
}


@pytest.mark.parametrize(("room", "fits"), [(1, True), (0, False)])
@pytest.mark.parametrize("needs_another", NEEDS_ANOTHER.values(), ids=NEEDS_ANOTHER)
def test_resends_do_not_make_challenges_without_end(desk, needs_another, room, fits):
    needs_another(desk)
    asked_so_often(desk, MOST_CHALLENGES - room)
    if fits:
        desk.resend("mail.example.com")
    else:
        told = refused(desk, resend_one, StateConflict, "mail.example.com")
        assert (told.code, told.order_id) == ("asked_too_often", ORDER)
    assert len(desk.challenges) == MOST_CHALLENGES


def test_a_value_that_serves_is_mailed_however_often_the_order_was_asked(desk):
    asked_so_often(desk, MOST_CHALLENGES)
    desk.resend("mail.example.com")
    assert len(desk.world.mail.asked) == 2


@pytest.mark.parametrize("name", ["mail.example.com", "example.org"])
@pytest.mark.parametrize(("later", "left"), PAUSES)
def test_a_mail_is_sent_every_thirty_seconds_at_most(desk, name, later, left):
    desk.resend(name)
    desk.clock.advance(seconds=later)
    if left is None:
        desk.resend(name)
        assert desk.mails() == 4
    else:
        told = refused(desk, resend_one, TooSoon, name)
        assert (told.retry_after, "The last mail is less than 30 seconds old" in told.detail) == (left, True)


def came_back(desk, address, why=Undelivered.BOUNCED):
    desk.world.suppressions.suppress(Suppression(US, address, why, desk.clock.now(), "550 no such user"))


@pytest.mark.parametrize(
    ("name", "address"),
    [("mail.example.com", APPROVER), ("example.org", "asa@example.com")],
    ids=["link", "record"],
)
def test_after_a_mail_that_came_back_an_hour_passes_before_the_next_to_its_address(desk, name, address):
    desk.resend(name)
    desk.clock.advance(seconds=5)
    came_back(desk, address)
    desk.clock.advance(minutes=54, seconds=55)
    told = refused(desk, resend_one, TooSoon, name)
    assert told.retry_after == 300
    assert f"The last mail to {address} could not be delivered; ask again an hour after it" in told.detail
    desk.clock.advance(minutes=5)
    desk.resend(name)
    desk.clock.advance(seconds=30)
    desk.resend(name)
    assert desk.mails() == 5, "the last one did not come back"


def test_a_mail_that_was_complained_of_arrived(desk):
    desk.resend("mail.example.com")
    came_back(desk, APPROVER, Undelivered.COMPLAINED)
    desk.clock.advance(seconds=30)
    desk.resend("mail.example.com")


def test_a_mail_to_another_address_does_not_wait_for_one_that_came_back(desk):
    came_back(desk, "other@example.com")
    desk.resend("mail.example.com")
    assert desk.mails() == 3


def test_the_first_mail_counts_as_one():
    desk = Desk()
    desk.clock.moment = NOW + timedelta(seconds=30) - MICROSECOND
    assert refused(desk, resend_one, TooSoon).retry_after == 1


def test_a_look_does_not_hinder_a_mail_nor_a_mail_a_look(desk):
    desk.look("example.org")
    desk.resend("example.org")
    desk.clock.advance(seconds=30)
    desk.resend("example.org")
    desk.look("example.org")
    assert (desk.mails(), len(desk.perspectives.asked)) == (4, 2)


def test_an_expired_value_gives_way_to_a_new_one(desk):
    desk.clock.advance(days=30)
    desk.resend("example.org")
    first, second = desk.world.mail.instructed
    assert {each.value for each in first}.isdisjoint(each.value for each in second)
    assert desk.domains()["example.org"]["status"] == "pending"


def test_a_contact_that_nobody_sees_is_tried_every_thirty_seconds_at_most():
    """Each try asks all perspectives and makes a value; the reseller must not make a thousand in a minute."""
    desk = Desk()
    contact = ChosenMethod(
        method=Method.EMAIL, approver_email="ops@provider.net", source="txt", domain="example.com"
    )
    desk.place({"www.example.com": contact}, order_id="ord_2")
    (failed,) = desk.world.challenges("ord_2")
    assert failed.status is ChallengeStatus.FAILED
    for _ in range(2):
        desk.clock.advance(seconds=29)
        assert refused(desk, resend_one, TooSoon, "www.example.com", order_id="ord_2").retry_after == 1
        desk.clock.advance(seconds=1)
        desk.resend("www.example.com", "ord_2")
    assert len(desk.world.challenges("ord_2")) == 3
    where = ("_validation-contactemail.example.com", RecordType.TXT)
    desk.perspectives.world = SeenWorld({where: (b"ops@provider.net",)})
    desk.clock.advance(seconds=30)
    desk.resend("www.example.com", "ord_2")
    assert desk.domains("ord_2")["www.example.com"]["status"] == "pending"


def test_a_look_for_a_contact_that_could_not_be_made_is_not_repeated_at_once():
    desk = Desk()
    contact = ChosenMethod(
        method=Method.EMAIL, approver_email="ops@provider.net", source="txt", domain="example.com"
    )
    desk.perspectives.trouble = dict.fromkeys(REGIONS, "out_of_time")
    with pytest.raises(TryAgain):
        desk.place({"www.example.com": contact}, order_id="ord_2")
    assert refused(desk, resend_one, TooSoon, "www.example.com", order_id="ord_2").retry_after == 30
    desk.clock.advance(seconds=30)
    with pytest.raises(TryAgain):
        desk.resend("www.example.com", "ord_2")
    assert refused(desk, resend_one, TooSoon, "www.example.com", order_id="ord_2").retry_after == 30


def test_a_resend_tells_only_which_order_and_which_name(desk):
    asked = []

    class Recording:
        def ask_again(self, *question):
            asked.append(question)

    replace(desk.world.resend, asking=Recording())(a_principal(), a_call(), ORDER, "example.org")
    assert asked == [(US, ORDER, ["example.org"])]


def test_a_mail_that_could_not_be_sent_may_be_asked_for_again(desk):
    with pytest.raises(TryAgain):
        replace(desk.world.resend, asking=Out())(a_principal(), a_call(), ORDER, "example.org")
    desk.resend("example.org")
    assert len(desk.world.mail.instructed) == 2


@pytest.mark.parametrize("method", PUBLISHED)
def test_a_mail_that_was_not_sent_yet_may_be_asked_for(method):
    """The order is screened, and its machine is on its way."""
    desk = Publisher(method=method)
    desk.tables.challenges.clear(), desk.world.mail.instructed.clear()
    desk.world.resend(a_principal(), a_call(), ORDER, "example.com")
    assert len(desk.world.mail.instructed) == 1

"""Opening a validation: one value and one mail for each challenge, however often the step runs."""

from dataclasses import replace
from datetime import timedelta

import pytest

from partner_center.kernel.errors import TooSoon, TryAgain
from partner_center.notifications.mail import MailRefused
from partner_center.orders.content import ChosenMethod, Method
from partner_center.orders.order import Order
from partner_center.validation.authenticate import OpenValidation, token_digest
from partner_center.validation.challenges import VALUE_BITS, ChallengeStatus
from partner_center.validation.contact_check import CheckContact
from partner_center.validation.standing import read_standing
from tests.fakes.determined import MICROSECOND, NOW, CountingIds, FixedClock
from tests.fakes.outside import MemoryDomainMail, MemoryVault
from tests.fakes.perspectives import MemoryPerspectives
from tests.fakes.samples import ORDER, THEM, US, a_challenge, a_content, a_proof, a_second, an_order
from tests.fakes.stores import MemoryStores


def an_order_for(**approvers):
    names = tuple(name.replace("_", ".") for name in approvers)
    methods = {
        name: ChosenMethod(method=Method.EMAIL, approver_email=address)
        for name, address in zip(names, approvers.values(), strict=True)
    }
    return an_order(content=a_content(*names, methods=methods))


ADMIN = "admin@example.com"
ONE = an_order_for(www_example_com=ADMIN, example_com=ADMIN)
TWO = an_order_for(www_example_com=ADMIN, example_com=ADMIN, example_org="webmaster@example.org")


@pytest.fixture
def stores():
    return MemoryStores()


@pytest.fixture
def mail():
    return MemoryDomainMail()


@pytest.fixture
def clock():
    return FixedClock()


@pytest.fixture
def perspectives():
    return MemoryPerspectives()


def opening(stores, mail, clock, ids, perspectives=None):
    everywhere = (perspectives or MemoryPerspectives()).everywhere()
    check_contact = CheckContact(stores.challenges, everywhere, clock, ids)
    return OpenValidation(stores.challenges, MemoryVault(), mail, check_contact, clock, ids)


@pytest.fixture
def open_validation(stores, mail, clock, perspectives):
    return opening(stores, mail, clock, CountingIds(), perspectives)


def out():
    raise TryAgain("The mail service is out.")


def present(stores):
    return {each.approver_email: each for each in stores.challenges.of_order(US, ORDER)}


def test_each_approver_is_asked_once_for_all_names_that_are_theirs(open_validation, mail):
    open_validation(TWO)
    asked = {request.challenge.approver_email: request.challenge.names for request in mail.asked}
    assert asked == {
        "admin@example.com": ("www.example.com", "example.com"),
        "webmaster@example.org": ("example.org",),
    }


def test_each_mail_has_a_value_of_its_own(open_validation, mail):
    open_validation(TWO)
    assert len(set(mail.tokens)) == 2
    assert all(len(token) * 6 >= VALUE_BITS for token in mail.tokens)


def test_the_value_is_kept_as_a_digest_and_sealed(open_validation, stores, mail):
    open_validation(TWO)
    for request in mail.asked:
        kept = stores.challenges.by_token(token_digest(request.token))
        assert kept.challenge_id == request.challenge.challenge_id
        assert request.token not in repr(kept)


def test_a_challenge_belongs_to_its_order_and_round(open_validation, stores):
    open_validation(TWO)
    assert {(c.reseller_id, c.order_id, c.round) for c in present(stores).values()} == {(US, ORDER, 1)}


def test_running_again_sends_nothing_and_changes_nothing(open_validation, stores, mail, clock):
    open_validation(TWO)
    before = present(stores)
    clock.advance(hours=1)
    open_validation(TWO)
    assert len(mail.asked) == 2
    assert present(stores) == before


def test_the_thirty_days_run_from_the_values_creation(open_validation, stores, mail, clock):
    """However late it is mailed, and however often: all mails of a value name the same end."""
    mail.before = out
    with pytest.raises(TryAgain):
        open_validation(ONE)
    (made,) = present(stores).values()
    assert (made.sent_at, made.created_at) == (None, NOW)
    mail.before = lambda: None
    clock.advance(hours=5)
    open_validation(ONE)
    (sent,) = present(stores).values()
    assert (sent.created_at, sent.sent_at) == (NOW, NOW + timedelta(hours=5))
    assert sent.expires_at == mail.asked[0].challenge.expires_at == NOW + timedelta(days=30)


def test_a_mail_whose_record_was_lost_is_sent_again_with_the_same_end(open_validation, stores, mail, clock):
    stores.tables.before["mark_sent"].append(out)
    with pytest.raises(TryAgain):
        open_validation(ONE)
    clock.advance(minutes=2)
    open_validation(ONE)
    first, again = mail.asked
    assert (again.token, again.challenge) == (first.token, first.challenge)


def refuse():
    raise MailRefused("message_rejected", "no such recipient")


def test_an_address_whose_mail_is_refused_for_good_fails_alone_and_says_why(open_validation, stores, mail):
    def refuse_the_first():
        if not mail.asked and len(refused) == 0:
            refused.append(True)
            refuse()

    refused = []
    mail.before = refuse_the_first
    open_validation(TWO)
    by_address = present(stores)
    failed, asked = by_address[ADMIN], by_address["webmaster@example.org"]
    assert (failed.status, failed.sent_at) == (ChallengeStatus.FAILED, None)
    assert "message_rejected" in failed.attempts[-1].detail
    assert (asked.status, asked.sent_at) == (ChallengeStatus.PENDING, NOW)
    open_validation(TWO)
    assert len(mail.asked) == 1, "it is not tried again by itself"


def test_an_address_that_was_refused_is_asked_anew_when_the_reseller_wants_it(open_validation, stores, mail):
    mail.before = refuse
    open_validation(ONE)
    mail.before = lambda: None
    open_validation(ONE, again=("example.com",))
    (request,) = mail.asked
    assert request.challenge.approver_email == ADMIN


def test_what_was_done_before_the_mail_failed_stays_done(open_validation, stores, mail):
    def fail_at_the_second():
        if mail.asked:
            out()

    mail.before = fail_at_the_second
    with pytest.raises(TryAgain):
        open_validation(TWO)
    mail.before = lambda: None
    open_validation(TWO)
    assert [request.challenge.approver_email for request in mail.asked] == [
        "admin@example.com",
        "webmaster@example.org",
    ]


def test_a_mail_whose_record_was_lost_goes_out_again_with_the_same_value(
    open_validation, stores, mail, clock
):
    stores.tables.before["mark_sent"].append(out)
    with pytest.raises(TryAgain):
        open_validation(ONE)
    clock.advance(seconds=2)
    open_validation(ONE)
    assert len(mail.tokens) == 2
    assert len(set(mail.tokens)) == 1
    assert len({request.challenge.challenge_id for request in mail.asked}) == 1
    (sent,) = present(stores).values()
    assert sent.sent_at == NOW + 2 * a_second


def test_of_two_runs_at_once_the_value_of_the_first_counts(stores, mail, clock):
    ids = CountingIds()
    run = opening(stores, mail, clock, ids)
    other = opening(stores, mail, clock, ids)
    stores.tables.before["create"].append(lambda: other(ONE))
    run(ONE)
    (kept,) = present(stores).values()
    assert {token_digest(token) for token in mail.tokens} == {kept.token_sha256}
    assert stores.challenges.by_token(kept.token_sha256) == kept


def test_a_new_round_asks_anew_with_other_values(open_validation, stores, mail):
    open_validation(TWO)
    open_validation(Order(replace(TWO.head, round=2), TWO.content))
    assert len(set(mail.tokens)) == 4
    assert len(stores.challenges.of_order(US, ORDER)) == 4


@pytest.mark.parametrize("status", [ChallengeStatus.DECLINED, ChallengeStatus.FAILED])
def test_an_approver_who_answered_is_not_asked_again(open_validation, stores, mail, status):
    open_validation(ONE)
    for key, challenge in stores.tables.challenges.items():
        stores.tables.challenges[key] = replace(challenge, status=status, sent_at=None)
    open_validation(ONE)
    assert len(mail.asked) == 1


@pytest.mark.parametrize("round", [1, 2])
def test_an_address_that_declined_is_not_asked_in_any_round(open_validation, stores, mail, round):
    open_validation(ONE)
    for key, challenge in stores.tables.challenges.items():
        stores.tables.challenges[key] = replace(challenge, status=ChallengeStatus.DECLINED)
    open_validation(Order(replace(TWO.head, round=round), TWO.content))
    assert [request.challenge.approver_email for request in mail.asked] == [ADMIN, "webmaster@example.org"]


def test_what_is_proven_already_is_not_asked(open_validation, stores, mail):
    proof = a_proof(a_challenge(order_id="ord_0"))
    stores.tables.proofs[US, "customer:c-1", "example.com", proof.proof_id] = proof
    open_validation(TWO)
    assert [request.challenge.approver_email for request in mail.asked] == ["webmaster@example.org"]


@pytest.mark.parametrize(
    ("reseller_id", "subscriber"), [(THEM, "customer:c-1"), (US, "customer:c-2"), (US, "lineage:ord_1")]
)
def test_proofs_of_others_count_for_nobody_else(open_validation, stores, mail, reseller_id, subscriber):
    proof = a_proof(a_challenge(order_id="ord_0"))
    stores.tables.proofs[reseller_id, subscriber, "example.com", proof.proof_id] = proof
    open_validation(ONE)
    assert len(mail.asked) == 1


# ---- asking again


def test_a_resend_mails_the_same_value_to_the_same_address(open_validation, stores, mail, clock):
    open_validation(TWO)
    clock.advance(minutes=5)
    open_validation(TWO, ["example.com"])
    first, _, again = mail.asked
    assert (again.token, again.challenge) == (first.token, replace(first.challenge, sent_at=NOW))
    resent = present(stores)
    assert resent[ADMIN].resent_at == NOW + timedelta(minutes=5)
    assert resent["webmaster@example.org"].resent_at is None
    assert {each.expires_at for each in resent.values()} == {NOW + timedelta(days=30)}


def test_a_resend_whose_record_was_lost_mails_the_same_value_again(open_validation, stores, mail, clock):
    open_validation(ONE)
    stores.tables.before["mark_resent"].append(out)
    with pytest.raises(TryAgain):
        open_validation(ONE, ["example.com"])
    open_validation(ONE, ["example.com"])
    assert (len(mail.tokens), len(set(mail.tokens))) == (3, 1)


def test_an_expired_link_is_replaced_by_a_resend_and_by_nothing_else(open_validation, stores, mail, clock):
    open_validation(ONE)
    clock.advance(days=30)
    open_validation(ONE)
    assert len(mail.tokens) == 1
    open_validation(ONE, ["www.example.com"])
    assert len(set(mail.tokens)) == 2
    old, new = sorted(stores.challenges.of_order(US, ORDER), key=lambda each: each.created_at)
    assert old.status_at(clock.now()) is ChallengeStatus.EXPIRED
    assert (new.sent_at, new.expires_at) == (clock.now(), clock.now() + timedelta(days=30))
    assert stores.challenges.by_token(token_digest(mail.tokens[1])) == new


def test_of_two_who_ask_for_a_mail_again_at_once_one_sends_it(open_validation, stores, mail, clock):
    open_validation(ONE)
    clock.advance(minutes=5)

    def another():
        mail.before = lambda: None
        with pytest.raises(TooSoon):
            open_validation(ONE, ["example.com"])

    mail.before = another
    open_validation(ONE, ["example.com"])
    assert len(mail.asked) == 2


def test_so_it_is_with_instructions(open_validation, mail, clock):
    methods = {"example.com": ChosenMethod(method=Method.DNS_TXT)}
    order = an_order(content=a_content("example.com", methods=methods))
    open_validation(order)
    clock.advance(minutes=5)
    open_validation(order, ["example.com"])
    with pytest.raises(TooSoon):
        open_validation(order, ["example.com"])
    clock.advance(seconds=30)
    open_validation(order, ["example.com"])
    assert len(mail.instructed) == 3


def test_a_mail_that_could_not_be_sent_again_hinders_no_other_try(open_validation, mail, clock):
    open_validation(ONE)
    clock.advance(minutes=5)
    mail.before = out
    with pytest.raises(TryAgain):
        open_validation(ONE, ["example.com"])
    mail.before = lambda: None
    open_validation(ONE, ["example.com"])
    assert len(mail.asked) == 2


def test_the_first_mail_waits_for_nobody(open_validation, stores, mail):
    """The machine's own step is repeated until its mails are out, however soon."""
    stores.tables.before["mark_sent"].append(out)
    with pytest.raises(TryAgain):
        open_validation(ONE)
    open_validation(ONE)
    assert len(mail.asked) == 2
    assert stores.tables.mail_claims == {}


AN_HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("left", "values"),
    [
        (timedelta(days=29), 1),
        (AN_HOUR + MICROSECOND, 1),
        (AN_HOUR, 2),
        (timedelta(minutes=1), 2),
        (MICROSECOND, 2),
    ],
    ids=["long", "more than an hour", "an hour", "a minute", "the last moment"],
)
def test_a_link_that_is_about_to_end_is_replaced_by_a_resend(
    open_validation, stores, mail, clock, left, values
):
    open_validation(ONE)
    clock.advance(days=30)
    clock.moment -= left
    open_validation(ONE, ["www.example.com"])
    assert (len(mail.tokens), len(set(mail.tokens))) == (2, values)
    old, *new = sorted(stores.challenges.of_order(US, ORDER), key=lambda each: each.created_at)
    for each in new:
        assert old.status_at(clock.now()) is ChallengeStatus.EXPIRED, "one link at a time"
        assert mail.asked[-1].challenge.expires_at == each.expires_at == clock.now() + timedelta(days=30)


def test_a_crash_before_the_new_link_is_made_leaves_none_that_lives_and_a_resend_makes_one(
    open_validation, stores, mail, clock
):
    open_validation(ONE)
    clock.advance(days=30, minutes=-1)
    stores.tables.before["create"].append(out)
    with pytest.raises(TryAgain):
        open_validation(ONE, ["www.example.com"])
    (old,) = stores.challenges.of_order(US, ORDER)
    assert old.status_at(clock.now()) is ChallengeStatus.EXPIRED
    open_validation(ONE, ["www.example.com"])
    alive = [each.status_at(clock.now()) for each in stores.challenges.of_order(US, ORDER)]
    assert sorted(alive) == [ChallengeStatus.EXPIRED, ChallengeStatus.PENDING]
    assert len(set(mail.tokens)) == 2


@pytest.mark.parametrize("method", [Method.DNS_TXT, Method.HTTP_FILE])
def test_so_is_a_published_value(open_validation, stores, mail, clock, method):
    methods = {"example.com": ChosenMethod(method=method)}
    order = an_order(content=a_content("example.com", methods=methods))
    open_validation(order)
    clock.advance(days=30, minutes=-1)
    open_validation(order)
    assert len(mail.instructed) == 1
    open_validation(order, ["example.com"])
    (first,), (second,) = mail.instructed
    assert first.value != second.value
    ended = next(each for each in stores.challenges.of_order(US, ORDER) if each.value == first.value)
    assert (ended.status_at(clock.now()), ended.due_at) == (ChallengeStatus.EXPIRED, None)


def test_a_failed_challenge_is_replaced_by_a_resend(open_validation, stores, mail, clock):
    open_validation(ONE)
    for key, challenge in stores.tables.challenges.items():
        stores.tables.challenges[key] = replace(challenge, status=ChallengeStatus.FAILED)
    clock.advance(minutes=5)
    open_validation(ONE, ["www.example.com"])
    assert len(set(mail.tokens)) == 2


def test_an_approved_link_whose_proof_is_too_old_is_replaced(open_validation, stores, mail, clock):
    open_validation(ONE)
    for key, challenge in stores.tables.challenges.items():
        stores.tables.challenges[key] = replace(challenge, status=ChallengeStatus.VALID)
    clock.advance(days=1)
    open_validation(ONE)
    assert len(set(mail.tokens)) == 2


def test_what_a_clock_behind_asks_anew_is_the_newest(open_validation, stores, mail, clock):
    """Else the challenge that was answered is found again, and the name asked about without end."""
    open_validation(ONE)
    for key, challenge in stores.tables.challenges.items():
        stores.tables.challenges[key] = replace(challenge, status=ChallengeStatus.VALID)
    clock.advance(minutes=-20)
    for _ in range(3):
        open_validation(ONE)
    assert len(set(mail.tokens)) == len(mail.tokens) == 2
    first, second = sorted(stores.challenges.of_order(US, ORDER), key=lambda each: each.created_at)
    assert (first.created_at, second.created_at) == (NOW, NOW + MICROSECOND)
    assert second.expires_at == clock.now() + timedelta(days=30)
    found = read_standing(stores.challenges, ONE, clock.now())
    assert {each.challenge for each in found.names} == {second}


def test_who_declined_is_not_mailed_again_though_it_is_asked_for(open_validation, stores, mail):
    open_validation(ONE)
    for key, challenge in stores.tables.challenges.items():
        stores.tables.challenges[key] = replace(challenge, status=ChallengeStatus.DECLINED)
    open_validation(ONE, ["www.example.com"])
    assert len(mail.asked) == 1


def test_a_name_that_was_given_the_approver_later_can_be_asked_for_again(open_validation, mail, clock):
    """The mail went out for another name of the same approver; a resend finds it by what the order wants now."""
    open_validation(an_order_for(example_com=ADMIN))
    clock.advance(minutes=5)
    open_validation(ONE, ["www.example.com"])
    assert (len(mail.tokens), len(set(mail.tokens))) == (2, 1)

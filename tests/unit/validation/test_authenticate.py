"""Opening a validation: one value and one mail for each challenge, however often the step runs."""

from dataclasses import replace
from datetime import timedelta

import pytest

from partner_center.kernel.errors import TryAgain
from partner_center.validation.authenticate import OpenValidation, is_satisfied, token_digest
from partner_center.validation.challenges import VALUE_BITS, ChallengeStatus, wanted_challenges
from tests.fakes.determined import NOW, CountingIds, FixedClock
from tests.fakes.outside import MemoryApproverMail, MemoryVault
from tests.fakes.samples import ORDER, THEM, US, a_second
from tests.fakes.stores import MemoryStores

METHODS = {
    "www.example.com": ("email", "admin@example.com"),
    "example.com": ("email", "admin@example.com"),
    "example.org": ("email", "webmaster@example.org"),
}
WANTED = wanted_challenges(ORDER, 1, METHODS)


@pytest.fixture
def stores():
    return MemoryStores()


@pytest.fixture
def mail():
    return MemoryApproverMail()


@pytest.fixture
def clock():
    return FixedClock()


@pytest.fixture
def open_validation(stores, mail, clock):
    return OpenValidation(stores.challenges, MemoryVault(), mail, clock, CountingIds())


def out():
    raise TryAgain("The mail service is out.")


def present(stores):
    return {each.approver_email: each for each in stores.challenges.of_order(US, ORDER)}


def test_each_approver_is_asked_once_for_all_names_that_are_theirs(open_validation, mail):
    open_validation(US, ORDER, 1, WANTED)
    asked = {request.challenge.approver_email: request.challenge.names for request in mail.asked}
    assert asked == {
        "admin@example.com": ("www.example.com", "example.com"),
        "webmaster@example.org": ("example.org",),
    }


def test_each_mail_has_a_value_of_its_own(open_validation, mail):
    open_validation(US, ORDER, 1, WANTED)
    assert len(set(mail.tokens)) == 2
    assert all(len(token) * 6 >= VALUE_BITS for token in mail.tokens)


def test_the_value_is_kept_as_a_digest_and_sealed(open_validation, stores, mail):
    open_validation(US, ORDER, 1, WANTED)
    for request in mail.asked:
        kept = stores.challenges.by_token(token_digest(request.token))
        assert kept.challenge_id == request.challenge.challenge_id
        assert request.token not in repr(kept)


def test_a_challenge_belongs_to_its_order_and_revision(open_validation, stores):
    open_validation(US, ORDER, 1, WANTED)
    assert {(c.reseller_id, c.order_id, c.revision) for c in present(stores).values()} == {(US, ORDER, 1)}


def test_running_again_sends_nothing_and_changes_nothing(open_validation, stores, mail, clock):
    open_validation(US, ORDER, 1, WANTED)
    before = present(stores)
    clock.advance(hours=1)
    open_validation(US, ORDER, 1, WANTED)
    assert len(mail.asked) == 2
    assert present(stores) == before


def test_the_thirty_days_run_from_the_mail(open_validation, stores, mail, clock):
    mail.before = out
    with pytest.raises(TryAgain):
        open_validation(US, ORDER, 1, WANTED[:1])
    (made,) = present(stores).values()
    assert (made.sent_at, made.created_at) == (None, NOW)
    mail.before = lambda: None
    clock.advance(hours=5)
    open_validation(US, ORDER, 1, WANTED[:1])
    (sent,) = present(stores).values()
    assert (sent.created_at, sent.sent_at) == (NOW, NOW + timedelta(hours=5))
    assert sent.expires_at == NOW + timedelta(days=30, hours=5)
    assert mail.asked[0].challenge.expires_at == sent.expires_at


def test_what_was_done_before_the_mail_failed_stays_done(open_validation, stores, mail):
    def fail_at_the_second():
        if mail.asked:
            out()

    mail.before = fail_at_the_second
    with pytest.raises(TryAgain):
        open_validation(US, ORDER, 1, WANTED)
    mail.before = lambda: None
    open_validation(US, ORDER, 1, WANTED)
    assert [request.challenge.approver_email for request in mail.asked] == [
        "admin@example.com",
        "webmaster@example.org",
    ]


def test_a_mail_whose_record_was_lost_goes_out_again_with_the_same_value(
    open_validation, stores, mail, clock
):
    stores.tables.before["mark_sent"].append(out)
    with pytest.raises(TryAgain):
        open_validation(US, ORDER, 1, WANTED[:1])
    clock.advance(seconds=2)
    open_validation(US, ORDER, 1, WANTED[:1])
    assert len(mail.tokens) == 2
    assert len(set(mail.tokens)) == 1
    assert len({request.challenge.challenge_id for request in mail.asked}) == 1
    (sent,) = present(stores).values()
    assert sent.sent_at == NOW + 2 * a_second


def test_of_two_runs_at_once_the_value_of_the_first_counts(stores, mail, clock):
    ids = CountingIds()
    run = OpenValidation(stores.challenges, MemoryVault(), mail, clock, ids)
    other = OpenValidation(stores.challenges, MemoryVault(), mail, clock, ids)
    stores.tables.before["create"].append(lambda: other(US, ORDER, 1, WANTED[:1]))
    run(US, ORDER, 1, WANTED[:1])
    (kept,) = present(stores).values()
    assert {token_digest(token) for token in mail.tokens} == {kept.token_sha256}
    assert stores.challenges.by_token(kept.token_sha256) == kept


def test_a_new_revision_asks_anew_with_other_values(open_validation, stores, mail):
    open_validation(US, ORDER, 1, WANTED)
    open_validation(US, ORDER, 2, wanted_challenges(ORDER, 2, METHODS))
    assert len(set(mail.tokens)) == 4
    assert len(stores.challenges.of_order(US, ORDER)) == 4


@pytest.mark.parametrize("status", [ChallengeStatus.VALID, ChallengeStatus.DECLINED])
def test_an_approver_who_answered_is_not_asked_again(open_validation, stores, mail, status):
    open_validation(US, ORDER, 1, WANTED[:1])
    for key, challenge in stores.tables.challenges.items():
        stores.tables.challenges[key] = replace(challenge, status=status, sent_at=None)
    open_validation(US, ORDER, 1, WANTED[:1])
    assert len(mail.asked) == 1


def test_satisfied_means_every_name_of_the_revision(open_validation, stores):
    open_validation(US, ORDER, 1, WANTED)
    names = list(METHODS)
    assert not is_satisfied(stores.challenges, US, ORDER, 1, names)
    for key, challenge in stores.tables.challenges.items():
        stores.tables.challenges[key] = replace(challenge, status=ChallengeStatus.VALID)
    assert is_satisfied(stores.challenges, US, ORDER, 1, names)
    assert not is_satisfied(stores.challenges, US, ORDER, 2, names)
    assert not is_satisfied(stores.challenges, THEM, ORDER, 1, names)

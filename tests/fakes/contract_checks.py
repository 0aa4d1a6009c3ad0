"""What every store of challenges promises of checks, of what is due, and of the list of proofs.

Used as the suites of `contract_challenges` are.
"""

from dataclasses import replace
from datetime import timedelta

import pytest

from partner_center.adapters.keys import DUE_SHARDS, due_shard
from partner_center.kernel.errors import ChangedMeanwhile, Malformed
from partner_center.orders.page import Page
from partner_center.validation.challenges import (
    MAIL_INTERVAL,
    Attempt,
    Challenge,
    ChallengeStatus,
    Decision,
)
from partner_center.validation.ports import AttemptRecord, Observation
from tests.fakes.contract_challenges import WithAnOrder
from tests.fakes.determined import MICROSECOND, NOW
from tests.fakes.samples import ORDER, THEM, US, a_challenge, a_ruling, a_second

VALUE = "k5xw6ylsmzzgk4tboqqhi2djonqw42lo"
EVIDENCE = {
    "quorum": "5/6",
    "perspectives": [{"id": "ap-northeast-1", "result": "refused"}],
    "dnssec": None,
    "ttl": 0,
    "text": "ü ☂",
}
LATER = NOW + timedelta(minutes=2)
STATUSES_OVER = [each for each in ChallengeStatus if each is not ChallengeStatus.PENDING]


def a_published(name: str = "chl_1", **changes: object) -> Challenge:
    """A challenge by TXT that is due now and was not told yet."""
    usual = a_challenge(
        token=name,
        challenge_id=name,
        method="dns_txt",
        approver_email="",
        token_sha256="",
        encrypted_token=b"",
        value=VALUE,
        sent_at=None,
        due_at=NOW,
    )
    return replace(usual, **changes)


def a_record(challenge: Challenge, number: int = 1, **changes: object) -> AttemptRecord:
    """One check that proved nothing, as two perspectives saw it."""
    at = NOW + number * a_second
    votes = (("eu-west-1", "refused"), ("ap-northeast-1", "not_answered"))
    usual = AttemptRecord(
        attempt_id=f"att_{number:03d}",
        reseller_id=challenge.reseller_id,
        order_id=challenge.order_id,
        challenge_id=challenge.challenge_id,
        attempt=Attempt(at, ChallengeStatus.FAILED, "There is nothing yet ☂.", votes),
        quorum="0/2",
        reason="primary_refused",
        observations=(
            Observation(
                "eu-west-1", "refused", "Nothing.", ('TXT a: "\\x00"', "TXT b: no such name"), "secure"
            ),
            Observation("ap-northeast-1", "not_answered", "Out of time.", (), None),
        ),
    )
    return replace(usual, **changes)


class ChecksContract(WithAnOrder):
    """Published values: made, told, checked, and due by themselves."""

    @staticmethod
    def made(stores, name="chl_1", **changes):
        challenge = a_published(name, **changes)
        assert stores.challenges.create(challenge)
        return challenge

    @staticmethod
    def present(stores, challenge_id="chl_1"):
        found = stores.challenges.of_order(US, ORDER)
        return next(each for each in found if each.challenge_id == challenge_id)

    # ---- made

    def test_challenges_without_a_link_stand_beside_each_other(self, stores):
        challenges = [self.made(stores, f"chl_{number}") for number in range(3)]
        assert list(stores.challenges.of_order(US, ORDER)) == challenges
        assert stores.challenges.by_token("") is None

    def test_everything_of_a_challenge_is_read_as_it_was_written(self, stores):
        attempts = (
            Attempt(NOW, ChallengeStatus.FAILED, "No ☂.", (("eu-west-1", "refused"),)),
            Attempt(NOW + MICROSECOND, ChallengeStatus.PENDING, ""),
        )
        whole = self.made(
            stores,
            round=3,
            source="caa",
            sent_at=NOW,
            resent_at=NOW + a_second,
            decided_at=NOW + 2 * a_second,
            proof_id="prf_1",
            checks=7,
            checked_at=NOW + MICROSECOND,
            attempts=attempts,
            evidence=EVIDENCE,
            token_sha256="ab" * 32,
            encrypted_token=bytes(range(256)),
        )
        assert self.present(stores) == whole
        assert stores.challenges.by_token("ab" * 32) == whole

    # ---- told

    def test_a_later_mail_is_recorded_beside_the_first(self, stores):
        challenge = self.made(stores, sent_at=NOW)
        stores.challenges.mark_resent(challenge, LATER)
        assert self.present(stores) == replace(challenge, resent_at=LATER)
        stores.challenges.mark_resent(challenge, LATER + a_second)
        assert self.present(stores) == replace(challenge, resent_at=LATER + a_second)

    def test_the_evidence_for_a_contact_is_that_of_the_latest_mail(self, stores):
        challenge = self.made(stores, sent_at=NOW, evidence={"quorum": "6/6"})
        stores.challenges.mark_resent(replace(challenge, evidence=EVIDENCE), LATER)
        stores.challenges.mark_resent(replace(challenge, evidence={"quorum": "0/6"}), LATER - a_second)
        assert self.present(stores).evidence == EVIDENCE
        stores.challenges.mark_resent(replace(challenge, evidence=None), LATER + a_second)
        assert self.present(stores).evidence == EVIDENCE

    def test_a_mail_is_claimed_once_within_its_interval(self, stores):
        challenge, other = self.made(stores, sent_at=NOW), a_published("chl_9")
        claims = [(NOW, True), (NOW, False), (NOW + MAIL_INTERVAL - MICROSECOND, False)]
        claims += [(NOW + MAIL_INTERVAL, True), (NOW + MAIL_INTERVAL, False)]
        assert [stores.challenges.claim_mail(challenge, moment) for moment, _ in claims] == [
            claimed for _, claimed in claims
        ]
        assert not stores.challenges.claim_mail(other, NOW), "there is none of that id"
        assert self.present(stores) == challenge

    def test_a_claim_is_given_back_by_whoever_has_it(self, stores):
        challenge = self.made(stores, sent_at=NOW)
        assert stores.challenges.claim_mail(challenge, NOW)
        stores.challenges.unclaim_mail(challenge, NOW - a_second)
        assert not stores.challenges.claim_mail(challenge, NOW)
        stores.challenges.unclaim_mail(challenge, NOW)
        assert stores.challenges.claim_mail(challenge, NOW)

    def test_a_value_that_was_ended_serves_no_more_and_is_not_due(self, stores):
        challenge = self.made(stores, sent_at=NOW, due_at=LATER)
        assert stores.challenges.end(challenge, LATER)
        assert self.present(stores) == replace(challenge, expires_at=LATER, due_at=None)
        assert self.present(stores).status_at(LATER) is ChallengeStatus.EXPIRED

    @pytest.mark.parametrize(
        "status", [ChallengeStatus.VALID, ChallengeStatus.DECLINED, ChallengeStatus.FAILED]
    )
    def test_what_is_decided_is_not_ended(self, stores, status):
        challenge = self.made(stores, sent_at=NOW, status=status)
        assert not stores.challenges.end(challenge, LATER)
        assert self.present(stores) == challenge

    def test_of_two_mails_the_later_time_stays(self, stores):
        challenge = self.made(stores, sent_at=NOW)
        for moment in (LATER, LATER - a_second, LATER):
            stores.challenges.mark_resent(challenge, moment)
        assert self.present(stores).resent_at == LATER

    def test_a_later_mail_needs_a_first_one(self, stores):
        challenge = self.made(stores)
        stores.challenges.mark_resent(challenge, LATER)
        stores.challenges.mark_resent(a_published("chl_9"), LATER)
        assert list(stores.challenges.of_order(US, ORDER)) == [challenge]

    def test_the_evidence_for_a_contact_is_kept_with_the_first_mail(self, stores):
        challenge = self.made(stores, evidence=None)
        stores.challenges.mark_sent(replace(challenge, evidence=EVIDENCE), NOW)
        assert self.present(stores).evidence == EVIDENCE
        stores.challenges.mark_sent(replace(challenge, evidence={"quorum": "0/6"}), NOW)
        assert self.present(stores).evidence == EVIDENCE

    # ---- claimed

    def test_a_check_is_claimed_with_its_moment_and_the_next(self, stores):
        challenge = self.made(stores)
        begun = stores.challenges.begin_check(challenge, NOW + a_second, LATER)
        assert begun == replace(challenge, checks=1, counted=1, checked_at=NOW + a_second, due_at=LATER)
        assert self.present(stores) == begun

    def test_a_check_that_somebody_asked_for_is_not_counted_and_puts_nothing_off(self, stores):
        challenge = self.made(stores)
        begun = stores.challenges.begin_check(challenge, NOW + a_second, None)
        assert begun == replace(challenge, checks=1, checked_at=NOW + a_second)
        assert self.present(stores) == begun

    def test_a_check_is_uncounted_once_and_while_no_other_was_counted(self, stores):
        first = stores.challenges.begin_check(self.made(stores), NOW, LATER)
        for _ in range(2):
            stores.challenges.uncount(first)
            assert self.present(stores) == replace(first, counted=0)
        second = stores.challenges.begin_check(self.present(stores), NOW, LATER)
        third = stores.challenges.begin_check(second, NOW, LATER)
        stores.challenges.uncount(second)
        assert self.present(stores) == third

    def test_a_check_is_claimed_once(self, stores):
        challenge = self.made(stores)
        begun = stores.challenges.begin_check(challenge, NOW, LATER)
        assert stores.challenges.begin_check(challenge, NOW + a_second, LATER + a_second) is None
        assert self.present(stores) == begun
        again = stores.challenges.begin_check(begun, NOW + a_second, LATER + a_second)
        assert (again.checks, self.present(stores)) == (2, again)

    @pytest.mark.parametrize("status", STATUSES_OVER)
    def test_what_is_over_is_not_claimed(self, stores, status):
        challenge = self.made(stores, status=status)
        assert stores.challenges.begin_check(challenge, NOW, LATER) is None
        assert self.present(stores) == challenge

    @pytest.mark.parametrize(
        "known", [{"challenge_id": "chl_9"}, {"order_id": "ord_9"}, {"reseller_id": THEM}]
    )
    def test_an_unknown_challenge_is_not_claimed_and_not_made(self, stores, known):
        challenge = self.made(stores)
        assert stores.challenges.begin_check(replace(challenge, **known), NOW, LATER) is None
        assert list(stores.challenges.of_order(US, ORDER)) == [challenge]
        assert list(stores.challenges.of_order(US, "ord_9")) == []
        assert list(stores.challenges.of_order(THEM, ORDER)) == []

    # ---- recorded

    def test_an_attempt_is_on_the_challenge_and_in_full_in_the_records(self, stores):
        challenge = stores.challenges.begin_check(self.made(stores), NOW, LATER)
        record = a_record(challenge)
        stores.challenges.note(challenge, record)
        assert self.present(stores) == replace(challenge, attempts=(record.attempt,))
        assert list(stores.attempts(US, ORDER)) == [record]
        assert list(stores.attempts(THEM, ORDER)) == []

    def test_an_attempt_without_a_quorum_is_recorded_too(self, stores):
        challenge = self.made(stores)
        record = a_record(challenge, quorum=None, reason="no_perspective", observations=())
        stores.challenges.note(challenge, record)
        assert list(stores.attempts(US, ORDER)) == [record]

    def test_a_challenge_carries_the_latest_five(self, stores):
        challenge = self.made(stores)
        records = [a_record(challenge, number) for number in range(8)]
        for record in records:
            stores.challenges.note(self.present(stores), record)
        assert self.present(stores).attempts == tuple(each.attempt for each in records[3:])
        assert list(stores.attempts(US, ORDER)) == records

    @pytest.mark.parametrize("status", STATUSES_OVER)
    @pytest.mark.parametrize("write", ["note", "fail"])
    def test_a_record_is_kept_whatever_became_of_the_challenge(self, stores, write, status):
        challenge = self.made(stores, status=status)
        record = a_record(challenge)
        getattr(stores.challenges, write)(challenge, record)
        assert self.present(stores) == challenge
        assert list(stores.attempts(US, ORDER)) == [record]

    def test_a_failure_ends_the_challenge(self, stores):
        challenge = self.made(stores, due_at=None)
        record = a_record(challenge)
        stores.challenges.fail(challenge, record)
        assert self.present(stores) == replace(
            challenge,
            status=ChallengeStatus.FAILED,
            decided_at=record.attempt.at,
            attempts=(record.attempt,),
        )
        assert list(stores.attempts(US, ORDER)) == [record]

    # ---- due

    @staticmethod
    def due(stores, moment=NOW, limit=100, order_id=ORDER):
        shard = int(due_shard(order_id).removeprefix("DUE#"))
        return list(stores.challenges.due(shard, moment, limit))

    def test_what_is_due_is_found_from_its_microsecond_on(self, stores):
        self.made(stores, due_at=NOW)
        assert self.due(stores, NOW - MICROSECOND) == []
        assert self.due(stores, NOW) == self.due(stores, LATER) == [(US, ORDER)]

    def test_what_is_not_due_by_itself_is_in_no_shard(self, stores):
        self.made(stores, due_at=None)
        stores.challenges.create(a_challenge())
        assert [list(stores.challenges.due(shard, LATER, 100)) for shard in range(DUE_SHARDS)] == [
            []
        ] * DUE_SHARDS

    def test_the_longest_due_come_first_and_no_more_than_asked_for(self, stores):
        orders = [f"ord_{number}" for number in range(300) if due_shard(f"ord_{number}") == due_shard(ORDER)][
            :6
        ]
        for age, order_id in enumerate(orders):
            self.made(stores, order_id=order_id, due_at=NOW - age * a_second)
        assert self.due(stores) == [(US, order_id) for order_id in reversed(orders)]
        assert self.due(stores, limit=2) == [(US, order_id) for order_id in orders[:3:-1]]
        assert self.due(stores, NOW - 3 * a_second) == [(US, order_id) for order_id in orders[:2:-1]]

    def test_orders_of_all_resellers_are_due_each_as_often_as_it_has_challenges(self, stores):
        self.made(stores, "chl_1", due_at=NOW - a_second)
        self.made(stores, "chl_2", due_at=NOW)
        self.made(stores, "chl_3", reseller_id=THEM, due_at=NOW - 2 * a_second)
        assert self.due(stores) == [(THEM, ORDER), (US, ORDER), (US, ORDER)]

    def test_a_claim_moves_it_to_its_next_time(self, stores):
        stores.challenges.begin_check(self.made(stores), NOW, LATER)
        assert (self.due(stores, LATER - MICROSECOND), self.due(stores, LATER)) == ([], [(US, ORDER)])

    def test_what_rests_is_due_no_more_and_else_as_it_was(self, stores):
        challenge = self.made(stores)
        for _ in range(2):
            stores.challenges.rest(challenge)
            assert self.present(stores) == replace(challenge, due_at=None)
            assert self.due(stores) == []

    def test_what_is_due_at_another_time_by_now_does_not_rest(self, stores):
        found = self.made(stores)
        begun = stores.challenges.begin_check(found, NOW, LATER)
        stores.challenges.rest(found)
        assert self.present(stores) == begun
        assert self.due(stores, LATER) == [(US, ORDER)]

    def test_an_unknown_challenge_that_rests_is_not_made(self, stores):
        stores.challenges.rest(a_published())
        assert list(stores.challenges.of_order(US, ORDER)) == []

    def test_what_is_asked_for_again_is_due_again_but_for_what_is_due_or_decided(self, stores):
        challenge = self.made(stores)
        stores.challenges.resume(challenge, LATER)
        assert self.present(stores) == challenge  # it was due all the time
        stores.challenges.rest(challenge)
        stores.challenges.resume(challenge, LATER)
        assert self.present(stores) == replace(challenge, due_at=LATER)
        assert (self.due(stores, LATER - MICROSECOND), self.due(stores, LATER)) == ([], [(US, ORDER)])

    @pytest.mark.parametrize(
        "status", [each for each in ChallengeStatus if each is not ChallengeStatus.PENDING]
    )
    def test_what_is_pending_no_more_is_not_due_again(self, stores, status):
        challenge = self.made(stores, due_at=None, status=status)
        stores.challenges.resume(challenge, LATER)
        stores.challenges.resume(a_published("chl_9"), LATER)
        assert list(stores.challenges.of_order(US, ORDER)) == [challenge]

    # ---- proven

    def proving(self, ids, challenge, at=NOW, **changes):
        record = a_record(
            challenge, attempt=Attempt(at, ChallengeStatus.VALID, "There.", (("eu-west-1", "passed"),))
        )
        ruling = a_ruling(ids, challenge, at=at)
        proof = replace(ruling.proof, method="dns_txt", below=True, evidence=EVIDENCE, **changes)
        return replace(ruling, proof=proof, record=record, attempt=record.attempt)

    def test_a_check_that_passed_leaves_its_record_with_the_proof(self, stores, ids):
        challenge = stores.challenges.begin_check(self.made(stores), NOW, LATER)
        ruling = self.proving(ids, challenge)
        stores.challenges.rule(ruling)
        assert self.present(stores) == replace(
            challenge,
            status=ChallengeStatus.VALID,
            decided_at=NOW,
            proof_id=ruling.proof.proof_id,
            attempts=(ruling.attempt,),
            due_at=None,
        )
        assert list(stores.attempts(US, ORDER)) == [ruling.record]
        assert list(stores.challenges.proofs(US, "customer:c-1", "example.com", NOW)) == [ruling.proof]
        assert list(stores.challenges.listed(US, "", Page(50, None))[0]) == [ruling.proof]
        assert self.due(stores, LATER) == []

    def test_a_check_that_came_too_late_leaves_nothing_of_it(self, stores, ids):
        challenge = self.made(stores)
        self.cancel(stores, ids)
        with pytest.raises(ChangedMeanwhile):
            stores.challenges.rule(self.proving(ids, challenge))
        assert self.present(stores) == challenge
        assert list(stores.attempts(US, ORDER)) == []
        assert list(stores.challenges.listed(US, "", Page(50, None))[0]) == []

    def test_the_latest_five_attempts_stay_with_the_answer(self, stores, ids):
        challenge = self.made(stores)
        for number in range(6):
            stores.challenges.note(self.present(stores), a_record(challenge, number))
        ruling = self.proving(ids, self.present(stores), at=NOW + timedelta(minutes=1))
        stores.challenges.rule(replace(ruling, record=replace(ruling.record, attempt_id="att_900")))
        assert [each.at for each in self.present(stores).attempts] == [
            *(NOW + number * a_second for number in (2, 3, 4, 5)),
            NOW + timedelta(minutes=1),
        ]


class ProvenDomainsContract(WithAnOrder):
    """The reseller's list of proofs."""

    DOMAINS = ("example.com", "a.example.com", "example.org", "example.com", "xn--bcher-kva.example.com")

    @pytest.fixture(autouse=True)
    def proofs(self, stores, ids, order):
        """One proof for each of DOMAINS."""
        made = []
        for number, domain in enumerate(self.DOMAINS):
            challenge = a_challenge(token=f"token-{number}", authorization_domain=domain)
            stores.challenges.create(challenge)
            ruling = a_ruling(ids, challenge)
            stores.challenges.rule(ruling)
            made.append(ruling.proof)
        return made

    @staticmethod
    def listed(stores, prefix="", limit=50, reseller_id=US):
        """Every page of the search, as one list."""
        found, cursor = stores.challenges.listed(reseller_id, prefix, Page(limit, None))
        found = list(found)
        while cursor is not None:
            more, cursor = stores.challenges.listed(reseller_id, prefix, Page(limit, cursor))
            assert len(more) <= limit
            found += more
        return found

    @pytest.mark.parametrize("limit", [1, 2, 4, 5, 50])
    def test_they_come_by_domain_then_by_age_page_by_page(self, stores, proofs, limit):
        first, a, org, second, international = proofs
        assert self.listed(stores, limit=limit) == [a, first, second, org, international]

    @pytest.mark.parametrize(
        ("prefix", "places"),
        [("example", [0, 3, 2]), ("example.com", [0, 3]), ("xn--", [4]), ("ample", []), ("z", [])],
    )
    @pytest.mark.parametrize("limit", [1, 50])
    def test_a_search_is_by_the_beginning(self, stores, proofs, prefix, places, limit):
        assert self.listed(stores, prefix, limit) == [proofs[place] for place in places]

    def test_another_reseller_has_its_own(self, stores):
        assert self.listed(stores, reseller_id=THEM) == []
        assert self.listed(stores, reseller_id="res_11") == []

    def test_a_page_that_is_exactly_full_may_have_an_empty_one_behind_it(self, stores):
        found, cursor = stores.challenges.listed(US, "", Page(len(self.DOMAINS), None))
        assert len(found) == len(self.DOMAINS)
        if cursor is not None:
            assert stores.challenges.listed(US, "", Page(50, cursor)) == ([], None)

    @pytest.mark.parametrize("cursor", ["?", "AA", "ZXZpbA", "\x00", "☂", "a" * 3000])
    def test_a_cursor_that_is_not_of_this_list_is_refused(self, stores, cursor):
        with pytest.raises(Malformed):
            stores.challenges.listed(US, "example", Page(50, cursor))

    def test_a_cursor_of_another_search_is_refused(self, stores):
        _, cursor = stores.challenges.listed(US, "a.", Page(1, None))
        _, cursor = stores.challenges.listed(US, "", Page(1, None)) if cursor is None else ((), cursor)
        with pytest.raises(Malformed):
            stores.challenges.listed(US, "xn--", Page(50, cursor))

    def test_what_was_declined_is_no_proof(self, stores, ids, proofs):
        challenge = a_challenge(token="token-9", authorization_domain="example.net")
        stores.challenges.create(challenge)
        stores.challenges.rule(a_ruling(ids, challenge, Decision.DECLINE))
        assert len(self.listed(stores)) == len(proofs)

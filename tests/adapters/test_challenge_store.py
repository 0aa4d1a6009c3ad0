"""Challenges in DynamoDB keep every promise of the validation context; and what only the tables know."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from partner_center.adapters import keys
from partner_center.kernel.errors import TryAgain
from partner_center.validation.approve import ApprovalClosed
from partner_center.validation.challenges import ChallengeStatus, Decision
from tests.fakes.contract_challenges import ChallengesContract
from tests.fakes.determined import CountingIds
from tests.fakes.samples import ORDER, US, a_challenge, a_contract, a_placement, a_ruling


class TestChallengesInDynamoDb(ChallengesContract):
    """The promises, kept by DynamoDB."""


@pytest.fixture
def asked(stores):
    """A pending challenge of a pending order."""
    stores.grant(a_contract())
    stores.orders.place(a_placement(CountingIds()))
    challenge = a_challenge()
    stores.challenges.create(challenge)
    return challenge


def test_of_several_answers_at_once_one_counts(stores, asked):
    decisions = [Decision.APPROVE, Decision.DECLINE] * 3
    all_are_here = Barrier(len(decisions))

    def answer(numbered):
        number, decision = numbered
        all_are_here.wait(timeout=10)
        try:
            stores.challenges.rule(a_ruling(CountingIds(1000 * (number + 1)), asked, decision))
        except ApprovalClosed:
            return None
        return decision

    with ThreadPoolExecutor(len(decisions)) as pool:
        counted = [decision for decision in pool.map(answer, enumerate(decisions)) if decision]
    assert len(counted) == 1
    (challenge,) = stores.challenges.of_order(US, ORDER)
    expected = ChallengeStatus.VALID if counted == [Decision.APPROVE] else ChallengeStatus.DECLINED
    assert challenge.status is expected
    assert len(stores.events(US, ORDER)) == 2


def test_an_answer_under_contention_is_whole_or_not_there(stores, asked, contention):
    contention(1.0)
    with pytest.raises(TryAgain):
        stores.challenges.rule(a_ruling(CountingIds(500), asked))
    contention(0.0)
    (challenge,) = stores.challenges.of_order(US, ORDER)
    assert challenge.status is ChallengeStatus.PENDING
    assert stores.events(US, ORDER) == ["order.placed"]
    stores.challenges.rule(a_ruling(CountingIds(600), asked))
    assert stores.challenges.of_order(US, ORDER)[0].status is ChallengeStatus.VALID


def test_a_link_is_found_by_the_digest_of_its_secret_and_the_secret_is_nowhere(stores):
    challenge = a_challenge(token="the-very-secret", challenge_id="chl_1")
    stores.challenges.create(challenge)
    rows = stores.database._client.scan(TableName=stores.tables.validation)["Items"]
    assert len(rows) == 2
    assert "the-very-secret" not in repr(rows)
    pointer = stores.database.get(stores.tables.validation, keys.approval(challenge.token_sha256))
    assert pointer["challenge_id"] == challenge.challenge_id


def test_proofs_lie_with_their_subscriber_and_not_with_the_order(stores, asked):
    ruling = a_ruling(CountingIds(500), asked)
    stores.challenges.rule(ruling)
    key = keys.proof(US, "customer:c-1", "example.com", ruling.proof.proof_id)
    assert stores.database.get(stores.tables.validation, key)["order_id"] == ORDER

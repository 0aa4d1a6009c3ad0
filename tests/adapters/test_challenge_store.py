"""Challenges in DynamoDB keep every promise of the validation context; and what only the tables know."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from local.repairs.capacity import item_size
from partner_center.adapters import keys
from partner_center.adapters.dynamodb import Index
from partner_center.adapters.look_codec import SIGHTING_AT_MOST
from partner_center.kernel.errors import TryAgain
from partner_center.orders.page import Page
from partner_center.validation.approve import ApprovalClosed
from partner_center.validation.challenges import ChallengeStatus, Decision
from partner_center.validation.ports import Observation
from partner_center.validation.quorum import SITES
from tests.fakes.contract_challenges import ChallengesContract
from tests.fakes.contract_checks import (
    LATER,
    ChecksContract,
    ProvenDomainsContract,
    a_published,
    a_record,
)
from tests.fakes.determined import NOW, CountingIds
from tests.fakes.samples import ORDER, US, a_challenge, a_contract, a_placement, a_ruling, a_second


class TestChallengesInDynamoDb(ChallengesContract):
    """The promises, kept by DynamoDB."""


class TestChecksInDynamoDb(ChecksContract):
    """Those of checks and of what is due."""


class TestProvenDomainsInDynamoDb(ProvenDomainsContract):
    """Those of the list of proofs."""


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


# ---- checks


@pytest.fixture
def published(stores):
    """A value of a pending order that is due now."""
    stores.grant(a_contract())
    stores.orders.place(a_placement(CountingIds()))
    challenge = a_published()
    stores.challenges.create(challenge)
    return challenge


def test_of_several_checks_at_once_one_is_claimed(stores, published):
    all_are_here = Barrier(6)

    def begin(number):
        all_are_here.wait(timeout=10)
        return stores.challenges.begin_check(published, NOW + number * a_second, LATER + number * a_second)

    with ThreadPoolExecutor(6) as pool:
        (begun,) = (each for each in pool.map(begin, range(6)) if each)
    assert list(stores.challenges.of_order(US, ORDER)) == [begun]


def test_the_index_of_what_is_due_holds_keys_and_nothing_that_could_be_read_there(stores, published):
    index = Index("due", "due_shard", keys.due_shard(ORDER), "due_at")
    ((item,), _) = stores.database.query_index(stores.tables.validation, index)
    assert item.keys() == {"pk", "sk", "due_shard", "due_at"}


def test_what_is_proven_failed_or_at_rest_leaves_the_index(stores, published):
    index = Index("due", "due_shard", keys.due_shard(ORDER), "due_at")
    challenges = [a_published(f"chl_{number}") for number in (2, 3)]
    for challenge in challenges:
        stores.challenges.create(challenge)
    stores.challenges.rule(a_ruling(CountingIds(500), published))
    for challenge in challenges:
        stores.challenges.rest(challenge)
    assert stores.database.query_index(stores.tables.validation, index) == ([], None)


def test_a_challenge_without_a_link_has_no_pointer(stores, published):
    rows = stores.database._client.scan(TableName=stores.tables.validation)["Items"]
    assert [row["sk"]["S"] for row in rows] == ["CHALLENGE#chl_1"]


@pytest.mark.parametrize("write", ["note", "fail"])
def test_an_attempt_under_contention_is_whole_or_not_there(stores, published, contention, write):
    contention(1.0)
    with pytest.raises(TryAgain):
        getattr(stores.challenges, write)(published, a_record(published))
    contention(0.0)
    assert list(stores.challenges.of_order(US, ORDER)) == [published]
    assert stores.attempts(US, ORDER) == []


def test_the_longest_record_fits_into_an_item(stores, published):
    """Six perspectives, each of which saw as much as it may tell of one look."""
    seen = ("http://example.com/" + "a" * SIGHTING_AT_MOST,)
    observations = tuple(Observation(site.id, "refused", "x" * 1000, seen, None) for site in SITES)
    record = a_record(published, observations=observations)
    stores.challenges.note(published, record)
    assert stores.attempts(US, ORDER) == [record]
    rows = stores.database._client.scan(TableName=stores.tables.validation)["Items"]
    assert max(map(item_size, rows)) < 400_000


def test_proofs_of_one_domain_are_listed_with_their_own_and_not_with_those_that_begin_alike(
    stores, published
):
    for number, domain in enumerate(["example.co", "example.com", "example.com.br"]):
        challenge = a_challenge(token=f"token-{number}", authorization_domain=domain)
        stores.challenges.create(challenge)
        stores.challenges.rule(a_ruling(CountingIds(1000 * (number + 1)), challenge))
    found, _ = stores.challenges.listed(US, "example.com#", Page(50, None))
    assert [proof.authorization_domain for proof in found] == ["example.com"]

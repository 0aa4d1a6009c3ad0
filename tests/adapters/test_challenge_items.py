"""Challenges and proofs as items: whole there and back, whatever text is in them."""

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from partner_center.adapters.challenge_items import (
    ATTEMPTS_KEPT,
    attempts_with,
    challenge_from_item,
    challenge_to_item,
    proof_from_item,
    proof_to_item,
)
from partner_center.adapters.dynamodb import from_item, to_item
from partner_center.adapters.keys import due_shard
from partner_center.validation.challenges import Attempt, Challenge, ChallengeStatus, Proof

PROPERTY = settings(max_examples=100, deadline=None, derandomize=True, database=None)

moments = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
texts = st.text(max_size=64)
counters = st.integers(0, 10**9)
names = st.lists(texts, max_size=5).map(tuple)
plain = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts
evidence = st.none() | st.dictionaries(
    texts, plain | st.lists(st.dictionaries(texts, plain, max_size=3), max_size=6)
)
attempts = st.builds(
    Attempt,
    moments,
    st.sampled_from(ChallengeStatus),
    texts,
    st.lists(st.tuples(texts, texts), max_size=6).map(tuple),
)
challenges = st.builds(
    Challenge,
    reseller_id=texts,
    order_id=texts,
    challenge_id=texts,
    round=counters,
    method=texts,
    authorization_domain=texts,
    names=names,
    approver_email=texts,
    status=st.sampled_from(ChallengeStatus),
    created_at=moments,
    expires_at=moments,
    token_sha256=texts,
    encrypted_token=st.binary(max_size=64),
    value=texts,
    source=texts,
    sent_at=st.none() | moments,
    resent_at=st.none() | moments,
    decided_at=st.none() | moments,
    proof_id=st.none() | texts,
    checks=counters,
    checked_at=st.none() | moments,
    due_at=st.none() | moments,
    attempts=st.lists(attempts, max_size=5).map(tuple),
    evidence=evidence,
)
proofs = st.builds(
    Proof,
    proof_id=texts,
    reseller_id=texts,
    subscriber=texts,
    order_id=texts,
    challenge_id=texts,
    method=texts,
    br_section=texts,
    authorization_domain=texts,
    names=names,
    checked_at=moments,
    completed_at=moments,
    by=texts,
    below=st.booleans(),
    evidence=evidence,
)


@PROPERTY
@given(challenges)
def test_a_challenge_is_read_as_it_was_written(challenge):
    assert challenge_from_item(from_item(to_item(challenge_to_item(challenge)))) == challenge


@PROPERTY
@given(proofs)
def test_a_proof_is_read_as_it_was_written(proof):
    assert proof_from_item(from_item(to_item(proof_to_item(proof)))) == proof


@PROPERTY
@given(challenges)
def test_only_what_is_due_is_in_the_index(challenge):
    item = to_item(challenge_to_item(challenge))
    assert ("due_shard" in item) == ("due_at" in item) == (challenge.due_at is not None)
    if challenge.due_at is not None:
        assert item["due_shard"] == {"S": due_shard(challenge.order_id)}


@PROPERTY
@given(challenges, attempts)
def test_of_the_attempts_the_latest_few_are_kept(challenge, attempt):
    kept = attempts_with(challenge, attempt)
    assert len(kept) == min(len(challenge.attempts) + 1, ATTEMPTS_KEPT)
    assert kept[-1]["detail"] == attempt.detail

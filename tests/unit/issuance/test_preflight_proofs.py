"""The last look judges every proof by today's rules."""

from dataclasses import replace
from datetime import timedelta

import pytest

from partner_center.issuance.preflight import Outcome
from partner_center.kernel.clock import FOR_THE_LAST_LOOK
from partner_center.kernel.errors import ChangedMeanwhile
from partner_center.orders.order import Review
from partner_center.validation.challenges import ChallengeStatus
from tests.fakes.determined import NOW
from tests.fakes.samples import ORDER, US, a_day, a_second
from tests.unit.issuance.preflighting import NAMES, SPRING_2027, SPRING_2028, failed


def declined(desk):
    (first, *_) = desk.world.challenges()
    another = replace(first, challenge_id="chl_no", status=ChallengeStatus.DECLINED)
    desk.world.tables.challenges[US, ORDER, another.challenge_id] = another
    desk.world.tables.move_on(desk.head)


def test_a_no_of_the_approver_chosen_is_never_signed_over(desk):
    declined(desk)
    preflight = desk.run()
    assert (preflight.outcome, preflight.is_unproven) == (Outcome.PROVE_AGAIN, True)
    assert not desk.head.signing


def test_a_no_that_comes_after_the_proofs_were_read_is_seen_by_the_next_look(desk):
    desk.world.tables.before["claim"].append(lambda: declined(desk))
    with pytest.raises(ChangedMeanwhile):
        desk.run()
    assert desk.run().outcome is Outcome.PROVE_AGAIN


def test_an_unproven_name_is_proven_again_and_no_dns_is_asked(desk):
    del desk.world.tables.proofs[US, "customer:c-1", "example.org", "prf_1"]
    preflight = desk.run()
    assert preflight.outcome is Outcome.PROVE_AGAIN
    assert failed(preflight)["domain_proofs"] == "example.org"
    assert desk.resolver.asked == []
    assert (desk.head.round, desk.head.signing) == (2, False)


def test_a_challenge_without_its_evidence_proves_nothing(desk):
    desk.world.tables.proofs.clear()
    preflight = desk.run()
    assert preflight.outcome is Outcome.PROVE_AGAIN
    assert failed(preflight)["domain_proofs"] == "; ".join(NAMES)


def test_a_proof_of_another_subscriber_proves_nothing(desk):
    key = (US, ORDER)
    desk.world.tables.heads[key] = replace(desk.head, subscriber="customer:c-2")
    assert desk.run().outcome is Outcome.PROVE_AGAIN


def test_a_proof_of_a_lower_domain_does_not_reach_up(desk):
    key = (US, "customer:c-1", "example.com", "prf_0")
    narrow = replace(desk.world.tables.proofs[key], authorization_domain="www.example.com")
    desk.world.tables.proofs[key] = narrow
    preflight = desk.run()
    assert preflight.outcome is Outcome.PROVE_AGAIN
    assert failed(preflight)["domain_proofs"] == "*.example.com"


def test_what_was_proven_before_an_amendment_stays_proven(desk):
    desk.world.tables.heads[US, ORDER] = replace(desk.head, revision=2, round=2)
    desk.world.tables.contents[US, ORDER, 2] = desk.world.tables.contents[US, ORDER, 1]
    assert desk.run().outcome is Outcome.GO


@pytest.mark.parametrize("review", [Review.DUE, Review.WAITING])
def test_what_was_not_screened_is_not_looked_at(desk, review):
    desk.world.tables.heads[US, ORDER] = replace(desk.head, review=review)
    before = repr(desk.world.tables)
    preflight = desk.run()
    assert preflight.outcome is Outcome.SCREEN_AGAIN
    assert list(failed(preflight)) == ["quality_review"]
    assert desk.resolver.asked == []
    assert repr(desk.world.tables) == before


LAST = -FOR_THE_LAST_LOOK - a_second
"""Before a rule changes, and a proof ends, by every clock."""
AGES = {
    "150 days old, the last second of the rules of 2026": (SPRING_2027 + LAST, 150 * a_day, Outcome.GO),
    "150 days old, the rules of 2027 hold by some clock": (
        SPRING_2027 - FOR_THE_LAST_LOOK,
        150 * a_day,
        Outcome.PROVE_AGAIN,
    ),
    "100 days old, by the rules of 2027": (SPRING_2027, 100 * a_day + LAST, Outcome.GO),
    "100 days old by some clock": (SPRING_2027, 100 * a_day + a_second, Outcome.PROVE_AGAIN),
    "201 days old": (NOW, 201 * a_day, Outcome.PROVE_AGAIN),
    "200 days old by no clock": (NOW, 200 * a_day + LAST, Outcome.GO),
    "a day old, the last second of e-mail": (SPRING_2028 + LAST, a_day, Outcome.GO),
    "a day old, e-mail has ended by some clock": (
        SPRING_2028 - FOR_THE_LAST_LOOK,
        a_day,
        Outcome.PROVE_AGAIN,
    ),
}


def aged(desk, moment, age):
    """It is `moment`, and every proof is so old; the order was placed a week ago."""
    desk.world.clock.moment = moment
    desk.world.tables.heads[US, ORDER] = replace(desk.head, placed_at=moment - 7 * a_day)
    for key, proof in desk.world.tables.proofs.items():
        checked_at = moment - age
        desk.world.tables.proofs[key] = replace(proof, checked_at=checked_at, completed_at=checked_at)


@pytest.mark.parametrize(("moment", "age", "outcome"), AGES.values(), ids=AGES.keys())
def test_every_signing_judges_the_proofs_by_the_rules_of_its_day(desk, moment, age, outcome):
    aged(desk, moment, age)
    assert desk.run().outcome is outcome


def test_a_preflight_is_not_relied_on_beyond_the_day_on_which_its_proofs_end(desk):
    """An hour before midnight; CAA would hold for eight hours, the proofs do not."""
    aged(desk, SPRING_2027 - timedelta(hours=1), 150 * a_day)
    preflight = desk.run()
    assert preflight.outcome is Outcome.GO
    assert preflight.caa_valid_until == SPRING_2027


def test_the_new_round_asks_about_the_same_content(desk):
    desk.world.tables.proofs.clear()
    desk.run()
    assert (desk.head.revision, desk.head.round, desk.head.revised_at) == (1, 2, NOW)

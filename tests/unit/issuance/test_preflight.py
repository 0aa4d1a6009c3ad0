"""The last look: what passes is claimed, every obstacle is told, and who may have it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from partner_center.issuance.preflight import Outcome, suffix_list_check
from partner_center.kernel.clock import CLOCKS_DIFFER
from partner_center.kernel.errors import ChangedMeanwhile, TryAgain
from partner_center.kernel.ids import enrolment_of_reissue
from partner_center.kernel.public_suffix import list_date
from partner_center.orders.order import OrderKind, OrderStatus
from tests.fakes.determined import NOW
from tests.fakes.posted import a_call, a_principal, spki_of
from tests.fakes.samples import ORDER, THEM, US, a_day, a_second
from tests.unit.issuance.preflighting import THEIRS, failed
from tests.unit.validation.caa_world import answer


def test_what_passes_every_check_is_claimed(desk):
    preflight = desk.run()
    assert (preflight.outcome, failed(preflight)) == (Outcome.GO, {})
    assert desk.head.signing
    assert desk.world.stores.claims.find(US, ORDER, preflight.preflight_id) == preflight


def test_every_check_is_made_and_named(desk):
    assert [check.check for check in desk.run().checks] == [
        *("domain_proofs", "caa", "block_lists", "key", "quality_review", "agreement", "payment"),
        *("names", "public_suffix_list"),
    ]


@pytest.mark.parametrize(
    ("dated", "oldest", "passed"),
    [
        (NOW - 90 * a_day, 90 * a_day, True),
        (NOW - 90 * a_day - a_second, 90 * a_day, False),
        (NOW - 4000 * a_day, None, True),
        (NOW + a_day, 90 * a_day, True),
        (None, 90 * a_day, False),
        (None, None, True),
    ],
)
def test_a_public_suffix_list_serves_for_ninety_days(dated, oldest, passed):
    assert suffix_list_check(dated, oldest, NOW).passed is passed


def test_a_list_that_is_too_old_holds_the_order_back(desk):
    desk.run_preflight = replace(desk.run_preflight, oldest_suffix_list=NOW - list_date() - a_second)
    preflight = desk.run()
    assert (preflight.outcome, list(failed(preflight))) == (Outcome.HELD_BACK, ["public_suffix_list"])
    assert "days old" in desk.head.held_back
    assert (preflight.is_unanswered, desk.head.unanswered) == (True, 1)


def test_the_evidence_names_the_proofs_and_the_revision(desk):
    preflight = desk.run()
    assert preflight.proof_ids == ("prf_0", "prf_1")
    assert (preflight.generation, preflight.revision, preflight.at) == (1, 1, NOW)


def test_the_audit_says_what_was_found(desk):
    desk.run()
    record = list(desk.world.tables.audit.values())[-1]
    assert (record.action, record.actor, record.facts["failed"]) == ("preflight.go", "system", None)


def test_a_repeated_preflight_claims_anew_with_evidence_of_its_own(desk):
    first, second = desk.run(), desk.run()
    assert first.preflight_id != second.preflight_id
    assert desk.head.signing


def test_what_the_linter_refused_is_held_back_and_may_be_amended_or_ended(desk):
    desk.run()
    preflight = desk.run_preflight(US, ORDER, 1, "execution-1", "The certificate was refused: some.rule")
    assert (preflight.outcome, failed(preflight)) == (
        Outcome.HELD_BACK,
        {"certificate": "The certificate was refused: some.rule"},
    )
    assert (desk.head.signing, desk.head.held_back) == (
        False,
        "certificate: The certificate was refused: some.rule",
    )
    assert preflight.seconds_left > 1


# ---- the key


def test_a_key_that_was_blocked_meanwhile_is_held_back(desk):
    desk.world.blocked.block(spki_of())
    preflight = desk.run()
    assert preflight.outcome is Outcome.HELD_BACK
    assert failed(preflight).keys() == {"key"}
    assert failed(preflight)["key"].startswith("This key is blocked: it was revoked for keyCompromise.")


def test_without_a_block_list_nothing_goes(desk):
    desk.lists.missing.append("the list of Debian's weak keys is missing")
    preflight = desk.run()
    assert preflight.outcome is Outcome.HELD_BACK
    assert failed(preflight).keys() == {"block_lists", "key"}


def test_what_waits_for_a_list_of_ours_goes_on_by_itself(desk):
    """Neither its reseller nor anybody of staff could ask for it."""
    desk.lists.missing.append("the list of Debian's weak keys is missing")
    desk.run()
    assert desk.head.asks_again_at is not None
    desk.lists.missing.clear()
    assert desk.run().outcome is Outcome.GO


def test_a_refusal_beside_a_missing_list_waits_for_its_reseller(desk):
    desk.lists.missing.append("the list of Debian's weak keys is missing")
    desk.resolver.by_name["example.org"] = answer("example.org", THEIRS)
    assert not desk.run().is_unanswered
    assert desk.head.asks_again_at is None


def test_every_obstacle_is_told_at_once(desk):
    desk.world.blocked.block(spki_of())
    desk.resolver.by_name["example.org"] = answer("example.org", THEIRS)
    assert failed(desk.run()).keys() == {"caa", "key"}
    assert desk.head.held_back.startswith("key: This key is blocked")


def test_missing_proofs_outrank_every_other_obstacle(desk):
    desk.world.blocked.block(spki_of())
    desk.world.tables.proofs.clear()
    assert desk.run().outcome is Outcome.PROVE_AGAIN


def test_what_is_told_of_a_hundred_obstacles_stays_small(desk):
    names = tuple(f"{'a' * 60}.host-{number}.example.com" for number in range(100))
    desk.names(names)
    for key, challenge in desk.world.tables.challenges.items():
        desk.world.tables.challenges[key] = replace(
            challenge, names=names, authorization_domain="example.com"
        )
    proof = next(iter(desk.world.tables.proofs.values()))
    for number in range(2):
        key = (US, proof.subscriber, "example.com", f"prf_{number}")
        mine = replace(proof, authorization_domain="example.com", proof_id=f"prf_{number}")
        desk.world.tables.proofs[key] = mine
    desk.resolver.by_name["example.com"] = answer("example.com", THEIRS)
    desk.run()
    record = list(desk.world.tables.audit.values())[-1]
    assert len(desk.head.held_back) == 500
    assert len(record.facts["failed"]) == 2000


# ---- who may


@pytest.mark.parametrize("status", [status for status in OrderStatus if status is not OrderStatus.PENDING])
def test_an_order_that_is_over_is_left_alone(desk, status):
    desk.world.tables.heads[US, ORDER] = replace(desk.head, status=status)
    before = repr(desk.world.tables)
    assert desk.run() is None
    assert repr(desk.world.tables) == before


def test_an_older_attempt_does_nothing(desk):
    desk.world.tables.heads[US, ORDER] = replace(desk.head, attempt=2)
    before = repr(desk.world.tables)
    assert desk.run(attempt=1) is None
    assert repr(desk.world.tables) == before
    assert desk.resolver.asked == []


@pytest.mark.parametrize(("reseller_id", "order_id"), [(US, "ord_2"), (THEM, ORDER)])
def test_an_order_that_is_not_there_is_over(desk, reseller_id, order_id):
    assert desk.run(order_id=order_id, reseller_id=reseller_id) is None


def test_an_order_cancelled_while_we_looked_is_not_claimed(desk):
    cancel = lambda: desk.world.cancel_order(a_principal(), a_call(), ORDER, None)  # noqa: E731
    desk.world.tables.before["claim"].append(cancel)
    with pytest.raises(ChangedMeanwhile):
        desk.run()
    assert desk.run() is None
    assert desk.head.status is OrderStatus.CANCELLED
    assert desk.world.counted() == (10, 0, 0)


def test_our_own_trouble_is_no_verdict(desk):
    def out(spki_sha256):
        raise TryAgain("S3 does not answer.")

    desk.lists.faults = out
    before = repr(desk.world.tables)
    with pytest.raises(TryAgain):
        desk.run()
    assert repr(desk.world.tables) == before


# ---- how long a held-back order may wait


@pytest.mark.parametrize(
    ("later", "seconds"),
    [(timedelta(0), 30 * 86_400), (29 * a_day, 86_400), (30 * a_day, 60), (80 * a_day, 60)],
    ids=["at once", "a day left", "its time is up", "long over"],
)
def test_a_held_back_order_waits_as_long_as_it_may_be_pending(desk, later, seconds):
    desk.resolver.by_name["example.org"] = answer("example.org", THEIRS)
    desk.world.clock.moment += later
    assert desk.run().seconds_left == seconds


@pytest.mark.parametrize(
    ("changes", "ends_in", "seconds"),
    [
        ({"status": OrderStatus.REVOKED}, a_day, 1),
        ({}, -CLOCKS_DIFFER - a_second, 1),
        ({}, -CLOCKS_DIFFER, 60),
        ({}, -a_second, 60),
    ],
    ids=["revoked", "its term ended by every clock", "by this clock, and another may be behind", "just now"],
)
def test_a_reissue_whose_order_is_over_by_one_clock_waits_a_minute_at_a_time(desk, changes, ends_in, seconds):
    """Sooner sent on, whoever closes it would send it back each second, for as long as clocks differ."""
    tables, reissue = desk.world.tables, enrolment_of_reissue(ORDER, "rei_1")
    tables.heads[US, reissue] = replace(desk.head, order_id=reissue, kind=OrderKind.REISSUE)
    tables.contents[US, reissue, 1] = tables.contents[US, ORDER, 1]
    issued = {"status": OrderStatus.ISSUED, "issued_at": NOW - a_day, "term_to": NOW + ends_in} | changes
    tables.heads[US, ORDER] = replace(desk.head, **issued)
    preflight = desk.run_preflight(US, reissue, 1, "execution-1")
    assert "order" in failed(preflight)
    assert preflight.seconds_left == seconds

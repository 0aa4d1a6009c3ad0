"""What every store of challenges, waits and claims promises, in memory and on DynamoDB.

To run the suites on a store: subclass `ChallengesContract`, `WaitsContract` and `ClaimsContract` (and those of
`contract_checks`) in a test module under names that begin with Test, and define there a fixture `stores` that yields
a `tests.fakes.stores.Stores` over EMPTY tables, anew for each test.
"""

from dataclasses import replace

import pytest

from partner_center.issuance.preflight import Check, Outcome
from partner_center.kernel.errors import ChangedMeanwhile
from partner_center.orders.close import closing
from partner_center.orders.fulfil import WaitStep
from partner_center.orders.order import CloseReason, OrderStatus
from partner_center.orders.page import Page
from partner_center.orders.ports import load
from partner_center.validation.approve import ApprovalClosed, WhyClosed
from partner_center.validation.challenges import ChallengeStatus, Decision
from tests.fakes.determined import MICROSECOND, NOW, CountingIds
from tests.fakes.samples import (
    ORDER,
    THEM,
    US,
    a_challenge,
    a_chronicle,
    a_content,
    a_contract,
    a_placement,
    a_preflight,
    a_ruling,
    a_second,
    an_audit,
    an_event,
)

NAMES = ("www.example.com", "*.example.com")


class WithAnOrder:
    """What every suite begins with."""

    @pytest.fixture
    def ids(self):
        return CountingIds()

    @pytest.fixture(autouse=True)
    def order(self, stores, ids):
        """A pending order of two names, placed now."""
        stores.grant(a_contract())
        stores.orders.place(a_placement(ids, content=a_content(*NAMES)))
        return load(stores.orders, US, ORDER)

    @staticmethod
    def cancel(stores, ids):
        head = stores.orders.head(US, ORDER)
        reason = CloseReason.REQUESTED
        stores.orders.close(closing(head, OrderStatus.CANCELLED, reason, a_chronicle(ids, NOW)))

    @staticmethod
    def prove_again(stores, ids, order):
        again = a_preflight(Outcome.PROVE_AGAIN, preflight_id="pre_again")
        stores.claims.prove_again(order, again, an_audit(ids, "preflight.prove_again"))


class ChallengesContract(WithAnOrder):
    """Making, mailing, answering."""

    # ---- making

    def test_a_challenge_reads_as_it_was_made_by_its_order_and_by_its_link(self, stores):
        challenge = a_challenge(*NAMES, sent_at=None, created_at=NOW + MICROSECOND)
        assert stores.challenges.create(challenge)
        assert list(stores.challenges.of_order(US, ORDER)) == [challenge]
        assert stores.challenges.by_token(challenge.token_sha256) == challenge

    def test_a_challenge_is_made_once_and_the_first_stays(self, stores):
        first = a_challenge(*NAMES)
        assert stores.challenges.create(first)
        assert not stores.challenges.create(replace(first, token_sha256="cd" * 32))
        assert list(stores.challenges.of_order(US, ORDER)) == [first]
        assert stores.challenges.by_token("cd" * 32) is None

    def test_a_link_leads_to_one_challenge(self, stores):
        first = a_challenge("www.example.com")
        assert stores.challenges.create(first)
        assert not stores.challenges.create(replace(first, challenge_id="chl_2"))
        assert len(stores.challenges.of_order(US, ORDER)) == 1

    def test_foreign_orders_and_unknown_links_have_no_challenges(self, stores):
        stores.challenges.create(a_challenge())
        assert list(stores.challenges.of_order(THEM, ORDER)) == []
        assert list(stores.challenges.of_order(US, "ord_2")) == []
        assert stores.challenges.by_token("0" * 64) is None

    # ---- mailing

    def test_the_first_mail_is_recorded_and_a_second_record_changes_nothing(self, stores):
        challenge = a_challenge(sent_at=None)
        stores.challenges.create(challenge)
        sent = NOW + a_second
        stores.challenges.mark_sent(challenge, sent)
        stores.challenges.mark_sent(challenge, sent + a_second)
        (present,) = stores.challenges.of_order(US, ORDER)
        assert present == replace(challenge, sent_at=sent)

    def test_a_mail_of_an_unknown_challenge_is_not_recorded(self, stores):
        stores.challenges.mark_sent(a_challenge(sent_at=None), NOW)
        assert list(stores.challenges.of_order(US, ORDER)) == []

    # ---- answering

    def test_an_approval_leaves_a_proof_an_event_and_a_record(self, stores, ids):
        challenge = self.made(stores)
        ruling = a_ruling(ids, challenge)
        stores.challenges.rule(ruling)
        (present,) = stores.challenges.of_order(US, ORDER)
        assert (present.status, present.decided_at) == (ChallengeStatus.VALID, NOW)
        assert self.on_file(stores) == [ruling.proof]
        assert stores.events(US, ORDER) == ["order.placed", "domain.approved"]
        assert stores.audited(US, ORDER) == ["order.placed", "domain.approved"]

    def test_a_refusal_leaves_a_message_and_no_proof(self, stores, ids):
        ruling = a_ruling(ids, self.made(stores), Decision.DECLINE)
        stores.challenges.rule(ruling)
        (present,) = stores.challenges.of_order(US, ORDER)
        assert (present.status, present.proof_id) == (ChallengeStatus.DECLINED, None)
        assert self.on_file(stores) == []
        assert list(stores.orders.messages(US, ORDER, Page(50, None))[0]) == [ruling.message]
        assert list(stores.orders.messages(THEM, ORDER, Page(50, None))[0]) == []

    def test_a_proof_belongs_to_one_subscriber_of_one_reseller(self, stores, ids):
        stores.challenges.rule(a_ruling(ids, self.made(stores)))
        assert self.on_file(stores, reseller_id=THEM) == []
        assert self.on_file(stores, subscriber="customer:c-2") == []
        assert self.on_file(stores, zone="ple.com") == []
        assert self.on_file(stores, zone="example.co") == []

    def test_proofs_are_read_newest_first_and_none_that_is_too_old(self, stores, ids):
        proofs = []
        for number in range(3):
            challenge = a_challenge(token=f"token-{number}")
            stores.challenges.create(challenge)
            ruling = a_ruling(ids, challenge, at=NOW + number * a_second)
            proof = replace(ruling.proof, completed_at=ruling.decided_at)
            stores.challenges.rule(replace(ruling, proof=proof))
            proofs.insert(0, proof)
        assert self.on_file(stores) == proofs
        assert self.on_file(stores, since=NOW + a_second) == proofs[:2]
        assert self.on_file(stores, since=NOW + 3 * a_second) == []

    @pytest.mark.parametrize("second", Decision)
    @pytest.mark.parametrize("first", Decision)
    def test_of_two_answers_the_first_stands(self, stores, ids, first, second):
        challenge = self.made(stores)
        stores.challenges.rule(a_ruling(ids, challenge, first))
        after = stores.challenges.of_order(US, ORDER)
        with pytest.raises(ApprovalClosed) as closed:
            stores.challenges.rule(a_ruling(ids, challenge, second))
        assert closed.value.why is WhyClosed.USED
        assert stores.challenges.of_order(US, ORDER) == after
        assert len(stores.events(US, ORDER)) == len(stores.audited(US, ORDER)) == 2

    def test_the_last_microsecond_of_a_link_counts(self, stores, ids):
        challenge = self.made(stores)
        with pytest.raises(ApprovalClosed):
            stores.challenges.rule(a_ruling(ids, challenge, at=challenge.expires_at))
        stores.challenges.rule(a_ruling(ids, challenge, at=challenge.expires_at - MICROSECOND))
        assert stores.challenges.of_order(US, ORDER)[0].status is ChallengeStatus.VALID

    @pytest.mark.parametrize("ended", ["cancelled", "another round"])
    def test_an_order_that_moved_on_takes_no_answer(self, stores, ids, order, ended):
        challenge = self.made(stores)
        if ended == "cancelled":
            self.cancel(stores, ids)
        else:
            self.prove_again(stores, ids, order)
        with pytest.raises(ChangedMeanwhile):
            stores.challenges.rule(a_ruling(ids, challenge))
        (present,) = stores.challenges.of_order(US, ORDER)
        assert (present.status, present.proof_id) == (ChallengeStatus.PENDING, None)
        assert "domain.approved" not in stores.events(US, ORDER)

    def test_a_no_moves_the_order_on_so_that_who_did_not_see_it_claims_nothing(self, stores, ids, order):
        stores.challenges.rule(a_ruling(ids, self.made(stores), Decision.DECLINE))
        assert stores.orders.head(US, ORDER) == replace(order.head, version=order.head.version + 1)
        with pytest.raises(ChangedMeanwhile):
            stores.claims.claim(order, a_preflight(), an_audit(ids))

    def test_a_yes_leaves_the_order_as_it_is(self, stores, ids, order):
        stores.challenges.rule(a_ruling(ids, self.made(stores)))
        assert stores.orders.head(US, ORDER) == order.head

    def test_an_order_that_is_being_signed_takes_no_no(self, stores, ids, order):
        challenge = self.made(stores)
        stores.claims.claim(order, a_preflight(), an_audit(ids))
        with pytest.raises(ChangedMeanwhile):
            stores.challenges.rule(a_ruling(ids, challenge, Decision.DECLINE))
        (present,) = stores.challenges.of_order(US, ORDER)
        assert present.status is ChallengeStatus.PENDING
        assert "domain.declined" not in stores.events(US, ORDER)

    def test_a_used_link_of_a_cancelled_order_is_used(self, stores, ids):
        challenge = self.made(stores)
        stores.challenges.rule(a_ruling(ids, challenge))
        self.cancel(stores, ids)
        with pytest.raises(ApprovalClosed) as closed:
            stores.challenges.rule(a_ruling(ids, challenge))
        assert closed.value.why is WhyClosed.USED

    def test_an_unknown_challenge_takes_no_answer(self, stores, ids):
        with pytest.raises(ApprovalClosed):
            stores.challenges.rule(a_ruling(ids, a_challenge()))
        assert stores.events(US, ORDER) == ["order.placed"]

    @pytest.mark.parametrize("limit", [1, 2, 50])
    def test_messages_are_read_newest_first_page_by_page(self, stores, ids, limit):
        written = []
        for number in range(3):
            challenge = a_challenge(token=f"token-{number}")
            stores.challenges.create(challenge)
            ruling = a_ruling(ids, challenge, Decision.DECLINE, NOW + number * a_second)
            stores.challenges.rule(ruling)
            written.insert(0, ruling.message)
        found, cursor = stores.orders.messages(US, ORDER, Page(limit, None))
        found = list(found)
        while cursor is not None:
            more, cursor = stores.orders.messages(US, ORDER, Page(limit, cursor))
            found += more
        assert found == written

    def test_an_answer_holds_for_the_content_that_was_shown(self, stores, ids):
        with pytest.raises(ChangedMeanwhile):
            stores.challenges.rule(a_ruling(ids, self.made(stores), revision=2))
        assert self.on_file(stores) == []

    @staticmethod
    def on_file(stores, reseller_id=US, subscriber="customer:c-1", zone="example.com", since=NOW):
        return list(stores.challenges.proofs(reseller_id, subscriber, zone, since))

    @staticmethod
    def made(stores):
        challenge = a_challenge(*NAMES)
        stores.challenges.create(challenge)
        return challenge


class WaitsContract(WithAnOrder):
    """Tokens, and the release of an order that was held back."""

    def test_the_newest_token_of_each_step_is_kept(self, stores):
        stores.waits.arm(US, ORDER, WaitStep.DOMAINS, "token-1", 1)
        stores.waits.arm(US, ORDER, WaitStep.DOMAINS, "token-2", 2)
        stores.waits.arm(US, ORDER, WaitStep.HELD_BACK, "token-3", 2)
        assert stores.waits.token(US, ORDER, WaitStep.DOMAINS) == "token-2"
        assert stores.waits.token(US, ORDER, WaitStep.HELD_BACK) == "token-3"

    def test_where_nobody_waits_there_is_no_token(self, stores):
        stores.waits.arm(US, ORDER, WaitStep.DOMAINS, "token-1", 1)
        assert stores.waits.token(US, ORDER, WaitStep.HELD_BACK) is None
        assert stores.waits.token(THEM, ORDER, WaitStep.DOMAINS) is None
        assert stores.waits.token(US, "ord_2", WaitStep.DOMAINS) is None

    @pytest.mark.parametrize("refusal", ["pre_1", ""], ids=["for its method", "for another reason"])
    def test_a_release_lifts_the_obstacle_and_tells_the_outbox(self, stores, ids, order, refusal):
        preflight = a_preflight(Outcome.HELD_BACK, caa=(A_REFUSAL,) if refusal else ())
        held_back(stores.claims, order, preflight, ids)
        held = stores.orders.head(US, ORDER)
        assert held.held_back == "CAA"
        event = an_event(ids)
        stores.waits.release(held, event)
        at = event.occurred_at
        released = replace(
            held,
            held_back=None,
            checked_at=at,
            checked_refusal=refusal,
            version=held.version + 1,
            updated_at=at,
        )
        assert stores.orders.head(US, ORDER) == released
        assert stores.events(US, ORDER) == ["order.placed", "order.held_back", "order.check_requested"]

    def test_a_head_that_moved_is_not_released(self, stores, ids, order):
        stores.claims.hold_back(
            order, a_preflight(Outcome.HELD_BACK), "CAA", an_audit(ids), an_event(ids, "order.held_back")
        )
        with pytest.raises(ChangedMeanwhile):
            stores.waits.release(order.head, an_event(ids))
        assert stores.orders.head(US, ORDER).held_back == "CAA"
        assert stores.events(US, ORDER) == ["order.placed", "order.held_back"]


def held_back(claims, order, preflight, ids, reason="CAA"):
    claims.hold_back(order, preflight, reason, an_audit(ids), an_event(ids, "order.held_back"))


MOVES = {
    "claim": lambda claims, order, preflight, ids: claims.claim(order, preflight, an_audit(ids)),
    "hold_back": held_back,
    "prove_again": lambda claims, order, preflight, ids: claims.prove_again(order, preflight, an_audit(ids)),
    "ask_as_chosen": lambda claims, order, preflight, ids: claims.ask_as_chosen(
        order, preflight, an_audit(ids)
    ),
}
A_REFUSAL = {
    "name": "www.example.com",
    "allowed": False,
    "found_at": "example.com",
    "judged": ["3.2.2.4.4"],
    "permitted": ["3.2.2.4.7"],
}


class ClaimsContract(WithAnOrder):
    """The point of no return."""

    def test_a_claim_makes_the_order_signing(self, stores, ids, order):
        preflight = a_preflight()
        stores.claims.claim(order, preflight, an_audit(ids))
        moved = replace(order.head, signing=True, version=2, updated_at=preflight.at)
        assert stores.orders.head(US, ORDER) == moved
        assert stores.claims.find(US, ORDER, "pre_1") == preflight
        assert stores.audited(US, ORDER) == ["order.placed", "preflight.go"]

    def test_what_is_held_back_says_why_and_is_not_signing(self, stores, ids, order):
        stores.claims.claim(order, a_preflight(preflight_id="pre_0"), an_audit(ids))
        failed = (Check("caa", False, "www.example.com: forbidden"),)
        preflight = a_preflight(Outcome.HELD_BACK, checks=failed, caa_valid_until=None)
        stores.claims.hold_back(
            load(stores.orders, US, ORDER),
            preflight,
            "forbidden",
            an_audit(ids),
            an_event(ids, "order.held_back"),
        )
        head = stores.orders.head(US, ORDER)
        assert (head.signing, head.held_back, head.version) == (False, "forbidden", 3)
        assert stores.claims.find(US, ORDER, "pre_1") == preflight

    def test_preflights_that_nobody_answered_are_counted_in_a_row(self, stores, ids, order):
        counted = []
        for number, unanswered in enumerate([True, True, False, True]):
            preflight = a_preflight(Outcome.HELD_BACK, preflight_id=f"pre_{number}", is_unanswered=unanswered)
            event, held = an_event(ids, "order.held_back"), load(stores.orders, US, ORDER)
            stores.claims.hold_back(held, preflight, "CAA", an_audit(ids), event)
            assert stores.claims.find(US, ORDER, f"pre_{number}") == preflight
            counted.append(stores.orders.head(US, ORDER).unanswered)
        stores.claims.claim(load(stores.orders, US, ORDER), a_preflight(preflight_id="pre_9"), an_audit(ids))
        assert [*counted, stores.orders.head(US, ORDER).unanswered] == [1, 2, 0, 1, 0]

    def test_a_later_claim_forgets_what_held_back(self, stores, ids, order):
        stores.claims.hold_back(
            order, a_preflight(Outcome.HELD_BACK), "CAA", an_audit(ids), an_event(ids, "order.held_back")
        )
        held = load(stores.orders, US, ORDER)
        stores.claims.claim(held, a_preflight(preflight_id="pre_2"), an_audit(ids))
        assert stores.orders.head(US, ORDER).held_back is None

    def test_proving_again_is_a_new_round_of_the_same_content(self, stores, ids, order):
        self.prove_again(stores, ids, order)
        after = load(stores.orders, US, ORDER)
        assert after.content == order.content
        expected = replace(
            order.head, round=2, version=2, revised_at=NOW + a_second, updated_at=NOW + a_second
        )
        assert after.head == expected
        assert stores.orders.content(US, ORDER, 1) == order.content

    @pytest.mark.parametrize("move", MOVES)
    def test_an_order_that_moved_meanwhile_is_not_moved_again(self, stores, ids, order, move):
        self.cancel(stores, ids)
        before = stores.orders.head(US, ORDER)
        with pytest.raises(ChangedMeanwhile):
            MOVES[move](stores.claims, order, a_preflight(), ids)
        assert stores.orders.head(US, ORDER) == before
        assert stores.claims.find(US, ORDER, "pre_1") is None

    def test_a_preflight_is_recorded_once(self, stores, ids, order):
        stores.claims.claim(order, a_preflight(), an_audit(ids))
        with pytest.raises(ChangedMeanwhile):
            stores.claims.claim(load(stores.orders, US, ORDER), a_preflight(revision=9), an_audit(ids))
        assert stores.claims.find(US, ORDER, "pre_1").revision == 1

    def test_foreign_preflights_read_as_unknown_ones(self, stores, ids, order):
        stores.claims.claim(order, a_preflight(), an_audit(ids))
        assert stores.claims.find(THEM, ORDER, "pre_1") is None
        assert stores.claims.find(US, "ord_2", "pre_1") is None
        assert stores.claims.find(US, ORDER, "pre_2") is None

    def test_what_is_held_back_is_told(self, stores, ids, order):
        held_back(stores.claims, order, a_preflight(Outcome.HELD_BACK), ids)
        assert stores.events(US, ORDER) == ["order.placed", "order.held_back"]

    def test_asking_as_chosen_is_the_same_round(self, stores, ids, order):
        preflight = a_preflight(Outcome.PROVE_AGAIN, caa=(A_REFUSAL,))
        stores.claims.ask_as_chosen(order, preflight, an_audit(ids))
        expected = replace(order.head, version=2, updated_at=preflight.at, caa_refusal="pre_1")
        assert stores.orders.head(US, ORDER) == expected
        assert stores.events(US, ORDER) == ["order.placed"]

    @pytest.mark.parametrize(
        ("move", "caa", "refusal"),
        [
            ("hold_back", (A_REFUSAL,), "pre_2"),
            ("hold_back", (A_REFUSAL | {"permitted": []},), None),
            ("hold_back", (), None),
            ("ask_as_chosen", (A_REFUSAL,), "pre_2"),
            ("prove_again", (), "pre_1"),
            ("claim", (), None),
        ],
    )
    def test_what_caa_refused_for_its_method_is_remembered_until_a_preflight_finds_otherwise(
        self, stores, ids, order, move, caa, refusal
    ):
        held_back(stores.claims, order, a_preflight(Outcome.HELD_BACK, caa=(A_REFUSAL,)), ids)
        held = load(stores.orders, US, ORDER)
        assert held.head.caa_refusal == "pre_1"
        MOVES[move](stores.claims, held, a_preflight(preflight_id="pre_2", caa=caa), ids)
        assert stores.orders.head(US, ORDER).caa_refusal == refusal

    def test_what_was_refused_is_read_by_its_preflight(self, stores, ids, order):
        preflight = a_preflight(Outcome.HELD_BACK, caa=(A_REFUSAL, A_REFUSAL | {"name": "example.org"}))
        held_back(stores.claims, order, preflight, ids)
        found = stores.challenges.caa_refusals(US, ORDER, "pre_1")
        assert (found.at, found.by_name.keys()) == (preflight.at, {"www.example.com", "example.org"})
        assert found.by_name["www.example.com"].permitted == ("3.2.2.4.7",)
        assert stores.challenges.caa_refusals(US, ORDER, "pre_2") is None
        assert stores.challenges.caa_refusals(THEM, ORDER, "pre_1") is None
        assert stores.challenges.caa_refusals(US, "ord_2", "pre_1") is None

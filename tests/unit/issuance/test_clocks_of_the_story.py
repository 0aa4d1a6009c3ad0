"""From the wait for domains to the signature an order goes round once at most, whatever clocks say."""

from dataclasses import replace
from datetime import timedelta

import pytest

from partner_center.issuance.issue import CaaTooOld
from partner_center.issuance.preflight import Outcome
from partner_center.issuance.sign import SignOrder
from partner_center.kernel.clock import CLOCK_IS_OFF
from partner_center.orders.fulfil import Woken
from partner_center.validation.challenges import usable_until
from tests.fakes.samples import ORDER, US
from tests.unit.issuance.world import MemoryStore, SetClock, new_issuer, no_private_ca

TURNS = range(20)
"""A second each, and so many that who goes round goes round for minutes."""
LEFT = [timedelta(minutes=each) for each in (1, 9, 11, 20, 29, 31, 49, 51)]


def ending_at(desk, end):
    """All proofs of the order end then."""
    for key, proof in desk.world.tables.proofs.items():
        desk.world.tables.proofs[key] = replace(proof, checked_at=end - timedelta(days=200))
        assert usable_until(desk.world.tables.proofs[key]) == end


@pytest.mark.parametrize("left", LEFT, ids=str)
def test_a_proof_that_ends_soon_does_not_send_the_order_to_and_fro(desk, left):
    """Who waits for domains has a clock that is behind, the last look one that is ahead."""
    began, sent_back = desk.world.clock.moment, 0
    ending_at(desk, began + left)
    for turn in TURNS:
        true = began + timedelta(seconds=turn)
        desk.world.clock.moment = true - CLOCK_IS_OFF
        desk.world.await_domains(US, ORDER, 1, f"turn-{turn}")
        if desk.world.machine.answers.get(f"turn-{turn}") is not Woken.PROVEN:
            break
        desk.world.clock.moment = true + CLOCK_IS_OFF
        if desk.run().outcome is not Outcome.PROVE_AGAIN:
            break
        sent_back += 1
    assert sent_back <= 1


@pytest.mark.parametrize("left", LEFT, ids=str)
def test_a_proof_that_ends_soon_is_refused_by_the_last_look_rather_than_by_the_signature(
    desk, keys, issuing_ca, left
):
    """The last look has a clock that is behind, who signs one that is ahead; CAA is asked anew each time."""
    store, clock = MemoryStore(), SetClock()
    store.add_issuing_ca(issuing_ca)
    stores = desk.world.stores
    sign_order = SignOrder(stores.orders, stores.claims, store, new_issuer(keys, store, clock), no_private_ca)
    began, refused = desk.world.clock.moment, 0
    ending_at(desk, began + left)
    for turn in TURNS:
        true = began + timedelta(seconds=turn)
        desk.world.clock.moment = true - CLOCK_IS_OFF
        found = desk.run()
        if found.outcome is not Outcome.GO:
            break
        clock.moment = true + CLOCK_IS_OFF
        try:
            sign_order(US, ORDER, 1, found.preflight_id)
        except CaaTooOld:
            refused += 1
        else:
            break
    assert refused <= 1

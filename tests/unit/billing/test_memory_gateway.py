"""The gateway in memory keeps the promises of a gateway, so that what is tested with it holds."""

import pytest

from partner_center.billing.payments import IntentStatus, RefundStatus
from tests.fakes.contract_payments import PRICE, PURPOSE, GatewayContract
from tests.fakes.payments import MemoryBank


@pytest.fixture
def bank():
    return MemoryBank()


class TestGatewayInMemory(GatewayContract):
    """The promises, kept in memory."""


def test_what_was_taken_held_and_given_back_of_an_order_is_told(bank):
    gateway = bank.gateway
    intent_id = gateway.prepare(PURPOSE, PRICE, bank.card())
    told = [(gateway.held("ord_1"), gateway.taken("ord_1"), gateway.given_back("ord_1"))]
    for step in (gateway.authorise, gateway.capture, lambda *asked: gateway.refund(*asked, 1)):
        step(intent_id, PURPOSE)
        told.append((gateway.held("ord_1"), gateway.taken("ord_1"), gateway.given_back("ord_1")))
    assert told == [([], [], []), ([PRICE], [], []), ([], [PRICE], []), ([], [PRICE], [PRICE])]
    assert gateway.taken("ord_2") == []


@pytest.mark.parametrize(
    ("failing", "ends"), [([], RefundStatus.SUCCEEDED), (["declined"], RefundStatus.FAILED)]
)
def test_a_slow_refund_is_pending_until_it_arrives(bank, failing, ends):
    gateway = bank.gateway
    gateway.slow_refunds, gateway.failing_refunds = True, failing
    intent_id = gateway.prepare(PURPOSE, PRICE, bank.card())
    gateway.authorise(intent_id, PURPOSE)
    gateway.capture(intent_id, PURPOSE)
    refund = gateway.refund(intent_id, PURPOSE, 1)
    assert refund.status is RefundStatus.PENDING
    gateway.arrive()
    assert gateway.refund_of(refund.refund_id).status is ends


def test_a_call_can_be_stopped_for_good_on_either_side_of_its_effect(bank):
    gateway = bank.gateway

    def stop(call):
        if call == "authorise":
            raise KeyboardInterrupt

    intent_id = gateway.prepare(PURPOSE, PRICE, bank.card())
    gateway.before = stop
    with pytest.raises(KeyboardInterrupt):
        gateway.authorise(intent_id, PURPOSE)
    assert gateway.intent(intent_id).status is IntentStatus.UNCONFIRMED
    gateway.before, gateway.after = gateway.after, stop
    with pytest.raises(KeyboardInterrupt):
        gateway.authorise(intent_id, PURPOSE)
    assert gateway.intent(intent_id).status is IntentStatus.AUTHORISED

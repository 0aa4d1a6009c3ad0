"""How names stand is read as of now, and of an order that is over as of its end."""

from dataclasses import dataclass

import pytest

from partner_center.orders.order import Closed, CloseReason, OrderStatus
from partner_center.validation.challenges import Proof
from partner_center.validation.standing import read_standing
from tests.fakes.determined import NOW
from tests.fakes.samples import a_challenge, a_content, a_day, a_head, a_proof, an_order

CANCELLED = {
    "status": OrderStatus.CANCELLED,
    "closed": Closed(NOW + a_day, "key:key_1", CloseReason.REQUESTED),
}
ISSUED = {"status": OrderStatus.ISSUED, "issued_at": NOW + a_day}


@dataclass
class OnFile:
    """A reader that has one proof."""

    proof: Proof

    def proofs(self, *_):
        return [self.proof]

    def of_order(self, *_):
        return []


@pytest.mark.parametrize(
    ("head", "completed_at", "carries"),
    [
        ({}, NOW, True),
        (CANCELLED, NOW, True),
        (CANCELLED, NOW + a_day, True),
        (CANCELLED, NOW + 2 * a_day, False),
        (ISSUED, NOW + a_day, True),
        (ISSUED, NOW + 2 * a_day, False),
    ],
    ids=["pending", "before", "at the end", "after the end", "issued", "after the issue"],
)
def test_a_proof_that_came_after_an_order_ended_says_nothing_of_it(head, completed_at, carries):
    proof = a_proof(a_challenge(), completed_at=completed_at)
    order = an_order(a_head(**head), a_content("www.example.com"))
    found = read_standing(OnFile(proof), order, NOW + 3 * a_day)
    assert found.is_proven is carries

"""The price of an order and of what replaced it for nothing: it goes back once, with the last of them that lives."""

from dataclasses import replace

import pytest

from partner_center.issuance.record import OrderFollows, Reason
from partner_center.issuance.revoke import Wish
from partner_center.kernel.money import Money
from partner_center.orders.close import closing
from partner_center.orders.order import CloseReason, OrderKind, OrderStatus, Revoked
from partner_center.orders.ports import lineage_of
from tests.fakes.determined import MICROSECOND, NOW
from tests.fakes.samples import ORDER, US, a_chronicle, a_day, a_head
from tests.unit.issuance.revoking import Office

USED, BACK = (8, 0, 2), (10, 0, 0)
SUPERSEDED = Revoked(NOW, "system", Reason.SUPERSEDED)
WISH = Wish(Reason.UNSPECIFIED, "key:key_1", "request-1", OrderFollows.ALWAYS)


class Lineage(Office):
    """An order of two units, and free replacements after it: ord_2, ord_3 and so on, each of the one before."""

    def __init__(self, *statuses, original=OrderStatus.REVOKED):
        super().__init__()
        chain = [ORDER, *(f"ord_{number}" for number in range(2, len(statuses) + 2))]
        self.change_head(**self.over(original), replaced_by=chain[1] if statuses else None)
        for at, status in enumerate(statuses, 1):
            self.tables.heads[US, chain[at]] = a_head(
                order_id=chain[at],
                kind=OrderKind.REPLACEMENT,
                units=0,
                net=Money.of("0"),
                issued_at=NOW,
                term_from=NOW,
                replaces=chain[at - 1],
                replaced_by=chain[at + 1] if at + 1 < len(chain) else None,
                **self.over(status),
            )

    def over(self, status):
        return {"status": status, "revoked": SUPERSEDED if status is OrderStatus.REVOKED else None}

    def revoke(self, order_id):
        self.revoker.order(self.stores.orders.head(US, order_id), WISH)


LIVES, OVER = OrderStatus.ISSUED, OrderStatus.REVOKED
CASES = [
    ("the free one, after the original", [LIVES], OVER, "ord_2", BACK),
    ("the free one, while the original lives", [LIVES], LIVES, "ord_2", USED),
    ("the original, while the free one lives", [LIVES], LIVES, ORDER, USED),
    ("the original, while a free one is pending", [OrderStatus.PENDING], LIVES, ORDER, USED),
    ("the original, after the free one", [OVER], LIVES, ORDER, BACK),
    ("the original, after one that was cancelled", [OrderStatus.CANCELLED], LIVES, ORDER, BACK),
    ("the last of three", [OVER, LIVES], OVER, "ord_3", BACK),
    ("the middle, while the last lives", [LIVES, LIVES], OVER, "ord_2", USED),
    ("the original, while the last of three lives", [OVER, LIVES], LIVES, ORDER, USED),
]


@pytest.mark.parametrize(
    ("statuses", "original", "revoked", "units"), [pytest.param(*each[1:], id=each[0]) for each in CASES]
)
def test_a_price_goes_back_with_the_last_order_that_lives_for_it(statuses, original, revoked, units):
    lineage = Lineage(*statuses, original=original)
    lineage.revoke(revoked)
    assert lineage.units() == units
    assert len(lineage.refunds()) == (units == BACK)


def test_it_goes_back_once():
    lineage = Lineage(OVER, LIVES)
    lineage.revoke("ord_3")
    lineage.revoke("ord_3")
    lineage.revoke(ORDER)
    assert (lineage.units(), len(lineage.refunds())) == (BACK, 1)


@pytest.mark.parametrize(
    ("after", "units"), [(30 * a_day - MICROSECOND, BACK), (30 * a_day, USED)], ids=["in time", "too late"]
)
def test_thirty_days_count_from_the_first_certificate_of_the_order_that_paid(after, units):
    lineage = Lineage(LIVES)
    lineage.clock.moment = NOW + after
    lineage.revoke("ord_2")
    assert lineage.units() == units


def test_an_original_that_moves_meanwhile_is_read_again():
    lineage = Lineage(LIVES)
    lineage.tables.before["revoke_order"].append(lambda: lineage.change_head(settle_at=None))
    lineage.revoke("ord_2")
    assert lineage.units() == BACK


SKEW = [
    ("the free one meanwhile", LIVES, [LIVES], ORDER, "ord_2"),
    ("the original meanwhile", LIVES, [LIVES], "ord_2", ORDER),
    ("the last of three meanwhile", LIVES, [OVER, LIVES], ORDER, "ord_3"),
]


@pytest.mark.parametrize(
    ("original", "statuses", "first", "meanwhile"), [pytest.param(*each[1:], id=each[0]) for each in SKEW]
)
def test_of_two_that_are_revoked_at_once_the_later_sees_the_other_and_gives_back(
    original, statuses, first, meanwhile
):
    """Each read the other as alive: then nobody would give the price back."""
    lineage = Lineage(*statuses, original=original)
    lineage.tables.before["revoke_order"].append(lambda: lineage.revoke(meanwhile))
    lineage.revoke(first)
    assert (lineage.units(), len(lineage.refunds())) == (BACK, 1)


def test_a_pending_one_that_is_cancelled_while_the_original_is_revoked_gives_back():
    lineage = Lineage(OVER, OrderStatus.PENDING, original=LIVES)
    lineage.tables.before["revoke_order"].append(lambda: cancel(lineage, "ord_3"))
    lineage.revoke(ORDER)
    assert (lineage.units(), len(lineage.refunds())) == (BACK, 1)


def test_a_long_chain_gives_back_like_a_short_one():
    lineage = Lineage(*[OVER] * 120, LIVES)
    lineage.revoke("ord_122")
    assert (lineage.units(), len(lineage.refunds())) == (BACK, 1)


def test_a_replacement_that_was_paid_for_gives_back_its_own_price_alone():
    lineage = Lineage(LIVES)
    head = lineage.stores.orders.head(US, "ord_2")
    lineage.tables.heads[US, "ord_2"] = replace(head, units=1)
    lineage.revoke("ord_2")
    assert lineage.refunds() == [(1, None)]


def cancel(lineage, order_id):
    head = lineage.stores.orders.head(US, order_id)
    why = (OrderStatus.CANCELLED, CloseReason.REQUESTED)
    before = lineage_of(lineage.stores.orders, head)
    chronicle = a_chronicle(lineage.ids, lineage.clock.moment)
    lineage.stores.orders.close(closing(head, *why, chronicle, None, None, *before))


@pytest.mark.parametrize(
    ("after", "units"), [(30 * a_day - MICROSECOND, BACK), (30 * a_day, USED)], ids=["in time", "too late"]
)
def test_what_was_revoked_while_a_successor_was_pending_is_paid_back_once_that_came_to_nothing(after, units):
    lineage = Lineage(LIVES, OrderStatus.PENDING)
    lineage.clock.moment = NOW + after
    lineage.revoke("ord_2")
    assert lineage.units() == USED
    lineage.clock.moment = NOW + 40 * a_day
    cancel(lineage, "ord_3")
    assert lineage.units() == units
    assert lineage.stores.orders.head(US, "ord_2").replaced_by is None


def test_a_pending_successor_of_a_living_order_gives_nothing_back():
    lineage = Lineage(LIVES, OrderStatus.PENDING)
    cancel(lineage, "ord_3")
    assert lineage.units() == USED

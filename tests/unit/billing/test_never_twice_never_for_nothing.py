"""A whole order that a card pays, stopped before and after every single thing it does; then others go on.

Whatever dies where: at most one charge takes money, none for an order that is not issued, and what is issued and not
paid is due by itself or stands before staff; in the end everything is at rest.
"""

from contextlib import contextmanager, suppress

import pytest

from partner_center.billing.authorise import Outcome
from partner_center.kernel.errors import ChangedMeanwhile, TryAgain
from partner_center.orders.order import OrderStatus
from tests.fakes.samples import ORDER, US
from tests.unit.billing.money_world import PRICE, MoneyWorld

MOST_REPAIRS = 60


class Died(Exception):
    """The process ends here, for good; somebody else goes on."""


class Stops:
    """Ends the run at the nth thing it does: a call to the gateway or a transaction, before or after its effect."""

    def __init__(self, world, at, after, how):
        self.world, self.at, self.after, self.how = world, at, after, how
        self.done = 0
        self.reached = False
        world.gateway.before = lambda _: self.step(False)
        world.gateway.after = lambda _: self.step(True)
        world.tables.writing = self.writing

    @contextmanager
    def writing(self, _):
        self.step(False)
        yield
        self.step(True)

    def step(self, after):
        if after is self.after:
            self.done += 1
            if self.done == self.at:
                self.reached = True
                raise self.how("Here.")
        self.world.assert_nobody_pays_twice_or_for_nothing()


class Story(MoneyWorld):
    """One order on its way to an end, each part of which may be run again from anywhere."""

    def __init__(self, end):
        super().__init__()
        self.end = end
        self.order_by_card()
        self.promised = False

    def go_on(self):
        """As its machine, its people and the queue do."""
        head = self.head()
        if head.status is OrderStatus.PENDING and not head.signing:
            if self.end == "cancelled" and self.promised:
                self.cancel()
            else:
                self.promised = self.authorise() is Outcome.AUTHORISED
        head = self.head()
        if self.end != "cancelled" and head.status is OrderStatus.PENDING:
            if not head.signing:
                self.claim()
            self.certify(serial_hex="1")
            self.complete_order(US, ORDER, 1, "execution-1")
        if self.end == "revoked" and self.head().status is OrderStatus.ISSUED and self.gateway.taken(ORDER):
            self.revoke()
        self.settle()

    def has_ended(self):
        status = {"issued": OrderStatus.ISSUED, "cancelled": OrderStatus.CANCELLED}
        wanted = status.get(self.end, OrderStatus.REVOKED)
        return self.head().status is wanted and self.head().settle_at is None

    def run(self):
        """Until nothing is left to be done; a run that dies or is put off is taken up again later."""
        for _ in range(MOST_REPAIRS):
            for part in (self.go_on, self.settle_what_is_due):
                with suppress(Died, TryAgain, ChangedMeanwhile):
                    part()
            if self.has_ended():
                return
            self.assert_nobody_pays_twice_or_for_nothing()
            self.clock.advance(hours=1)
        raise AssertionError("it does not come to rest")


def things_done(end, after):
    """How many things a story does that nothing stops."""
    world = Story(end)
    stops = Stops(world, 0, after, Died)
    world.run()
    return stops.done


CASES = [
    pytest.param(end, at, after, how, id=f"{end}, {how.__name__} {'after' if after else 'before'} thing {at}")
    for end in ("issued", "cancelled", "revoked")
    for after in (False, True)
    for at in range(1, things_done(end, after) + 1)
    for how in (Died, TryAgain)
]


def test_the_stories_have_things_to_stop():
    """Prepare, record, authorise, record, claim, complete, capture, record: eight at least for an issued order."""
    assert [things_done(end, False) for end in ("issued", "cancelled", "revoked")] == [8, 7, 10]


@pytest.mark.parametrize(("end", "at", "after", "how"), CASES)
def test_whatever_dies_where_nobody_pays_twice_or_for_nothing(end, at, after, how):
    world = Story(end)
    stops = Stops(world, at, after, how)
    world.run()
    assert stops.reached
    world.assert_nobody_pays_twice_or_for_nothing()
    world.assert_money_is_at_rest()
    expected = {"issued": (1, 0), "cancelled": (0, 0), "revoked": (1, 1)}[end]
    assert (len(world.gateway.taken(ORDER)), len(world.gateway.given_back(ORDER))) == expected
    assert world.gateway.taken(ORDER) in ([], [PRICE])
    assert world.kinds().count("capture") == expected[0]

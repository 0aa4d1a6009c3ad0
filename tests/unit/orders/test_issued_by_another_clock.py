"""An order that is issued seconds after its proof came, while the clocks of two functions differ."""

import pytest

from partner_center.orders.order import OrderStatus
from tests.fakes.samples import ORDER, US, a_contract
from tests.fakes.world import World
from tests.unit.validation.publisher import Publisher


@pytest.fixture
def issued():
    world = World()
    world.stores.grant(a_contract())
    world.put()
    world.ask()
    world.clock.advance(minutes=10)  # the clock of approve_domain is ten minutes ahead ...
    world.approve()
    world.clock.advance(minutes=-10, seconds=20)  # ... that of complete_order is right
    world.certify()
    world.complete_order(US, ORDER, 1, "request-3")
    assert world.head().status is OrderStatus.ISSUED
    world.clock.advance(days=1)
    return world


def test_an_issued_order_says_that_its_names_are_proven(issued):
    (domain,) = issued.reading.domains(US, ORDER, {})["items"]
    assert domain["status"] == "valid"


def test_an_issued_order_asks_nobody_for_anything(issued):
    authentication = issued.reading.order(US, ORDER)["authentication"]
    step = next(each for each in authentication["steps"] if each["step"] == "domain_verification")
    assert (authentication["status"], step["status"], step["next_action"]) == ("complete", "complete", None)


def test_so_it_is_with_what_was_published():
    desk = Publisher("www.example.com")
    desk.publish()
    desk.clock.advance(minutes=10)
    desk.check()
    desk.clock.advance(minutes=-10, seconds=20)
    desk.world.certify()
    desk.world.complete_order(US, ORDER, 1, "request-3")
    assert desk.domains()["www.example.com"]["status"] == "valid"

"""A look that an outage ends before what it found is written comes again within the hour."""

import pytest

from partner_center.kernel.errors import TryAgain
from partner_center.kernel.patience import AFTER_TROUBLE
from tests.unit.validation.publisher import Publisher

LOOKS = 12
"""After so many the next one is half a day away."""


@pytest.fixture
def desk():
    desk = Publisher(method="dns_txt")
    for _ in range(LOOKS):
        desk.clock.advance(hours=13)
        desk.check()
    desk.publish()
    desk.clock.advance(hours=13)
    return desk


def out():
    raise TryAgain("The database did not answer.")


def test_what_a_look_found_and_could_not_write_is_looked_for_again_soon(desk):
    desk.tables.before["rule"].append(out)
    with pytest.raises(TryAgain):
        desk.check()
    assert desk.challenge.due_at == desk.clock.now() + AFTER_TROUBLE
    desk.clock.advance(seconds=AFTER_TROUBLE.total_seconds())
    desk.check()
    assert len(desk.proofs) == 1


def test_where_that_cannot_be_written_either_it_comes_at_its_next_time(desk):
    desk.tables.before["rule"].append(lambda: desk.tables.before["begin_check"].append(out) or out())
    with pytest.raises(TryAgain, match="did not answer"):
        desk.check()
    assert desk.challenge.due_at > desk.clock.now() + AFTER_TROUBLE

"""A look that meets an outage: whoever waits is told, and what is due by itself is not set aside as poison."""

import pytest

from partner_center.entry.invocation import Invocation
from partner_center.entry.looks import look
from partner_center.kernel.errors import ChangedMeanwhile, TryAgain

BY_ITSELF = Invocation("res_1", "ord_1", None, "request-1")
WAITED_FOR = Invocation("res_1", "ord_1", ("example.com",), "request-1", 18.0)
OUTAGES = [TryAgain("The database did not answer."), ChangedMeanwhile("It moved.")]
FAULTS = [ValueError("a product of another version"), KeyError("x")]


def meeting(error):
    def check(_):
        raise error

    return check


@pytest.mark.parametrize("error", OUTAGES, ids=["out", "moved"])
def test_an_outage_ends_what_nobody_waits_for(caplog, error):
    look(meeting(error), BY_ITSELF)
    (line,) = caplog.records
    assert (line.getMessage(), line.levelname) == ("a look is left to its next time", "WARNING")


@pytest.mark.parametrize("error", OUTAGES + FAULTS)
def test_who_waits_is_told_of_everything(error):
    with pytest.raises(type(error)):
        look(meeting(error), WAITED_FOR)


@pytest.mark.parametrize("error", FAULTS)
def test_what_is_no_outage_is_set_aside(error):
    with pytest.raises(type(error)):
        look(meeting(error), BY_ITSELF)


def test_a_look_is_given_what_was_asked():
    heard = []
    look(heard.append, BY_ITSELF)
    assert heard == [BY_ITSELF]

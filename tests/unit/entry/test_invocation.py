"""Functions that other functions of ours set in motion: ids in, their success out, errors under their own names."""

from types import SimpleNamespace

import pytest

from partner_center.entry.invocation import Invocation, invocation_handler
from partner_center.kernel.errors import TryAgain

CONTEXT = SimpleNamespace(aws_request_id="request-7")
EVENT = {"reseller_id": "res_1", "order_id": "ord_1"}


def asked(event):
    """What the function behind the door is given."""
    heard = []
    assert invocation_handler(heard.append)(event, CONTEXT) == {"order_id": "ord_1"}
    (invocation,) = heard
    return invocation


@pytest.mark.parametrize(
    ("names", "read"),
    [
        ({}, None),
        ({"names": None}, None),
        ({"names": []}, ()),
        ({"names": ["example.com", "*.example.com"]}, ("example.com", "*.example.com")),
    ],
    ids=["not told", "null", "none", "some"],
)
def test_an_order_is_named_and_some_of_its_names_or_all(names, read):
    assert asked(EVENT | names) == Invocation("res_1", "ord_1", read, "request-7")


@pytest.mark.parametrize(("told", "read"), [({}, None), ({"seconds": None}, None), ({"seconds": 18}, 18.0)])
def test_who_waits_says_how_long(told, read):
    assert asked(EVENT | told).seconds == read


def test_whatever_else_a_caller_says_is_not_heard():
    """A caller names an order; it cannot say what a check found, nor for whom a proof is."""
    more = {
        "status": "valid",
        "proof": {"method": "dns_txt"},
        "subscriber": "customer:c-2",
        "approver_email": "x@y.z",
    }
    assert asked(EVENT | more) == Invocation("res_1", "ord_1", None, "request-7")


@pytest.mark.parametrize("event", [{}, {"reseller_id": "res_1"}, {"order_id": "ord_1"}])
def test_without_ids_nothing_is_done(event):
    heard = []
    with pytest.raises(KeyError):
        invocation_handler(heard.append)(event, CONTEXT)
    assert heard == []


@pytest.mark.parametrize("error", [TryAgain("The database is out."), ValueError("no"), KeyError("x")])
def test_an_error_fails_the_invocation_under_its_own_name(error):
    def fail(_):
        raise error

    with pytest.raises(type(error)) as raised:
        invocation_handler(fail)(EVENT, CONTEXT)
    assert raised.value is error


def test_nothing_that_was_found_goes_back_to_the_caller():
    assert invocation_handler(lambda _: {"proof_id": "prf_1"})(EVENT, CONTEXT) == {"order_id": "ord_1"}

"""The technical contact of an order is corrected on the order; what its reissues mail from then on goes there."""

import pytest

from tests.fakes.posted import a_call, a_principal
from tests.fakes.samples import ORDER, US
from tests.unit.orders.reissuing import OTHER, reissuing

CORRECTED = {"first_name": "Nora", "last_name": "New", "email": "nora@example.org"}


@pytest.fixture
def under_way():
    return reissuing({"method": "dns_txt"})


@pytest.fixture
def mailed_to(under_way, monkeypatch):
    world, _ = under_way
    found, instruct = [], world.mail.instruct

    def instructing(order, challenges):
        found.append(order.content.contacts.technical.email)
        instruct(order, challenges)

    monkeypatch.setattr(world.mail, "instruct", instructing)
    return found


def ask_again(world):
    world.clock.advance(minutes=1)
    world.resend(a_principal(), a_call(path=f"/v1/orders/{ORDER}/domains/{OTHER}/resend"), ORDER, OTHER)


def choose(world, made, method):
    """Another method is chosen for the reissue, and its machine goes on with it."""
    world.amend({"domain_control": {"method": method}}, made.enrolment_id)
    world.screen_order(US, made.enrolment_id, 1, "execution-2")
    world.await_domains(US, made.enrolment_id, 1, "token-3")


def test_instructions_that_are_asked_for_again_go_to_the_corrected_contact(under_way, mailed_to):
    world, _ = under_way
    ask_again(world)
    before = list(mailed_to)
    world.amend({"contacts": {"technical": CORRECTED}})
    ask_again(world)
    assert (len(before), mailed_to) == (1, [*before, "nora@example.org"])
    assert before != ["nora@example.org"]


def test_so_do_those_for_another_method(under_way, mailed_to):
    world, made = under_way
    world.amend({"contacts": {"technical": CORRECTED}})
    choose(world, made, "http_file")
    assert mailed_to == ["nora@example.org"]


def test_what_was_mailed_still_serves(under_way):
    world, made = under_way
    asked = [each.challenge_id for each in world.challenges(made.enrolment_id)]
    world.amend({"contacts": {"technical": CORRECTED}})
    ask_again(world)
    assert [each.challenge_id for each in world.challenges(made.enrolment_id)] == asked

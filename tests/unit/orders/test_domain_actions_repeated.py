"""A look or a mail that was asked for is not made once more because its answer was lost: Idempotency-Keys."""

from dataclasses import replace

import pytest

from partner_center.kernel.errors import IdempotencyKeyReused, TooSoon, TryAgain
from partner_center.orders.order import OrderStatus
from tests.fakes.determined import NOW
from tests.fakes.posted import a_call, a_principal
from tests.fakes.samples import ORDER, THEM, US
from tests.unit.orders.test_domain_actions import Desk, look_at_all, look_at_one, resend_one

every_action = pytest.mark.parametrize("act", [look_at_all, look_at_one, resend_one])


@pytest.fixture
def desk():
    return Desk()


def made(desk):
    """How many looks were made and mails sent."""
    return len(desk.perspectives.asked), desk.mails()


def published_meanwhile(desk):
    desk.publish("example.org")
    desk.check(["example.org"])


LATER = {
    "at once": lambda desk: None,
    "within 30 seconds": lambda desk: desk.clock.advance(seconds=10),
    "after them": lambda desk: desk.clock.advance(minutes=1),
    "once the name is proven": published_meanwhile,
    "once the order is issued": lambda desk: desk.change(status=OrderStatus.ISSUED, issued_at=NOW),
    "once it is cancelled": lambda desk: desk.change(status=OrderStatus.CANCELLED),
}


@every_action
@pytest.mark.parametrize("happens", LATER.values(), ids=LATER.keys())
def test_the_same_key_again_is_answered_and_does_nothing(desk, act, happens):
    act(desk, key="key-1")
    happens(desk)
    before, tables = made(desk), repr(desk.tables)
    act(desk, key="key-1")
    assert (made(desk), repr(desk.tables)) == (before, tables)


@every_action
def test_without_a_key_or_with_another_one_it_is_asked_for_anew(desk, act):
    act(desk, key="key-1")
    for key in (None, "key-2"):
        with pytest.raises(TooSoon):
            act(desk, key=key)
        desk.clock.advance(minutes=1)
        before = made(desk)
        act(desk, key=key)
        assert made(desk) != before


@every_action
def test_a_refusal_binds_no_key(desk, act):
    act(desk)
    with pytest.raises(TooSoon):
        act(desk, key="key-1")
    desk.clock.advance(minutes=1)
    before = made(desk)
    act(desk, key="key-1")
    assert made(desk) != before


def repeat_body(desk, body):
    """A look and a mail have no fields; whatever a later version takes, its key is bound to it."""
    principal, look = a_principal(), "/v1/orders/ord_1/domains/check"
    mail = "/v1/orders/ord_1/domains/example.org/resend"
    yield lambda: desk.world.request_check(principal, a_call(body, "key-1", look), ORDER)
    yield lambda: desk.world.resend(principal, a_call(body, "key-1", mail), ORDER, "example.org")


def test_the_same_key_with_another_body_is_refused(desk):
    for first, other in zip(repeat_body(desk, {}), repeat_body(desk, {"a": 1}), strict=True):
        first()
        with pytest.raises(IdempotencyKeyReused):
            other()


@every_action
def test_the_key_of_another_reseller_or_path_is_another_key(desk, act):
    act(desk, key="key-1")
    assert {guard[0] for guard in desk.tables.call_guards} == {US}
    with pytest.raises(Exception, match="no such order"):
        act(desk, key="key-1", reseller_id=THEM)
    desk.clock.advance(minutes=1)
    before = made(desk)
    desk.look("example.net", key="key-1")
    desk.resend("mail.example.com", key="key-1")
    assert made(desk) == (before[0] + 1, before[1] + 1)


# ---- two at once, and runs that die


class Meanwhile:
    """The functions that look and mail, and what happens before they answer."""

    def __init__(self, world, happens):
        self._world, self._happens = world, happens

    def check(self, *question):
        self._world.check(*question)
        self._happens()

    def ask_again(self, *question):
        self._world.ask_again(*question)
        self._happens()


def at_once(desk, happens):
    """The use cases, with another request while theirs is under way."""
    world = desk.world
    other = Meanwhile(world, happens)
    return {
        look_at_all: lambda call: replace(world.request_check, checking=other)(a_principal(), call, ORDER),
        look_at_one: lambda call: replace(world.request_check, checking=other)(
            a_principal(), call, ORDER, "example.org"
        ),
        resend_one: lambda call: replace(world.resend, asking=other)(
            a_principal(), call, ORDER, "example.org"
        ),
    }


PATHS = {
    look_at_all: f"/v1/orders/{ORDER}/domains/check",
    look_at_one: f"/v1/orders/{ORDER}/domains/example.org/check",
    resend_one: f"/v1/orders/{ORDER}/domains/example.org/resend",
}


def bound_by_another(desk, act):
    """The same request ends first; what it did before is behind it."""
    desk.clock.advance(minutes=1)
    act(desk, key="key-1")


@every_action
@pytest.mark.parametrize(("body", "refused"), [({}, False), ({"a": 1}, True)], ids=["same", "another"])
def test_of_two_that_end_at_once_the_first_binds_the_key(desk, act, body, refused):
    ask = at_once(desk, lambda: bound_by_another(desk, act))[act]
    call = a_call(body, "key-1", PATHS[act])
    if refused:
        with pytest.raises(IdempotencyKeyReused):
            ask(call)
    else:
        ask(call)
    assert len(desk.tables.call_guards) == 1


class Behind:
    """Keys that are looked for a moment too early: the first time nothing is found."""

    def __init__(self, guards):
        self._guards, self._early = guards, True

    def find(self, *key):
        early, self._early = self._early, False
        return None if early else self._guards.find(*key)


@every_action
def test_what_the_first_of_two_has_just_done_is_no_refusal_of_the_second(desk, act):
    act(desk, key="key-1")
    behind = Behind(desk.world.stores.call_guards)
    desk.world.request_check = replace(desk.world.request_check, guards=behind)
    desk.world.resend = replace(desk.world.resend, guards=behind)
    before = made(desk)
    act(desk, key="key-1")
    assert made(desk) == before


def out():
    raise TryAgain("The process ended here.")


@every_action
def test_what_did_not_come_to_its_end_is_taken_up_by_the_same_key(desk, act):
    with pytest.raises(TryAgain):
        at_once(desk, out)[act](a_call(key="key-1", path=PATHS[act]))
    assert desk.tables.call_guards == {}
    desk.clock.advance(minutes=1)
    act(desk, key="key-1")
    assert len(desk.tables.call_guards) == 1


# ---- an order with reissues under way is looked at by them


REISSUES = [f"{ORDER}-rei_1", f"{ORDER}-rei_2"]


@pytest.fixture
def reissuing(desk):
    """An issued order with two reissues under way, which have its names."""
    head = desk.world.head()
    desk.change(status=OrderStatus.ISSUED, issued_at=NOW, open_reissue="rei_1", passing_reissues=("rei_2",))
    for each in REISSUES:
        desk.tables.heads[US, each] = replace(head, order_id=each)
        desk.tables.contents[US, each, head.revision] = desk.tables.contents[US, ORDER, head.revision]
    return desk


def noted(desk):
    return {order_id for (_, order_id, _), at in desk.tables.checks.items() if at == desk.clock.now()}


def test_a_check_is_one_of_every_reissue_under_way_and_its_key_is_bound_once(reissuing):
    reissuing.look(key="key-1")
    assert noted(reissuing) == {*REISSUES}
    assert len(reissuing.tables.call_guards) == 1
    reissuing.look(key="key-1")


def test_it_is_made_where_it_may_be_and_refused_where_it_may_be_nowhere(reissuing):
    reissuing.tables.checks[US, REISSUES[0], None] = reissuing.clock.now()
    reissuing.clock.advance(seconds=10)
    reissuing.look(key="key-1")
    assert noted(reissuing) == {REISSUES[1]}
    with pytest.raises(TooSoon):
        reissuing.look(key="key-2")
    assert len(reissuing.tables.call_guards) == 1


def test_a_check_of_one_name_is_one_of_the_first_reissue_that_has_it(reissuing):
    reissuing.look("example.org", key="key-1")
    assert noted(reissuing) == {REISSUES[0]}

"""Between the order and its machine: no wake-up is lost, whatever comes first; older attempts do nothing."""

from dataclasses import replace
from datetime import timedelta

import pytest

from partner_center.issuance.preflight import Outcome
from partner_center.kernel.errors import NotFound, StateConflict, TooSoon, TryAgain
from partner_center.orders.content import ChosenMethod, Method, content_to_json
from partner_center.orders.fulfil import WaitStep, Woken, released_head
from partner_center.orders.order import OrderStatus
from partner_center.orders.ports import load
from partner_center.validation.challenges import Decision
from partner_center.validation.control_methods import control_name
from partner_center.validation.dns import RecordType
from tests.fakes.determined import NOW
from tests.fakes.posted import a_call, a_principal
from tests.fakes.samples import (
    ORDER,
    THEM,
    US,
    a_challenge,
    a_content,
    a_contract,
    a_preflight,
    a_proof,
    an_audit,
    an_event,
)
from tests.fakes.world import World

DOMAINS, HELD_BACK = WaitStep.DOMAINS, WaitStep.HELD_BACK


@pytest.fixture
def world():
    world = World()
    world.stores.grant(a_contract(10))
    world.put("www.example.com", "example.com")
    return world


def await_domains(world, token="token-1", attempt=1, order_id=ORDER, reseller_id=US):  # noqa: S107
    world.await_domains(reseller_id, order_id, attempt, token)


def await_release(world, token="token-1", attempt=1, order_id=ORDER, reseller_id=US):  # noqa: S107
    world.await_release(reseller_id, order_id, attempt, token)


def cancel(world):
    world.cancel_order(a_principal(), a_call(), ORDER, None)


def hold_back(world, number=1):
    order = load(world.stores.orders, US, ORDER)
    preflight = a_preflight(Outcome.HELD_BACK, preflight_id=f"pre_{number}")
    world.stores.claims.hold_back(
        order, preflight, "caa: forbidden", an_audit(world.ids), an_event(world.ids, "order.held_back")
    )


def check(world, order_id=ORDER, reseller_id=US):
    return world.request_check(a_principal(reseller_id), a_call(), order_id)


def take_over(world):
    """The reconciler starts a second attempt."""
    world.tables.heads[US, ORDER] = replace(world.head(), attempt=2, version=world.head().version + 1)


# ---- waiting for domains


def test_the_wait_asks_the_approvers_and_sleeps(world):
    await_domains(world)
    assert world.mail.asked[0].challenge.names == ("www.example.com", "example.com")
    assert world.stores.waits.token(US, ORDER, DOMAINS) == "token-1"
    assert world.machine.answers == {}


def test_an_answer_after_the_wait_was_armed_wakes_it(world):
    await_domains(world)
    world.approve()
    assert world.machine.answers == {}  # the click writes state and event; only the relay wakes
    world.relay()
    assert world.machine.answers == {"token-1": Woken.PROVEN}


def test_an_answer_before_the_wait_was_armed_is_seen_when_it_is(world):
    """Mailed by an earlier run whose token never arrived; approved and relayed meanwhile."""
    world.tables.before["arm"].append(_fail)
    with pytest.raises(TryAgain):
        await_domains(world, "token-1")
    world.approve()
    world.relay()
    assert world.machine.answers == {}
    await_domains(world, "token-2")
    assert world.machine.answers == {"token-2": Woken.PROVEN}


def test_an_answer_between_mail_and_arming_is_seen_when_it_is_armed(world):
    def answered():
        world.approve()
        world.relay()

    world.tables.before["arm"].append(answered)
    await_domains(world)
    assert world.machine.answers == {"token-1": Woken.PROVEN}


def test_an_answer_between_arming_and_reading_again_is_seen_twice_and_harmless(world):
    def answered():
        world.approve()
        world.relay()

    world.tables.after["arm"].append(answered)
    await_domains(world)
    assert world.machine.answers == {"token-1": Woken.PROVEN}


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_cancellation_at_any_moment_of_arming_ends_the_wait(world, when):
    def cancelled():
        cancel(world)
        world.relay()

    getattr(world.tables, when)["arm"].append(cancelled)
    await_domains(world)
    assert world.machine.answers == {"token-1": Woken.OVER}


def test_a_cancellation_later_ends_the_wait(world):
    await_domains(world)
    cancel(world)
    world.relay()
    assert world.machine.answers == {"token-1": Woken.OVER}


def test_a_retried_wait_overwrites_the_token_and_mails_nothing(world):
    await_domains(world, "token-1")
    await_domains(world, "token-2")
    assert len(world.mail.asked) == 1
    world.approve()
    world.relay()
    assert world.machine.answers == {"token-2": Woken.PROVEN}


def test_a_wait_that_its_own_retry_overtook_while_it_mailed_leaves_the_retrys_token(world, monkeypatch):
    """The machine lost the connection to the first run, and repeats the step with another token."""
    ask = world.mail.ask

    def overtaken(request):
        monkeypatch.setattr(world.mail, "ask", ask)
        world.machine.dead.add("token-1")
        await_domains(world, "token-2")
        ask(request)

    monkeypatch.setattr(world.mail, "ask", overtaken)
    await_domains(world, "token-1")
    world.approve()
    world.relay()
    assert world.machine.answers == {"token-2": Woken.PROVEN}


def test_one_of_two_approvals_does_not_wake(world):
    content = world.stores.orders.content(US, ORDER, 1)
    other = ChosenMethod(method=Method.EMAIL, approver_email="admin@example.org")
    methods = {"www.example.com": content.methods["www.example.com"], "example.org": other}
    of_two = replace(content, names=("www.example.com", "example.org"), methods=methods)
    world.tables.contents[US, ORDER, 1] = content_to_json(of_two)
    await_domains(world)
    world.approve(0)
    world.relay()
    assert world.machine.answers == {}
    world.approve(1)
    world.relay()
    assert world.machine.answers == {"token-1": Woken.PROVEN}


def test_a_declined_name_wakes_nobody(world):
    await_domains(world)
    world.approve(decision=Decision.DECLINE)
    world.relay()
    assert world.machine.answers == {}
    assert "domain.declined" in world.bus.types


@pytest.mark.parametrize("wait", [await_domains, await_release], ids=["domains", "release"])
def test_an_older_attempt_does_nothing_but_end(world, wait):
    take_over(world)
    wait(world, "old", attempt=1)
    assert world.machine.answers == {"old": Woken.OVER}
    assert world.mail.asked == []
    assert world.tables.waits == {}


@pytest.mark.parametrize(("wait", "step"), [(await_domains, DOMAINS), (await_release, HELD_BACK)])
def test_an_older_attempt_does_not_take_the_newer_ones_place(world, wait, step):
    hold_back(world)
    take_over(world)
    wait(world, "new", attempt=2)
    wait(world, "old", attempt=1)
    assert world.stores.waits.token(US, ORDER, step) == "new"
    assert world.machine.answers == {"old": Woken.OVER}


def test_an_attempt_that_was_overtaken_while_it_mailed_does_not_take_the_newer_ones_place(world, monkeypatch):
    ask = world.mail.ask

    def overtaken(request):
        ask(request)
        take_over(world)
        world.stores.waits.arm(US, ORDER, DOMAINS, "new", 2)

    monkeypatch.setattr(world.mail, "ask", overtaken)
    await_domains(world, "old", attempt=1)
    assert world.stores.waits.token(US, ORDER, DOMAINS) == "new"
    assert world.machine.answers == {"old": Woken.OVER}


@pytest.mark.parametrize("wait", [await_domains, await_release], ids=["domains", "release"])
@pytest.mark.parametrize(
    ("reseller_id", "order_id"), [(US, "ord_2"), (THEM, ORDER)], ids=["unknown", "foreign"]
)
def test_an_order_that_is_not_there_ends_the_wait(world, wait, reseller_id, order_id):
    wait(world, order_id=order_id, reseller_id=reseller_id)
    assert world.machine.answers == {"token-1": Woken.OVER}
    assert world.mail.asked == []


@pytest.mark.parametrize("wait", [await_domains, await_release], ids=["domains", "release"])
@pytest.mark.parametrize("status", [status for status in OrderStatus if status is not OrderStatus.PENDING])
def test_an_order_that_is_over_ends_the_wait(world, wait, status):
    world.tables.heads[US, ORDER] = replace(world.head(), status=status)
    wait(world)
    assert world.machine.answers == {"token-1": Woken.OVER}
    assert world.mail.asked == []


def test_a_new_round_asks_anew_when_the_old_proof_has_gone(world):
    await_domains(world, "token-1")
    world.approve()
    order = load(world.stores.orders, US, ORDER)
    world.tables.proofs.clear()
    world.stores.claims.prove_again(order, a_preflight(Outcome.PROVE_AGAIN), an_audit(world.ids))
    await_domains(world, "token-2")
    world.relay()
    assert world.machine.answers == {}
    assert len(set(world.mail.tokens)) == 2
    world.approve()
    world.relay()
    assert world.machine.answers == {"token-2": Woken.PROVEN}


# ---- waiting for a release


def test_a_held_back_order_sleeps_until_somebody_asks_for_a_check(world):
    hold_back(world)
    await_release(world)
    assert world.machine.answers == {}
    check(world)
    world.relay()
    assert world.machine.answers == {"token-1": Woken.RELEASED}
    assert world.head().held_back is None


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_check_at_any_moment_of_arming_is_not_lost(world, when):
    def asked():
        check(world)
        world.relay()

    hold_back(world)
    getattr(world.tables, when)["arm"].append(asked)
    await_release(world)
    assert world.machine.answers == {"token-1": Woken.RELEASED}


def test_a_check_before_the_wait_is_not_lost(world):
    hold_back(world)
    check(world)
    world.relay()
    await_release(world)
    assert world.machine.answers == {"token-1": Woken.RELEASED}


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_cancellation_while_held_back_ends_the_wait(world, when):
    def cancelled():
        cancel(world)
        world.relay()

    hold_back(world)
    getattr(world.tables, when)["arm"].append(cancelled)
    await_release(world)
    assert world.machine.answers == {"token-1": Woken.OVER}


# ---- a name that is asked anew, since CAA refused its proofs

BY_TXT = ChosenMethod(method=Method.DNS_TXT)
REFUSED = {
    "found_at": "example.com",
    "judged": ["3.2.2.4.4"],
    "permitted": ["3.2.2.4.7"],
}


@pytest.fixture
def refused(world):
    """Proven by mail, which CAA refused; the record that it permits is chosen, and asked for."""
    await_domains(world, "token-0")
    world.approve()
    world.relay()
    world.machine.answers.clear()
    content = world.stores.orders.content(US, ORDER, 1)
    chosen = replace(content, methods=dict.fromkeys(content.names, BY_TXT))
    world.tables.contents[US, ORDER, 1] = content_to_json(chosen)
    refuse(world)
    return world


def refuse(world, number=1):
    """A preflight finds the mail refused and the record permitted."""
    caa = tuple(REFUSED | {"name": name} for name in ("www.example.com", "example.com"))
    found = a_preflight(Outcome.PROVE_AGAIN, preflight_id=f"pre_{number}", at=world.clock.moment, caa=caa)
    world.stores.claims.ask_as_chosen(load(world.stores.orders, US, ORDER), found, an_audit(world.ids))


def publish(world):
    """The record appears, and is looked at."""
    (challenge,) = [each for each in world.challenges() if each.method == "dns_txt"]
    name = control_name(challenge.authorization_domain)
    world.perspectives.world.records[name, RecordType.TXT] = (challenge.value.encode(),)
    world.check_control(US, ORDER, "request-3")


def test_it_is_asked_once_and_waited_for(refused):
    await_domains(refused)
    await_domains(refused, "token-2")
    assert [[each.method for each in told] for told in refused.mail.instructed] == [["dns_txt"]]
    refused.relay()
    assert refused.machine.answers == {}


@pytest.mark.parametrize("when", ["before", "after"])
def test_its_proof_wakes_at_any_moment_of_arming(refused, when):
    def proven():
        publish(refused)
        refused.relay()

    getattr(refused.tables, when)["arm"].append(proven)
    await_domains(refused)
    assert refused.machine.answers["token-1"] is Woken.PROVEN


@pytest.mark.parametrize("when", ["before", "after", "waiting", "earlier"])
def test_a_check_wakes_at_any_moment_too_since_caa_may_permit_the_mail_by_now(refused, when):
    def asked():
        refused.clock.advance(seconds=60)
        check(refused)
        refused.relay()

    if when in {"before", "after"}:
        getattr(refused.tables, when)["arm"].append(asked)
    if when == "earlier":
        asked()
    await_domains(refused)
    if when == "waiting":
        asked()
    assert refused.machine.answers["token-1"] is Woken.PROVEN


def test_a_check_wakes_once_and_what_is_asked_stays_asked(refused):
    await_domains(refused)
    refused.clock.advance(seconds=60)
    check(refused)
    refused.relay()
    refuse(refused, 2)
    await_domains(refused, "token-2")
    refused.relay()
    assert refused.machine.answers == {"token-1": Woken.PROVEN}
    assert len(refused.mail.instructed) == 1
    publish(refused)
    refused.relay()
    assert refused.machine.answers == {"token-1": Woken.PROVEN, "token-2": Woken.PROVEN}


@pytest.mark.parametrize(
    "preflights", [timedelta(minutes=10), timedelta(minutes=-10)], ids=["ahead", "behind"]
)
def test_what_a_check_answers_does_not_depend_on_whose_clock_is_ahead(refused, preflights):
    def refuse_by_its_clock(number):
        refused.clock.moment += preflights
        refuse(refused, number)
        refused.clock.moment -= preflights

    refuse_by_its_clock(2)
    await_domains(refused)
    refused.clock.advance(minutes=5)
    check(refused)
    refused.relay()
    assert refused.machine.answers == {"token-1": Woken.PROVEN}
    refuse_by_its_clock(3)
    await_domains(refused, "token-2")
    assert refused.machine.answers == {"token-1": Woken.PROVEN}


def test_a_check_before_anything_was_refused_answers_no_refusal(refused):
    """It was asked for by a clock that is ahead of the preflight's."""
    ahead = released_head(replace(refused.head(), caa_refusal=None), NOW + timedelta(minutes=10))
    refused.tables.heads[US, ORDER] = ahead
    refuse(refused, 2)
    await_domains(refused)
    assert refused.machine.answers == {}


def test_a_check_of_one_name_is_no_reason_to_look_at_caa(refused):
    await_domains(refused)
    refused.clock.advance(seconds=60)
    refused.request_check(a_principal(), a_call(), ORDER, "www.example.com")
    refused.relay()
    assert refused.machine.answers == {}


def test_who_goes_back_to_the_proof_that_there_is_wakes_the_order(refused):
    """Another choice is an amendment; it is screened, and then nothing is asked."""
    await_domains(refused)
    content = refused.stores.orders.content(US, ORDER, 1)
    mail = ChosenMethod(method=Method.EMAIL, approver_email="admin@example.com")
    back = replace(content, methods=dict.fromkeys(content.names, mail))
    refused.tables.contents[US, ORDER, 1] = content_to_json(back)
    await_domains(refused, "token-2")
    assert refused.machine.answers == {"token-2": Woken.PROVEN}


# ---- a name that another order of the customer proved


def moved(world):
    """All that a check could set in motion; that it was asked for is noted beside it."""
    return repr(replace(world.tables, checks={}))


def test_a_check_wakes_an_order_whose_last_name_another_order_proved(world):
    """Its own approver was never heard of, and no event of its own tells of the proof."""
    await_domains(world)
    world.relay()
    proof = a_proof(a_challenge("example.com"), order_id="ord_0")
    world.tables.proofs[US, proof.subscriber, "example.com", proof.proof_id] = proof
    check(world)
    world.relay()
    assert world.machine.answers == {"token-1": Woken.PROVEN}


def test_a_check_leaves_an_order_alone_that_has_just_proved_itself(world):
    """Its own event is on the way, and a preflight may be under way already."""
    await_domains(world)
    world.approve()
    world.clock.advance(minutes=9)
    before = moved(world)
    check(world)
    assert moved(world) == before


def test_a_check_wakes_an_order_of_whose_own_proof_nothing_was_heard(world):
    """The event was set aside, or the stream is hours late: it says that it goes on at once after a check."""
    await_domains(world)
    world.relay()
    world.approve()
    unheard = set(world.tables.events)
    world.clock.advance(minutes=10)
    steps = world.reading.order(US, ORDER)["authentication"]["steps"]
    (told,) = (each["next_action"] for each in steps if each["step"] == "issuance")
    assert "at once after a check" in told
    check(world)
    for event in list(world.tables.events.values()):
        if event.event_id not in unheard:
            world.relay_event(event)
    assert world.machine.answers == {"token-1": Woken.PROVEN}


def test_checks_without_end_do_not_move_it_without_end(world):
    """Each would put off when it is looked at by itself."""
    await_domains(world)
    world.approve()
    world.clock.advance(hours=1)
    check(world)
    before = moved(world)
    world.clock.advance(hours=1)
    check(world)
    assert moved(world) == before


def test_a_check_does_not_move_an_order_that_is_being_signed(world):
    proof = a_proof(a_challenge("example.com"), order_id="ord_0")
    world.tables.proofs[US, proof.subscriber, "example.com", proof.proof_id] = proof
    world.tables.heads[US, ORDER] = replace(world.head(), signing=True)
    before = moved(world)
    check(world)
    assert moved(world) == before


# ---- an explicit no


def test_a_no_holds_the_order_though_the_parents_approver_says_yes(world):
    shop, parent = "shop.example.com", "example.com"
    methods = {
        name: ChosenMethod(method=Method.EMAIL, approver_email=f"admin@{name}") for name in (parent, shop)
    }
    content = content_to_json(a_content(parent, shop, methods=methods))
    world.tables.contents[US, ORDER, 1] = content
    await_domains(world)
    asked = [request.challenge.approver_email for request in world.mail.asked]
    world.approve(asked.index(f"admin@{shop}"), Decision.DECLINE)
    world.approve(asked.index(f"admin@{parent}"))
    world.relay()
    check(world)
    world.relay()
    assert world.machine.answers == {}
    read = world.reading.domains(US, ORDER, {})["items"]
    assert {each["name"]: each["status"] for each in read} == {parent: "valid", shop: "declined"}
    await_domains(world, "token-2")
    assert world.machine.answers == {}
    assert len(world.mail.asked) == 2


def test_a_no_to_the_second_order_holds_it_though_the_first_has_its_yes(world):
    world.put("www.example.com", order_id="ord_2")
    await_domains(world)
    await_domains(world, "token-2", order_id="ord_2")
    world.approve(0)
    world.approve(1, Decision.DECLINE)
    world.relay()
    world.clock.advance(minutes=1)
    check(world, order_id="ord_2")
    world.relay()
    assert world.machine.answers == {"token-1": Woken.PROVEN}


# ---- asking for a check


def test_a_check_of_an_order_that_nothing_holds_back_changes_nothing(world):
    before = repr(world.tables)
    check(world)
    assert world.tables.checks.pop((US, ORDER, None)) == world.clock.now()
    assert repr(world.tables) == before


@pytest.mark.parametrize(("reseller_id", "order_id"), [(US, "ord_2"), (THEM, ORDER)])
def test_a_foreign_order_is_checked_like_an_unknown_one(world, reseller_id, order_id):
    hold_back(world)
    with pytest.raises(NotFound):
        check(world, order_id, reseller_id)
    assert world.head().held_back is not None


@pytest.mark.parametrize("status", [status for status in OrderStatus if status is not OrderStatus.PENDING])
def test_a_closed_order_is_not_checked(world, status):
    world.tables.heads[US, ORDER] = replace(world.head(), status=status)
    with pytest.raises(StateConflict) as refused:
        check(world)
    assert (refused.value.code, refused.value.order_id) == ("order_closed", ORDER)


def test_two_checks_at_once_release_once(world):
    hold_back(world)
    world.tables.before["release"].append(lambda: check(world))
    with pytest.raises(TooSoon):
        check(world)
    assert world.stores.events(US, ORDER) == ["order.placed", "order.held_back", "order.check_requested"]


@pytest.mark.parametrize(
    ("later", "left"), [(0, 30), (0.5, 30), (1, 29), (29.999_999, 1), (30, None), (3600, None)]
)
def test_a_check_is_made_every_thirty_seconds_at_most(world, later, left):
    hold_back(world)
    check(world)
    hold_back(world, 2)
    world.clock.advance(seconds=later)
    before = repr(world.tables)
    if left is None:
        check(world)
        assert world.head().held_back is None
    else:
        with pytest.raises(TooSoon) as refused:
            check(world)
        assert refused.value.retry_after == left
        assert repr(world.tables) == before


# ---- relaying


def test_a_placed_order_starts_its_machine_under_its_own_name(world):
    world.relay()
    assert world.machine.executions == [f"{ORDER}-g1-a1"]
    assert world.bus.types == ["order.placed"]


@pytest.mark.parametrize(
    ("data", "name"),
    [({"generation": 2, "attempt": 3}, "g2-a3"), ({"generation": None, "attempt": None}, "g1-a1")],
    ids=["as told", "as of old"],
)
def test_an_execution_is_named_after_generation_and_attempt(world, data, name):
    world.relay_event(
        replace(an_event(world.ids, "order.placed"), data={"reseller_id": US, "order_id": ORDER} | data)
    )
    assert world.machine.executions == [f"{ORDER}-{name}"]


def test_every_event_may_come_again_and_changes_nothing(world):
    await_domains(world)
    world.approve()
    cancel(world)
    events = list(world.tables.events.values())
    for event in [*events, *events[::-1], *events]:
        world.relay_event(event)
    assert world.machine.executions == [f"{ORDER}-g1-a1"]
    assert set(world.machine.answers) == {"token-1"}


def test_a_late_approval_of_a_closed_order_ends_the_wait_and_proves_nothing(world):
    await_domains(world)
    world.approve()
    cancel(world)
    approved = next(event for event in world.tables.events.values() if event.type == "domain.approved")
    world.relay_event(approved)
    assert world.machine.answers == {"token-1": Woken.OVER}


def test_an_event_of_an_order_that_is_gone_is_published_and_wakes_nobody(world):
    world.relay_event(an_event(world.ids, "domain.approved", "ord_gone"))
    assert world.machine.answers == {}
    assert world.bus.types == ["domain.approved"]


@pytest.mark.parametrize("type_", ["order.cancelled", "order.rejected"])
def test_a_closed_order_wakes_every_wait(world, type_):
    world.stores.waits.arm(US, ORDER, DOMAINS, "token-d", 1)
    world.stores.waits.arm(US, ORDER, HELD_BACK, "token-h", 1)
    world.relay_event(an_event(world.ids, type_))
    assert world.machine.answers == {"token-d": Woken.OVER, "token-h": Woken.OVER}


@pytest.mark.parametrize("type_", ["domain.declined", "order.issued", "something.new"])
def test_other_events_are_published_and_wake_nobody(world, type_):
    world.stores.waits.arm(US, ORDER, DOMAINS, "token-d", 1)
    world.relay_event(an_event(world.ids, type_))
    assert world.machine.answers == {}
    assert world.bus.types == [type_]


def test_an_outage_of_the_machine_does_not_keep_the_bus_waiting(world):
    """The record is delivered again, and published again with it, which whoever listens may be told twice."""
    await_domains(world)
    world.approve()
    approved = next(event for event in world.tables.events.values() if event.type == "domain.approved")
    awake, world.machine.wake = world.machine.wake, lambda token, word: _fail()
    with pytest.raises(TryAgain):
        world.relay_event(approved)
    assert world.bus.types == ["domain.approved"]
    world.machine.wake = awake
    world.relay_event(approved)
    assert world.machine.answers == {"token-1": Woken.PROVEN}
    assert world.bus.types == ["domain.approved"] * 2


def test_what_is_out_of_order_in_the_event_does_not_keep_the_bus_waiting_either(world):
    data = {"reseller_id": US, "order_id": ORDER, "generation": "second", "attempt": 1}
    with pytest.raises(ValueError, match="second"):
        world.relay_event(replace(an_event(world.ids, "order.placed"), data=data))
    assert world.bus.types == ["order.placed"]


def test_a_bus_that_is_out_does_not_keep_the_machine_waiting(world):
    placed = next(iter(world.tables.events.values()))
    well, world.bus.publish = world.bus.publish, lambda event: _fail()
    with pytest.raises(TryAgain):
        world.relay_event(placed)
    assert world.machine.executions == [f"{ORDER}-g1-a1"]
    world.bus.publish = well
    world.relay_event(placed)
    assert world.machine.executions == [f"{ORDER}-g1-a1"]
    assert world.bus.types == ["order.placed"]


def test_a_whole_order_from_placing_to_the_last_proof(world):
    world.relay()
    await_domains(world)
    world.clock.advance(days=3)
    world.approve()
    world.relay()
    assert world.machine.answers == {"token-1": Woken.PROVEN}
    assert world.bus.types == ["order.placed", "domain.approved"]
    assert world.clock.moment > NOW


def _fail():
    raise TryAgain("The service is out.")

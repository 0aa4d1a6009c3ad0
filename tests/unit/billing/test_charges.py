"""Which step the money of an order takes next: every state of the order against every state of its charge."""

from dataclasses import replace
from datetime import timedelta

import pytest

from partner_center.billing.charges import (
    FIRST_PAUSE,
    LONGEST_PAUSE,
    LONGEST_SERIES,
    Next,
    Step,
    holds,
    next_step,
    next_try,
    payment_verdict,
)
from partner_center.billing.payments import ChargeStatus, PaymentStatus
from partner_center.kernel.clock import CLOCKS_DIFFER
from partner_center.kernel.money import Money
from partner_center.orders.order import OrderStatus
from tests.fakes.contract_charges import a_card_head, a_charge
from tests.fakes.determined import MICROSECOND, NOW
from tests.fakes.samples import a_head

WEEK = timedelta(days=7)
VISA = timedelta(days=4, hours=18)
"""How long it gives a payment whose holder is absent."""
PENDING = a_card_head(payment_attempt=1)
ISSUED = replace(PENDING, status=OrderStatus.ISSUED, payment=PaymentStatus.AUTHORISED, settle_at=NOW)
CANCELLED = replace(PENDING, status=OrderStatus.CANCELLED, settle_at=NOW)
REJECTED = replace(CANCELLED, status=OrderStatus.REJECTED)
REVOKED = replace(ISSUED, status=OrderStatus.REVOKED, payment=PaymentStatus.REFUND_PENDING)
REVOKED_LATE = replace(ISSUED, status=OrderStatus.REVOKED)

LIVE_UNTIL = {"authorised_at": NOW, "capture_before": NOW + WEEK}


def charge(status, number=1, **changes):
    lasting = LIVE_UNTIL if status is ChargeStatus.AUTHORISED else {}
    return a_charge(PENDING, payment_attempt=number, status=status, **{**lasting, **changes})


def step(head, *charges, moment=NOW):
    found = next_step(head, charges, moment)
    return found.step, found.charge.payment_attempt if found.charge else None


PREPARED = charge(ChargeStatus.PREPARED)
AUTHORISED = charge(ChargeStatus.AUTHORISED)
DECLINED = charge(ChargeStatus.DECLINED)
CAPTURED = charge(ChargeStatus.CAPTURED)
VOIDED = charge(ChargeStatus.VOIDED)
BEGUN = charge(ChargeStatus.REFUND_PENDING)
REFUNDED = charge(ChargeStatus.REFUNDED)

# ---- before signing


@pytest.mark.parametrize(
    ("payment", "charges", "expected"),
    [
        pytest.param("none", [], (Step.PREPARE, None), id="a card is asked, once"),
        pytest.param("none", [PREPARED], (Step.AUTHORISE, 1), id="what was prepared is asked for"),
        pytest.param("authorised", [AUTHORISED], (Step.NOTHING, None), id="what is there is enough"),
        pytest.param("declined", [DECLINED], (Step.NOTHING, None), id="no card is asked twice unbidden"),
        pytest.param("none", [DECLINED], (Step.PREPARE, None), id="updated payment: another attempt"),
        pytest.param("none", [VOIDED], (Step.PREPARE, None), id="let go or run out: another attempt"),
        pytest.param("captured", [CAPTURED], (Step.NOTHING, None), id="nobody pays twice"),
        pytest.param(
            "captured",
            [replace(CAPTURED, amount=Money.of("99.00"))],
            (Step.ASK_STAFF, None),
            id="nor the rest of another amount",
        ),
        pytest.param(
            "none",
            [DECLINED, charge(ChargeStatus.PREPARED, 2)],
            (Step.AUTHORISE, 2),
            id="the attempt that is live counts",
        ),
    ],
)
def test_towards_signing(payment, charges, expected):
    assert step(replace(PENDING, payment=PaymentStatus(payment)), *charges) == expected


@pytest.mark.parametrize("change", [{"net": Money.of("99.00")}, {"card_id": "card_2"}], ids=str)
@pytest.mark.parametrize(
    ("charges", "expected"),
    [
        ([PREPARED], (Step.CANCEL, 1)),
        ([AUTHORISED], (Step.CANCEL, 1)),
        ([VOIDED], (Step.PREPARE, None)),
        ([DECLINED], (Step.PREPARE, None)),
    ],
    ids=["prepared", "authorised", "voided", "declined"],
)
def test_what_no_longer_fits_the_order_is_let_go_and_asked_for_anew(change, charges, expected):
    changed = replace(PENDING, payment=PaymentStatus.DECLINED, **change)
    assert step(changed, *charges) == expected


def test_an_authorisation_is_renewed_before_what_is_left_is_too_little():
    held, earlier = replace(PENDING, payment=PaymentStatus.AUTHORISED), CLOCKS_DIFFER + MICROSECOND
    assert step(held, AUTHORISED, moment=NOW + WEEK / 2 - earlier) == (Step.NOTHING, None)
    for later in (WEEK / 2, WEEK, 5 * WEEK):
        assert step(held, AUTHORISED, moment=NOW + later) == (Step.CANCEL, 1)


@pytest.mark.parametrize("charges", [[], [PREPARED], [AUTHORISED], [VOIDED]], ids=str)
def test_what_costs_nothing_asks_no_card(charges):
    free = replace(PENDING, net=Money.of("0"))
    live = charges and charges[0].status in {ChargeStatus.PREPARED, ChargeStatus.AUTHORISED}
    assert step(free, *charges) == ((Step.CANCEL, 1) if live else (Step.NOTHING, None))


@pytest.mark.parametrize("charges", [[], [PREPARED], [AUTHORISED], [VOIDED]], ids=str)
def test_while_a_certificate_is_signed_its_money_stays_where_it_is(charges):
    signing = replace(PENDING, signing=True, payment=PaymentStatus.AUTHORISED)
    assert step(signing, *charges, moment=NOW + WEEK) == (Step.NOTHING, None)


# ---- after the issue


@pytest.mark.parametrize("issued", [ISSUED, REVOKED_LATE], ids=["issued", "revoked too late for a refund"])
@pytest.mark.parametrize(
    ("payment", "charges", "expected"),
    [
        pytest.param("authorised", [AUTHORISED], (Step.CAPTURE, 1), id="what was authorised is taken"),
        pytest.param("captured", [CAPTURED], (Step.NOTHING, None), id="what was taken is not taken again"),
        pytest.param("none", [VOIDED], (Step.PREPARE, None), id="what ran out is asked for anew"),
        pytest.param("none", [PREPARED], (Step.AUTHORISE, 1), id="and then authorised"),
        pytest.param("declined", [DECLINED], (Step.NOTHING, None), id="a declined card is for staff"),
        pytest.param("none", [DECLINED], (Step.PREPARE, None), id="staff updated the payment"),
        pytest.param(
            "none", [AUTHORISED], (Step.CANCEL, 1), id="staff want another attempt than the live one"
        ),
        pytest.param("refunded", [REFUNDED], (Step.LOOK_AGAIN, 1), id="what was given back may come back"),
    ],
)
def test_after_the_issue_the_price_is_taken_once(issued, payment, charges, expected):
    assert step(replace(issued, payment=PaymentStatus(payment)), *charges) == expected


def test_what_was_prepared_for_another_card_is_not_asked_for():
    assert step(replace(ISSUED, payment=PaymentStatus.NONE, card_id="card_2"), PREPARED) == (Step.CANCEL, 1)


FREE = replace(ISSUED, net=Money.of("0"))


@pytest.mark.parametrize(
    ("payment", "charges", "expected"),
    [
        ("none", [], (Step.NOTHING, None)),
        ("none", [VOIDED], (Step.NOTHING, None)),
        ("none", [PREPARED], (Step.CANCEL, 1)),
        ("authorised", [AUTHORISED], (Step.CANCEL, 1)),
    ],
    ids=["nothing", "let go", "prepared", "promised"],
)
def test_a_certificate_that_became_free_is_not_charged_and_its_promise_let_go(payment, charges, expected):
    assert step(replace(FREE, payment=PaymentStatus(payment)), *charges) == expected


def test_an_authorisation_however_old_is_tried_after_the_issue():
    assert step(ISSUED, AUTHORISED, moment=NOW + 2 * WEEK) == (Step.CAPTURE, 1)


# ---- after another end


@pytest.mark.parametrize("over", [CANCELLED, REJECTED, REVOKED], ids=["cancelled", "rejected", "revoked"])
@pytest.mark.parametrize(
    ("charges", "expected"),
    [
        pytest.param([], (Step.RELEASE, None), id="nothing was asked for"),
        pytest.param([PREPARED], (Step.CANCEL, 1), id="what was prepared never asks"),
        pytest.param([AUTHORISED], (Step.CANCEL, 1), id="what is held is let go"),
        pytest.param([VOIDED], (Step.RELEASE, None), id="what was let go is known to be"),
        pytest.param([DECLINED], (Step.RELEASE, None), id="what was declined holds nothing"),
        pytest.param([CAPTURED], (Step.REFUND, 1), id="what was taken is given back"),
        pytest.param([BEGUN], (Step.LOOK, 1), id="a refund under way is looked after"),
        pytest.param([VOIDED, charge(ChargeStatus.CAPTURED, 2)], (Step.REFUND, 2), id="the one that took it"),
    ],
)
def test_after_any_other_end_nothing_stays_with_us(over, charges, expected):
    assert step(over, *charges) == expected


@pytest.mark.parametrize("payment", ["released", "refund_failed"])
@pytest.mark.parametrize("over", [CANCELLED, REVOKED], ids=["cancelled", "revoked"])
@pytest.mark.parametrize("charges", [[], [VOIDED], [CAPTURED], [REFUNDED]], ids=str)
def test_what_is_back_or_with_staff_is_left_alone(over, payment, charges):
    if (over, payment) == (REVOKED, "released"):
        over = replace(over, status=OrderStatus.CANCELLED)
    assert step(replace(over, payment=PaymentStatus(payment)), *charges) == (Step.NOTHING, None)


def test_what_is_still_promised_is_let_go_though_staff_have_it_in_hand():
    assert step(replace(REVOKED, payment=PaymentStatus.REFUND_FAILED), AUTHORISED) == (Step.CANCEL, 1)


@pytest.mark.parametrize("over", [CANCELLED, REJECTED, REVOKED], ids=["cancelled", "rejected", "revoked"])
@pytest.mark.parametrize(
    ("charges", "expected"),
    [
        pytest.param([], (Step.NOTHING, None), id="of no charge"),
        pytest.param([REFUNDED], (Step.LOOK_AGAIN, 1), id="it is looked at"),
        pytest.param(
            [VOIDED, charge(ChargeStatus.REFUNDED, 2)], (Step.LOOK_AGAIN, 2), id="the one that has it"
        ),
    ],
)
def test_what_was_given_back_may_come_back(over, charges, expected):
    assert step(replace(over, payment=PaymentStatus.REFUNDED), *charges) == expected


# ---- how long an authorisation is relied on


@pytest.mark.parametrize(
    ("life", "relied_upon"),
    [
        pytest.param(timedelta(days=2), timedelta(hours=12), id="very short: a quarter, or it never rests"),
        pytest.param(timedelta(days=4), timedelta(days=1), id="the shortest"),
        pytest.param(VISA, timedelta(hours=36), id="Visa: all but the attempts"),
        pytest.param(WEEK, WEEK / 2, id="a week: half"),
        pytest.param(4 * WEEK, 2 * WEEK, id="four weeks: half"),
    ],
)
def test_how_long_an_authorisation_is_relied_upon_follows_from_its_life(life, relied_upon):
    fresh = replace(AUTHORISED, capture_before=NOW + life)
    assert holds(fresh, NOW)
    assert holds(fresh, NOW + relied_upon - MICROSECOND)
    assert not holds(fresh, NOW + relied_upon)


@pytest.mark.parametrize("life", [VISA, WEEK, 4 * WEEK], ids=str)
def test_what_is_left_of_an_authorisation_outlasts_the_attempts_to_take_it(life):
    moment = NOW
    while holds(replace(AUTHORISED, capture_before=NOW + life), moment):
        moment += timedelta(hours=1)
    begun = moment - timedelta(hours=1)
    moment = begun
    while (later := next_try(begun, moment)) is not None:
        moment = later
    assert moment < NOW + life


def test_one_without_an_end_holds():
    assert holds(replace(AUTHORISED, capture_before=None), NOW + 9 * WEEK)


# ---- the preflight's question

HELD = replace(PENDING, payment=PaymentStatus.AUTHORISED)


@pytest.mark.parametrize(
    ("head", "latest", "passes"),
    [
        pytest.param(a_head(), None, True, id="units are held"),
        pytest.param(a_head(payment=PaymentStatus.RELEASED), None, False, id="units that came back"),
        pytest.param(replace(PENDING, net=Money.of("0")), None, True, id="nothing is owed"),
        pytest.param(PENDING, None, False, id="no card was asked"),
        pytest.param(PENDING, PREPARED, False, id="a card is being asked"),
        pytest.param(HELD, AUTHORISED, True, id="authorised"),
        pytest.param(HELD, CAPTURED, True, id="taken already"),
        pytest.param(HELD, VOIDED, False, id="let go"),
        pytest.param(HELD, None, False, id="no charge"),
        pytest.param(replace(HELD, payment=PaymentStatus.DECLINED), DECLINED, False, id="declined"),
        pytest.param(HELD, replace(AUTHORISED, amount=Money.of("148.99")), False, id="too little"),
        pytest.param(HELD, replace(AUTHORISED, amount=Money.of("149.01")), False, id="too much"),
        pytest.param(HELD, replace(AUTHORISED, amount=Money.of("149.00", "EUR")), False, id="other currency"),
        pytest.param(HELD, replace(AUTHORISED, card_id="card_2"), False, id="another card"),
        pytest.param(HELD, replace(AUTHORISED, capture_before=NOW), False, id="about to run out"),
    ],
)
def test_nothing_is_signed_that_nobody_pays(head, latest, passes):
    passed, detail = payment_verdict(head, latest, NOW)
    assert passed is passes
    assert detail


def test_what_passes_asks_for_no_further_step():
    """Else the order would go round between preflight and payment for ever."""
    assert payment_verdict(HELD, AUTHORISED, NOW)[0]
    assert next_step(HELD, [AUTHORISED], NOW) == Next(Step.NOTHING)


# ---- when it is tried again


def test_pauses_grow_and_end_after_three_days():
    moment, pauses = NOW, []
    while (later := next_try(NOW, moment)) is not None:
        pauses.append(later - moment)
        moment = later
    assert pauses[0] == FIRST_PAUSE
    assert pauses == sorted(pauses)
    assert pauses[-1] == LONGEST_PAUSE
    assert LONGEST_SERIES <= moment - NOW <= LONGEST_SERIES + LONGEST_PAUSE
    assert 15 <= len(pauses) <= 30

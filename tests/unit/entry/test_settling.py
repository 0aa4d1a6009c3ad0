"""The door of settlements: messages and what is due; trouble with one order keeps nobody else's money from moving."""

import json

import pytest

from partner_center.billing.settle import Settled
from partner_center.entry.settling import settling_handler
from partner_center.kernel.errors import TryAgain
from tests.fakes.receiver import Later


class Desk:
    """A use case that notes what it is asked, and does as the test says for each order."""

    def __init__(self, **outcomes):
        self.outcomes = outcomes
        self.asked = []
        self.due, self.off, self.later = [], [], Later()
        self.handler = settling_handler(lambda: self.settle, lambda: self, self.later.make)

    def __call__(self):
        return iter(self.due)

    def put_off(self, reseller_id, order_id):
        self.off.append((reseller_id, order_id))

    def settle(self, reseller_id, order_id, correlation_id):
        self.asked.append((reseller_id, order_id, correlation_id))
        outcome = self.outcomes.get(order_id, Settled.DONE)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def send(self, *messages):
        records = [
            {"messageId": str(number), "body": json.dumps(message)} for number, message in enumerate(messages)
        ]
        answer = self.handler({"Records": records}, None)
        return [each["itemIdentifier"] for each in answer["batchItemFailures"]]


def an_event(order_id="ord_1"):
    """As the bus delivers it."""
    data = {"reseller_id": "res_1", "order_id": order_id, "payment_kind": "pay_as_you_go"}
    return {"detail-type": "order.issued.v1", "detail": {"data": data, "correlation_id": "execution-1"}}


def test_an_event_of_the_bus_names_its_order():
    desk = Desk()
    assert desk.send(an_event()) == []
    assert desk.asked == [("res_1", "ord_1", "execution-1")]


@pytest.mark.parametrize(("reason", "told"), [("charge.refunded", "charge.refunded"), (None, "message")])
def test_a_message_names_its_order(reason, told):
    desk = Desk()
    message = {"reseller_id": "res_1", "order_id": "ord_1"} | ({"reason": reason} if reason else {})
    assert desk.send(message) == []
    assert desk.asked == [("res_1", "ord_1", told)]


@pytest.mark.parametrize(
    "broken",
    [{}, {"order_id": "ord_1"}, {"detail": {}}, {"detail": {"data": {}}}, {"reseller_id": None}],
    ids=str,
)
def test_a_message_that_names_no_order_is_reported_and_the_others_are_handled(broken):
    desk = Desk()
    assert desk.send(an_event("ord_1"), broken, an_event("ord_2")) == ["1"]
    assert [order_id for _, order_id, _ in desk.asked] == ["ord_1", "ord_2"]


@pytest.mark.parametrize("error", [TryAgain("The database did not answer."), KeyError("a defect")])
def test_trouble_with_one_order_is_reported_for_it_alone(error):
    desk = Desk(ord_1=error)
    assert desk.send(an_event("ord_1"), an_event("ord_2")) == ["0"]
    assert desk.later.postponed == {"0": 3}


@pytest.mark.parametrize("outcome", Settled)
def test_however_a_settlement_ends_its_message_is_done(outcome):
    assert Desk(ord_1=outcome).send(an_event()) == []


@pytest.mark.parametrize("error", [TryAgain("The database did not answer."), KeyError("a defect")])
def test_the_schedule_settles_what_is_due_whatever_one_of_them_does(error):
    desk = Desk(ord_1=error)
    desk.due = [("res_1", "ord_1"), ("res_2", "ord_2")]
    assert desk.handler({"version": "0", "source": "aws.scheduler"}, None) == {"settled": 1}
    assert desk.asked == [("res_1", "ord_1", "schedule"), ("res_2", "ord_2", "schedule")]
    assert desk.off == [("res_1", "ord_1")], "as many broken ones as a run takes would fill every run"


def test_a_run_that_ended_is_told_and_a_message_is_none(caplog):
    desk = Desk()
    desk.due = [("res_1", "ord_1")]
    desk.send(an_event())
    assert [each for each in caplog.records if each.message == "due money was looked for"] == []
    desk.handler({}, None)
    (line,) = [each for each in caplog.records if each.message == "due money was looked for"]
    assert line.settled == 1


def test_nothing_is_made_before_the_first_event():
    settling_handler(lambda: 1 / 0, lambda: 1 / 0)

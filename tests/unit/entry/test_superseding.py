"""The door of supersessions: events and what is due; trouble with one keeps nobody else's waiting."""

import json

import pytest

from partner_center.entry.superseding import superseding_handler
from partner_center.issuance.supersede import SupersessionEnd, SupersessionId
from partner_center.kernel.errors import TryAgain
from tests.fakes.receiver import Later


def a_supersession(order_id="ord_1"):
    return SupersessionId("res_1", order_id, "ord_9")


class Desk:
    """A use case that notes what it is asked, and fails for the orders that a test names."""

    def __init__(self, *waiting, **troubles):
        self.waiting, self.troubles, self.asked, self.off = waiting, troubles, [], []
        self.handler = superseding_handler(lambda: self, Later().make)

    def __call__(self, event):
        self._ask(event.data["order_id"])

    def carry_out_due(self, supersession, correlation_id):
        assert correlation_id == "schedule"
        self._ask(supersession.order_id)
        return SupersessionEnd.REVOKED

    def due(self):
        return iter(self.waiting)

    def put_off(self, supersession):
        self.off.append(supersession.order_id)

    def _ask(self, order_id):
        self.asked.append(order_id)
        if order_id in self.troubles:
            raise self.troubles[order_id]

    def send(self, *order_ids):
        records = [
            {"messageId": order_id, "body": json.dumps({"detail": an_event(order_id)})}
            for order_id in order_ids
        ]
        answer = self.handler({"Records": records}, None)
        return [each["itemIdentifier"] for each in answer["batchItemFailures"]]


def an_event(order_id):
    return {
        "id": "evt_1",
        "type": "order.issued",
        "version": 1,
        "occurred_at": "2026-11-26T10:00:00Z",
        "correlation_id": "execution-1",
        "data": {"reseller_id": "res_1", "order_id": order_id},
    }


TROUBLES = pytest.mark.parametrize("error", [TryAgain("The database is busy."), KeyError("a defect")])


@TROUBLES
def test_an_event_that_fails_is_reported_and_the_others_are_handled(error):
    desk = Desk(ord_1=error)
    assert desk.send("ord_1", "ord_2") == ["ord_1"]
    assert desk.asked == ["ord_1", "ord_2"]


@TROUBLES
def test_the_schedule_carries_out_what_is_due_whatever_one_of_them_does(error, caplog):
    desk = Desk(a_supersession("ord_1"), a_supersession("ord_2"), ord_1=error)
    assert desk.handler({"source": "aws.scheduler"}, None) == {"ended": 1}
    assert desk.asked == ["ord_1", "ord_2"]
    told = [each for each in caplog.records if each.message == "what was superseded is not revoked"]
    assert [(each.order_id, each.successor) for each in told] == [("ord_1", "ord_9")]
    assert desk.off == ["ord_1"], "as many broken ones as a run takes would fill every run"


def test_a_run_that_ended_is_told_and_a_message_is_none(caplog):
    desk = Desk(a_supersession("ord_1"))
    desk.send("ord_1")
    assert [each for each in caplog.records if each.message == "what was superseded was looked for"] == []
    desk.handler({}, None)
    (line,) = [each for each in caplog.records if each.message == "what was superseded was looked for"]
    assert line.ended == 1


def test_nothing_is_made_before_the_first_event():
    superseding_handler(lambda: 1 / 0)

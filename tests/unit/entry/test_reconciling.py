"""The door of the reconciler: ends of executions, what is due, one order by hand; trouble with one stops no other."""

import json

import pytest

from partner_center.billing.ledger_check import Disagreement
from partner_center.entry.reconciling import Reconciler, reconciling_handler
from partner_center.kernel.errors import TryAgain
from partner_center.orders.reconcile import Repair
from partner_center.orders.reconcile_order import Reconciled
from tests.fakes.receiver import Later


class Lines:
    """A logger that keeps what it is told."""

    def __init__(self):
        self.kept = []

    def __getattr__(self, level):
        return lambda message, **about: self.kept.append((level, message, about))

    def of(self, message):
        return [about for _, each, about in self.kept if each == message]


class Context:
    """As Lambda's: each order that was asked about, and each ledger, took so many of the seconds that there were."""

    def __init__(self, desk, seconds=150, an_order=0, a_ledger=0):
        self.left = lambda: seconds - an_order * len(desk.asked) - a_ledger * len(desk.checked)

    def get_remaining_time_in_millis(self):
        return 1000 * self.left()


class Desk:
    """A use case that notes what it is asked, and finds what the test says of each order."""

    def __init__(self, *due, **found):
        self.due, self.found = due, found
        self.asked, self.off, self.checked = [], [], []
        self.lines = Lines()
        self.disagreement, self.unreadable = None, {}
        reconciler = Reconciler(
            lambda: self,
            lambda: lambda: iter([("res_1", each) for each in due]),
            lambda: self.check,
            self.lines,
        )
        self.handler = reconciling_handler(reconciler, Later().make)

    def __call__(self, reseller_id, order_id, correlation_id):
        self.asked.append((reseller_id, order_id, correlation_id))
        found = self.found.get(order_id, Repair.NOTHING)
        if isinstance(found, Exception):
            raise found
        if isinstance(found, Reconciled):
            return found
        return Reconciled(reseller_id, order_id, found, "because", f"con_{order_id}")

    def put_off(self, reseller_id, order_id):
        self.off.append(order_id)

    def check(self, reseller_id, contract_id):
        self.checked.append(contract_id)
        if contract_id in self.unreadable:
            raise self.unreadable[contract_id]
        return self.disagreement

    def run(self, **times):
        return self.handler({"source": "aws.scheduler"}, Context(self, **times))

    def send(self, *messages):
        records = [{"messageId": str(number), "body": body} for number, body in enumerate(messages)]
        answer = self.handler({"Records": records}, None)
        return [each["itemIdentifier"] for each in answer["batchItemFailures"]]


def an_end(order_id="a", status="FAILED"):
    """As the default bus delivers it."""
    ids = {"reseller_id": "res_1", "order_id": order_id, "generation": 1, "attempt": 1}
    detail = {"name": f"{order_id}-g1-a1", "status": status, "input": json.dumps(ids)}
    return json.dumps({"source": "aws.states", "detail": detail})


def test_the_end_of_an_execution_names_its_order():
    desk = Desk(a=Repair.RESTART)
    assert desk.send(an_end()) == []
    assert desk.asked == [("res_1", "a", "a-g1-a1")]
    (line,) = desk.lines.of("an order was repaired")
    assert (line["order_id"], line["repair"], line["why"]) == ("a", "restart", "because")


@pytest.mark.parametrize(
    "poison",
    [
        "",
        "{}",
        "[]",
        "null",
        '{"detail": {"input": "{}", "name": "x"}}',
        '{"detail": {"input": null, "name": "x"}}',
        "\0",
    ],
    ids=repr,
)
def test_a_message_that_names_no_order_fails_alone(poison):
    desk = Desk()
    assert desk.send(an_end("a"), poison, an_end("b")) == ["1"]
    assert [order_id for _, order_id, _ in desk.asked] == ["a", "b"]


@pytest.mark.parametrize("trouble", [TryAgain("out"), KeyError("status")], ids=repr)
def test_an_order_in_trouble_is_put_off_and_the_others_are_looked_at(trouble):
    desk = Desk("a", "b", "c", b=trouble)
    assert desk.run() == {
        "looked_at": 2,
        "repaired": 0,
        "troubled": 1,
        "disagreements": 0,
    }
    assert desk.off == ["b"]
    told = desk.lines.of("an order cannot be reconciled")
    assert len(told) == isinstance(trouble, KeyError), "what passes by itself wakes nobody"


def test_trouble_with_the_putting_off_stops_nobody_either():
    desk = Desk("a", "b", a=KeyError("status"))
    desk.put_off = lambda *_: {}["nothing"]
    assert desk.run()["looked_at"] == 1


def test_a_run_is_reported_with_its_figures():
    desk = Desk("a", "b", b=Repair.COMPLETE)
    desk.run()
    (line,) = desk.lines.of("orders were reconciled")
    assert line == {"looked_at": 2, "repaired": 1, "troubled": 0, "disagreements": 0}


def test_what_needs_a_person_is_told():
    found = Reconciled("res_1", "a", Repair.REPORT, "because", None, is_told=True)
    desk = Desk("a", a=found)
    desk.run()
    (line,) = desk.lines.of("an order does not get on")
    assert line["order_id"] == "a"


@pytest.mark.parametrize(
    ("repair", "checked"),
    [
        (Repair.NOTHING, []),
        (Repair.LEAVE, ["con_a"]),
        (Repair.RESTART, ["con_a"]),
        (Repair.RELEASE, ["con_a"]),
    ],
)
def test_contracts_of_what_was_repaired_or_has_ended_are_held_against_their_ledgers_once(repair, checked):
    desk = Desk("a", "a", a=repair)
    desk.run()
    assert desk.checked == checked


def test_a_disagreement_is_told_with_its_figures_and_nothing_is_mended():
    desk = Desk("a", a=Repair.LEAVE)
    desk.disagreement = Disagreement("res_1", "con_a", (9, 1, 0), (8, 2, 0))
    assert desk.run()["disagreements"] == 1
    (line,) = desk.lines.of("a contract disagrees with its ledger")
    assert (line["contract_id"], line["counted"], line["proven"]) == ("con_a", (9, 1, 0), (8, 2, 0))


def test_one_order_by_hand_answers_what_was_done():
    desk = Desk(a=Repair.RESTART)
    answer = desk.handler({"reseller_id": "res_1", "order_id": "a"}, None)
    assert json.loads(json.dumps(answer)) == {"repair": "restart", "why": "because", "disagreements": 0}


def test_a_run_ends_before_its_function_does_and_holds_the_ledgers_of_what_it_repaired():
    """A service that does not answer costs each order sixteen seconds; the next run looks at the rest."""
    desk = Desk(*(f"order-{number}" for number in range(200)), **{"order-0": Repair.RELEASE})
    assert desk.run(an_order=16)["looked_at"] == 6
    assert desk.checked == ["con_order-0"]
    assert desk.lines.of("orders were reconciled"), "the alarm OrdersAreNotReconciled waits for this line"


def test_a_run_ends_before_its_function_does_though_ledgers_are_long():
    desk = Desk("a", "b", "c", a=Repair.RELEASE, b=Repair.RELEASE, c=Repair.RELEASE)
    assert desk.run(a_ledger=65)["repaired"] == 3
    assert desk.checked == ["con_a", "con_b"]
    assert [about["contract_id"] for about in desk.lines.of("a ledger was not checked")] == ["con_c"]
    assert desk.lines.of("orders were reconciled")


@pytest.mark.parametrize("trouble", [TryAgain("out"), KeyError("units")], ids=repr)
def test_a_ledger_that_cannot_be_read_keeps_no_other_from_being_held(trouble):
    desk = Desk("a", "b", a=Repair.COMPLETE, b=Repair.COMPLETE)
    desk.disagreement = Disagreement("res_1", "con_b", (9, 1, 0), (8, 2, 0))
    desk.unreadable = {"con_a": trouble}
    assert desk.run()["disagreements"] == 1
    assert desk.checked == ["con_a", "con_b"]
    assert [about["contract_id"] for about in desk.lines.of("a ledger was not checked")] == ["con_a"]


def test_an_end_whose_ledger_cannot_be_read_is_told_again():
    desk = Desk(a=Repair.COMPLETE)
    desk.unreadable = {"con_a": TryAgain("out")}
    assert desk.send(an_end("a")) == ["0"]

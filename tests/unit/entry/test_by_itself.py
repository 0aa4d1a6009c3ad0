"""Whatever is due is handled by itself: what fails is told, put off, and keeps nobody waiting."""

import pytest
from aws_lambda_powertools import Logger

from partner_center.entry.by_itself import by_itself
from partner_center.kernel.errors import TryAgain


class Task:
    def __init__(self, trouble=None, trouble_again=None):
        self.trouble, self.trouble_again, self.off = trouble, trouble_again, 0

    def act(self):
        if self.trouble is not None:
            raise self.trouble
        return "done"

    def put_off(self):
        self.off += 1
        if self.trouble_again is not None:
            raise self.trouble_again

    def run(self, **more):
        return by_itself(Logger(), "not done", self.act, self.put_off, order_id="ord_1", **more)


def lines(caplog):
    return [(each.levelname, each.message, each.order_id) for each in caplog.records]


def test_what_succeeds_is_neither_told_nor_put_off(caplog):
    task = Task()
    assert (task.run(), task.off, lines(caplog)) == ("done", 0, [])


@pytest.mark.parametrize(
    ("trouble", "told"),
    [
        (TryAgain("out"), ("WARNING", "not done", "ord_1")),
        (KeyError("a defect"), ("ERROR", "broken", "ord_1")),
        (MemoryError(), ("ERROR", "broken", "ord_1")),
    ],
    ids=repr,
)
def test_what_fails_is_told_by_its_kind_and_put_off(caplog, trouble, told):
    task = Task(trouble)
    assert (task.run(fault="broken"), task.off, lines(caplog)) == (None, 1, [told])


def test_an_outage_tells_why(caplog):
    Task(TryAgain("The database refuses us (AccessDeniedException).")).run()
    assert [each.detail for each in caplog.records] == ["The database refuses us (AccessDeniedException)."]


def test_without_words_of_its_own_a_fault_is_told_like_any_trouble(caplog):
    Task(KeyError("a defect")).run()
    assert lines(caplog) == [("ERROR", "not done", "ord_1")]


@pytest.mark.parametrize("again", [TryAgain("out"), KeyError("a defect")], ids=repr)
def test_trouble_with_the_putting_off_is_told_and_stops_nobody(caplog, again):
    assert Task(TryAgain("out"), again).run() is None
    assert lines(caplog)[1:] == [("ERROR", "not put off", "ord_1")]

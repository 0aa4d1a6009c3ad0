"""The queue of CRLs: one run serves all messages about the same; one that cannot be done keeps no other back."""

import json

import pytest

from partner_center.entry.coalescing import coalescing_handler
from partner_center.kernel.errors import TryAgain


class Builder:
    """Does what is named, all that are named at once; `broken` cannot be done."""

    def __init__(self, *broken):
        self.broken, self.runs = set(broken), []

    def __call__(self, wanted):
        self.runs.append(sorted(wanted))
        if self.broken & wanted:
            raise TryAgain("out")

    def send(self, *bodies):
        records = [{"messageId": str(number), "body": body} for number, body in enumerate(bodies)]
        answer = coalescing_handler(lambda message: message["name"], self)({"Records": records}, None)
        return [each["itemIdentifier"] for each in answer["batchItemFailures"]]


def named(name):
    return json.dumps({"name": name})


def test_messages_about_the_same_are_served_by_one_run():
    builder = Builder()
    assert builder.send(named("a"), named("b"), named("a")) == []
    assert builder.runs == [["a", "b"]]


@pytest.mark.parametrize("poison", ["", "{}", "[]", "null", "\0", '{"name"'], ids=repr)
def test_what_cannot_be_read_fails_alone(poison):
    builder = Builder()
    assert builder.send(named("a"), poison, named("b")) == ["1"]
    assert builder.runs == [["a", "b"]]


def test_what_cannot_be_done_keeps_no_other_from_it():
    builder = Builder("b")
    assert builder.send(named("a"), named("b"), named("c"), named("b")) == ["1", "3"]
    assert sorted(builder.runs[1:]) == [["a"], ["b"], ["c"]]


def test_one_thing_alone_is_tried_once():
    builder = Builder("a")
    assert builder.send(named("a"), named("a")) == ["0", "1"]
    assert builder.runs == [["a"]]


def test_a_batch_of_poison_runs_nothing():
    builder = Builder()
    assert builder.send("{}", "") == ["0", "1"]
    assert builder.runs == []

"""The door of a perspective: one answer for each look, whatever the looks are."""

import json

import pytest

from partner_center.entry.perspective import ANSWERING_SECONDS, log_fault, perspective_handler
from partner_center.entry.settings import read_settings
from partner_center.kernel.errors import Malformed
from partner_center.validation.dns import RecordType
from partner_center.validation.looks import RecordsLook
from partner_center.validation.take_looks import TakeLooks
from tests.unit.validation.caa_world import ScriptedResolver


class Context:
    def __init__(self, seconds=40.0):
        self.seconds = seconds

    def get_remaining_time_in_millis(self):
        return int(self.seconds * 1000)


@pytest.fixture
def handler():
    looks = TakeLooks(ScriptedResolver(), None, lambda *_: None)
    return perspective_handler(lambda: looks, lambda: "eu-west-1")


def test_the_answer_says_who_looked_and_what_was_seen(handler):
    question = {"version": 1, "looks": [{"kind": "records", "name": "example.com", "type": "TXT"}]}
    answer = json.loads(json.dumps(handler(question, Context())))
    assert (answer["version"], answer["perspective"]) == (1, "eu-west-1")
    (seen,) = answer["sightings"]
    assert (seen["kind"], seen["answer"]["name"], seen["answer"]["rcode"]) == (
        "records",
        "example.com",
        "NXDOMAIN",
    )


def test_a_bad_look_is_told_in_its_place(handler):
    good = {"kind": "caa", "name": "example.com"}
    answer = handler({"version": 1, "looks": [{"kind": "guess"}, good, "look"]}, Context())
    assert [seen["kind"] for seen in answer["sightings"]] == ["unseen", "caa", "unseen"]
    assert answer["sightings"][0] == {"kind": "unseen", "reason": "malformed"}


@pytest.mark.parametrize("question", [None, [], {}, {"version": 2, "looks": []}, {"version": 1}])
def test_what_is_no_question_fails_the_invocation(handler, question):
    with pytest.raises(Malformed):
        handler(question, Context())


class Watch:
    """Instead of the use case: keeps the seconds it was given."""

    def __call__(self, looks, seconds):
        self.seconds = seconds
        return ()


@pytest.mark.parametrize(("left", "given"), [(40.0, 40.0 - ANSWERING_SECONDS), (2.0, 0.0)])
def test_looking_ends_early_enough_to_answer(left, given):
    watch = Watch()
    question = {"version": 1, "looks": [{"kind": "caa", "name": "example.com"}]}
    perspective_handler(lambda: watch, lambda: "eu-west-1")(question, Context(left))
    assert watch.seconds == given


@pytest.mark.parametrize(
    ("left", "asked", "given"),
    [(40.0, 15_000, 15.0), (40.0, 60_000, 35.0), (2.0, 15_000, 0.0), (40.0, 0, 0.0), (40.0, None, 35.0)],
)
def test_looking_takes_no_longer_than_somebody_waits(left, asked, given):
    watch = Watch()
    question = {"version": 1, "looks": [{"kind": "caa", "name": "example.com"}], "milliseconds": asked}
    perspective_handler(lambda: watch, lambda: "eu-west-1")(question, Context(left))
    assert watch.seconds == given


@pytest.mark.parametrize("asked", [-1, "15", 1.5, [], True, 10**30])
def test_a_time_that_is_none_fails_the_invocation(handler, asked):
    question = {"version": 1, "looks": [{"kind": "caa", "name": "example.com"}], "milliseconds": asked}
    with pytest.raises(Malformed):
        handler(question, Context())


def test_a_defect_is_logged_with_its_look(caplog):
    error = ZeroDivisionError("a defect")
    log_fault(RecordsLook("example.com", RecordType.TXT), error)
    (record,) = caplog.records
    assert (record.message, record.exc_info[1]) == ("a look failed", error)
    assert "example.com" in record.look


def test_what_a_perspective_is_told_by_its_environment():
    environment = {"AWS_REGION": "sa-east-1", "DNS_SERVER": "127.0.0.1:5335", "WEB_SERVER": "127.0.0.1:1"}
    settings = read_settings(environment)
    assert (settings.region, settings.dns_server, settings.web_server) == tuple(environment.values())


@pytest.mark.parametrize(
    ("text", "perspectives"), [("", ()), ("arn:a", ("arn:a",)), ("arn:a,arn:b", ("arn:a", "arn:b"))]
)
def test_whom_to_ask_is_a_list_with_the_primary_first(text, perspectives):
    assert read_settings({"PERSPECTIVES": text}).perspectives == perspectives

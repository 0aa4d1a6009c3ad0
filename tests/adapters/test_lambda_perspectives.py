"""The coordinator: everybody asked once and at once, and one perspective's trouble is nobody else's."""

import io
import json
import threading

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from partner_center.adapters.lambda_perspectives import (
    ANSWER_AT_MOST,
    LambdaPerspectives,
    PerspectiveFunction,
    perspective_functions,
)
from partner_center.adapters.look_codec import encode_answer
from partner_center.kernel.errors import TryAgain
from partner_center.validation.dns import Answer, Dnssec, RecordType
from partner_center.validation.looks import CaaLook, RecordsLook, RecordsSeen
from partner_center.validation.perspectives import PerspectiveView, Unseen, UnseenReason

REGIONS = ("eu-west-1", "us-east-1", "sa-east-1")
LOOK = RecordsLook("_dnsauth.example.com", RecordType.TXT)
SEEN = RecordsSeen(Answer(LOOK.name, LOOK.type, (b"value",), 0, Dnssec.SECURE))
LONG = 30.0
"""Seconds that no test waits for."""


def arn(region):
    return f"arn:aws:lambda:{region}:123456789012:function:partner-center-perspective"


class Function:
    """The Lambda client of one region, with one function behind it; `answer` makes what invoking it yields."""

    def __init__(self, region, answer=None):
        self.region = region
        self.answer = answer or (lambda: answered(region, SEEN))
        self.invoked = []

    def invoke(self, FunctionName, Payload):  # noqa: N803 - botocore's names
        self.invoked.append((FunctionName, json.loads(Payload)))
        return self.answer()


def payload(text, **more):
    return {
        "StatusCode": 200,
        "Payload": io.BytesIO(text if isinstance(text, bytes) else text.encode()),
        **more,
    }


def answered(region, *sightings):
    return payload(json.dumps(encode_answer(region, sightings)))


@pytest.fixture
def world():
    """Three functions that answer; tests exchange the answer of one."""
    return {region: Function(region) for region in REGIONS}


@pytest.fixture
def perspectives(world):
    functions = perspective_functions(arn(region) for region in REGIONS)
    return LambdaPerspectives(functions, world.__getitem__, LONG)


def view(region):
    return PerspectiveView(region, (SEEN,))


def test_each_is_asked_once_in_its_own_region_and_answers_in_order(world, perspectives):
    assert perspectives.ask([LOOK]) == tuple(map(view, REGIONS))
    question = {"version": 1, "looks": [{"kind": "records", "name": LOOK.name, "type": "TXT"}]}
    assert {region: function.invoked for region, function in world.items()} == {
        region: [(arn(region), question)] for region in REGIONS
    }


def test_nobody_is_asked_when_it_is_too_late_for_whoever_waits(world):
    needed = []

    def require(seconds):
        needed.append(seconds)
        raise TryAgain("It is too late.")

    functions = perspective_functions(arn(region) for region in REGIONS)
    perspectives = LambdaPerspectives(functions, world.__getitem__, LONG, require=require)
    with pytest.raises(TryAgain):
        perspectives.ask([LOOK], 15.0)
    assert [function.invoked for function in world.values()] == [[], [], []]
    assert perspectives.ask([LOOK]) == tuple(map(view, REGIONS))
    assert needed == [15.0]


@pytest.mark.parametrize(("seconds", "told"), [(18.0, 15_000), (3.5, 500), (1.0, 0)])
def test_of_the_time_that_somebody_waits_a_part_is_kept_for_the_way(world, perspectives, seconds, told):
    perspectives.ask([LOOK], seconds)
    for function in world.values():
        ((_, question),) = function.invoked
        assert question["milliseconds"] == told


def test_nobody_is_waited_for_longer_than_somebody_waits(world, perspectives):
    late = threading.Event()
    world["us-east-1"].answer = lambda: late.wait(LONG) and answered("us-east-1", SEEN)
    try:
        views = perspectives.ask([LOOK], 0.05)
    finally:
        late.set()
    assert [each.trouble for each in views] == [None, "out_of_time", None]


def test_all_are_asked_at_the_same_time(world, perspectives):
    together = threading.Barrier(len(REGIONS))
    for region, function in world.items():
        function.answer = lambda region=region: together.wait(LONG) is not None and answered(region, SEEN)
    assert perspectives.ask([LOOK]) == tuple(map(view, REGIONS))


def refusal(code):
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "Invoke")


def raises(error):
    def answer():
        raise error

    return answer


class Broken:
    """A body that ends in the middle."""

    def read(self, _):
        raise ReadTimeoutError(endpoint_url="none")


def failed(text):
    return lambda: payload(text, FunctionError="Unhandled")


OTHER = RecordsSeen(Answer("example.net", LOOK.type, (b"value",), 0, Dnssec.SECURE))
TROUBLE = {
    "no permission": (raises(refusal("AccessDeniedException")), "refused: AccessDeniedException"),
    "no such function": (raises(refusal("ResourceNotFoundException")), "refused: ResourceNotFoundException"),
    "too many at once": (raises(refusal("TooManyRequestsException")), "refused: TooManyRequestsException"),
    "no way there": (
        raises(EndpointConnectionError(endpoint_url="none")),
        "unreachable: EndpointConnectionError",
    ),
    "no answer in time": (raises(ReadTimeoutError(endpoint_url="none")), "unreachable: ReadTimeoutError"),
    "half an answer": (lambda: {"Payload": Broken()}, "unreachable: ReadTimeoutError"),
    "a defect of ours": (raises(ZeroDivisionError()), "fault: ZeroDivisionError"),
    "an error": (failed('{"errorType": "Malformed", "errorMessage": "x"}'), "failed: Malformed"),
    "an error without a name": (failed("[]"), "failed: unknown"),
    "an error that is no JSON": (failed("<html>"), "failed: unknown"),
    "an error whose name is none": (failed('{"errorType": {}}'), "failed: unknown"),
    "an error that looks like an answer": (
        lambda: answered("us-east-1", SEEN) | {"FunctionError": "Unhandled"},
        "failed: unknown",
    ),
    "nothing": (lambda: payload(""), "malformed: not JSON"),
    "null": (lambda: payload("null"), "malformed: not an object"),
    "no JSON": (lambda: payload("<html>"), "malformed: not JSON"),
    "no text": (lambda: payload(b"\xff\xfe\x00"), "malformed: not JSON"),
    "JSON without end": (lambda: payload("[" * 200_000), "malformed: not JSON"),
    "too much": (lambda: payload(b" " * (ANSWER_AT_MOST + 1)), "malformed: too large"),
    "a later version": (lambda: payload('{"version": 2}'), "malformed: version is not 1"),
    "an unknown sighting": (
        lambda: payload(
            '{"version": 1, "perspective": "us-east-1", "sightings": [{"kind": "verdict", "passed": true}]}'
        ),
        "malformed: kind is not that of a sighting",
    ),
    "somebody else": (lambda: answered("sa-east-1", SEEN), "malformed: this is sa-east-1"),
    "too few sightings": (lambda: answered("us-east-1"), "malformed: 0 sightings of 1"),
    "too many sightings": (lambda: answered("us-east-1", SEEN, SEEN), "malformed: 2 sightings of 1"),
    "a sighting of something else": (
        lambda: answered("us-east-1", OTHER),
        "malformed: a sighting of something else",
    ),
}


@pytest.mark.parametrize(("answer", "trouble"), TROUBLE.values(), ids=TROUBLE)
def test_trouble_is_told_and_stays_where_it_is(world, perspectives, answer, trouble):
    world["us-east-1"].answer = answer
    first, second, third = perspectives.ask([LOOK])
    assert second == PerspectiveView("us-east-1", trouble=trouble)
    assert (first, third) == (view("eu-west-1"), view("sa-east-1"))
    assert len(world["us-east-1"].invoked) == 1


def test_who_does_not_answer_in_time_is_not_waited_for(world):
    gone = threading.Event()
    world["eu-west-1"].answer = lambda: gone.wait(LONG) and answered("eu-west-1", SEEN)
    functions = perspective_functions(arn(region) for region in REGIONS)
    first, *others = LambdaPerspectives(functions, world.__getitem__, limit=0.2).ask([LOOK])
    gone.set()
    assert first == PerspectiveView("eu-west-1", trouble="out_of_time")
    assert others == [view("us-east-1"), view("sa-east-1")]


def test_what_was_not_seen_is_no_trouble(world, perspectives):
    unseen = Unseen(UnseenReason.OUT_OF_TIME)
    world["us-east-1"].answer = lambda: answered("us-east-1", unseen)
    assert perspectives.ask([LOOK])[1] == PerspectiveView("us-east-1", (unseen,))


def test_without_perspectives_nobody_sees_anything():
    assert LambdaPerspectives((), raises(AssertionError())).ask([LOOK]) == ()


@pytest.mark.parametrize("count", [0, 101])
def test_a_question_has_one_to_a_hundred_looks(perspectives, count):
    with pytest.raises(ValueError, match="looks"):
        perspectives.ask([CaaLook("example.com")] * count)


def test_a_perspective_is_called_by_its_region():
    assert perspective_functions([arn("af-south-1")]) == (
        PerspectiveFunction("af-south-1", arn("af-south-1")),
    )
    assert perspective_functions([]) == ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "us-east-1",
        "arn:aws:lambda:us-east-1:123456789012:function:a b",
        "arn:aws:lambda:us-east-1:123456789012:function:a:prod",
        "arn:aws:lambda:us-east-1:12:function:a",
        "arn:aws:lambda::123456789012:function:a",
        "arn:aws:sqs:us-east-1:123456789012:a",
        arn("us-east-1") + "\n",
    ],
)
def test_what_is_no_function_is_refused(text):
    with pytest.raises(ValueError, match="not the ARN"):
        perspective_functions([arn("eu-west-1"), text])


def test_two_in_one_region_are_refused():
    with pytest.raises(ValueError, match="one region"):
        perspective_functions([arn("eu-west-1"), arn("us-east-1"), arn("eu-west-1") + "-too"])

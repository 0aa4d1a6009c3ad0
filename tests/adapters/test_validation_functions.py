"""Setting the validation in motion: ids out, success or TryAgain back, and nothing else."""

import io
import json

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError
from botocore.stub import Stubber

from partner_center.adapters.validation_functions import SECONDS_FOR_LOOKS, ValidationFunctions
from partner_center.kernel.errors import TooSoon, TryAgain

CHECK = "arn:aws:lambda:eu-west-1:123456789012:function:check-control"
ASK = "arn:aws:lambda:eu-west-1:123456789012:function:ask-again"


class Lambda:
    """The client; `answer` makes what invoking yields."""

    def __init__(self):
        self.invoked = []
        self.answer = lambda: {"StatusCode": 200, "Payload": io.BytesIO(b'{"order_id": "ord_1"}')}

    def invoke(self, FunctionName, InvocationType, Payload):  # noqa: N803 - botocore's names
        self.invoked.append((FunctionName, InvocationType, json.loads(Payload)))
        return self.answer()


@pytest.fixture
def client():
    return Lambda()


@pytest.fixture
def functions(client):
    return ValidationFunctions(lambda: client, CHECK, ASK)


IDS = {"reseller_id": "res_1", "order_id": "ord_1"}
WAITED_FOR = IDS | {"seconds": SECONDS_FOR_LOOKS}
CALLS = {
    "begin": (lambda functions: functions.begin("res_1", "ord_1"), (CHECK, "Event", IDS)),
    "check all": (
        lambda functions: functions.check("res_1", "ord_1", None),
        (CHECK, "RequestResponse", WAITED_FOR),
    ),
    "check some": (
        lambda functions: functions.check("res_1", "ord_1", ["*.example.com"]),
        (CHECK, "RequestResponse", WAITED_FOR | {"names": ["*.example.com"]}),
    ),
    "check none": (
        lambda functions: functions.check("res_1", "ord_1", []),
        (CHECK, "RequestResponse", WAITED_FOR | {"names": []}),
    ),
    "ask again": (
        lambda functions: functions.ask_again("res_1", "ord_1", ["example.com"]),
        (ASK, "RequestResponse", IDS | {"names": ["example.com"]}),
    ),
}
every_call = pytest.mark.parametrize(("call", "invoked"), CALLS.values(), ids=CALLS)


@every_call
def test_the_function_is_told_ids_and_names_and_nothing_else(client, functions, call, invoked):
    assert call(functions) is None
    assert client.invoked == [invoked]


def test_a_check_that_is_due_by_itself_is_not_waited_for(client, functions):
    client.answer = lambda: {"StatusCode": 202, "Payload": io.BytesIO(b"")}
    functions.begin("res_1", "ord_1")
    assert client.invoked[0][1] == "Event"


def refusal(code):
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "Invoke")


def raises(error):
    def answer():
        raise error

    return answer


def failed(name):
    payload = json.dumps({"errorType": name, "errorMessage": "the secret of the order"}).encode()
    return lambda: {"StatusCode": 200, "FunctionError": "Unhandled", "Payload": io.BytesIO(payload)}


TROUBLE = {
    "no permission": raises(refusal("AccessDeniedException")),
    "no such function": raises(refusal("ResourceNotFoundException")),
    "too many at once": raises(refusal("TooManyRequestsException")),
    "no way there": raises(EndpointConnectionError(endpoint_url="none")),
    "it tries again later": failed("TryAgain"),
    "it broke down": failed("KeyError"),
    "it ran out of time": failed("Sandbox.Timedout"),
    "an error without a name": lambda: {"FunctionError": "Unhandled", "Payload": io.BytesIO(b"<html>")},
}


def test_what_another_request_has_just_asked_for_is_too_soon(client, functions):
    client.answer = failed("TooSoon")
    with pytest.raises(TooSoon) as told:
        CALLS["ask again"][0](functions)
    assert told.value.retry_after == 30
    assert "secret" not in told.value.detail


@every_call
@pytest.mark.parametrize("answer", TROUBLE.values(), ids=TROUBLE)
def test_whatever_goes_wrong_may_be_asked_for_again(client, functions, call, invoked, answer):
    client.answer = answer
    with pytest.raises(TryAgain) as told:
        call(functions)
    assert (told.value.retry_after, len(client.invoked)) == (5, 1)
    assert "secret" not in told.value.detail


@pytest.mark.parametrize("call", ["check all", "check some"])
def test_a_check_that_takes_too_long_goes_on_by_itself(client, functions, call):
    client.answer = raises(ReadTimeoutError(endpoint_url="none"))
    assert CALLS[call][0](functions) is None
    assert len(client.invoked) == 1


@pytest.mark.parametrize("call", ["begin", "ask again"])
def test_whatever_else_is_not_answered_in_time_may_be_asked_for_again(client, functions, call):
    client.answer = raises(ReadTimeoutError(endpoint_url="none"))
    with pytest.raises(TryAgain):
        CALLS[call][0](functions)


@pytest.mark.parametrize(
    ("functions", "call"),
    [
        (ValidationFunctions(Lambda, ask_again=ASK), CALLS["begin"][0]),
        (ValidationFunctions(Lambda, ask_again=ASK), CALLS["check all"][0]),
        (ValidationFunctions(Lambda, check_control=CHECK), CALLS["ask again"][0]),
    ],
)
def test_a_function_that_a_caller_may_not_invoke_is_a_mistake_of_ours_and_no_delay(functions, call):
    with pytest.raises(ValueError, match="may not"):
        call(functions)


def test_the_client_is_made_when_it_is_needed():
    made = []

    def make():
        made.append(Lambda())
        return made[-1]

    functions = ValidationFunctions(make, CHECK, ASK)
    assert made == []
    functions.begin("res_1", "ord_1")
    assert len(made) == 1


@pytest.mark.parametrize(("call", "kind"), [("begin", "Event"), ("check some", "RequestResponse")])
def test_the_call_is_one_that_lambda_understands(call, kind):
    client = boto3.client(
        "lambda", region_name="eu-west-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    do, (arn, _, question) = CALLS[call]
    expected = {"FunctionName": arn, "InvocationType": kind, "Payload": json.dumps(question).encode()}
    with Stubber(client) as stubber:
        stubber.add_response("invoke", {"StatusCode": 200}, expected)
        do(ValidationFunctions(lambda: client, CHECK, ASK))
        stubber.assert_no_pending_responses()

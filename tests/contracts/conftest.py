"""A fresh moto and server for each file, one runtime for all of them; each test makes the tables it wants."""

import io
import itertools
import json
import pathlib
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import boto3
import pytest
from moto import mock_aws

from local import repairs
from local.clock import CLOCK
from local.moto_server import MotoServer
from local.repairs.stepfunctions import forget_executions
from local.runtime import FunctionConfig, LambdaRuntime
from tests.contracts.machines import Machine, Waiting, eventually

HERE = pathlib.Path(__file__).parent
REGION, ACCOUNT = "eu-west-1", "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/none"
_numbers = itertools.count(1)


@dataclass
class Cloud:
    """What the tests talk to: moto in this process, functions in worker processes."""

    runtime: LambdaRuntime
    endpoint: str
    log: list[str] = field(default_factory=list)
    calls: list[tuple[str, list[dict]]] = field(default_factory=list)
    delivered: list[tuple[dict, dict]] = field(default_factory=list)
    answers: dict = field(default_factory=dict)  # function name -> handler in this process

    def client(self, service):
        return boto3.client(service, region_name=REGION, aws_access_key_id="a", aws_secret_access_key="b")

    def over_http(self, service, **more):
        session = boto3.Session("a", "b", region_name=REGION)
        return session.client(service, endpoint_url=self.endpoint, **more)

    def run(self, name, event):
        if name not in self.answers:
            return self.runtime.invoke(name, event)
        try:
            return json.dumps(self.answers[name](event)), False
        except Exception as error:  # noqa: BLE001 - as the runtime does
            return json.dumps({"errorType": type(error).__name__, "errorMessage": str(error)}), True

    def add(self, handler, *, timeout=10.0, **environment):
        """A worker function of functions_under_test/app.py, under the handler's name."""
        self.runtime.add(
            FunctionConfig(
                name=handler,
                arn=f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{handler}",
                handler=f"app.{handler}",
                code=str(HERE / "functions_under_test"),
                layers=(str(HERE / "layer_under_test"),),
                environment={"AWS_ENDPOINT_URL": self.endpoint, **environment},
                timeout=timeout,
                memory=256,
            )
        )
        return handler

    def invoke(self, name, event=None):
        payload, failed = self.runtime.invoke(name, event or {})
        return json.loads(payload), failed

    def declare(self, name, answer=None):
        """A Lambda function as moto knows it, answered in this process by `answer` or by the worker of that name."""
        if answer:
            self.answers[name] = answer
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as content:
            content.writestr("app.py", "")
        self.client("lambda").create_function(
            FunctionName=name,
            Runtime="python3.13",
            Role=ROLE,
            Handler="app.handler",
            Code={"ZipFile": archive.getvalue()},
        )
        return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"

    def table(self, **more):
        """A table with pk, sk, a stream and whatever `more` says; its name."""
        name = f"table-{next(_numbers)}"
        attributes = more.pop("AttributeDefinitions", [])
        keys = more.pop("keys", ("pk", "sk"))
        self.client("dynamodb").create_table(
            TableName=name,
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys] + attributes,
            KeySchema=[
                {"AttributeName": key, "KeyType": kind}
                for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)
            ],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
            **more,
        )
        return name


@pytest.fixture(scope="session")
def workers():
    log, calls = [], []
    runtime = LambdaRuntime(8, log.append, lambda name, made: calls.append((name, made)))
    try:
        yield runtime, log, calls
    finally:
        runtime.close()


@pytest.fixture(scope="module")
def cloud(workers):
    with mock_aws(config={"stepfunctions": {"execute_state_machine": True}}):
        server = MotoServer()
        running = Cloud(workers[0], server.endpoint, *workers[1:])
        repairs.install(running.run, lambda target, event: running.delivered.append((target, event)))
        trust = {
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "*"}
            ]
        }
        running.client("iam").create_role(RoleName="none", AssumeRolePolicyDocument=json.dumps(trust))
        try:
            yield running
        finally:
            server.close()


@pytest.fixture
def number():
    return next(_numbers)


@pytest.fixture
def threads():
    with ThreadPoolExecutor(200) as pool:
        yield pool


@pytest.fixture
def clock():
    return CLOCK


# --- state machines


@pytest.fixture
def nothing_left_waiting(clock):
    yield
    forget_executions()
    eventually(lambda: not clock._waiting)


@pytest.fixture
def asleep(clock):
    """Waits until so many threads wait in virtual time: 1 for a Wait state or a retry, 2 for a task token."""
    return lambda waiters: eventually(lambda: len(clock._waiting) == waiters)


@pytest.fixture
def machine(cloud, number):
    return lambda states, **top: Machine(cloud, number, ROLE, states, **top)


@pytest.fixture
def function(cloud, number):
    """A function answered in this process; its ARN."""
    names = iter(f"function-{number}-{letter}" for letter in "abcdef")
    return lambda answer: cloud.declare(next(names), answer)


@pytest.fixture
def waiting():
    return Waiting()

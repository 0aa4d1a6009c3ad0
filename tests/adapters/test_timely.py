"""A request is answered in time whatever AWS does: real clients of botocore, whose every try meets a script."""

import json
from itertools import repeat
from types import SimpleNamespace

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError

from partner_center.accounts.api_keys import Role
from partner_center.adapters.access_store import AccessStore
from partner_center.adapters.dynamodb import Database, Put
from partner_center.adapters.keys import Key
from partner_center.entry.api import Answer, Api, Door
from partner_center.entry.wiring import base, perspectives, validation_functions
from partner_center.kernel.deadline import ANSWERING, Deadline
from partner_center.kernel.errors import ChangedMeanwhile, TryAgain
from partner_center.kernel.patience import Patience, while_it_moves
from tests.fakes.determined import FixedClock
from tests.fakes.http import MemoryApiKeys, an_http_event
from tests.fakes.quota import MemoryCounts, quotas

LIMIT = 29
KEY = Key("R#res_1", "HEAD")
TABLE = "business"


class Clock:
    """Seconds that pass because somebody sleeps, or waits for a service."""

    def __init__(self):
        self.now = 5000.0

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


class Raw:
    def __init__(self, body):
        self._body = body

    def stream(self):
        return [self._body]


def answered(status, body):
    def answer(service):
        service.clock.sleep(service.seconds)
        headers = {"Content-Type": "application/x-amz-json-1.0"}
        return AWSResponse("https://dynamodb", status, headers, Raw(json.dumps(body).encode()))

    return answer


def failed(kind, **more):
    return answered(400, {"__type": f"com.amazonaws.dynamodb.v20120810#{kind}", "message": kind, **more})


def silent(service):
    service.clock.sleep(service.config.read_timeout)
    raise ReadTimeoutError(endpoint_url="https://dynamodb")


def unreachable(service):
    service.clock.sleep(service.config.connect_timeout)
    raise ConnectTimeoutError(endpoint_url="https://dynamodb")


EMPTY = answered(200, {})
THROTTLED = failed("ThrottlingException")
DOWN = answered(503, {"__type": "ServiceUnavailable"})
CONFLICT = failed("TransactionCanceledException", CancellationReasons=[{"Code": "TransactionConflict"}])


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=clock.sleep))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    return clock


@pytest.fixture
def deadline(clock, monkeypatch):
    deadline = Deadline(clock)
    monkeypatch.setattr(base, "deadline", lambda: deadline)
    base.client.cache_clear()
    yield deadline
    base.client.cache_clear()


class Service:
    """What DynamoDB does to each try, `seconds` later where it answers at all."""

    def __init__(self, clock, tries, seconds=0.0):
        self.clock, self.seconds, self.asked = clock, seconds, 0
        self._tries = iter(tries)

    def behind(self, client):
        self.config = client.meta.config
        client.meta.events.register("before-send", self._answer)
        return client

    def _answer(self, **_):
        self.asked += 1
        return next(self._tries)(self)


def patience(clock):
    return Patience(sleep=clock.sleep, jitter=lambda: 1.0)


def read(database, _):
    database.get(TABLE, KEY)


def read_much(database, _):
    for _ in range(1000):
        database.get(TABLE, KEY)


def transact(database, _):
    database.transact([Put(TABLE, KEY, {}, lambda _: AssertionError("it was refused"))])


def change(database, patience):
    """As requests of people do when another is always faster."""

    def act():
        for _ in range(3):
            database.get(TABLE, KEY)
        raise ChangedMeanwhile("It moved.")

    while_it_moves(patience, act)


TROUBLE = {
    "never answers": (read, repeat(silent), 0, 10),
    "cannot be reached": (read, repeat(unreachable), 0, 10),
    "answers to every second try": (
        read_much,
        (each for _ in repeat(0) for each in (silent, EMPTY)),
        0,
        LIMIT,
    ),
    "answers late, each time": (read_much, repeat(EMPTY), 2.9, LIMIT),
    "throttles": (read, repeat(THROTTLED), 0, LIMIT),
    "throttles, late": (read, repeat(THROTTLED), 2.9, LIMIT),
    "is down": (read, repeat(DOWN), 0, 10),
    "is down, late": (read, repeat(DOWN), 2.9, LIMIT),
    "has conflicts": (transact, repeat(CONFLICT), 0, 10),
    "has conflicts, late": (transact, repeat(CONFLICT), 2.9, LIMIT),
    "conflicts, and is down between": (
        transact,
        (each for _ in repeat(0) for each in (CONFLICT, DOWN, DOWN, silent)),
        2.9,
        LIMIT,
    ),
    "has what always moves": (change, repeat(EMPTY), 2.9, LIMIT),
}


@pytest.mark.parametrize("trouble", TROUBLE)
def test_whatever_dynamodb_does_a_request_is_told_in_time_to_try_again(clock, deadline, trouble):
    handle, tries, seconds, within = TROUBLE[trouble]
    service, keys = Service(clock, tries, seconds), MemoryApiKeys()
    api = Api(lambda: Door(keys, FixedClock(), quotas(MemoryCounts())), deadline=lambda: deadline)

    @api.route("GET", "/things", Role.READ)
    def look(_request, _principal):
        handle(
            Database(service.behind(base.client.__wrapped__("dynamodb")), patience(clock)), patience(clock)
        )
        return Answer(200)

    told = answer_of(api, clock, keys.header(Role.READ))
    refused_in_time(told, clock, within)
    assert service.asked >= 2


def answer_of(api, clock, key):
    """What the gateway gets, and how many seconds after it asked."""
    began = clock.now
    context = SimpleNamespace(get_remaining_time_in_millis=lambda: LIMIT * 1000)
    told = api(an_http_event("GET", "/things", headers=key), context)
    clock.took = clock.now - began
    return told


def refused_in_time(told, clock, within):
    assert told["statusCode"] == 503
    assert told["headers"]["Content-Type"] == "application/problem+json"
    assert int(told["headers"]["Retry-After"]) >= 1
    assert json.loads(told["body"])["code"] == "try_again"
    assert clock.took <= within - (ANSWERING - 1 if within == LIMIT else 0)


def test_when_not_even_the_key_can_be_looked_up_that_is_told_in_time(clock, deadline):
    service = Service(clock, repeat(silent))

    def door():
        client = service.behind(base.client("dynamodb"))
        keys = AccessStore(Database(client, patience(clock)), "access")
        return Door(keys, FixedClock(), quotas(MemoryCounts()))

    api = Api(door, deadline=lambda: deadline)
    api.route("GET", "/things", Role.READ)(lambda *_: Answer(200))
    told = answer_of(api, clock, MemoryApiKeys().header())
    refused_in_time(told, clock, 10)
    assert service.asked == 2


def test_another_request_has_all_of_its_own_time(clock, deadline):
    client = base.client("dynamodb")
    database = Database(Service(clock, repeat(EMPTY), 2.9).behind(client), patience(clock))
    for _ in range(3):
        deadline.begin(LIMIT)
        with pytest.raises(TryAgain):
            read_much(database, None)
        clock.sleep(100)


# ---- nobody waits


def test_where_nobody_waits_a_client_is_patient_and_tries_three_times(clock, deadline):
    service = Service(clock, repeat(silent))
    client = base.client("dynamodb")
    assert (client.meta.config.connect_timeout, client.meta.config.read_timeout) == (2, 5)
    with pytest.raises(TryAgain):
        Database(service.behind(client), patience(clock)).get(TABLE, KEY)
    assert service.asked == 3
    clock.sleep(1e6)
    with pytest.raises(TryAgain):
        Database(client, patience(clock)).get(TABLE, KEY)
    assert service.asked == 6


def test_where_somebody_waits_a_client_is_brisk(deadline):
    deadline.begin(LIMIT)
    config = base.client("kms").meta.config
    assert (config.connect_timeout, config.read_timeout) == (1, 3)
    assert config.retries["total_max_attempts"] == 2


@pytest.mark.parametrize("service", ["sqs", "kms", "s3", "ssm"])
def test_no_service_is_asked_when_it_is_too_late(clock, deadline, service):
    calls = {
        "sqs": lambda client: client.send_message(QueueUrl="https://sqs/1/q", MessageBody="{}"),
        "kms": lambda client: client.encrypt(KeyId="key", Plaintext=b"x"),
        "s3": lambda client: client.get_object(Bucket="bucket", Key="key"),
        "ssm": lambda client: client.get_parameters(Names=["a"]),
    }
    deadline.begin(LIMIT)
    asked = Service(clock, repeat(silent))
    client = asked.behind(base.client(service))
    clock.sleep(LIMIT - ANSWERING - 3.9)
    with pytest.raises(TryAgain):
        calls[service](client)
    assert asked.asked == 0


# ---- what takes long


@pytest.mark.parametrize(
    ("remaining", "seconds"), [(None, 20), (29, 20), (28, 20), (20, 12), (9, 1), (8.9, None), (1, None)]
)
def test_a_check_is_waited_for_as_long_as_there_is_time_to_answer_afterwards(
    deadline, monkeypatch, remaining, seconds
):
    monkeypatch.setattr(validation_functions, "deadline", lambda: deadline)
    monkeypatch.setattr(validation_functions, "single_try_client", lambda *limits: limits)
    if remaining is not None:
        deadline.begin(remaining)
    if seconds is None:
        with pytest.raises(TryAgain):
            validation_functions._client()
    else:
        assert validation_functions._client() == ("lambda", 1, seconds)


@pytest.mark.parametrize(("passed", "is_asked"), [(0, True), (7, True), (7.1, False), (40, False)])
def test_the_network_is_asked_when_there_is_time_to_write_afterwards(
    clock, deadline, monkeypatch, passed, is_asked
):
    monkeypatch.setattr(perspectives, "deadline", lambda: deadline)
    perspectives._require(1e6)
    deadline.begin(LIMIT)
    clock.sleep(passed)
    if is_asked:
        perspectives._require(15)
    else:
        with pytest.raises(TryAgain):
            perspectives._require(15)

"""Requests are counted by DynamoDB, one write each; when it is out, that is told at once and never waited for."""

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError

from local.repairs.capacity import METER
from partner_center.accounts.quota import NotCounted, Policy, Quotas
from partner_center.adapters import keys
from partner_center.adapters.dynamodb import Database
from partner_center.adapters.quota_store import QuotaStore
from partner_center.entry.wiring import base
from partner_center.kernel.patience import Patience
from tests.fakes.determined import NOW
from tests.fakes.quota import END, RequestCountsContract


@pytest.fixture
def table(new_table):
    return new_table("quota")


@pytest.fixture
def hasty(dynamodb):
    return Database(dynamodb, Patience(attempts=1, base=0))


@pytest.fixture
def counts(hasty, table):
    return QuotaStore(hasty, table)


class TestCountsInDynamoDb(RequestCountsContract):
    """The promises, kept by DynamoDB."""


def test_a_window_is_kept_an_hour_longer_than_it_lasts(counts, hasty, table):
    for _ in range(2):
        counts.add("key", "a", END)
    key = keys.request_count("key", "a", END)
    assert hasty.get(table, key) == {"pk": key.pk, "sk": key.sk, "used": 2, "expires_at": END + 3600}


def test_a_request_costs_one_write_unit_and_a_refused_one_of_a_used_up_window_none(counts, table):
    quotas = Quotas(counts, Policy("key", 3), Policy("address", 3))
    METER.reset()
    over = [quotas.spend(quotas.address, "strangers 2001:db8::/64", NOW).is_over for _ in range(9)]
    assert over == [False] * 3 + [True] * 6
    assert METER.write_units[table] == 4
    assert METER.read_units[table] == 0


class Failing:
    """A client whose calls end in `error`."""

    def __init__(self, error):
        self._error, self.calls = error, 0

    def update_item(self, **_):
        self.calls += 1
        raise self._error


def code_of(error):
    return error.response["Error"]["Code"] if isinstance(error, ClientError) else ""


def refusal(code):
    return ClientError({"Error": {"Code": code, "Message": "so it is"}}, "UpdateItem")


@pytest.mark.parametrize(
    "error",
    [
        refusal("ProvisionedThroughputExceededException"),
        refusal("ThrottlingException"),
        refusal("RequestLimitExceeded"),
        refusal("InternalServerError"),
        refusal("ResourceNotFoundException"),
        refusal("AccessDeniedException"),
        refusal("UnrecognizedClientException"),
        ConnectTimeoutError(endpoint_url="http://127.0.0.1:1"),
        ReadTimeoutError(endpoint_url="http://127.0.0.1:1"),
    ],
    ids=lambda error: code_of(error) or type(error).__name__,
)
def test_whatever_is_wrong_with_the_counter_is_told_after_one_try(error):
    client = Failing(error)
    with pytest.raises(NotCounted) as told:
        QuotaStore(Database(client, Patience(attempts=1, base=0)), "quota").add("key", "a", END)
    assert client.calls == 1
    assert told.value.detail


def test_a_table_that_is_gone_is_told(hasty):
    with pytest.raises(NotCounted, match="ResourceNotFound"):
        QuotaStore(hasty, "nowhere").add("key", "a", END)


def test_the_client_of_the_counter_tries_once_and_briefly(monkeypatch):
    """Functions of the API have ten seconds, for which the count must not stand."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    config = base.hasty_client("dynamodb").meta.config
    assert config.retries["total_max_attempts"] == 1
    assert config.connect_timeout + config.read_timeout <= 2

"""A fresh moto for each file, with the tables of template.yaml; nothing sleeps."""

from itertools import count
from pathlib import Path
from threading import RLock

import boto3
import pytest
from moto import mock_aws

from local import repairs
from local.creators import tables_of
from local.repairs.transactions import CONFLICTS
from partner_center.adapters.dynamodb import Database
from partner_center.adapters.tables import TableNames
from partner_center.kernel.patience import Patience
from tests.adapters.hostile_server import HostileServer, throw_away_tls
from tests.adapters.stores import DynamoStores
from tests.adapters.stripe_world import Scripted

TEMPLATE = Path(__file__).parents[2] / "template.yaml"
REGION = "eu-west-1"


@pytest.fixture(scope="module")
def aws():
    """Makes clients that reach moto in this process."""

    def client(service, **more):
        return boto3.client(
            service,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            **more,
        )

    with mock_aws(config={"stepfunctions": {"execute_state_machine": True}}):
        repairs.install(lambda name, event: ("{}", False), lambda target, event: None)
        yield client


@pytest.fixture(scope="module")
def dynamodb(aws):
    return aws("dynamodb")


@pytest.fixture(scope="session")
def described_tables():
    """What template.yaml says of each table, by the attribute of `TableNames` it is known under."""
    return tables_of(TEMPLATE)


@pytest.fixture(scope="module")
def new_table(dynamodb, described_tables):
    """Makes one table, empty, under a name of its own."""
    numbers = count(1)

    def new(group):
        name = f"{group}-alone-{next(numbers)}"
        dynamodb.create_table(TableName=name, **described_tables[group])
        return name

    return new


@pytest.fixture(scope="module")
def new_tables(dynamodb, described_tables):
    """Names all tables, empty; each is made when `dynamodb` is first asked for it: tests want two of six or three."""
    numbers, planned, one_at_a_time = count(1), {}, RLock()

    def make(params, **_):
        with one_at_a_time:
            for name in named(params) & planned.keys():
                dynamodb.create_table(TableName=name, **planned.pop(name))

    def new():
        number = next(numbers)
        names = {group: f"{group}-{number}" for group in described_tables}
        planned.update({names[group]: properties for group, properties in described_tables.items()})
        return TableNames(**names)

    dynamodb.meta.events.register("provide-client-params.dynamodb", make)
    return new


def named(params):
    """The tables of a request, of any operation."""
    writes = [each for item in params.get("TransactItems", ()) for each in item.values()]
    return {each["TableName"] for each in (params, *writes) if "TableName" in each} | {
        *params.get("RequestItems", ())
    }


@pytest.fixture(scope="module")
def tables(new_tables):
    """The tables that the tests of a file share."""
    return new_tables()


@pytest.fixture
def pauses():
    """The seconds that a database waited between its attempts."""
    return []


@pytest.fixture
def database(dynamodb, tables, pauses):
    return Database(dynamodb, Patience(sleep=pauses.append, jitter=lambda: 1.0))


@pytest.fixture
def stores(dynamodb, new_tables, pauses):
    """`tests.fakes.stores.Stores` over empty tables."""
    database = Database(dynamodb, Patience(sleep=pauses.append, jitter=lambda: 1.0))
    return DynamoStores(database, new_tables())


@pytest.fixture
def contention():
    """Sets how probably a write meets another one."""
    yield CONFLICTS.configure
    CONFLICTS.configure(0.0)


@pytest.fixture(scope="session")
def tls(tmp_path_factory):
    return throw_away_tls(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def serve_web(tls):
    """Starts web servers that do as their script says; octets are sent to everybody."""
    servers = []

    def start(script, **more):
        run = script if callable(script) else lambda _, peer: peer.send(script)
        servers.append(HostileServer(run, tls, **more))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def stripe():
    """Stripe, as it is scripted by the test."""
    scripted = Scripted()
    yield scripted
    scripted.close()

"""A fresh moto for each file, with the tables of template.yaml; nothing sleeps."""

from pathlib import Path

import boto3
import pytest
from moto import mock_aws
from samtranslator.yaml_helper import yaml_parse

from local import repairs
from local.creators import TABLE_PROPERTIES
from local.repairs.transactions import CONFLICTS
from partner_center.adapters.dynamodb import Database, Patience
from partner_center.adapters.tables import TableNames

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


@pytest.fixture(scope="module")
def tables(dynamodb):
    """All five, as the template describes them."""
    resources = yaml_parse(TEMPLATE.read_text())["Resources"]
    for logical_id, resource in resources.items():
        if resource["Type"] == "AWS::DynamoDB::Table":
            properties = resource["Properties"]
            described = {name: properties[name] for name in TABLE_PROPERTIES if name in properties}
            dynamodb.create_table(TableName=logical_id, **described)
    return TableNames("BusinessTable", "ValidationTable", "IssuanceTable", "AccessTable", "AuditTable")


@pytest.fixture
def pauses():
    """The seconds that a database waited between its attempts."""
    return []


@pytest.fixture
def database(dynamodb, tables, pauses):
    return Database(dynamodb, Patience(sleep=pauses.append, jitter=lambda: 1.0))


@pytest.fixture
def contention():
    """Sets how probably a write meets another one."""
    yield CONFLICTS.configure
    CONFLICTS.configure(0.0)

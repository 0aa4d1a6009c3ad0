"""The lines of docs/operations.md that make a CA do so, beside the key that the stack has made."""

import re
import shlex
from io import StringIO
from pathlib import Path

import pytest
from cryptography.x509 import load_der_x509_certificate

from partner_center.adapters.issuance_store import DynamoDbIssuanceStore
from partner_center.entry import serials
from partner_center.entry.ca import main

DOC = (Path(__file__).parents[2] / "docs/operations.md").read_text("utf-8")


@pytest.fixture
def stack_key(aws):
    """The issuing key of template.yaml, under its alias."""
    kms = aws("kms")
    made = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY", MultiRegion=True)["KeyMetadata"]
    kms.create_alias(AliasName="alias/ca/tls-e1", TargetKeyId=made["KeyId"])
    return made["Arn"]


@pytest.fixture
def table(new_table, monkeypatch):
    name = new_table("issuance")
    monkeypatch.setenv("ISSUANCE_TABLE", name)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    return name


def documented():
    """The commands of the bootstrap, as the operator's shell hands them on."""
    part = DOC[DOC.index("## CA bootstrap") : DOC.index("| command | signs |")]
    (who,) = re.findall(r"^WHO='(.+)'$", part, re.MULTILINE)
    for line in re.findall(r'^(aws kms enable-key|make ca ARGS=".+")', part, re.MULTILINE):
        text = re.sub(r'^make ca ARGS="|"$', "", line)
        yield shlex.split(text.replace("$WHO", who).replace("<repository>", "repository"))


def test_the_bootstrap_makes_a_ca_on_the_key_of_the_stack(aws, dynamodb, stack_key, table, monkeypatch):
    kms = aws("kms")
    aws("s3").create_bucket(
        Bucket="repository", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    typed = {"root": "root-r1", "issuing": "tls-e1", "activate": "tls-e1"}
    commands = list(documented())
    assert [command[0] for command in commands] == ["root", "root", "aws", "issuing", "activate"]
    for command in commands:
        if command[0] == "aws":
            kms.enable_key(KeyId=kms.describe_key(KeyId="alias/ca/root-r1")["KeyMetadata"]["KeyId"])
            continue
        monkeypatch.setattr("sys.stdin", StringIO(f"{typed[command[0]]}\n"))
        assert main(command) == 0
    (issuing,) = DynamoDbIssuanceStore(dynamodb, table).issuing_cas()
    issuing.certificate.verify_directly_issued_by(load_der_x509_certificate(issuing.root_der))
    assert (issuing.active, issuing.key_id) == (True, stack_key)
    files = aws("s3").list_objects_v2(Bucket="repository")["Contents"]
    assert {each["Key"] for each in files} == {"root-r1.crt", "root-r1.crl", "tls-e1.crt"}


def test_the_list_of_serials_that_came_to_nothing_is_read_from_the_table(table, capsys):
    assert "partner_center.entry.serials list" in DOC
    assert serials.main(["list"]) == 0
    assert capsys.readouterr().out == ""

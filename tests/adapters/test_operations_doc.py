"""The lines of docs/operations.md that make a CA do so, beside the key that the stack has made."""

import re
from pathlib import Path

import pytest
from cryptography.x509 import load_der_x509_certificate

from partner_center.adapters.issuance_store import DynamoDbIssuanceStore

DOC = (Path(__file__).parents[2] / "docs/operations.md").read_text("utf-8")


@pytest.fixture
def stack_key(aws):
    """The issuing key of template.yaml, under its alias."""
    kms = aws("kms")
    made = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY", MultiRegion=True)["KeyMetadata"]
    kms.create_alias(AliasName="alias/ca/tls-e1", TargetKeyId=made["KeyId"])
    return made["Arn"]


def test_the_bootstrap_makes_a_ca_on_the_key_of_the_stack_and_only_once(
    new_tables, dynamodb, stack_key, monkeypatch, capsys
):
    table = new_tables().issuance
    monkeypatch.setenv("ISSUANCE_TABLE", table)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    (lines,) = re.findall(r"```python\n(.+?)```", DOC, re.DOTALL)
    for _ in range(2):
        exec(compile(lines, "operations.md", "exec"), {})  # noqa: S102
    assert capsys.readouterr().out.splitlines() == [f"tls-e1 {stack_key}"] * 2
    (issuing,) = DynamoDbIssuanceStore(dynamodb, table).issuing_cas()
    issuing.certificate.verify_directly_issued_by(load_der_x509_certificate(issuing.root_der))
    assert issuing.active

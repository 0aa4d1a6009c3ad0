"""The operator's door to the CAs on KMS, DynamoDB and S3, and what openssl says of what comes out."""

import subprocess
from io import StringIO

import pytest
from botocore.exceptions import ClientError

from partner_center.adapters.issuance_store import DynamoDbIssuanceStore
from partner_center.entry.ca import main
from partner_center.issuance.profile import CaReason

BUCKET = "repository"
NAMES = ["--organization", "Our CA", "--country", "NL", "--repository-url", "http://pki.example.com"]
ROOT = ["root", "--name", "Our Root R1", *NAMES, "--bucket", BUCKET, "--yes"]
ISSUING = ["issuing", "--name", "Our TLS CA", *NAMES, "--bucket", BUCKET, "--endpoint", "vpce-1", "--yes"]


@pytest.fixture(scope="module")
def ca(aws, new_table):
    """Runs the command against moto, with the credentials that mock_aws gives."""
    table = new_table("issuance")
    aws("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("ISSUANCE_TABLE", table)
        environment.setenv("AWS_DEFAULT_REGION", "eu-west-1")
        yield main, DynamoDbIssuanceStore(aws("dynamodb"), table)


@pytest.fixture(scope="module")
def hierarchy(ca, aws):
    """A root and two issuing CAs, the first of them retired and revoked, and the root's second CRL."""
    run, store = ca
    assert run(ROOT) == 0
    for issuer_id, algorithm in (("tls-e1", "ecdsa-sha256"), ("tls-r1", "rsa-pkcs1-sha256")):
        enable(aws)
        assert run([*ISSUING, "--issuer-id", issuer_id, "--algorithm", algorithm]) == 0
    assert run(["activate", "tls-r1", "--yes"]) == 0
    assert run(["revoke", "tls-e1", "--reason", "superseded", "--yes"]) == 0
    enable(aws)
    assert run(["crl", "--bucket", BUCKET, "--yes"]) == 0
    return store


def enable(aws):
    """What the person does by hand."""
    key = aws("kms").describe_key(KeyId="alias/ca/root-r1")["KeyMetadata"]["KeyId"]
    aws("kms").enable_key(KeyId=key)


def published(aws, name):
    return aws("s3").get_object(Bucket=BUCKET, Key=name)


def openssl(folder, *arguments):
    done = subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def folder(tmp_path, aws, hierarchy):
    """The repository's files, as PEM."""
    for name, kind in (
        ("root-r1.crt", "x509"),
        ("tls-e1.crt", "x509"),
        ("tls-r1.crt", "x509"),
        ("root-r1.crl", "crl"),
    ):
        (tmp_path / name).write_bytes(published(aws, name)["Body"].read())
        assert openssl(tmp_path, kind, "-inform", "DER", "-in", name, "-out", f"{name}.pem")[0] == 0
    return tmp_path


def test_openssl_verifies_the_ca_that_is_not_revoked(folder):
    where = ("-CAfile", "root-r1.crt.pem", "-CRLfile", "root-r1.crl.pem", "-crl_check", "-x509_strict")
    assert openssl(folder, "verify", *where, "tls-r1.crt.pem") == (0, "tls-r1.crt.pem: OK\n")
    status, told = openssl(folder, "verify", *where, "tls-e1.crt.pem")
    assert (status, "certificate revoked" in told) == (2, True)


def test_openssl_reads_the_roots_crl(folder):
    status, told = openssl(
        folder, "crl", "-in", "root-r1.crl.pem", "-CAfile", "root-r1.crt.pem", "-noout", "-text"
    )
    assert status == 0
    for line in ("verify OK", "X509v3 CRL Number", "Superseded"):
        assert line in told


@pytest.mark.parametrize(
    ("name", "media"), [("root-r1.crt", "application/pkix-cert"), ("root-r1.crl", "application/pkix-crl")]
)
def test_the_world_is_told_what_it_gets_and_for_how_long(aws, hierarchy, name, media):
    found = published(aws, name)
    assert (found["ContentType"], found["CacheControl"]) == (media, "max-age=3600")


def test_the_roots_key_is_disabled_and_signs_nothing(aws, hierarchy):
    kms = aws("kms")
    assert kms.describe_key(KeyId="alias/ca/root-r1")["KeyMetadata"]["KeyState"] == "Disabled"
    with pytest.raises(ClientError, match="Disabled"):
        kms.sign(
            KeyId="alias/ca/root-r1",
            Message=b"1" * 48,
            MessageType="DIGEST",
            SigningAlgorithm="ECDSA_SHA_384",
        )


@pytest.mark.parametrize("issuer_id", ["tls-e1", "tls-r1"])
def test_an_issuing_key_signs_through_its_endpoint_only(aws, hierarchy, issuer_id):
    kms = aws("kms")
    metadata = kms.describe_key(KeyId=f"alias/ca/{issuer_id}")["KeyMetadata"]
    assert (metadata["MultiRegion"], metadata["KeyUsage"]) == (True, "SIGN_VERIFY")
    policy = kms.get_key_policy(KeyId=metadata["KeyId"], PolicyName="default")["Policy"]
    assert '{"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}' in policy
    assert hierarchy.issuing_ca(issuer_id).key_id == metadata["Arn"]


def test_everything_is_in_the_table(hierarchy):
    root = hierarchy.root("root-r1")
    assert (root.crl_number, root.crl_ends is not None) == (2, True)
    old, new = hierarchy.issuing_ca("tls-e1"), hierarchy.issuing_ca("tls-r1")
    assert (old.active, old.revocation_reason, new.active) == (False, CaReason.SUPERSEDED, True)
    assert old.root_der == new.root_der == root.certificate_der


@pytest.mark.parametrize("again", [ROOT, [*ISSUING, "--issuer-id", "tls-e1"]], ids=["root", "issuing"])
def test_a_second_time_is_refused(ca, aws, hierarchy, again, capsys):
    enable(aws)
    assert ca[0](again) == 1
    assert "already" in capsys.readouterr().err


def test_a_person_is_asked_and_a_slip_signs_nothing(ca, hierarchy, aws, monkeypatch, capsys, tmp_path):
    enable(aws)
    monkeypatch.setattr("sys.stdin", StringIO("root-r2\n"))
    assert ca[0](["crl", "--out", str(tmp_path)]) == 1
    assert "Type root-r1" in capsys.readouterr().out
    assert hierarchy.root("root-r1").crl_number == 2
    assert list(tmp_path.iterdir()) == []


def test_files_may_be_written_instead(ca, hierarchy, tmp_path):
    assert ca[0](["publish", "--out", str(tmp_path)]) == 0
    assert {path.name for path in tmp_path.iterdir()} == {"root-r1.crt", "tls-e1.crt", "tls-r1.crt"}

"""S3 and SSM: nothing is repaired here, this is what the project relies on as moto gives it."""

import datetime

import pytest
import urllib3
from botocore.config import Config
from botocore.exceptions import ClientError


@pytest.fixture
def bucket(cloud, number):
    name = f"bucket-{number}"
    place = {"LocationConstraint": "eu-west-1"}
    cloud.client("s3").create_bucket(
        Bucket=name, CreateBucketConfiguration=place, ObjectLockEnabledForBucket=True
    )
    return name


def test_an_object_is_put_once_when_it_must_not_exist(cloud, bucket):
    client = cloud.client("s3")
    client.put_object(Bucket=bucket, Key="crl/1.crl", Body=b"first", IfNoneMatch="*")
    with pytest.raises(ClientError) as caught:
        client.put_object(Bucket=bucket, Key="crl/1.crl", Body=b"second", IfNoneMatch="*")
    assert caught.value.response["Error"]["Code"] == "PreconditionFailed"
    assert client.get_object(Bucket=bucket, Key="crl/1.crl")["Body"].read() == b"first"


def test_a_locked_object_version_cannot_be_deleted(cloud, bucket):
    client = cloud.client("s3")
    until = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=800)
    put = client.put_object(
        Bucket=bucket,
        Key="audit/1",
        Body=b"sealed",
        ObjectLockMode="COMPLIANCE",
        ObjectLockRetainUntilDate=until,
    )
    with pytest.raises(ClientError) as caught:
        client.delete_object(Bucket=bucket, Key="audit/1", VersionId=put["VersionId"])
    assert caught.value.response["Error"]["Code"] == "AccessDenied"


def test_a_presigned_upload_and_download_work_over_http(cloud, bucket):
    client = cloud.over_http("s3", config=Config(s3={"addressing_style": "path"}))
    params = {"Bucket": bucket, "Key": "documents/a.pdf"}
    upload = client.generate_presigned_url("put_object", Params=params, ExpiresIn=600)
    http = urllib3.PoolManager()
    assert http.request("PUT", upload, body=b"%PDF").status == 200
    download = client.generate_presigned_url("get_object", Params=params, ExpiresIn=600)
    assert http.request("GET", download).data == b"%PDF"
    form = client.generate_presigned_post(
        bucket, "documents/b.pdf", Conditions=[["content-length-range", 1, 100]]
    )
    answer = http.request("POST", form["url"], fields={**form["fields"], "file": ("b.pdf", b"%PDF-b")})
    assert answer.status in (200, 204)
    assert client.get_object(Bucket=bucket, Key="documents/b.pdf")["Body"].read() == b"%PDF-b"


def test_a_secret_parameter_is_shown_decrypted_only_on_demand(cloud):
    client = cloud.client("ssm")
    client.put_parameter(Name="/partner-center/stripe/key", Value="sk_test", Type="SecureString")
    shown = client.get_parameter(Name="/partner-center/stripe/key", WithDecryption=True)["Parameter"]
    hidden = client.get_parameter(Name="/partner-center/stripe/key")["Parameter"]
    assert (shown["Value"], shown["Type"]) == ("sk_test", "SecureString")
    assert hidden["Value"] != "sk_test"
    with pytest.raises(client.exceptions.ParameterNotFound):
        client.get_parameter(Name="/absent")

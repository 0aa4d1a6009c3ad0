"""The repository in S3: the highest number stays, whichever is written last."""

from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from partner_center.adapters.repository import S3Repository, object_key
from partner_center.kernel.errors import TryAgain

URL = "http://repository.example.com/tls-e1.crl"


@pytest.fixture(scope="module")
def s3(aws):
    client = aws("s3")
    client.create_bucket(Bucket="repository", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    return client


@pytest.fixture
def bucket(s3):
    yield s3
    for each in s3.list_objects_v2(Bucket="repository").get("Contents", ()):
        s3.delete_object(Bucket="repository", Key=each["Key"])


@pytest.fixture
def repository(bucket):
    return S3Repository(bucket, "repository")


def held(client, key="tls-e1.crl"):
    return client.get_object(Bucket="repository", Key=key)


def test_a_crl_lies_at_the_path_of_its_address_with_type_and_caching(repository, bucket):
    assert repository.replace_crl(URL, b"crl", 7)
    answer = held(bucket)
    assert answer["Body"].read() == b"crl"
    assert (answer["ContentType"], answer["CacheControl"]) == ("application/pkix-crl", "public, max-age=60")


def test_a_certificate_has_its_own_type(repository, bucket):
    repository.publish_certificate("http://repository.example.com/tls-e1.crt", b"certificate")
    answer = held(bucket, "tls-e1.crt")
    assert (answer["ContentType"], answer["CacheControl"]) == (
        "application/pkix-cert",
        "public, max-age=86400",
    )


@pytest.mark.parametrize(("number", "replaced"), [(8, True), (7, False), (6, False)])
def test_only_a_higher_number_replaces(repository, bucket, number, replaced):
    repository.replace_crl(URL, b"seven", 7)
    assert repository.replace_crl(URL, b"other", number) is replaced
    assert held(bucket)["Body"].read() == (b"other" if replaced else b"seven")


class Overtaken:
    """A client between whose look and whose writing another builder publishes."""

    def __init__(self, client, *others):
        self._client, self._others = client, list(others)

    def head_object(self, **parameters):
        try:
            return self._client.head_object(**parameters)
        finally:
            if self._others:
                number = self._others.pop(0)
                S3Repository(self._client, "repository").replace_crl(URL, f"{number}".encode(), number)

    def put_object(self, **parameters):
        return self._client.put_object(**parameters)


@pytest.mark.parametrize("first", [None, 5], ids=["the first CRL", "a later one"])
def test_the_older_of_two_that_looked_at_once_does_not_replace_the_newer(repository, bucket, first):
    if first:
        repository.replace_crl(URL, b"first", first)
    slow = S3Repository(Overtaken(bucket, 8), "repository")
    assert slow.replace_crl(URL, b"slow", 7) is False
    assert held(bucket)["Body"].read() == b"8"


def test_the_newer_of_two_that_looked_at_once_is_written_after_another_look(repository, bucket):
    repository.replace_crl(URL, b"first", 5)
    slow = S3Repository(Overtaken(bucket, 6, 7), "repository")
    assert slow.replace_crl(URL, b"slow", 9)
    assert held(bucket)["Body"].read() == b"slow"


def failing(error):
    def fail(**_):
        raise error

    return S3Repository(SimpleNamespace(head_object=fail, put_object=fail), "repository")


def refused(code):
    return ClientError({"Error": {"Code": code}}, "PutObject")


@pytest.mark.parametrize(
    "error",
    [
        refused("SlowDown"),
        refused("403"),
        refused("AccessDenied"),
        EndpointConnectionError(endpoint_url="s3"),
    ],
    ids=["busy", "forbidden", "denied", "away"],
)
def test_a_repository_that_is_out_is_tried_again(error):
    with pytest.raises(TryAgain):
        failing(error).replace_crl(URL, b"crl", 7)
    with pytest.raises(TryAgain):
        failing(error).publish_certificate(URL, b"certificate")


def test_a_repository_that_never_rests_is_given_up(bucket):
    def overtaken(**_):
        raise refused("PreconditionFailed")

    client = SimpleNamespace(head_object=bucket.head_object, put_object=overtaken)
    with pytest.raises(TryAgain):
        S3Repository(client, "repository").replace_crl(URL, b"crl", 7)


@pytest.mark.parametrize(
    ("url", "key"),
    [
        (URL, "tls-e1.crl"),
        ("http://repository.example.com/crls/tls-e1.crl", "crls/tls-e1.crl"),
        ("http://127.0.0.1:8080/tls-e1.crt", "tls-e1.crt"),
    ],
)
def test_the_key_is_the_path(url, key):
    assert object_key(url) == key

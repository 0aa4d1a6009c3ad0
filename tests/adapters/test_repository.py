"""The repository in S3: a CRL is replaced as it was seen, by one of a higher number."""

from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from partner_center.adapters.repository import S3Repository, object_key
from partner_center.kernel.errors import TryAgain
from tests.fakes.revocations import MemoryRepository

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
    assert repository.replace_crl(URL, b"crl", 7, None)
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


# ---- what every repository keeps


@pytest.fixture(params=["memory", "s3"])
def every(request):
    return MemoryRepository() if request.param == "memory" else request.getfixturevalue("repository")


def test_nothing_is_seen_where_nothing_was_published(every):
    assert every.seen(URL) is None


def test_a_crl_takes_the_place_of_what_was_seen(every):
    assert every.replace_crl(URL, b"seven", 7, None)
    seen = every.seen(URL)
    assert seen.number == 7
    assert every.replace_crl(URL, b"eight", 8, seen)
    assert every.seen(URL).number == 8


@pytest.mark.parametrize("number", [6, 7, 9], ids=["lower", "equal", "higher"])
@pytest.mark.parametrize("first", [None, 5], ids=["the first CRL", "a later one"])
def test_of_two_that_saw_the_same_one_publishes_whatever_their_numbers(every, first, number):
    if first:
        every.replace_crl(URL, b"first", first, None)
    seen = every.seen(URL)
    assert every.replace_crl(URL, b"fast", 7, seen)
    assert every.replace_crl(URL, b"slow", number, seen) is False
    assert every.seen(URL).number == 7


@pytest.mark.parametrize(("number", "replaced"), [(8, True), (7, False), (6, False)])
def test_only_a_higher_number_replaces(every, number, replaced):
    every.replace_crl(URL, b"seven", 7, None)
    assert every.replace_crl(URL, b"other", number, every.seen(URL)) is replaced
    assert every.seen(URL).number == (8 if replaced else 7)


# ---- what only S3 knows


@pytest.mark.parametrize("code", ["PreconditionFailed", "ConditionalRequestConflict"])
def test_a_builder_that_was_overtaken_is_told_so(bucket, code):
    def overtaken(**_):
        raise refused(code)

    client = SimpleNamespace(head_object=bucket.head_object, put_object=overtaken)
    assert S3Repository(client, "repository").replace_crl(URL, b"crl", 7, None) is False


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
        failing(error).seen(URL)
    with pytest.raises(TryAgain):
        failing(error).replace_crl(URL, b"crl", 7, None)
    with pytest.raises(TryAgain):
        failing(error).publish_certificate(URL, b"certificate")


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

"""Block lists in S3: which list holds a key, what is kept how long, and what is told when a list is no good."""

import io
import random
from datetime import timedelta
from hashlib import sha256
from itertools import count

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError

from partner_center.adapters import block_list
from partner_center.adapters.block_list import FRESH, PREFIX, BlockLists
from partner_center.adapters.blocked_keys import BlockedAnywhere
from partner_center.kernel.errors import TryAgain
from partner_center.orders.block_list import DIGEST, WINDOW, written
from tests.fakes.determined import FixedClock

_numbers = count(1)


class Watched:
    """A client that notes its calls; `before` is called ahead of each and may fail in its place."""

    def __init__(self, client):
        self.client, self.calls, self.bytes_read = client, [], 0
        self.before = lambda operation: None

    def list_objects_v2(self, **parameters):
        self.calls.append("list")
        self.before("list")
        return self.client.list_objects_v2(**parameters)

    def get_object(self, **parameters):
        self.calls.append("get")
        self.before("get")
        answer = self.client.get_object(**parameters)
        content = answer["Body"].read()
        self.bytes_read += len(content)
        return answer | {"Body": io.BytesIO(content)}

    def taken(self):
        calls, self.calls = self.calls, []
        return calls


class Shelf:
    """A bucket, the lists in it, and whoever reads them."""

    def __init__(self, client):
        self.client, self.bucket = client, f"lists-{next(_numbers)}"
        client.create_bucket(
            Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
        self.clock, self.watched = FixedClock(), Watched(client)

    def put(self, name, *digests):
        self.put_object(f"{PREFIX}{name}.bin", written(digests))

    def put_object(self, key, content):
        self.client.put_object(Bucket=self.bucket, Key=key, Body=content)

    def remove(self, name):
        self.client.delete_object(Bucket=self.bucket, Key=f"{PREFIX}{name}.bin")

    def reader(self, *required):
        return BlockLists(self.watched, self.bucket, self.clock, required)


@pytest.fixture
def shelf(aws):
    return Shelf(aws("s3"))


def digest(number):
    return sha256(f"key {number}".encode()).digest()


def many(size, seed=1):
    source = random.Random(seed)  # noqa: S311
    return [source.randbytes(DIGEST) for _ in range(size)]


# ---- finding


def test_a_key_is_found_on_the_list_that_holds_it(shelf):
    shelf.put("debian", digest(1), digest(2))
    shelf.put("leaked-2025", digest(3))
    lists = shelf.reader()
    assert "the block list debian," in lists.is_blocked(digest(2).hex())
    assert "the block list leaked-2025," in lists.is_blocked(digest(3).hex())
    assert lists.is_blocked(digest(4).hex()) is None


def test_without_any_list_no_key_is_blocked(shelf):
    assert shelf.reader().is_blocked(digest(1).hex()) is None


def test_a_large_list_is_searched_in_windows(shelf):
    members = many(80_000)
    shelf.put("large", *members)
    lists = shelf.reader()
    for each in members[:20]:
        assert lists.is_blocked(each.hex()) is not None
    for each in many(20, seed=2):
        assert lists.is_blocked(each.hex()) is None
    calls = shelf.watched.taken()
    assert calls.count("list") == 1
    assert calls.count("get") <= 42
    assert shelf.watched.bytes_read <= 42 * WINDOW * DIGEST


def test_asking_twice_about_a_key_reads_a_large_list_once(shelf):
    members = many(80_000)
    shelf.put("large", *members)
    lists = shelf.reader("large")
    assert lists.faults(members[0].hex()) == ()
    assert lists.is_blocked(members[0].hex()) is not None
    assert shelf.watched.taken() == ["list", "get"]


def test_a_small_list_is_read_once_while_it_stays_the_same(shelf):
    shelf.put("small", *map(digest, range(500)))
    lists = shelf.reader()
    for _ in range(3):
        for number in (1, 2, 1000):
            lists.is_blocked(digest(number).hex())
        shelf.clock.advance(seconds=FRESH.total_seconds() + 1)
    assert shelf.watched.taken() == ["list", "get", "list", "list"]


@pytest.mark.parametrize("size", [1, 1000, 80_000], ids=str)
def test_every_list_is_proven_on_the_way(shelf, size):
    members = many(size)
    shelf.put("one", *members)
    lists = shelf.reader("one")
    assert lists.faults(digest(0).hex()) == ()
    assert lists.is_blocked(members[size // 2].hex()) is not None


# ---- keeping


def test_a_change_is_noticed_when_the_listing_has_become_old(shelf):
    shelf.put("debian", digest(1))
    lists = shelf.reader()
    assert lists.is_blocked(digest(2).hex()) is None
    shelf.put("debian", digest(1), digest(2))
    shelf.put("more", digest(3))
    shelf.clock.advance(seconds=FRESH.total_seconds() - 1)
    assert lists.is_blocked(digest(2).hex()) is None
    shelf.clock.advance(seconds=1)
    assert "debian" in lists.is_blocked(digest(2).hex())
    assert "more" in lists.is_blocked(digest(3).hex())
    shelf.remove("more")
    shelf.clock.advance(seconds=FRESH.total_seconds())
    assert lists.is_blocked(digest(3).hex()) is None


def test_a_clock_that_was_put_back_makes_no_listing_last(shelf):
    lists = shelf.reader()
    lists.is_blocked(digest(1).hex())
    shelf.clock.advance(days=-1)
    shelf.put("debian", digest(1))
    assert lists.is_blocked(digest(1).hex()) is not None


def test_a_list_that_is_replaced_between_listing_and_reading_is_listed_again(shelf):
    shelf.put("debian", digest(1))
    lists = shelf.reader()
    lists.is_blocked(digest(1).hex())
    shelf.put("debian", digest(2))
    shelf.clock.advance(seconds=FRESH.total_seconds())
    pending = [lambda: shelf.put("debian", digest(3))]
    shelf.watched.before = lambda operation: operation == "get" and pending and pending.pop()()
    assert lists.is_blocked(digest(3).hex()) is not None


def test_a_list_that_disappears_between_listing_and_reading_is_missing(shelf):
    shelf.put("debian", digest(1))
    pending = [lambda: shelf.remove("debian")]
    shelf.watched.before = lambda operation: operation == "get" and pending and pending.pop()()
    assert shelf.reader("debian").faults(digest(1).hex()) == ("the block list debian is missing",)


def test_a_list_that_is_replaced_all_the_time_is_asked_for_again_later(shelf):
    shelf.put("debian", digest(1))
    numbers = count(2)
    shelf.watched.before = lambda operation: operation == "get" and shelf.put("debian", digest(next(numbers)))
    with pytest.raises(TryAgain, match="replaced"):
        shelf.reader().is_blocked(digest(1).hex())


# ---- what is no good


def test_each_required_list_that_is_missing_is_named(shelf):
    shelf.put("other", digest(1))
    lists = shelf.reader("debian", "other", "leaked")
    missing = ("the block list debian is missing", "the block list leaked is missing")
    assert lists.faults(digest(9).hex()) == missing
    assert lists.is_blocked(digest(9).hex()) is None
    assert lists.is_blocked(digest(1).hex()) is not None


SWAPPED = b"".join(sorted(map(digest, range(3)), reverse=True))
TWICE = digest(1) * 2
LARGE_SWAPPED = b"".join(sorted(many(80_000), reverse=True))
MALFORMED = {
    "empty": (b"", "it is empty"),
    "cut off": (written(map(digest, range(3)))[:-1], "its length, 95 bytes, is not a multiple of 32"),
    "text": (b"aa" * 32, "its digests are not sorted, or one stands there twice"),
    "unsorted": (SWAPPED, "its digests are not sorted, or one stands there twice"),
    "a digest twice": (TWICE, "its digests are not sorted, or one stands there twice"),
    "large and unsorted": (LARGE_SWAPPED, "its digests are not sorted, or one stands there twice"),
}


@pytest.mark.parametrize(("content", "said"), MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_list_is_told_by_its_name_and_passes_for_no_answer(shelf, content, said):
    shelf.put("good", digest(7))
    shelf.put_object(f"{PREFIX}bad.bin", content)
    lists = shelf.reader("good")
    assert lists.faults(digest(9).hex()) == (f"the block list bad cannot be used: {said}",)
    with pytest.raises(
        TryAgain, match=f"The key cannot be checked: the block list bad cannot be used: {said}"
    ):
        lists.is_blocked(digest(9).hex())
    assert "good" in lists.is_blocked(digest(7).hex())  # a key that is on a list needs no other


def test_a_list_is_good_again_once_it_was_mended(shelf):
    shelf.put_object(f"{PREFIX}debian.bin", SWAPPED)
    lists = shelf.reader("debian")
    assert lists.faults(digest(9).hex()) != ()
    shelf.put("debian", digest(1))
    shelf.clock.advance(seconds=FRESH.total_seconds())
    assert lists.faults(digest(9).hex()) == ()


@pytest.mark.parametrize(
    "key", ["notes.txt", "Debian.bin", "a/b.bin", ".bin", "debian.bin.bak", "x" * 64 + ".bin"]
)
def test_an_object_that_is_no_list_by_its_name_is_told(shelf, key):
    shelf.put("debian", digest(1))
    shelf.put_object(f"{PREFIX}{key}", b"")
    lists = shelf.reader("debian")
    (fault,) = lists.faults(digest(9).hex())
    assert fault == "there is an object among the block lists whose name is not <name>.bin"
    assert lists.is_blocked(digest(9).hex()) is None


@pytest.mark.parametrize("key", [PREFIX, "elsewhere.bin", "blocked/a.bin"])
def test_the_folder_itself_and_objects_elsewhere_do_not_matter(shelf, key):
    shelf.put("debian", digest(1))
    shelf.put_object(key, b"")
    assert shelf.reader("debian").faults(digest(9).hex()) == ()


def test_more_lists_than_are_looked_at_are_a_fault(shelf, monkeypatch):
    monkeypatch.setattr(block_list, "_MOST_LISTS", 2)
    for name in "abc":
        shelf.put(name, digest(1))
    assert shelf.reader("a").faults(digest(9).hex()) == ("there are more than 2 block lists",)
    with pytest.raises(TryAgain):
        shelf.reader().is_blocked(digest(1).hex())


def test_a_bucket_that_is_not_there_is_the_operators_fault(aws, shelf):
    lists = BlockLists(aws("s3"), "there-is-no-such-bucket", shelf.clock, ("debian",))
    assert lists.faults(digest(1).hex()) == ("the block lists cannot be read (NoSuchBucket)",)
    with pytest.raises(TryAgain, match="NoSuchBucket"):
        lists.is_blocked(digest(1).hex())


def failing(operation_that_fails, error):
    def before(operation):
        if operation == operation_that_fails:
            raise error

    return before


def client_error(code):
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "GetObject")


@pytest.mark.parametrize("operation", ["list", "get"])
def test_a_denied_access_is_the_operators_fault(shelf, operation):
    shelf.put("debian", digest(1))
    shelf.watched.before = failing(operation, client_error("AccessDenied"))
    (fault,) = shelf.reader("debian").faults(digest(9).hex())
    assert "cannot be read (AccessDenied)" in fault


OUTAGES = {
    "slow down": client_error("SlowDown"),
    "internal error": client_error("InternalError"),
    "no connection": ConnectTimeoutError(endpoint_url="https://s3"),
    "no answer": ReadTimeoutError(endpoint_url="https://s3"),
}


@pytest.mark.parametrize("operation", ["list", "get"])
@pytest.mark.parametrize("outage", OUTAGES.values(), ids=OUTAGES.keys())
def test_an_outage_says_nothing_about_the_lists(shelf, operation, outage):
    shelf.put("debian", digest(1))
    shelf.watched.before = failing(operation, outage)
    lists = shelf.reader("debian")
    for ask in (lists.is_blocked, lists.faults):
        with pytest.raises(TryAgain):
            ask(digest(9).hex())
    shelf.watched.before = lambda operation: None
    assert lists.faults(digest(9).hex()) == ()


def test_a_list_that_breaks_off_while_it_is_read_is_an_outage(shelf):
    shelf.put("debian", digest(1))

    class BreaksOff:
        def read(self):
            raise ReadTimeoutError(endpoint_url="https://s3")

    lists = shelf.reader()
    shelf.watched.get_object = lambda **_: {"Body": BreaksOff()}
    with pytest.raises(TryAgain, match="not read to its end"):
        lists.is_blocked(digest(1).hex())


# ---- together with the keys blocked here


class Asked:
    def __init__(self, reason):
        self.reason, self.times = reason, 0

    def is_blocked(self, spki_sha256):
        self.times += 1
        return self.reason


def test_a_key_is_blocked_by_whichever_source_says_so_first():
    first, second, third = Asked(None), Asked("second"), Asked("third")
    assert BlockedAnywhere(first, second, third).is_blocked("ab") == "second"
    assert (first.times, second.times, third.times) == (1, 1, 0)
    assert BlockedAnywhere(first).is_blocked("ab") is None


def test_five_minutes_are_what_the_operators_manual_says():
    assert timedelta(minutes=5) == FRESH

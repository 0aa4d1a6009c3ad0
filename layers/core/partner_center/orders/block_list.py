"""A block list as an object: SHA-256 digests of SubjectPublicKeyInfo, 32 bytes each, sorted, none twice.

Digests are spread evenly over their range, so where one would stand can be computed: a list of a million keys
is searched with one read of a window around that place. A list that is not sorted would hide its keys from
such a search, so each stretch that is read is held against its order.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable
from itertools import pairwise

DIGEST = 32
WINDOW = 4096
"""Digests read at once (128 KiB): four standard deviations to each side in a list of a million."""

Read = Callable[[int, int], bytes]


class MalformedList(Exception):
    """The object is no block list; the message says what is wrong with it."""


def count_of(size: int) -> int:
    """How many digests an object of `size` bytes holds. Raises MalformedList for none, or a part of one."""
    if size == 0:
        raise MalformedList("it is empty")
    if size % DIGEST:
        raise MalformedList(f"its length, {size} bytes, is not a multiple of {DIGEST}")
    return size // DIGEST


def stands_in(digest: bytes, count: int, read: Read) -> bool:
    """Whether `digest` is one of the list's `count`; `read(start, stop)` gives those digests, counted from 0."""
    low, high = 0, count
    middle = int.from_bytes(digest) * count >> (8 * DIGEST)
    while low < high:
        start = max(low, min(middle - WINDOW // 2, high - WINDOW))
        stop = min(high, start + WINDOW)
        stretch = read(start, stop)
        if stretch[:DIGEST] <= digest <= stretch[-DIGEST:]:
            at = bisect_left(range(stop - start), digest, key=lambda index: _digest(stretch, index))
            return _digest(stretch, at) == digest
        if digest < stretch[:DIGEST]:
            high = start
        else:
            low = stop
        middle = (low + high) // 2  # the first guess is nearly always right; halving ends whatever the list
    return False


def require_sorted(stretch: bytes) -> None:
    """Raises MalformedList unless the digests of `stretch` ascend, none of them twice."""
    digests = (_digest(stretch, index) for index in range(len(stretch) // DIGEST))
    if any(left >= right for left, right in pairwise(digests)):
        raise MalformedList("its digests are not sorted, or one stands there twice")


def written(digests: Iterable[bytes]) -> bytes:
    """The object that holds `digests`. Raises MalformedList when there is none, or one is not 32 bytes long."""
    unique = sorted(set(digests))
    if not unique:
        raise MalformedList("it is empty")
    if any(len(digest) != DIGEST for digest in unique):
        raise MalformedList(f"a digest is not {DIGEST} bytes long")
    return b"".join(unique)


def _digest(stretch: bytes, index: int) -> bytes:
    return stretch[index * DIGEST : (index + 1) * DIGEST]

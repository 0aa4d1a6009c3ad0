"""The operator's block lists: objects in S3 (`partner_center.orders.block_list`), looked up with ranged reads.

A fault of a list is the operator's to mend and is told by its name: a list that cannot be read must not pass
for one that holds no key. An outage is another matter: TryAgain, and nothing is said about the lists.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from partner_center.kernel.clock import Clock
from partner_center.kernel.errors import TryAgain
from partner_center.orders.block_list import DIGEST, MalformedList, count_of, require_sorted, stands_in

PREFIX = "blocked-keys/"
FRESH = timedelta(minutes=5)
"""How long a listing is relied on; what was read of a list is kept as long as its ETag stays the same."""
KEPT_WHOLE = 1024 * 1024
"""Bytes up to which a list is read at once and kept; of a larger one the last window is."""

_MOST_LISTS = 50
_KEY = re.compile(rf"{PREFIX}([a-z0-9][a-z0-9._-]{{0,62}})\.bin")
_REPLACED = {"PreconditionFailed", "NoSuchKey", "InvalidRange"}
_FOR_THE_OPERATOR = {"AccessDenied", "AllAccessDisabled", "InvalidObjectState", "NoSuchBucket"}


class _Fault(Exception):
    """Something about the lists that only their operator can mend."""


class _Replaced(Exception):
    """The object is no longer the one that was listed."""


@dataclass(slots=True)
class _List:
    """One object as listed, and the stretch of it that was read last (bytes, from `held_from`)."""

    name: str
    key: str
    size: int
    etag: str
    held: bytes = b""
    held_from: int = 0


@dataclass(slots=True)
class _Listing:
    at: datetime
    lists: dict[str, _List] = field(default_factory=dict)
    strays: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Seen:
    """What the lists say of one key: the list that holds it, what kept lists from answering, what is not there."""

    list_name: str | None = None
    faults: list[str] = field(default_factory=list)
    absent: Sequence[str] = ()


class BlockLists:
    """`BlockedKeys` of the key gate over every list of the bucket, and what preflight asks about them."""

    def __init__(self, client: Any, bucket: str, clock: Clock, required: Sequence[str] = ()) -> None:
        self._client = client
        self._bucket = bucket
        self._clock = clock
        self._required = required
        self._listing: _Listing | None = None

    def is_blocked(self, spki_sha256: str) -> str | None:
        """Why the key is blocked, naming the list. Raises TryAgain when a list that is there cannot be read.

        A list that is missing altogether, or misnamed, is not noticed here, see `faults`.
        """
        seen = self._look_up(spki_sha256)
        if seen.list_name is not None:
            return f"it stands on the block list {seen.list_name}, of keys that others may know"
        if seen.faults:
            raise TryAgain(f"The key cannot be checked: {seen.faults[0]}.", 300)
        return None

    def faults(self, spki_sha256: str) -> tuple[str, ...]:
        """What keeps the lists from answering for this key: each that is missing or cannot be used.

        Raises TryAgain when they cannot be asked at the moment.
        """
        seen = self._look_up(spki_sha256)
        return (*seen.faults, *seen.absent)

    def _look_up(self, spki_sha256: str) -> _Seen:
        digest = bytes.fromhex(spki_sha256)
        try:
            return self._search(digest)
        except _Replaced:
            self._listing = None
        try:
            return self._search(digest)
        except _Replaced as error:
            raise TryAgain("A block list is being replaced; the same request may be sent again.") from error

    def _search(self, digest: bytes) -> _Seen:
        try:
            listing = self._listed()
        except _Fault as fault:
            return _Seen(faults=[str(fault)])
        missing = [name for name in self._required if name not in listing.lists]
        seen = _Seen(absent=[*listing.strays, *(f"the block list {name} is missing" for name in missing)])
        for each in listing.lists.values():
            try:
                if self._holds(each, digest):
                    seen.list_name = each.name
            except (MalformedList, _Fault) as fault:
                seen.faults.append(f"the block list {each.name} cannot be used: {fault}")
        return seen

    def _holds(self, each: _List, digest: bytes) -> bool:
        count = count_of(each.size)

        def stretch(start: int, stop: int) -> bytes:
            return self._stretch(each, start * DIGEST, stop * DIGEST)

        return stands_in(digest, count, stretch)

    def _stretch(self, each: _List, start: int, stop: int) -> bytes:
        """Bytes of the list, read once; a list of moderate size is read whole and proven sorted throughout."""
        if not each.held_from <= start < stop <= each.held_from + len(each.held):
            whole = each.size <= KEPT_WHOLE
            first, last = (0, each.size) if whole else (start, stop)
            held = self._read(each, first, last)
            require_sorted(held)
            each.held, each.held_from = held, first
        return each.held[start - each.held_from : stop - each.held_from]

    def _read(self, each: _List, start: int, stop: int) -> bytes:
        """Bytes of the very object that was listed. Raises _Replaced when it is another one by now."""
        wanted = f"bytes={start}-{stop - 1}"
        answer = self._call("get_object", Key=each.key, Range=wanted, IfMatch=each.etag)
        try:
            return bytes(answer["Body"].read())
        except BotoCoreError as error:
            raise TryAgain("A block list was not read to its end.") from error

    def _listed(self) -> _Listing:
        """The lists that are there, looked up again when the listing has become old."""
        now = self._clock.now()
        known = self._listing
        if known is not None and timedelta() <= now - known.at < FRESH:
            return known
        answer = self._call("list_objects_v2", Prefix=PREFIX, MaxKeys=_MOST_LISTS)
        if answer.get("IsTruncated"):
            raise _Fault(f"there are more than {_MOST_LISTS} block lists")
        listing = _Listing(now)
        for found in _described(answer.get("Contents", ()), listing.strays):
            before = known.lists.get(found.name) if known else None
            same = before is not None and (before.etag, before.size) == (found.etag, found.size)
            listing.lists[found.name] = before if before is not None and same else found
        self._listing = listing
        return listing

    def _call(self, operation: str, **parameters: Any) -> Any:
        try:
            return getattr(self._client, operation)(Bucket=self._bucket, **parameters)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in _REPLACED:
                raise _Replaced from error
            if code in _FOR_THE_OPERATOR:
                raise _Fault(f"the block lists cannot be read ({code})") from error
            raise TryAgain("The block lists cannot be read at the moment.") from error
        except BotoCoreError as error:
            raise TryAgain("The block lists did not answer.") from error


def _described(contents: Sequence[Any], strays: list[str]) -> Iterator[_List]:
    for entry in contents:
        named = _KEY.fullmatch(entry["Key"])
        if named:
            yield _List(named[1], entry["Key"], entry["Size"], entry["ETag"])
        elif entry["Key"] != PREFIX:  # the console makes an empty object of a folder
            strays.append("there is an object among the block lists whose name is not <name>.bin")

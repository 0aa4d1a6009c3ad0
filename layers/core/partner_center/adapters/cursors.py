"""Cursors of lists: the last sort key of a page, wrapped."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

from partner_center.kernel.errors import Malformed

_LONGEST_SORT_KEY = 1024
"""Bytes that DynamoDB takes."""


def encode_cursor(sort_key: str) -> str:
    return urlsafe_b64encode(sort_key.encode()).decode().rstrip("=")


def decode_cursor(cursor: str, prefix: str) -> str:
    """The sort key in a cursor of ours. Raises Malformed for anything that is none of this list."""
    try:
        sort_key = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except ValueError as error:
        raise Malformed("This cursor is not one that we gave.") from error
    spelt_alike = encode_cursor(sort_key) == cursor  # the decoder passes over what is no base64
    if not spelt_alike or not sort_key.startswith(prefix) or len(sort_key.encode()) > _LONGEST_SORT_KEY:
        raise Malformed("This cursor belongs to another list.")
    return sort_key

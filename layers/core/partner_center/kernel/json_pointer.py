"""JSON Pointers (RFC 6901): where in a request a problem lies."""

from collections.abc import Sequence


def json_pointer(location: Sequence[str | int]) -> str:
    """`/contacts/technical/email`; empty for the whole document."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in location)

"""JSON as strangers send it: read in one way only, or not at all (RFC 8259)."""

import json
from typing import Any

from partner_center.entry.card_numbers import card_number_problems
from partner_center.kernel.errors import ContentRefused, Malformed

_DEEPEST = 32
_LONGEST_NAME = 8 * 1024
"""Characters of a field's name. A private key in PEM has fewer: its sender is told that it is one (ADR 7)."""
_LONGEST_WAY = 512
"""Characters of all names around a field, which each problem repeats. An order needs 272, a domain's among them."""


def read_json_object(raw: bytes) -> dict[str, Any]:
    """The one JSON object in `raw`, in UTF-8. Raises Malformed, and ContentRefused where a card number stands."""
    try:
        text = raw.decode("utf-8-sig")  # json.loads would guess other encodings too (RFC 8259, section 8.1)
        if "\ufffd" in text:
            raise ValueError("the sign that a gateway leaves where the bytes were no UTF-8")
        body = json.loads(text, object_pairs_hook=_without_repeats, parse_constant=_no_constant)
        _require_shallow(body)
        _require_short_names(body)
        json.dumps(body, ensure_ascii=False).encode()  # a lone surrogate has no UTF-8 form
    except (ValueError, RecursionError) as error:
        raise Malformed("The body is not a JSON document we can read.") from error
    if not isinstance(body, dict):
        raise Malformed("The body must be a JSON object.")
    if problems := card_number_problems(body):
        raise ContentRefused(problems)
    return body


def _require_shallow(body: Any) -> None:
    """No request needs more than a few levels, and whoever walks through them has a stack that ends."""
    level = [body]
    for _ in range(_DEEPEST):
        parts = (
            each.values() if isinstance(each, dict) else each
            for each in level
            if isinstance(each, dict | list)
        )
        level = [inner for several in parts for inner in several]
        if not level:
            return
    raise ValueError("too many levels")


def _require_short_names(value: Any, around: int = 0) -> None:
    """Whoever tells where a problem lies names the whole way: it must not grow with the body."""
    if around > _LONGEST_WAY:
        raise ValueError("long names around a field")
    if isinstance(value, dict):
        for name, inner in value.items():
            if len(name) > _LONGEST_NAME:
                raise ValueError("a long name")
            if isinstance(inner, dict | list):
                _require_short_names(inner, around + len(name))
    elif isinstance(value, list):
        for inner in value:
            if isinstance(inner, dict | list):
                _require_short_names(inner, around)


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A name given twice is ambiguous: two readers would see two different orders (RFC 8259, section 4)."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is repeated")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")

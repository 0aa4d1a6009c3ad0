"""From what pydantic found to the problems of the public contract: stable codes, JSON Pointers, a sentence."""

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from partner_center.kernel.errors import Problem, enough_of
from partner_center.kernel.json_pointer import json_pointer
from partner_center.orders.requests import COUNTRY_PATTERN, PHONE_PATTERN, REFERENCE_PATTERN

ShapeT = TypeVar("ShapeT", bound=BaseModel)

_CODES = {
    "missing": ("missing_field", "This field is required."),
    "extra_forbidden": ("unknown_field", "There is no such field here; check its spelling."),
    "string_too_long": ("too_long", "This is too long."),
    "too_long": ("too_many", "These are too many."),
    "model_type": ("invalid_field", "This must be an object with named fields."),
    "string_type": ("invalid_field", "This must be text."),
    "list_type": ("invalid_field", "This must be a list."),
}

_PATTERNS = {
    REFERENCE_PATTERN: "This must be 1 to 64 printable ASCII characters without blanks.",
    PHONE_PATTERN: "This must be a telephone number, such as +31 10 123 4567.",
    COUNTRY_PATTERN: "This must be a country's two letters (ISO 3166-1), such as NL.",
}


def read_shape(shape: type[ShapeT], body: Any) -> tuple[ShapeT | None, tuple[Problem, ...]]:
    """The body as `shape`, or the structural problems it has: all of them, or more than an answer tells."""
    try:
        return shape.model_validate(body), ()
    except ValidationError as error:
        return None, enough_of(map(_problem, error.errors(include_url=False, include_input=False)))


def _problem(error: Any) -> Problem:
    location = [step for step in error["loc"] if step != "[key]"]
    known = _CODES.get(error["type"])
    if known is None:
        code, sentence = "invalid_field", _sentence(error)
    else:
        code, sentence = known
        limit = (error.get("ctx") or {}).get("max_length")
        sentence = sentence if limit is None else f"{sentence[:-1]}: at most {limit}."
    return Problem(code, sentence, json_pointer(location))


def _sentence(error: Any) -> str:
    """What to do, in words of ours where the validator's are none for a reseller."""
    pattern = str((error.get("ctx") or {}).get("pattern"))
    if pattern in _PATTERNS:
        return _PATTERNS[pattern]
    words = str(error["msg"]).removeprefix("Value error, ").rstrip(".")
    if words.startswith("value is not a valid email address"):
        return "This is no e-mail address that mail can be sent to." + words.partition(":")[2].rstrip() + "."
    return words[:1].upper() + words[1:] + "."

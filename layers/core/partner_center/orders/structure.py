"""From what pydantic found to the problems of the public contract: stable codes, JSON Pointers, a sentence."""

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from partner_center.kernel.errors import Problem
from partner_center.kernel.json_pointer import json_pointer

ShapeT = TypeVar("ShapeT", bound=BaseModel)

_CODES = {
    "missing": ("missing_field", "This field is required."),
    "extra_forbidden": ("unknown_field", "There is no such field here; check its spelling."),
    "string_too_long": ("too_long", "This is too long."),
    "too_long": ("too_many", "These are too many."),
}


def read_shape(shape: type[ShapeT], body: Any) -> tuple[ShapeT | None, tuple[Problem, ...]]:
    """The body as `shape`, or every structural problem it has."""
    try:
        return shape.model_validate(body), ()
    except ValidationError as error:
        return None, tuple(
            _problem(detail) for detail in error.errors(include_url=False, include_input=False)
        )


def _problem(error: Any) -> Problem:
    location = [step for step in error["loc"] if step != "[key]"]
    known = _CODES.get(error["type"])
    if known is None:
        code, sentence = "invalid_field", error["msg"].removeprefix("Value error, ").rstrip(".") + "."
    else:
        code, sentence = known
        limit = (error.get("ctx") or {}).get("max_length")
        sentence = sentence if limit is None else f"{sentence[:-1]}: at most {limit}."
    return Problem(code, sentence, json_pointer(location))

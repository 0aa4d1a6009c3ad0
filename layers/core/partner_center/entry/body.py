"""Small bodies of one field, apart from the door: whoever takes no text ships nothing that looks for keys in it."""

from collections.abc import Mapping
from typing import Any

from partner_center.entry.api import Request
from partner_center.kernel.errors import ContentRefused, Problem
from partner_center.kernel.json_pointer import json_pointer
from partner_center.orders.key_material import screen


def optional_text(request: Request, name: str, longest: int) -> str | None:
    """The one field of an optional body. Raises ContentRefused for others, and for key material."""
    body, problems = _known_fields(request.optional_object(), name)
    value = body.get(name)
    if value is not None and not (isinstance(value, str) and len(value) <= longest):
        problems.append(
            Problem("invalid_field", f"This must be text of at most {longest} characters.", f"/{name}")
        )
    if problems:
        raise ContentRefused(problems)
    return value


def required_text(request: Request, name: str) -> str:
    """The one field of the body, of any length the body may have. Raises ContentRefused, Malformed ...

    It may hold key material, which its reader has to look for.
    """
    body = request.json_object()
    problems = [each for each in _known_fields(body, name)[1] if each.field != f"/{name}"]
    value = body.get(name)
    if name not in body:
        problems.append(Problem("missing_field", "This field is required.", f"/{name}"))
    elif not isinstance(value, str):
        problems.append(Problem("invalid_field", "This must be text.", f"/{name}"))
    if problems:
        raise ContentRefused(problems)
    return str(value)


def _known_fields(body: Mapping[str, Any], known: str) -> tuple[Mapping[str, Any], list[Problem]]:
    """The body without key material, and a problem for each piece of it and each field but `known`."""
    screened = screen(body)
    unknown = (
        Problem("unknown_field", "There is no such field here.", json_pointer((name,)))
        for name in screened.body
        if name != known
    )
    return screened.body, [*screened.problems, *unknown]

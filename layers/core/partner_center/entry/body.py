"""Small bodies of one field, apart from the door: whoever takes no text ships nothing that looks for keys in it."""

from collections.abc import Mapping
from typing import Any

from partner_center.entry.api import Request
from partner_center.kernel.errors import ContentRefused, Problem
from partner_center.kernel.json_pointer import json_pointer
from partner_center.orders.key_material import screen
from partner_center.orders.review import Verdict

LONGEST_STATEMENT = 2000


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


def decision_in(request: Request) -> tuple[Verdict, str, str | None]:
    """What a member of staff decided: verdict, evidence and, if there is one, a note.

    Raises ContentRefused with every problem, Malformed ...
    """
    body, problems = _known_fields(request.json_object(), "decision", "evidence", "note")
    if body.get("decision") not in list(Verdict):  # a set would not look for what has no hash
        words = " or ".join(Verdict)
        problems.append(Problem("invalid_field", f"The decision is {words}.", "/decision"))
    evidence, note, wrong = _statements(body)
    problems += wrong
    if problems:
        raise ContentRefused(problems)
    return Verdict(body["decision"]), evidence, note


def statement_in(request: Request) -> tuple[str, str | None]:
    """What a member of staff says: evidence and, if there is one, a note. Raises ContentRefused, Malformed ..."""
    body, problems = _known_fields(request.json_object(), "evidence", "note")
    evidence, note, wrong = _statements(body)
    if problems or wrong:
        raise ContentRefused([*problems, *wrong])
    return evidence, note


def _statements(body: Mapping[str, Any]) -> tuple[str, str | None, list[Problem]]:
    """Evidence and note, stripped, and what is wrong with them."""
    problems = []
    for name, required in (("evidence", True), ("note", False)):
        value = body.get(name)
        fits = isinstance(value, str) and 0 < len(value.strip()) <= LONGEST_STATEMENT and _is_text(value)
        if value is None and not required:
            continue
        if not fits:
            detail = f"This must be text of 1 to {LONGEST_STATEMENT} characters."
            problems.append(Problem("invalid_field" if name in body else "missing_field", detail, f"/{name}"))
    if problems:
        return "", None, problems
    note = body.get("note")
    return body["evidence"].strip(), note.strip() if note is not None else None, problems


def _is_text(value: str) -> bool:
    return all(letter.isprintable() or letter in "\n\r\t" for letter in value)


def _known_fields(body: Mapping[str, Any], *known: str) -> tuple[Mapping[str, Any], list[Problem]]:
    """The body without key material, and a problem for each piece of it and each field but the `known`."""
    screened = screen(body)
    unknown = (
        Problem("unknown_field", "There is no such field here.", json_pointer((name,)))
        for name in screened.body
        if name not in known
    )
    return screened.body, [*screened.problems, *unknown]

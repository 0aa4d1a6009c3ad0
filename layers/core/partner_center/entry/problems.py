"""Problem documents (RFC 9457): one shape for every refusal, whoever makes it."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from partner_center.kernel.errors import Problem, told_at_once

CONTENT_TYPE = "application/problem+json"


def moved(problems: Iterable[Problem], prefix: str) -> list[Problem]:
    """Problems of a part of a body, as problems of a body that is that part."""
    return [replace(each, field=_moved(each.field, prefix)) for each in problems]


def _moved(field: str | None, prefix: str) -> str | None:
    if field is None or not f"{field}/".startswith(f"{prefix}/"):
        return field
    return field.removeprefix(prefix)


def problem_document(
    status: int, code: str, detail: str, request_id: str, problems: Sequence[Problem] = ()
) -> dict[str, Any]:
    """The document; of the `problems`, each with its own code and place, it lists as many as one answer tells."""
    return {
        "type": f"urn:partner-center:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        "request_id": request_id,
        "problems": [problem.as_json() for problem in told_at_once(problems)],
    }

"""The bodies with which staff name an order's payment: ids only, never a word about a card itself."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from partner_center.kernel.errors import ContentRefused, Problem
from partner_center.kernel.ids import RESELLER_ID
from partner_center.kernel.json_pointer import json_pointer

_IDS = {"reseller_id": RESELLER_ID, "card_id": re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")}


def reseller_in(body: Mapping[str, Any]) -> str:
    """The `reseller_id`, and nothing else. Raises ContentRefused with every problem."""
    _refuse(_problems(body, ["reseller_id"], []))
    return str(body["reseller_id"])


def card_and_reseller_in(body: Mapping[str, Any]) -> tuple[str, str | None]:
    """The `reseller_id` and, if there is one, the `card_id`. Raises ContentRefused with every problem."""
    _refuse(_problems(body, ["reseller_id"], ["card_id"]))
    return str(body["reseller_id"]), body.get("card_id")


def _problems(body: Mapping[str, Any], required: Sequence[str], optional: Sequence[str]) -> list[Problem]:
    """What is refused is not repeated: it may be a card number that somebody sent against all advice."""
    known = (*required, *optional)
    problems = [
        Problem("unknown_field", "There is no such field here.", json_pointer((name,)))
        for name in body
        if name not in known
    ]
    for name in known:
        value = body.get(name)
        if value is None and (name in optional or name not in body):
            if name in required:
                problems.append(Problem("missing_field", "This field is required.", f"/{name}"))
        elif not (isinstance(value, str) and _IDS[name].fullmatch(value)):
            problems.append(Problem("invalid_field", "This must be an id.", f"/{name}"))
    return problems


def _refuse(problems: Sequence[Problem]) -> None:
    if problems:
        raise ContentRefused(problems)

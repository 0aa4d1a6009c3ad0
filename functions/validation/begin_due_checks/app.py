"""Every minute: begins the checks that are due by themselves."""

from typing import Any

from partner_center.entry.wiring.validation_functions import begin_due_checks


def handler(_event: dict[str, Any], _context: Any) -> dict[str, int]:
    return {"begun": begin_due_checks()()}

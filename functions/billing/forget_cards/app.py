"""Every day: the gateway forgets the cards that no order can need any more."""

from typing import Any

from partner_center.entry.wiring.forgetting_cards import forget_cards


def handler(_event: dict[str, Any], _context: Any) -> dict[str, int]:
    return {"forgotten": forget_cards()()}

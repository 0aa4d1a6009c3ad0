"""Every hour: tells of contracts that run out of units or time."""

from typing import Any

from partner_center.entry.wiring.contract_notices import notify_contracts


def handler(_event: dict[str, Any], context: Any) -> dict[str, int]:
    return {"mailed": notify_contracts()(context.aws_request_id)}

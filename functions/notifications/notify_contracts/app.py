"""Every quarter of an hour: claims what is to be told of contracts and queues its mails."""

from typing import Any

from partner_center.entry.wiring.telling_contracts import notify_contracts


def handler(_event: dict[str, Any], context: Any) -> dict[str, int]:
    return {"queued": notify_contracts()(context.aws_request_id)}

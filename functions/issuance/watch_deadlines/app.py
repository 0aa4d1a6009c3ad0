"""Every five minutes: reads the clocks of revocation into the log, on which the alarms are set."""

from typing import Any

from aws_lambda_powertools import Logger

from partner_center.entry.wiring.deadlines import read_clocks

logger = Logger()


def handler(_event: dict[str, Any], _context: Any) -> dict[str, int]:
    readings = read_clocks()()
    for reading in readings:
        logger.info(reading.about, issuer_id=reading.issuer_id, seconds=reading.seconds)
    return {"readings": len(readings)}

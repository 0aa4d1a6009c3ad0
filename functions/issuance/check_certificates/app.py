"""Every day: looks again at each certificate that was stored since the last run. Alarms wait for what it logs."""

from typing import Any

from aws_lambda_powertools import Logger

from partner_center.entry.wiring.checking_certificates import check_certificates

_FOR_THE_REST = 60_000  # milliseconds: to finish the certificate in hand and record the run


def handler(_event: dict[str, Any], context: Any) -> dict[str, int | bool]:
    check, logger = check_certificates(), Logger()
    run = check(context.aws_request_id, lambda: context.get_remaining_time_in_millis() > _FOR_THE_REST)
    counts = {"checked": run.checked, "objections": run.objections, "is_complete": run.is_complete}
    logger.info("certificates were checked", run_id=run.run_id, **counts)
    if run.objections:
        logger.error("certificates are objected to", run_id=run.run_id, **counts)
    if not run.is_complete:
        logger.error("the check of certificates is behind", run_id=run.run_id)
    if ending := check.ending_root_crls():
        logger.error("the CRL of a root ends soon", roots=ending)
    return counts

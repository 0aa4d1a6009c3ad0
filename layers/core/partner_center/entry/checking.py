"""The door of the daily check: what it logs is what alarms wait for."""

from collections.abc import Callable
from typing import Any

from aws_lambda_powertools import Logger

from partner_center.issuance.daily_check import CheckCertificates

_FOR_THE_REST = 60_000  # milliseconds: to finish the certificate in hand and record the run


def checking_handler(
    check_certificates: Callable[[], CheckCertificates],
) -> Callable[[dict[str, Any], Any], dict[str, int | bool]]:
    """A Lambda handler for certificates and the CRLs of roots; whatever becomes of the ones, the others are told."""
    logger = Logger()

    def tell(serial: str, error: Exception) -> None:
        logger.error("a certificate cannot be read", serial=serial, exc_info=error)

    def look_at_certificates(context: Any) -> dict[str, int | bool]:
        run = check_certificates()(
            context.aws_request_id, lambda: context.get_remaining_time_in_millis() > _FOR_THE_REST, tell
        )
        counts: dict[str, Any] = {
            "checked": run.checked,
            "objections": run.objections,
            "is_complete": run.is_complete,
        }
        logger.info("certificates were checked", run_id=run.run_id, **counts)
        if run.objections:
            logger.error("certificates are objected to", run_id=run.run_id, **counts)
        if not run.is_complete:
            logger.error("the check of certificates is behind", run_id=run.run_id)
        return counts

    def handler(_event: dict[str, Any], context: Any) -> dict[str, int | bool]:
        try:
            if ending := check_certificates().ending_root_crls():
                logger.error("the CRL of a root ends soon", roots=ending)
        finally:
            counts = look_at_certificates(context)
        return counts

    return handler

"""The operator's door to serials that came to nothing: `python -m partner_center.entry.serials list` or `close`."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from datetime import timedelta

from partner_center.issuance.record import CertificateRecord
from partner_center.issuance.unfinished import A_RUNS_TIME, UnfinishedSerials
from partner_center.kernel.clock import rfc3339
from partner_center.kernel.errors import PartnerCenterError


def main(arguments: Sequence[str] | None = None, make: Callable[[], UnfinishedSerials] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m partner_center.entry.serials", description=__doc__)
    commands = parser.add_subparsers(required=True, dest="command")
    listing = commands.add_parser("list", help="serials that were recorded and neither stored nor closed")
    listing.add_argument(
        "--minutes",
        type=int,
        default=A_RUNS_TIME // timedelta(minutes=1),
        metavar="N",
        help="recorded at least so long ago",
    )
    closing = commands.add_parser("close", help="give one up: nothing is ever issued under it")
    closing.add_argument("serial", metavar="SERIAL")
    closing.add_argument("--why", required=True, help="kept with the serial")
    options = parser.parse_args(arguments)
    serials = (make or _wired)()
    try:
        if options.command == "list":
            left_over = serials.left_over(timedelta(minutes=options.minutes))
            sys.stdout.write("".join(_line(record) for record in left_over))
        else:
            record = serials.close(options.serial, f"an operator: {options.why}")
            sys.stdout.write(f"closed: {_line(record)}")
    except PartnerCenterError as error:
        sys.stderr.write(f"{error.detail}\n")
        return 1
    return 0


def _line(record: CertificateRecord) -> str:
    parts = (
        record.serial_hex,
        rfc3339(record.recorded_at),
        record.issuer_id,
        record.reseller_id,
        record.order_id,
        f"g{record.generation}",
        ",".join(record.names),
    )
    return " ".join(parts) + "\n"


def _wired() -> UnfinishedSerials:
    """The table of ISSUANCE_TABLE, with the operator's own credentials."""
    from botocore.session import get_session  # noqa: PLC0415 - after the arguments were understood

    from partner_center.adapters.certificate_store import DynamoDbCertificates  # noqa: PLC0415
    from partner_center.adapters.clock import SystemClock  # noqa: PLC0415

    store = DynamoDbCertificates(get_session().create_client("dynamodb"), os.environ["ISSUANCE_TABLE"])
    return UnfinishedSerials(store, store, SystemClock())


if __name__ == "__main__":
    sys.exit(main())

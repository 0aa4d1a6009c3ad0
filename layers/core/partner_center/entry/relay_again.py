"""The operator's door to what the relay gave up: `python -m partner_center.entry.relay_again`.

Every message of the queue is relayed again, and deleted once that is done. Relaying twice does no harm.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence

Lines = Callable[[], Iterator[str]]


def main(arguments: Sequence[str] | None = None, make: Callable[[str, str], Lines] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m partner_center.entry.relay_again", description=__doc__)
    parser.add_argument("--queue", required=True, metavar="URL", help="of RelayFailures")
    parser.add_argument("--function", required=True, metavar="NAME", help="of RelayEventsFunction")
    options = parser.parse_args(arguments)
    for line in (make or _wired)(options.queue, options.function)():
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
    return 0


def _wired(queue_url: str, function: str) -> Lines:
    """With the operator's own credentials."""
    from botocore.config import Config  # noqa: PLC0415 - after the arguments were understood
    from botocore.session import get_session  # noqa: PLC0415

    from partner_center.adapters.relay_again import FailedRecords, RelayAgain, StreamReader, relay_by  # noqa: PLC0415

    session = get_session()
    once = Config(
        read_timeout=90, retries={"total_max_attempts": 1}
    )  # the function may take its whole minute
    return RelayAgain(
        FailedRecords(session.create_client("sqs"), queue_url),
        StreamReader(session.create_client("dynamodbstreams")),
        relay_by(session.create_client("lambda", config=once), function),
    )


if __name__ == "__main__":
    sys.exit(main())

"""`python -m local [--port 8080]`: the application of ./template.yaml, until Ctrl-C."""

import argparse
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local.cloud import EmbeddedCloud
from local.server import PortTaken
from local.template import TemplateRefused


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m local", description="The embedded cloud.")
    parser.add_argument("--port", type=int, default=8080, help="where the API and /_local answer (8080)")
    parser.add_argument("--template", type=Path, default=Path("template.yaml"), help=argparse.SUPPRESS)
    parser.add_argument(
        "--parameter",
        action="append",
        default=[],
        type=_parameter,
        metavar="NAME=VALUE",
        help="a parameter of the template, such as KeyQuota=100000; may be repeated",
    )
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    started, said = time.monotonic(), list[str]()

    def seeded(cloud: EmbeddedCloud) -> Mapping[str, Any]:
        sys.path.append(str(options.template.resolve().parent / "layers/core"))
        from local.seed import seed  # noqa: PLC0415 (imports the application, after the port is known to be free)

        demo, text = seed(cloud)
        said.append(text)
        return demo

    try:
        parameters = dict(options.parameter)
        with EmbeddedCloud(options.template, parameters, options.port, quiet=False, seed=seeded) as cloud:
            print(f"{cloud.url} is up after {time.monotonic() - started:.1f} s; look at {cloud.url}/_local/")
            print(*said, sep="\n", flush=True)
            threading.Event().wait()
    except KeyboardInterrupt:
        return 0
    except (PortTaken, TemplateRefused, FileNotFoundError) as error:
        print(error, file=sys.stderr)
    return 1


def _parameter(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator:
        raise argparse.ArgumentTypeError(f"{text} is not NAME=VALUE")
    return name, value


def _stop(*_: object) -> None:
    """Ends the wait, or the start; a second signal does not disturb the closing."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # everything is closed; taking an interpreter full of moto apart lasts another second

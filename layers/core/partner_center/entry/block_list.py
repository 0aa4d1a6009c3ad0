"""The operator's door to block lists: `python -m partner_center.entry.block_list build INPUT... -o OUT.bin`."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from partner_center.orders.block_list import DIGEST, MalformedList, written
from partner_center.orders.block_list_input import UnreadableInput, digests_in


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m partner_center.entry.block_list", description=__doc__)
    commands = parser.add_subparsers(required=True)
    build = commands.add_parser(
        "build", help="make a list of files of keys, certificates, requests or digests"
    )
    build.add_argument(
        "inputs", nargs="+", type=Path, metavar="INPUT", help="PEM, DER, digests line by line, or a folder"
    )
    build.add_argument("-o", "--output", required=True, type=Path, metavar="OUT.bin")
    options = parser.parse_args(arguments)
    try:
        content = written(_digests(options.inputs))
        options.output.write_bytes(content)
    except (UnreadableInput, MalformedList, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{options.output}: {len(content) // DIGEST} keys\n")
    return 0


def _digests(paths: Sequence[Path]) -> Iterator[bytes]:
    for path in _files(paths):
        try:
            yield from digests_in(path.read_bytes())
        except UnreadableInput as error:
            raise UnreadableInput(f"{path}: {error}") from error


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    """The files given, and those below folders that were given: collections of weak keys are a file a key."""
    for path in paths:
        if path.is_dir():
            yield from (each for each in sorted(path.rglob("*")) if each.is_file())
        else:
            yield path


if __name__ == "__main__":
    sys.exit(main())

"""`python -m bench.corpora [--changes 4000] [--no-door] [FOLDER ...]`: the table of what is let through and refused.

Exits with 1 when a text was let through, wrongly refused, raised or failed, and names each.
"""

import argparse
import random
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

from bench.corpora.changed import changed
from bench.corpora.door import knock
from bench.corpora.found import found, found_in
from bench.corpora.keyed import keyed
from bench.corpora.made import made_by_keytool, made_by_openssl
from bench.corpora.names import names
from bench.corpora.samples import Sample
from bench.corpora.tally import table, tally
from bench.corpora.written import written
from tests.unit.orders.csr_workshop import Workshop

_AT_THE_DOOR = 300  # of each generated source; whatever else there is goes through the door whole
_FAULTS_SHOWN = 40


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.corpora", description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path, metavar="FOLDER", help="more files to try")
    parser.add_argument("--changes", type=int, default=4_000, help="changed requests of each sort (4000)")
    parser.add_argument("--no-door", action="store_true", help="leave the HTTP door out")
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # libraries warn of what is tried here on purpose
    fixed, drawn = list(_fixed(options.folders)), list(_drawn(options.changes))
    counted = tally([*fixed, *drawn])
    if not options.no_door:
        sources = sorted({sample.source for sample in drawn})
        knock([*fixed, *(each for source in sources for each in _some(drawn, source))], counted)
    print(table(counted, door=not options.no_door))
    print(*counted.faults[:_FAULTS_SHOWN], sep="\n", file=sys.stderr)
    return 0 if counted.is_clean else 1


def _fixed(folders: list[Path]) -> Iterator[Sample]:
    files = [*found(), *(sample for folder in folders for sample in found_in(folder))]
    yield from files
    yield from keyed(files)
    yield from made_by_openssl(slow_keys=True)
    yield from made_by_keytool()
    yield from written(Workshop())


def _drawn(count: int) -> Iterator[Sample]:
    yield from changed(Workshop(), count)
    yield from names(Workshop(), count)


def _some(samples: list[Sample], source: str) -> list[Sample]:
    of_it = [sample for sample in samples if sample.source == source]
    return random.Random(1).sample(of_it, min(_AT_THE_DOOR, len(of_it)))  # noqa: S311 - the same in each run


if __name__ == "__main__":
    sys.exit(main())

"""Cold starts as ratios: process start to imported, against a hello world with one boto3 DynamoDB client.

`python -m bench.cold_start [--rounds 15] [--slowest 5]`. Both are built for this machine by the recipe of a
deployment (packages pruned and compiled), run alone by turns, and compared by their medians. Budget: 1.15.
Columns: elapsed time; processor time, which a busy machine disturbs less; elapsed time with the client that the
first request makes.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from local.build import build_folder, build_function, build_layer, host
from local.lock import ROOT, functions

BUDGET = 1.15
HELLO = ROOT / "bench" / "hello_world"

_START = """
import json, sys
folders, then = json.loads(sys.argv[1])
sys.path[:0] = folders
import app
import time
imported, spent = time.monotonic(), time.process_time()
exec(then)
print(json.dumps([imported, spent, time.monotonic()]))
"""
_MAKE_THE_CLIENT = "from partner_center.entry.wiring.base import client; client('dynamodb')"
_ENVIRONMENT = {
    "AWS_REGION": "eu-west-1",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@dataclass(frozen=True, slots=True)
class Start:
    """Seconds of one cold start: until imported, of processor time until then, until the first client is made."""

    imported: float
    spent: float
    ready: float


def start(folders: Sequence[Path], then: str = "") -> Start:
    """One process that imports the function in `folders` and does `then`."""
    argument = json.dumps([[str(folder) for folder in folders], then])
    began = time.monotonic()  # one clock for all processes of this machine
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _START, argument],
        capture_output=True,
        text=True,
        check=True,
        env=_ENVIRONMENT,
    )
    imported, spent, ready = json.loads(done.stdout)
    return Start(imported - began, spent, ready - began)


def measure(built: Mapping[str, Sequence[Path]], rounds: int) -> dict[str, Start]:
    """Medians by name. All take their turn in each round, so that a busy moment meets all alike."""
    taken: dict[str, list[Start]] = {name: [] for name in built}
    for _ in range(rounds):
        for name, folders in built.items():
            then = _MAKE_THE_CLIENT if (folders[0] / "botocore").is_dir() and len(folders) > 1 else ""
            taken[name].append(start(folders, then))
    return {
        name: Start(
            statistics.median(each.imported for each in starts),
            statistics.median(each.spent for each in starts),
            statistics.median(each.ready for each in starts),
        )
        for name, starts in taken.items()
    }


def heaviest(folders: Sequence[Path], count: int) -> list[str]:
    """The imports of a cold start that cost most by themselves."""
    argument = json.dumps([[str(folder) for folder in folders], ""])
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-X", "importtime", "-c", _START, argument],
        capture_output=True,
        text=True,
        check=True,
        env=_ENVIRONMENT,
    )
    lines = [line.removeprefix("import time:").split("|") for line in done.stderr.splitlines() if "|" in line]
    by_time = sorted(((int(own), name.strip()) for own, _, name in lines[1:]), reverse=True)
    return [f"{own / 1000:6.1f} ms  {name}" for own, name in by_time[:count]]


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m bench.cold_start", description=__doc__)
    options.add_argument("--rounds", type=int, default=15)
    options.add_argument(
        "--slowest", type=int, default=0, help="name so many imports of the slowest function"
    )
    options.add_argument(
        "--all", action="store_true", help="tasks and streams too, not the API's functions only"
    )
    chosen = options.parse_args()
    target = host()
    layer = build_layer(target) / "python"
    built = {"hello world": [build_folder(HELLO, HELLO / "requirements.txt", {"dynamodb"}, target)]}
    for function in functions():
        if chosen.all or "Api(" in (function / "app.py").read_text():
            name = f"{function.parent.name}/{function.name}"
            built[name] = [build_function(function, target), layer]
    medians = measure(built, chosen.rounds)
    hello = medians.pop("hello world")
    print(
        f"hello world {hello.imported * 1000:.0f} ms; ratios to it: elapsed, processor, with the first client"
    )
    for name, each in sorted(medians.items(), key=lambda item: item[1].imported):
        ratios = (each.imported / hello.imported, each.spent / hello.spent, each.ready / hello.imported)
        mark = "" if min(ratios[:2]) <= BUDGET else f"  over {BUDGET}"
        print(*(f"{ratio:5.2f}" for ratio in ratios), f" {name}{mark}")
    if chosen.slowest:
        slowest = max(medians, key=lambda name: medians[name].imported)
        print(f"{slowest}:", *heaviest(built[slowest], chosen.slowest), sep="\n")


if __name__ == "__main__":
    main()

"""Mixed orders while a fifth of all invocations fails: `python -m bench.soak [--orders 3000] [--seeds 3]`."""

import argparse
from pathlib import Path

from bench.soak.soak import report, soaked
from local.cloud import EmbeddedCloud
from local.seed import seed
from tests.functions.journeys import UNHINDERED

TEMPLATE = Path(__file__).parents[2] / "template.yaml"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--orders", type=int, default=3000, help="of each seed")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--share", type=float, default=0.2, help="of invocations that meet a fault")
    parser.add_argument("--clean", type=int, default=100, help="orders without faults, to compare with")
    asked = parser.parse_args()
    calls, broken = 1.0, 0
    for number in range(asked.seeds):
        with EmbeddedCloud(TEMPLATE, UNHINDERED, seed=lambda cloud: seed(cloud)[0]) as cloud:
            clean = min(asked.orders, asked.clean if number == 0 else 10)
            for name, figures in soaked(cloud, asked.orders, asked.share, [number + 1], clean):
                calls = figures.calls if name == "without faults" else calls
                report(name, figures, calls, lambda line: print(line, flush=True))
                broken += sum(map(len, figures.broken.values()))
    print(f"{broken} violations")
    return bool(broken)


if __name__ == "__main__":
    raise SystemExit(main())

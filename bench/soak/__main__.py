"""Mixed orders while a fifth of all invocations fails: `python -m bench.soak [--orders 3000] [--seeds 3]`."""

import argparse
import os
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context

from bench.soak.soak import report, soaked

FEW = 10
"""Orders without faults before each seed but the first, which has as many as are asked for: they count the calls."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--orders", type=int, default=3000, help="of each seed")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--share", type=float, default=0.2, help="of invocations that meet a fault")
    parser.add_argument("--clean", type=int, default=100, help="orders without faults, to compare with")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="seeds at a time")
    asked = parser.parse_args()
    seeds = range(asked.first, asked.first + asked.seeds)
    clean = min(asked.orders, asked.clean)
    calls, broken, ended_early = 1.0, 0, 0
    with ProcessPoolExecutor(asked.processes, mp_context=get_context("spawn")) as pool:
        waiting = {
            pool.submit(soaked, asked.orders, asked.share, each, clean if each == asked.first else FEW): each
            for each in seeds
        }
        for future in as_completed(waiting):
            if (error := future.exception()) is not None:
                print(f"seed {waiting[future]} did not come to its end: {error!r}", flush=True)
                ended_early += 1
                continue
            for name, figures in future.result():
                calls = figures.calls if name == "without faults" else calls
                report(name, figures, calls, lambda line: print(line, flush=True))
                broken += sum(map(len, figures.broken.values()))
    print(f"{broken} violations")
    return bool(broken or ended_early)


if __name__ == "__main__":
    raise SystemExit(main())

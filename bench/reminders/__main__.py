"""`python -m bench.reminders [--certificates 10000] [--seed 1] [--rate 5]`: a table, and status 1 if one was missed.

The year is told in virtual time; the reads are those of the embedded DynamoDB.
"""

import argparse
import sys
from statistics import median

from bench.reminders.reads import idle, measured
from bench.reminders.year import OUTAGE, Result, Year


def table(result: Result) -> str:
    idle_reads, each = result.reads_without_anything_due, result.reads_for_each_due
    lines = [
        ("certificates", f"{result.certificates:,}"),
        ("good runs", f"{result.runs:,}"),
        (f"days without a run (from day {OUTAGE.start} on)", f"{len(OUTAGE)}"),
        ("processes that died", f"{result.died:,}"),
        ("reminders that fell due and were sent", f"{result.reminders:,}"),
        ("  of these, made up for after the days without a run", f"{result.made_up:,}"),
        ("missed", f"{result.missed:,}"),
        ("sent though not due", f"{result.surplus:,}"),
        ("sent twice under two Message-IDs", f"{result.doubled:,}"),
        ("sent twice under one Message-ID, after a crash", f"{result.repeated:,}"),
        ("digests", f"{result.digests:,}"),
        ("mails in one second, at most", f"{result.most_in_a_second} (rate {result.rate:g})"),
        ("rows read by a run, nothing due (median)", f"{median(idle_reads or [0]):g}"),
        ("rows read by a run for each that was due (median)", f"{median(each or [0]):.1f}"),
    ]
    return "\n".join(f"{words:<56} {value:>16}" for words, value in lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--certificates", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=5.0)
    options = parser.parse_args()
    result = Year(options.certificates, options.seed, options.rate)()
    print(table(result))
    print()
    print(f"{'orders':>8} {'due':>6} {'read units':>12} {'for each due':>14}")
    print(f"{100:>8} {0:>6} {idle(100):>12.1f}")
    for total, due, units in [*measured((50, 200), 10), *measured((200,), 40)]:
        print(f"{total:>8} {due:>6} {units:>12.1f} {units / due:>14.2f}")
    broken = result.missed or result.surplus or result.doubled or result.most_in_a_second > result.rate
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())

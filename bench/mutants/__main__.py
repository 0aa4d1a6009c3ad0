"""`python -m bench.mutants [--jobs 2] [PATTERN ...]`: which rules could go without a test turning red.

The rules are those of the gate, and those by which a name is proven and CAA permits it. Patterns (`orders/der.py`,
`names_gate`, `validation/`) choose files. Exits with 1 and names each rule that no test missed.
"""

import argparse
import sys
import time
from collections import Counter
from pathlib import Path

from bench.mutants.rules import Rule, rules_of
from bench.mutants.trial import Outcome, Trials, concerned

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "layers" / "core" / "partner_center"
GATE = (
    *("orders/csr*.py", "orders/der.py", "orders/public_key.py", "orders/weak_keys.py", "orders/key_gate.py"),
    *("orders/key_material.py", "orders/private_keys.py", "orders/names_gate.py", "orders/public_names.py"),
    *("kernel/names.py", "kernel/public_suffix.py"),
)
CONTROL = (
    *("validation/standing.py", "validation/view.py", "validation/caa.py", "validation/caa_everywhere.py"),
    *("validation/caa_refusal.py", "validation/iodef.py"),
)
TESTS = {
    GATE: ("tests/unit/orders", "tests/unit/kernel"),
    CONTROL: ("tests/unit/validation",),
    ("issuance/preflight.py",): ("tests/unit/issuance",),
    ("notifications/report_refusals.py", "notifications/caa_refusal.py"): ("tests/unit/notifications",),
}


def ruled_files(patterns: list[str]) -> list[Path]:
    """The files whose rules are tried, those whose path holds one of `patterns` if there are any."""
    files = sorted({path for group in TESTS for pattern in group for path in PACKAGE.glob(pattern)})
    return [path for path in files if not patterns or any(each in str(path) for each in patterns)]


def folders_for(path: Path) -> list[Path]:
    """Where the tests are that a rule of the file must turn red."""
    return [
        ROOT / folder
        for group, folders in TESTS.items()
        if any(path in PACKAGE.glob(pattern) for pattern in group)
        for folder in folders
    ]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.mutants", description=__doc__)
    parser.add_argument("patterns", nargs="*", metavar="PATTERN")
    parser.add_argument("--jobs", type=int, default=2, help="test runs at a time (2)")
    options = parser.parse_args()
    began = time.monotonic()
    files = ruled_files(options.patterns)
    rules = [(path, rule) for path in files for rule in rules_of(path.read_bytes())]
    with Trials(ROOT, options.jobs) as trials:
        selected = {path: concerned(path, folders_for(path), ROOT) for path in files}
        trials.require_green(sorted({test for tests in selected.values() for test in tests}))
        outcomes = dict(trials.run((path, rule, selected[path]) for path, rule in rules))
    _print(files, rules, outcomes)
    print(f"{time.monotonic() - began:.0f} s")
    return 0 if all(outcome is not Outcome.SURVIVED for outcome in outcomes.values()) else 1


def _print(
    files: list[Path], rules: list[tuple[Path, Rule]], outcomes: dict[tuple[Path, Rule], Outcome]
) -> None:
    width = max(len(str(path.relative_to(PACKAGE))) for path in files)
    print(f"{'':{width}}  rules  killed  survived")
    for path in [*files, None]:
        found = Counter(outcomes[each] for each in rules if path in (each[0], None))
        name = str(path.relative_to(PACKAGE)) if path else "all"
        survived = found[Outcome.SURVIVED]
        print(f"{name:{width}}  {found.total():5}  {found.total() - survived:6}  {survived:8}")
    by_how = Counter(outcomes.values())
    print(", ".join(f"{outcome}: {by_how[outcome]}" for outcome in Outcome))
    print(
        "by sort:", ", ".join(f"{kind} {count}" for kind, count in Counter(r.kind for _, r in rules).items())
    )
    for (path, rule), outcome in outcomes.items():
        if outcome is Outcome.SURVIVED:
            removed = " ".join(path.read_bytes()[rule.start : rule.end].decode().split())
            print(f"{path.relative_to(ROOT)}:{rule.line}: {rule.kind}: {removed[:90]} -> {rule.instead}")


if __name__ == "__main__":
    sys.exit(main())

"""Runs the tests that concern a file on a copy of the package in which a rule of that file is missing.

Each run is a fork of a process that has loaded the libraries, so that a run costs what its tests cost.
"""

import ast
import contextlib
import importlib
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from itertools import takewhile
from pathlib import Path
from typing import Self

import pytest

from bench.mutants.rules import Rule

LAYER = Path("layers/core")
_LOADED = (
    "hypothesis",
    "cryptography.x509",
    "pydantic",
    "gmpy2",
    "idna",
    "publicsuffixlist",
    "badkeys.checks",
)
_PATIENCE = (
    10  # times as long as with every rule: a rule can be what ends a loop, and others use the machine too
)
_MEMORY = 6 * 1024**3


class Outcome(StrEnum):
    """How the removal was noticed, if it was."""

    FAILED = "a test failed"
    BROKEN = "the tests could not even begin"
    ENDLESS = "the tests did not end"
    SURVIVED = "survived"


Trial = tuple[Path, Rule, Sequence[Path]]


@dataclass
class Trials:
    """A context manager that owns the copies, one for each run at a time."""

    root: Path
    jobs: int
    loaded: Sequence[str] = _LOADED
    """Libraries that every run would import anyway."""
    _folder: tempfile.TemporaryDirectory[str] = field(init=False)
    _limit: float = field(init=False, default=600.0)
    """Seconds that a run may take."""
    _running: dict[int, tuple[Path, tuple[Path, Rule], float]] = field(default_factory=dict)

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory()
        for name in self.loaded:
            with contextlib.suppress(ImportError):
                importlib.import_module(name)
        for slot in range(self.jobs):
            unread = shutil.ignore_patterns("__pycache__")
            shutil.copytree(self.root / LAYER, Path(self._folder.name) / str(slot) / LAYER, ignore=unread)
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._running:
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
        self._folder.cleanup()

    def require_green(self, tests: Sequence[Path]) -> None:
        """End at once unless the tests pass with every rule in place; their time is the measure of patience."""
        began = time.monotonic()
        copy = Path(self._folder.name) / "0"
        said = Path(self._folder.name) / "said"
        process = _start(copy, self.root, tests, said)
        if os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]):
            raise SystemExit(f"{said.read_text()}\nthe tests fail as it is; nothing can be told from them")
        self._limit = _PATIENCE * (time.monotonic() - began)

    def run(self, trials: Iterable[Trial]) -> Iterator[tuple[tuple[Path, Rule], Outcome]]:
        """The outcome of each trial, in the order in which they end."""
        free = [Path(self._folder.name) / str(slot) for slot in range(self.jobs)]
        for path, rule, tests in trials:
            if not free:
                freed, which, outcome = self._wait()
                free.append(freed)
                yield which, outcome
            copy = free.pop()
            (copy / path.relative_to(self.root)).write_bytes(rule.removed_from(path.read_bytes()))
            process = _start(copy, self.root, tests)
            self._running[process] = (copy, (path, rule), time.monotonic())
        while self._running:
            _, which, outcome = self._wait()
            yield which, outcome

    def _wait(self) -> tuple[Path, tuple[Path, Rule], Outcome]:
        """The copy that became free, whose rule was missing there, and what came of it."""
        while True:
            for process, (copy, which, began) in list(self._running.items()):
                ended, status = os.waitpid(process, os.WNOHANG)
                late = time.monotonic() - began > self._limit
                if not ended and not late:
                    continue
                if not ended:
                    os.kill(process, signal.SIGKILL)
                    os.waitpid(process, 0)
                del self._running[process]
                (copy / which[0].relative_to(self.root)).write_bytes(which[0].read_bytes())
                return copy, which, Outcome.ENDLESS if late else _outcome(os.waitstatus_to_exitcode(status))
            time.sleep(0.01)


def _outcome(exit_code: int) -> Outcome:
    if exit_code == pytest.ExitCode.OK:
        return Outcome.SURVIVED
    return Outcome.FAILED if exit_code == pytest.ExitCode.TESTS_FAILED else Outcome.BROKEN


def _start(copy: Path, root: Path, tests: Sequence[Path], said: Path = Path(os.devnull)) -> int:
    """Fork; the child runs the tests against the copy, writes to `said` and exits with pytest's code."""
    sys.stdout.flush()
    process = os.fork()
    if process:
        return process
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    output = os.open(said, os.O_WRONLY | os.O_CREAT)
    for stream in (1, 2):
        os.dup2(output, stream)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    sys.dont_write_bytecode = True
    for name in [
        name for name in sys.modules if name.partition(".")[0] in ("bench", "partner_center", "tests")
    ]:
        del sys.modules[name]
    sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != (root / LAYER).resolve()]
    paths = f"pythonpath={copy / LAYER} {root}"
    options = [
        "-x",
        "-q",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(root),
        "-c",
        str(root / "pyproject.toml"),
    ]
    code = pytest.main([*options, "-o", paths, *map(str, tests)])
    os._exit(int(code))


def concerned(path: Path, folders: Sequence[Path], root: Path) -> list[Path]:
    """The test files that import `path`, directly or through others: the nearest first."""
    distances = {
        test: distance
        for folder in folders
        for test in sorted(folder.glob("test_*.py"))
        if (distance := _distance(test, path, root)) is not None
    }
    return sorted(distances, key=lambda test: (distances[test], -_likeness(test, path), test.name))


def _likeness(test: Path, path: Path) -> int:
    """How many letters their names begin with in common."""
    pairs = zip(test.stem.removeprefix("test_"), path.stem, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _distance(start: Path, goal: Path, root: Path) -> int | None:
    seen, edge, steps = {start}, {start}, 0
    while edge:
        if goal in edge:
            return steps
        edge = {found for path in edge for found in _imported(path, root)} - seen
        seen |= edge
        steps += 1
    return None


@cache
def _imported(path: Path, root: Path) -> frozenset[Path]:
    """The project's own files that `path` imports, wherever in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    places = (base / Path(*name.split(".")) for name in names for base in (root / LAYER, root))
    return frozenset(
        file
        for place in places
        for file in (place.with_suffix(".py"), place / "__init__.py")
        if file.is_file()
    )

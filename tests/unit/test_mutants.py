"""The tool that takes rules away finds them all, takes away one at a time, and sees whether a test turns red."""

import ast
from pathlib import Path

import pytest

from bench.mutants.__main__ import ruled_files
from bench.mutants.rules import rules_of
from bench.mutants.trial import Outcome, Trials, concerned

GATE = '''\
"""A gate."""
import re

NAMES = {"a": 1, "b": 2}
KINDS = ("x", "y")
PATTERN = re.compile(r"(?:one|two)" r"|three|[|]four")
Alias = tuple[str, int]
FIRST, SECOND = 1, 2


def refused(detail: str) -> Problem:
    return Problem("code", detail)


def problems(text: str, others: list[Problem]) -> Iterator[Problem]:
    if not text or len(text) > 3:
        yield refused("too long")
    yield text
    yield from later(text)


def listed(text: str) -> list[Problem]:
    found = []
    if text == "a":
        found.append(refused("a"))
    found += other_problems(text)
    return [*found, *other_problems(text), Problem("code", "b"), *map(refused, text)]


def reason(text: str) -> str | None:
    if text.islower() and text.isascii():
        return None
    return f"not {text}"


def is_good(text: str) -> bool:
    for letter, word in (("a", "an a"), ("b", "a b")):
        if letter in text:
            return False
    return text == "good"


def check(text: str) -> None:
    if text == "bad":
        raise Refused("bad")
    raise ValueError("not a rule about the input")
'''
FOUND = [
    ("row of a table", '"a": 1'),
    ("row of a table", '"b": 2'),
    ("row of a table", '"x"'),
    ("row of a table", '"y"'),
    ("alternative of a pattern", "|three"),
    ("alternative of a pattern", "|[|]four"),
    ("one of several conditions", "not text"),
    ("one of several conditions", "len(text) > 3"),
    ("problem yielded", 'yield refused("too long")'),
    ("problem yielded", "yield from later(text)"),
    ("problem appended", 'found.append(refused("a"))'),
    ("problem listed", 'Problem("code", "b")'),
    ("problems handed on", "*other_problems(text)"),
    ("problems mapped", "map(refused, text)"),
    ("one of several conditions", "text.islower()"),
    ("one of several conditions", "text.isascii()"),
    ("problem returned", 'return f"not {text}"'),
    ("row of a table", '("a", "an a")'),
    ("row of a table", '("b", "a b")'),
    ("answer", "False"),
    ("answer", 'text == "good"'),
    ("refusal raised", 'raise Refused("bad")'),
]


def test_every_rule_is_found_and_nothing_else() -> None:
    source = GATE.encode()
    assert {(rule.kind, source[rule.start : rule.end].decode()) for rule in rules_of(source)} == set(FOUND)


def test_a_file_without_a_rule_is_still_python_and_differs_there_alone() -> None:
    source = GATE.encode()
    for rule in rules_of(source):
        without = rule.removed_from(source)
        ast.parse(without)
        assert without != source
        assert without.startswith(source[: rule.start])
        assert without.endswith(source[rule.end :])
        assert source.splitlines()[rule.line - 1].strip()[:1] != b""


def test_the_gate_has_rules_in_every_file() -> None:
    files = ruled_files([])
    assert {path.name for path in files} >= {
        "csr.py",
        "der.py",
        "names_gate.py",
        "names.py",
        "key_material.py",
    }
    assert [path.name for path in files if not rules_of(path.read_bytes())] == []
    assert [path.name for path in ruled_files(["kernel/names"])] == ["names.py"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A package with two rules, of which its test knows one."""
    package = tmp_path / "layers" / "core" / "tiny"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "gate.py").write_text(
        "class Refused(Exception): ...\n\n\n"
        "def check(text):\n"
        '    if text == "known":\n        raise Refused(text)\n'
        '    if text == "unknown":\n        raise Refused(text)\n'
    )
    tests = tmp_path / "tests"
    tests.mkdir()
    (tests / "test_gate.py").write_text(
        "import pytest\nfrom tiny.gate import Refused, check\n\n\n"
        "def test_known():\n    with pytest.raises(Refused):\n        check('known')\n"
    )
    (tests / "test_else.py").write_text("def test_else():\n    pass\n")
    (tmp_path / "pyproject.toml").write_text(
        '[tool.pytest.ini_options]\naddopts = "-p no:schemathesis -p no:anyio"\n'
    )
    return tmp_path


def test_a_rule_that_a_test_knows_is_missed_and_another_is_not(project: Path) -> None:
    gate = project / "layers/core/tiny/gate.py"
    tests = concerned(gate, [project / "tests"], project)
    assert [test.name for test in tests] == ["test_gate.py"]
    before = gate.read_bytes()
    with Trials(project, jobs=2, loaded=()) as trials:
        trials.require_green(tests)
        outcomes = dict(trials.run((gate, rule, tests) for rule in rules_of(before)))
    assert {rule.line: outcome for (_, rule), outcome in outcomes.items()} == {
        6: Outcome.FAILED,
        8: Outcome.SURVIVED,
    }
    assert gate.read_bytes() == before


def test_nothing_is_told_from_tests_that_fail_anyway(project: Path) -> None:
    (project / "tests/test_gate.py").write_text("def test_broken():\n    assert False\n")
    with Trials(project, jobs=1, loaded=()) as trials, pytest.raises(SystemExit, match="fail as it is"):
        trials.require_green([project / "tests/test_gate.py"])

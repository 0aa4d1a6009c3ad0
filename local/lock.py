"""`python -m local.lock`: what each function needs, measured from its imports and pinned by hash.

A function's requirements.in is generated, so that it names what the function imports through the layer and
nothing else; functions that import the same share one set. Versions are those of local/requirements.txt,
because that is what everything was tested with.
"""

import argparse
import ast
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LAYER = ROOT / "layers" / "core"
CORE = "partner_center"

# Where the name that is imported is not the name of what is installed.
DISTRIBUTIONS = {
    "aws_lambda_powertools": "aws-lambda-powertools",
    "confusable_homoglyphs": "confusable-homoglyphs",
    "dns": "dnspython",
    "email_validator": "email-validator",
    "phonenumbers": "phonenumberslite",
    "uuid_utils": "uuid-utils",
    "yaml": "pyyaml",
}
# A library may import another one itself, at the first use of a name, without requiring it.
IMPORTED_BY_USE = {"pydantic.EmailStr": "email_validator"}
_LOADS_BY_NAME = {"importlib.import_module", "importlib.util.find_spec"}
_MAKES_A_CLIENT = {"client", "hasty_client", "create_client"}

TESTS = "tests/requirements"
EVERYBODY = "local/requirements"
LOWEST_PYTHON = "3.11"  # the deployed 3.13 is covered by markers; a build for this machine may run on less
PINNED = (
    "local/pip-requirements",
    EVERYBODY,
    TESTS,
    "local/sam-requirements",
    "local/lock-requirements",
)


def functions(root: Path = ROOT) -> list[Path]:
    """The folder of every function."""
    return sorted(app.parent for app in root.glob("functions/*/*/app.py"))


def requirements_of(function: Path) -> tuple[str, ...]:
    """The distributions that the function imports, itself or through the layer, in alphabetical order."""
    names = {IMPORTED_BY_USE.get(name, name).partition(".")[0] for name in _outside(function / "app.py")}
    return tuple(sorted(DISTRIBUTIONS.get(name, name) for name in names - sys.stdlib_module_names))


def services_of(function: Path) -> frozenset[str]:
    """The AWS services that the function, or the core behind it, may make a client of: `client("dynamodb")`."""
    return frozenset().union(*map(_services, _closure(function / "app.py")))


@cache
def _services(path: Path) -> frozenset[str]:
    """Those of which the file itself makes a client."""
    return frozenset(
        argument.value
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in _MAKES_A_CLIENT
        for argument in node.args[:1]
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    )


def requirements_text(function: Path) -> str:
    """The content of its requirements.in."""
    return "# Generated from the function's imports: make lock\n" + "".join(
        f"{name}\n" for name in requirements_of(function)
    )


def _outside(start: Path) -> set[str]:
    """The dotted names that `start` and the core modules behind it import from elsewhere."""
    return {name for path in _closure(start) for name in _imports(path) if name.partition(".")[0] != CORE}


@cache
def _closure(start: Path) -> frozenset[Path]:
    """`start` and every file of the core that its import runs, or that a call of it may import later."""
    seen: set[Path] = set()
    waiting = [start]
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        for name in _imports(path):
            if name.partition(".")[0] == CORE:
                waiting += _core_files(name)
    return frozenset(seen)


@cache
def _core_files(name: str) -> tuple[Path, ...]:
    """The files that importing `name` runs: its package's and its own, if it is no attribute."""
    parts = name.split(".")
    paths = [LAYER.joinpath(*parts[:length]) for length in range(1, len(parts) + 1)]
    files = (file for path in paths for file in (path / "__init__.py", path.with_suffix(".py")))
    return tuple(file for file in files if file.is_file())


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


@cache
def _imports(path: Path) -> frozenset[str]:
    """Every name that the file imports, at its top or later; what only type checkers import is left out."""
    tree = _tree(path)
    unseen = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
        for statement in node.body
        for inner in ast.walk(statement)
    }
    names = set()
    for node in ast.walk(tree):
        if id(node) in unseen:
            continue
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in _LOADS_BY_NAME:
            names |= {str(each.value) for each in node.args[:1] if isinstance(each, ast.Constant)}
    return frozenset(names)


def _compile(uv: str, source: str, target: str, *more: str) -> None:
    """Pins stay as they are while they satisfy; `--upgrade` among `more` moves them."""
    command = [uv, "pip", "compile", source, "--output-file", target, "--python-version", LOWEST_PYTHON]
    command += ["--universal", "--generate-hashes", "--no-header", "--quiet", *more]
    subprocess.run(command, cwd=ROOT, check=True)


def without(more: str, base: str) -> str:
    """The pins of `more` that `base` does not have: both can then be installed at once.

    A pin is a line that begins with a name, and the indented lines behind it.
    """
    pins = re.compile(r"^\S.*\n(?:[ \t].*\n)*", re.MULTILINE)
    there = {_pinned_name(pin) for pin in pins.findall(base)}
    return "".join(pin for pin in pins.findall(more) if _pinned_name(pin) not in there)


def _pinned_name(pin: str) -> str:
    return pin.partition("==")[0]


def lock_functions(uv: str) -> None:
    """Writes requirements.in and requirements.txt of every function, each set resolved once."""
    sets: Mapping[str, list[Path]] = defaultdict(list)
    for function in functions():
        sets[requirements_text(function)].append(function)
    for text, (first, *others) in sets.items():
        for function in (first, *others):
            (function / "requirements.in").write_text(text)
        target = first / "requirements.txt"
        target.unlink(missing_ok=True)  # the constraint decides, not what was pinned here
        source = first.relative_to(ROOT) / "requirements.in"
        pinned = ("--no-annotate", "-c", f"{EVERYBODY}.txt")
        _compile(uv, str(source), str(target.relative_to(ROOT)), *pinned)
        for function in others:
            (function / "requirements.txt").write_text(target.read_text())


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m local.lock", description=__doc__)
    options.add_argument("--uv", default="uv", help="path of uv")
    options.add_argument("--upgrade", action="store_true", help="take the newest versions that fit")
    options.add_argument("--functions-only", action="store_true", help="leave the other files as they are")
    chosen = options.parse_args()
    if not chosen.functions_only:
        for name in PINNED:
            more = ["--upgrade"] if chosen.upgrade else []
            more += ["-c", f"{EVERYBODY}.txt"] if name == TESTS else []
            _compile(chosen.uv, f"{name}.in", f"{name}.txt", *more)
        tests = ROOT / f"{TESTS}.txt"
        tests.write_text(without(tests.read_text(), (ROOT / f"{EVERYBODY}.txt").read_text()))
    lock_functions(chosen.uv)


if __name__ == "__main__":
    main()

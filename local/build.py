"""`python -m local.build --arch host|arm64`: every function as it is deployed, below build/<arch>/.

`host` is for this interpreter, to be imported and measured; `arm64` is what Lambda runs. All functions have the same
version of a package, so each is installed and compiled once and shared by hard links. What is built already is left
alone.
"""

import argparse
import fcntl
import hashlib
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path

from local.bundle import (
    LAYER_ROOT,
    TASK_ROOT,
    compile_all,
    drop_unread_folders,
    prune,
    prune_services,
    shorten_endpoints,
    unused_data,
)
from local.lock import CORE, LAYER, ROOT, functions, services_of
from local.pythons import deployed_python

BUILD = ROOT / "build"
LAYER_NAME = "core_layer"
_PIN = re.compile(r"^(([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(?:.*\\\n)*.*)$", re.MULTILINE)
# What pip tells of a host that it cannot reach, whatever the reason is.
_UNREACHABLE = ("connection broken by", "Max retries exceeded", "ReadTimeoutError")


class IndexUnreachable(Exception):
    """No package index answers, so nothing can be installed."""


class BuildFailed(Exception):
    """pip refused; the message is what it said."""


@dataclass(frozen=True, slots=True)
class Target:
    """For whom is built: `pip` are the flags that choose wheels, `python` compiles."""

    name: str
    python: str
    tag: str
    pip: tuple[str, ...]


def host() -> Target:
    """This interpreter on this machine."""
    tag = f"{sys.implementation.cache_tag}-{platform.machine()}"
    return Target("host", sys.executable, tag, ())


def arm64() -> Target:
    """Lambda's python3.13 on Graviton, from any machine. Raises PythonMissing: its bytecode needs a 3.13."""
    platforms = ("manylinux2014_aarch64", "manylinux_2_17_aarch64", "manylinux_2_28_aarch64")
    chosen = tuple(flag for each in platforms for flag in ("--platform", each))
    flags = (*chosen, "--python-version", "3.13", "--implementation", "cp")
    return Target("arm64", deployed_python(), "cpython-313-aarch64", flags)


TARGETS = {"host": host, "arm64": arm64}


def build_function(function: Path, target: Target) -> Path:
    """The folder with the function's own code and everything it needs beside the layer."""
    return build_folder(function, function / "requirements.txt", services_of(function), target)


def build_folder(code: Path, requirements: Path, services: Collection[str], target: Target) -> Path:
    """The modules of `code` with the packages they need, botocore's data cut down to `services`."""
    packages = installed(requirements, target)
    finished = BUILD / target.name / code.relative_to(code.parents[1])
    modules = {path.name: path.read_bytes() for path in sorted(code.glob("*.py"))}
    with _unless_done(finished, [packages.name, *sorted(services), *map(repr, modules.items())]) as folder:
        if folder is not None:
            _link(packages, folder, services)
            own = folder.with_name(folder.name + ".own")
            own.mkdir()
            for name, content in modules.items():
                (own / name).write_bytes(content)
            compile_all(own, target.python, TASK_ROOT)
            shutil.copytree(own, folder, dirs_exist_ok=True)
            shutil.rmtree(own)
    return finished


def build_layer(target: Target) -> Path:
    """The folder of the core layer; its packages lie below `python`, as Lambda wants it."""
    finished = BUILD / target.name / LAYER_NAME
    sources = [path for path in sorted((LAYER / CORE).rglob("*")) if path.is_file() and path.suffix != ".pyc"]
    with _unless_done(
        finished, [target.tag, *(f"{path} {_digest(path.read_bytes())}" for path in sources)]
    ) as folder:
        if folder is not None:
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(LAYER / CORE, folder / "python" / CORE, ignore=ignored)
            compile_all(folder / "python", target.python, LAYER_ROOT)
    return finished


def installed(requirements: Path, target: Target) -> Path:
    """The folder of a set of packages: pruned, compiled, made once. Raises IndexUnreachable, BuildFailed.

    What functions share is fetched, unpacked and compiled for all of them in the stock; another set is installed by
    itself.
    """
    name = f"{target.tag}-{_digest(requirements.read_bytes() + _recipe())[:16]}"
    finished = BUILD / "packages" / name
    if _is_done(finished, _digest_of([])):
        return finished
    wanted, pins = pinned(requirements), _pins_of_functions()
    source = _stock(pins, target) if wanted.items() <= pins.items() else None
    with _unless_done(finished, []) as folder:
        if folder is not None and source is not None:
            folder.mkdir()
            _take(source, wanted, folder)
            prune(folder)
            _take_bytecode(source, folder)
        elif folder is not None:
            _install(requirements, folder, target)
            prune(folder)
            compile_all(folder, target.python, TASK_ROOT)
    return finished


def _stock(pins: Mapping[str, str], target: Target) -> Path:
    """The folder of whatever any function needs, compiled and not pruned."""
    text = "".join(pin for _, pin in sorted(pins.items()))
    finished = BUILD / "packages" / f"{target.tag}-{_digest(text.encode() + _recipe())[:16]}-stock"
    with _unless_done(finished, []) as folder:
        if folder is not None:
            wanted = folder.with_name(folder.name + ".txt")
            wanted.write_text(text)
            _install(wanted, folder, target)
            wanted.unlink()
            drop_unread_folders(folder)
            compile_all(folder, target.python, TASK_ROOT)
    return finished


def _pins_of_functions() -> dict[str, str]:
    """All functions have the same version of a package (local/lock.py). Raises BuildFailed."""
    pins: dict[str, str] = {}
    for function in functions():
        for name, pin in pinned(function / "requirements.txt").items():
            if pins.setdefault(name, pin) != pin:
                raise BuildFailed(f"{function.name} pins another {name} than others: run make lock")
    return pins


def pinned(requirements: Path) -> dict[str, str]:
    """What a requirements file pins, with its hashes, by the normal form of the package's name (PEP 503).

    A package may be pinned more than once, under conditions. Raises BuildFailed for anything that is no pin.
    """
    text, pins = requirements.read_text(), dict[str, str]()
    for pin, name in _PIN.findall(text):
        pins[_normal(name)] = f"{pins.get(_normal(name), '')}{pin.rstrip()}\n"
    for line in _PIN.sub("", text).splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            raise BuildFailed(f"{requirements}: {line.strip()} pins no version")
    return pins


def build_all(target: Target) -> list[Path]:
    return [build_layer(target), *(build_function(function, target) for function in functions())]


def finish_sam_build(built: Path, sources: dict[str, Path]) -> None:
    """The same steps on what `sam build` left; `sources` maps its folders' names to those of our functions."""
    python = deployed_python()
    for name, function in sources.items():
        prune(built / name)
        prune_services(built / name, services_of(function))
        compile_all(built / name, python, TASK_ROOT)
    for layer in built.glob("*/python"):
        prune(layer)
        compile_all(layer, python, LAYER_ROOT)


def _install(requirements: Path, folder: Path, target: Target) -> None:
    folder.mkdir(parents=True)
    if not requirements.read_text().strip():
        return
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"]
    command += ["--require-hashes", "--no-deps", "--only-binary=:all:", "--no-compile", *target.pip]
    done = subprocess.run(
        [*command, "--target", str(folder), "-r", str(requirements)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 0:
        return
    if any(sign in done.stderr for sign in _UNREACHABLE):
        raise IndexUnreachable("no package index can be reached")
    raise BuildFailed(f"{requirements}: {done.stderr.strip()}")


def _take(source: Path, names: Collection[str], folder: Path) -> None:
    """Links what the stock has of the packages of these names, as their RECORD tells.

    A name that is not there is one that this target does without.
    """
    for package in distributions(path=[str(source)]):
        if _normal(package.metadata["Name"]) in names:
            for file in package.files or ():
                if ".." not in file.parts and (source / file).exists():
                    (folder / file).parent.mkdir(parents=True, exist_ok=True)
                    (folder / file).hardlink_to(source / file)


def _take_bytecode(source: Path, folder: Path) -> None:
    """Links the bytecode of each module that is there."""
    for module in sorted(folder.rglob("*.py")):
        made = source / module.relative_to(folder).parent / "__pycache__"
        for compiled in made.glob(f"{module.stem}.*.pyc"):
            (module.parent / "__pycache__").mkdir(exist_ok=True)
            (module.parent / "__pycache__" / compiled.name).hardlink_to(compiled)


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _link(packages: Path, folder: Path, services: Collection[str]) -> None:
    data = packages / "botocore" / "data"
    unused = {path.name for path in unused_data(data, services)}

    def ignore(where: str, names: list[str]) -> set[str]:
        return unused.intersection(names) if Path(where) == data else set()

    shutil.copytree(packages, folder, copy_function=_hard_link, ignore=ignore)
    if data.is_dir():
        shorten_endpoints(folder / "botocore" / "data", services)


def _hard_link(source: str, target: str) -> None:
    Path(target).hardlink_to(source)


@contextmanager
def _unless_done(finished: Path, inputs: list[str]) -> Iterator[Path | None]:
    """A fresh folder to be filled, which then takes its place; None when that was built from these inputs."""
    BUILD.mkdir(exist_ok=True)
    digest = _digest_of(inputs)
    with (BUILD / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _is_done(finished, digest):
            yield None
            return
        fresh = finished.with_name(finished.name + ".new")
        for old in (fresh, finished):
            shutil.rmtree(old, ignore_errors=True)
        fresh.parent.mkdir(parents=True, exist_ok=True)
        yield fresh
        fresh.rename(finished)
        _stamp(finished).write_text(digest)


def _is_done(finished: Path, digest: str) -> bool:
    stamp = _stamp(finished)
    return finished.is_dir() and stamp.is_file() and stamp.read_text() == digest


def _stamp(finished: Path) -> Path:
    return finished.with_name(finished.name + ".digest")


def _digest_of(inputs: Sequence[str]) -> str:
    return _digest("\n".join(inputs).encode() + _recipe())


def _recipe() -> bytes:
    """What the result depends on beside its inputs: these steps themselves."""
    return b"".join((ROOT / "local" / name).read_bytes() for name in ("build.py", "bundle.py"))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _size(folder: Path) -> str:
    return f"{sum(path.stat().st_size for path in folder.rglob('*') if path.is_file()) / 1e6:7.1f} MB"


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m local.build", description=__doc__)
    options.add_argument("--arch", choices=TARGETS, default="host")
    for folder in build_all(TARGETS[options.parse_args().arch]()):
        print(f"{_size(folder)}  {folder.relative_to(ROOT)}")


if __name__ == "__main__":
    main()

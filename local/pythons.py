"""Where on this machine the deployed version of Python is."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

DEPLOYED = "3.13"


class PythonMissing(Exception):
    """No interpreter of the deployed version was found; the message says what to do."""


def deployed_python() -> str:
    """The path of a python3.13: of pyenv, or on PATH. Raises PythonMissing."""
    for candidate in _candidates():
        if _version(candidate) == DEPLOYED:
            return candidate
    raise PythonMissing(
        f"python{DEPLOYED} is not installed: Lambda runs it, so packages and bytecode are made with it. "
        f"Install it (pyenv install {DEPLOYED}, or your system's package) and try again."
    )


def _candidates() -> Iterator[str]:
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    for folder in sorted((root / "versions").glob(f"{DEPLOYED}*"), reverse=True):
        yield str(folder / "bin" / f"python{DEPLOYED}")
    for name in (f"python{DEPLOYED}", "python3", "python"):
        found = shutil.which(name)
        if found is not None:
            yield found


def _version(python: str) -> str | None:
    """Its major and minor version; None for what does not run (pyenv's shim of a version that is not chosen)."""
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        done = subprocess.run([python, "-c", code], capture_output=True, text=True, timeout=30, check=False)
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None

"""What a function ships beside its own code: nothing it does not read, and everything compiled.

The same steps follow `make build` and `sam build`. Lambda cannot write bytecode where the code lies, so
without them each cold start compiles every module that it imports (it doubled the time of a cold start).
"""

import gzip
import json
import shutil
import subprocess
from collections.abc import Collection, Iterator
from pathlib import Path

TASK_ROOT, LAYER_ROOT = (
    "/var/task",
    "/opt/python",
)  # where Lambda mounts a function's code and a layer's packages

LICENCES = "THIRD-PARTY-LICENSES.txt"
# Whose metadata is asked for at run time: pydantic looks up the version of email-validator, gmpy2 its own.
_METADATA_READ = ("email_validator", "gmpy2")
_UNREAD_SUFFIXES = {".pyi", ".pyx", ".pxd", ".c", ".h", ".md", ".rst", ".exe"}
_UNREAD_FILES = {"py.typed", "requirements.in", "requirements.txt"}
_UNREAD_FOLDERS = {"__pycache__", "tests", "bin"}
# badkeys requires pyOpenSSL for a part that is never loaded here; where it lies, every botocore client loads it.
_UNREAD_PACKAGES = {"OpenSSL"}
_UNREAD_MODELS = ("waiters-", "paginators-", "examples-", "completions-")  # clients load them on demand only
_BOTOCORE_DATA = Path("botocore") / "data"
_UNUSED_SERVICES_ARE_LISTED_IN = "endpoints.json"


def prune(folder: Path) -> None:
    """Takes out of installed packages what no function reads, keeping the texts of their licences."""
    licences = "\n".join(_licences(folder))
    if licences:
        (folder / LICENCES).write_text(licences, encoding="utf-8")
    for metadata in folder.glob("*.dist-info"):
        _reduce_metadata(metadata)
    for path in sorted(folder.rglob("*"), reverse=True):  # what lies inside comes before its folder
        if path.is_dir():
            if path.name in _UNREAD_FOLDERS or path.suffix == ".data" or _is_unread_package(path, folder):
                shutil.rmtree(path)
        elif (
            path.suffix in _UNREAD_SUFFIXES
            or path.name in _UNREAD_FILES
            or (path.is_relative_to(folder / _BOTOCORE_DATA) and path.name.startswith(_UNREAD_MODELS))
        ):
            path.unlink()


def drop_unread_folders(folder: Path) -> None:
    """The first of it: tests and scripts, some of which are no valid Python on purpose."""
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and path.name in _UNREAD_FOLDERS:
            shutil.rmtree(path)


def prune_services(folder: Path, services: Collection[str]) -> None:
    """Leaves of botocore's data what clients of `services` read."""
    data = folder / _BOTOCORE_DATA
    for path in unused_data(data, services):
        shutil.rmtree(path)
    if data.is_dir():
        shorten_endpoints(data, services)


def unused_data(data: Path, services: Collection[str]) -> Iterator[Path]:
    """The folders of services that are not among `services`."""
    if data.is_dir():
        yield from (path for path in data.iterdir() if path.is_dir() and path.name not in services)


def shorten_endpoints(data: Path, services: Collection[str]) -> None:
    """Rewrites the list of all services' endpoints, a megabyte that every client creation parses."""
    path = data / _UNUSED_SERVICES_ARE_LISTED_IN
    listed = json.loads(path.read_bytes())
    prefixes = {_endpoint_prefix(data / service) for service in services}
    for partition in listed["partitions"]:
        kept = {name: entry for name, entry in partition["services"].items() if name in prefixes}
        partition["services"] = kept
    path.unlink()  # it may be a hard link
    path.write_text(json.dumps(listed, separators=(",", ":")))


def compile_all(folder: Path, python: str, root: str) -> None:
    """Bytecode that is taken without a look at the source; tracebacks name files as they lie below `root`."""
    command = [python, "-m", "compileall", "-q", "-f", "-j", "0", "-s", str(folder), "-p", root]
    subprocess.run([*command, "--invalidation-mode", "unchecked-hash", str(folder)], check=True)


def _is_unread_package(path: Path, folder: Path) -> bool:
    return path.parent == folder and path.name in _UNREAD_PACKAGES


def _licences(folder: Path) -> Iterator[str]:
    for metadata in sorted(folder.glob("*.dist-info")):
        for path in sorted(metadata.rglob("*")):
            if path.is_file() and path.name.upper().startswith(("LICEN", "NOTICE", "COPYING")):
                text = path.read_text(encoding="utf-8", errors="replace")
                yield f"==== {metadata.name.removesuffix('.dist-info')}: {path.name}\n\n{text}"


def _reduce_metadata(metadata: Path) -> None:
    for path in metadata.iterdir():
        needed = path.name == "METADATA" and metadata.name.startswith(_METADATA_READ)
        if path.is_dir():
            shutil.rmtree(path)
        elif not needed:
            path.unlink()
    if not any(metadata.iterdir()):
        metadata.rmdir()


def _endpoint_prefix(service: Path) -> str:
    """What the service is called in endpoint names: `states` for stepfunctions, `email` for sesv2."""
    newest = max(path for path in service.iterdir() if path.is_dir())
    packed = newest / "service-2.json.gz"
    raw = (
        gzip.decompress(packed.read_bytes()) if packed.exists() else (newest / "service-2.json").read_bytes()
    )
    return str(json.loads(raw)["metadata"]["endpointPrefix"])

"""What other packages carry as test data: requests, and everything else that must never pass for one."""

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path

from bench.corpora.samples import LABEL, Sample, armoured, bare

# Package, folder within it, and whether the folder has a row of its own in the table.
_FOLDERS = (
    ("cryptography_vectors", "x509/requests"),
    ("cryptography_vectors", "."),
    ("acme", "_internal/tests/testdata"),
    ("asn1crypto_tests", "fixtures"),
)
_KINDS = frozenset(
    (
        *(".pem", ".der", ".crt", ".cer", ".crl", ".csr", ".req", ".key", ".pub", ".p8", ".p12", ".pfx"),
        *(".p7b", ".p7c", ".p7m", ".cp", ".eml", ".txt", ".rsp", ".json"),
    )
)
_LARGEST = 512 * 1024
_BLOCK = re.compile(r"-----BEGIN (?P<label>[A-Z0-9 ]+)-----.*?-----END (?P=label)-----\s?", re.DOTALL)
_BLOCKS = 4


def found() -> Iterator[Sample]:
    """Every file of the installed corpora, in each form in which somebody could send it."""
    seen: set[Path] = set()
    for package, folder in _FOLDERS:
        spec = importlib.util.find_spec(package)
        if spec is None or not spec.submodule_search_locations:
            raise SystemExit(f"{package} is not installed; it is one of tests/requirements.in")
        root = Path(spec.submodule_search_locations[0])
        source = package if folder == "." or package != "cryptography_vectors" else f"{package}, {folder}"
        files = [path for path in _files(root / folder) if path not in seen]
        seen.update(files)
        yield from (sample for path in files for sample in _samples(source, path.relative_to(root), path))


def found_in(folder: Path) -> Iterator[Sample]:
    """Every file of a folder that the caller names, such as test data of a Debian package."""
    for path in _files(folder):
        yield from _samples(str(folder), path.relative_to(folder), path)


def _files(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in _KINDS and path.is_file() and path.stat().st_size <= _LARGEST
    )


def _samples(source: str, name: Path, path: Path) -> Iterator[Sample]:
    data = path.read_bytes()
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    yield Sample(source, f"{name}, as it is", text)
    if data[:1] == b"\x30":
        yield Sample(source, f"{name}, armoured", armoured(data))
        yield Sample(source, f"{name}, base64 alone", bare(data))
    for count, block in enumerate(_BLOCK.finditer(text)):
        if count == _BLOCKS:
            return
        if block["label"] != LABEL:
            relabelled = block[0].replace(block["label"], LABEL)
            yield Sample(source, f"{name}, block {count} relabelled", relabelled)
        elif block[0] != text:
            yield Sample(source, f"{name}, block {count} alone", block[0])

"""`python -m local.openapi` writes docs/openapi.json; `--check` says whether it is up to date."""

import argparse
import json
import sys
from pathlib import Path

from local.openapi.document import document

COMMITTED = Path(__file__).parents[2] / "docs" / "openapi.json"


def text() -> str:
    """The document as it is committed."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m local.openapi", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; 1 when the file is out of date")
    options = parser.parse_args(arguments)
    if not options.check:
        COMMITTED.write_text(text(), encoding="utf-8")
        return 0
    if COMMITTED.is_file() and COMMITTED.read_text(encoding="utf-8") == text():
        return 0
    print("docs/openapi.json is out of date; run: python -m local.openapi", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())

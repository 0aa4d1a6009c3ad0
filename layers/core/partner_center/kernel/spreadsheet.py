"""CSV for people who open it in a spreadsheet (RFC 4180)."""

import csv
from collections.abc import Iterable, Sequence
from decimal import Decimal
from io import StringIO

_BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")

Cell = str | int | Decimal | None


def as_csv(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """The table, lines ended by CR LF. Numbers are left alone; no text in it is taken for a formula."""
    out = StringIO()
    writer = csv.writer(out)
    writer.writerow(header)
    writer.writerows([_harmless(cell) for cell in row] for row in rows)
    return out.getvalue()


def _harmless(cell: Cell) -> Cell:
    """A text that a spreadsheet would compute is marked as text by an apostrophe (OWASP, "CSV Injection")."""
    if isinstance(cell, str) and cell.lstrip(" ").startswith(_BEGINS_A_FORMULA):
        return f"'{cell}"
    return cell

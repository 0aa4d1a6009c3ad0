"""The gate's answer on each text beside the verdict of the rules, counted by source."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from bench.corpora.samples import Sample
from bench.corpora.truth import Truth, truth
from partner_center.orders.inspect import inspect_csr

Inspect = Callable[[str], dict[str, Any]]


class NothingBlocked:
    """`BlockedKeys` without lists: the corpora's keys are public, and that is not what is tried here."""

    def is_blocked(self, spki_sha256: str) -> str | None:  # noqa: ARG002 - the port's signature
        return None


def through_the_gate(text: str) -> dict[str, Any]:
    """The answer of POST /v1/csr/inspect, without its door."""
    return inspect_csr(text, NothingBlocked())


@dataclass(slots=True)
class Row:
    """What became of one source's texts; whatever counts behind `refused` should be zero."""

    tried: int = 0
    accepted: int = 0
    refused: int = 0
    let_through: int = 0
    wrongly_refused: int = 0
    raised: int = 0
    failed: int = 0
    """Answers of 5xx at the HTTP door."""
    doubtful: int = 0
    """Texts whose maker and `truth` disagree: one of the two measures is wrong."""

    @property
    def is_clean(self) -> bool:
        return not (self.let_through or self.wrongly_refused or self.raised or self.failed or self.doubtful)


@dataclass(slots=True)
class Tally:
    """Rows by source, and a line for each text that was judged otherwise than it should be."""

    rows: dict[str, Row] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def row(self, source: str) -> Row:
        return self.rows.setdefault(source, Row())

    @property
    def is_clean(self) -> bool:
        return all(row.is_clean for row in self.rows.values())


def tally(samples: Iterable[Sample], inspect: Inspect = through_the_gate) -> Tally:
    """Try every sample. A text that is accepted under other names than it holds was let through too."""
    counted = Tally()
    for sample in samples:
        row = counted.row(sample.source)
        row.tried += 1
        told = truth(sample.text)
        acceptable = told.objection is None if sample.acceptable is None else sample.acceptable
        if acceptable != (told.objection is None):
            row.doubtful += 1
            counted.faults.append(f"{sample.source}: {sample.name}: the rules say: {told.objection}")
        try:
            answer = inspect(sample.text)
        except Exception as error:  # noqa: BLE001 - that nothing is raised is what is measured
            row.raised += 1
            counted.faults.append(f"{sample.source}: {sample.name}: {type(error).__name__}: {error}")
            continue
        counted.faults += _judged(sample, row, answer, acceptable, told)
    return counted


def _judged(sample: Sample, row: Row, answer: dict[str, Any], acceptable: bool, told: Truth) -> Iterator[str]:
    if answer["valid"]:
        row.accepted += 1
        if not acceptable:
            row.let_through += 1
            yield f"{sample.source}: {sample.name}: let through, though: {told.objection}"
        elif frozenset(answer["names"]) != told.names:
            row.let_through += 1
            yield f"{sample.source}: {sample.name}: accepted for {answer['names']} instead of {sorted(told.names)}"
    else:
        row.refused += 1
        if acceptable:
            row.wrongly_refused += 1
            yield f"{sample.source}: {sample.name}: wrongly refused: {answer['problems']}"


def table(counted: Tally, door: bool) -> str:
    """Columns by what happened; `5xx` only where the texts went through the HTTP door."""
    heads = ["source", "tried", "accepted", "refused", "let through", "wrongly refused", "raised"]
    heads += ["5xx"] if door else []
    lines = [heads]
    rows = [*counted.rows.items(), ("all", _sum(counted.rows.values()))]
    for source, row in rows:
        cells = [row.tried, row.accepted, row.refused, row.let_through, row.wrongly_refused, row.raised]
        lines.append([source, *map(str, [*cells, row.failed] if door else cells)])
    widths = [max(len(line[at]) for line in lines) for at in range(len(heads))]
    return "\n".join(_line(line, widths) for line in lines)


def _sum(rows: Iterable[Row]) -> Row:
    total = Row()
    for row in rows:
        for each in fields(Row):
            setattr(total, each.name, getattr(total, each.name) + getattr(row, each.name))
    return total


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = (
        cell.rjust(width) if at else cell.ljust(width)
        for at, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return "  ".join([first, *others])

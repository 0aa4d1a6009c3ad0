"""The enrolment gate with circumstances that a test changes where it matters."""

from dataclasses import replace
from typing import Any

from partner_center.billing.contracts import Contract
from partner_center.catalog.products import load_catalog
from partner_center.orders.enrolment import examine
from partner_center.orders.examination import Circumstances
from tests.fakes.determined import NOW
from tests.fakes.posted import MemoryBlockedKeys
from tests.fakes.samples import a_contract


def around(*contracts: Contract, **changes: Any) -> Circumstances:
    """A bulk contract of 10 units, today, nothing blocked."""
    usual = Circumstances(
        key_id="key_1",
        moment=NOW,
        catalog=load_catalog(),
        contracts=contracts or (a_contract(),),
        blocked=MemoryBlockedKeys(),
    )
    return replace(usual, **changes)


def found(body: dict[str, Any], *contracts: Contract, **changes: Any) -> list[tuple[str, str | None]]:
    """Code and field of each problem."""
    examination = examine(body, around(*contracts, **changes))
    assert (examination.accepted is None) == bool(examination.problems)
    assert all(problem.detail.endswith((".", "?", ")")) for problem in examination.problems)
    return [(problem.code, problem.field) for problem in examination.problems]

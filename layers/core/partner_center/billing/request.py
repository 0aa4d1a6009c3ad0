"""A reseller asks for a bulk contract (M56): nothing can be bought on it until staff have activated it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from partner_center.accounts.api_keys import Principal
from partner_center.billing.contracts import Contract, ContractKind, ContractStatus
from partner_center.billing.idempotency import guard_of, replayed
from partner_center.billing.ports import Asking, Contracts, ContractSeenBefore
from partner_center.billing.shapes import ContractRequest
from partner_center.billing.terms import product_problems, products_covered
from partner_center.catalog.products import Catalog
from partner_center.kernel.clock import Clock
from partner_center.kernel.errors import ContentRefused, StateConflict
from partner_center.kernel.events import Chronicle
from partner_center.kernel.ids import Ids
from partner_center.orders.exposed_keys import ReportExposed
from partner_center.orders.idempotency import Call
from partner_center.orders.key_material import Screened, screen
from partner_center.orders.structure import read_shape

MOST_REQUESTED = 20
"""How many contracts of one reseller may wait to be activated."""


@dataclass(frozen=True, slots=True)
class RequestContract:
    """The use case behind POST /v1/contracts."""

    contracts: Contracts
    catalog: Catalog
    report_exposed: ReportExposed
    clock: Clock
    ids: Ids

    def __call__(self, principal: Principal, call: Call, body: Mapping[str, Any]) -> Contract:
        """The contract asked for now, or the one that this Idempotency-Key asked for before, as it was then.

        Raises ContentRefused with every problem, StateConflict, IdempotencyKeyReused, TryAgain; then nothing was
        written.
        """
        reseller_id, moment = principal.reseller_id, self.clock.now()
        answered = replayed(self.contracts, reseller_id, call)
        if answered is not None:
            return answered
        screened = screen(body)
        self.report_exposed(screened.exposed, principal, call.request_id)
        asked = examined(screened, self.catalog)
        try:
            self._require_room(reseller_id)
        except StateConflict:
            answered = replayed(self.contracts, reseller_id, call)
            if answered is None:
                raise
            return answered  # meanwhile the first request of this key took the last place
        contract = _asked_for(asked, reseller_id, self.ids.new("con", moment), moment, self.catalog)
        chronicle = Chronicle(self.ids, moment, f"key:{principal.key_id}", call.request_id)
        audit = chronicle.audit(
            "contract.requested", reseller_id, "", contract_id=contract.contract_id, units=asked.units
        )
        try:
            self.contracts.ask(Asking(contract, guard_of(call, contract), audit))
        except ContractSeenBefore as seen:
            return call.same(seen.guard).contract
        return contract

    def _require_room(self, reseller_id: str) -> None:
        waiting = [
            each
            for each in self.contracts.of_reseller(reseller_id)
            if each.status is ContractStatus.REQUESTED
        ]
        if len(waiting) >= MOST_REQUESTED:
            raise StateConflict(
                "too_many_requested",
                f"{len(waiting)} contracts wait to be activated already; talk to your sales representative.",
            )


def examined(screened: Screened, catalog: Catalog) -> ContractRequest:
    """What is asked for. Raises ContentRefused with every problem."""
    asked, problems = read_shape(ContractRequest, screened.body)
    told = [*screened.problems, *(each for each in problems if each.field not in screened.withheld)]
    if asked is not None:
        told += product_problems(asked.products, asked.brand, catalog)
    if told or asked is None:
        raise ContentRefused(told)
    return asked


def _asked_for(
    asked: ContractRequest, reseller_id: str, contract_id: str, moment: datetime, catalog: Catalog
) -> Contract:
    return Contract(
        reseller_id=reseller_id,
        contract_id=contract_id,
        kind=ContractKind.BULK,
        products=products_covered(asked.products, asked.brand, catalog),
        valid_from=moment,
        valid_to=moment,
        units_granted=0,
        units_left=0,
        units_held=0,
        units_used=0,
        status=ContractStatus.REQUESTED,
        brand=asked.brand,
        note=asked.note,
        units_asked=asked.units,
        requested_at=moment,
    )

"""Staff activate a contract that was asked for, against an invoice: its units are granted, once (M56, M64, M65)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from partner_center.accounts.staff import Staff
from partner_center.billing.contracts import Contract, ContractStatus, EntryKind, LedgerEntry
from partner_center.billing.idempotency import guard_of, replayed
from partner_center.billing.ports import Activation, Contracts, ContractSeenBefore, InvoiceTaken
from partner_center.billing.shapes import ContractActivation
from partner_center.billing.terms import activation_problems, price_list, products_covered, validity
from partner_center.catalog.products import Catalog
from partner_center.kernel.clock import Clock
from partner_center.kernel.errors import ChangedMeanwhile, ContentRefused, NotFound, StateConflict, TryAgain
from partner_center.kernel.events import Chronicle
from partner_center.kernel.ids import Ids
from partner_center.orders.idempotency import Call
from partner_center.orders.key_material import screen
from partner_center.orders.structure import read_shape


@dataclass(frozen=True, slots=True)
class ActivateContract:
    """The use case behind POST /v1/staff/contracts/{contract_id}/activate."""

    contracts: Contracts
    catalog: Catalog
    clock: Clock
    ids: Ids

    def __call__(self, staff: Staff, call: Call, contract_id: str, body: Mapping[str, Any]) -> Contract:
        """The active contract; activating again with the same invoice and terms changes nothing.

        Raises NotFound, ContentRefused with every problem, StateConflict (active by another invoice or on other
        terms; the invoice is another contract's), IdempotencyKeyReused, TryAgain.
        """
        reseller_id = self.contracts.owner(contract_id)
        contract = self.contracts.find(reseller_id, contract_id) if reseller_id else None
        if contract is None:
            raise NotFound("There is no such contract.")
        terms = _read(body)
        if terms.reseller_id not in {None, contract.reseller_id}:
            raise NotFound("There is no such contract.")
        answered = replayed(self.contracts, contract.reseller_id, call)
        if answered is not None:
            return answered
        if contract.status is not ContractStatus.REQUESTED:
            return _as_agreed(contract, terms, self.catalog)
        moment = self.clock.now()
        problems = tuple(activation_problems(terms, contract, self.catalog, moment))
        if problems:
            raise ContentRefused(problems)
        chronicle = Chronicle(self.ids, moment, staff.actor, call.request_id)
        activation = _activation(contract, terms, self.catalog, call, chronicle)
        try:
            self.contracts.activate(activation)
        except ContractSeenBefore as seen:
            return call.same(seen.guard).contract
        except (InvoiceTaken, ChangedMeanwhile) as cause:
            return self._meanwhile(contract, terms, cause)
        return activation.contract

    def _meanwhile(self, contract: Contract, terms: ContractActivation, cause: Exception) -> Contract:
        """Somebody was faster: with the same terms for this contract, or with this invoice for another one."""
        if isinstance(cause, InvoiceTaken) and cause.contract_id != contract.contract_id:
            raise StateConflict("invoice_taken", cause.detail) from cause
        present = self.contracts.find(contract.reseller_id, contract.contract_id)
        if present is None or present.status is ContractStatus.REQUESTED:
            raise TryAgain("The contract is changing at this moment; nothing was written.") from cause
        return _as_agreed(present, terms, self.catalog)


def _read(body: Mapping[str, Any]) -> ContractActivation:
    screened = screen(body)
    terms, problems = read_shape(ContractActivation, screened.body)
    told = [*screened.problems, *(each for each in problems if each.field not in screened.withheld)]
    if told or terms is None:
        raise ContentRefused(told)
    return terms


def _as_agreed(contract: Contract, terms: ContractActivation, catalog: Catalog) -> Contract:
    """The active contract, if that is what it was activated with."""
    if terms.invoice_reference != contract.invoice_reference:
        raise StateConflict(
            "already_active",
            f"Contract {contract.contract_id} is active already, by invoice {contract.invoice_reference}.",
        )
    if _agreed(contract, terms, catalog, contract.valid_from) != contract:
        raise StateConflict(
            "already_active",
            f"Contract {contract.contract_id} was activated by this invoice on other terms, which are fixed.",
        )
    return contract


def _activation(
    contract: Contract, terms: ContractActivation, catalog: Catalog, call: Call, chronicle: Chronicle
) -> Activation:
    units = terms.units or contract.units_asked or 0
    agreed = _agreed(
        replace(contract, status=ContractStatus.ACTIVE, units_granted=units, units_left=units),
        terms,
        catalog,
        chronicle.moment,
    )
    grant = LedgerEntry(
        entry_id=chronicle.ids.new("led", chronicle.moment),
        kind=EntryKind.GRANT,
        units=units,
        order_id="",
        actor=chronicle.actor,
        at=chronicle.moment,
        reference=terms.invoice_reference,
    )
    audit = chronicle.audit(
        "contract.activated",
        contract.reseller_id,
        "",
        contract_id=contract.contract_id,
        units=units,
        invoice_reference=terms.invoice_reference,
        prices=len(terms.prices or ()) or None,
    )
    return Activation(agreed, guard_of(call, agreed), grant, audit)


def _agreed(contract: Contract, terms: ContractActivation, catalog: Catalog, moment: datetime) -> Contract:
    """The contract with what the terms say of it; what they leave out stays, and validity is from `moment`."""
    is_new = contract.invoice_reference is None
    begins, ends = validity(terms, moment)
    changes: dict[str, Any] = {"invoice_reference": terms.invoice_reference}
    if is_new or terms.valid_from is not None:
        changes["valid_from"] = begins
    if is_new or terms.valid_to is not None:
        changes["valid_to"] = ends
    if terms.units is not None:
        changes["units_granted"] = terms.units
    if terms.products is not None or terms.brand is not None:
        changes["products"] = products_covered(terms.products, terms.brand, catalog)
    if terms.brand is not None:
        changes["brand"] = terms.brand
    if terms.prices is not None:
        changes["prices"] = price_list(terms.prices)
    if terms.sales_representative is not None:
        changes["sales_representative"] = terms.sales_representative
    if terms.notices is not None and terms.notices.units_low is not None:
        changes["units_low"] = terms.notices.units_low
    if terms.notices is not None and terms.notices.ends_in_days is not None:
        days = sorted(set(terms.notices.ends_in_days), reverse=True)
        changes["ends_in_days"] = tuple(days)
    return replace(contract, **changes)

"""Examining an order with what is on file: contracts, numbers already used, blocked keys."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, TypeGuard

from partner_center.accounts.api_keys import Principal
from partner_center.billing.contracts import Contract
from partner_center.orders.enrolment import examine
from partner_center.orders.enrolment_gate import EnrolmentGate
from partner_center.orders.examination import Circumstances, Examination
from partner_center.orders.ports import Contracts, Orders
from partner_center.orders.refusals import duplicate_partner_order
from partner_center.orders.requests import REFERENCE_PATTERN
from partner_center.orders.succession import Succession


@dataclass(frozen=True, slots=True)
class ExamineOrder:
    """The use case behind validate, and the gate of placing: one path, one answer."""

    orders: Orders
    gate: EnrolmentGate

    def __call__(
        self,
        principal: Principal,
        request_id: str,
        body: Mapping[str, Any],
        moment: datetime,
        succession: Succession | None = None,
    ) -> Examination:
        """Every problem of the body; private keys in it are reported, whatever else is wrong.

        `succession`: the order is to renew or to replace another. Raises TryAgain when what is on file cannot be
        read, or the report not be made.
        """
        gate = self.gate
        contracts = contracts_meant(gate.contracts, principal.reseller_id, body)
        around = Circumstances(
            principal.key_id, moment, gate.catalog, contracts, gate.blocked, succession=succession
        )
        examination = gate.examined(partial(examine, body), around)
        gate.report_exposed(examination.exposed, principal, request_id)
        number = body.get("partner_order_id")
        refused = any(problem.field == "/partner_order_id" for problem in examination.problems)
        if refused or not _is_reference(number):  # no order can bear such a number
            return examination
        taken_by = self.orders.partner_order(principal.reseller_id, number)
        if taken_by is None:
            return examination
        problems = (*examination.problems, duplicate_partner_order(taken_by))
        return replace(examination, problems=problems, accepted=None)


def contracts_meant(contracts: Contracts, reseller_id: str, body: Mapping[str, Any]) -> Sequence[Contract]:
    """The contract that the body names, or all of the reseller's when it names none."""
    wanted = body.get("contract_id")
    if wanted is None:
        return contracts.of_reseller(reseller_id)
    found = contracts.find(reseller_id, wanted) if _is_reference(wanted) else None
    return [found] if found is not None else []


def _is_reference(value: Any) -> TypeGuard[str]:
    return isinstance(value, str) and re.fullmatch(REFERENCE_PATTERN, value) is not None

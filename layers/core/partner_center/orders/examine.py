"""Examining an order with what is on file: contracts, numbers already used, blocked keys."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from partner_center.accounts.api_keys import Principal
from partner_center.billing.contracts import Contract
from partner_center.catalog.products import Catalog
from partner_center.orders.enrolment import examine, unknown_approvers
from partner_center.orders.examination import Circumstances, Examination
from partner_center.orders.exposed_keys import ReportExposed
from partner_center.orders.key_gate import BlockedKeys
from partner_center.orders.ports import Contracts, Orders
from partner_center.orders.refusals import duplicate_partner_order
from partner_center.orders.requests import REFERENCE_PATTERN
from partner_center.orders.succession import Succession
from partner_center.validation.contacts import Approver


@dataclass(frozen=True, slots=True)
class ExamineOrder:
    """The use case behind validate, and the gate of placing: one path, one answer."""

    orders: Orders
    contracts: Contracts
    catalog: Catalog
    blocked: BlockedKeys
    report_exposed: ReportExposed
    contacts_of: Callable[[Sequence[str]], Mapping[str, Sequence[Approver]]]

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
        contracts = contracts_meant(self.contracts, principal.reseller_id, body)
        around = Circumstances(
            principal.key_id, moment, self.catalog, contracts, self.blocked, succession=succession
        )
        examination = examine(body, around)
        if names := unknown_approvers(examination):
            examination = examine(body, replace(around, contacts=self.contacts_of(names)))
        self.report_exposed(examination.exposed, principal, request_id)
        number = body.get("partner_order_id")
        refused = any(problem.field == "/partner_order_id" for problem in examination.problems)
        if not isinstance(number, str) or refused:  # no order can bear such a number
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
    is_one = isinstance(wanted, str) and re.fullmatch(REFERENCE_PATTERN, wanted)
    found = contracts.find(reseller_id, wanted) if is_one else None
    return [found] if found is not None else []

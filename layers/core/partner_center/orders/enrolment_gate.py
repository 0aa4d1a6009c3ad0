"""What every enrolment is examined with, be it placed, amended or reissued.

That is what is on file, and DNS where an approver is chosen whom only DNS can name (BR 3.2.2.4.13, .14).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache

from partner_center.accounts.api_keys import Principal
from partner_center.catalog.products import Catalog
from partner_center.orders.enrolment import unknown_approvers
from partner_center.orders.examination import Circumstances, Examination
from partner_center.orders.exposed_keys import ReportExposed
from partner_center.orders.key_gate import BlockedKeys
from partner_center.orders.order import Order
from partner_center.orders.ports import Contracts
from partner_center.validation.contacts import Approver

ContactsOf = Callable[[tuple[str, ...]], Mapping[str, Sequence[Approver]]]


@dataclass(frozen=True, slots=True)
class EnrolmentGate:
    """`contacts_of`: who may approve each name, as DNS says at this moment."""

    contracts: Contracts
    catalog: Catalog
    blocked: BlockedKeys
    report_exposed: ReportExposed
    contacts_of: ContactsOf

    def asking_once(self) -> "EnrolmentGate":
        """The same for one request: DNS is asked once, however often the examination is repeated."""
        return replace(self, contacts_of=cache(self.contacts_of))

    def around(self, principal: Principal, order: Order, moment: datetime, *, is_free: bool) -> Circumstances:
        """What is on file about another content of `order`; `is_free`: nothing is bought with it."""
        contract = self.contracts.find(principal.reseller_id, order.head.contract_id)
        return Circumstances(
            principal.key_id,
            moment,
            self.catalog,
            [contract] if contract else [],
            self.blocked,
            amended=order,
            is_free=is_free,
        )

    def examined(self, examine: Callable[[Circumstances], Examination], around: Circumstances) -> Examination:
        """DNS is asked only where an approver is none of the computed ones; then it is examined once more."""
        examination = examine(around)
        if names := unknown_approvers(examination):
            examination = examine(replace(around, contacts=self.contacts_of(names)))
        return examination

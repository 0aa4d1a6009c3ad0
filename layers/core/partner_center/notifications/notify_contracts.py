"""Contracts that run out of units or time: their holders are told, once each, though runs are missed or die."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil

from partner_center.accounts.resellers import Reseller, Resellers
from partner_center.billing.contracts import Contract, ContractKind
from partner_center.billing.notices import (
    NOTICE_SHARDS,
    Notice,
    NoticeKind,
    due_notices,
    low_threshold,
    next_look,
)
from partner_center.billing.ports import NoticeBook
from partner_center.catalog.products import Catalog
from partner_center.kernel.clock import Clock
from partner_center.kernel.errors import ChangedMeanwhile, TryAgain
from partner_center.kernel.events import Chronicle
from partner_center.kernel.ids import Ids
from partner_center.notifications.contract_notice import ContractNoticeFacts, contract_notice_mail
from partner_center.notifications.domain_mailer import message_id
from partner_center.notifications.mail import MailRefused
from partner_center.notifications.ports import Mailer

CLAIM = timedelta(minutes=15)
"""How long a run has for one contract. If it dies, a later run mails again, with the same Message-ID."""


@dataclass(frozen=True, slots=True)
class NotifyContracts:
    """The use case behind the schedule."""

    book: NoticeBook
    resellers: Resellers
    catalog: Catalog
    mailer: Mailer
    clock: Clock
    ids: Ids
    sender: str

    def __call__(self, correlation_id: str) -> int:
        """How many mails went out. Raises TryAgain at the end when some could not, so that the run has failed."""
        chronicle = Chronicle(self.ids, self.clock.now(), "system", correlation_id)
        mailed, trouble = 0, None
        for shard in range(NOTICE_SHARDS):
            for reseller_id, contract_id in self.book.to_look_at(shard, chronicle.moment):
                try:
                    mailed += self._look_at(reseller_id, contract_id, chronicle)
                except ChangedMeanwhile:
                    continue  # another run is at it, or units moved under a claim that ran out
                except TryAgain as error:
                    trouble = error
        if trouble is not None:
            raise trouble
        return mailed

    def _look_at(self, reseller_id: str, contract_id: str, chronicle: Chronicle) -> int:
        contract = self.book.find(reseller_id, contract_id)
        if contract is None or (contract.noticing_until and contract.noticing_until > chronicle.moment):
            return 0
        due = due_notices(contract, chronicle.moment)
        if not due:
            look = next_look(contract, chronicle.moment)
            if look is None or look > chronicle.moment:
                self.book.look_later(contract, chronicle.moment)
            return 0
        reseller = self.resellers.reseller(reseller_id)
        if reseller is None:
            raise TryAgain("The reseller of a contract cannot be read at the moment.")
        until = chronicle.moment + CLAIM
        self.book.begin(contract, until)
        results = [self._mail(contract, reseller, notice, chronicle.moment) for notice in due]
        noticed = contract.noticed.union(*(notice.covers for notice in due))
        audit = chronicle.audit(
            "contract.noticed",
            reseller_id,
            "",
            contract_id=contract_id,
            notices=" ".join(notice.notice_id for notice in due),
            mails=" ".join(results),
        )
        self.book.told(replace(contract, noticed=noticed, noticing_until=until), audit)
        return len(due)

    def _mail(self, contract: Contract, reseller: Reseller, notice: Notice, moment: datetime) -> str:
        """`sent`, or why this mail will never go out: no repetition would help."""
        local_part = f"notice-{notice.notice_id}-{contract.contract_id}"
        facts = self._facts(contract, reseller, notice, moment)
        try:
            self.mailer.send(contract_notice_mail(facts, self.sender, message_id(local_part, self.sender)))
        except MailRefused as refused:
            return refused.reason
        return "sent"

    def _facts(
        self, contract: Contract, reseller: Reseller, notice: Notice, moment: datetime
    ) -> ContractNoticeFacts:
        left = (contract.valid_to - moment) / timedelta(days=1)
        return ContractNoticeFacts(
            billing_email=reseller.billing_contact,
            reseller_name=reseller.name,
            contract_id=contract.contract_id,
            brand=self.catalog.brand(contract.brand).name if contract.brand else "TLS",
            is_card=contract.kind is ContractKind.PAY_AS_YOU_GO,
            invoice_reference=contract.invoice_reference,
            sales_representative=contract.sales_representative,
            valid_to=contract.valid_to,
            units_granted=contract.units_granted,
            units_left=contract.units_left,
            units_held=contract.units_held,
            units_used=contract.units_used,
            threshold=low_threshold(contract) if notice.kind is NoticeKind.UNITS_LOW else None,
            days_left=max(0, ceil(left)),
        )

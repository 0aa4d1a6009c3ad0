"""The mail about a contract, from the queue of reminders: to the first address of its reseller that takes mail.

At least once: a crash between a mail and its record sends it again, with the same Message-ID.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from partner_center.accounts.resellers import Reseller, Resellers
from partner_center.billing.contracts import Contract, ContractKind
from partner_center.billing.notices import NoticeKind, low_threshold
from partner_center.catalog.products import Catalog
from partner_center.kernel.clock import Clock
from partner_center.kernel.errors import TryAgain
from partner_center.notifications.contract_notice import ContractNoticeFacts, contract_notice_mail
from partner_center.notifications.contract_reminders import ContractReminder, ContractReminders
from partner_center.notifications.domain_mailer import message_id
from partner_center.notifications.mail import MailRefused
from partner_center.notifications.mail_results import SENT, mailbox_label
from partner_center.notifications.ports import Mailer
from partner_center.notifications.suppressions import Suppressions


@dataclass(frozen=True, slots=True)
class SendContractReminder:
    """The use case for one notice of one contract."""

    notices: ContractReminders
    resellers: Resellers
    catalog: Catalog
    suppressions: Suppressions
    mailer: Mailer
    wait: Callable[[], None]
    clock: Clock
    sender: str

    def __call__(self, reseller_id: str, contract_id: str, notice_id: str) -> None:
        """Raises TryAgain. Where no address of the reseller takes mail there is nobody to tell."""
        reminder = self.notices.reminder(reseller_id, contract_id, notice_id)
        contract = self.notices.find(reseller_id, contract_id)
        reseller = self.resellers.reseller(reseller_id)
        if reminder is None or contract is None or reseller is None:
            raise TryAgain("What belongs to the notice cannot be read at the moment.")
        if is_moot(reminder, contract):
            return
        for address in addresses(reseller):
            if self.suppressions.suppression(reseller_id, address) is not None:
                continue
            mailbox = mailbox_label(address)
            result = reminder.results.get(mailbox)
            if result is None:
                result = self._send(reminder, contract, reseller, address)
                self.notices.record(reminder, mailbox, result)
            if result == SENT:
                return

    def _send(
        self,
        reminder: ContractReminder,
        contract: Contract,
        reseller: Reseller,
        address: str,
    ) -> str:
        """`sent`, or why this mail will never go out: no repetition would help."""
        facts = self._facts(reminder, contract, reseller, address, self.clock.now())
        local_part = f"{reminder.mail_id}.{mailbox_label(address)}"
        tags = (
            ("reseller_id", reminder.reseller_id),
            ("mail", "contract"),
            ("contract_id", reminder.contract_id),
            ("notice", reminder.notice_id),
        )
        try:
            mail = contract_notice_mail(facts, self.sender, message_id(local_part, self.sender), tags)
            self.wait()
            self.mailer.send(mail)
        except MailRefused as refused:
            return refused.reason
        return SENT

    def _facts(
        self,
        reminder: ContractReminder,
        contract: Contract,
        reseller: Reseller,
        address: str,
        moment: datetime,
    ) -> ContractNoticeFacts:
        left = (contract.valid_to - moment) / timedelta(days=1)
        return ContractNoticeFacts(
            billing_email=address,
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
            threshold=low_threshold(contract) if reminder.kind is NoticeKind.UNITS_LOW else None,
            days_left=max(0, ceil(left)),
        )


def addresses(reseller: Reseller) -> tuple[str, ...]:
    """Whom to tell of contracts, the billing contact first; nobody twice."""
    return tuple(dict.fromkeys((reseller.billing_contact, reseller.digest_email, reseller.support_email)))


def is_moot(reminder: ContractReminder, contract: Contract) -> bool:
    """Whether the end it tells of has moved since: another card prolonged the contract, and its end is told anew."""
    return reminder.kind is NoticeKind.ENDS and contract.valid_to != reminder.ends

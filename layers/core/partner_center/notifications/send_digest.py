"""The daily digest of a reseller, from the queue of reminders: its orders, and the contracts that run out.

At least once, as every mail of that queue.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256

from partner_center.accounts.resellers import Reseller, Resellers
from partner_center.billing.contracts import ContractKind
from partner_center.kernel.clock import Clock
from partner_center.kernel.errors import TryAgain
from partner_center.notifications.contract_reminders import ContractReminder, ContractReminders
from partner_center.notifications.digest_mail import ContractLine, DigestFacts, DigestLine, digest_mail
from partner_center.notifications.domain_mailer import message_id
from partner_center.notifications.mail_results import CAME_BACK, SENT, mailbox_label
from partner_center.notifications.ports import Mailer
from partner_center.notifications.reminders import Calendar, Digest, Digests, Reminder, still_stands
from partner_center.notifications.send_contract_reminder import is_moot
from partner_center.notifications.suppressions import Suppressions, Undelivered

MOST_LINES = 100
"""What a digest lists; the rest is counted."""
MOST_LOOKED_AT = 1000
"""Of so many it is asked whether they still stand: each is a question, and the mail has two minutes. The rest stands.
"""


@dataclass(frozen=True, slots=True)
class SendDigest:
    """The use case for the digest of one reseller and day. `public_url` has no closing slash."""

    digests: Digests
    calendar: Calendar
    notices: ContractReminders
    resellers: Resellers
    suppressions: Suppressions
    mailer: Mailer
    wait: Callable[[], None]
    clock: Clock
    sender: str
    public_url: str

    def __call__(self, reseller_id: str, day: date) -> bool:
        """Whether somebody was told, or nothing was left to tell. Raises TryAgain.

        Asked for again, it goes to the next address if all that had it gave it back.
        """
        digest, reseller = self.digests.digest(reseller_id, day), self.resellers.reseller(reseller_id)
        if digest is None or reseller is None:
            raise TryAgain("The digest cannot be read at the moment.")
        if digest.sent and (not digest.results or SENT in digest.results.values()):
            return True
        self.digests.close(digest, self.clock.now())
        reminders = sorted(
            self.digests.reminders(reseller_id, day), key=lambda each: (each.ends, each.order_id)
        )
        listed, gone = self._standing(reminders)
        contracts = self._contract_lines(reseller, self.notices.of_digest(reseller_id, day))
        to, is_told = self._address(reseller, digest), not (listed or contracts)
        if to is not None and not is_told:
            facts = DigestFacts(
                reseller_name=reseller.name,
                to=to,
                day=day,
                moment=self.clock.now(),
                lines=[self._line(reseller, each) for each in listed],
                total=len(reminders) - gone,
                contracts=contracts,
                contacts_are_mailed=not reseller.reminders.mute_contacts,
                trouble=self._trouble_of(digest, reseller),
            )
            name = sha256(f"{reseller_id}\n{day}".encode()).hexdigest()[:26]
            tags = (("reseller_id", reseller_id), ("mail", "digest"), ("day", day.isoformat()))
            local_part = f"dig_{name}.{mailbox_label(to)}"
            mail = digest_mail(facts, self.sender, message_id(local_part, self.sender), tags)
            self.wait()
            self.mailer.send(mail)
            self.digests.record(digest, mailbox_label(to), SENT)
            is_told = True
        self.digests.sent(digest, self.clock.now())
        return is_told

    def _standing(self, reminders: Sequence[Reminder]) -> tuple[Sequence[Reminder], int]:
        """What is listed, and how many of those before its last line stand no more; the rest is not looked at."""
        listed, gone = list[Reminder](), 0
        for looked_at, each in enumerate(reminders):
            if len(listed) == MOST_LINES:
                break
            if looked_at >= MOST_LOOKED_AT or self._stands(each):
                listed.append(each)
            else:
                gone += 1
        return listed, gone

    def _stands(self, reminder: Reminder) -> bool:
        return still_stands(reminder, self.calendar.entries(reminder.reseller_id, reminder.order_id))

    def _address(self, reseller: Reseller, digest: Digest) -> str | None:
        """The first that takes mail and was not tried yet."""
        every = (reseller.digest_email, reseller.support_email, reseller.billing_contact)
        untried = (each for each in dict.fromkeys(every) if mailbox_label(each) not in digest.results)
        taking = (
            each for each in untried if self.suppressions.suppression(reseller.reseller_id, each) is None
        )
        return next(taking, None)

    def _trouble_of(self, digest: Digest, reseller: Reseller) -> str | None:
        """Why it does not go to the address that the reseller chose."""
        address, remedy = reseller.digest_email, "choose another address (PATCH /v1/account)"
        came_back = digest.results.get(mailbox_label(address)) == CAME_BACK
        why = _trouble(address, Undelivered.BOUNCED, remedy) if came_back else None
        return self._trouble(reseller.reseller_id, address, remedy) or why

    def _line(self, reseller: Reseller, reminder: Reminder) -> DigestLine:
        own = reseller.reminders.link_to(reminder.order_id, reminder.partner_order_id)
        return DigestLine(
            common_name=reminder.common_name,
            order_id=reminder.order_id,
            partner_order_id=reminder.partner_order_id,
            serial_hex=None if reminder.bare else reminder.serial,
            kind=reminder.kind,
            action=reminder.action,
            ends=reminder.ends,
            link=own or f"{self.public_url}/v1/orders/{reminder.order_id}",
            names_total=reminder.names_total,
            automatic=reminder.automatic,
            bare=reminder.bare,
            price=reminder.price,
            renewed_by=reminder.renewed_by,
            trouble=self._trouble(reminder.reseller_id, reminder.contact, "correct the contact"),
        )

    def _contract_lines(
        self, reseller: Reseller, reminders: Sequence[ContractReminder]
    ) -> Sequence[ContractLine]:
        """Each contract as it is by now, the soonest to end first; what was prolonged since is left out."""
        found = []
        for each in reminders:
            contract = self.notices.find(each.reseller_id, each.contract_id)
            if contract is None:
                raise TryAgain("A contract of the digest cannot be read at the moment.")
            if is_moot(each, contract):
                continue
            found.append(
                ContractLine(
                    contract_id=each.contract_id,
                    kind=each.kind,
                    is_card=contract.kind is ContractKind.PAY_AS_YOU_GO,
                    ends=contract.valid_to,
                    units_left=contract.units_left,
                    units_granted=contract.units_granted,
                    link=f"{self.public_url}/v1/contracts/{each.contract_id}",
                    trouble=self._trouble(
                        each.reseller_id, reseller.billing_contact, "tell our support another address"
                    ),
                )
            )
        return sorted(found, key=lambda each: (each.ends, each.contract_id))

    def _trouble(self, reseller_id: str, address: str, remedy: str) -> str | None:
        known = self.suppressions.suppression(reseller_id, address)
        return _trouble(address, known.why, remedy) if known else None


def _trouble(address: str, why: Undelivered, remedy: str) -> str:
    return f"Mail to {address} {why.in_words}: {remedy}."

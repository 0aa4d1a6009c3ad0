"""The reminders, wired to the fakes: orders issued by their own use cases, a calendar, a queue, a mailbox."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from partner_center.accounts.resellers import ReminderPreferences, Reseller
from partner_center.catalog.products import load_catalog
from partner_center.issuance.record import CertificateRecord
from partner_center.issuance.validity import plan_validity
from partner_center.kernel.dated_rules import rules_on
from partner_center.notifications.contract_reminders import ContractReminder
from partner_center.notifications.keep_calendar import KeepCalendar, Prospects
from partner_center.notifications.mail import Mail
from partner_center.notifications.notify_contracts import NotifyContracts
from partner_center.notifications.pace import Pace
from partner_center.notifications.remind import LONGEST_RUN, RemindRenewals, Report
from partner_center.notifications.reminders import Reminder
from partner_center.notifications.renewal_price import RenewalPrice
from partner_center.notifications.replan import ReplanReminders
from partner_center.notifications.send_contract_reminder import SendContractReminder
from partner_center.notifications.send_digest import SendDigest
from partner_center.notifications.send_reminders import SendReminder
from partner_center.notifications.undelivered import RecordUndelivered
from partner_center.orders.order import OrderHead, OrderStatus
from tests.fakes.calendar_store import (
    MemoryCalendar,
    MemoryMailer,
    MemoryReminderQueue,
    MemorySentMails,
)
from tests.fakes.contract_notices import MemoryContractNotices
from tests.fakes.planned_reissues import MemoryPlannedReissues
from tests.fakes.samples import ORDER, US, a_chronicle, a_contract, a_record
from tests.fakes.world import World

SENDER = "Partner Center <no-reply@partners.example.net>"


class Reminding:
    """One reseller's orders and everything that reminds of them. The clock stands still until it is moved."""

    def __init__(self, rate: float = 100.0) -> None:
        self.world = World()
        self.clock = self.world.clock
        self.preferences = ReminderPreferences()
        self.calendar, self.queue = MemoryCalendar(), MemoryReminderQueue()
        self.notices = MemoryContractNotices(self.world.tables, self.calendar)
        self.billing_email: str | None = None
        self.suppressions, self.sent = self.world.suppressions, MemorySentMails()
        self.mailer = MemoryMailer(self.clock.now)
        self.pace = Pace(rate, 1, self.clock, lambda seconds: self.clock.advance(seconds=seconds))
        orders, clock = self.world.stores.orders, self.clock
        prospects = Prospects(orders, self.world.certificates, self.world.stores.challenges, clock)
        self.keep = KeepCalendar(prospects, self.calendar, self, MemoryPlannedReissues())
        self.remind = RemindRenewals(
            prospects,
            self.calendar,
            self.calendar,
            self.notices,
            self.calendar,
            self.queue,
            self,
            self.keep,
            ReplanReminders(orders, self.calendar, self.calendar),
            RenewalPrice(load_catalog(), self.notices),
            clock,
        )
        self.send_reminder = SendReminder(
            orders,
            self.calendar,
            self,
            load_catalog(),
            self.suppressions,
            self.sent,
            self.mailer,
            self.pace.wait,
            clock,
            SENDER,
        )
        self.notify_contracts = NotifyContracts(
            self.notices, self.calendar, self.queue, self, clock, self.world.ids
        )
        self.send_contract_reminder = SendContractReminder(
            self.notices,
            self,
            load_catalog(),
            self.suppressions,
            self.mailer,
            self.pace.wait,
            clock,
            SENDER,
        )
        self.send_digest = SendDigest(
            self.calendar,
            self.calendar,
            self.notices,
            self,
            self.suppressions,
            self.mailer,
            self.pace.wait,
            clock,
            SENDER,
            "https://partners.example.net",
        )
        self.record_undelivered = RecordUndelivered(
            self.suppressions, self.sent, self.calendar, self.notices, self.queue, clock
        )
        self.failures: list[str] = []
        self._serials = 0
        self.world.stores.grant(a_contract(1_000_000))

    def reseller(self, reseller_id: str) -> Reseller | None:
        return Reseller(
            reseller_id,
            "Nordic Hosting AB",
            "support@nordic.example.com",
            self.billing_email,
            self.preferences,
        )

    # ---- orders

    def issued(self, *names: str, order_id: str = ORDER, **head: Any) -> OrderHead:
        """An order that was placed, and issued now; its event reached the calendar."""
        self.world.put(*names, order_id=order_id, **head)
        self.certify(self.world.head(order_id))
        self.world.complete_order(US, order_id, 1, "execution-1")
        self.follow()
        return self.world.head(order_id)

    def certify(self, head: OrderHead) -> CertificateRecord:
        """What a signer would store for the head's generation, by the rules of this day."""
        now = self.clock.now()
        term_to = head.term_to or now + timedelta(days=head.term_days, seconds=-1)
        not_before, not_after = plan_validity(now, term_to, rules_on(now))
        content = self.world.order(head.order_id, head.reseller_id).content
        self._serials += 1
        record = a_record(
            serial_hex=f"{self._serials:016x}",
            reseller_id=head.reseller_id,
            order_id=head.order_id,
            generation=head.generation,
            names=content.names,
            spki_sha256=content.spki_sha256,
            not_before=not_before,
            not_after=not_after,
        )
        self.world.certificates.keep(record)
        return record

    def reissued(self, order_id: str = ORDER, reseller_id: str = US) -> CertificateRecord:
        """The next certificate of the order, and its event."""
        head = self.world.head(order_id, reseller_id)
        following = replace(head, generation=head.generation + 1)
        record = self.certify(following)
        changes = {"generation": following.generation, "serial": record.serial_hex}
        self.change(order_id, reseller_id, **changes)
        self.tell(order_id, "order.issued", reseller_id)
        return record

    def change(self, order_id: str = ORDER, reseller_id: str = US, **changes: Any) -> None:
        """The head as another use case would have left it; no event tells of it."""
        head = self.world.head(order_id, reseller_id)
        changed = replace(head, version=head.version + 1, **changes)
        self.world.tables.heads[reseller_id, order_id] = changed

    def revoked(self, order_id: str = ORDER, reseller_id: str = US) -> None:
        self.change(order_id, reseller_id, status=OrderStatus.REVOKED)
        self.tell(order_id, "order.revoked", reseller_id)

    def tell(self, order_id: str, type_: str = "order.amended", reseller_id: str = US) -> None:
        self.keep(a_chronicle(self.world.ids, self.clock.now()).event(type_, reseller_id, order_id))

    def follow(self) -> None:
        """The bus delivers what was not delivered yet."""
        published = len(self.world.bus.published)
        self.world.relay()
        for event in self.world.bus.published[published:]:
            if event.type in {"order.issued", "order.amended", "order.cancelled", "order.rejected"}:
                self.keep(event)

    # ---- days

    def at(self, moment: datetime) -> None:
        self.clock.moment = moment

    def run(self, lasts: timedelta = LONGEST_RUN) -> Report:
        return self.remind(self.clock.now() + lasts, self.tell_failure)

    def tell_failure(self, error: Exception, where: Mapping[str, str]) -> None:
        """The last of what names it: an order, or else a reseller or its digest."""
        self.failures.append(list(where.values())[-1])

    def deliver(self) -> list[Mail]:
        """The queue hands over what waits in it; the mails that this sent."""
        before = len(self.mailer.mails)
        while self.queue.waiting:
            self.send(self.queue.waiting.pop(0))
        return [mail for _, mail in self.mailer.mails[before:]]

    def send(self, message: Reminder | ContractReminder | tuple[str, date]) -> None:
        """One message of the queue becomes a mail."""
        match message:
            case Reminder() as reminder:
                self.send_reminder(reminder)
            case ContractReminder() as told:
                self.send_contract_reminder(told.reseller_id, told.contract_id, told.notice_id)
            case (reseller_id, day):
                self.send_digest(reseller_id, day)

    def day(self) -> list[Mail]:
        """One day's run and its mails."""
        self.run()
        return self.deliver()

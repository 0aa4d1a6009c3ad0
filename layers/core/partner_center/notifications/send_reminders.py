"""The mails to the contacts of orders, one at a time from the queue of reminders.

At least once: a crash between a mail and its record sends it again, with the same Message-ID.
"""

from collections.abc import Callable
from dataclasses import dataclass

from partner_center.accounts.resellers import Reseller, Resellers
from partner_center.catalog.products import Catalog
from partner_center.kernel.clock import Clock
from partner_center.kernel.errors import TryAgain
from partner_center.notifications.domain_mailer import message_id, tags_of
from partner_center.notifications.mail import Mail, MailRefused
from partner_center.notifications.mail_results import back
from partner_center.notifications.ports import Mailer, SentMails
from partner_center.notifications.reminder_mail import ReminderFacts, reminder_mail
from partner_center.notifications.reminders import Calendar, Reminder, still_stands
from partner_center.notifications.suppressions import Suppressions
from partner_center.orders.content import Contact, Contacts
from partner_center.orders.deadlines import is_renewed, lifecycle_of
from partner_center.orders.lifecycle import A_SECOND, renewal_window
from partner_center.orders.order import Order, OrderStatus
from partner_center.orders.ports import OrderReader, load
from partner_center.validation.ports import Message


@dataclass(frozen=True, slots=True)
class SendReminder:
    """The use case for one reminder: to the first contact whose mailbox takes mail."""

    orders: OrderReader
    calendar: Calendar
    resellers: Resellers
    catalog: Catalog
    suppressions: Suppressions
    sent: SentMails
    mailer: Mailer
    wait: Callable[[], None]
    clock: Clock
    sender: str

    def __call__(self, reminder: Reminder) -> None:
        """Raises TryAgain. What is not wanted any more is left out; what nobody can get is told on the order."""
        order = load(self.orders, reminder.reseller_id, reminder.order_id)
        reseller = self.resellers.reseller(reminder.reseller_id)
        if order is None or reseller is None:
            raise TryAgain("The order behind the reminder cannot be read at the moment.")
        if reseller.reminders.mute_contacts or not self._is_wanted(reminder, order):
            return
        contacts = _in_turn(order.content.contacts)
        for contact in contacts:
            if self.suppressions.suppression(reminder.reseller_id, contact.email) is not None:
                continue
            if self._send(reminder, order, reseller, contact):
                return
        self._nobody(reminder)

    def _is_wanted(self, reminder: Reminder, order: Order) -> bool:
        """A message may have waited for days, or come again after a bounce: what was done since is not asked for."""
        if order.head.status is not OrderStatus.ISSUED or not lifecycle_of(order.content).reminders:
            return False
        entries = self.calendar.entries(reminder.reseller_id, reminder.order_id)
        return still_stands(reminder, entries) and not is_renewed(self.orders, order.head)

    def _send(self, reminder: Reminder, order: Order, reseller: Reseller, contact: Contact) -> bool:
        """Once to a mailbox: contacts may be corrected while a mail is on its way, and its bounce be late.

        False if this mailbox gave the mail back.
        """
        ids = (reminder.reseller_id, reminder.order_id)
        mail_id = reminder.mail_to(contact.email)
        if self.sent.was_sent(*ids, mail_id):
            return not self.sent.was_sent(*ids, back(mail_id))
        moment = self.clock.now()
        try:
            mail = self._mail(reminder, order, reseller, contact, f"{reminder.order_id}.{mail_id}")
            self.wait()
            self.mailer.send(mail)
        except MailRefused as refused:
            text = (
                f"A reminder could not be mailed to {contact.email} ({refused.reason}): correct the contact."
            )
            self.sent.tell(*ids, Message(f"msg_{mail_id}", moment, text))
        self.sent.record(*ids, mail_id, int(moment.timestamp()))
        return True

    def _mail(
        self, reminder: Reminder, order: Order, reseller: Reseller, contact: Contact, local_part: str
    ) -> Mail:
        head, product = order.head, self.catalog.product(order.head.product)
        window, term_to = renewal_window(head), head.term_to
        bare = reminder.bare and head.serial == reminder.serial  # else it was reissued since
        serial = head.serial if reminder.bare else reminder.serial
        if product is None or window is None or term_to is None:
            raise TryAgain("What belongs to the reminder cannot be read at the moment.")
        facts = ReminderFacts(
            contact_name=f"{contact.first_name} {contact.last_name}",
            contact_email=contact.email,
            kind=reminder.kind,
            action=reminder.action,
            ends=reminder.ends,
            moment=self.clock.now(),
            names=order.content.names,
            common_name=reminder.common_name,
            serial_hex=None if bare else serial,
            order_id=head.order_id,
            partner_order_id=head.partner_order_id,
            product_name=product.name,
            brand=self.catalog.brand(product.brand).name,
            reseller_name=reseller.name,
            support_contact=reseller.support_email,
            term_to=term_to,
            renew_from=window[0],
            renew_until=window[1] - A_SECOND,
            to_prove=reminder.names,
            total=reminder.names_total,
            automatic=reminder.automatic,
            bare=bare,
            renewed_by=reminder.renewed_by,
            link=reseller.reminders.link_to(head.order_id, head.partner_order_id),
        )
        tags = (*tags_of(head, "reminder"), ("day", reminder.day.isoformat()), ("kind", reminder.kind))
        return reminder_mail(facts, self.sender, message_id(local_part, self.sender), tags)

    def _nobody(self, reminder: Reminder) -> None:
        ids = (reminder.reseller_id, reminder.order_id)
        text = (
            "No contact of this order takes mail from us, so nobody was reminded but you: correct the contacts "
            "(PATCH /v1/orders/{id})."
        )
        self.sent.tell(*ids, Message(f"msg_{reminder.mail_id}", self.clock.now(), text))


def _in_turn(contacts: Contacts) -> tuple[Contact, ...]:
    """Whom to remind, the technical contact first; nobody twice."""
    found = (contacts.technical, *([contacts.organization] if contacts.organization else []))
    return tuple({each.email.lower(): each for each in reversed(found)}.values())[::-1]

"""When a card is declined, everyone concerned is told: who pays, and who waits (M60)."""

from collections.abc import Callable
from dataclasses import dataclass

from partner_center.accounts.resellers import Reseller, Resellers
from partner_center.billing.charge_ports import ChargeReader
from partner_center.billing.declines import WHAT_TO_DO, card_in_words, is_still_declined
from partner_center.billing.payments import Cards, Charge
from partner_center.catalog.products import Catalog, Product
from partner_center.catalog.support_contacts import support_contacts
from partner_center.kernel.clock import Clock
from partner_center.kernel.errors import TryAgain
from partner_center.kernel.events import Event
from partner_center.notifications.domain_mailer import message_id, tags_of
from partner_center.notifications.mail import Mail, MailRefused
from partner_center.notifications.payment_declined import (
    OrderWaitsFacts,
    PaymentDeclinedFacts,
    order_waits_mail,
    payment_declined_mail,
)
from partner_center.notifications.ports import Mailer, SentMails
from partner_center.notifications.send_contract_reminder import addresses
from partner_center.notifications.suppressions import Suppressions
from partner_center.orders.order import Order, OrderStatus
from partner_center.orders.ports import OrderReader, load
from partner_center.validation.ports import Message


@dataclass(frozen=True, slots=True)
class TellDecline:
    """The use case: at least once, and a repetition bears the same Message-ID."""

    orders: OrderReader
    charges: ChargeReader
    cards: Cards
    resellers: Resellers
    suppressions: Suppressions
    catalog: Catalog
    mailer: Mailer
    sent: SentMails
    clock: Clock
    sender: str

    def __call__(self, event: Event) -> None:
        """Raises TryAgain when something is out; the queue then delivers the event again.

        The order decides as it is by now: nobody is told of what is paid, asked anew or over. The technical contact
        is told while the certificate is being waited for, and of the payment no more than that. A mail that will
        never go out is told on the order.
        """
        reseller_id, order_id = str(event.data["reseller_id"]), str(event.data["order_id"])
        attempt = int(event.data["payment_attempt"] or 0)
        order = load(self.orders, reseller_id, order_id)
        if order is not None and not is_still_declined(order.head, attempt):
            return
        charge = self.charges.charge(reseller_id, order_id, attempt)
        reseller = self.resellers.reseller(reseller_id)
        product = self.catalog.product(order.head.product) if order else None
        if order is None or charge is None or reseller is None or product is None:
            raise TryAgain("What belongs to the payment cannot be read at the moment.")
        mail_id = f"declined-{order_id}-{attempt}"
        self._send(
            order, f"{mail_id}-pays", lambda id_: self._to_reseller(order, charge, reseller, product, id_)
        )
        if order.head.status is OrderStatus.PENDING:
            self._send(order, f"{mail_id}-waits", lambda id_: self._to_contact(order, reseller, product, id_))

    def _address(self, reseller: Reseller) -> str:
        """Whom to tell of money: the first of the reseller's addresses that takes mail, or else who is billed."""
        every = addresses(reseller)
        taking = (each for each in every if self.suppressions.suppression(reseller.reseller_id, each) is None)
        return next(taking, every[0])

    def _send(self, order: Order, mail_id: str, make: Callable[[str], Mail]) -> None:
        ids = (order.head.reseller_id, order.head.order_id)
        if self.sent.was_sent(*ids, mail_id):
            return
        moment = self.clock.now()
        try:
            self.mailer.send(make(message_id(mail_id, self.sender)))
        except MailRefused as refused:
            text = f"A mail about the payment of this order could not be sent ({refused.reason})."
            self.sent.tell(*ids, Message(f"msg_{mail_id}", moment, text))
        self.sent.record(*ids, mail_id, int(moment.timestamp()))

    def _to_reseller(
        self, order: Order, charge: Charge, reseller: Reseller, product: Product, id_: str
    ) -> Mail:
        card = self.cards.card(charge.reseller_id, charge.card_id) if charge.card_id else None
        facts = PaymentDeclinedFacts(
            reseller_name=reseller.name,
            reseller_email=self._address(reseller),
            order_id=order.head.order_id,
            partner_order_id=order.head.partner_order_id,
            common_name=order.content.common_name,
            product_name=product.name,
            brand=self.catalog.brand(product.brand).name,
            card=card_in_words(card),
            amount=f"{charge.amount.amount:.2f} {charge.amount.currency}",
            is_issued=order.head.status is not OrderStatus.PENDING,
            what_to_do=WHAT_TO_DO,
            support_contact=_desks_of(product),
        )
        return payment_declined_mail(facts, self.sender, id_, tags_of(order.head, "payment"))

    def _to_contact(self, order: Order, reseller: Reseller, product: Product, id_: str) -> Mail:
        contact = order.content.contacts.technical
        facts = OrderWaitsFacts(
            technical_name=f"{contact.first_name} {contact.last_name}",
            technical_email=contact.email,
            common_name=order.content.common_name,
            product_name=product.name,
            brand=self.catalog.brand(product.brand).name,
            reseller_name=reseller.name,
            order_id=order.head.order_id,
            support_contact=reseller.support_email,
        )
        return order_waits_mail(facts, self.sender, id_, tags_of(order.head, "delay"))


def _desks_of(product: Product) -> str:
    """Where resellers ask, in each region."""
    contacts = support_contacts(product.brand)
    return ", ".join(f"{each.reseller_support} ({each.region.replace('_', ' ')})" for each in contacts)

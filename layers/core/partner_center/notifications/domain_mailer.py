"""The mails about the domains of an order: to approvers, and to the technical contact what must be published."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from partner_center.accounts.resellers import Reseller, Resellers
from partner_center.catalog.products import Catalog, Product
from partner_center.kernel.errors import TryAgain
from partner_center.kernel.ids import order_of
from partner_center.notifications.approval_request import ApprovalRequestFacts, approval_request_mail
from partner_center.notifications.control_instructions import (
    ControlInstructionsFacts,
    Instruction,
    control_instructions_mail,
)
from partner_center.notifications.mail import Tags
from partner_center.notifications.ports import Mailer
from partner_center.orders.content import Method
from partner_center.orders.order import Order, OrderHead
from partner_center.orders.ports import OrderReader, load
from partner_center.validation.challenges import Challenge, days_to_serve
from partner_center.validation.control_methods import PublishFile, PublishRecord, can_be_shown
from partner_center.validation.ports import ApprovalRequest
from partner_center.validation.publishing import Publishing
from partner_center.validation.standing import answerable_until


@dataclass(frozen=True, slots=True)
class DomainMailer:
    """`DomainMail` of the validation context. `public_url` has no closing slash."""

    orders: OrderReader
    resellers: Resellers
    catalog: Catalog
    mailer: Mailer
    publishing: Publishing
    sender: str
    public_url: str

    def ask(self, request: ApprovalRequest) -> None:
        """Raises TryAgain, MailRefused. One Message-ID for a challenge of one content, however often it is sent."""
        challenge = request.challenge
        order = load(self.orders, challenge.reseller_id, challenge.order_id)
        if order is None:
            raise TryAgain("The order behind the approval mail cannot be read at the moment.")
        reseller, product = self._named(order)
        contact = order.content.contacts.technical
        organization = order.content.organization
        facts = ApprovalRequestFacts(
            approver_email=challenge.approver_email,
            names=challenge.names,
            authorization_domain=challenge.authorization_domain,
            product_name=product.name,
            brand=self.catalog.brand(product.brand).name,
            level=product.level,
            reseller_name=reseller.name,
            organization=organization.name if organization else None,
            requester_name=f"{contact.first_name} {contact.last_name}",
            requester_email=contact.email,
            order_id=order_of(order.head.order_id),
            link=f"{self.public_url}/approve/{request.token}",
            expires_at=answerable_until(challenge, order),
            serves_days=days_to_serve(challenge),
            support_contact=reseller.support_email,
        )
        mail_id = _of_revision(challenge.challenge_id, order)
        mail = approval_request_mail(facts, self.sender, message_id(mail_id, self.sender))
        self.mailer.send(replace(mail, tags=tags_of(order.head, "approval")))

    def instruct(self, order: Order, challenges: Sequence[Challenge]) -> None:
        """Raises TryAgain, MailRefused. One Message-ID for challenges of one content, however often it is sent.

        Where control can be shown no more nothing is told, and of such challenges alone nothing is mailed.
        """
        challenges = [each for each in challenges if _can_be_met(each)]
        if not challenges:
            return
        reseller, product = self._named(order)
        contact = order.content.contacts.technical
        facts = ControlInstructionsFacts(
            technical_name=f"{contact.first_name} {contact.last_name}",
            technical_email=contact.email,
            common_name=order.content.common_name,
            product_name=product.name,
            brand=self.catalog.brand(product.brand).name,
            reseller_name=reseller.name,
            order_id=order_of(order.head.order_id),
            instructions=tuple(self._instruction(order, each) for each in challenges),
            until=min(answerable_until(each, order) for each in challenges),
            support_contact=reseller.support_email,
        )
        told = sorted(each.challenge_id for each in challenges)
        if order.head.is_reissue:
            # Its contact is corrected on its order, and makes another mail without another revision of its own.
            told += [facts.technical_name, facts.technical_email]
        digest = sha256(" ".join(told).encode()).hexdigest()
        mail_id = _of_revision(f"pub_{digest[:26]}", order)
        mail = control_instructions_mail(facts, self.sender, message_id(mail_id, self.sender))
        self.mailer.send(replace(mail, tags=tags_of(order.head, "instructions")))

    def _instruction(self, order: Order, challenge: Challenge) -> Instruction:
        publish = self.publishing.publish(order, challenge)
        match publish:
            case PublishRecord():
                return Instruction(challenge.names, publish.type, publish.name, publish.value)
            case PublishFile():
                return Instruction(challenge.names, "file", publish.url, publish.body)
        raise ValueError("there is nothing to publish for e-mail")

    def _named(self, order: Order) -> tuple[Reseller, Product]:
        reseller = self.resellers.reseller(order.head.reseller_id)
        product = self.catalog.product(order.head.product)
        if reseller is None or product is None:
            raise TryAgain("The order behind the mail cannot be read at the moment.")
        return reseller, product


def _can_be_met(challenge: Challenge) -> bool:
    return challenge.method == Method.EMAIL or can_be_shown(challenge.method, challenge.authorization_domain)


def _of_revision(mail_id: str, order: Order) -> str:
    """A mail that is sent again after an amendment, of the contacts for example, has another text."""
    return f"{mail_id}.{order.head.revision}"


def message_id(local_part: str, sender: str) -> str:
    """A Message-ID that is the same each time the same mail is sent (RFC 5322, 3.6.4)."""
    domain = sender.rstrip(">").rpartition("@")[2]
    return f"<{local_part}@{domain}>"


def tags_of(head: OrderHead, mail: str) -> Tags:
    """What names a mail when its bounce comes back: whose it is, and of what kind."""
    return ("reseller_id", head.reseller_id), ("order_id", order_of(head.order_id)), ("mail", mail)

"""The approval mail of a challenge, made from its order and sent."""

from dataclasses import dataclass

from partner_center.accounts.resellers import Resellers
from partner_center.catalog.products import Catalog
from partner_center.kernel.errors import TryAgain
from partner_center.notifications.approval_request import ApprovalRequestFacts, approval_request_mail
from partner_center.notifications.ports import Mailer
from partner_center.orders.ports import OrderReader, load
from partner_center.validation.ports import ApprovalRequest


@dataclass(frozen=True, slots=True)
class ApproverMailer:
    """`ApproverMail` of the validation context. `public_url` has no closing slash."""

    orders: OrderReader
    resellers: Resellers
    catalog: Catalog
    mailer: Mailer
    sender: str
    public_url: str

    def ask(self, request: ApprovalRequest) -> None:
        """Raises TryAgain, MailRefused. The Message-ID is the challenge's, however often it is sent."""
        challenge = request.challenge
        order = load(self.orders, challenge.reseller_id, challenge.order_id)
        reseller = self.resellers.reseller(challenge.reseller_id)
        product = self.catalog.product(order.head.product) if order else None
        if order is None or reseller is None or product is None:
            raise TryAgain("The order behind the approval mail cannot be read at the moment.")
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
            order_id=order.head.order_id,
            link=f"{self.public_url}/approve/{request.token}",
            expires_at=challenge.expires_at,
            support_contact=reseller.support_email,
        )
        self.mailer.send(
            approval_request_mail(facts, self.sender, message_id(challenge.challenge_id, self.sender))
        )


def message_id(local_part: str, sender: str) -> str:
    """A Message-ID that is the same each time the same mail is sent (RFC 5322, 3.6.4)."""
    domain = sender.rstrip(">").rpartition("@")[2]
    return f"<{local_part}@{domain}>"

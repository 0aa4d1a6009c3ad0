"""What the owner of a domain is told to publish for a challenge, and what is therefore expected of a look."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from partner_center.catalog.products import Catalog
from partner_center.orders.content import Method
from partner_center.orders.order import Order, OrderHead
from partner_center.validation.challenges import Challenge, provable_sections
from partner_center.validation.control_methods import Publish, can_be_shown, covers, publish_of, reaches_below
from partner_center.validation.control_verdict import Expected


@dataclass(frozen=True, slots=True)
class Publishing:
    """One place for instructions and checks, so that they cannot drift apart. `public_url` has no closing slash."""

    catalog: Catalog
    public_url: str

    def publish(self, order: Order, challenge: Challenge) -> Publish | None:
        """What must be published; None for e-mail, for a product that this version does not know, and where nothing
        that is published would show control by the present public suffix list.
        """
        if challenge.method == Method.EMAIL or not self.issuer_domains(order):
            return None
        if not can_be_shown(challenge.method, challenge.authorization_domain):
            return None
        expected = self.expected(order, challenge)
        return publish_of(
            challenge.method,
            challenge.authorization_domain,
            challenge.value,
            expected.issuer_domains[0],
            expected.account_uri,
            below=expected.below,
        )

    def expected(self, order: Order, challenge: Challenge) -> Expected:
        """Raises ValueError for a product that this version does not know."""
        return Expected(
            authorization_domain=challenge.authorization_domain,
            issuer_domains=self.issuer_domains(order),
            value=challenge.value,
            account_uri=self.account_uri(order.head),
            below=reaches_below(challenge.authorization_domain, _names(order, challenge)),
        )

    def issuer_domains(self, order: Order) -> tuple[str, ...]:
        """The names that we answer to in CAA and persistent records; none for a product that is not known."""
        product = self.catalog.product(order.head.product)
        return tuple(product.caa_issuers) if product else ()

    def provable_sections(self, order: Order, name: str, moment: datetime) -> tuple[str, ...]:
        """The sections of the BR by which the order's product lets `name` be proven at `moment`."""
        product = self.catalog.product(order.head.product)
        return provable_sections(product.validation_methods if product else (), name, moment)

    def account_uri(self, head: OrderHead) -> str:
        """The subscriber's account (RFC 8657, section 3; BR 3.2.2.4.22): never the reseller's.

        It tells nothing of the reseller's own ids, which would stand in a public zone otherwise.
        """
        digest = sha256(f"{head.reseller_id}\n{head.subscriber}".encode()).hexdigest()
        return f"{self.public_url}/accounts/{digest[:32]}"


def _names(order: Order, challenge: Challenge) -> list[str]:
    """The names that the challenge would prove now: another may have been given its method since it was made."""
    method, domain = challenge.method, challenge.authorization_domain
    chosen = (name for name, each in order.content.methods.items() if each.method == method)
    return [name for name in chosen if covers(method, domain, name, persist_below=True)]

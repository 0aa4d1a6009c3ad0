"""The mails about a declined card: to the reseller who pays, and to the technical contact who waits (M60)."""

from dataclasses import asdict, dataclass

from partner_center.notifications.mail import Mail, Tags
from partner_center.notifications.one_line import one_line
from partner_center.notifications.render import MAIL_TEMPLATES, render


@dataclass(frozen=True, slots=True)
class PaymentDeclinedFacts:
    """What the reseller is told. `card` and `what_to_do` are sentences of ours; `amount` is `149.00 USD`.

    `is_issued`: the certificate was issued already, and its price is still owed.
    """

    reseller_name: str
    reseller_email: str
    order_id: str
    partner_order_id: str | None
    common_name: str
    product_name: str
    brand: str
    card: str
    amount: str
    is_issued: bool
    what_to_do: str
    support_contact: str


@dataclass(frozen=True, slots=True)
class OrderWaitsFacts:
    """What the technical contact is told: that the order waits, and for whom; of cards and amounts nothing."""

    technical_name: str
    technical_email: str
    common_name: str
    product_name: str
    brand: str
    reseller_name: str
    order_id: str
    support_contact: str


def payment_declined_mail(facts: PaymentDeclinedFacts, sender: str, message_id: str, tags: Tags = ()) -> Mail:
    """The mail for the reseller. Sent again with the same facts it is the same mail."""
    told = asdict(facts)
    return Mail(
        message_id=message_id,
        sender=sender,
        to=(facts.reseller_email,),
        reply_to=None,
        subject=f"The card was declined for the order for {one_line(facts.common_name)}",
        text=render(MAIL_TEMPLATES, "payment_declined.txt.j2", **told),
        html=render(MAIL_TEMPLATES, "payment_declined.html.j2", **told),
        tags=tags,
    )


def order_waits_mail(facts: OrderWaitsFacts, sender: str, message_id: str, tags: Tags = ()) -> Mail:
    """The mail for the technical contact."""
    told = asdict(facts)
    return Mail(
        message_id=message_id,
        sender=sender,
        to=(facts.technical_email,),
        reply_to=None,
        subject=f"The certificate for {one_line(facts.common_name)} is delayed",
        text=render(MAIL_TEMPLATES, "order_waits.txt.j2", **told),
        html=render(MAIL_TEMPLATES, "order_waits.html.j2", **told),
        tags=tags,
    )

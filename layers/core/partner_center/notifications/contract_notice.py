"""The mails that tell a reseller that a contract runs out of units, or of time."""

from dataclasses import asdict, dataclass
from datetime import datetime

from partner_center.notifications.mail import Mail, Tags
from partner_center.notifications.one_line import one_line
from partner_center.notifications.render import MAIL_TEMPLATES, in_words, render


@dataclass(frozen=True, slots=True)
class ContractNoticeFacts:
    """What the reseller's billing contact is told, or whoever takes mail in its place.

    `threshold` is set when units run low, None when the end of the contract is what the mail is about; then
    `days_left` counts whole days, rounded up, and is 0 when the contract has ended. `is_card`: no units, but a card
    that serves until `valid_to`.
    """

    billing_email: str
    reseller_name: str
    contract_id: str
    brand: str
    is_card: bool
    invoice_reference: str | None
    sales_representative: str | None
    valid_to: datetime
    units_granted: int
    units_left: int
    units_held: int
    units_used: int
    threshold: int | None
    days_left: int


def contract_notice_mail(facts: ContractNoticeFacts, sender: str, message_id: str, tags: Tags = ()) -> Mail:
    """The mail for the billing contact. Sent again with the same facts it is the same mail."""
    title = _title(facts)
    told = asdict(facts) | {"title": title}
    return Mail(
        message_id=message_id,
        sender=sender,
        to=(facts.billing_email,),
        reply_to=None,
        subject=title,
        text=render(MAIL_TEMPLATES, "contract_notice.txt.j2", **told),
        html=render(MAIL_TEMPLATES, "contract_notice.html.j2", **told),
        tags=tags,
    )


def _title(facts: ContractNoticeFacts) -> str:
    name = f"Contract {one_line(facts.contract_id)}"
    if facts.threshold is not None:
        return f"{name} has {facts.units_left} of {facts.units_granted} units left"
    if not facts.days_left:
        return f"{name} has ended"
    days = "1 day" if facts.days_left == 1 else f"{facts.days_left} days"
    return f"{name} ends in {days}, on {in_words(facts.valid_to)}"

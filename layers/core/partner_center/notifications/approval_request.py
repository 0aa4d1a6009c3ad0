"""The mail that asks whoever controls a domain to approve a certificate (BR 3.2.2.4.4, .13, .14)."""

from dataclasses import asdict, dataclass
from datetime import datetime
from urllib.parse import urlsplit

from partner_center.notifications.mail import Mail
from partner_center.notifications.one_line import one_line
from partner_center.notifications.render import MAIL_TEMPLATES, render


@dataclass(frozen=True, slots=True)
class ApprovalRequestFacts:
    """What the approver is told.

    `names` are those that this very approval is asked for, all under `authorization_domain`, as A-labels. `level` is
    DV, OV or EV. `serves_days` is how long the approval counts, for what else the same customer orders. `link` is the
    whole address of the approval page; it is the only one in the mail. `support_contact` is an address or a telephone
    number, in words.
    """

    approver_email: str
    names: tuple[str, ...]
    authorization_domain: str
    product_name: str
    brand: str
    level: str
    reseller_name: str
    organization: str | None
    requester_name: str
    requester_email: str
    order_id: str
    link: str
    expires_at: datetime
    serves_days: int
    support_contact: str


def approval_request_mail(facts: ApprovalRequestFacts, sender: str, message_id: str) -> Mail:
    """The mail for one approver. Sent again with the same facts it is the same mail (the link's value is kept)."""
    told = asdict(facts) | {"link_host": urlsplit(facts.link).netloc}
    return Mail(
        message_id=message_id,
        sender=sender,
        to=(facts.approver_email,),
        reply_to=None,
        subject=f"Approval needed: certificate for {one_line(facts.authorization_domain)}",
        text=render(MAIL_TEMPLATES, "approval_request.txt.j2", **told),
        html=render(MAIL_TEMPLATES, "approval_request.html.j2", **told),
    )

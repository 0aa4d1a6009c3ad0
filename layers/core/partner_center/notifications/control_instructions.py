"""The mail that tells the technical contact what to publish, so that control of the domains is shown."""

from dataclasses import asdict, dataclass
from datetime import datetime

from partner_center.notifications.mail import Mail
from partner_center.notifications.one_line import one_line
from partner_center.notifications.render import MAIL_TEMPLATES, render


@dataclass(frozen=True, slots=True)
class Instruction:
    """One thing to publish, for `names`. A record has `type`, `where` and `what`; a file is of type `file`.

    `where` is the whole name of the record, or the URL of the file; `what` is the value and nothing else.
    """

    names: tuple[str, ...]
    type: str
    where: str
    what: str


@dataclass(frozen=True, slots=True)
class ControlInstructionsFacts:
    """What the technical contact is told. `until` is when the first of the values ends."""

    technical_name: str
    technical_email: str
    common_name: str
    product_name: str
    brand: str
    reseller_name: str
    order_id: str
    instructions: tuple[Instruction, ...]
    until: datetime
    support_contact: str


def control_instructions_mail(facts: ControlInstructionsFacts, sender: str, message_id: str) -> Mail:
    """The mail for the technical contact. Sent again with the same facts it is the same mail."""
    told = asdict(facts)
    return Mail(
        message_id=message_id,
        sender=sender,
        to=(facts.technical_email,),
        reply_to=None,
        subject=f"What to publish for the certificate for {one_line(facts.common_name)}",
        text=render(MAIL_TEMPLATES, "control_instructions.txt.j2", **told),
        html=render(MAIL_TEMPLATES, "control_instructions.html.j2", **told),
    )

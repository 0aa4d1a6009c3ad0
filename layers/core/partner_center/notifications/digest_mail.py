"""The daily mail for a reseller: its contracts that run out, and its orders that somebody was reminded of."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from partner_center.billing.notices import NoticeKind
from partner_center.notifications.calendar import ReminderKind
from partner_center.notifications.mail import Mail, Tags
from partner_center.notifications.one_line import one_line
from partner_center.notifications.reminder_mail import how_far
from partner_center.notifications.render import MAIL_TEMPLATES, in_words, render
from partner_center.orders.deadlines import DeadlineKind

_WHAT = {
    DeadlineKind.REISSUE: "Reissue, free",
    DeadlineKind.CSR: "Send a new CSR; the reissue is free",
    DeadlineKind.VALIDATION: "Prove the names again; the reissue is free and begins by itself",
    DeadlineKind.RENEWAL: "Renew, at its price: it never renews itself",
}
_ENDS = {
    ReminderKind.CERTIFICATE_ENDS: ("certificate ends", "certificate ended"),
    ReminderKind.TERM_ENDS: ("order ends", "order ended"),
    ReminderKind.PROOFS_END: ("proofs of control end", "proofs of control ended"),
}


@dataclass(frozen=True, slots=True)
class DigestLine:
    """One order. `link` is where to act: at the reseller's own site, or the order in the API.

    `names_total` must be proven again for it. `automatic`: its reissue was to make itself, and did not yet. `price`
    is that of its renewal. `bare`: the order runs, and no certificate of it is valid. `trouble` says why its contact
    got no mail.
    """

    common_name: str
    order_id: str
    partner_order_id: str | None
    serial_hex: str | None
    kind: ReminderKind
    action: DeadlineKind
    ends: datetime
    link: str
    names_total: int = 0
    automatic: bool = False
    bare: bool = False
    price: str | None = None
    renewed_by: str | None = None
    trouble: str | None = None

    def how(self) -> str:
        """The request to the API that does it."""
        match self.action:
            case DeadlineKind.RENEWAL if self.bare:
                return f"POST /v1/orders/{self.order_id}/reissues"
            case DeadlineKind.RENEWAL if self.renewed_by:
                return f"GET /v1/orders/{self.renewed_by}"
            case DeadlineKind.RENEWAL:
                return f"POST /v1/orders/{self.order_id}/renewals"
            case DeadlineKind.VALIDATION if self.kind is not ReminderKind.PROOFS_END:
                return f"GET /v1/orders/{self.order_id}/domains"
        return f"POST /v1/orders/{self.order_id}/reissues"

    def what(self) -> str:
        first = "Reissue, free: no certificate is valid. " if self.bare else ""
        if self.action is DeadlineKind.RENEWAL and self.renewed_by:
            return f"{first}See the renewal {self.renewed_by} through"
        if self.action is DeadlineKind.RENEWAL and self.price:
            return f"{first}Renew, for {self.price}: it never renews itself"
        if self.kind is ReminderKind.PROOFS_END:
            return "Reissue, free, while nothing has to be proven again"
        if self.automatic:
            return "See why the reissue did not make itself, or reissue, free"
        proof = self.action is not DeadlineKind.VALIDATION and self.names_total
        names = f"{self.names_total} name{'s' if self.names_total > 1 else ''}"
        return first + _WHAT[self.action] + (f"; {names} to be proven again" if proof else "")


@dataclass(frozen=True, slots=True)
class ContractLine:
    """One contract that runs out of units, or of time. `trouble` says why its billing contact got no mail."""

    contract_id: str
    kind: NoticeKind
    is_card: bool
    ends: datetime
    units_left: int
    units_granted: int
    link: str
    trouble: str | None = None

    def what(self) -> str:
        if self.is_card:
            return "Give us another card: POST /v1/payment-method"
        return "Ask your sales representative for a new contract, or POST /v1/contracts"


@dataclass(frozen=True, slots=True)
class DigestFacts:
    """What a reseller is told. `lines` are all of `total`, or those that end first.

    `trouble` says why it did not go to the address that the reseller chose.
    """

    reseller_name: str
    to: str
    day: date
    moment: datetime
    lines: Sequence[DigestLine]
    total: int
    contracts: Sequence[ContractLine] = ()
    contacts_are_mailed: bool = True
    trouble: str | None = None


def digest_mail(facts: DigestFacts, sender: str, message_id: str, tags: Tags = ()) -> Mail:
    """The mail for the reseller."""
    contracts = len({each.contract_id for each in facts.contracts})
    counts = (_count(facts.total, "certificate"), _count(contracts, "contract"))
    count = " and ".join(each for each in counts if each)
    title = f"{count} to look after: {facts.day.day} {facts.day:%B %Y}"
    told = {
        "brand": "Partner Center: your",
        "title": title,
        "count": count,
        "reseller_name": facts.reseller_name,
        "lines": [_told(each, facts.moment) for each in facts.lines],
        "more": facts.total - len(facts.lines),
        "contracts": [_contract(each, facts.moment) for each in facts.contracts],
        "one": facts.total + contracts == 1,
        "contacts_are_mailed": facts.contacts_are_mailed,
        "trouble": facts.trouble,
    }
    return Mail(
        message_id=message_id,
        sender=sender,
        to=(facts.to,),
        reply_to=None,
        subject=one_line(title),
        text=render(MAIL_TEMPLATES, "reminder_digest.txt.j2", **told),
        html=render(MAIL_TEMPLATES, "reminder_digest.html.j2", **told),
        tags=tags,
    )


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}" if number else ""


def _contract(line: ContractLine, moment: datetime) -> dict[str, object]:
    """The mail of the billing contact has all of it; here stands what is the matter."""
    low = line.kind is NoticeKind.UNITS_LOW
    return {
        "contract_id": line.contract_id,
        "units": f"{line.units_left} of {line.units_granted}" if low else None,
        "over": moment >= line.ends,
        "when": in_words(line.ends),
        "how_far": how_far(line.ends, moment),
        "what": line.what(),
        "link": line.link,
        "trouble": line.trouble,
    }


def _told(line: DigestLine, moment: datetime) -> dict[str, object]:
    utc = line.ends.astimezone(UTC)
    return {
        "name": line.common_name,
        "when": f"{utc.day} {utc:%B %Y}",
        "how_far": how_far(line.ends, moment),
        "ends": _ENDS[line.kind][moment > line.ends],
        "what": line.what(),
        "how": line.how(),
        "link": line.link,
        "order_id": line.order_id,
        "partner_order_id": line.partner_order_id,
        "serial": line.serial_hex,
        "trouble": line.trouble,
    }

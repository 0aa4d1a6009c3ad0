"""The mail that reminds a contact of what ends: which certificate, what to do, by when, where."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from urllib.parse import quote

from partner_center.notifications.calendar import ReminderKind
from partner_center.notifications.mail import Mail, Tags
from partner_center.notifications.one_line import one_line
from partner_center.notifications.render import MAIL_TEMPLATES, in_words, render
from partner_center.orders.deadlines import DeadlineKind


@dataclass(frozen=True, slots=True)
class ReminderFacts:
    """What a contact is told. `moment` is when; the words depend on whether the end has come by then.

    `names` are those of the order, `to_prove` those that must be proven again, all or the first few of `total`.
    `automatic`: the reissue was to make itself, and did not yet. `term_to` is the end of the order's term,
    `renew_from` and `renew_until` when it may be renewed. `bare`: the order runs, and no certificate of it is valid.
    `link` is where the reseller shows the order; without one the reseller is written to.
    """

    contact_name: str
    contact_email: str
    kind: ReminderKind
    action: DeadlineKind
    ends: datetime
    moment: datetime
    names: tuple[str, ...]
    common_name: str
    serial_hex: str | None
    order_id: str
    partner_order_id: str | None
    product_name: str
    brand: str
    reseller_name: str
    support_contact: str
    term_to: datetime
    renew_from: datetime
    renew_until: datetime
    to_prove: tuple[str, ...] = ()
    total: int = 0
    automatic: bool = False
    bare: bool = False
    renewed_by: str | None = None
    link: str | None = None


def reminder_mail(facts: ReminderFacts, sender: str, message_id: str, tags: Tags = ()) -> Mail:
    """The mail for one contact."""
    title = headline(facts)
    told = asdict(facts) | {
        "title": title,
        "news": news(facts),
        "steps": steps(facts),
        "by": _by(facts),
        "button": _link(facts, title),
        "plain_link": facts.link or facts.support_contact,
        "more": max(0, facts.total - len(facts.to_prove)),
    }
    return Mail(
        message_id=message_id,
        sender=sender,
        to=(facts.contact_email,),
        reply_to=facts.support_contact,
        subject=title,
        text=render(MAIL_TEMPLATES, "reminder.txt.j2", **told),
        html=render(MAIL_TEMPLATES, "reminder.html.j2", **told),
        tags=tags,
    )


def headline(facts: ReminderFacts) -> str:
    """What has to be done, in a line; the subject of the mail."""
    name, day = one_line(facts.common_name, 120), _day(facts.ends)
    over = facts.moment > facts.ends
    match facts.kind:
        case ReminderKind.CERTIFICATE_ENDS:
            what = "renew the order" if facts.action is DeadlineKind.RENEWAL else "reissue it, free"
            return f"The certificate for {name} {'ended' if over else 'ends'} on {day}: {what}"
        case ReminderKind.TERM_ENDS if facts.bare:
            return f"No certificate for {name} is valid: reissue it, free, and renew it by {day}"
        case ReminderKind.TERM_ENDS:
            return f"The order for {name} {'ended' if over else 'ends'} on {day}: renew it"
        case ReminderKind.PROOFS_END:
            return f"Reissue {name} by {day}, and nothing has to be proven again"


def news(facts: ReminderFacts) -> str:
    """What ends when, and what follows from it."""
    when = f"{in_words(facts.ends)}, {how_far(facts.ends, facts.moment)}"
    over, name = facts.moment > facts.ends, one_line(facts.common_name, 260)
    match facts.kind:
        case ReminderKind.CERTIFICATE_ENDS if over:
            return f"the certificate for {name} ended on {when}. Where it is still in use, browsers refuse the site."
        case ReminderKind.CERTIFICATE_ENDS:
            return f"the certificate for {name} ends on {when}. After that, browsers refuse the site."
        case ReminderKind.TERM_ENDS if facts.bare:
            return (
                f"no certificate for {name} is valid any more: the last one ended, or was revoked. Where it is still "
                f"in use, browsers refuse the site. The order itself ends on {when}."
            )
        case ReminderKind.TERM_ENDS if over:
            return (
                f"the order for {name} ended on {when}, and its last certificate with it. Where that is still in "
                "use, browsers refuse the site."
            )
        case ReminderKind.TERM_ENDS:
            return (
                f"the order for {name} ends on {when}, and its last certificate with it. After that, browsers "
                "refuse the site."
            )
        case ReminderKind.PROOFS_END:
            return (
                f"until {when}, the certificate for {name} can be reissued without anything being proven again. "
                "Afterwards, control of its names has to be shown once more before the next one is issued."
            )


def steps(facts: ReminderFacts) -> tuple[str, ...]:
    """What to do, step by step."""
    reseller, over = one_line(facts.reseller_name), facts.moment > facts.ends
    install = "Install the new certificate" + ("." if over or facts.bare else " before the old one ends.")
    match facts.action:
        case DeadlineKind.RENEWAL if facts.renewed_by:
            return (
                *_first(facts),
                f"A renewal was ordered already ({facts.renewed_by}), and has no certificate yet.",
                f"Ask {reseller} what it waits for, and see it through.",
            )
        case DeadlineKind.RENEWAL:
            opens = "" if facts.moment >= facts.renew_from else f"from {in_words(facts.renew_from)} on and "
            price = f"A renewal is a new order, at its price, which {reseller} tells, and never ordered by itself."
            rest = "" if over else " What is left of the present term is added to the new one."
            return (
                *_first(facts),
                f"Ask {reseller} to renew the order, {opens}until {in_words(facts.renew_until)}.",
                price + rest,
                install,
            )
        case _ if facts.kind is ReminderKind.PROOFS_END:
            first = f"Make a new key and CSR and send the CSR to {reseller} for a reissue."
        case DeadlineKind.CSR:
            first = (
                f"Make a new key and CSR and send the CSR to {reseller} for a reissue: without it no certificate "
                "follows this one."
            )
        case DeadlineKind.VALIDATION:
            first = (
                f"Have control of the names below proven again when it is asked for: their approvers get a mail, or "
                f"{reseller} tells you what to publish. The next certificate is then made by itself."
            )
        case DeadlineKind.REISSUE if facts.automatic:
            first = (
                f"The next certificate was to be made by itself, and is not there yet. Ask {reseller} why, or make a "
                "new key and CSR and send the CSR for a reissue."
            )
        case DeadlineKind.REISSUE:
            first = f"Make a new key and CSR and send the CSR to {reseller} for a reissue."
    free = f"It costs nothing: the order runs until {in_words(facts.term_to)}."
    return first, free, install


def _first(facts: ReminderFacts) -> tuple[str, ...]:
    """What helps at once where no certificate is valid; a renewal alone would cost, and may not be open yet."""
    if not facts.bare:
        return ()
    reseller = one_line(facts.reseller_name)
    return (
        f"Make a new key and CSR and send the CSR to {reseller} for a reissue, and install that certificate. It "
        f"costs nothing: the order runs until {in_words(facts.term_to)}.",
    )


def how_far(ends: datetime, moment: datetime) -> str:
    """`in 30 days`, `tomorrow`, `today`, `7 days ago`: by the days of UTC."""
    days = (ends.astimezone(UTC).date() - moment.astimezone(UTC).date()).days
    match days:
        case 0:
            return "today"
        case 1:
            return "tomorrow"
        case -1:
            return "yesterday"
    return f"in {days} days" if days > 0 else f"{-days} days ago"


def _by(facts: ReminderFacts) -> str:
    if facts.bare:
        return f"the reissue at once, the renewal by {in_words(facts.ends)}"
    if facts.moment <= facts.ends:
        return in_words(facts.ends)
    return (
        "at once"
        if facts.kind is not ReminderKind.TERM_ENDS
        else f"at once, until {in_words(facts.renew_until)}"
    )


def _link(facts: ReminderFacts, title: str) -> tuple[str, str]:
    """Where to do it, and the words on the button."""
    reseller = one_line(facts.reseller_name, 60)
    if facts.link is not None:
        return facts.link, f"Open the order at {reseller}"
    subject = f"{title} ({facts.partner_order_id or facts.order_id})"
    return (
        f"mailto:{quote(facts.support_contact, safe='@')}?subject={quote(one_line(subject), safe='')}",
        f"Write to {reseller}",
    )


def _day(moment: datetime) -> str:
    utc = moment.astimezone(UTC)
    return f"{utc.day} {utc:%B %Y}"

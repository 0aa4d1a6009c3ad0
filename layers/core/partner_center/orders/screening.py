"""Screening: which orders must a person look at before anything is asked or signed (M66, M67; BR 4.2.1, high risk).

A rule receives the order's facts and returns flags with reasons; `RULES` is all that is asked. Rules only raise
flags: none can release an order, and none can prove anything.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from partner_center.kernel.level import Level
from partner_center.kernel.public_suffix import registrable_domain
from partner_center.orders.content import Contacts, Organization
from partner_center.orders.flags import Flag
from partner_center.orders.lookalike import resembles
from partner_center.orders.order import Order

_TERMS = Path(__file__).with_name("screening_terms.json")


@dataclass(frozen=True, slots=True)
class Facts:
    """What a rule may know of an order. `names` are A-labels, exactly those of the certificate."""

    reseller_id: str
    order_id: str
    product: str
    level: Level
    names: tuple[str, ...]
    contacts: Contacts
    organization: Organization | None


Rule = Callable[[Facts], Iterator[Flag]]


def facts_of(order: Order) -> Facts:
    head, content = order.head, order.content
    return Facts(
        head.reseller_id,
        head.order_id,
        head.product,
        head.level,
        content.names,
        content.contacts,
        content.organization,
    )


def webmail_domains(facts: Facts) -> Iterator[Flag]:
    """Strangers own mailboxes at these domains, some of them the approvers' (incidents of 2008 to 2015)."""
    for name in facts.names:
        domain = registrable_domain(name.removeprefix("*."))
        if domain in terms()["webmail"]:
            yield Flag(
                "webmail_domain",
                name,
                f"{name} lies in {domain}, where anybody may have a mailbox: an approval by e-mail shows nothing.",
            )


def lookalike_names(facts: Facts) -> Iterator[Flag]:
    """Names that bear or resemble a well-known one, the genuine one included: it is rarely ordered here."""
    for name in facts.names:
        known = resembles(name, terms()["well_known"], terms()["ordinary"])
        if known is not None:
            how = "bears" if known in name.replace("-", "") else "looks like"
            yield Flag("lookalike_name", name, f"{name} {how} the well-known name {known}.")


RULES: Sequence[Rule] = (webmail_domains, lookalike_names)


def flags_of(facts: Facts, rules: Sequence[Rule] = RULES) -> tuple[Flag, ...]:
    """Every flag of every rule, each once."""
    return tuple(dict.fromkeys(flag for rule in rules for flag in rule(facts)))


def unreviewed(flags: Sequence[Flag], released: Sequence[Flag]) -> tuple[Flag, ...]:
    """The flags that no reviewer has released on this order before: a changed phone number reopens nothing."""
    known = {(flag.rule, flag.subject) for flag in released}
    return tuple(flag for flag in flags if (flag.rule, flag.subject) not in known)


@cache
def terms() -> Mapping[str, frozenset[str]]:
    """The lists that the rules go by."""
    stored = json.loads(_TERMS.read_text())
    return {name: frozenset(words) for name, words in stored.items()}

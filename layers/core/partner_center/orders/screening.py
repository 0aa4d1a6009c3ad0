"""Screening: the order's facts in, flags with reasons out. A flagged order is looked at before anything else.

The hook is the list of rules; each is a pure function of the facts (M66, M67).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from partner_center.orders.order import Order

WEBMAIL_DOMAINS = frozenset(
    "aol.com fastmail.com gmail.com gmx.de gmx.net googlemail.com hotmail.com icloud.com live.com mail.com "
    "mail.ru msn.com outlook.com pm.me proton.me protonmail.com qq.com web.de yahoo.com yandex.com "
    "yandex.ru zoho.com 163.com 126.com".split()
)


@dataclass(frozen=True, slots=True)
class Flag:
    """One reason to look: the rule that raised it and a sentence for the reviewer."""

    rule: str
    reason: str


Rule = Callable[[Order], Iterator[Flag]]


def public_webmail_domain(order: Order) -> Iterator[Flag]:
    """Anyone can hold a mailbox there, so an approval proves little (incidents of 2008 to 2015)."""
    for name in order.content.names:
        base = name.removeprefix("*.")
        for domain in WEBMAIL_DOMAINS:
            if base == domain or base.endswith("." + domain):
                yield Flag("public_webmail_domain", f"{name} belongs to a public webmail service.")


RULES: Sequence[Rule] = (public_webmail_domain,)


def screen(order: Order, rules: Sequence[Rule] = RULES) -> tuple[Flag, ...]:
    """Every flag that any rule raises, in the order of the rules."""
    return tuple(flag for rule in rules for flag in rule(order))

"""How each name is to be proven: is the method there, does it fit the name, and may this address approve it?"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from partner_center.catalog.products import Product
from partner_center.kernel.errors import Problem
from partner_center.kernel.json_pointer import json_pointer
from partner_center.orders.content import ChosenMethod, Method
from partner_center.orders.requests import DomainControl, MethodChoice
from partner_center.validation.approvers import ApproverSource, allowed_approver
from partner_center.validation.contacts import Approver, approver_for
from partner_center.validation.control_methods import fits

_FOR_ALL = "/domain_control"

CONTACTS_LOOKED_UP = 20
"""Names, for one request, whose published contacts DNS is asked for while the reseller waits."""

Stated = tuple[MethodChoice, str]
"""A choice, and where in the body it stands."""


@dataclass(frozen=True, slots=True)
class MethodRules:
    """What may be chosen: methods that are `available`, no address that declined (`barred`, in lower case).

    `before` are the choices of an order that is amended, `restated` what the amendment says of `domain_control`,
    `contacts` the published approvers by name, as far as they were looked up.
    """

    available: frozenset[Method]
    barred: frozenset[str] = frozenset()
    before: Mapping[str, ChosenMethod] = field(default_factory=dict)
    restated: Mapping[str, Any] = field(default_factory=dict)
    contacts: Mapping[str, Sequence[Approver]] = field(default_factory=dict)

    def is_restated(self, name: str, pointer: str) -> bool:
        """Whether the amendment itself makes the choice at `pointer` for `name`, and does not just leave it."""
        names = self.restated.get("names")
        if isinstance(names, Mapping) and name in names:
            return True
        return pointer == _FOR_ALL and not {"method", "approver_email"}.isdisjoint(self.restated)

    def was_left_out(self, name: str) -> bool:
        """Whether contacts of as many other names were looked up as are for one request, and this one's were not."""
        return len(self.contacts) >= CONTACTS_LOOKED_UP and name not in self.contacts

    def approver(self, name: str, stated: Stated) -> Approver | None:
        """Who of those that may approve `name` was chosen; a constructed address before a published one.

        A contact that was chosen before stays so, whatever DNS says now; but DNS may name two whose spelling differs
        by case alone, and who chooses anew in another spelling than before may mean the other.
        """
        choice, pointer = stated
        if choice.method is not Method.EMAIL or not choice.approver_email:
            return None
        constructed = allowed_approver(choice.approver_email, name)
        if constructed is not None:
            return Approver(constructed, ApproverSource.CONSTRUCTED, constructed.rpartition("@")[2])
        former = approver_for(choice.approver_email, _approver_before(self.before.get(name)))
        if former is not None and not self.is_restated(name, pointer):
            return former
        looked_up = self.contacts.get(name)
        if looked_up is None:
            return former if former and former.address == choice.approver_email else None
        published = [each for each in looked_up if each.source is not ApproverSource.CONSTRUCTED]
        return approver_for(choice.approver_email, [*published, *([former] if former else [])])


def method_problems(
    control: DomainControl | None, names: Sequence[str], product: Product, rules: MethodRules
) -> Iterator[Problem]:
    """Every fault of the choices for `names`; `control` None is the default for all of them."""
    for given in control.names if control and names else ():
        if given not in names and given not in rules.before:
            yield Problem(
                "name_not_in_order",
                "A method is chosen for a name that the order does not have.",
                json_pointer(("domain_control", "names", given)),
                name=given,
            )
    for name in names:
        stated = choice_for(name, control)
        yield from _choice_problems(name, stated, product, rules)
        yield from _barred_problems(name, stated, rules)


def _barred_problems(name: str, stated: Stated, rules: MethodRules) -> Iterator[Problem]:
    """Whoever declined is not asked again; a choice that an amendment of something else leaves may stand."""
    chosen, pointer = chosen_method(name, stated, rules), stated[1]
    address = chosen.approver_email or ""
    if address.lower() in rules.barred and (
        rules.before.get(name) != chosen or rules.is_restated(name, pointer)
    ):
        yield Problem(
            "approver_not_allowed",
            f"{address} declined this order and is not asked again; choose another address or method.",
            f"{pointer}/approver_email",
            name=name,
        )


def choice_for(name: str, control: DomainControl | None) -> Stated:
    """The method chosen for `name` (absent: dns_txt) and where in the body it stands."""
    if control is None:
        return MethodChoice(method=Method.DNS_TXT), _FOR_ALL
    if name in control.names:
        return control.names[name], json_pointer(("domain_control", "names", name))
    return MethodChoice(method=control.method, approver_email=control.approver_email), _FOR_ALL


def _approver_before(chosen: ChosenMethod | None) -> Sequence[Approver]:
    if chosen is None or chosen.approver_email is None or chosen.domain is None:
        return ()
    return (Approver(chosen.approver_email, ApproverSource(chosen.source), chosen.domain),)


def chosen_method(name: str, stated: Stated, rules: MethodRules) -> ChosenMethod:
    """The choice as it is kept: an approver in the spelling that was computed or found, with what it speaks for.

    A choice that the gate refused has no approver here.
    """
    choice, approver = stated[0], rules.approver(name, stated)
    if approver is None:
        return ChosenMethod(method=choice.method)
    if approver.source is ApproverSource.CONSTRUCTED:
        return ChosenMethod(method=choice.method, approver_email=approver.address)
    return ChosenMethod(
        method=choice.method,
        approver_email=approver.address,
        source=approver.source.value,
        domain=approver.authorization_domain,
    )


def _choice_problems(name: str, stated: Stated, product: Product, rules: MethodRules) -> Iterator[Problem]:
    choice, pointer = stated
    offered = rules.available & set(map(Method, product.validation_methods))
    if choice.method not in offered:
        listed = ", ".join(each for each in Method if each in offered) or "none as yet"
        yield Problem(
            "method_not_available", f"This method is not available; choose one of: {listed}.", pointer
        )
    if choice.method is Method.HTTP_FILE and name.startswith("*."):
        yield Problem(
            "method_not_for_wildcard",
            "A file shows control of one name only; choose e-mail or DNS for a wildcard.",
            pointer,
            name=name,
        )
    if not fits(choice.method, name.removeprefix("*.")):
        yield Problem(
            "method_not_available",
            "The name is too long for the label of this method; choose a file or e-mail.",
            pointer,
            name=name,
        )
    if choice.method is not Method.EMAIL:
        return
    if not choice.approver_email:
        yield Problem(
            "approver_required",
            "The e-mail method needs approver_email, one of the addresses that may approve.",
            f"{pointer}/approver_email",
        )
    elif rules.approver(name, stated) is None and rules.was_left_out(name):
        yield Problem(
            "contacts_not_looked_up",
            f"Only the computed addresses of {name} are known: published contacts are looked up for the first "
            f"{CONTACTS_LOOKED_UP} names of a request that need it. Choose another address or method for this one; "
            "once the order is placed its contact may be chosen too (PUT /v1/orders/{id}/domains/{name}/method).",
            f"{pointer}/approver_email",
            name=name,
        )
    elif rules.approver(name, stated) is None:
        yield Problem(
            "approver_not_allowed",
            f"This address may not approve {name}; only admin, administrator, webmaster, hostmaster or "
            "postmaster at the domain itself or at a domain above it may, and contacts published in its DNS (CAA "
            "contactemail, or TXT at _validation-contactemail).",
            f"{pointer}/approver_email",
            name=name,
        )

"""The gate: everything that is wrong with an order, found at once, before anything is stored (M54).

Structure, product, names, CSR, key, contacts, methods, agreement, contract: each part is examined as far as
the others let it, so that one answer names every problem. Validate and place use this one path.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from partner_center.catalog.agreements import acceptance_problems, agreement_for
from partner_center.catalog.pricing import Quote
from partner_center.catalog.products import MAX_NAMES, Product
from partner_center.kernel.dated_rules import rules_on
from partner_center.kernel.errors import Problem
from partner_center.kernel.json_pointer import json_pointer
from partner_center.kernel.level import Level
from partner_center.orders.amendment import amended_body, field_problems
from partner_center.orders.content import (
    AcceptedAgreement,
    Given,
    Lifecycle,
    Method,
    OrderContent,
    Organization,
    PricePart,
    contacts_from,
)
from partner_center.orders.csr import Csr, read_csr
from partner_center.orders.examination import Accepted, Circumstances, Examination
from partner_center.orders.key_gate import BlockedKeys, key_problems
from partner_center.orders.key_material import Screened, screen
from partner_center.orders.methods_gate import (
    CONTACTS_LOOKED_UP,
    MethodRules,
    choice_for,
    chosen_method,
    method_problems,
)
from partner_center.orders.names_gate import NameRules, NamesReading, examine_names
from partner_center.orders.order import Order
from partner_center.orders.purchase_gate import (
    contract_of,
    free_problems,
    price_of,
    purchase_problems,
)
from partner_center.orders.requests import DomainControl, OrderRequest
from partner_center.orders.structure import read_shape


def examine(body: Mapping[str, Any], around: Circumstances) -> Examination:
    """Examine a posted order. Never raises for any JSON object; never quotes key material."""
    screened = screen(body)
    return judged(screened.body, screened, [], around)


def examine_amendment(patch: Mapping[str, Any], around: Circumstances) -> Examination:
    """Examine what `patch` (RFC 7396) makes of `around.amended`, as if it were posted; only
    the units that come on top are asked for.

    Never raises for any JSON object.
    """
    if around.amended is None:
        raise ValueError("an amendment needs the order that is amended")
    screened = screen(patch)
    problems = list(field_problems(screened.body))
    refused = {each.field for each in problems}
    kept = {name: value for name, value in screened.body.items() if json_pointer((name,)) not in refused}
    body, said = amended_body(around.amended, kept), kept.get("domain_control")
    around = replace(around, restated=said if isinstance(said, Mapping) else None)
    return judged(body, screened, problems, around)


def unknown_approvers(examination: Examination) -> tuple[str, ...]:
    """The names whose approver is none of the computed ones: DNS may name it (BR 3.2.2.4.13, .14)."""
    refused = (each.name for each in examination.problems if each.code == "approver_not_allowed")
    return tuple(dict.fromkeys(name for name in refused if name))[:CONTACTS_LOOKED_UP]


def examine_particulars(patch: Mapping[str, Any], order: Order) -> Examination:
    """Examine a patch of what may change at any time: note, life cycle, technical contact. Nothing else is looked at.

    Never raises for any JSON object.
    """
    screened = screen(patch)
    request, problems_of_shape = read_shape(OrderRequest, amended_body(order, screened.body))
    nothing = NamesReading((), None, (), ())
    told = [*screened.problems, *(each for each in problems_of_shape if each.field not in screened.withheld)]
    if told or request is None:
        return Examination(tuple(told), nothing, None, None, screened.exposed)
    content = replace(
        order.content,
        contacts=contacts_from(request.contacts.model_dump()),
        lifecycle=Lifecycle(**request.lifecycle.model_dump()) if request.lifecycle else None,
        note=request.note,
    )
    return Examination((), nothing, None, None, (), content)


def exposed_in(patch: Mapping[str, Any]) -> tuple[str, ...]:
    """The private keys in a patch that is not examined any further, as `Examination.exposed`. Never raises."""
    screened, text = screen(patch), patch.get("csr")
    hidden = read_csr(text).exposed if isinstance(text, str) else ()
    return (*screened.exposed, *hidden)


def judged(
    body: Mapping[str, Any], screened: Screened, problems: list[Problem], around: Circumstances
) -> Examination:
    """What becomes of a whole body, as it was `screened`, beside the `problems` that were found before."""
    request, problems_of_shape = read_shape(OrderRequest, body)
    problems += problems_of_shape
    product = _product(body, around, problems)
    csr, hidden = _csr(body, around.blocked, problems)
    names = _names(body, csr, product, problems)
    term_days = around.amended.head.term_days if around.amended else _term(body, product, problems)
    listed = None if around.amended else price_of(names.names, product, term_days, around)
    contract = contract_of(body, product, listed, around)
    price = price_of(names.names, product, term_days, around, contract)
    if product is not None and not around.is_free:
        problems += purchase_problems(contract, product, names.names, term_days, price, around)
        problems += free_problems(product, term_days, price, around)
    if product is not None:
        problems += _contact_problems(body, product)
        problems += _method_problems(request, body, names.names, product, around)
        if around.amended is None:
            problems += _agreement_problems(body, product)
    told = [*screened.problems, *(each for each in problems if each.field not in screened.withheld)]
    if told or not (request and product and csr and price and contract and term_days):
        exposed = (*screened.exposed, *hidden)
        told = told or [_no_price()]
        return Examination(tuple(dict.fromkeys(told)), names, price, None, exposed)
    content = _content(request, product, csr, names, price, around)
    accepted = Accepted(request, product, content, contract, price, term_days)
    return Examination((), names, price, accepted, (), content)


def _no_price() -> Problem:
    """Why nothing can be had though nothing is wrong with the body: what is free has no contract examined for it."""
    detail = "The order's contract has no price for this; ask your sales representative for one."
    return Problem("price_not_agreed", detail)


def _product(body: Mapping[str, Any], around: Circumstances, problems: list[Problem]) -> Product | None:
    code = body.get("product")
    if not isinstance(code, str):
        return None
    product = around.catalog.product(code.strip())
    if product is None:
        problems.append(
            Problem("unknown_product", "There is no such product; see GET /v1/products.", "/product")
        )
    elif around.amended is None and not product.on_sale:
        problems.append(
            Problem(
                "product_not_available", f"{product.name} is sold no more; see GET /v1/products.", "/product"
            )
        )
    elif product.level not in around.levels:
        problems.append(
            Problem(
                "product_not_available",
                f"{product.name} needs {product.level} validation, which is not offered here yet; choose a "
                "domain-validated product.",
                "/product",
            )
        )
    return product


def _csr(
    body: Mapping[str, Any], blocked: BlockedKeys, problems: list[Problem]
) -> tuple[Csr | None, Sequence[str]]:
    """The CSR as far as it can be read, and the private keys that hide in it (`CsrReading.exposed`)."""
    text = body.get("csr")
    if not isinstance(text, str):
        return None, ()
    reading = read_csr(text)
    problems += reading.problems
    if reading.csr is not None:
        problems += key_problems(reading.csr.spki_der, blocked)
    return reading.csr, reading.exposed


def _names(
    body: Mapping[str, Any], csr: Csr | None, product: Product | None, problems: list[Problem]
) -> NamesReading:
    common_name, additional = body.get("common_name"), body.get("additional_domains")
    listed = enumerate(additional) if isinstance(additional, list) else ()
    texts = {index: name for index, name in listed if isinstance(name, str)}
    reading = examine_names(
        csr.dns_names if csr else (),
        csr.common_name if csr else None,
        common_name if isinstance(common_name, str) else None,
        list(texts.values()),
        _name_rules(product),
    )
    places = {f"/additional_domains/{at}": f"/additional_domains/{index}" for at, index in enumerate(texts)}
    problems += (
        replace(each, field=places.get(each.field or "", each.field))
        for each in reading.problems
        if csr is not None or each.code != "names_missing"  # the CSR that cannot be read may hold them
    )
    return reading


def _name_rules(product: Product | None) -> NameRules:
    """What the product allows; for an unknown product the widest, so that the names' own faults still show."""
    if product is None:
        return NameRules(MAX_NAMES, wildcard_allowed=True, wildcard_required=False, wildcard_san_allowed=True)
    return NameRules(
        max_names=product.max_names,
        wildcard_allowed=product.wildcard.base_may_be_wildcard,
        wildcard_required=product.wildcard.base_may_be_wildcard,
        wildcard_san_allowed=product.wildcard.additional_may_be_wildcards,
    )


def _term(body: Mapping[str, Any], product: Product | None, problems: list[Problem]) -> int | None:
    if product is None or not product.on_sale:
        return None
    days = body.get("term_days")
    if days is None:
        return product.terms_days[0]
    if not isinstance(days, int) or isinstance(days, bool):
        return None
    if days not in product.terms_days:
        terms = ", ".join(map(str, product.terms_days))
        problems.append(
            Problem("term_not_offered", f"{product.name} is sold for {terms} days.", "/term_days")
        )
        return None
    return days


def _contact_problems(body: Mapping[str, Any], product: Product) -> Iterator[Problem]:
    contacts = body.get("contacts")
    if product.level is Level.DV or not isinstance(contacts, Mapping):
        return
    if contacts.get("organization") is None:
        yield Problem(
            "missing_field", f"{product.name} needs a contact at the organization.", "/contacts/organization"
        )
    if body.get("organization") is None:
        yield Problem("missing_field", f"{product.name} needs the organization.", "/organization")


def _method_problems(
    request: OrderRequest | None,
    body: Mapping[str, Any],
    names: Sequence[str],
    product: Product,
    around: Circumstances,
) -> Iterator[Problem]:
    given = body.get("domain_control")
    control = request.domain_control if request else read_shape(DomainControl, given)[0] if given else None
    if given and control is None:
        return  # its shape is already refused
    yield from method_problems(control, names, product, _method_rules(around))


def _method_rules(around: Circumstances) -> MethodRules:
    before = around.amended.content.methods if around.amended else {}
    return MethodRules(_methods_on(around), around.barred, before, around.restated or {}, around.contacts)


def _methods_on(around: Circumstances) -> frozenset[Method]:
    """A method cannot be chosen from the day it ends (BR 3.2.2.4.4 and its like: 2028-03-15)."""
    if rules_on(around.moment).email_methods_allowed:
        return around.methods
    return around.methods - {Method.EMAIL}


def _agreement_problems(body: Mapping[str, Any], product: Product) -> Sequence[Problem]:
    agreement = body.get("agreement")
    return acceptance_problems(agreement if isinstance(agreement, Mapping) else {}, product)


def _content(
    request: OrderRequest,
    product: Product,
    csr: Csr,
    names: NamesReading,
    price: Quote,
    around: Circumstances,
) -> OrderContent:
    rules = _method_rules(around)
    return OrderContent(
        csr_der=csr.der.hex(),
        spki_der=csr.spki_der.hex(),
        spki_sha256=csr.spki_sha256,
        names=names.names,
        common_name=names.names[0],
        given=Given(
            common_name=request.common_name,
            additional_domains=tuple(request.additional_domains),
            domain_control=_given_control(request.domain_control, names.names),
        ),
        contacts=contacts_from(request.contacts.model_dump()),
        organization=Organization(**request.organization.model_dump()) if request.organization else None,
        methods={
            name: chosen_method(name, choice_for(name, request.domain_control), rules) for name in names.names
        },
        agreement=around.amended.content.agreement
        if around.amended
        else AcceptedAgreement(
            version=request.agreement.version,
            sha256=agreement_for(product).sha256,
            accepted_by=request.agreement.accepted_by,
            capacity=request.agreement.capacity,
            accepted_at=around.moment,
            key_id=around.key_id,
        ),
        price=tuple(
            PricePart(
                kind=line.kind,
                quantity=line.quantity,
                unit=f"{line.unit.amount:.2f}",
                amount=f"{line.amount.amount:.2f}",
                units=line.units,
            )
            for line in price.lines
        ),
        free_because=price.free_because,
        lifecycle=Lifecycle(**request.lifecycle.model_dump()) if request.lifecycle else None,
        note=request.note,
    )


def _given_control(control: DomainControl | None, names: Sequence[str]) -> Mapping[str, Any] | None:
    """What was given, as JSON. A choice goes with its name, or the next amendment would trip over it."""
    if control is None:
        return None
    kept = {name: choice for name, choice in control.names.items() if name in names}
    return control.model_copy(update={"names": kept}).model_dump(
        mode="json", exclude_none=True, exclude_defaults=True
    )

"""Which names will the certificate carry, and may they be certified? From CSR and order together.

The answer lists exactly what the certificate will hold, so that the reseller sees it before the order is placed.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from partner_center.kernel.errors import Problem
from partner_center.kernel.names import CanonicalName, NameRefused, canonical_name, shown
from partner_center.orders.private_keys import contains_private_key
from partner_center.orders.public_names import name_problem

_CSR, _COMMON_NAME, _ADDITIONAL = "/csr", "/common_name", "/additional_domains"
_EXAMINED_AT_MOST = 1_000
"""Distinct texts, and names in an order's list, as many as its schema allows; more are refused for their number."""


@dataclass(frozen=True, slots=True)
class NameRules:
    """What the product allows: `wildcard_san_allowed` among additional names, the other two as common name."""

    max_names: int
    wildcard_allowed: bool
    wildcard_required: bool
    wildcard_san_allowed: bool


@dataclass(frozen=True, slots=True)
class NamesReading:
    """The names in the certificate's order, the common name first; acceptable exactly when there are no problems.

    `mapped` shows each internationalised text as given and the A-labels it became. `common_name` is always the
    first of `names`; a certificate leaves its subject empty when that is longer than 64 characters.
    """

    names: tuple[str, ...]
    common_name: str | None
    mapped: tuple[tuple[str, str], ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class _Given:
    """A name as it stands in the request; `field` is where, as a JSON Pointer."""

    text: str
    field: str


def examine_names(
    csr_names: Sequence[str],
    csr_common_name: str | None,
    common_name: str | None,
    additional: Sequence[str],
    rules: NameRules,
) -> NamesReading:
    """Judge all names of a request together (BR 3.2.2.6, 7.1.4.2; M72-M75). Never raises, whatever the texts."""
    at_most = max(_EXAMINED_AT_MOST, rules.max_names)
    if len(additional) > at_most:
        return NamesReading((), None, (), (_too_long(len(additional), rules),))
    order_cn = [_Given(common_name, _COMMON_NAME)] if common_name is not None else []
    csr_cn = [_Given(csr_common_name, _CSR)] if csr_common_name is not None else []
    others = [_Given(text, _CSR) for text in csr_names]
    others += [_Given(text, f"{_ADDITIONAL}/{index}") for index, text in enumerate(additional)]
    given = tuple(dict.fromkeys([*order_cn, *csr_cn, *others]))
    texts = dict.fromkeys(one.text for one in given)
    if len(texts) > at_most:
        return NamesReading((), None, (), (_too_many(len(texts), additional, rules),))

    read = {text: _read(text) for text in texts}
    names = {text: found for text, found in read.items() if isinstance(found, CanonicalName)}
    problems = [
        replace(problem, field=one.field)
        for one in given
        for found in (read[one.text],)
        if not isinstance(found, CanonicalName)
        for problem in found
    ]
    chosen = _common_name(names, order_cn or csr_cn, others, rules)
    ordered = _distinct(
        [chosen] if chosen else [], (names[one.text].name for one in given if one.text in names)
    )
    problems += _agreement_problems(names, order_cn, csr_cn, others)
    problems += _wildcard_problems(names, given, chosen, rules)
    if not given:
        detail = "The request holds no name; give common_name, or a CSR with a common name or DNS names."
        problems.append(Problem("names_missing", detail, _COMMON_NAME))
    if len(ordered) > rules.max_names:
        problems.append(_too_many(len(ordered), additional, rules))
    mapped = tuple((name.mapped_from, name.name) for name in names.values() if name.mapped_from is not None)
    return NamesReading(ordered, chosen, mapped, tuple(dict.fromkeys(problems)))


def _read(text: str) -> CanonicalName | tuple[Problem, ...]:
    if contains_private_key(text):
        detail = (
            "This field holds a private key where a name belongs. It was not stored, but treat the key as "
            "exposed: make a new key."
        )
        return (Problem("private_key_not_accepted", detail),)
    try:
        name = canonical_name(text)
    except NameRefused as refused:
        return refused.problems
    problem = name_problem(name.name)
    return name if problem is None else (replace(problem, name=shown(text)),)


def _common_name(
    names: dict[str, CanonicalName], stated: list[_Given], others: list[_Given], rules: NameRules
) -> str | None:
    """The stated common name; without one the first name that the product allows in its place."""
    if stated:
        found = names.get(stated[0].text)
        return found.name if found else None
    candidates = [names[one.text].name for one in others if one.text in names]
    for name in candidates:
        wildcard = name.startswith("*.")
        if (wildcard and rules.wildcard_allowed) or not (wildcard or rules.wildcard_required):
            return name
    return candidates[0] if candidates else None


def _agreement_problems(
    names: dict[str, CanonicalName], order_cn: list[_Given], csr_cn: list[_Given], others: list[_Given]
) -> Iterator[Problem]:
    """The CSR's common name is one of the order's names: a CSR for something else was pasted otherwise."""
    if not (order_cn and csr_cn) or csr_cn[0].text not in names:
        return
    wanted = names[csr_cn[0].text].name
    if wanted not in {names[one.text].name for one in [*order_cn, *others] if one.text in names}:
        yield Problem(
            "common_name_mismatch",
            f"The CSR's common name {wanted} is none of the order's names: add it to additional_domains, leave "
            "common_name out, or make a CSR for the name that was meant.",
            _CSR,
            name=wanted,
        )


def _wildcard_problems(
    names: dict[str, CanonicalName], given: Sequence[_Given], chosen: str | None, rules: NameRules
) -> Iterator[Problem]:
    if chosen is not None and rules.wildcard_required and not chosen.startswith("*."):
        yield Problem(
            "wildcard_required",
            f"This product is for a wildcard: the common name must be one, such as *.{chosen}.",
            next(one.field for one in given if one.text in names),
            name=chosen,
        )
    for one in given:
        name = names[one.text].name if one.text in names else ""
        if not name.startswith("*."):
            continue
        if name == chosen and not (rules.wildcard_allowed or rules.wildcard_required):
            detail = "This product has no wildcard as common name; name a host, or choose a wildcard product."
        elif name != chosen and not rules.wildcard_san_allowed:
            detail = "This product has no wildcards among the additional names; name the hosts one by one."
        else:
            continue
        yield Problem("wildcard_not_allowed", detail, one.field, name=name)


def _too_many(count: int, additional: Sequence[str], rules: NameRules) -> Problem:
    return Problem(
        "too_many_names",
        f"The certificate would carry {count} names; this product allows {rules.max_names}. Remove some, or place "
        "several orders.",
        _ADDITIONAL if additional else _CSR,
    )


def _too_long(count: int, rules: NameRules) -> Problem:
    return Problem(
        "too_many_names",
        f"The list holds {count} names; this product allows {rules.max_names}. Remove some, or place several orders.",
        _ADDITIONAL,
    )


def _distinct(*groups: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for group in groups for name in group))

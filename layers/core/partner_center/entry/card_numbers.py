"""Card numbers where none may be: found in every field of a request, so that none is stored or logged (PCI DSS).

A card number is 12 digits and a check digit or more, 19 at most, that pass Luhn's check (ISO/IEC 7812), written in
one piece or in groups. So are one in ten of all other numbers of that length. Therefore what a field is for, and how
a number is written, decide how much is needed to call it one.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Any

from partner_center.kernel.errors import Problem, enough_of
from partner_center.kernel.json_pointer import json_pointer

_SHORTEST, _LONGEST = 13, 19
_MOST_GROUPS = 8
"""Of one number, in a text that is full of groups: each further one costs time, and nobody writes so."""
_LONGEST_TELEPHONE = 15
"""Digits (ITU-T E.164)."""

_GROUPS = re.compile(r"(?<![0-9A-Za-z_])[0-9]+(?:[ -]{1,3}[0-9]+)*(?![0-9A-Za-z_])")
_UUID = re.compile(r"\b[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\b")
_IBAN = re.compile(r"\b[A-Z]{2}[0-9]{2}(?: ?[0-9A-Z]{4}){2,7}(?: ?[0-9A-Z]{1,3})?\b")
_PEM = "-----BEGIN "

# How cards are printed: in these groups a number needs no known issuer.
_PRINTED = frozenset({(4, 4, 4, 4), (4, 6, 5), (4, 6, 4), (4, 4, 5), (4, 4, 4, 4, 3), (4, 4, 4, 4, 2)})

# Issuers' first digits and the lengths of their numbers, as far as they are public.
_ISSUERS = (
    (re.compile(r"4"), {13, 16, 19}),
    (re.compile(r"5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720"), {16}),
    (re.compile(r"3[47]"), {15}),
    (re.compile(r"30[0-5]|3[689]"), {14, 16, 19}),
    (re.compile(r"35(?:2[89]|[3-8])"), {16, 17, 18, 19}),
    (re.compile(r"6"), {16, 17, 18, 19}),
    (re.compile(r"50|5[6-8]"), {13, 14, 15, 16, 17, 18, 19}),
    (re.compile(r"220[0-4]|8[12]|9792"), {16, 17, 18, 19}),
)

# Fields for numbers of other kinds: references of the reseller's own, registers, addresses, names.
_REFERENCES = frozenset(
    {
        "approver_email",
        "common_name",
        "contract_id",
        "customer_id",
        "email",
        "invoice_reference",
        "order_id",
        "partner_order_id",
        "postal_code",
        "serial",
        "task_id",
        "version",
    }
)
_REGISTERS = frozenset({"registration_number"})
_TELEPHONES = frozenset({"phone"})
_REQUESTS = frozenset({"csr", "proof"})

_Location = tuple[str | int, ...]


def card_number_problems(body: Any) -> tuple[Problem, ...]:
    """One problem for each place of a JSON value that holds a card number, or more of them than an answer tells.

    No word of a number is repeated.
    """
    return enough_of(map(_problem, _places(body, ())))


def _problem(place: _Location) -> Problem:
    return Problem(
        "card_number_in_field",
        "This looks like the number of a payment card. It was not stored: a card is given on the page that POST "
        "/v1/payment-method opens, and nowhere else.",
        json_pointer(place),
    )


def holds_card_number(text: str, field: str | None = None) -> bool:
    """Whether a text of that field holds a card number."""
    if field in _REQUESTS and _PEM in text:
        return False
    plain = _plain(text)
    if field in _TELEPHONES:
        return _is_no_telephone_number(plain)
    plain = _IBAN.sub("x", _UUID.sub("x", plain))
    return any(
        _is_card_number(groups, field) and not _is_telephone_number(plain[:start], groups)
        for start, groups in _numbers(plain)
    )


def _places(value: Any, location: _Location) -> Iterator[_Location]:
    """Where a number stands; a field's name that is one is named by its object, so that nobody repeats it."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if holds_card_number(name):
                yield location
                continue
            yield from _places(inner, (*location, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _places(inner, (*location, index))
    elif holds_card_number(_written(value), _field(location)):
        yield location


def _written(value: Any) -> str:
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else ""
    return value if isinstance(value, str) else str(value)


def _field(location: _Location) -> str | None:
    """The nearest name: the members of a list belong to the list's."""
    return next((part for part in reversed(location) if isinstance(part, str)), None)


def _plain(text: str) -> str:
    """Digits of all scripts as ASCII, every dash as a hyphen, every blank as one space; as long as before."""
    if text.isascii():
        return text.replace("\t", " ").replace("\n", " ").replace("\r", " ")
    return "".join(map(_plain_letter, text))


def _plain_letter(letter: str) -> str:
    if letter.isdecimal():
        return str(unicodedata.decimal(letter))
    match unicodedata.category(letter):
        case "Pd":
            return "-"
        case "Zs" | "Zl" | "Zp" | "Cc" | "Cf":
            return " "
    return "-" if letter == "\u2212" else letter


def _numbers(plain: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Every run of neighbouring groups of digits that is as long as a card number, and where it begins."""
    for found in _GROUPS.finditer(plain):
        groups = [(part.start() + found.start(), part[0]) for part in re.finditer(r"[0-9]+", found[0])]
        most = _LONGEST if len(groups) <= 2 * _LONGEST else _MOST_GROUPS
        for first in range(len(groups)):
            digits, last = 0, first
            while last < min(len(groups), first + most) and digits + len(groups[last][1]) <= _LONGEST:
                digits += len(groups[last][1])
                last += 1
                if digits >= _SHORTEST:
                    yield groups[first][0], tuple(text for _, text in groups[first:last])


def _is_card_number(groups: tuple[str, ...], field: str | None) -> bool:
    digits = "".join(groups)
    if digits[0] == "0" or len(set(digits)) == 1:
        return False
    printed = len(groups) == 1 or tuple(map(len, groups)) in _PRINTED
    if field in _REGISTERS:  # a French establishment's number has 14 digits and passes the check always
        suspicious = len(digits) != 14 and _has_issuer(digits)
    else:
        suspicious = (printed and field not in _REFERENCES) or _has_issuer(digits)
    return suspicious and _passes_luhn(digits)


def _has_issuer(digits: str) -> bool:
    return any(first.match(digits) and len(digits) in lengths for first, lengths in _ISSUERS)


def _is_telephone_number(before: str, groups: tuple[str, ...]) -> bool:
    """Behind a plus sign stands a telephone number, as long as it is no longer than those are."""
    return before.rstrip().endswith("+") and sum(map(len, groups)) <= _LONGEST_TELEPHONE


def _is_no_telephone_number(plain: str) -> bool:
    digits = re.sub(r"[^0-9]", "", plain)
    if not _SHORTEST <= len(digits) <= _LONGEST or not _passes_luhn(digits):
        return False
    dialled = plain.strip().startswith(("+", "0", "(0"))
    return len(digits) > _LONGEST_TELEPHONE or (not dialled and _has_issuer(digits))


def _passes_luhn(digits: str) -> bool:
    total = 0
    for position, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if position % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0

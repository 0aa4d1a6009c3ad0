"""DNS names in the one form the system compares, stores and issues: lower-case A-labels, perhaps `*.` first.

Only the form is judged here (RFC 5890, RFC 1123, BR 7.1.4.2.1). Whether a public CA may certify the name at all
is the names gate's matter.
"""

import ipaddress
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from partner_center.kernel.errors import ContentRefused, Problem

MAX_NAME = 253
MAX_LABEL = 63

_LETTERS_DIGITS_HYPHENS = re.compile(r"[a-z0-9-]+")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_JOINERS = "\u200c\u200d"  # their place within a label is judged by IDNA's contextual rules
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zs", "Zl", "Zp"})


@dataclass(frozen=True, slots=True)
class CanonicalName:
    """A name, and the text it was mapped from when more than the case of its letters changed (IDNA)."""

    name: str
    mapped_from: str | None = None


class NameRefused(ContentRefused):
    """The text is no DNS name of the form required; `problems` says all that is wrong with it."""

    code = "name_invalid"


def canonical_name(text: str) -> CanonicalName:
    """The canonical form of `text`. Raises NameRefused, whose problems name no field."""
    problem = _not_a_name(text)
    if problem:
        raise NameRefused([_invalid(text, problem)])
    wildcard, rest = ("*.", text[2:]) if text.startswith("*.") else ("", text)
    lowered = rest.lower() if rest.isascii() else _mapped(text, rest)
    problems = tuple(dict.fromkeys(_problems_of(wildcard + lowered, lowered)))
    if problems:
        raise NameRefused(_invalid(text, problem) for problem in problems)
    name = wildcard + lowered
    return CanonicalName(name, None if text.isascii() else text)


def base_name(name: str) -> str:
    """The name without its wildcard label."""
    return name.removeprefix("*.")


def covers(wildcard: str, name: str) -> bool:
    """Whether a certificate for `wildcard` serves `name`: exactly one label in place of the asterisk (RFC 6125)."""
    label, _, parent = name.partition(".")
    return wildcard.startswith("*.") and label != "*" and parent == wildcard[2:]


def is_as_short_as_a_name(text: str) -> bool:
    """Whether it has no more octets than a name: what is longer is none, no beginning of one, and perhaps no key."""
    return len(text.encode()) <= MAX_NAME


def shown(text: str, limit: int = MAX_NAME) -> str:
    """`text` fit for an answer: characters that do not show are escaped, what is too long is cut."""
    cut = text if len(text) <= limit else text[: limit - 3] + "..."
    return "".join(letter if letter.isprintable() else f"\\u{ord(letter):04x}" for letter in cut)


def _invalid(text: str, detail: str) -> Problem:
    return Problem("name_invalid", detail, name=shown(text))


def _not_a_name(text: str) -> str | None:
    """The fault of a text that cannot be taken apart into labels, if it has one."""
    if not text:
        return "The name is empty; give a domain name such as www.example.com."
    # Also keeps what follows from working through a huge text; mapping shortens a name only little.
    if len(text) > 2 * MAX_NAME:
        return f"The name is too long; a domain name has at most {MAX_NAME} characters."
    unseen = next((c for c in text if c not in _JOINERS and unicodedata.category(c) in _UNSEEN), None)
    if unseen is not None:
        return (
            f"The name holds a blank, a control character or an invisible one (U+{ord(unseen):04X}); "
            "give exactly one name, without it."
        )
    if _is_ip_address(text):
        return "IP addresses are not certified; give a domain name."
    return _not_bare(text)


def _is_ip_address(text: str) -> bool:
    try:
        ipaddress.ip_interface(text.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True


def _not_bare(text: str) -> str | None:
    for sign, detail in (
        ("://", "This is a URL; give the domain name alone, without scheme and path."),
        ("@", "This is an e-mail address; give a domain name."),
        ("/", "Give the domain name alone, without a path."),
        (":", "Give the domain name alone, without a port."),
        (",", "Give one name per entry, without commas."),
        (";", "Give one name per entry, without semicolons."),
    ):
        if sign in text:
            return detail
    return None


def _mapped(text: str, rest: str) -> str:
    """U-labels turned into A-labels: UTS #46 mapping (which keeps the sharp s), then IDNA 2008."""
    import idna  # noqa: PLC0415 - most names are ASCII and need no tables

    try:
        labels = idna.uts46_remap(rest, std3_rules=False).split(".")
        return ".".join(label if label.isascii() else idna.alabel(label).decode("ascii") for label in labels)
    except UnicodeError as reason:
        raise NameRefused([_invalid(text, _idna_detail(reason))]) from None


def _idna_detail(reason: UnicodeError) -> str:
    # The library's own sentence repeats the whole text, which may be anything; only the character is named here.
    codepoint = getattr(reason, "codepoint", None)
    if codepoint is None:
        return "This is no valid internationalised name (IDNA 2008); give the name as registered."
    return f"The character U+{codepoint:04X} is not allowed where it stands in the name (IDNA 2008)."


def _problems_of(whole: str, name: str) -> Iterator[str]:
    if whole.endswith("."):
        yield "Remove the dot at the end of the name."
        name = name.removesuffix(".")
    if len(whole.removesuffix(".")) > MAX_NAME:
        yield f"The name is too long; a domain name has at most {MAX_NAME} characters as A-labels."
    labels = name.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        yield "The last label is a number, as in an IP address; give a domain name."
    for label in labels:
        yield from _label_problems(label)


def _label_problems(label: str) -> Iterator[str]:
    if not label:
        yield "The name has an empty label: two dots in a row, a dot at the start, or nothing behind `*.`."
        return
    if "*" in label:
        yield "An asterisk may only be the whole first label, once, as in *.example.com."
    if "_" in label:
        yield "Underscores are not allowed in the names of a certificate; remove or replace them."
    if len(label) > MAX_LABEL:
        yield f"A label of the name is too long; each has at most {MAX_LABEL} characters."
    if label.startswith("-") or label.endswith("-"):
        yield "A label of the name begins or ends with a hyphen; remove it."
    if not _LETTERS_DIGITS_HYPHENS.fullmatch(label.replace("_", "a").replace("*", "a")):
        yield "Only letters, digits, hyphens and dots may stand in a name."
    elif label[2:4] == "--" and not _is_a_label(label):
        yield (
            "A label has hyphens in third and fourth place without being a valid internationalised (xn--) "
            "label; such labels are reserved."
        )


def _is_a_label(label: str) -> bool:
    import idna  # noqa: PLC0415 - as above

    try:
        return idna.alabel(idna.ulabel(label)).decode("ascii") == label
    except UnicodeError:
        return False

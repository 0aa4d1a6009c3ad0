"""May a public CA certify this name? Told by publicsuffixlist and idna, not by the kernel."""

import re
from functools import cache
from pathlib import Path

import idna
from publicsuffixlist import PSLFILE, PublicSuffixList

_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_SPECIAL = re.compile(
    r"(^|\.)(onion|home\.arpa|in-addr\.arpa|ip6\.arpa|(6tisch|eap|eap-noob|ipv4only|resolver|service)\.arpa)$"
)


def name_objection(text: str) -> str | None:
    """Why the name may not be certified, if that is so (BR 3.2.2.6, 7.1.4.2; RFC 1123; IDNA 2008)."""
    name = as_issued(text)
    if name is None or not _is_domain_name(name):
        return "no domain name"
    wildcard, name = name.startswith("*."), name.removeprefix("*.")
    if _SPECIAL.search(name):
        return "a reserved name"
    suffix = _list().publicsuffix(name)
    if suffix is None:
        return "an internal name"
    below = f"probe.{name}"
    if suffix == name or _list().publicsuffix(below) == below:
        return "a public suffix"
    return "a wildcard over public suffixes" if wildcard and name in _above_suffixes() else None


def as_issued(text: str) -> str | None:
    """The name as it would stand in the certificate."""
    rest = text.removeprefix("*.")
    name = _as_a_labels(rest)
    return name if name is None or rest == text else f"*.{name}"


def _is_domain_name(name: str) -> bool:
    labels = name.removeprefix("*.").split(".")
    return len(name) <= 253 and all(map(_is_label, labels)) and not _NUMBER.fullmatch(labels[-1])


def _as_a_labels(text: str) -> str | None:
    if text.isascii():
        return text.lower()
    try:
        return idna.encode(text, uts46=True).decode("ascii") if text[-1:] != "." else None
    except UnicodeError:
        return None


def _is_label(label: str) -> bool:
    if not _LABEL.fullmatch(label):
        return False
    if label[2:4] != "--":
        return True
    try:
        return label.startswith("xn--") and idna.alabel(idna.ulabel(label)) == label.encode()
    except UnicodeError:
        return False


@cache
def _list() -> PublicSuffixList:
    return PublicSuffixList(only_icann=True, accept_unknown=False)


@cache
def _above_suffixes() -> frozenset[str]:
    """The names with a suffix directly below them."""
    section = Path(PSLFILE).read_text(encoding="utf-8").partition("===END ICANN DOMAINS===")[0]
    rules = [line.split()[0] for line in section.splitlines() if line.strip() and line[0] not in "/!"]
    plain = (rule.removeprefix("*.") if rule.startswith("*.") else rule.partition(".")[2] for rule in rules)
    return frozenset(filter(None, (_as_a_labels(rule) for rule in plain)))

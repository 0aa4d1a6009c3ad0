"""The public suffix list, ICANN section only: where a registry ends and a registrant begins.

The list comes with the `publicsuffixlist` package and is read once, at first use. It is parsed here because the
package's own parser takes longer and encodes internationalised rules with the standard library's codec, which
follows IDNA 2003. Names are canonical A-labels without a wildcard label.
"""

import functools
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

_BEGIN = "// ===BEGIN ICANN DOMAINS==="
_END = "// ===END ICANN DOMAINS==="

WARN_AFTER = timedelta(days=45)
"""How old a list is when its operator is told. How old it may be is the deployment's to say (`OldestSuffixList`)."""


@dataclass(frozen=True, slots=True)
class SuffixRules:
    """One parsed list. `parents` are names with a suffix directly below (`*.kobe.jp`, `nes.akershus.no`)."""

    exact: frozenset[str]
    wildcards: frozenset[str]
    exceptions: frozenset[str]
    parents: frozenset[str]
    top_level: frozenset[str]
    version: str | None
    dated: datetime | None


def parse_list(text: str) -> SuffixRules:
    """Read the ICANN section of a list in the format of publicsuffix.org; the rest of the file is ignored."""
    head, _, rest = text.partition(_BEGIN)
    section, _, _ = rest.partition(_END)
    rules = [_a_labels(line) for line in section.split("\n") if line and not line.startswith("//")]
    exact = frozenset(rule for rule in rules if rule[0] not in "*!")
    wildcards = frozenset(rule[2:] for rule in rules if rule[0] == "*")
    version = _header_value(head, "// VERSION:")
    return SuffixRules(
        exact=exact,
        wildcards=wildcards,
        exceptions=frozenset(rule[1:] for rule in rules if rule[0] == "!"),
        parents=wildcards | frozenset(rule.partition(".")[2] for rule in exact if "." in rule),
        top_level=frozenset(rule.rpartition(".")[2] for rule in rules),
        version=version,
        dated=_date_of(version),
    )


def registrable_domain(name: str) -> str | None:
    """The public suffix of `name` and one label more; None for a bare suffix or an unknown top-level domain."""
    rules = _bundled()
    labels = name.split(".")
    if labels[-1] not in rules.top_level:
        return None
    depth = _suffix_depth(labels, rules)
    if len(labels) <= depth:
        return None
    return ".".join(labels[-depth - 1 :])


def is_public_suffix(name: str) -> bool:
    """Whether a registry sells names directly below `name`. A top-level domain always counts as one."""
    rules = _bundled()
    labels = name.split(".")
    return labels[-1] in rules.top_level and len(labels) == _suffix_depth(labels, rules)


def is_above_public_suffix(name: str) -> bool:
    """Whether some direct child of `name` is a public suffix, so that `*.name` would span it (BR 3.2.2.6)."""
    return name in _bundled().parents


def has_known_tld(name: str) -> bool:
    """Whether the last label is a top-level domain of the list."""
    return name.rpartition(".")[2] in _bundled().top_level


def list_version() -> str | None:
    """The list's own VERSION line (`2026-10-22_08-36-41_UTC`), for the record of each check."""
    return _bundled().version


def list_date() -> datetime | None:
    """When the list was made, from its VERSION line."""
    return _bundled().dated


def is_older(dated: datetime | None, limit: timedelta, now: datetime) -> bool:
    """Whether a list of that date is past `limit` at `now`; one without a date is of no known age, and always is."""
    return dated is None or now - dated > limit


@functools.cache
def _bundled() -> SuffixRules:
    import publicsuffixlist  # noqa: PLC0415 - only who meets a name pays for it

    return parse_list(Path(publicsuffixlist.PSLFILE).read_text(encoding="utf-8"))


def _suffix_depth(labels: list[str], rules: SuffixRules) -> int:
    """How many labels the public suffix has: the longest rule, an exception before all, else one label."""
    for start in range(len(labels)):
        candidate = ".".join(labels[start:])
        if candidate in rules.exceptions:
            return len(labels) - start - 1
        parent = ".".join(labels[start + 1 :])
        # The registry of `*.kobe.jp` holds kobe.jp itself too.
        if candidate in rules.exact or candidate in rules.wildcards or parent in rules.wildcards:
            return len(labels) - start
    return 1


def _a_labels(line: str) -> str:
    rule = line.split(maxsplit=1)[0]
    if rule.isascii():
        return rule
    # The list holds valid, normalised U-labels, so bare punycode (RFC 3492) is the whole conversion.
    return ".".join(
        label if label.isascii() else "xn--" + label.encode("punycode").decode("ascii")
        for label in rule.split(".")
    )


def _header_value(head: str, key: str) -> str | None:
    for line in head.splitlines():
        if line.startswith(key):
            return line.removeprefix(key).strip()
    return None


def _date_of(version: str | None) -> datetime | None:
    if version is None:
        return None
    try:
        return datetime.strptime(version, "%Y-%m-%d_%H-%M-%S_UTC").replace(tzinfo=UTC)
    except ValueError:
        return None

"""What is wrong with a certificate, asked before the CA's key signs it: pkilint, and what pkilint misses.

pkilint costs 0.3 s to load as it is, half of it for a language table that only qualified certificates need
and for one public suffix list per validator. Both are spared here, and nothing is loaded before it is used.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cache
from types import ModuleType
from typing import Any

import publicsuffixlist
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from partner_center.issuance.ports import Finding
from partner_center.issuance.profile import POLICY_OF_LEVEL
from partner_center.issuance.to_be_signed import UNREADABLE
from partner_center.issuance.validity import LONGEST_BACKDATING, within_the_limit
from partner_center.kernel.dated_rules import rules_on
from partner_center.kernel.level import Level

_TOLERATED = (
    # BR 7.1.4.3 discourages the common name (NOT RECOMMENDED), but it is what people look for in a certificate.
    # Each level has its own prefix before this.
    ".common_name_attribute_present",
    # BR 6.1.6 permits an odd exponent of 3 or more and recommends a greater one. The gate has judged the key.
    ".rsa_exponent_not_in_recommended_range",
)

_SMALLEST_SERIAL, _SERIAL_LIMIT = 1 << 64, 1 << 159
_KNOWN_EXTENSIONS = frozenset(
    {
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
        ExtensionOID.AUTHORITY_INFORMATION_ACCESS,
        ExtensionOID.CRL_DISTRIBUTION_POINTS,
        ExtensionOID.CERTIFICATE_POLICIES,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
    }
)


def lint(der: bytes, level: Level, signed_at: datetime) -> tuple[Finding, ...]:
    """Everything of weight that speaks against signing `der` at that moment; empty when nothing does.

    `der` is a whole certificate, signed by whichever key: its signature is not looked at.
    """
    try:
        certificate = x509.load_der_x509_certificate(der)
        return (*_own_findings(certificate, level, signed_at), *_pkilint_findings(der, level))
    except UNREADABLE as error:
        return (_refused("unreadable", str(error)),)


def warm_up(*levels: Level) -> None:
    """Load what linting at these levels needs, so that no order waits for it."""
    for level in levels:
        _validator(level)


# ---- own checks


def _own_findings(certificate: x509.Certificate, level: Level, signed_at: datetime) -> Iterator[Finding]:
    yield from _serial_findings(certificate)
    yield from _validity_findings(certificate, signed_at)
    yield from _extension_findings(certificate, level)
    yield from _name_findings(_names(certificate), level)


def _serial_findings(certificate: x509.Certificate) -> Iterator[Finding]:
    if not _SMALLEST_SERIAL <= certificate.serial_number < _SERIAL_LIMIT:
        yield _refused("serial_out_of_range", "a serial lies between 2^64 and 2^159 (BR 7.1)")


def _validity_findings(certificate: x509.Certificate, signed_at: datetime) -> Iterator[Finding]:
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    rules = rules_on(signed_at)
    if not within_the_limit(begins, ends, rules):
        seconds = int((ends - begins).total_seconds()) + 1
        limit = rules.certificate_days * 86400
        yield _refused("validity_too_long", f"{seconds} s, both ends included, where {limit} are allowed")
    if signed_at - begins > LONGEST_BACKDATING:
        yield _refused("backdated", f"notBefore lies {signed_at - begins} before signing")
    if begins - signed_at > timedelta(0):
        yield _refused("postdated", f"notBefore lies {begins - signed_at} after signing")
    if ends <= signed_at:
        yield _refused("already_expired", f"notAfter is {ends:%Y-%m-%dT%H:%M:%SZ}")


def _extension_findings(certificate: x509.Certificate, level: Level) -> Iterator[Finding]:
    extensions = {extension.oid: extension for extension in certificate.extensions}
    for oid in extensions.keys() - _KNOWN_EXTENSIONS:
        yield _refused("unknown_extension", f"{oid.dotted_string} is in no profile")
    names = extensions.get(ExtensionOID.SUBJECT_ALTERNATIVE_NAME)
    empty_subject = not list(certificate.subject)
    if names is not None and names.critical != empty_subject:
        yield _refused(
            "criticality_of_names", "critical exactly when the subject is empty (RFC 5280 4.2.1.6)"
        )
    usages = extensions.get(ExtensionOID.EXTENDED_KEY_USAGE)
    if usages is None or list(usages.value) != [ExtendedKeyUsageOID.SERVER_AUTH]:
        yield _refused("extended_key_usage", "serverAuth and nothing else")
    policies = extensions.get(ExtensionOID.CERTIFICATE_POLICIES)
    found = (
        [policy.policy_identifier.dotted_string for policy in policies.value] if policies is not None else []
    )
    if found != [POLICY_OF_LEVEL[level]]:
        yield _refused("policy", f"exactly {POLICY_OF_LEVEL[level]} (BR 7.1.6.1)")


def _name_findings(names: list[str], level: Level) -> Iterator[Finding]:
    for name in names:
        base = name.removeprefix("*.")
        if _is_public_suffix(base):
            yield _refused("public_suffix", f"{name}: everybody under {base} would be covered (BR 3.2.2.6)")
        if name != base and level is Level.EV:
            yield _refused("wildcard_in_ev", f"{name}: EV knows no wildcard (EVG 7.1.4.2)")
        if "*" in base:
            yield _refused("wildcard_misplaced", f"{name}: a wildcard is the whole left label, once")
    for name in {name for name in names if names.count(name) > 1}:
        yield _refused("repeated_name", f"{name} stands more than once")


def _names(certificate: x509.Certificate) -> list[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return names.get_values_for_type(x509.DNSName)


def _refused(code: str, message: str) -> Finding:
    return Finding("ERROR", f"partner_center.{code}", message)


@cache
def _suffix_lists() -> Callable[..., Any]:
    """Makes public suffix lists, each kind once in a process."""
    return cache(publicsuffixlist.PublicSuffixList)


def _is_public_suffix(name: str) -> bool:
    return bool(_suffix_lists()(only_icann=True).publicsuffix(name) == name)


# ---- pkilint


def _pkilint_findings(der: bytes, level: Level) -> Iterator[Finding]:
    from pkilint.validation import ValidationFindingSeverity  # noqa: PLC0415 - loaded by _validator already

    for result in _validator(level)(der):
        for described in result.finding_descriptions:
            severity, code = described.finding
            if severity <= ValidationFindingSeverity.WARNING and not code.endswith(_TOLERATED):
                yield Finding(severity.name, code, described.message or "")


@cache
def _validator(level: Level) -> Callable[[bytes], list[Any]]:
    """pkilint's checks of a final subscriber certificate of that level, ready to be run."""
    with light_pkilint():
        from pkilint import finding_filter, loader  # noqa: PLC0415 - costs 0.15 s, for who lints only
        from pkilint.cabf import serverauth  # noqa: PLC0415
        from pkilint.cabf.serverauth.serverauth_constants import CertificateType  # noqa: PLC0415
        from pkilint.pkix import certificate  # noqa: PLC0415

        kind = CertificateType[f"{level}_FINAL_CERTIFICATE"]
        container = certificate.create_pkix_certificate_validator_container(
            serverauth.create_decoding_validators(), serverauth.create_validators(kind)
        )
        filters = serverauth.create_serverauth_finding_filters(kind)

    def run(der: bytes) -> list[Any]:
        document = loader.load_certificate(der, "twin")
        kept, _ = finding_filter.filter_results(filters, container.validate(document.root))
        return list(kept)

    return run


@contextmanager
def light_pkilint() -> Iterator[None]:
    """Within it pkilint is imported and its validators are made, for less than half the price."""
    with _light_imports(), _shared_suffix_list():
        yield


@contextmanager
def _light_imports() -> Iterator[None]:
    """Let pkilint import an empty `iso639`: its language table serves qualified certificates only.

    A certificate that did hold such a statement has an unknown extension and is refused for that.
    """
    if "iso639" in sys.modules:
        yield
        return
    sys.modules["iso639"] = ModuleType("iso639")
    try:
        yield
    finally:
        del sys.modules["iso639"]


@contextmanager
def _shared_suffix_list() -> Iterator[None]:
    """Let pkilint's validators share one parsed list; each would read its own 300 kB file otherwise."""
    shared = _suffix_lists()
    module = vars(publicsuffixlist)
    original, module["PublicSuffixList"] = module["PublicSuffixList"], shared
    try:
        yield
    finally:
        module["PublicSuffixList"] = original

"""What is wrong with a CRL, asked before the CA's key signs it: pkilint, and what pkilint misses.

pkilint reads a list entry by entry in Python. Of a long list it is therefore shown a part: every entry is made by the
same code, so those that differ in kind stand for the rest. Our own checks read them all.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from partner_center.issuance.crl import CrlEntry, CrlPlan, crl_to_be_signed, crl_twin
from partner_center.issuance.ports import Finding

READ_WHOLE = 500
"""Up to how many entries pkilint reads them all."""
_SERIAL_LIMIT = 1 << 159


def lint_crl(plan: CrlPlan) -> tuple[Finding, ...]:
    """Everything of weight that speaks against signing the CRL; empty when nothing does."""
    shown = replace(plan, entries=shown_entries(plan.entries))
    twin = crl_twin(crl_to_be_signed(shown), plan.issuer)
    return (*_own_findings(plan), *_pkilint_findings(twin))


def warm_up() -> None:
    """Load what linting needs, so that no revocation waits for it."""
    crl_validator("CRL")


def shown_entries(entries: Sequence[CrlEntry]) -> tuple[CrlEntry, ...]:
    """All of a short list; of a long one the first of each reason, the extremes, and as many others as fit."""
    if len(entries) <= READ_WHOLE:
        return tuple(entries)
    kinds = {entry.reason: entry for entry in reversed(entries)}.values()
    extremes = (
        min(entries, key=lambda each: each.serial),
        max(entries, key=lambda each: each.serial),
        min(entries, key=lambda each: each.revoked_at),
        max(entries, key=lambda each: each.revoked_at),
    )
    step = len(entries) // READ_WHOLE + 1
    return tuple(dict.fromkeys((*kinds, *extremes, *entries[::step])))


def _own_findings(plan: CrlPlan) -> Iterator[Finding]:
    serials = {entry.serial for entry in plan.entries}
    if len(serials) != len(plan.entries):
        yield _refused("repeated_serial", "a certificate stands in a CRL once")
    if any(not 0 < serial < _SERIAL_LIMIT for serial in serials):
        yield _refused("serial_out_of_range", "serials are positive and below 2^159 (RFC 5280 4.1.2.2)")
    if any(entry.revoked_at > plan.this_update for entry in plan.entries):
        yield _refused("revoked_in_the_future", "a revocation lies before thisUpdate")
    issuing = plan.issuer.certificate
    if not issuing.not_valid_before_utc <= plan.this_update <= issuing.not_valid_after_utc:
        yield _refused("issuer_not_valid", "the issuing CA's own certificate is not valid")


def _refused(code: str, message: str) -> Finding:
    return Finding("ERROR", f"partner_center.crl_{code}", message)


def _pkilint_findings(der: bytes) -> Iterator[Finding]:
    from pkilint.validation import ValidationFindingSeverity  # noqa: PLC0415 - loaded by the validator already

    for result in crl_validator("CRL")(der):
        for described in result.finding_descriptions:
            severity, code = described.finding
            if severity <= ValidationFindingSeverity.WARNING:
                yield Finding(severity.name, code, described.message or "")


@cache
def crl_validator(kind_of_list: str) -> Callable[[bytes], list[Any]]:
    """pkilint's checks by the BR profile, ready to be run: `CRL` of subscribers' certificates, `ARL` of CAs'."""
    from pkilint import loader, pkix  # noqa: PLC0415 - costs 0.1 s, for who lints only
    from pkilint.cabf import cabf_crl  # noqa: PLC0415
    from pkilint.pkix import crl, extension, name  # noqa: PLC0415

    kind = crl.CertificateRevocationListType[kind_of_list]
    container = crl.create_pkix_crl_validator_container(
        [
            pkix.create_attribute_decoder(name.ATTRIBUTE_TYPE_MAPPINGS),
            pkix.create_extension_decoder(extension.EXTENSION_MAPPINGS),
        ],
        [
            crl.create_issuer_validator_container([]),
            crl.create_validity_validator_container([cabf_crl.create_validity_period_validator(kind)]),
            crl.create_extensions_validator_container([]),
            cabf_crl.CabfCrlReasonCodeAllowlistValidator(kind),
        ],
    )

    def run(der: bytes) -> list[Any]:
        document = loader.RFC5280CertificateListDocumentLoader().load_document(der, "twin")
        return list(container.validate(document.root))

    return run

"""What is wrong with a CA's certificate or with the root's CRL, asked before the root's key signs it."""

from collections.abc import Callable, Iterator
from enum import StrEnum
from functools import cache
from typing import Any

from partner_center.issuance.crl_lint import crl_validator
from partner_center.issuance.lint import light_pkilint
from partner_center.issuance.ports import Finding


class CaDocument(StrEnum):
    """What a root signs; the certificates under pkilint's names."""

    ROOT = "ROOT_CA"
    ISSUING = "INTERNAL_UNCONSTRAINED_TLS_CA"
    CRL = "ARL"


def lint_ca(der: bytes, kind: CaDocument) -> tuple[Finding, ...]:
    """Every error and warning of pkilint; a whole document, signed by whichever key."""
    return tuple(_findings(der, kind))


def _findings(der: bytes, kind: CaDocument) -> Iterator[Finding]:
    run = _crl_validator() if kind is CaDocument.CRL else _certificate_validator(kind)
    from pkilint.validation import ValidationFindingSeverity  # noqa: PLC0415 - loaded by the validator already

    for result in run(der):
        for described in result.finding_descriptions:
            severity, code = described.finding
            if severity <= ValidationFindingSeverity.WARNING:
                yield Finding(severity.name, code, described.message or "")


@cache
def _certificate_validator(kind: CaDocument) -> Callable[[bytes], list[Any]]:
    with light_pkilint():
        from pkilint import finding_filter, loader  # noqa: PLC0415 - costs 0.15 s, for who lints only
        from pkilint.cabf import serverauth  # noqa: PLC0415
        from pkilint.cabf.serverauth.serverauth_constants import CertificateType  # noqa: PLC0415
        from pkilint.pkix import certificate  # noqa: PLC0415

        wanted = CertificateType[kind]
        container = certificate.create_pkix_certificate_validator_container(
            serverauth.create_decoding_validators(), serverauth.create_validators(wanted)
        )
        filters = serverauth.create_serverauth_finding_filters(wanted)

    def run(der: bytes) -> list[Any]:
        document = loader.load_certificate(der, "twin")
        kept, _ = finding_filter.filter_results(filters, container.validate(document.root))
        return list(kept)

    return run


def _crl_validator() -> Callable[[bytes], list[Any]]:
    with light_pkilint():
        return crl_validator(CaDocument.CRL)

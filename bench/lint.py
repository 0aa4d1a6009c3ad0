"""Every profile through the linter and the key: `python -m bench.lint [--rounds 5]`.

Level x names x kind of key: what pkilint and our own checks hold against the certificate, and how long linting,
building and signing take. Exit status 1 if anything is held against one. The CA's key is on this machine: the round
trip to KMS is not in these times.
"""

import argparse
import secrets
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import product

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from partner_center.issuance.ca_certificates import (
    CaPrivateKey,
    HierarchyRequest,
    der_of,
    issuing_twin,
    root_twin,
    signed,
)
from partner_center.issuance.lint import lint, warm_up
from partner_center.issuance.profile import (
    CertificatePlan,
    ExtendedIdentity,
    IssuingCa,
    OrganizationSubject,
    SignatureAlgorithm,
)
from partner_center.issuance.serials import new_serial
from partner_center.issuance.to_be_signed import build_twin, disagreements
from partner_center.issuance.validity import plan_validity
from partner_center.kernel.dated_rules import rules_on
from partner_center.kernel.level import Level

KEYS = ("RSA 2048", "RSA 3072", "RSA 4096", "P-256", "P-384", "P-521")
COUNTS = (1, 2, 100)
_CURVES = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}
_ORGANIZATION = OrganizationSubject("NL", "Voorbeeld Bloemen B.V.", "Zuid-Holland", "Rotterdam")
_ENTITY = replace(_ORGANIZATION, extended=ExtendedIdentity("Private Organization", "NL", "24123456"))
SUBJECTS = {Level.DV: None, Level.OV: _ORGANIZATION, Level.EV: _ENTITY}


@dataclass(frozen=True, slots=True)
class Row:
    """One profile: findings, and medians in milliseconds."""

    level: Level
    names: int
    key: str
    findings: tuple[str, ...]
    lint: float
    sign: float
    size: int


@cache
def spki(kind: str) -> bytes:
    """A subscriber's public key."""
    family, _, bits = kind.partition(" ")
    key = (
        rsa.generate_private_key(65537, int(bits))
        if family == "RSA"
        else ec.generate_private_key(_CURVES[kind])
    )
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def hierarchy(moment: datetime) -> tuple[IssuingCa, CaPrivateKey]:
    """An issuing CA under a root, and its key."""
    request = HierarchyRequest("bench", "http://pki.example.com")
    root_key, key = ec.generate_private_key(ec.SECP384R1()), ec.generate_private_key(ec.SECP256R1())
    serials = (new_serial(secrets.token_bytes) for _ in range(2))
    root = root_twin(request, root_key.public_key(), next(serials), moment)
    issuing = issuing_twin(request, key.public_key(), root, next(serials), moment)
    der = signed(issuing.tbs_certificate_bytes, root_key, SignatureAlgorithm.ECDSA_SHA384)
    urls = ("http://pki.example.com/bench.crt", "http://pki.example.com/bench.crl")
    algorithm = SignatureAlgorithm.ECDSA_SHA256
    return IssuingCa("bench", der, der_of(root), "key", algorithm, *urls), key


def matrix(rounds: int, moment: datetime) -> Iterator[Row]:
    """Every profile, measured `rounds` times."""
    issuing_ca, key = hierarchy(moment)
    warm_up(*Level)
    not_before, not_after = plan_validity(moment, moment + timedelta(days=3650), rules_on(moment))
    for level, count, kind in product(Level, COUNTS, KEYS):
        plan = CertificatePlan(
            level=level,
            names=("www.example.com", *(f"host-{number}.example.com" for number in range(1, count))),
            common_name="www.example.com",
            subject=SUBJECTS[level],
            spki_der=spki(kind),
            serial=new_serial(secrets.token_bytes),
            not_before=not_before,
            not_after=not_after,
            issuer=issuing_ca,
        )
        yield measured(plan, kind, key, rounds, moment)


def measured(plan: CertificatePlan, kind: str, key: CaPrivateKey, rounds: int, moment: datetime) -> Row:
    twin = build_twin(plan)
    found = [finding.code for finding in lint(twin.twin_der, plan.level, moment)]
    der = signed(twin.tbs_der, key, plan.issuer.signature_algorithm)
    found += [f"differs: {problem}" for problem in disagreements(der, plan)]
    return Row(
        plan.level,
        len(plan.names),
        kind,
        tuple(found),
        _median(lambda: lint(twin.twin_der, plan.level, moment), rounds),
        _median(lambda: _issue(plan, key), rounds),
        len(der),
    )


def _issue(plan: CertificatePlan, key: CaPrivateKey) -> None:
    """Twin, signature, comparison: what issuing takes beside the linter and the store."""
    algorithm = plan.issuer.signature_algorithm
    disagreements(signed(build_twin(plan).tbs_der, key, algorithm), plan)


def _median(run: Callable[[], object], rounds: int) -> float:
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        run()
        times.append(time.perf_counter() - began)
    return statistics.median(times) * 1000


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.lint", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    print("level  names  key        findings  lint ms  sign ms   bytes")
    bad = 0
    for row in matrix(rounds, datetime.now(UTC).replace(microsecond=0)):
        bad += bool(row.findings)
        told = f"{len(row.findings):>8}  {row.lint:7.1f}  {row.sign:7.1f}  {row.size:6}"
        print(f"{row.level:<5}  {row.names:>5}  {row.key:<9}  {told}  {'; '.join(row.findings)}".rstrip())
    print(f"{bad} profiles have findings" if bad else "no profile has a finding")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

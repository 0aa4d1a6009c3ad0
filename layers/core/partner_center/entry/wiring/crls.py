"""Building CRLs, wired: only the function that signs them imports this."""

from functools import cache

from partner_center.adapters.crl_store import CrlStore
from partner_center.adapters.kms_signer import KmsDigestSigner
from partner_center.adapters.private_ca import AcmPrivateCa
from partner_center.adapters.repository import S3Repository
from partner_center.entry.wiring.base import client, clock, database, settings
from partner_center.entry.wiring.issuance import issuance_store
from partner_center.issuance.authority_revocations import TellAuthority
from partner_center.issuance.build_crl import BuildCrl, BuildCrls
from partner_center.issuance.crl_lint import lint_crl
from partner_center.issuance.profile import IssuingCa


@cache
def build_crls() -> BuildCrls:
    repository = S3Repository(client("s3"), settings().repository_bucket)
    crls = CrlStore(database(), settings().tables.issuance)
    build = BuildCrl(crls, repository, KmsDigestSigner(client("kms")), lint_crl, clock())

    def tell_authority(issuer: IssuingCa) -> None:
        TellAuthority(crls, issuance_store(), AcmPrivateCa(client("acm-pca")), clock())(issuer)

    return BuildCrls(issuance_store(), build, repository, clock(), tell_authority)

"""The daily check of certificates, wired: it reads everything, and can neither sign nor write a certificate."""

from functools import cache

from partner_center.adapters.claim_store import ClaimStore
from partner_center.entry.wiring.base import clock, database, ids, settings
from partner_center.entry.wiring.issuance import issuance_store
from partner_center.entry.wiring.objections import check_store
from partner_center.entry.wiring.orders import order_store
from partner_center.entry.wiring.review import screening_store
from partner_center.entry.wiring.validation import challenge_store
from partner_center.issuance.daily_check import CheckCertificates
from partner_center.issuance.lint import lint


@cache
def check_certificates() -> CheckCertificates:
    return CheckCertificates(
        slots=issuance_store(),
        cas=issuance_store(),
        orders=order_store(),
        preflights=ClaimStore(database(), settings().tables),
        proofs=challenge_store(),
        screenings=screening_store(),
        runs=check_store(),
        lint=lint,
        clock=clock(),
        ids=ids(),
    )

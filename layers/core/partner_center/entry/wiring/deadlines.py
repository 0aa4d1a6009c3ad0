"""The clocks of revocation, wired."""

from functools import cache

from partner_center.adapters.crl_store import CrlStore
from partner_center.entry.wiring.base import clock, database, settings
from partner_center.entry.wiring.issuance import issuance_store
from partner_center.entry.wiring.problem_reports import problem_reports
from partner_center.issuance.deadlines import ReadClocks


@cache
def read_clocks() -> ReadClocks:
    publications = CrlStore(database(), settings().tables.issuance)
    return ReadClocks(issuance_store(), publications, problem_reports(), clock())

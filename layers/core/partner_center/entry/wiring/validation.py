"""Domain validation, wired."""

from functools import cache

from partner_center.adapters.challenge_store import ChallengeStore
from partner_center.entry.wiring.base import clock, database, ids, patience, settings
from partner_center.entry.wiring.orders import order_store
from partner_center.validation.approve import Approvals
from partner_center.validation.proof_list import ListProofs


@cache
def challenge_store() -> ChallengeStore:
    return ChallengeStore(database(), settings().tables)


@cache
def list_proofs() -> ListProofs:
    return ListProofs(challenge_store(), clock())


@cache
def approvals() -> Approvals:
    return Approvals(challenge_store(), order_store(), clock(), ids(), patience())

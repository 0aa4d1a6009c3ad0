"""The enrolment gate, wired."""

from collections.abc import Mapping, Sequence
from functools import cache

from partner_center.adapters.supersession_store import SupersessionStore
from partner_center.catalog.products import load_catalog
from partner_center.entry.wiring.base import clock, database, ids, patience, settings
from partner_center.entry.wiring.blocked_keys import blocked_keys
from partner_center.entry.wiring.contracts import contract_store
from partner_center.entry.wiring.everywhere import published_contacts
from partner_center.entry.wiring.exposed_keys import report_exposed
from partner_center.entry.wiring.orders import order_store
from partner_center.entry.wiring.validation import challenge_store
from partner_center.orders.amend import AmendOrder
from partner_center.orders.enrolment_gate import EnrolmentGate
from partner_center.orders.examine import ExamineOrder
from partner_center.orders.place import PlaceOrder
from partner_center.orders.reissue_order import ReissueOrder
from partner_center.orders.succeed import PlaceSuccessor
from partner_center.validation.contacts import Approver


def contacts_of(names: Sequence[str]) -> Mapping[str, Sequence[Approver]]:
    """Who may approve each name, looked up now; the perspectives are wired for those requests alone that ask."""
    return published_contacts().of(names)


@cache
def enrolment_gate() -> EnrolmentGate:
    return EnrolmentGate(contract_store(), load_catalog(), blocked_keys(), report_exposed(), contacts_of)


@cache
def examine_order() -> ExamineOrder:
    return ExamineOrder(order_store(), enrolment_gate())


@cache
def amend_order() -> AmendOrder:
    return AmendOrder(order_store(), challenge_store(), enrolment_gate(), clock(), ids(), patience())


@cache
def reissue_order() -> ReissueOrder:
    supersessions = SupersessionStore(database(), settings().tables)
    return ReissueOrder(
        order_store(), challenge_store(), supersessions, enrolment_gate(), clock(), ids(), patience()
    )


@cache
def place_order() -> PlaceOrder:
    return PlaceOrder(order_store(), examine_order(), clock(), ids())


@cache
def place_successor() -> PlaceSuccessor:
    return PlaceSuccessor(order_store(), examine_order(), clock(), ids(), patience())

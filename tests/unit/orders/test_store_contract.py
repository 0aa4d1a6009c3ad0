"""The stores in memory keep what every order store promises, so the tests that use them prove something."""

import pytest

from tests.fakes.contract_amendments import AmendmentsContract
from tests.fakes.contract_call_guards import CallGuardsContract
from tests.fakes.contract_challenges import ChallengesContract, ClaimsContract, WaitsContract
from tests.fakes.contract_charges import ChargesContract
from tests.fakes.contract_check_times import CheckTimesContract
from tests.fakes.contract_checks import ChecksContract, ProvenDomainsContract
from tests.fakes.contract_contracts import ContractsContract
from tests.fakes.contract_lineages import LineagesContract
from tests.fakes.contract_orders import OrdersContract
from tests.fakes.contract_reissues import ReissuesContract
from tests.fakes.contract_screenings import ScreeningsContract
from tests.fakes.stores import MemoryStores


@pytest.fixture
def stores():
    return MemoryStores()


class TestOrdersInMemory(OrdersContract):
    """Orders, contracts, ledger, search."""


class TestLineagesInMemory(LineagesContract):
    """Renewals and replacements, and the order before them."""


class TestContractsInMemory(ContractsContract):
    """Contracts, statements."""


class TestReissuesInMemory(ReissuesContract):
    """The same of reissues."""


class TestAmendmentsInMemory(AmendmentsContract):
    """Revisions, and the units that move with them."""


class TestScreeningsInMemory(ScreeningsContract):
    """Screenings, decisions, the reviewers' queue."""


class TestChargesInMemory(ChargesContract):
    """Payment attempts, and whose money is to move."""


class TestChallengesInMemory(ChallengesContract):
    """Challenges, links, proofs, messages."""


class TestChecksInMemory(ChecksContract):
    """Published values, attempts, what is due."""


class TestProvenDomainsInMemory(ProvenDomainsContract):
    """The list of proofs."""


class TestWaitsInMemory(WaitsContract):
    """Tokens and releases."""


class TestCheckTimesInMemory(CheckTimesContract):
    """When somebody last had an order's domains looked at."""


class TestCallGuardsInMemory(CallGuardsContract):
    """Keys of requests that leave no head, contract or link."""


class TestClaimsInMemory(ClaimsContract):
    """The point of no return."""

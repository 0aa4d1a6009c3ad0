"""The notices of contracts in memory keep what those in DynamoDB promise."""

import pytest

from tests.fakes.calendar_store import MemoryCalendar
from tests.fakes.contract_contract_notices import NoticesContract
from tests.fakes.contract_notices import MemoryContractNotices
from tests.fakes.stores import MemoryStores


@pytest.fixture
def stores():
    return MemoryStores()


@pytest.fixture
def calendar():
    return MemoryCalendar()


@pytest.fixture
def notices(stores, calendar):
    return MemoryContractNotices(stores.tables, calendar)


class TestNoticesInMemory(NoticesContract):
    """The promises, in memory."""

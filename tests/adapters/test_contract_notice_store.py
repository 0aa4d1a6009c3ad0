"""Notices of contracts in DynamoDB keep every promise."""

import pytest

from partner_center.adapters.calendar_store import CalendarStore
from partner_center.adapters.contract_notice_store import ContractNoticeStore
from tests.fakes.contract_contract_notices import NoticesContract


@pytest.fixture
def calendar(stores):
    return CalendarStore(stores.database, stores.tables.business)


@pytest.fixture
def notices(stores):
    return ContractNoticeStore(stores.database, stores.tables)


class TestNoticesInDynamoDb(NoticesContract):
    """The promises, kept by DynamoDB."""

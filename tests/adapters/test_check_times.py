"""Times of checks in DynamoDB; they go by themselves when nobody can ask too soon any more."""

from tests.fakes.contract_check_times import CheckTimesContract
from tests.fakes.determined import NOW
from tests.fakes.samples import ORDER, US


class TestCheckTimesInDynamoDb(CheckTimesContract):
    """The promises, kept by DynamoDB."""


def test_a_row_ends_by_itself_after_an_hour(stores):
    stores.checks.note(US, [ORDER], "www.example.com", NOW)
    rows = stores.rows(stores.tables.business, f"R#{US}#O#{ORDER}", "CHECK#")
    assert {row["sk"]: row["expires_at"] for row in rows} == {
        "CHECK#all": int(NOW.timestamp()) + 3600,
        "CHECK#www.example.com": int(NOW.timestamp()) + 3600,
    }

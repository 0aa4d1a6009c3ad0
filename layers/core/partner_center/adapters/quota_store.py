"""Counts of requests in DynamoDB, one item a caller and window; DynamoDB takes them away when they are old."""

from botocore.exceptions import ClientError

from partner_center.accounts.quota import NotCounted
from partner_center.adapters import keys
from partner_center.adapters.dynamodb import Database
from partner_center.kernel.errors import TryAgain

_KEPT = 3600  # seconds beyond the window: clocks disagree, and somebody may want to look


class QuotaStore:
    """`RequestCounts` of the accounts context: one write a request."""

    def __init__(self, database: Database, table: str) -> None:
        self._database = database
        self._table = table

    def add(self, policy: str, caller: str, window_end: int) -> int:
        key = keys.request_count(policy, caller, window_end)
        try:
            return self._database.count(self._table, key, "used", {"expires_at": window_end + _KEPT})
        except (TryAgain, ClientError) as error:
            raise NotCounted(f"{type(error).__name__}: {error}") from error

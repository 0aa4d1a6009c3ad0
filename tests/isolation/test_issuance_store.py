"""tests/adapters/test_issuance_store.py on DynamoDB Local."""

from tests.adapters.test_issuance_store import *

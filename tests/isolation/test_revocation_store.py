"""tests/adapters/test_revocation_store.py on DynamoDB Local."""

from tests.adapters.test_revocation_store import *

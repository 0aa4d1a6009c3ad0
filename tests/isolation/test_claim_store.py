"""tests/adapters/test_claim_store.py on DynamoDB Local."""

from tests.adapters.test_claim_store import *

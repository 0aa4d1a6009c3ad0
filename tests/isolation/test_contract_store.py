"""tests/adapters/test_contract_store.py on DynamoDB Local."""

from tests.adapters.test_contract_store import *

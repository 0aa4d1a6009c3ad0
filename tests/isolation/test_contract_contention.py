"""tests/adapters/test_contract_contention.py on DynamoDB Local."""

from tests.adapters.test_contract_contention import *

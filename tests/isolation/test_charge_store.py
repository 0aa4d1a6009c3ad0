"""tests/adapters/test_charge_store.py on DynamoDB Local."""

from tests.adapters.test_charge_store import *

"""tests/adapters/test_wait_store.py on DynamoDB Local."""

from tests.adapters.test_wait_store import *

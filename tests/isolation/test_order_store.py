"""tests/adapters/test_order_store.py on DynamoDB Local."""

from tests.adapters.test_order_store import *

"""tests/adapters/test_screening_store.py on DynamoDB Local."""

from tests.adapters.test_screening_store import *

"""tests/adapters/test_challenge_store.py on DynamoDB Local."""

from tests.adapters.test_challenge_store import *

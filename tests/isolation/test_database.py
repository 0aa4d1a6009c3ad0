"""tests/adapters/test_database.py on DynamoDB Local."""

from tests.adapters.test_database import *

"""tests/adapters/test_caa_report_store.py on DynamoDB Local."""

from tests.adapters.test_caa_report_store import *

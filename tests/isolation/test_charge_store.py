"""tests/adapters/test_charge_store.py on DynamoDB Local."""

from tests.adapters.test_charge_store import *

del test_a_look_for_what_is_due_reads_the_index_alone  # reads moto's meter

"""tests/adapters/test_calendar_store.py on DynamoDB Local."""

from tests.adapters.test_calendar_store import *

del (
    test_what_a_look_at_the_calendar_costs_depends_on_what_is_due_and_not_on_what_there_is
)  # reads moto's meter

"""For all tests: Hypothesis draws the same examples, a slow machine fails nobody, no test keeps a time of its own."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from partner_center.adapters.clock import VIRTUAL_TIME

settings.register_profile(
    "steady",
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("steady")


@pytest.fixture(scope="module", autouse=True)
def _time_is_told_to_nobody_else() -> Iterator[None]:
    """The time of an embedded cloud, left in the environment, would be that of all tests that come after it."""
    yield
    assert os.environ.pop(VIRTUAL_TIME, None) is None

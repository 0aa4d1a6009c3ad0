"""Every way an order can go, once: what functions may do (permitted.py), what queues do with poison (poisoned.py).

One journey for both, since it is the longest of all.
"""

from collections.abc import Iterator, Mapping

import pytest

from local.cloud import EmbeddedCloud
from local.runtime import Zygote
from local.seed import seed
from tests.functions.conftest import TEMPLATE
from tests.functions.journeys import UNHINDERED, resellers
from tests.functions.permitted import *  # noqa: F403 - its tests, collected here
from tests.functions.poisoned import *  # noqa: F403 - its tests, after what is permitted
from tests.functions.poisoned import Listening, bodies
from tests.functions.travels import travel

pytestmark = pytest.mark.cloud


@pytest.fixture(scope="module")
def cloud(zygote: Zygote) -> Iterator[EmbeddedCloud]:
    bodies.clear()
    with Listening(TEMPLATE, UNHINDERED, seed=lambda cloud: seed(cloud)[0], zygote=zygote) as running:
        yield running


@pytest.fixture(scope="module")
def travelled(cloud: EmbeddedCloud) -> Mapping[str, int]:
    """How many calls each function had made before the journey, which is over."""
    cloud.runtime.recycle()  # what a warm worker remembers it does not ask for again
    before = {function: len(calls) for function, calls in cloud.recorded_calls.items()}
    travel(cloud, resellers(cloud)[0])
    assert cloud.failures == []
    return before


@pytest.fixture(autouse=True)
def nothing_given_up() -> None:
    """Here something is: what is poisoned on purpose."""

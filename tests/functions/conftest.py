"""One embedded cloud for all journeys of a module: starting it costs seconds, an order does not.

Not for more: each journey that waits for months would bring the others nearer to the day when a rule changes."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local.cloud import EmbeddedCloud
from local.runtime import Zygote
from local.seed import seed
from tests.functions.journeys import UNHINDERED, Reseller, Reviewer, resellers, staff_key

pytest.register_assert_rewrite("tests.functions.permitted", "tests.functions.poisoned")

TEMPLATE = Path(__file__).parents[2] / "template.yaml"
LONGEST = (
    "test_soak.py",
    "test_travels.py",
    "test_schemathesis.py",
    "test_reconciliation.py",
    "test_revocation.py",
    "test_dates.py",
    "test_reminders.py",
    "test_daily_check.py",
    "test_isolation.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first, so that at the end no worker waits for another's (with --no-loadscope-reorder)."""
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.name, len(places)))


@pytest.fixture(scope="session")
def zygote() -> Iterator[Zygote]:
    """The parent of the workers of all clouds: what functions import is imported once for all of them."""
    lent = Zygote()
    yield lent
    lent.close()


@pytest.fixture(scope="module")
def cloud(zygote: Zygote) -> Iterator[EmbeddedCloud]:
    seeded = EmbeddedCloud(TEMPLATE, UNHINDERED, seed=lambda cloud: seed(cloud)[0], zygote=zygote)
    with seeded as running:
        yield running


@pytest.fixture(scope="module")
def northwind(cloud: EmbeddedCloud) -> Reseller:
    return resellers(cloud)[0]


@pytest.fixture(scope="module")
def contoso(cloud: EmbeddedCloud) -> Reseller:
    return resellers(cloud)[1]


@pytest.fixture(scope="module")
def rosa(cloud: EmbeddedCloud) -> Reviewer:
    return Reviewer(cloud, staff_key(cloud, "review"))


@pytest.fixture(autouse=True)
def nothing_given_up(cloud: EmbeddedCloud) -> Iterator[None]:
    """No test may leave a delivery that the platform gave up on."""
    before = len(cloud.failures)
    yield
    assert cloud.failures[before:] == []


@pytest.fixture
def log(
    cloud: EmbeddedCloud, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[[str], str]:
    """What functions wrote to their logs in this test; waits for a line with the text, since it comes by a pipe."""
    monkeypatch.setattr(cloud, "_quiet", False)
    written = ""

    def read(text: str) -> str:
        nonlocal written
        end = time.monotonic() + 5
        while time.monotonic() < end:
            written += "".join(capfd.readouterr())
            if text in written:
                return written
            time.sleep(0.01)
        raise AssertionError(f"no {text} in {written}")

    return read

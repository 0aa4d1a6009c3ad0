"""The embedded cloud with scripted functions, one for a module; each test begins with good answers."""

from collections.abc import Iterator

import pytest

from tests.statemachines.scripted import GOOD, ScriptedCloud


@pytest.fixture(scope="module")
def running() -> Iterator[ScriptedCloud]:
    with ScriptedCloud() as cloud:
        yield cloud


@pytest.fixture
def cloud(running: ScriptedCloud) -> ScriptedCloud:
    running.scripts.clear()
    running.scripts.update({name: list(answers) for name, answers in GOOD.items()})
    running.calls.clear()
    return running

"""What the machine sends its tasks is on record, since executions that sent it live for up to a year."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.statemachines.scripted import TASKS, Execution, ScriptedCloud, decline, flag, reach, until

pytestmark = pytest.mark.cloud

RECORDED = sorted(
    (Path(__file__).parents[2] / "events/tasks").glob("v*.json"),
    key=lambda path: int(path.stem.removeprefix("v")),
)


def shape(value: Any) -> Any:
    """Names and types, without what stands there."""
    return {name: shape(each) for name, each in value.items()} if isinstance(value, dict) else type(value)


@pytest.mark.parametrize("task", TASKS)
def test_the_newest_record_is_what_the_machine_sends(cloud: ScriptedCloud, task: str) -> None:
    """If this fails: record what is sent now as the next version, and leave the ones before as they are."""
    if task == "AwaitReview":
        flag(cloud)
    if task == "AwaitRelease":
        cloud.scripts["RunPreflight"] = [{"outcome": "held_back", "preflight_id": "p", "seconds": 1000}]
    if task == "AwaitPayment":
        decline(cloud)
    execution = Execution(cloud)
    reach(cloud, execution, task)
    until(lambda: cloud.count(task) >= 1)
    sent = next(event for name, event in cloud.calls if name == task)
    recorded = json.loads(RECORDED[-1].read_text("utf-8"))
    assert shape(sent) == shape(recorded[f"{task}Function"])


def test_every_version_names_the_tasks_of_its_machine() -> None:
    assert [path.name for path in RECORDED] == [f"v{number}.json" for number in range(1, len(RECORDED) + 1)]
    assert json.loads(RECORDED[-1].read_text("utf-8")).keys() == {f"{task}Function" for task in TASKS}

"""What docs/operations.md has an operator do about dead letters when the trouble is over (Queues)."""

import re
from pathlib import Path
from typing import Any

from local.cloud import EmbeddedCloud
from tests.faults.evidence import dead_letters

_MANUAL = (Path(__file__).parents[2] / "docs/operations.md").read_text("utf-8")
_ROW = re.compile(r"^\| (\w+Failures) \| (nowhere: )?([^|]+?) \|", re.MULTILINE)
_REPLAYED = "RelayFailures"
"""Records of a stream stay: they are replayed by hand."""
INSTEAD = {"CrlFailures": ("CrlsToBuild", '{"scheduled": true}')}
"""To which queue the manual has the operator send what before the messages are deleted."""


def destinations() -> dict[str, str | None]:
    """The queue to which the manual moves the messages of each dead-letter queue; None where it moves none."""
    return {name: None if nowhere else queue for name, nowhere, queue in _ROW.findall(_MANUAL)}


def empties_dead_letters(cloud: EmbeddedCloud) -> dict[str, int]:
    """How many messages of each queue were moved to where the manual says, or deleted where nothing is lost.

    What is poison, or meets a fault that is not mended, comes back.
    """
    moved, to = {}, destinations()
    for name, count in dead_letters(cloud).items():
        if not count or name == _REPLAYED:
            continue
        if name in INSTEAD:
            queue, body = INSTEAD[name]
            cloud.client("sqs").send_message(QueueUrl=cloud.resource(queue), MessageBody=body)
        moved[name] = _taken(cloud, name, to[name])
    return moved


def _taken(cloud: EmbeddedCloud, name: str, to: str | None) -> int:
    """StartMessageMoveTask with a destination, which moto does not have; without one the messages are deleted."""
    sqs: Any = cloud.client("sqs")
    queue, taken = cloud.resource(name), 0
    while found := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        for message in found:
            if to is not None:
                sqs.send_message(QueueUrl=cloud.resource(to), MessageBody=message["Body"])
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            taken += 1
    return taken

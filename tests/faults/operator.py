"""What docs/operations.md has an operator do about dead letters when the trouble is over (Queues)."""

from typing import Any

from local.cloud import EmbeddedCloud
from tests.faults.evidence import dead_letters

FOUND_AGAIN = ("CheckFailures",)
"""Of asynchronous calls that nobody has to repeat, since what is due is found again by its time."""


def empties_dead_letters(cloud: EmbeddedCloud) -> dict[str, int]:
    """How many messages of each queue were moved back to where they came from, or deleted where nothing is lost.

    What is poison, or meets a fault that is not mended, comes back. Records of a stream stay: they are replayed.
    """
    moved = {}
    for name, count in dead_letters(cloud).items():
        if not count:
            continue
        sqs, queue = cloud.client("sqs"), cloud.resource(name)
        sources = sqs.list_dead_letter_source_queues(QueueUrl=queue)["queueUrls"]
        if sources or name in FOUND_AGAIN:
            moved[name] = _taken(sqs, queue, sources)
    return moved


def _taken(sqs: Any, queue: str, to: list[str]) -> int:
    """StartMessageMoveTask, which moto does not have: to the first queue that sends its dead letters here."""
    taken = 0
    while found := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        for message in found:
            if to:
                sqs.send_message(QueueUrl=to[0], MessageBody=message["Body"])
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            taken += 1
    return taken

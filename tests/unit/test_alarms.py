"""Alarms of the template: what falls silent is heard, and the manual has an answer to each."""

import re
from datetime import timedelta

import pytest

from partner_center.kernel.patience import WAITS_LONG, pause_of_message
from tests.unit.test_queues import FROM_QUEUES, OPERATIONS, QUEUES, of_type, target

ALARMS = of_type("AWS::CloudWatch::Alarm")


def watching(metric):
    """The alarms on a metric, each with the resource that its first dimension names."""
    for name, alarm in ALARMS.items():
        if alarm["MetricName"] == metric and "Dimensions" in alarm:
            value = alarm["Dimensions"][0]["Value"]
            yield name, alarm, value.get("Ref") or target(value)


def test_the_manual_lists_every_alarm():
    part = OPERATIONS[OPERATIONS.index("\n## Alarms\n") :].partition("\n## ")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in part.splitlines() if line.startswith("| `")]
    listed = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    assert sorted(listed) == sorted(ALARMS)


A_DUTY = timedelta(hours=24)
"""The shortest time the law leaves for what a message may be about (BR 4.9.1.1)."""
COUNTED_TRIES = 3
"""What was given out so often is left out of a queue's age (AWS: "Available CloudWatch metrics for Amazon SQS")."""


@pytest.mark.parametrize("queue", sorted(FROM_QUEUES))
def test_a_queue_that_nobody_reads_is_told_long_before_its_messages_are_due_or_deleted(queue):
    """Its function cannot tell: it is not called."""
    ages = watching("ApproximateAgeOfOldestMessage")
    ((_, alarm, _),) = [each for each in ages if each[2] == queue]
    age = timedelta(seconds=alarm["Threshold"])
    assert (alarm["Statistic"], alarm["ComparisonOperator"]) == ("Maximum", "GreaterThanOrEqualToThreshold")
    assert alarm["TreatMissingData"] == "ignore", "a queue that is left alone has no metric after six hours"
    assert age <= A_DUTY / 6
    assert age <= timedelta(seconds=QUEUES[queue]["MessageRetentionPeriod"]) / 24
    visibility = timedelta(seconds=QUEUES[queue]["VisibilityTimeout"])
    delay = timedelta(seconds=QUEUES[queue].get("DelaySeconds", 0))
    assert age > delay + COUNTED_TRIES * visibility
    heard = (pause_of_message(each, outage=True) for each in range(1, WAITS_LONG))
    assert age > sum(heard, delay), "whoever tries on through an outage is told of by MessagesWait"

"""Alarms of the template: what falls silent is heard, and the manual has an answer to each."""

import re
from datetime import timedelta
from itertools import pairwise

import pytest

from local.schedules import Schedule, next_due
from partner_center.kernel.patience import WAITS_LONG, pause_of_message
from partner_center.orders.order import FIRST_LOOK, PATIENCE
from partner_center.orders.reconcile import Execution, ExecutionStatus, PendingFacts, Repair, of_pending
from tests.fakes.samples import a_head
from tests.unit.test_queues import FROM_QUEUES, FUNCTIONS, OPERATIONS, QUEUES, ROOT, of_type, sources, target

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


SCHEDULES = {name: schedule["ScheduleExpression"] for name, schedule in sources("ScheduleV2")}
SHORTEST_WINDOW = timedelta(minutes=30)
"""Metrics come minutes late, and a schedule may be a minute off its time."""
BY_LINE = {
    "CheckCertificatesFunction": "certificates were checked",
    "ReconcileOrdersFunction": "orders were reconciled",
    "RevokeSupersededFunction": "what was superseded was looked for",
    "SettlePaymentsFunction": "due money was looked for",
}
"""What a run logs when it has ended. Elsewhere a call tells of a run."""
CODE = [
    path.read_text("utf-8")
    for folder in ("functions", "layers/core")
    for path in (ROOT / folder).rglob("*.py")
]


@pytest.mark.parametrize("line", sorted(BY_LINE.values()))
def test_the_line_of_a_run_is_logged_by_one_who_runs(line):
    assert sum(len(re.findall(rf'logger\.info\(\s*"{line}"', code)) for code in CODE) == 1


@pytest.mark.parametrize(
    "line",
    sorted(
        line
        for each in of_type("AWS::Logs::MetricFilter").values()
        for line in re.findall(r'\$\.message = "([^"]+)"', str(each["FilterPattern"]))
    ),
)
def test_what_an_alarm_counts_is_a_line_that_is_logged(line):
    assert any(f'"{line}"' in code for code in CODE)


FAILS_THE_RUN = {"a card was not forgotten"}
"""Told by an error of the function, at the end of its run."""


def test_whatever_a_schedule_puts_off_is_counted():
    """`by_itself` swallows it, so that neither an error of the function nor its silence tells of it."""
    told = " ".join(str(each["FilterPattern"]) for each in of_type("AWS::Logs::MetricFilter").values())
    lines = {line for code in CODE for line in re.findall(r'by_itself\(\s*\w+(?:\.\w+)?,\s*"([^"]+)"', code)}
    assert len(lines) >= 5
    assert {line for line in lines if f'"{line}"' not in told} == FAILS_THE_RUN


def test_every_schedule_is_a_function_of_its_own_or_fills_a_queue_whose_work_is_dated():
    """CrlIsOld tells by the age of the CRLs themselves that CrlSchedule had none made."""
    rules = of_type("AWS::Events::Rule").items()
    assert [name for name, rule in rules if "ScheduleExpression" in rule] == ["CrlSchedule"]
    assert len(SCHEDULES) == len(sources("ScheduleV2"))
    assert sources("Schedule") == []


def silence_of(function):
    """The alarm that rings when the schedule of a function does not have it run."""
    if function in BY_LINE:
        pattern = f'{{ $.message = "{BY_LINE[function]}" }}'
        filters = of_type("AWS::Logs::MetricFilter").values()
        (lines,) = [each for each in filters if each["FilterPattern"] == pattern]
        (told,) = lines["MetricTransformations"]
        (alarm,) = [each for each in ALARMS.values() if each["MetricName"] == told["MetricName"]]
        return alarm
    assert len(FUNCTIONS[function]["Events"]) == 1, "whatever else calls it hides that its schedule does not"
    ((_, alarm, _),) = [each for each in watching("Invocations") if each[2] == function]
    return alarm


@pytest.mark.parametrize("function", sorted(SCHEDULES))
def test_a_schedule_that_does_not_run_is_told(function):
    alarm = silence_of(function)
    assert (alarm["Statistic"], alarm["ComparisonOperator"]) == ("Sum", "LessThanThreshold")
    assert (alarm["Threshold"], alarm["TreatMissingData"]) == (1, "breaching")
    window = timedelta(seconds=alarm["Period"] * alarm["EvaluationPeriods"])
    distance = longest_distance(SCHEDULES[function])
    assert window >= max(1.5 * distance, SHORTEST_WINDOW), "a good schedule rings no alarm"
    assert window <= max(4 * distance, timedelta(hours=1)), "and one that stands still rings it soon"
    assert window <= timedelta(days=7 if alarm["Period"] >= 3600 else 1), "CloudWatch takes no more"


def longest_distance(expression):
    """Between two runs, in the next three days."""
    schedule, moments = Schedule("", expression, {}, "aws.scheduler"), [0.0]
    while moments[-1] < 3 * 86_400:
        moments.append(next_due(schedule, moments[-1]))
    return timedelta(seconds=max(later - earlier for earlier, later in pairwise(moments[1:])))


def test_a_stream_that_is_not_read_is_told_by_the_orders_that_do_not_begin():
    """The age of its records is measured by who reads them."""
    (lines,) = [
        each
        for each in of_type("AWS::Logs::MetricFilter").values()
        if each["MetricTransformations"][0]["MetricName"] == ALARMS["OrdersDoNotBegin"]["MetricName"]
    ]
    head, never_began = a_head(), Execution(ExecutionStatus.MISSING)
    facts = PendingFacts(head, never_began, None, True, {}, {}, head.placed_at + PATIENCE)
    verdict = of_pending(facts, head.placed_at + FIRST_LOOK)
    assert verdict.repair is Repair.RESTART
    expected = f'{{ ($.message = "an order was repaired") && ($.why = "{verdict.why}") }}'
    assert lines["FilterPattern"] == expected


def test_throttling_is_told_whichever_function_meets_it():
    """They share what the account has: whoever takes it all is not who is refused."""
    (alarm,) = [each for each in ALARMS.values() if each["MetricName"] == "Throttles"]
    assert (alarm["Namespace"], alarm.get("Dimensions")) == ("AWS/Lambda", None)
    assert (alarm["Statistic"], alarm["Threshold"]) == ("Sum", 1)

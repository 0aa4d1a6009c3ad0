"""Every queue and every stream of the template: partial failures, limits, dead letters with an alarm, a way back."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from local.template import described
from partner_center.kernel.patience import AFTER_TROUBLE, pause_of_message
from tests.faults import operator

ROOT = Path(__file__).parents[2]
TEMPLATE = described(ROOT / "template.yaml")
RESOURCES = TEMPLATE["Resources"]
DEFAULT_TIMEOUT = TEMPLATE["Globals"]["Function"]["Timeout"]
OPERATIONS = (ROOT / "docs/operations.md").read_text("utf-8")
FOURTEEN_DAYS = 14 * 86_400


def of_type(kind):
    return {name: each["Properties"] for name, each in RESOURCES.items() if each["Type"] == kind}


QUEUES, FUNCTIONS = of_type("AWS::SQS::Queue"), of_type("AWS::Serverless::Function")


def target(reference):
    """The logical id in `!GetAtt X.Arn`."""
    return reference["Fn::GetAtt"][0]


def sources(kind):
    """Function, and the properties of each of its event sources of that kind."""
    return [
        (name, each["Properties"])
        for name, function in FUNCTIONS.items()
        for each in function.get("Events", {}).values()
        if each["Type"] == kind
    ]


FROM_QUEUES = {target(each["Queue"]): (function, each) for function, each in sources("SQS")}
DEAD_LETTERS = {
    name: target(each["RedrivePolicy"]["deadLetterTargetArn"])
    for name, each in QUEUES.items()
    if "RedrivePolicy" in each
}


def destinations():
    """Where streams and asynchronous calls leave what they give up."""
    for _, each in sources("DynamoDB"):
        yield target(each["DestinationConfig"]["OnFailure"]["Destination"])
    for function in FUNCTIONS.values():
        if "EventInvokeConfig" in function:
            yield target(function["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]["Destination"])


def test_every_queue_is_read_by_a_function_or_holds_what_was_given_up():
    read, given_up = set(FROM_QUEUES), {*DEAD_LETTERS.values(), *destinations()}
    assert read & given_up == set()
    assert read | given_up == set(QUEUES)


A_DAY_AS_THE_STREAM = timedelta(seconds=82_800)
MOST_POSTPONED = 10
"""Entries of one call of ChangeMessageVisibilityBatch."""
POSTPONE = ["sqs:GetQueueUrl", "sqs:ChangeMessageVisibility"]
WITHOUT_SQS = "CrlsToBuild"
"""Its function works in subnets from which SQS cannot be reached: its own time-out does what pauses do elsewhere."""


@pytest.mark.parametrize("queue", sorted(FROM_QUEUES))
def test_an_outage_is_waited_for_as_long_as_the_stream_waits(queue):
    function, source = FROM_QUEUES[queue]
    statements = [each for policy in FUNCTIONS[function]["Policies"] for each in policy["Statement"]]
    allowed = [each["Resource"] for each in statements if each.get("Action") == POSTPONE]
    if queue == WITHOUT_SQS:
        assert (allowed, "VpcConfig" in FUNCTIONS[function]) == ([], True)
        limits = QUEUES[queue]
        tried = limits["RedrivePolicy"]["maxReceiveCount"] * timedelta(seconds=limits["VisibilityTimeout"])
        assert tried >= A_DAY_AS_THE_STREAM
        return
    assert allowed == [[{"Fn::GetAtt": [queue, "Arn"]}]]
    tries = QUEUES[queue]["RedrivePolicy"]["maxReceiveCount"]
    waited = sum((pause_of_message(each, outage=True) for each in range(1, tries)), timedelta())
    assert A_DAY_AS_THE_STREAM <= waited < timedelta(seconds=QUEUES[queue]["MessageRetentionPeriod"])
    assert source["BatchSize"] <= MOST_POSTPONED


@pytest.mark.parametrize("queue", sorted(FROM_QUEUES))
def test_a_queue_fails_one_message_at_a_time_and_sets_aside_what_failed_too_often(queue):
    function, source = FROM_QUEUES[queue]
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert QUEUES[queue]["RedrivePolicy"]["maxReceiveCount"] >= 5
    timeout = FUNCTIONS[function].get("Timeout", DEFAULT_TIMEOUT)
    window = source.get("MaximumBatchingWindowInSeconds", 0)
    assert QUEUES[queue]["VisibilityTimeout"] >= 6 * timeout + window
    days_of_trying = QUEUES[queue]["VisibilityTimeout"] * QUEUES[queue]["RedrivePolicy"]["maxReceiveCount"]
    assert QUEUES[queue]["MessageRetentionPeriod"] > days_of_trying


def test_a_stream_fails_one_record_at_a_time_and_tries_it_as_long_as_the_stream_keeps_it():
    """An outage may take hours; poison is set aside by the function, in the queue that also takes what is too old."""
    found = sources("DynamoDB")
    assert found
    for name, source in found:
        assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert source["BisectBatchOnFunctionError"]
        assert (source["MaximumRetryAttempts"], source["MaximumRecordAgeInSeconds"]) == (-1, 82_800)
        queue = target(source["DestinationConfig"]["OnFailure"]["Destination"])
        assert FUNCTIONS[name]["Environment"]["Variables"]["RELAY_FAILURES"] == {"Ref": queue}
        (policy,) = FUNCTIONS[name]["Policies"]
        sends = [each for each in policy["Statement"] if each["Action"] == ["sqs:SendMessage"]]
        assert [each["Resource"] for each in sends] == [[{"Fn::GetAtt": [queue, "Arn"]}]]


@pytest.mark.parametrize("queue", sorted({*DEAD_LETTERS.values(), *destinations()}))
def test_dead_letters_are_kept_for_two_weeks_ring_an_alarm_and_are_written_about(queue):
    assert QUEUES[queue]["MessageRetentionPeriod"] == FOURTEEN_DAYS
    watched = [
        each
        for each in of_type("AWS::CloudWatch::Alarm").values()
        if each["MetricName"] == "ApproximateNumberOfMessagesVisible"
        and target(each["Dimensions"][0]["Value"]) == queue
    ]
    assert len(watched) == 1
    assert (watched[0]["Threshold"], watched[0]["Statistic"]) == (1, "Maximum")
    assert re.search(rf"\b{queue}\b", OPERATIONS)


def test_a_rule_leaves_what_it_cannot_deliver_where_the_queue_leaves_what_it_gives_up():
    for name, rule in of_type("AWS::Events::Rule").items():
        for each in rule["Targets"]:
            queue = target(each["Arn"])
            if queue in QUEUES:
                assert target(each["DeadLetterConfig"]["Arn"]) == DEAD_LETTERS[queue], name


COMMANDS = [
    each.replace("\\\n", " ")
    for block in re.findall(r"```sh\n(.*?)```", OPERATIONS, re.DOTALL)
    for each in re.findall(r"^ *(aws (?:[^\n]|(?<=\\)\n)*)", block, re.MULTILINE)
]
"""The commands of the manual, each in one line."""


def test_the_manual_says_of_each_dead_letter_queue_where_its_messages_go():
    assert operator.destinations().keys() == {*DEAD_LETTERS.values(), *destinations()}


@pytest.mark.parametrize("queue", sorted(FROM_QUEUES))
def test_messages_are_moved_to_the_queue_whose_function_reads_their_form(queue):
    """A rule puts the event itself aside, and perhaps not what it would have made of it for its target."""
    targets = [
        each
        for rule in of_type("AWS::Events::Rule").values()
        for each in rule["Targets"]
        if target(each["Arn"]) == queue
    ]
    is_made_over = any({"Input", "InputPath", "InputTransformer"} & each.keys() for each in targets)
    assert operator.destinations()[DEAD_LETTERS[queue]] == (None if is_made_over else queue)


def test_every_move_names_its_destination_and_is_looked_after():
    """Without a destination SQS cannot tell where to move what a rule put aside, and says so only afterwards."""
    moves = [each for each in COMMANDS if "start-message-move-task" in each]
    assert moves
    for each in moves:
        source, to = re.findall(r'--(?:source|destination)-arn "\$\(arn (\w+)\)"', each)
        assert operator.destinations()[source] == to
        assert f'aws sqs list-message-move-tasks --source-arn "$(arn {source})" --max-results 1' in COMMANDS


def test_the_manual_looks_into_dead_letters_only():
    """Where a function reads, a look is a try (`maxReceiveCount`)."""
    looks = [each for each in COMMANDS if "receive-message" in each]
    assert looks
    for each in looks:
        (queue,) = re.findall(r'--queue-url "\$\(id (\w+)\)"', each)
        assert queue not in FROM_QUEUES


def test_the_message_that_has_every_crl_made_is_the_one_that_the_schedule_sends():
    (sent,) = [each for each in COMMANDS if '"$(id CrlsToBuild)"' in each]
    (scheduled,) = [each["Input"] for each in RESOURCES["CrlSchedule"]["Properties"]["Targets"]]
    assert f"'{scheduled}'" in sent
    assert operator.INSTEAD["CrlFailures"] == ("CrlsToBuild", scheduled)


def test_the_machine_keeps_its_name_and_outlives_the_stack():
    """Executions wait for weeks; another logical id, name or type would be another machine (docs/architecture.md)."""
    machine = RESOURCES["FulfilOrder"]
    assert machine["Type"] == "AWS::Serverless::StateMachine"
    assert (machine["DeletionPolicy"], machine["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")
    assert machine["Properties"]["Name"] == {"Fn::Sub": "${AWS::StackName}-fulfil-order"}
    assert machine["Properties"]["Type"] == "STANDARD"


HOURLY = 3600
TROUBLE = ("UnbegunReissues", "UnrevokedSuperseded")
"""Metrics of lines that come once in each try of what is put off after trouble."""


@pytest.mark.parametrize("metric", TROUBLE)
def test_an_alarm_hears_of_trouble_that_is_put_off(metric):
    """Between two tries lie the pause and the schedule's distance; each period must hold one."""
    (alarm,) = [each for each in of_type("AWS::CloudWatch::Alarm").values() if each["MetricName"] == metric]
    assert alarm["Period"] >= AFTER_TROUBLE.total_seconds() + HOURLY
    assert alarm["EvaluationPeriods"] == 2


def test_whoever_waits_long_behind_a_queue_is_told():
    (lines,) = [
        each
        for each in of_type("AWS::Logs::MetricFilter").values()
        if "a message waits" in each["FilterPattern"]
    ]
    (told,) = lines["MetricTransformations"]
    (alarm,) = [
        each
        for each in of_type("AWS::CloudWatch::Alarm").values()
        if each["MetricName"] == told["MetricName"]
    ]
    assert (alarm["Threshold"], alarm["Statistic"]) == (1, "Sum")
    assert re.search(r"\bMessagesWait\b", OPERATIONS)

"""The fixture application runs: everything that reaches a function without a caller waiting, and the clock."""

import json
from datetime import datetime
from pathlib import Path

import pytest
import urllib3

from local.cloud import EmbeddedCloud, FunctionFailed
from local.deliveries import Recurring
from local.schedules import Schedule
from local.sources import pause_after

TEMPLATE = Path(__file__).parent / "fixture_app/template.yaml"
pytestmark = pytest.mark.cloud
DAY = 86400


@pytest.fixture(scope="module")
def cloud():
    with EmbeddedCloud(TEMPLATE) as running:
        yield running


@pytest.fixture(scope="module")
def table(cloud):
    return cloud.resource("Notes")


def put(cloud, key, **attributes):
    item = {"pk": {"S": key}} | {name: {"S": value} for name, value in attributes.items()}
    cloud.client("dynamodb").put_item(TableName=cloud.resource("Notes"), Item=item)


def noted(cloud, key):
    """How often a function noted this key."""
    item = (
        cloud.client("dynamodb")
        .get_item(TableName=cloud.resource("Notes"), Key={"pk": {"S": key}})
        .get("Item", {})
    )
    return int(item.get("noted", {"N": "0"})["N"])


def job(cloud, name, **more):
    body = json.dumps({"job": name, **more})
    cloud.client("sqs").send_message(QueueUrl=cloud.resource("Jobs"), MessageBody=body)


def taken_from(cloud, queue):
    """Everything in a queue, which is empty afterwards."""
    sqs, url, found = cloud.client("sqs"), cloud.resource(queue), []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            found.append(json.loads(message["Body"]))
    return found


def publish(cloud, kind, detail, source="elsewhere"):
    entry = {
        "EventBusName": cloud.resource("Bus"),
        "Source": source,
        "DetailType": kind,
        "Detail": json.dumps(detail),
    }
    assert cloud.client("events").put_events(Entries=[entry])["FailedEntryCount"] == 0


def start(cloud, name):
    machine = cloud.resource("Approval")
    request = json.dumps({"name": name})
    cloud.client("stepfunctions").start_execution(stateMachineArn=machine, name=name, input=request)
    assert cloud.settle()


def execution(cloud, name):
    return next(each for each in cloud.executions() if each["name"] == name)


def answer(cloud, name):
    key = {"pk": {"S": f"TOKEN#{name}"}}
    item = cloud.client("dynamodb").get_item(TableName=cloud.resource("Notes"), Key=key)["Item"]
    cloud.client("stepfunctions").send_task_success(taskToken=item["token"]["S"], output="{}")


# --- the stack


def test_the_stack_tells_physical_names_attributes_and_outputs(cloud, table):
    assert cloud.output("Table") == table == "local-Notes"
    assert cloud.output("Url") == f"{cloud.url}/echo"
    assert cloud.attribute("Jobs", "Arn").endswith(":local-Jobs")
    assert cloud.client("ssm").get_parameter(Name="/fixture/greeting")["Parameter"]["Value"] == "hello"
    assert (
        cloud.client("kms").describe_key(KeyId="alias/fixture")["KeyMetadata"]["KeySpec"] == "ECC_NIST_P256"
    )


def test_a_function_is_invoked_by_either_name_and_its_error_is_raised(cloud):
    for name in ("Nightly", "local-Nightly", cloud.attribute("Nightly", "Arn")):
        assert cloud.invoke(name, {"job": "by name"}) == {"job": "by name"}
    with pytest.raises(FunctionFailed, match="ValueError"):
        cloud.invoke("Nightly", {"job": "failing", "trouble": "always"})


def test_the_api_answers_and_the_calls_of_its_function_are_recorded(cloud):
    event = urllib3.request("GET", f"{cloud.url}/echo/fixed?note=by-http").json()
    assert event["routeKey"] == "GET /echo/fixed"
    assert noted(cloud, "by-http") == 1
    assert {"service": "dynamodb", "operation": "UpdateItem"}.items() <= cloud.recorded_calls["Echo"][
        -1
    ].items()


# --- streams


def test_the_filter_lets_only_matching_records_through(cloud):
    put(cloud, "wanted", kind="change")
    put(cloud, "unwanted", kind="else")
    put(cloud, "wanted", kind="change", again="yes")  # MODIFY
    assert cloud.settle()
    assert (noted(cloud, "SEEN#wanted"), noted(cloud, "SEEN#unwanted")) == (1, 0)


def test_after_a_partial_failure_the_rest_comes_again_in_order(cloud):
    for name, trouble in (("p1", "no"), ("p2", "report once"), ("p3", "no")):
        put(cloud, name, kind="change", trouble=trouble)
    assert cloud.settle()
    assert [noted(cloud, f"SEEN#{name}") for name in ("p1", "p2", "p3")] == [1, 2, 1]


def test_a_poison_record_ends_in_the_destination_and_blocks_nobody(cloud):
    taken_from(cloud, "DeadRecords")
    given_up = len(cloud.failures)
    for name, trouble in (("b1", "no"), ("b2", "raise"), ("b3", "no")):
        put(cloud, name, kind="change", trouble=trouble)
    cloud.advance(120)
    assert noted(cloud, "SEEN#b2") >= 3
    assert noted(cloud, "SEEN#b3") >= 1
    [record] = taken_from(cloud, "DeadRecords")
    assert record["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert record["DDBStreamBatchInfo"]["batchSize"] == 1
    assert len(cloud.failures) == given_up + 1


def test_a_record_is_tried_until_it_is_too_old_and_then_holds_up_nobody(cloud):
    taken_from(cloud, "DeadRecords")
    given_up = len(cloud.failures)
    put(cloud, "old", kind="lasting", trouble="report")
    cloud.advance(200)
    put(cloud, "younger", kind="lasting", trouble="report")
    cloud.advance(200)
    put(cloud, "young", kind="lasting")
    cloud.advance(190)
    assert noted(cloud, "SEEN#old") > 15
    assert noted(cloud, "SEEN#younger") == noted(cloud, "SEEN#young") == 0, "one shard, in order"
    assert taken_from(cloud, "DeadRecords") == []
    cloud.advance(60)
    [record] = taken_from(cloud, "DeadRecords")
    assert record["requestContext"]["condition"] == "RecordAgeExceeded"
    assert record["requestContext"]["approximateInvokeCount"] == noted(cloud, "SEEN#old")
    assert record["DDBStreamBatchInfo"]["batchSize"] == 1
    assert noted(cloud, "SEEN#younger") > 0
    cloud.advance(200)
    [record] = taken_from(cloud, "DeadRecords")
    assert record["requestContext"]["condition"] == "RecordAgeExceeded"
    assert record["DDBStreamBatchInfo"]["batchSize"] == 1
    assert noted(cloud, "SEEN#young") > 0, "it was behind the other in a batch, and is not too old itself"
    assert [each.reason for each in cloud.failures[given_up:]] == ["RecordAgeExceeded"] * 2


def test_a_batch_may_fail_for_a_day():
    assert [pause_after(attempts) for attempts in (1, 3, 6, 3000)] == [1.0, 4.0, 30.0, 30.0]


def test_a_function_that_raised_once_gets_the_batch_again(cloud):
    put(cloud, "r1", kind="change", trouble="raise once")
    assert cloud.settle()
    assert noted(cloud, "SEEN#r1") == 2


# --- queues


def test_only_the_failed_message_of_a_batch_comes_again_after_its_timeout(cloud):
    job(cloud, "good")
    job(cloud, "bad once", trouble="once")
    assert cloud.settle()
    assert (noted(cloud, "GOT#good"), noted(cloud, "GOT#bad once")) == (1, 1)
    due = cloud.unfinished()
    assert due - cloud.clock.now() == pytest.approx(60, abs=15)
    cloud.advance(61)
    assert (noted(cloud, "GOT#good"), noted(cloud, "GOT#bad once")) == (1, 2)
    assert cloud.unfinished() is None


def test_a_message_that_always_fails_is_redriven_to_the_dead_letters(cloud):
    taken_from(cloud, "Dead")
    job(cloud, "hopeless", trouble="always")
    cloud.advance(600)
    assert noted(cloud, "GOT#hopeless") == 3
    assert taken_from(cloud, "Dead") == [{"job": "hopeless", "trouble": "always"}]


# --- bus and asynchronous calls


def test_a_rule_reaches_its_function_and_another_rule_a_queue(cloud):
    publish(cloud, "note.written.v1", {"job": "from the bus"})
    publish(cloud, "something.else.v1", {"job": "nobody's"}, source="fixture")
    assert cloud.settle()
    assert (noted(cloud, "GOT#from the bus"), noted(cloud, "GOT#nobody's")) == (1, 0)
    assert taken_from(cloud, "FromBus") == [{"job": "nobody's"}]


def test_an_asynchronous_call_is_retried_after_a_minute_then_goes_to_its_destination(cloud):
    taken_from(cloud, "Dead")
    publish(cloud, "note.written.v1", {"job": "async", "trouble": "always"})
    assert cloud.settle()
    assert noted(cloud, "GOT#async") == 1
    cloud.advance(600)
    assert noted(cloud, "GOT#async") == 2
    [record] = taken_from(cloud, "Dead")
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestPayload"]["detail"]["job"] == "async"
    assert record["responsePayload"]["errorMessage"] == "attempt 2"


def test_what_is_to_come_twice_comes_once_more_and_no_third_time(cloud):
    cloud.repetition.on = True
    job(cloud, "message twice")
    job(cloud, "bad once, twice", trouble="once")
    publish(cloud, "note.written.v1", {"job": "event twice"})
    publish(cloud, "something.else.v1", {"job": "queued twice"}, source="fixture")
    assert cloud.settle()
    assert noted(cloud, "GOT#message twice") == noted(cloud, "GOT#event twice") == 1
    cloud.advance(600)
    night, before = noted(cloud, "GOT#nightly"), cloud.repetition.count
    cloud.advance(DAY)
    assert (noted(cloud, "GOT#nightly"), cloud.repetition.count) == (night + 1, before), "schedules go on"
    cloud.repetition.on = False
    cloud.advance(600)
    assert noted(cloud, "GOT#message twice") == noted(cloud, "GOT#event twice") == 2
    assert noted(cloud, "GOT#bad once, twice") == 3, "what failed is no delivery that was handled"
    assert taken_from(cloud, "FromBus") == [{"job": "queued twice"}] * 2
    assert cloud.repetition.count >= 4


# --- machines and time


def test_settle_returns_while_a_human_is_awaited_and_waits_for_what_follows(cloud):
    start(cloud, "answered")
    assert execution(cloud, "answered")["steps"][-1]["state"] == "Ask"
    answer(cloud, "answered")
    assert cloud.settle()
    states = {step["state"]: step for step in execution(cloud, "answered")["steps"]}
    assert states["Work"]["output"] == {"job": "machine answered", "trouble": False}
    assert states["Pause"]["left_at"] is None
    cloud.advance(3600)
    done = execution(cloud, "answered")
    assert (done["status"], done["error"]) == ("SUCCEEDED", None)
    assert {step["state"] for step in done["steps"]} == {"Ask", "BothChecks", "Work", "Pause", "Done"}


def test_what_keeps_the_cloud_from_resting_is_told(cloud, caplog):
    start(cloud, "unanswered")
    assert not cloud.settle(soon=20 * DAY, timeout=0.3), "its time limit comes before"
    assert "unanswered: TaskSubmitted until" in caplog.text
    answer(cloud, "unanswered")
    assert cloud.settle()
    cloud.advance(3600)
    assert not any("unanswered" in each for each in cloud.under_way())


def test_a_wait_that_is_too_long_ends_at_its_time_limit_and_a_rule_hears_of_it(cloud):
    taken_from(cloud, "FromBus")
    start(cloud, "forgotten")
    before = cloud.clock.now()
    cloud.advance(11 * DAY)
    failed = execution(cloud, "forgotten")
    assert (failed["status"], failed["error"]) == ("FAILED", "TooLate")
    assert failed["steps"][0]["errors"][0]["error"] == "States.Timeout"
    assert "FAILED" in taken_from(cloud, "FromBus")
    assert datetime.fromisoformat(failed["stopped_at"]).timestamp() - before == pytest.approx(
        10 * DAY, abs=60
    )


def test_a_pause_before_a_retry_is_rest_until_the_clock_has_passed_it(cloud):
    start(cloud, "trouble")
    assert cloud.settle()
    assert cloud.unfinished() is None
    answer(cloud, "trouble")
    tries = "GOT#machine trouble"
    assert cloud.settle()
    assert noted(cloud, tries) == 1
    assert cloud.unfinished() - cloud.clock.now() == pytest.approx(300, abs=60)
    cloud.advance(299)
    assert noted(cloud, tries) == 1
    cloud.advance(2)
    assert noted(cloud, tries) == 2
    cloud.advance(600)
    assert noted(cloud, tries) == 3
    ended = execution(cloud, "trouble")
    assert ended["status"] == "FAILED"
    work = next(step for step in ended["steps"] if step["state"] == "Work")
    assert [error["error"] for error in work["errors"]] == ["ValueError"] * 3


@pytest.mark.parametrize(("asked", "fewest", "most"), [((), 10, 20), ((30,), 25, 40)])
def test_schedules_run_at_their_time_and_often_ones_are_thinned_out(cloud, asked, fewest, most):
    night, often, before = noted(cloud, "GOT#nightly"), noted(cloud, "GOT#often"), cloud.clock.now()
    cloud.advance(5 * DAY, *asked)
    assert 5 * DAY <= cloud.clock.now() - before < 5 * DAY + 60
    assert noted(cloud, "GOT#nightly") == night + 5
    assert fewest <= noted(cloud, "GOT#often") - often <= most


def test_a_schedule_whose_last_run_failed_is_not_thinned_out():
    moment, sent = [0.0], []
    schedule = Schedule("often", "rate(5 minutes)", {"Arn": "arn"}, "aws.scheduler")
    work = Recurring(schedule, lambda *told: sent.append(told), lambda: moment[0])
    assert work.thinned(work.due(), DAY) == DAY
    for failed, following in ((True, 600), (False, 600 + DAY)):
        moment[0] = work.due()
        work.run()
        *_, sender = sent[-1]
        sender.has_failed = failed
        assert work.thinned(work.due(), DAY) == following


def test_a_schedule_hears_of_a_run_that_failed(cloud):
    class EveryRun:
        def choose(self, _function, event):
            return {"call": 1, "when": "before", "how": "kill"} if event == {"job": "often"} else None

    schedules = [each for each in cloud._dispatcher.work() if isinstance(each, Recurring)]
    cloud.runtime.faults = EveryRun()
    try:
        cloud.advance(5 * 60 + 1)
    finally:
        cloud.runtime.faults = None
    assert [each.has_failed for each in schedules].count(True) == 1
    cloud.advance(10 * 60)
    assert not any(each.has_failed for each in schedules)


def test_mails_are_parsed_once_and_keep_what_was_sent(cloud):
    start(cloud, "mailed")
    mail = cloud.mails()[-1]
    assert (mail.to, mail.sender, mail.subject) == (
        ("owner@example.com",),
        "ask@example.com",
        "Approve mailed?",
    )
    assert "https://example.com/approve/mailed" in mail.text
    assert mail.attachments[0].content == b"\x00\x01"
    assert cloud.mails()[-1] is mail


def test_what_waits_side_by_side_goes_on_at_its_own_time(cloud):
    """Looking at many executions takes time, and time does not stand still for it."""
    machines = cloud.client("stepfunctions")
    states = {"Wait": {"Type": "Wait", "Seconds": 60, "End": True}}
    definition = {"QueryLanguage": "JSONata", "StartAt": "Wait", "States": states}
    role = machines.describe_state_machine(stateMachineArn=cloud.resource("Approval"))["roleArn"]
    arn = machines.create_state_machine(name="side-by-side", definition=json.dumps(definition), roleArn=role)[
        "stateMachineArn"
    ]
    for _ in range(3):
        for _ in range(40):
            machines.start_execution(stateMachineArn=arn)
        cloud.advance(90)
    steps = [each["steps"][0] for each in cloud.executions() if each["machine"] == "side-by-side"]
    moments = [(datetime.fromisoformat(step[at]) for at in ("entered_at", "left_at")) for step in steps]
    waited = [(left - entered).total_seconds() for entered, left in moments]
    assert len(waited) == 120
    assert max(waited) <= 75, sorted(waited)[-20:]

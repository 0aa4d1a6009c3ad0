"""Poison among good messages, in every queue and stream of the template: good ones are done, poison is set aside.

The good ones of queues meet an outage first that lasts until all poison is set aside, about three hours. Queues are
found in the template. Their good messages are those that journeys sent, delivered once more: whoever handles them
must take them twice anyway.
"""

import json
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import pytest

from local.cloud import EmbeddedCloud
from local.resources import physical_name
from local.runtime import How
from local.template import described
from partner_center.adapters.relay_again import FailedRecords, RelayAgain, StreamReader, relay_by
from tests.faults.evidence import dead_letters
from tests.faults.operator import empties_dead_letters
from tests.functions.conftest import TEMPLATE
from tests.functions.journeys import Reseller, publish, resellers

pytestmark = pytest.mark.cloud

RESOURCES = described(TEMPLATE)["Resources"]
SOURCES = {
    event["Properties"]["Queue"]["Fn::GetAtt"][0]: name
    for name, each in RESOURCES.items()
    if each["Type"] == "AWS::Serverless::Function"
    for event in each["Properties"].get("Events", {}).values()
    if event["Type"] == "SQS"
}
"""Each queue and the function that it feeds."""
AN_HOUR = 3600
"""Seconds between two tries of a message that an outage kept back for long."""
UNTOUCHED, TRIED_FOR_A_DAY, SOONER = "CrlsToBuild", 90, 10
"""Its function works where SQS cannot be reached, so nothing is postponed there: it meets no outage here, and tries
less often, since a day is long.
"""
POISON = ("\N{SKULL AND CROSSBONES}", "{}")


class Listening(EmbeddedCloud):
    """Keeps the bodies that each queue delivered, newest last."""

    def _run(self, function: str, event: Any) -> tuple[str, bool]:
        records = event.get("Records", []) if isinstance(event, Mapping) else []
        for record in records:
            if record.get("eventSource") == "aws:sqs":
                bodies[record["eventSourceARN"].rpartition(":")[2]][record["body"]] = None
        return super()._run(function, event)


bodies: dict[str, dict[str, None]] = defaultdict(dict)


def messages(cloud: EmbeddedCloud, queue: str) -> list[str]:
    found = cloud.client("sqs").receive_message(
        QueueUrl=cloud.resource(queue), MaxNumberOfMessages=10, VisibilityTimeout=0
    )
    return [each["Body"] for each in found.get("Messages", [])]


def dead_letters_of(queue: str) -> str:
    policy = RESOURCES[queue]["Properties"]["RedrivePolicy"]
    return str(policy["deadLetterTargetArn"]["Fn::GetAtt"][0])


def tries_less_often(cloud: EmbeddedCloud, queue: str) -> None:
    sqs, url = cloud.client("sqs"), cloud.resource(queue)
    named = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])["Attributes"]
    policy = json.loads(named["RedrivePolicy"]) | {"maxReceiveCount": SOONER}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": json.dumps(policy)})


class Outage:
    """No table can be reached by whoever handles messages of queues."""

    def __init__(self) -> None:
        self.met: set[str] = set()

    def choose(self, function: str, event: Any) -> dict[str, Any] | None:
        records = event.get("Records", []) if isinstance(event, Mapping) else []
        queues = {record.get("eventSourceARN", "").rpartition(":")[2] for record in records}
        if not any(record.get("eventSource") == "aws:sqs" for record in records):
            return None
        if physical_name(UNTOUCHED) in queues:
            return None
        self.met |= queues
        return {"service": "dynamodb", "when": "before", "how": How.FAIL}


@pytest.fixture(scope="module")
def poisoned(cloud: EmbeddedCloud, travelled: Mapping[str, int]) -> dict[str, tuple[list[str], list[str]]]:
    """Per queue the good messages that were sent among poison, and what lay in its dead letters in the end.

    Until then an outage lasts for the good ones; it is over afterwards, and they come once more.
    """
    good = {queue: [*bodies[physical_name(queue)]][-2:] for queue in SOURCES}
    before = {queue: messages(cloud, dead_letters_of(queue)) for queue in SOURCES}
    assert before == {queue: [] for queue in SOURCES}, "journeys leave no dead letters"
    assert RESOURCES[UNTOUCHED]["Properties"]["RedrivePolicy"]["maxReceiveCount"] == TRIED_FOR_A_DAY
    tries_less_often(cloud, UNTOUCHED)
    for queue, sent in good.items():
        mixed = [sent[0], POISON[0], *sent[1:], POISON[1]] if sent else []
        entries = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(mixed)]
        if entries:
            cloud.client("sqs").send_message_batch(QueueUrl=cloud.resource(queue), Entries=entries)
    limits = RESOURCES[UNTOUCHED]["Properties"]
    outage = cloud.runtime.faults = Outage()
    cloud.advance((SOONER + 1) * limits["VisibilityTimeout"])
    cloud.runtime.faults = None
    assert outage.met == {physical_name(queue) for queue in SOURCES if queue != UNTOUCHED}
    cloud.advance(AN_HOUR)
    assert cloud.settle()
    return {queue: (good[queue], messages(cloud, dead_letters_of(queue))) for queue in SOURCES}


@pytest.mark.parametrize("queue", sorted(SOURCES))
def test_poison_is_set_aside_and_the_good_messages_beside_it_are_done(
    cloud: EmbeddedCloud, poisoned: dict[str, tuple[list[str], list[str]]], queue: str
) -> None:
    good, dead = poisoned[queue]
    assert good, "no journey sends anything to this queue: extend tests/functions/travels.py"
    assert sorted(dead) == sorted(POISON)
    assert messages(cloud, queue) == []


def published(cloud: EmbeddedCloud, reseller: Reseller, name: str) -> str:
    """An order whose names are proven by what its owner publishes, as on any day of the timetable."""
    order_id = reseller.placed(name=name, domain_control={"method": "dns_txt"})
    for item in reseller.domains(order_id).values():
        publish(cloud, item)
    return order_id


def test_dead_letters_that_are_moved_back_are_handled_once_the_cause_is_gone(cloud: EmbeddedCloud) -> None:
    """As docs/operations.md says under Queues; a mail that went out before is not sent again."""
    reseller = resellers(cloud)[1]
    reseller.proves(published(cloud, reseller, "moved-back.example.com"))
    sqs = cloud.client("sqs")
    *_, body = bodies[physical_name("CertificatesToAnnounce")]
    mails = len(cloud.mails())
    sqs.send_message(QueueUrl=cloud.resource("CertificatesToAnnounce"), MessageBody=body)
    assert cloud.settle()
    assert messages(cloud, "CertificatesToAnnounce") == []
    assert body not in messages(cloud, "AnnouncementFailures")
    assert len(cloud.mails()) == mails


def test_a_poisoned_record_of_the_stream_is_set_aside_and_those_around_it_are_relayed(
    cloud: EmbeddedCloud,
) -> None:
    reseller: Reseller = resellers(cloud)[1]
    poison = {"pk": {"S": "R#nobody#O#ord_poison"}, "sk": {"S": "EVENT#poison"}}
    by_dns = {"method": "dns_txt"}
    before = reseller.placed(name="before.poison.example.com", domain_control=by_dns)
    cloud.client("dynamodb").put_item(TableName=cloud.output("BusinessTable"), Item=poison)
    after = reseller.placed(name="after.poison.example.com", domain_control=by_dns)
    started = {each["name"] for each in cloud.executions()}
    assert {f"{before}-g1-a1", f"{after}-g1-a1"} <= started
    (body,) = messages(cloud, "RelayFailures")
    (record,) = json.loads(body)["Records"]
    assert record["dynamodb"]["NewImage"] == poison


def test_a_record_that_was_set_aside_may_be_given_to_the_relay_again_and_is_not_lost_by_it(
    cloud: EmbeddedCloud,
) -> None:
    """As docs/operations.md says under Relay: what is poison still lies there once more."""
    before = messages(cloud, "RelayFailures")
    again = RelayAgain(
        FailedRecords(cloud.client("sqs"), cloud.resource("RelayFailures"), patience=0),
        StreamReader(cloud.client("dynamodbstreams")),
        relay_by(cloud.client("lambda"), cloud.resource("RelayEventsFunction")),
    )
    told = list(again())
    assert told[0] == "a record that was set aside: relayed"
    assert "there once more" in told[-1]
    assert messages(cloud, "RelayFailures") == before
    assert len(before) == 1


def test_a_poisoned_call_is_set_aside(cloud: EmbeddedCloud) -> None:
    function = cloud.resource("CheckControlFunction")
    cloud.client("lambda").invoke(FunctionName=function, InvocationType="Event", Payload=b"{}")
    cloud.advance(600)
    assert cloud.settle()
    assert len(messages(cloud, "CheckFailures")) == 1


def test_what_was_set_aside_is_moved_back_or_not_needed(cloud: EmbeddedCloud) -> None:
    """What a soak does in an operator's place. Records of the stream stay, and of poison all comes back in time."""
    lay = {name: count for name, count in dead_letters(cloud).items() if count}
    assert set(lay) == {*map(dead_letters_of, SOURCES), "CheckFailures", "RelayFailures"}
    moved = empties_dead_letters(cloud)
    assert moved == {name: count for name, count in lay.items() if name != "RelayFailures"}
    assert {name for name, count in dead_letters(cloud).items() if count} == {"RelayFailures"}

"""What the relay gave up, relayed again: from the message, or page by page from the stream."""

import json
from datetime import UTC, datetime
from io import BytesIO

import pytest
from botocore.exceptions import ClientError

from partner_center.adapters.relay_again import FailedRecords, RelayAgain, StreamReader, relay_by
from partner_center.entry.relay_again import main

WHERE = {
    "shardId": "shard-1",
    "streamArn": "arn:stream",
    "startSequenceNumber": "100",
    "endSequenceNumber": "112",
    "approximateArrivalOfFirstRecord": "2026-11-26T01:00:00Z",
    "approximateArrivalOfLastRecord": "2026-11-26T02:00:00Z",
}


def a_record(number, sk="EVENT#1", name="INSERT"):
    keys = {"pk": {"S": "R#1#O#1"}, "sk": {"S": sk}}
    written = datetime(2026, 11, 26, 1, tzinfo=UTC)
    change = {"SequenceNumber": str(number), "Keys": keys, "ApproximateCreationDateTime": written}
    return {"eventName": name, "dynamodb": change | {"NewImage": keys}}


class Aws:
    """SQS, DynamoDB Streams and Lambda, as far as an operator needs them here; `poison` is set aside anew."""

    def __init__(self, *bodies, pages=(), answer=None, poison=False, dropped=None):
        self.messages = [each if isinstance(each, str) else json.dumps(each) for each in bodies]
        self.pages, self.answer, self.dropped = list(pages), answer or {"batchItemFailures": []}, dropped
        self.poison, self.relayed, self.deleted, self.left, self.iterators = poison, [], [], [], []

    def receive_message(self, **asked):
        assert asked["VisibilityTimeout"] > 900
        return {"Messages": [self._given()]} if self.messages else {}

    def _given(self):
        body = self.messages.pop(0)
        return {"ReceiptHandle": f"handle of {body}", "Body": body}

    def delete_message(self, **asked):
        self.deleted.append(asked["ReceiptHandle"])

    def change_message_visibility(self, **asked):
        assert asked["VisibilityTimeout"] == 0
        self.left.append(asked["ReceiptHandle"])

    def get_shard_iterator(self, **asked):
        assert asked["ShardIteratorType"] == "AT_SEQUENCE_NUMBER"
        return {"ShardIterator": f"{asked['StreamArn']} {asked['ShardId']} {asked['SequenceNumber']}"}

    def get_records(self, **asked):
        if self.dropped:
            raise ClientError({"Error": {"Code": self.dropped}}, "GetRecords")
        self.iterators.append(asked["ShardIterator"])
        page = self.pages.pop(0)
        return {"Records": page} | ({"NextShardIterator": f"next {len(self.pages)}"} if self.pages else {})

    def invoke(self, **asked):
        records = json.loads(asked["Payload"])["Records"]
        self.relayed.append([each["dynamodb"]["SequenceNumber"] for each in records])
        if self.poison:
            self.messages.append(json.dumps({"Records": records}))
        failed = {"FunctionError": "Unhandled"} if self.answer == "dies" else {}
        return {"Payload": BytesIO(json.dumps(self.answer).encode())} | failed

    def run(self):
        return list(RelayAgain(FailedRecords(self, "url"), StreamReader(self), relay_by(self, "relay"))())


def set_aside(number):
    record = a_record(number)
    del record["dynamodb"]["ApproximateCreationDateTime"]
    return {"Records": [record]}


def test_a_record_that_was_set_aside_is_given_to_the_function_and_its_message_deleted():
    aws = Aws(set_aside(7), set_aside(8))
    assert aws.run() == ["a record that was set aside: relayed"] * 2
    assert aws.relayed == [["7"], ["8"]]
    assert len(aws.deleted) == 2


def test_poison_is_tried_once_and_stays():
    aws = Aws(set_aside(7), poison=True)
    assert "there once more" in aws.run()[-1]
    assert aws.relayed == [["7"]]
    assert len(aws.deleted) == len(aws.left) == 1, "the new message stays"


@pytest.mark.parametrize(
    "body",
    ["", "no JSON", "[]", "null", "{}", '{"DDBStreamBatchInfo": {}}', '{"DDBStreamBatchInfo": 7}'],
    ids=repr,
)
def test_what_nobody_can_read_stays_and_keeps_nothing_behind_it_waiting(body):
    aws = Aws(body, set_aside(8))
    first, second = aws.run()
    assert first.endswith("the message stays")
    assert second == "a record that was set aside: relayed"
    assert (len(aws.deleted), len(aws.left)) == (1, 1)


def test_a_double_keeps_nothing_behind_it_waiting():
    aws = Aws(set_aside(7), set_aside(7), set_aside(8))
    aws.run()
    assert aws.relayed == [["7"], ["8"]]
    assert (len(aws.deleted), len(aws.left)) == (2, 1)


def test_a_batch_is_read_page_by_page_to_its_last_record_and_no_further():
    """A page ends at a megabyte, and may be empty though others follow; most of a shard are no events."""
    pages = [
        [a_record(100), a_record(101, sk="HEAD"), a_record(102, name="MODIFY")],
        [],
        [a_record(110), a_record(112), a_record(113)],
        [a_record(120)],
    ]
    aws = Aws({"DDBStreamBatchInfo": WHERE}, pages=pages)
    assert aws.run() == ["shard shard-1: relayed"]
    assert aws.relayed == [["100"], ["110", "112"]]
    assert aws.iterators == ["arn:stream shard-1 100", "next 3", "next 2"]
    assert len(aws.deleted) == 1


@pytest.mark.parametrize(
    "pages",
    [[[a_record(100)], [a_record(111)]], [[a_record(100)], [a_record(113)], [a_record(120)]]],
    ids=["the shard ends", "the last record is not there"],
)
def test_a_batch_ends_where_its_shard_ends_or_a_later_record_comes(pages):
    aws = Aws({"DDBStreamBatchInfo": WHERE}, pages=pages)
    assert aws.run() == ["shard shard-1: relayed"]
    assert all(int(number) <= 112 for each in aws.relayed for number in each)


@pytest.mark.parametrize("answer", [{"batchItemFailures": [{"itemIdentifier": "100"}]}, "dies"])
@pytest.mark.parametrize("body", [set_aside(100), {"DDBStreamBatchInfo": WHERE}], ids=["record", "batch"])
def test_what_is_not_relayed_stays_and_the_rest_of_a_batch_is_tried_all_the_same(answer, body):
    aws = Aws(body, answer=answer, pages=[[a_record(100)], [a_record(112)]])
    (line,) = aws.run()
    assert line.endswith("not relayed, see the function's log; the message stays")
    assert aws.deleted == []
    assert len(aws.left) == 1, "for whoever tries again"
    assert aws.relayed[0] == ["100"]


@pytest.mark.parametrize("code", ["TrimmedDataAccessException", "ResourceNotFoundException"])
def test_what_the_stream_has_dropped_is_told_with_its_time_and_the_message_stays(code):
    aws = Aws({"DDBStreamBatchInfo": WHERE}, dropped=code)
    (line,) = aws.run()
    assert "dropped" in line
    assert "2026-11-26T01:00:00Z to 2026-11-26T02:00:00Z" in line
    assert aws.deleted == []


def test_another_refusal_is_no_dropped_record():
    with pytest.raises(ClientError):
        Aws({"DDBStreamBatchInfo": WHERE}, dropped="AccessDeniedException").run()


def test_the_command_says_what_became_of_each(capsys):
    asked = []

    def make(*named):
        asked.append(named)
        return lambda: iter(["one", "other"])

    assert main(["--queue", "url", "--function", "relay"], make) == 0
    assert asked == [("url", "relay")]
    assert capsys.readouterr().out == "one\nother\n"

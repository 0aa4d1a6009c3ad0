"""DynamoDB as the project relies on it."""

import pytest
from botocore.exceptions import ClientError
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodbstreams.models import dynamodbstreams_backends

from local.repairs.capacity import METER, item_size
from local.repairs.transactions import CONFLICTS
from tests.contracts.conftest import ACCOUNT, REGION

ABSENT = "attribute_not_exists(pk)"


@pytest.fixture
def client(cloud):
    return cloud.client("dynamodb")


@pytest.fixture
def table(cloud):
    return cloud.table(keys=("pk",))


def put(table, key, condition=None, **attributes):
    entry = {"TableName": table, "Item": {"pk": {"S": key}, **attributes}}
    return {"Put": entry | ({"ConditionExpression": condition} if condition else {})}


def check(table, key, condition=ABSENT):
    return {
        "ConditionCheck": {
            "TableName": table,
            "Key": {"pk": {"S": key}},
            "ConditionExpression": condition,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
    }


def add(table, key, amount="1"):
    return {
        "Update": {
            "TableName": table,
            "Key": {"pk": {"S": key}},
            "UpdateExpression": "ADD n :n",
            "ExpressionAttributeValues": {":n": {"N": amount}},
        }
    }


def item(client, table, key):
    return client.get_item(TableName=table, Key={"pk": {"S": key}}, ConsistentRead=True).get("Item")


def records(table):
    shard = dynamodb_backends[ACCOUNT][REGION].tables[table].stream_shard
    return [(entry.record["eventName"], entry.record["dynamodb"]["Keys"]["pk"]["S"]) for entry in shard.items]


def reasons(client, *entries):
    with pytest.raises(client.exceptions.TransactionCanceledException) as caught:
        client.transact_write_items(TransactItems=list(entries))
    return caught.value.response["CancellationReasons"]


def test_a_refused_transaction_writes_nothing_and_tells_the_old_image(client, table):
    """Unrepaired, the stream shows what was rolled back."""
    client.put_item(TableName=table, Item={"pk": {"S": "a"}, "n": {"N": "7"}})
    before = records(table)
    told = reasons(client, put(table, "b"), check(table, "c"), check(table, "a"))
    assert [reason["Code"] for reason in told] == ["None", "None", "ConditionalCheckFailed"]
    assert told[2]["Message"] == "The conditional request failed"
    assert told[2]["Item"] == {"pk": {"S": "a"}, "n": {"N": "7"}}
    assert item(client, table, "b") is None
    assert records(table) == before


def test_all_conditions_are_evaluated_before_any_write(client, table, cloud):
    """Unrepaired, the Put of the first table is seen by nobody, but conditions run between writes."""
    told = reasons(
        client, add(table, "x"), put(table, "y", "attribute_exists(pk)"), check(table, "z", "n > pk")
    )
    assert [reason["Code"] for reason in told] == ["None", "ConditionalCheckFailed", "ConditionalCheckFailed"]
    assert item(client, table, "x") is None


def test_a_write_that_fails_late_restores_every_item(client, table):
    client.transact_write_items(
        TransactItems=[put(table, "1", n={"N": "1"}), put(table, "2"), put(table, "3", n={"S": "text"})]
    )
    before = records(table)
    delete = {"Delete": {"TableName": table, "Key": {"pk": {"S": "2"}}}}
    told = reasons(client, add(table, "1"), delete, put(table, "4"), add(table, "3"))
    assert [reason["Code"] for reason in told] == ["None", "None", "None", "ValidationError"]
    assert item(client, table, "1")["n"] == {"N": "1"}
    assert item(client, table, "2") == {"pk": {"S": "2"}}
    assert item(client, table, "3")["n"] == {"S": "text"}
    assert item(client, table, "4") is None
    assert records(table) == before


def test_transactions_span_tables(client, cloud):
    first, second = cloud.table(keys=("pk",)), cloud.table()
    entry = {"Put": {"TableName": second, "Item": {"pk": {"S": "a"}, "sk": {"S": "b"}}}}
    client.transact_write_items(TransactItems=[put(first, "a"), entry])
    assert client.scan(TableName=second)["Count"] == 1
    assert reasons(client, put(first, "a", ABSENT), entry)[0]["Code"] == "ConditionalCheckFailed"


def test_a_client_request_token_is_honoured_for_ten_minutes(client, table, clock, number):
    """Unrepaired, the token is ignored and the second request counts twice."""
    token = {"ClientRequestToken": f"token-{number}"}
    client.transact_write_items(TransactItems=[add(table, "t")], **token)
    client.transact_write_items(TransactItems=[add(table, "t")], **token)
    assert item(client, table, "t")["n"] == {"N": "1"}
    with pytest.raises(ClientError) as caught:
        client.transact_write_items(TransactItems=[add(table, "t", "2")], **token)
    assert caught.value.response["Error"]["Code"] == "IdempotentParameterMismatchException"
    clock.advance(601)
    client.transact_write_items(TransactItems=[add(table, "t")], **token)
    assert item(client, table, "t")["n"] == {"N": "2"}


def test_a_refused_request_does_not_use_its_token_up(client, table, number):
    token = {"ClientRequestToken": f"token-{number}"}
    client.put_item(TableName=table, Item={"pk": {"S": "u"}})
    with pytest.raises(client.exceptions.TransactionCanceledException):
        client.transact_write_items(TransactItems=[put(table, "u", ABSENT)], **token)
    client.delete_item(TableName=table, Key={"pk": {"S": "u"}})
    client.transact_write_items(TransactItems=[put(table, "u", ABSENT)], **token)
    assert item(client, table, "u")


@pytest.mark.parametrize(
    "entries",
    [
        lambda table: [add(table, "x"), put(table, "x")],
        lambda table: [put(table, f"{n}") for n in range(101)],
        lambda table: [put(table, f"{n}", text={"S": "x" * 390_000}) for n in range(11)],
        lambda table: [{"Put": {"TableName": table, "Item": {"sk": {"S": "no key"}}}}],
        lambda table: [{"Delete": {"TableName": table, "Key": {"pk": {"N": "1"}}}}],
        lambda table: [{"Delete": {"TableName": table, "Key": {"pk": {"S": "x"}, "sk": {"S": "y"}}}}],
    ],
    ids=["one item twice", "101 actions", "over 4 MB", "no key", "key of another type", "key too long"],
)
def test_malformed_transactions_are_refused_whole(client, table, entries):
    with pytest.raises(ClientError) as caught:
        client.transact_write_items(TransactItems=entries(table))
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    assert client.scan(TableName=table)["Count"] == 0


def test_a_transaction_on_an_unknown_table_is_refused_whole(client, table):
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.transact_write_items(TransactItems=[put(table, "a"), put("absent", "a")])
    assert item(client, table, "a") is None


def test_a_hundred_actions_fit_a_transaction(client, table):
    client.transact_write_items(TransactItems=[put(table, f"{n}") for n in range(100)])
    got = client.transact_get_items(
        TransactItems=[{"Get": {"TableName": table, "Key": {"pk": {"S": f"{n}"}}}} for n in range(100)]
    )
    assert len(got["Responses"]) == 100


def test_contention_comes_on_demand(client, table):
    CONFLICTS.configure(1.0, seed=1)
    try:
        codes = [reason["Code"] for reason in reasons(client, add(table, "i"), put(table, "j"))]
        with pytest.raises(client.exceptions.TransactionConflictException):
            client.put_item(TableName=table, Item={"pk": {"S": "i"}})
    finally:
        CONFLICTS.configure(0.0)
    assert sorted(codes) == ["None", "TransactionConflict"]
    assert item(client, table, "i") is None


def test_a_changed_item_makes_one_stream_record_and_an_unchanged_one_none(client, table):
    """Unrepaired, an update of a new item makes two INSERTs, and a Put of the same content a MODIFY."""
    client.transact_write_items(TransactItems=[add(table, "1"), put(table, "2")])
    client.put_item(TableName=table, Item={"pk": {"S": "2"}})
    client.update_item(**add(table, "3")["Update"])
    client.update_item(**add(table, "3")["Update"])
    client.delete_item(TableName=table, Key={"pk": {"S": "2"}})
    client.delete_item(TableName=table, Key={"pk": {"S": "absent"}})
    assert records(table) == [
        ("INSERT", "1"),
        ("INSERT", "2"),
        ("INSERT", "3"),
        ("MODIFY", "3"),
        ("REMOVE", "2"),
    ]


def test_a_stream_record_tells_region_and_virtual_time(client, table, clock):
    clock.advance(3600)
    client.put_item(TableName=table, Item={"pk": {"S": "1"}})
    record = dynamodb_backends[ACCOUNT][REGION].tables[table].stream_shard.items[-1].record
    assert record["awsRegion"] == REGION
    created = record["dynamodb"]["ApproximateCreationDateTime"]
    assert abs((clock.utcnow().replace(tzinfo=None) - created).total_seconds()) < 5


def test_shard_iterators_do_not_pile_up(cloud, client, table):
    """Unrepaired, moto keeps one for each GetRecords there ever was."""
    kept = dynamodbstreams_backends[ACCOUNT][REGION].shard_iterators
    kept.update({f"old-{n}": None for n in range(3000)})
    streams = cloud.client("dynamodbstreams")
    arn = client.describe_table(TableName=table)["Table"]["LatestStreamArn"]
    shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
    ask = {"StreamArn": arn, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"}
    iterator = streams.get_shard_iterator(**ask)["ShardIterator"]
    client.put_item(TableName=table, Item={"pk": {"S": "1"}})
    answer = streams.get_records(ShardIterator=iterator, Limit=10)
    assert [record["eventName"] for record in answer["Records"]] == ["INSERT"]
    assert streams.get_records(ShardIterator=answer["NextShardIterator"], Limit=10)["Records"] == []
    assert len(kept) <= 1001


def test_an_update_that_fails_leaves_no_item_behind(client, table):
    """Unrepaired, the new item stays, empty."""
    with pytest.raises(ClientError):
        client.update_item(
            TableName=table,
            Key={"pk": {"S": "new"}},
            UpdateExpression="SET a = b + :n",
            ExpressionAttributeValues={":n": {"N": "1"}},
        )
    assert item(client, table, "new") is None
    assert records(table) == []


def test_fifty_units_survive_two_hundred_transactions_at_once(cloud, client, table, threads):
    """Unrepaired, units are oversold and writes are lost."""
    client.put_item(TableName=table, Item={"pk": {"S": "units"}, "n": {"N": "50"}})
    http = cloud.over_http("dynamodb")

    def buy(number):
        take = add(table, "units", "-1")
        take["Update"]["ConditionExpression"] = "n > :zero"
        take["Update"]["ExpressionAttributeValues"][":zero"] = {"N": "0"}
        try:
            http.transact_write_items(TransactItems=[take, put(table, f"order-{number}", ABSENT)])
        except http.exceptions.TransactionCanceledException:
            return False
        return True

    assert sum(threads.map(buy, range(200))) == 50
    assert item(client, table, "units")["n"] == {"N": "0"}
    assert client.scan(TableName=table, Select="COUNT")["Count"] == 51


def test_a_query_reads_one_partition_in_key_order_and_pages(cloud, client):
    table = cloud.table()
    for partition in ("a", "b"):
        for n in (3, 1, 2):
            client.put_item(TableName=table, Item={"pk": {"S": partition}, "sk": {"S": f"{n}"}})
    ask = {
        "TableName": table,
        "KeyConditionExpression": "pk = :p AND sk > :s",
        "ExpressionAttributeValues": {":p": {"S": "a"}, ":s": {"S": "0"}},
    }
    first = client.query(**ask, Limit=2)
    assert [entry["sk"]["S"] for entry in first["Items"]] == ["1", "2"]
    second = client.query(**ask, Limit=2, ExclusiveStartKey=first["LastEvaluatedKey"])
    assert [entry["sk"]["S"] for entry in second["Items"]] == ["3"]
    assert "LastEvaluatedKey" not in second
    assert [entry["sk"]["S"] for entry in client.query(**ask, ScanIndexForward=False)["Items"]] == [
        "3",
        "2",
        "1",
    ]
    ask["ExpressionAttributeValues"][":p"] = {"S": "none"}
    assert client.query(**ask)["Items"] == []


INDEX = {
    "AttributeDefinitions": [{"AttributeName": "open", "AttributeType": "S"}],
    "GlobalSecondaryIndexes": [
        {
            "IndexName": "by-open",
            "KeySchema": [
                {"AttributeName": "open", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "KEYS_ONLY"},
        }
    ],
}


def test_a_sparse_index_holds_the_items_that_have_its_key(cloud, client):
    table = cloud.table(**INDEX)
    for n in (2, 1, 3):
        shown = {"open": {"S": "yes"}} if n != 3 else {}
        client.put_item(
            TableName=table, Item={"pk": {"S": f"p{n}"}, "sk": {"S": f"{n}"}, "x": {"S": "y"}, **shown}
        )
    ask = {
        "TableName": table,
        "IndexName": "by-open",
        "KeyConditionExpression": "#o = :o AND sk <= :s",
        "ExpressionAttributeNames": {"#o": "open"},
        "ExpressionAttributeValues": {":o": {"S": "yes"}, ":s": {"S": "9"}},
    }
    found = client.query(**ask)["Items"]
    assert [entry["sk"]["S"] for entry in found] == ["1", "2"]
    assert set(found[0]) == {"pk", "sk", "open"}
    client.update_item(
        TableName=table,
        Key={"pk": {"S": "p1"}, "sk": {"S": "1"}},
        UpdateExpression="REMOVE #o",
        ExpressionAttributeNames={"#o": "open"},
    )
    assert [entry["sk"]["S"] for entry in client.query(**ask)["Items"]] == ["2"]


def test_an_index_without_a_sort_key_on_a_table_without_one_is_queried(cloud, client):
    index = {"IndexName": "by-open", "KeySchema": [{"AttributeName": "open", "KeyType": "HASH"}]}
    table = cloud.table(
        keys=("pk",),
        AttributeDefinitions=INDEX["AttributeDefinitions"],
        GlobalSecondaryIndexes=[index | {"Projection": {"ProjectionType": "ALL"}}],
    )
    for key, value in (("a", "yes"), ("b", "no"), ("c", None)):
        shown = {"open": {"S": value}} if value else {}
        client.put_item(TableName=table, Item={"pk": {"S": key}, **shown})
    found = client.query(
        TableName=table,
        IndexName="by-open",
        KeyConditionExpression="#o = :o",
        ExpressionAttributeNames={"#o": "open"},
        ExpressionAttributeValues={":o": {"S": "yes"}},
    )["Items"]
    assert found == [{"pk": {"S": "a"}, "open": {"S": "yes"}}]


@pytest.mark.parametrize(
    ("item", "size"),
    [
        ({"pk": {"S": "12345678"}}, 10),
        ({"pk": {"S": "ü"}}, 4),
        ({"n": {"N": "1234"}}, 4),
        ({"n": {"N": "-1"}}, 4),
        ({"b": {"B": b"123"}}, 4),
        ({"y": {"BOOL": True}, "z": {"NULL": True}}, 4),
        ({"l": {"L": [{"S": "abc"}]}}, 1 + 3 + 1 + 3),
        ({"m": {"M": {"k": {"S": "abc"}}}}, 1 + 3 + 1 + 4),
        ({"s": {"SS": ["ab", "c"]}}, 4),
    ],
    ids=["S", "UTF-8", "N", "negative", "B", "BOOL NULL", "L", "M", "SS"],
)
def test_item_sizes_follow_the_documented_rules(item, size):
    assert item_size(item) == size


def spent(client, call, **parameters):
    METER.reset()
    return getattr(client, call)(ReturnConsumedCapacity="TOTAL", **parameters)["ConsumedCapacity"]


def test_writes_cost_a_unit_for_each_kilobyte_of_the_larger_image_and_of_index_entries(cloud, client):
    """Unrepaired, every write is told to cost 1."""
    table = cloud.table(**INDEX)
    key = {"pk": {"S": "p"}, "sk": {"S": "s"}}
    big = {**key, "text": {"S": "x" * 2000}}

    def cost(call, **parameters):
        told = spent(client, call, TableName=table, **parameters)
        assert METER.write_units[table] == told["CapacityUnits"]
        return told["CapacityUnits"]

    assert cost("put_item", Item=big) == 2
    assert cost("put_item", Item={**key, "open": {"S": "1"}}) == 2 + 1
    assert cost("put_item", Item={**key, "open": {"S": "2"}}) == 1 + 2
    assert cost("put_item", Item={**key, "open": {"S": "2"}, "x": {"S": "not projected"}}) == 1
    assert cost("delete_item", Key=key) == 1 + 1


def test_transactions_cost_twice_and_so_do_refused_ones(client, table):
    entries = [put(table, "a", text={"S": "x" * 1500}), check(table, "b")]
    assert spent(client, "transact_write_items", TransactItems=entries)[0]["CapacityUnits"] == 2 * 2 + 2
    METER.reset()
    reasons(client, check(table, "a"), check(table, "c"))
    assert METER.write_units[table] == 2 * 2 + 2


def test_a_refused_write_costs_as_well(client, table):
    client.put_item(TableName=table, Item={"pk": {"S": "a"}})
    METER.reset()
    with pytest.raises(client.exceptions.ConditionalCheckFailedException):
        client.put_item(**put(table, "a", ABSENT)["Put"])
    assert METER.write_units[table] == 1


def test_reads_cost_by_size_and_consistency(cloud, client):
    """Unrepaired, they cost what kind of call it is."""
    table = cloud.table()
    for n in range(5):
        client.put_item(TableName=table, Item={"pk": {"S": "p"}, "sk": {"S": f"{n}"}, "t": {"S": "x" * 2000}})
    key = {"pk": {"S": "p"}, "sk": {"S": "1"}}
    query = {"KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": {"S": "p"}}}

    def cost(call, **parameters):
        return spent(client, call, TableName=table, **parameters)["CapacityUnits"]

    assert cost("get_item", Key=key) == 0.5
    assert cost("get_item", Key=key, ConsistentRead=True) == 1
    assert cost("get_item", Key=key | {"sk": {"S": "absent"}}, ConsistentRead=True) == 1
    assert cost("query", **query) == 1.5
    assert cost("query", **query, ConsistentRead=True) == 3
    gets = [{"Get": {"TableName": table, "Key": key}}]
    assert spent(client, "transact_get_items", TransactItems=gets)[0]["CapacityUnits"] == 2
    batch = {table: {"Keys": [key, key | {"sk": {"S": "absent"}}]}}
    assert spent(client, "batch_get_item", RequestItems=batch)[0]["CapacityUnits"] == 1


def test_a_long_list_of_nested_values_is_measured_from_what_is_stored(client, table):
    nested = {"L": [{"M": {"at": {"N": "1"}, "who": {"S": "x" * 1100}}}]}
    assert (
        spent(client, "put_item", TableName=table, Item={"pk": {"S": "n"}, "log": nested})["CapacityUnits"]
        == 2
    )

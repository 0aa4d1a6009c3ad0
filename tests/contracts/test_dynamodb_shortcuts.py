"""What local/repairs/speed.py, queries.py and indexes.py make short answers as the long way did."""

import pytest
from botocore.exceptions import ClientError

from local.repairs import queries
from tests.contracts.test_dynamodb import INDEX, put

EVERYTHING = {
    "s": {"S": '\N{SNOWMAN} & "quoted"'},
    "n": {"N": "-12.50"},
    "b": {"B": b"\x00\xff"},
    "yes": {"BOOL": True},
    "nothing": {"NULL": True},
    "empty": {"L": []},
    "ss": {"SS": ["a", "b"]},
    "ns": {"NS": ["1", "2"]},
    "bs": {"BS": [b"\x01", b"\x02"]},
    "deep": {"M": {"list": {"L": [{"B": b"\x03"}, {"M": {"n": {"N": "1"}}}]}}},
}


@pytest.fixture
def client(cloud):
    return cloud.client("dynamodb")


@pytest.fixture
def over_http(cloud):
    return cloud.over_http("dynamodb")


def open_ones(client, table, value="yes"):
    found = client.query(
        TableName=table,
        IndexName="by-open",
        KeyConditionExpression="#o = :o",
        ExpressionAttributeNames={"#o": "open"},
        ExpressionAttributeValues={":o": {"S": value}},
    )
    return [item["pk"]["S"] for item in found["Items"]]


def opened(key, value="yes"):
    return {"pk": {"S": key}, "sk": {"S": "1"}, "open": {"S": value}}


def test_every_type_of_value_is_read_as_it_was_written(cloud, over_http):
    table = cloud.table()
    item = {"pk": {"S": "p"}, "sk": {"S": "1"}, **EVERYTHING}
    over_http.put_item(TableName=table, Item=item)
    key = {"pk": {"S": "p"}, "sk": {"S": "1"}}
    asked = {"KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": {"S": "p"}}}
    assert over_http.get_item(TableName=table, Key=key)["Item"] == item
    assert over_http.query(TableName=table, **asked)["Items"] == [item]
    batch = over_http.batch_get_item(RequestItems={table: {"Keys": [key]}})
    assert batch["Responses"][table] == [item]
    assert over_http.delete_item(TableName=table, Key=key, ReturnValues="ALL_OLD")["Attributes"] == item
    assert "Item" not in over_http.get_item(TableName=table, Key=key)


def test_a_refused_write_still_tells_the_item_over_http(cloud, over_http):
    table = cloud.table(keys=("pk",))
    over_http.put_item(TableName=table, Item={"pk": {"S": "p"}, **EVERYTHING})
    with pytest.raises(ClientError) as refusal:
        over_http.put_item(
            TableName=table,
            Item={"pk": {"S": "p"}},
            ConditionExpression="attribute_not_exists(pk)",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    assert refusal.value.response["Error"]["Code"] == "ConditionalCheckFailedException"
    assert refusal.value.response["Item"]["deep"] == EVERYTHING["deep"]


@pytest.mark.parametrize(("length", "fits"), [(404_000, True), (405_001, False)])
def test_an_item_has_a_greatest_size(cloud, client, length, fits):
    table = cloud.table(keys=("pk",))
    item = {"pk": {"S": "p"}, "first": {"S": "x" * 1000}, "rest": {"S": "x" * (length - 1000 - 20)}}
    if fits:
        client.put_item(TableName=table, Item=item)
    else:
        with pytest.raises(ClientError, match="size"):
            client.put_item(TableName=table, Item=item | {"more": {"S": "x" * 20}})


def test_one_expression_serves_many_updates(cloud, client):
    table = cloud.table(keys=("pk",))
    for key, name, value in (("a", "x", "1"), ("b", "y", "2"), ("a", "y", "3"), ("a", "x", "4")):
        client.update_item(
            TableName=table,
            Key={"pk": {"S": key}},
            UpdateExpression="SET #n = :v, seen = if_not_exists(seen, :v)",
            ExpressionAttributeNames={"#n": name},
            ExpressionAttributeValues={":v": {"N": value}},
        )
    one, other = (client.get_item(TableName=table, Key={"pk": {"S": key}})["Item"] for key in "ab")
    assert one == {"pk": {"S": "a"}, "x": {"N": "4"}, "y": {"N": "3"}, "seen": {"N": "1"}}
    assert other == {"pk": {"S": "b"}, "y": {"N": "2"}, "seen": {"N": "2"}}


def test_every_action_and_function_of_an_update_does_what_it_says(cloud, client):
    table = cloud.table(keys=("pk",))
    before = {"m": {"M": {"kept": {"N": "1"}}}, "l": {"L": [{"N": "1"}]}, "n": {"N": "3"}, "gone": {"S": "x"}}
    client.put_item(TableName=table, Item={"pk": {"S": "p"}, "tags": {"SS": ["a", "b"]}, **before})
    answer = client.update_item(
        TableName=table,
        Key={"pk": {"S": "p"}},
        UpdateExpression="SET #m.#new = :two, l = list_append(l, :l), fewer = n - :two, "
        "was = if_not_exists(n, :two), never = if_not_exists(nowhere, :two), twin = n "
        "REMOVE gone, #m.kept ADD n :two DELETE tags :b",
        ExpressionAttributeNames={"#m": "m", "#new": "a new one"},
        ExpressionAttributeValues={":two": {"N": "2"}, ":l": {"L": [{"S": "y"}]}, ":b": {"SS": ["b"]}},
        ReturnValues="ALL_NEW",
    )
    assert answer["Attributes"] == {
        "pk": {"S": "p"},
        "m": {"M": {"a new one": {"N": "2"}}},
        "l": {"L": [{"N": "1"}, {"S": "y"}]},
        "n": {"N": "5"},
        "fewer": {"N": "1"},
        "was": {"N": "3"},
        "never": {"N": "2"},
        "twin": {"N": "3"},
        "tags": {"SS": ["a"]},
    }


def test_an_index_follows_what_is_written_moved_and_deleted(cloud, client):
    table = cloud.table(**INDEX)
    assert open_ones(client, table) == []
    for key in "ab":
        client.put_item(TableName=table, Item=opened(key))
    client.put_item(TableName=table, Item=opened("c", "no"))
    assert sorted(open_ones(client, table)) == ["a", "b"]
    client.put_item(TableName=table, Item=opened("a", "no"))
    client.update_item(
        TableName=table,
        Key={"pk": {"S": "c"}, "sk": {"S": "1"}},
        UpdateExpression="SET #o = :y",
        ExpressionAttributeNames={"#o": "open"},
        ExpressionAttributeValues={":y": {"S": "yes"}},
    )
    assert sorted(open_ones(client, table)) == ["b", "c"]
    client.delete_item(TableName=table, Key={"pk": {"S": "b"}, "sk": {"S": "1"}})
    assert open_ones(client, table) == ["c"]
    assert open_ones(client, table, "no") == ["a"]


def test_an_index_knows_nothing_of_a_transaction_that_was_undone(cloud, client):
    table = cloud.table(**INDEX)
    client.put_item(TableName=table, Item=opened("a") | {"n": {"S": "no number"}})
    assert open_ones(client, table) == ["a"]
    key = {"pk": {"S": "a"}, "sk": {"S": "1"}}
    closes = {
        "UpdateExpression": "SET #o = :n",
        "ExpressionAttributeNames": {"#o": "open"},
        "ExpressionAttributeValues": {":n": {"S": "no"}},
    }
    fails = {"UpdateExpression": "ADD n :n", "ExpressionAttributeValues": {":n": {"N": "1"}}}
    client.put_item(TableName=table, Item=opened("b") | {"n": {"S": "no number"}})
    with pytest.raises(ClientError):
        client.transact_write_items(
            TransactItems=[
                {"Update": {"TableName": table, "Key": key, **closes}},
                put(table, "c", open={"S": "yes"}, sk={"S": "1"}),
                {"Update": {"TableName": table, "Key": key | {"pk": {"S": "b"}}, **fails}},
            ]
        )
    assert sorted(open_ones(client, table)) == ["a", "b"]
    client.update_item(TableName=table, Key=key, **closes)
    assert open_ones(client, table) == ["b"]
    assert open_ones(client, table, "no") == ["a"]


SORT_KEYS = ("a", "ab", "abc", "abd", "ac", "b", "ab\N{SNOWMAN}", "ab\N{GRINNING FACE}")
CONDITIONS = {
    "sk = :x": ["ab"],
    "sk = :y": ["ab", "ad"],
    "sk < :x": ["abc"],
    "sk <= :x": ["abc"],
    "sk > :x": ["ab"],
    "sk >= :x": ["ab"],
    "sk BETWEEN :x AND :y": ["ab", "ac"],
    "begins_with(sk, :x)": ["ab"],
    "begins_with(sk, :y)": ["ab", "b"],
    "begins_with (sk, :x)": ["zz"],
}


def pages(client, **asked):
    """The sort keys of each page, and where the page says that it ended."""
    start, told = {}, []
    while True:
        page = client.query(**asked, **start)
        last = page.get("LastEvaluatedKey")
        told.append(([item["sk"]["S"] for item in page["Items"]], page["ScannedCount"], last))
        if last is None:
            return told
        start = {"ExclusiveStartKey": last}


@pytest.mark.parametrize("partition", [{"pk": "a"}, {"open": "yes", "IndexName": "by-open"}], ids=list)
@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_query_pages_as_over_the_whole_partition(cloud, client, monkeypatch, partition, condition):
    table = cloud.table(**INDEX)
    for key in SORT_KEYS:
        for pk in "ab":
            client.put_item(TableName=table, Item={"pk": {"S": pk}, "sk": {"S": key}, "open": {"S": "yes"}})
    ((name, value), *index) = partition.items()
    values = dict(zip((":x", ":y"), CONDITIONS[condition], strict=False))
    asked = {
        "TableName": table,
        "KeyConditionExpression": f"#p = :p AND {condition}",
        "ExpressionAttributeNames": {"#p": name},
        "ExpressionAttributeValues": {":p": {"S": value}}
        | {x: {"S": v} for x, v in values.items() if x in condition},
        **dict(index),
    }
    ways = [
        {"ScanIndexForward": forward, "Limit": limit}
        for forward in (True, False)
        for limit in (1, 2, 3, 5, 50)
    ]
    short = [pages(client, **asked, **way) for way in ways]
    monkeypatch.setattr(queries, "_reached", lambda items, *_: items)
    assert short == [pages(client, **asked, **way) for way in ways]


def test_a_query_sorts_what_its_condition_lets_through_only(cloud, client, monkeypatch):
    table, seen, reached = cloud.table(), [], queries._reached
    for n in range(20):
        client.put_item(TableName=table, Item={"pk": {"S": "a"}, "sk": {"S": f"{n:02}"}})

    def noted(*asked):
        seen.append(reached(*asked))
        return seen[-1]

    monkeypatch.setattr(queries, "_reached", noted)
    values = {":p": {"S": "a"}, ":s": {"S": "05"}}
    client.query(
        TableName=table, KeyConditionExpression="pk = :p AND sk = :s", ExpressionAttributeValues=values
    )
    assert [len(each) for each in seen] == [2]  # itself, and one behind it


def test_an_expression_that_was_right_once_is_refused_where_it_is_wrong(cloud, client):
    table = cloud.table(keys=("pk",))

    def update(first, second, value):
        client.update_item(
            TableName=table,
            Key={"pk": {"S": "a"}},
            UpdateExpression="SET #a = :v, #b = #b + :v",
            ExpressionAttributeNames={"#a": first, "#b": second},
            ExpressionAttributeValues={":v": value},
        )

    client.put_item(TableName=table, Item={"pk": {"S": "a"}, "n": {"N": "1"}, "s": {"S": "text"}})
    update("m", "n", {"N": "2"})
    for wrong in (
        ("n", "n", {"N": "2"}),
        ("pk", "n", {"N": "2"}),
        ("m", "s", {"N": "2"}),
        ("m", "missing", {"N": "2"}),
        ("m", "n", {"S": "2"}),
    ):
        with pytest.raises(ClientError, match="ValidationException"):
            update(*wrong)
    update("m", "n", {"N": "3"})
    item = client.get_item(TableName=table, Key={"pk": {"S": "a"}})["Item"]
    assert item == {"pk": {"S": "a"}, "m": {"N": "3"}, "n": {"N": "6"}, "s": {"S": "text"}}


def test_an_expression_that_one_table_takes_is_refused_where_it_names_the_key(cloud, client):
    set_m = {"UpdateExpression": "SET m = :v", "ExpressionAttributeValues": {":v": {"S": "1"}}}
    client.update_item(TableName=cloud.table(keys=("pk",)), Key={"pk": {"S": "a"}}, **set_m)
    with pytest.raises(ClientError, match="ValidationException"):
        client.update_item(TableName=cloud.table(keys=("m",)), Key={"m": {"S": "a"}}, **set_m)

"""What the small mapper promises: preconditions with their own errors, contention met with patience."""

from itertools import count

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError
from hypothesis import given
from hypothesis import strategies as st

from partner_center.adapters.dynamodb import (
    Check,
    Database,
    Put,
    Update,
    from_attribute,
    from_item,
    to_attribute,
    to_item,
)
from partner_center.adapters.keys import Key
from partner_center.kernel.errors import TryAgain
from partner_center.kernel.patience import Patience

_numbers = count(1)
UNREACHABLE = "http://127.0.0.1:1"


class Refused(Exception):
    """Carries which action was refused, and the item that stood in its way."""

    def __init__(self, which, old):
        super().__init__(which)
        self.which, self.old = which, old


def refused(which):
    return lambda old: Refused(which, old)


@pytest.fixture
def table(tables):
    return tables.business


@pytest.fixture
def key():
    number = next(_numbers)
    return Key(f"pk{number}", "sk")


def beside(key, name):
    return Key(key.pk, name)


class Answering:
    """A client whose calls fail in the given ways before they reach the real one."""

    def __init__(self, client, *answers):
        self._client, self._answers, self.calls = client, list(answers), []

    def __getattr__(self, operation):
        def call(**parameters):
            self.calls.append(operation)
            answer = self._answers.pop(0) if self._answers else None
            if answer is not None:
                raise answer
            return getattr(self._client, operation)(**parameters)

        return call


def client_error(code, *reasons):
    response = {"Error": {"Code": code, "Message": code}}
    if reasons:
        response["CancellationReasons"] = [{"Code": reason} for reason in reasons]
    return ClientError(response, "Operation")


def impatient(client, pauses, attempts=3):
    return Database(client, Patience(attempts=attempts, sleep=pauses.append, jitter=lambda: 1.0))


# ---- values

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**37), 10**37)
    | st.text(max_size=40)
    | st.binary(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)


@given(values)
def test_a_value_comes_back_as_it_went(value):
    assert from_attribute(to_attribute(value)) == value


@given(st.dictionaries(st.text(min_size=1, max_size=20), values, max_size=6))
def test_an_item_comes_back_without_what_it_did_not_have(item):
    kept = {name: value for name, value in item.items() if value is not None}
    assert from_item(to_item(item)) == kept


@pytest.mark.parametrize(
    "value", [1.5, float("nan"), {1, 2}, object()], ids=["float", "nan", "set", "object"]
)
def test_what_has_no_loss_free_form_is_refused(value):
    with pytest.raises(TypeError, match="no DynamoDB form"):
        to_attribute(value)


# ---- single writes


def test_a_put_never_replaces(database, table, key):
    database.write(Put(table, key, {"text": "first"}, refused("put")))
    with pytest.raises(Refused) as caught:
        database.write(Put(table, key, {"text": "second"}, refused("put")))
    assert caught.value.old["text"] == "first"
    assert database.get(table, key)["text"] == "first"


def test_an_update_never_creates(database, table, key):
    with pytest.raises(Refused) as caught:
        database.write(Update(table, key, refused("update"), set={"text": "x"}))
    assert caught.value.old is None
    assert database.get(table, key) is None


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        (("number", "=", 7), True),
        (("number", "=", 8), False),
        (("number", "<>", 7), False),
        (("number", "<", 8), True),
        (("number", "<=", 7), True),
        (("number", ">", 7), False),
        (("number", ">=", 7), True),
        (("number", "absent"), False),
        (("number", "present"), True),
        (("other", "absent"), True),
        (("other", "present"), False),
        (("other", "=", 7), False),
        (("status", "=", "pending"), True),
    ],
    ids=str,
)
def test_an_update_holds_to_its_condition(database, table, key, condition, holds):
    """`status`, `number` and others are reserved words of DynamoDB: names always travel as aliases."""
    database.write(Put(table, key, {"number": 7, "status": "pending"}, refused("put")))
    update = Update(table, key, refused("update"), conditions=[condition], set={"status": "changed"})
    if holds:
        database.write(update)
    else:
        with pytest.raises(Refused) as caught:
            database.write(update)
        assert caught.value.old["number"] == 7
    assert database.get(table, key)["status"] == ("changed" if holds else "pending")


def test_an_update_sets_adds_and_removes(database, table, key):
    database.write(Put(table, key, {"left": 10, "gone": "x", "text": "a"}, refused("put")))
    database.write(
        Update(table, key, refused("update"), set={"text": "b"}, add={"left": -3, "used": 3}, remove=["gone"])
    )
    assert database.get(table, key) == {"pk": key.pk, "sk": key.sk, "left": 7, "used": 3, "text": "b"}


def test_replace_writes_whatever_was_there(database, table, key):
    for token in ("old", "new"):
        database.replace(table, key, {"token": token})
    assert database.get(table, key)["token"] == "new"


# ---- reading


def test_a_query_tells_where_the_next_page_begins(database, table, key):
    for number in range(5):
        database.write(Put(table, beside(key, f"ROW#{number}"), {"number": number}, refused("put")))
    database.write(Put(table, beside(key, "OTHER"), {"number": 99}, refused("put")))
    first, after = database.query(table, key.pk, "ROW#", limit=2)
    second, then = database.query(table, key.pk, "ROW#", limit=2, after=after)
    third, end = database.query(table, key.pk, "ROW#", limit=2, after=then)
    assert [item["number"] for item in first + second + third] == [0, 1, 2, 3, 4]
    assert end is None


def test_a_query_goes_backwards(database, table, key):
    for number in range(3):
        database.write(Put(table, beside(key, f"ROW#{number}"), {"number": number}, refused("put")))
    items, after = database.query(table, key.pk, "ROW#", limit=2, newest_first=True)
    rest, _ = database.query(table, key.pk, "ROW#", limit=2, newest_first=True, after=after)
    assert [item["number"] for item in items + rest] == [2, 1, 0]


def test_a_small_collection_is_read_whole_and_a_large_one_refused(database, table, key):
    for number in range(7):
        database.write(Put(table, beside(key, f"ROW#{number}"), {"number": number}, refused("put")))
    assert len(database.all_of(table, key.pk, "ROW#", at_most=8)) == 7
    with pytest.raises(TryAgain, match="more than 3"):
        database.all_of(table, key.pk, "ROW#", at_most=3)


def test_a_collection_without_a_bound_is_read_a_page_at_a_time_as_far_as_it_is_asked_for(
    database, table, key, monkeypatch
):
    for number in range(7):
        database.write(Put(table, beside(key, f"ROW#{number}"), {"number": number}, refused("put")))
    pages, query = [], database.query
    monkeypatch.setattr(
        database, "query", lambda *a, **more: pages.append(more["after"]) or query(*a, **more)
    )
    assert [item["number"] for item in database.every(table, key.pk, "ROW#", a_page=2)] == list(range(7))
    assert len(pages) == 4
    newest = database.every(table, key.pk, "ROW#", a_page=2, newest_first=True)
    assert [next(newest)["number"], next(newest)["number"]] == [6, 5]
    assert len(pages) == 5


# ---- transactions


def test_a_transaction_writes_all(database, table, key):
    database.write(Put(table, beside(key, "counted"), {"left": 5}, refused("put")))
    database.transact(
        [
            Put(table, key, {"text": "a"}, refused("put")),
            Update(table, beside(key, "counted"), refused("update"), [("left", ">=", 5)], add={"left": -5}),
        ]
    )
    assert database.get(table, key)["text"] == "a"
    assert database.get(table, beside(key, "counted"))["left"] == 0


@pytest.mark.parametrize("order", ["forwards", "backwards"])
def test_the_first_refused_action_names_the_error_and_nothing_is_written(database, table, key, order):
    database.write(Put(table, beside(key, "there"), {"text": "old"}, refused("setup")))
    actions = [
        Put(table, beside(key, "there"), {"text": "new"}, refused("put")),
        Check(table, beside(key, "missing"), refused("check"), [("status", "=", "pending")]),
        Update(table, beside(key, "there-not"), refused("update"), set={"text": "x"}),
    ]
    if order == "backwards":
        actions.reverse()
    good = Put(table, key, {"text": "a"}, refused("good"))
    with pytest.raises(Refused) as caught:
        database.transact([good, *actions])
    assert caught.value.which == ("put" if order == "forwards" else "update")
    assert (caught.value.old or {}).get("text") == ("old" if order == "forwards" else None)
    assert database.get(table, key) is None
    assert database.get(table, beside(key, "there"))["text"] == "old"


def test_a_check_writes_nothing(database, table, key):
    database.write(Put(table, key, {"status": "pending"}, refused("setup")))
    database.transact(
        [
            Check(table, key, refused("check"), [("status", "=", "pending")]),
            Put(table, beside(key, "new"), {}, refused("put")),
        ]
    )
    assert database.get(table, key) == {"pk": key.pk, "sk": key.sk, "status": "pending"}


# ---- contention and outages


def test_a_conflict_is_tried_again_until_it_ends(dynamodb, table, key, pauses):
    conflict = client_error("TransactionCanceledException", "TransactionConflict")
    client = Answering(dynamodb, conflict, conflict)
    impatient(client, pauses).transact([Put(table, key, {"text": "a"}, refused("put"))])
    assert Database(dynamodb).get(table, key)["text"] == "a"
    assert pauses == [0.025, 0.05]


def test_lasting_conflict_ends_in_try_again_with_nothing_written(database, table, key, pauses, contention):
    contention(1.0)
    with pytest.raises(TryAgain, match="nothing was written"):
        database.transact(
            [Put(table, key, {}, refused("put")), Put(table, beside(key, "b"), {}, refused("b"))]
        )
    contention(0.0)
    assert database.get(table, key) is None
    assert database.get(table, beside(key, "b")) is None
    assert pauses == [0.025 * 2**attempt for attempt in range(6)]


def test_a_single_write_meets_conflicts_with_the_same_patience(database, table, key, pauses, contention):
    contention(1.0)
    with pytest.raises(TryAgain, match="busy"):
        database.write(Put(table, key, {}, refused("put")))
    contention(0.0)
    assert database.get(table, key) is None
    assert len(pauses) == 6


def test_under_random_conflicts_every_count_arrives_once(database, table, key, contention):
    database.write(Put(table, key, {"number": 0}, refused("put")))
    contention(0.4, seed=7)
    arrived = 0
    for _ in range(40):
        try:
            database.transact([Update(table, key, refused("update"), add={"number": 1})])
        except TryAgain:
            continue
        arrived += 1
    contention(0.0)
    assert database.get(table, key)["number"] == arrived > 30


def test_a_refusal_beside_a_conflict_is_a_refusal(dynamodb, table, key, pauses):
    """The conflict may end; the broken condition is true already."""
    both = client_error("TransactionCanceledException", "TransactionConflict", "ConditionalCheckFailed")
    client = Answering(dynamodb, both)
    with pytest.raises(Refused) as caught:
        impatient(client, pauses).transact(
            [Put(table, key, {}, refused("first")), Put(table, beside(key, "b"), {}, refused("second"))]
        )
    assert caught.value.which == "second"
    assert pauses == []


@pytest.mark.parametrize(
    "code",
    [
        "ThrottlingException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "InternalServerError",
        "InternalFailure",
        "ServiceUnavailable",
        "TransactionInProgressException",
    ],
)
def test_throttling_is_waited_for(dynamodb, table, key, pauses, code):
    client = Answering(dynamodb, client_error(code))
    database = impatient(client, pauses)
    database.write(Put(table, key, {"text": "a"}, refused("put")))
    assert database.get(table, key)["text"] == "a"
    assert client.calls == ["put_item", "put_item", "get_item"]
    assert pauses == [0.025]


@pytest.mark.parametrize("status", [500, 502, 503, 599])
def test_a_balancer_that_answers_in_words_of_its_own_is_an_outage(dynamodb, table, key, pauses, status):
    """botocore takes the status for the code when the body is HTML, or empty."""
    told = {"Error": {"Code": str(status), "Message": ""}, "ResponseMetadata": {"HTTPStatusCode": status}}
    with pytest.raises(TryAgain):
        impatient(Answering(dynamodb, *[ClientError(told, "GetItem")] * 9), pauses).get(table, key)


@pytest.mark.parametrize("reason", ["ThrottlingError", "ProvisionedThroughputExceeded"])
def test_throttling_inside_a_transaction_is_waited_for(dynamodb, table, key, pauses, reason):
    client = Answering(dynamodb, client_error("TransactionCanceledException", reason))
    impatient(client, pauses).transact([Put(table, key, {"text": "a"}, refused("put"))])
    assert client.calls == ["transact_write_items", "transact_write_items"]


class Failing(Answering):
    """Its first transaction has its effect before DynamoDB fails."""

    def transact_write_items(self, **parameters):
        answer = self._client.transact_write_items(**parameters)
        self.calls.append("transact_write_items")
        if len(self.calls) == 1:
            raise client_error("InternalServerError")
        return answer


def test_a_transaction_that_had_its_effect_before_dynamodb_failed_is_not_refused_for_it(
    dynamodb, table, key, pauses
):
    client = Failing(dynamodb)
    impatient(client, pauses).transact([Put(table, key, {"text": "a"}, refused("put"))])
    assert client.calls == ["transact_write_items", "transact_write_items"]
    with pytest.raises(Refused):
        impatient(dynamodb, pauses).transact([Put(table, key, {"text": "a"}, refused("put"))])


def test_lasting_throttling_is_try_again(dynamodb, table, key, pauses):
    client = Answering(dynamodb, *[client_error("ThrottlingException")] * 3)
    with pytest.raises(TryAgain, match="busy"):
        impatient(client, pauses).get(table, key)


@pytest.mark.parametrize(
    "error",
    [
        ConnectTimeoutError(endpoint_url=UNREACHABLE),
        ReadTimeoutError(endpoint_url=UNREACHABLE),
        EndpointConnectionError(endpoint_url=UNREACHABLE),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_lost_connection_is_try_again(dynamodb, table, key, pauses, error):
    for use in (
        lambda database: database.get(table, key),
        lambda database: database.query(table, key.pk),
        lambda database: database.write(Put(table, key, {}, refused("put"))),
        lambda database: database.transact([Put(table, key, {}, refused("put"))]),
    ):
        with pytest.raises(TryAgain, match="did not answer"):
            use(impatient(Answering(dynamodb, error), pauses))


def test_our_own_mistakes_are_not_retried(dynamodb, table, key, pauses):
    client = Answering(dynamodb, client_error("ValidationException"))
    with pytest.raises(ClientError, match="ValidationException"):
        impatient(client, pauses).write(Put(table, key, {}, refused("put")))
    assert len(client.calls) == 1


@pytest.mark.parametrize(
    "code",
    [
        "AccessDeniedException",
        "ExpiredTokenException",
        "ResourceNotFoundException",
        "UnrecognizedClientException",
    ],
)
def test_what_a_deployment_lacks_is_no_fault_of_the_record_and_is_told_at_once(
    dynamodb, table, key, pauses, code
):
    """Whoever waits does so by the hour; to ask again within a second changes nothing."""
    for use in (
        lambda database: database.get(table, key),
        lambda database: database.query(table, key.pk),
        lambda database: database.write(Put(table, key, {}, refused("put"))),
        lambda database: database.transact([Put(table, key, {}, refused("put"))]),
    ):
        client = Answering(dynamodb, client_error(code))
        with pytest.raises(TryAgain, match=code):
            use(impatient(client, pauses))
        assert (len(client.calls), pauses) == (1, [])


def test_a_transaction_cancelled_for_an_unknown_reason_is_a_fault(dynamodb, table, key, pauses):
    client = Answering(dynamodb, client_error("TransactionCanceledException", "ValidationError"))
    with pytest.raises(ClientError):
        impatient(client, pauses).transact([Put(table, key, {}, refused("put"))])
    assert pauses == []

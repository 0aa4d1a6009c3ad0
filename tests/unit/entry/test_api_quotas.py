"""The door counts: every answer tells what is left, whoever is over waits, and nobody pays for another."""

import json

import pytest

from partner_center.accounts.api_keys import Role
from partner_center.accounts.staff import StaffRole
from partner_center.entry.api import Answer, Api, Door
from partner_center.kernel.errors import ContentRefused, NotFound, Problem, StateConflict, TryAgain
from tests.fakes.determined import FixedClock
from tests.fakes.http import MemoryApiKeys, an_http_event, send
from tests.fakes.quota import MemoryCounts, quotas
from tests.unit.entry.office import Office, refused

POLICY = '"key";q=3;w=60'
ELSEWHERE = "198.51.100.9"


@pytest.fixture
def office():
    return Office(key_quota=3, address_quota=2)


def told(answer):
    return answer.headers["ratelimit-policy"], answer.headers["ratelimit"]


def left(answer):
    """What the answer says is left."""
    return int(answer.headers["ratelimit"].split(";")[1].removeprefix("r="))


def window_of(answer):
    return int(answer.headers["ratelimit"].split(";")[2].removeprefix("t="))


# ---- what is told


def test_an_answer_tells_the_quota_and_what_is_left_of_it(office):
    answer = office.ask("GET", "/things")
    assert answer.headers["ratelimit-policy"] == POLICY
    assert answer.headers["ratelimit"] == f'"key";r=2;t={window_of(answer)}'
    assert 1 <= window_of(answer) <= 60


ANSWERS = {
    "content refused": (ContentRefused([Problem("a", "A.")]), 422),
    "conflict": (StateConflict("order_closed", "Closed.", "ord_1"), 409),
    "not found": (NotFound("No."), 404),
    "busy": (TryAgain("Busy."), 503),
    "a fault of ours": (RuntimeError("secret"), 500),
    "not to be written": (Answer(200, {"value": object()}), 500),
    "file": (Answer(200, b"bytes", {}, "application/zip"), 200),
}


@pytest.mark.parametrize(("said", "status"), ANSWERS.values(), ids=ANSWERS.keys())
def test_whatever_a_handler_says_the_quota_is_told(office, said, status):
    office.answer = said
    answer = office.ask("GET", "/things")
    assert answer.status == status
    assert (answer.headers["ratelimit-policy"], left(answer)) == (POLICY, 2)


REQUESTS = {
    "malformed body": (("POST", "/things", "{", {"content-type": "application/json"}), {}, 400),
    "repeated parameter": (("GET", "/things"), {"query": "a=1&a=2"}, 400),
    "unknown parameter": (("GET", "/things"), {"query": "a=1"}, 400),
    "another media type": (("POST", "/things", "x", {"content-type": "text/plain"}), {}, 415),
    "too large": (("POST", "/things", "x" * 300_000, {"content-type": "application/json"}), {}, 413),
    "an id of no table": (("POST", f"/things/{'x' * 300}/end"), {}, 404),
    "another role": (("GET", "/things/1"), {}, 403),
    "a reseller at the staff's": (("GET", "/v1/staff/things/1"), {}, 403),
}


@pytest.mark.parametrize(("asked", "more", "status"), REQUESTS.values(), ids=REQUESTS.keys())
def test_a_refusal_of_the_door_is_counted_and_tells_the_quota(office, asked, more, status):
    answer = office.ask(*asked, **more)
    assert answer.status == status
    assert (answer.headers["ratelimit-policy"], left(answer)) == (POLICY, 2)


def test_nothing_new_tells_the_quota_too(office):
    key = office.keys.header(Role.READ)
    etag = office.ask("GET", "/things/1", key=key).headers["etag"]
    answer = office.ask("GET", "/things/1", headers={"If-None-Match": etag}, key=key)
    assert (answer.status, left(answer)) == (304, 1)


def test_staff_have_a_quota_as_well(office):
    key = office.keys.staff_header(StaffRole.REVIEW)
    answers = [office.ask("GET", "/v1/staff/things/1", key=key) for _ in range(4)]
    assert [answer.status for answer in answers] == [200, 200, 200, 429]
    assert answers[0].headers["ratelimit-policy"] == POLICY


# ---- who is over


def test_whoever_is_over_waits_until_the_window_ends(office):
    answers = [office.ask("GET", "/things") for _ in range(5)]
    assert [answer.status for answer in answers] == [200, 200, 200, 429, 429]
    document = refused(answers[3], 429, "too_many_requests")
    seconds = window_of(answers[3])
    assert answers[3].headers["retry-after"] == str(seconds)
    assert document["detail"] == f"The quota of 3 requests in 60 s is used up; ask again in {seconds} s."
    assert told(answers[3]) == (POLICY, f'"key";r=0;t={seconds}')
    assert len(office.seen) == 3, "no handler was asked"
    office.clock.advance(seconds=seconds - 1)
    assert office.ask("GET", "/things").status == 429
    office.clock.advance(seconds=1)
    again = office.ask("GET", "/things")
    assert (again.status, told(again)) == (200, (POLICY, '"key";r=2;t=60'))


def test_all_requests_of_a_key_are_counted_together(office):
    admin = office.keys.header(Role.ADMIN)
    office.ask("GET", "/things", key=admin)
    office.ask("POST", "/things", {}, key=admin)
    office.ask("GET", "/things/1", key=admin, source=ELSEWHERE)
    refused(office.ask("GET", "/things", key=admin), 429, "too_many_requests")


def test_each_key_has_its_own_quota(office):
    for _ in range(4):
        office.ask("GET", "/things")
    assert office.ask("GET", "/things", key=office.keys.header()).status == 200


def test_over_comes_before_the_role_and_the_id(office):
    key = office.keys.header(Role.BILLING)
    statuses = [office.ask("GET", "/things/1", key=key).status for _ in range(4)]
    assert statuses == [403, 403, 403, 429]


# ---- bad keys


def test_a_bad_key_spends_nothing_of_its_owners(office):
    good = office.key["Authorization"]
    for _ in range(5):
        office.ask("GET", "/things", key={"Authorization": good[:-1] + "!"})
        office.ask("GET", "/things", key={"Authorization": good[:-4] + "AAAA"})
    assert left(office.ask("GET", "/things")) == 2


def test_a_flood_of_bad_keys_is_refused_by_where_it_comes_from(office):
    answers = [office.ask("GET", "/things", key={"Authorization": f"Bearer {number}"}) for number in range(4)]
    assert [answer.status for answer in answers] == [401, 401, 429, 429]
    assert told(answers[0]) == ('"address";q=2;w=60', f'"address";r=1;t={window_of(answers[0])}')
    refused(answers[2], 429, "too_many_requests")
    assert "www-authenticate" not in answers[2].headers
    assert office.ask("GET", "/things", key={}, source=ELSEWHERE).status == 401


def test_a_good_key_comes_in_from_where_a_flood_of_bad_ones_comes(office):
    for _ in range(5):
        office.ask("GET", "/things", key={})
    assert office.ask("GET", "/things").status == 200


def test_people_see_pages_from_where_a_flood_of_bad_keys_comes(office):
    for _ in range(5):
        office.ask("GET", "/things", key={})
    assert office.ask("GET", "/open", key={}).status == 200


@pytest.mark.parametrize(
    "header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "CF-Connecting-IP", "True-Client-IP"]
)
def test_what_a_client_says_of_its_address_is_not_believed(office, header):
    statuses = [
        office.ask("GET", "/open", headers={header: f"203.0.113.{number}"}, key={}).status
        for number in range(3)
    ]
    assert statuses == [200, 200, 429]


def test_a_path_that_no_route_reads_costs_whoever_tries(office):
    answers = [office.ask("GET", "/nothing") for _ in range(3)]
    assert [answer.status for answer in answers] == [404, 404, 429]


# ---- public routes


def test_public_routes_are_counted_by_address(office):
    answers = [office.ask("GET", "/open", key={}) for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 429]
    refused(answers[2], 429, "too_many_requests")
    assert answers[2].headers["ratelimit-policy"] == '"address";q=2;w=60'
    assert len(office.seen) == 2


@pytest.mark.parametrize(
    ("sources", "statuses"),
    [
        (["192.0.2.7", "192.0.2.7", "192.0.2.7"], [200, 200, 429]),
        (["192.0.2.7", "192.0.2.8", "192.0.2.9"], [200, 200, 200]),
        (["2001:db8::1", "2001:db8::2", "2001:db8::ffff:1"], [200, 200, 429]),
        (["2001:db8::1", "2001:db8:0:1::1", "2001:db8:0:2::1"], [200, 200, 200]),
        (["192.0.2.7", "::ffff:192.0.2.7", "::ffff:c000:207"], [200, 200, 429]),
        (["nonsense", "", "x" * 10_000], [200, 200, 429]),
    ],
    ids=["one", "three", "one /64", "three /64s", "one in two forms", "unreadable"],
)
def test_an_address_counts_by_its_network(office, sources, statuses):
    assert [office.ask("GET", "/open", key={}, source=source).status for source in sources] == statuses


@pytest.mark.parametrize("quota", [1, 100], ids=["over", "not over"])
def test_the_answer_to_head_has_no_body(quota):
    office = Office(address_quota=quota)
    for _ in range(2):
        answer = office.ask("HEAD", "/open", key={})
    assert (answer.status, answer.text) == (429 if quota == 1 else 200, "")
    assert "ratelimit" in answer.headers


def test_where_people_look_the_refusal_is_a_page():
    door = Door(MemoryApiKeys(), FixedClock(), quotas(address=1))
    page = Answer(429, "<h1>Wait</h1>", {"Retry-After": "9"}, "text/html")
    api = Api(lambda: door, lambda _: page)
    api.public("GET", "/open")(lambda request: Answer(200, "<h1>Hello</h1>", {}, "text/html"))
    send(api, an_http_event("GET", "/open"))
    answer = send(api, an_http_event("GET", "/open"))
    assert (answer.status, answer.text, answer.headers["content-type"]) == (429, page.body, "text/html")
    assert answer.headers["retry-after"] == "9"
    assert left(answer) == 0


# ---- the counter is out


def test_when_the_counter_is_out_everybody_comes_in_and_it_is_logged(office, logged):
    office.counts.out = "TryAgain: The database is busy."
    answers = [office.ask("GET", "/things") for _ in range(9)]
    assert {answer.status for answer in answers} == {200}
    assert answers[0].headers["ratelimit-policy"] == POLICY
    assert "ratelimit" not in answers[0].headers, "nobody knows what is left"
    line = json.loads(logged.getvalue().splitlines()[0])
    assert (line["message"], line["level"]) == ("requests are not counted", "WARNING")
    assert line["reason"] == "TryAgain: The database is busy."
    office.counts.out = None
    assert left(office.ask("GET", "/things")) == 2


def test_when_the_counter_is_out_a_bad_key_is_a_bad_key(office):
    office.counts.out = "TryAgain: The database is busy."
    refused(office.ask("GET", "/things", key={}), 401, "unauthenticated")


def test_when_keys_cannot_be_read_nothing_is_counted(office, monkeypatch):
    def out(_):
        raise TryAgain("The database did not answer.")

    monkeypatch.setattr(office.keys, "find", out)
    answer = office.ask("GET", "/things")
    assert answer.status == 503
    assert office.counts.counted == {}


def test_one_counter_serves_several_functions():
    keys, counts = MemoryApiKeys(), MemoryCounts()
    one, other = (Office(keys, counts=counts, key_quota=2) for _ in range(2))
    key = keys.header()
    statuses = [office.ask("GET", "/things", key=key).status for office in (one, other, one, other)]
    assert statuses == [200, 200, 429, 429]

"""Stripe's HTTP API: every class of answer, what is asked again and how, and no secret in any word of ours."""

import threading
import time
from itertools import count

import pytest

from partner_center.adapters import stripe_http
from partner_center.adapters.stripe_http import API_VERSION, Limits, StripeHttp
from partner_center.kernel.errors import TryAgain
from tests.adapters.hostile_server import answer
from tests.adapters.stripe_world import LOST, SECRET, an_error, replied


def test_a_post_is_a_form_with_key_version_and_secret(stripe):
    stripe.replies = [replied({"id": "x"})]
    answered = stripe.http().post("/v1/things", {"amount": "1", "metadata[order_id]": "a&b c"}, "key-1")
    (asked,) = stripe.asked
    assert answered.body == {"id": "x"}
    assert (asked.method, asked.path, asked.fields) == (
        "POST",
        "/v1/things",
        {"amount": "1", "metadata[order_id]": "a&b c"},
    )
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
    assert asked.headers["authorization"] == f"Bearer {SECRET}"
    assert asked.headers["stripe-version"] == API_VERSION
    assert asked.key == "key-1"


def test_a_get_has_a_query_and_no_key(stripe):
    stripe.replies = [replied({"id": "x"})]
    stripe.http().get("/v1/things/x", {"expand[]": "latest_charge"})
    assert (stripe.asked[0].query, stripe.asked[0].key) == ({"expand[]": "latest_charge"}, None)


TOLD = {
    "done": replied({"id": "x"}),
    "refused": an_error(400, code="parameter_invalid_empty"),
    "declined": an_error(402, type="card_error", code="card_declined"),
    "unknown": an_error(404, code="resource_missing"),
}


@pytest.mark.parametrize("reply", TOLD.values(), ids=TOLD.keys())
def test_an_answer_that_decides_is_told_at_once(stripe, reply):
    stripe.replies = [reply]
    assert stripe.http().post("/v1/things", {}, "key-1").status == reply.status
    assert len(stripe.asked) == 1


# What is answered at every try, and how often it is asked.
UNDECIDED = {
    "a lost answer": (LOST, 3),
    "a fault of Stripe's": (an_error(500, type="api_error"), 3),
    "a bad gateway": (replied(b"<html>", 502), 3),
    "a fault that must not be asked again": (replied({}, 500, Stripe_Should_Retry="false"), 1),
    "the same request under way": (an_error(409, code="idempotency_key_in_use"), 3),
    "too many requests": (an_error(429, code="rate_limit"), 1),
    "no permission": (an_error(403), 1),
    "a dependency of Stripe's": (an_error(424), 1),
    "a redirect": (replied({}, 302, Location="https://example.com/"), 1),
    "no JSON": (replied(b"<html>OK</html>"), 3),
    "no object": (replied([1]), 3),
    "nothing": (replied(b""), 3),
    "not UTF-8": (replied(b"\xff\xfe{"), 3),
    "too deep": (replied(b"[" * 100_000), 3),
    "too large": (replied(b'{"a": "' + b"x" * stripe_http.LARGEST_ANSWER + b'"}'), 3),
}


@pytest.mark.parametrize(("reply", "times"), UNDECIDED.values(), ids=UNDECIDED.keys())
def test_an_answer_that_decides_nothing_is_asked_for_a_few_times_and_then_given_up(stripe, reply, times):
    stripe.replies = [reply] * 5
    with pytest.raises(TryAgain) as caught:
        stripe.http().post("/v1/things", {"a": "b"}, "key-1")
    assert [asked.key for asked in stripe.asked] == ["key-1"] * times
    assert len(stripe.pauses) == times - 1
    assert SECRET not in str(caught.value) + repr(caught.value.__cause__)


@pytest.mark.parametrize("trouble", [LOST, an_error(500), an_error(409), replied(b"{")], ids=range(4))
def test_a_second_try_that_is_answered_is_success(stripe, trouble):
    stripe.replies = [trouble, replied({"id": "x"})]
    assert stripe.http().post("/v1/things", {}, "key-1").body == {"id": "x"}


def test_a_fault_that_is_repeated_with_its_key_is_asked_anew_under_another(stripe):
    stripe.replies = [replied({}, 500, Idempotent_Replayed="true"), replied({"id": "x"})]
    assert stripe.http().post("/v1/things", {}, "key-1").body == {"id": "x"}
    assert [asked.key for asked in stripe.asked] == ["key-1", "key-1-2"]
    assert stripe.pauses == []


def test_faults_repeated_under_every_key_are_given_up(stripe):
    stripe.replies = [replied({}, 500, Idempotent_Replayed="true")] * 20
    with pytest.raises(TryAgain):
        stripe.http().post("/v1/things", {}, "key-1")
    assert len(stripe.asked) == 6


REFUSALS = {400: "balance_insufficient", 402: "card_declined", 404: "resource_missing"}


def repeated(status):
    return replied({"error": {"code": REFUSALS[status]}}, status, Idempotent_Replayed="true")


@pytest.mark.parametrize("status", REFUSALS)
def test_a_refusal_that_is_repeated_with_its_key_is_asked_about_anew_where_that_was_said(stripe, status):
    stripe.replies = [repeated(status), replied({"id": "x"})] * 2
    assert stripe.http().post("/v1/things", {}, "key-1", anew=True).body == {"id": "x"}
    assert [asked.key for asked in stripe.asked] == ["key-1", "key-1-2"]
    stripe.asked.clear()
    assert stripe.http().post("/v1/things", {}, "key-1").status == status
    assert [asked.key for asked in stripe.asked] == ["key-1"]


@pytest.mark.parametrize("status", REFUSALS)
def test_a_refusal_of_this_moment_decides(stripe, status):
    stripe.replies = [repeated(400), an_error(status), replied({"id": "x"})]
    assert stripe.http().post("/v1/things", {}, "key-1", anew=True).status == status
    assert [asked.key for asked in stripe.asked] == ["key-1", "key-1-2"]


def test_refusals_repeated_under_every_key_are_told(stripe):
    stripe.replies = [repeated(400)] * 20
    answered = stripe.http().post("/v1/things", {}, "key-1", anew=True)
    assert (answered.status, answered.replayed, len(stripe.asked)) == (400, True, 4)


def test_what_was_done_and_is_repeated_is_not_asked_for_anew(stripe):
    stripe.replies = [replied({"id": "x"}, Idempotent_Replayed="true")]
    assert stripe.http().post("/v1/things", {}, "key-1", anew=True).replayed
    assert len(stripe.asked) == 1


def test_a_repeated_answer_is_known_as_such(stripe):
    stripe.replies = [replied({"id": "x"}, Idempotent_Replayed="true")]
    assert stripe.http().post("/v1/things", {}, "key-1").replayed


def test_an_exchanged_secret_is_read_afresh_once(stripe):
    stripe.secrets = ["sk_test_old", "sk_test_new"]
    stripe.replies = [an_error(401), replied({"id": "x"})]
    assert stripe.http().get("/v1/things").body == {"id": "x"}
    assert [asked.headers["authorization"] for asked in stripe.asked] == [
        "Bearer sk_test_old",
        "Bearer sk_test_new",
    ]
    stripe.replies = [an_error(401)] * 5
    with pytest.raises(TryAgain):
        stripe.http().get("/v1/things")
    assert len(stripe.asked) == 4


def test_an_answer_that_does_not_come_in_time_is_given_up(stripe):
    gone = threading.Event()

    def late():
        gone.wait(5)
        return replied({})

    stripe.replies = [late]
    with pytest.raises(TryAgain):
        stripe.http(read_seconds=0.05, tries=1).get("/v1/things")
    gone.set()


def test_nothing_is_begun_when_the_time_is_over(stripe):
    stripe.replies = [an_error(500)] * 5
    moments = iter([0.0, 0.0, 0.0, 99.0, 99.0, 99.0, 99.0])
    http = StripeHttp(
        stripe.url, stripe.secret, Limits(), stripe.pauses.append, monotonic=lambda: next(moments)
    )
    with pytest.raises(TryAgain):
        http.get("/v1/things")
    assert len(stripe.asked) == 1


@pytest.mark.parametrize(("left", "asked"), [(0.9, 0), (-5.0, 0), (1.0, 1), (60.0, 3)])
def test_nothing_is_asked_when_it_is_too_late_for_whoever_waits(stripe, left, asked):
    """The time passes as it is looked at."""
    stripe.replies = [an_error(500)] * 5
    passed = count(step=0.4)
    http = StripeHttp(
        stripe.url,
        stripe.secret,
        Limits(),
        stripe.pauses.append,
        monotonic=lambda: next(passed),
        left=lambda: left,
    )
    with pytest.raises(TryAgain):
        http.post("/v1/things", {}, "key-1")
    assert len(stripe.asked) == asked


def test_what_is_left_bounds_a_request_of_which_nothing_comes(stripe):
    gone = threading.Event()

    def late():
        gone.wait(20)
        return replied({})

    stripe.replies = [late]
    http = StripeHttp(stripe.url, stripe.secret, Limits(tries=1), left=lambda: 1.0)
    began = time.monotonic()
    with pytest.raises(TryAgain):
        http.get("/v1/things")
    assert time.monotonic() - began < 9  # without it the limit of a read: ten seconds
    gone.set()


def test_half_an_answer_is_none(serve_web):
    server = serve_web(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}")
    with pytest.raises(TryAgain):
        StripeHttp(f"http://{server.address}", lambda _: SECRET, Limits(tries=1)).get("/v1/things")


def test_a_body_that_drips_is_cut_off(serve_web):
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n"
    server = serve_web(lambda _, peer: (peer.send(head), peer.drip(b" " * 10_000, 0.01)))
    http = StripeHttp(f"http://{server.address}", lambda _: SECRET, Limits(seconds=0.1, tries=1))
    with pytest.raises(TryAgain):
        http.get("/v1/things")


def test_a_server_without_a_good_certificate_is_told_nothing(serve_web):
    server = serve_web(answer(b"{}"))
    with pytest.raises(TryAgain):
        StripeHttp(f"https://{server.address}", lambda _: SECRET, Limits(tries=1)).get("/v1/things")
    assert server.asked == []


def test_where_nobody_listens_there_is_no_answer(stripe):
    stripe.close()
    with pytest.raises(TryAgain, match="did not answer"):
        stripe.http().get("/v1/things")

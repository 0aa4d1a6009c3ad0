"""The domains of an order, as read: every name of its present content, with its evidence and its end."""

import json
from dataclasses import replace

import pytest

from partner_center.catalog.products import load_catalog
from partner_center.orders.content import ChosenMethod, Method
from partner_center.orders.order import LONGEST_PENDING, Closed, CloseReason, OrderKind, OrderStatus
from partner_center.validation.caa_refusal import CaaRefusal, CaaRefusals
from partner_center.validation.challenges import VALUE_LIFETIME, Attempt, ChallengeStatus
from partner_center.validation.publishing import Publishing
from partner_center.validation.standing import standing
from partner_center.validation.view import DomainsView, domains_as_json
from tests.fakes.determined import NOW
from tests.fakes.samples import (
    APPROVER,
    a_challenge,
    a_content,
    a_day,
    a_head,
    a_proof,
    a_second,
    an_order,
    asked_of,
)

NAMES = ("www.example.com", "*.example.com", "example.org")


VIEW = DomainsView(Publishing(load_catalog(), "https://partners.example.net"))


def order(**head):
    return an_order(a_head(**head), a_content(*NAMES, methods=asked_of(*NAMES)))


def seen(challenges=(), proofs=(), moment=NOW, **head):
    asked = order(**head)
    items = domains_as_json(asked, standing(asked, challenges, proofs, moment), VIEW, moment)
    assert json.loads(json.dumps(items)) == items
    return {item["name"]: item for item in items}


def test_every_name_of_the_order_is_there_in_its_order():
    assert list(seen()) == list(NAMES)


def test_a_name_without_a_challenge_yet_is_pending():
    assert seen()["www.example.com"] == {
        "name": "www.example.com",
        "method": "email",
        "status": "pending",
        "authorization_domain": "example.com",
        "shared_with": ["*.example.com"],
        "approver_email": APPROVER,
        "attempts": [],
        "next_action": None,
        "valid_until": None,
        "evidence": None,
    }


def test_a_mailed_name_tells_when_and_until_when():
    item = seen([a_challenge(*NAMES)])["*.example.com"]
    assert (item["status"], item["authorization_domain"]) == ("pending", "example.com")
    assert item["sent_at"] == "2026-11-23T10:00:00Z"
    assert item["expires_at"] == "2026-12-23T10:00:00Z"
    assert item["valid_until"] is item["evidence"] is None
    assert item["attempts"] == []


ENDS_EARLIER = {
    "a reissue, with its order's term": {"kind": OrderKind.REISSUE, "term_to": NOW + 5 * a_day},
    "an order, ninety days after it was placed": {"placed_at": NOW + 5 * a_day - LONGEST_PENDING},
}


@pytest.mark.parametrize("head", ENDS_EARLIER.values(), ids=ENDS_EARLIER)
def test_a_link_that_ends_with_its_order_is_told_to_end_then(head):
    item = seen([a_challenge(*NAMES)], **head)["www.example.com"]
    assert item["expires_at"] == "2026-11-28T10:00:00Z"


def test_no_secret_of_the_link_is_shown():
    shown = json.dumps(seen([a_challenge(*NAMES, token="secret-1")]))
    assert "secret-1" not in shown
    assert "token" not in shown
    assert a_challenge().token_sha256 not in shown


def test_a_link_of_thirty_days_reads_as_expired():
    challenges = [a_challenge(*NAMES)]
    assert seen(challenges, moment=NOW + VALUE_LIFETIME)["www.example.com"]["status"] == "expired"
    assert seen(challenges, moment=NOW + VALUE_LIFETIME - a_second)["www.example.com"]["status"] == "pending"


@pytest.mark.parametrize(
    ("status", "word"),
    [(ChallengeStatus.VALID, "approved"), (ChallengeStatus.DECLINED, "declined")],
)
def test_an_answer_is_an_attempt_with_its_time(status, word):
    attempt = Attempt(NOW + a_day, status, f"{APPROVER} {word} the request.")
    challenge = a_challenge(*NAMES, status=status, decided_at=NOW + a_day, attempts=(attempt,))
    proofs = [a_proof(challenge)] if status is ChallengeStatus.VALID else []
    item = seen([challenge], proofs)["www.example.com"]
    assert item["status"] == status
    assert item["attempts"] == [
        {
            "at": "2026-11-24T10:00:00Z",
            "result": status,
            "detail": f"{APPROVER} {word} the request.",
            "perspectives": [],
        }
    ]


def test_a_valid_name_shows_its_evidence_and_how_long_it_carries():
    challenge = a_challenge(*NAMES, status=ChallengeStatus.VALID, decided_at=NOW)
    item = seen([challenge], [a_proof(challenge)])["www.example.com"]
    assert item["evidence"] == {
        "method": "email",
        "br_section": "3.2.2.4.4",
        "authorization_domain": "example.com",
        "perspectives": [],
        "quorum": None,
        "dnssec": None,
        "checked_at": "2026-11-23T10:00:00Z",
        "caa": None,
    }
    assert item["valid_until"] == "2027-03-15T00:00:00Z"  # that day's rules leave it 100 days, and it has 112


def test_names_of_different_challenges_have_each_their_own():
    first = a_challenge("www.example.com", "*.example.com", status=ChallengeStatus.VALID, decided_at=NOW)
    second = a_challenge(
        "example.org", token="token-2", approver_email="admin@example.org", authorization_domain="example.org"
    )
    items = seen([first, second], [a_proof(first)])
    assert [items[name]["status"] for name in NAMES] == ["valid", "valid", "pending"]
    assert items["example.org"]["approver_email"] == "admin@example.org"
    assert items["example.org"]["evidence"] is None


def test_what_was_asked_before_an_amendment_is_not_shown():
    old = a_challenge(*NAMES)
    new = replace(a_challenge(*NAMES, token="token-2", round=2), sent_at=None)
    item = seen([old, new], round=2)["www.example.com"]
    assert (item["status"], item["sent_at"], item["evidence"]) == ("pending", None, None)


def test_what_was_proven_before_an_amendment_stays_valid():
    old = a_challenge(*NAMES, status=ChallengeStatus.VALID, decided_at=NOW)
    item = seen([old], [a_proof(old)], round=2)["www.example.com"]
    assert (item["status"], item["authorization_domain"]) == ("valid", "example.com")


def test_a_proof_of_another_order_of_the_same_customer_carries_the_name():
    item = seen([], [a_proof(a_challenge(order_id="ord_0"))])["www.example.com"]
    assert (item["status"], item["evidence"]["authorization_domain"]) == ("valid", "example.com")


def test_a_proof_that_has_grown_too_old_is_expired():
    challenge = a_challenge(*NAMES, status=ChallengeStatus.VALID, decided_at=NOW)
    item = seen([challenge], [a_proof(challenge)], moment=NOW + 300 * a_day)["www.example.com"]
    assert (item["status"], item["evidence"]) == ("expired", None)


def test_a_refusal_stands_after_an_amendment():
    old = a_challenge(*NAMES, status=ChallengeStatus.DECLINED, decided_at=NOW)
    assert seen([old], round=2)["www.example.com"]["status"] == "declined"


CAA = {
    "name": "www.example.com",
    "allowed": False,
    "reason": "caa_method_not_listed",
    "br_section": "3.2.2.4.4",
    "found_at": "example.com",
    "records": ['0 issue "geotrust.com; validationmethods=ca-tbr-7"'],
    "failed": [],
    "quorum": "0/6",
    "dnssec": "insecure",
    "checked_at": "2026-11-23T10:00:00Z",
    "valid_until": None,
}
SECRET = {
    "judged": ["3.2.2.4.4"],
    "permitted": ["3.2.2.4.7"],
    "proof_id": "prf_1",
    "account_uri": "https://x",
}


def test_what_caa_said_is_shown_with_the_proof():
    view = replace(VIEW, caa={"www.example.com": CAA | SECRET})
    asked = order()
    found = standing(asked, [], [a_proof(a_challenge(*NAMES))], NOW)
    item, *_ = domains_as_json(asked, found, view, NOW)
    assert item["evidence"]["caa"] == {name: value for name, value in CAA.items() if name != "name"}


def test_a_preflight_of_former_days_lacks_what_was_not_kept_then():
    kept = {name: CAA[name] for name in ("name", "allowed", "reason", "found_at", "quorum", "dnssec")}
    asked = order()
    found = standing(asked, [], [a_proof(a_challenge(*NAMES))], NOW)
    item, *_ = domains_as_json(asked, found, replace(VIEW, caa={"www.example.com": kept}), NOW)
    assert item["evidence"]["caa"]["records"] is None
    assert item["evidence"]["caa"]["reason"] == "caa_method_not_listed"


REFUSAL = CaaRefusal("www.example.com", "example.com", frozenset({"3.2.2.4.4"}), ("3.2.2.4.7",))
CANCELLED = {
    "status": OrderStatus.CANCELLED,
    "closed": Closed(NOW, "key:key_1", CloseReason.REQUESTED),
}


@pytest.mark.parametrize(
    ("head", "advised"), [({}, True), (CANCELLED, False), ({"signing": True}, False)], ids=str
)
def test_a_name_that_caa_permits_by_another_method_says_what_to_do(head, advised):
    asked = order(**head)
    refusals = CaaRefusals(NOW, {"www.example.com": REFUSAL})
    found = standing(asked, [], [a_proof(a_challenge(*NAMES))], NOW, refusals)
    items = {item["name"]: item for item in domains_as_json(asked, found, VIEW, NOW)}
    assert items["www.example.com"]["status"] == "valid"
    assert items["www.example.com"]["next_action"] == (REFUSAL.advice if advised else None)
    assert items["*.example.com"]["next_action"] is None


def test_the_latest_attempt_comes_first():
    tries = [
        Attempt(NOW + n * a_second, ChallengeStatus.FAILED, str(n), (("x", "refused"),)) for n in range(3)
    ]
    item = seen([a_challenge(*NAMES, attempts=tuple(tries))])["www.example.com"]
    assert [each["detail"] for each in item["attempts"]] == ["2", "1", "0"]
    assert item["attempts"][0]["perspectives"] == [{"id": "x", "result": "refused"}]


def published(**changes):
    name = "www.example.com"
    asked = {"method": "dns_txt", "approver_email": "", "authorization_domain": name, "value": "a" * 32}
    return a_challenge(name, **asked | changes)


PUBLISH = {
    "while it serves": ({}, {}, NOW, True),
    "not once it has expired": ({}, {}, NOW + VALUE_LIFETIME, False),
    "not once it failed": ({"status": ChallengeStatus.FAILED}, {}, NOW, False),
    "not of a cancelled order": ({}, CANCELLED, NOW, False),
    "not while it is signed": ({}, {"signing": True}, NOW, False),
}


@pytest.mark.parametrize(("challenge", "head", "moment", "shown"), PUBLISH.values(), ids=PUBLISH)
def test_what_is_to_be_published_is_shown_while_it_serves(challenge, head, moment, shown):
    methods = {"www.example.com": ChosenMethod(method=Method.DNS_TXT)}
    asked = an_order(a_head(**head), a_content("www.example.com", methods=methods))
    found = standing(asked, [published(**challenge)], [], moment)
    (item,) = domains_as_json(asked, found, VIEW, moment)
    assert ("publish" in item) is shown


def test_what_is_proven_needs_no_publishing():
    methods = {"www.example.com": ChosenMethod(method=Method.DNS_TXT)}
    asked = an_order(a_head(), a_content("www.example.com", methods=methods))
    found = standing(asked, [published()], [a_proof(a_challenge())], NOW)
    (item,) = domains_as_json(asked, found, VIEW, NOW)
    assert "publish" not in item

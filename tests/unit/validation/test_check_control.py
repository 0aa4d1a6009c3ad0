"""Checking what is published: by each method, what proves control, what does not, and what the proof says."""

from datetime import timedelta

import pytest

from partner_center.validation.challenges import ChallengeStatus
from partner_center.validation.dns import Dnssec, FailureKind, RecordType
from partner_center.validation.looks import FILE_PATH, Hop, PageSeen, PageTrouble
from tests.fakes.determined import NOW
from tests.fakes.perspectives import PRIMARY, REMOTES, SeenWorld
from tests.fakes.samples import ORDER, THEM, US, a_contract
from tests.unit.validation.publisher import PUBLISHED, Publisher, a_page, by, put

LABEL, PERSIST = "_partner-center.example.com", "_validation-persist.example.com"
SECTIONS = {
    "dns_txt": "3.2.2.4.7",
    "dns_cname": "3.2.2.4.7",
    "http_file": "3.2.2.4.18",
    "dns_persist": "3.2.2.4.22",
}
every_method = pytest.mark.parametrize("method", PUBLISHED)


# ---- not there


@every_method
def test_what_is_not_published_proves_nothing_and_is_told(method):
    desk = Publisher(method=method)
    desk.check()
    assert (desk.challenge.status, desk.proofs) == (ChallengeStatus.PENDING, [])
    assert desk.attempt.result is ChallengeStatus.FAILED
    assert dict(desk.attempt.votes) == dict.fromkeys(
        ["eu-west-1", "eu-central-1", "ap-south-1", "us-west-2", "sa-east-1", "ap-northeast-1"], "refused"
    )
    assert "domain.proven" not in [event.type for event in desk.tables.events.values()]


FILE_URL = f"http://example.com{FILE_PATH}"
WRONG = {
    "dns_txt": (
        SeenWorld({(LABEL, RecordType.TXT): (b"k5xw6ylsmzzgk4tboqqhi2djonqw42lo",)}),
        "something else",
    ),
    "dns_cname": (
        SeenWorld({(LABEL, RecordType.CNAME): ("k5xw6ylsmzzgk4tboqqhi2djonqw42lo.dcv.geotrust.com",)}),
        "something else",
    ),
    "http_file": (SeenWorld(pages={"example.com": a_page(FILE_URL, b"hello")}), "something else"),
    "dns_persist": (
        SeenWorld({(PERSIST, RecordType.TXT): (b"other-ca.org; accounturi=https://other-ca.org/1",)}),
        "names other CAs only",
    ),
}


@every_method
def test_another_value_proves_nothing_and_the_reseller_reads_what_to_do(method):
    desk = Publisher(method=method)
    desk.perspectives.world, told = WRONG[method]
    desk.check()
    assert desk.proofs == []
    assert told in desk.attempt.detail
    assert desk.domains()["example.com"]["attempts"][0]["detail"] == desk.attempt.detail


@every_method
def test_the_value_of_one_order_proves_nothing_for_another(method):
    """Each request has a value of its own; only the persistent record, which is the subscriber's, has none."""
    desk = Publisher(method=method)
    desk.place(by(method, "example.com"), order_id="ord_2", subscriber="lineage:ord_2")
    desk.publish(order_id="ord_2")
    desk.check()
    assert desk.proofs == []


# ---- there


@every_method
def test_what_is_published_to_the_letter_is_a_proof(method):
    desk = Publisher(method=method)
    desk.clock.advance(hours=3)
    desk.publish()
    desk.check()
    proof = desk.proof
    assert (proof.method, proof.br_section) == (method, SECTIONS[method])
    assert (proof.authorization_domain, proof.names) == ("example.com", ("example.com",))
    assert (proof.reseller_id, proof.subscriber, proof.order_id) == (US, "customer:c-1", ORDER)
    assert (proof.by, proof.checked_at) == ("system", NOW + timedelta(hours=3))
    assert (desk.challenge.status, desk.challenge.proof_id) == (ChallengeStatus.VALID, proof.proof_id)
    assert (desk.challenge.challenge_id, desk.challenge.due_at) == (proof.challenge_id, None)
    assert desk.domains()["example.com"]["status"] == "valid"


@every_method
def test_a_proof_leaves_an_event_and_an_audit_record(method):
    desk = Publisher(method=method)
    desk.publish()
    desk.check()
    (event,) = (each for each in desk.tables.events.values() if each.type == "domain.proven")
    assert event.data == {
        "reseller_id": US,
        "order_id": ORDER,
        "challenge_id": desk.challenge.challenge_id,
        "attempt": 1,
        "revision": 1,
    }
    assert event.correlation_id == "request-1"
    (audit,) = (each for each in desk.tables.audit.values() if each.action == "domain.proven")
    assert audit.actor == "system"
    assert audit.facts == {
        "challenge_id": desk.challenge.challenge_id,
        "authorization_domain": "example.com",
        "method": method,
        "names": "example.com",
        "attempt_id": desk.records[0].attempt_id,
        "quorum": "6/6",
        "proof_id": desk.proof.proof_id,
    }


FOUND_AT = {"dns_txt": LABEL, "dns_cname": LABEL, "http_file": FILE_URL, "dns_persist": PERSIST}


@every_method
def test_the_evidence_says_who_saw_it_where_and_how_the_zone_is_signed(method):
    desk = Publisher(method=method)
    desk.publish()
    desk.seen.dnssec = Dnssec.SECURE
    desk.check()
    evidence = desk.proof.evidence
    assert evidence["attempt_id"] == desk.records[0].attempt_id
    assert evidence["found_at"] == FOUND_AT[method]
    assert evidence["dnssec"] == "secure"
    assert evidence["quorum"] == "6/6"
    assert evidence["perspectives"][0] == {
        "id": "eu-west-1",
        "region": "eu-west-1",
        "registry": "ripe",
        "result": "passed",
    }
    assert {each["id"] for each in evidence["perspectives"]} == {site for site, _ in desk.attempt.votes}
    shown = desk.domains()["example.com"]["evidence"]
    assert (shown["br_section"], shown["quorum"], shown["dnssec"]) == (
        SECTIONS[method],
        "6/6",
        evidence["dnssec"],
    )


def test_the_age_of_a_proof_runs_from_the_first_look_and_not_from_its_end():
    desk = Publisher()
    desk.publish()
    desk.perspectives.before = lambda: desk.clock.advance(seconds=50)
    desk.check()
    assert desk.proof.checked_at == desk.attempt.at == NOW
    assert desk.proof.completed_at == desk.challenge.decided_at == NOW + timedelta(seconds=50)


@pytest.mark.parametrize("method", ["dns_txt", "dns_cname", "dns_persist"])
def test_a_name_its_wildcard_and_what_is_below_share_one_value_and_one_proof(method):
    desk = Publisher("example.com", "*.example.com", "a.b.example.com", method=method)
    shown = desk.domains()
    assert len({str(item["publish"]) for item in shown.values()}) == 1
    assert shown["example.com"]["shared_with"] == ["*.example.com", "a.b.example.com"]
    desk.publish("example.com")
    desk.check()
    assert [item["status"] for item in desk.domains().values()] == ["valid"] * 3
    assert len(desk.perspectives.asked) == 1


def test_files_are_looked_for_at_each_name_and_prove_each_alone():
    desk = Publisher("example.com", "www.example.com", method="http_file")
    desk.publish("example.com")
    desk.check()
    assert {name: item["status"] for name, item in desk.domains().items()} == {
        "example.com": "valid",
        "www.example.com": "pending",
    }


def test_the_value_may_stand_at_the_bare_name_as_well():
    desk = Publisher()
    value = desk.domains()["example.com"]["publish"]["value"]
    desk.seen.records["example.com", RecordType.TXT] = (b"v=spf1 -all", value.encode())
    desk.check()
    assert desk.proof.evidence["found_at"] == "example.com"


# ---- the persistent record


def test_a_record_of_another_subscriber_of_the_same_reseller_proves_nothing():
    desk = Publisher(method="dns_persist")
    desk.place(by("dns_persist", "example.com"), order_id="ord_2", subscriber="customer:c-2")
    desk.publish(order_id="ord_2")
    desk.check()
    assert desk.proofs == []
    assert "names another account" in desk.attempt.detail


def test_a_record_of_another_reseller_s_customer_of_the_same_number_proves_nothing():
    desk = Publisher(method="dns_persist")
    desk.world.stores.grant(a_contract(10, reseller_id=THEM))
    desk.place(by("dns_persist", "example.com"), order_id="ord_2", reseller_id=THEM)
    put(desk.domains("ord_2", THEM)["example.com"]["publish"], desk.seen)
    desk.check()
    assert desk.proofs == []
    desk.check(order_id="ord_2", reseller_id=THEM)
    assert [proof.reseller_id for proof in desk.proofs] == [THEM]


def test_one_persistent_record_serves_every_order_of_its_subscriber():
    desk = Publisher(method="dns_persist")
    desk.publish()
    desk.place(by("dns_persist", "example.com"), order_id="ord_2")
    desk.check(order_id="ord_2")
    assert desk.proof.order_id == "ord_2"


def test_a_record_without_policy_proves_no_wildcard():
    desk = Publisher(method="dns_persist")
    record = desk.domains()["example.com"]["publish"]
    desk.place(by("dns_persist", "example.com", "*.example.com"), order_id="ord_2")
    put(record, desk.seen)
    desk.check(order_id="ord_2")
    assert desk.proofs == []
    (attempt,) = (each for each in desk.records if each.order_id == "ord_2")
    assert "Add policy=wildcard" in attempt.attempt.detail


def test_names_below_are_covered_only_if_all_who_agree_saw_that_the_record_says_so():
    """One perspective's view of the network alone must not widen what the owner permits."""
    desk = Publisher(method="dns_persist")
    narrow = desk.publish()
    wide = SeenWorld()
    record = dict(desk.domains()["example.com"]["publish"])
    put(record | {"value": record["value"] + "; policy=wildcard"}, wide)
    desk.perspectives.world = wide
    desk.elsewhere("sa-east-1", world=narrow)
    desk.check()
    assert (desk.proof.evidence["quorum"], desk.proof.below) == ("6/6", False)


def test_a_name_that_is_given_the_method_later_is_asked_for_with_the_rest():
    desk = Publisher("example.com", "*.example.com")
    desk.choose(by("dns_persist", "example.com") | by("dns_txt", "*.example.com"))
    before = desk.domains()["example.com"]["publish"]["value"]
    desk.choose(by("dns_persist", "example.com", "*.example.com"))
    record = desk.domains()["*.example.com"]["publish"]
    assert record["value"] == f"{before}; policy=wildcard"
    put(record, desk.seen)
    desk.check(["*.example.com"])
    assert [item["status"] for item in desk.domains().values()] == ["valid", "valid"]


# ---- scope and sight


@every_method
def test_a_proof_for_a_sub_domain_is_none_for_its_parent(method):
    """A proof for a sub-domain once issued for its parent (2015)."""
    desk = Publisher("a.example.com", method=method)
    desk.publish()
    desk.check()
    desk.place(by(method, "example.com"), order_id="ord_2")
    assert desk.domains("ord_2")["example.com"]["status"] == "pending"
    assert desk.domains("ord_2")["example.com"]["evidence"] is None


ECHOES = {
    "the path in the body": (f"you asked for {FILE_PATH}".encode(), 200),
    "the value and more": (b"<p>{value}</p>", 200),
    "the value with a 404": (b"{value}", 404),
    "the value with a 302": (b"{value}", 302),
    "nothing": (b"", 200),
}


@pytest.mark.parametrize(("body", "status"), ECHOES.values(), ids=ECHOES)
def test_a_page_that_is_not_the_value_and_nothing_else_with_2xx_proves_nothing(body, status):
    """Pages that echo the requested path once passed (2017)."""
    desk = Publisher(method="http_file")
    value = desk.domains()["example.com"]["publish"]["body"].encode()
    desk.seen.pages["example.com"] = a_page(FILE_URL, body.replace(b"{value}", value), status)
    desk.check()
    assert desk.proofs == []


def test_a_redirect_that_carries_the_value_proves_nothing():
    desk = Publisher(method="http_file")
    value = desk.domains()["example.com"]["publish"]["body"]
    echo = f"https://echo.example.net/?say={value}"
    desk.seen.pages["example.com"] = a_page(echo, value.encode(), by_way_of=(FILE_URL,))
    desk.check()
    assert desk.proofs == []
    assert "with the value in it" in desk.attempt.detail


def test_a_value_behind_a_cname_at_the_bare_name_proves_nothing():
    """Whoever owns the target is not the owner of the name."""

    class Aliased(SeenWorld):
        def lookup(self, name, record_type):
            answer = super().lookup(name, record_type)
            if name != "example.com":
                return answer
            return type(answer)(name, record_type, (value.encode(),), 60, answer.dnssec, aliases=("cdn.net",))

    desk = Publisher()
    value = desk.domains()["example.com"]["publish"]["value"]
    desk.perspectives.world = Aliased()
    desk.check()
    assert desk.proofs == []
    assert "is a CNAME, and what stands behind it does not count" in desk.attempt.detail


UNLEARNT = {
    "a bogus zone": ("dns_txt", SeenWorld(dnssec=Dnssec.BOGUS)),
    "a time-out": ("dns_txt", SeenWorld({(LABEL, RecordType.TXT): FailureKind.TIMEOUT})),
    "a failing name server": ("dns_cname", SeenWorld({(LABEL, RecordType.CNAME): FailureKind.SERVFAIL})),
    "our own resolver": ("dns_persist", SeenWorld({(PERSIST, RecordType.TXT): FailureKind.UNREACHABLE})),
    "our own resolver, for a file": (
        "http_file",
        SeenWorld(
            pages={"example.com": PageSeen((Hop(FILE_URL, None, None),), trouble=PageTrouble.RESOLVER_FAILED)}
        ),
    ),
    "a probe that made no request": (
        "http_file",
        SeenWorld(pages={"example.com": PageSeen((), trouble=PageTrouble.TIMEOUT)}),
    ),
}


@pytest.mark.parametrize(("method", "world"), UNLEARNT.values(), ids=UNLEARNT)
def test_where_nothing_was_learnt_the_attempt_stays_open(method, world):
    desk = Publisher(method=method)
    desk.perspectives.world = world
    desk.check()
    assert (desk.attempt.result, desk.challenge.status) == (ChallengeStatus.PENDING, ChallengeStatus.PENDING)
    assert {vote for _, vote in desk.attempt.votes} == {"not_answered"}
    assert desk.records[0].reason == "primary_not_answered"


def test_a_value_in_a_bogus_answer_is_never_permission():
    desk = Publisher()
    desk.publish()
    desk.seen.dnssec = Dnssec.BOGUS
    desk.check()
    assert desk.proofs == []
    assert "DNSSEC shows" in desk.attempt.detail
    assert desk.records[0].observations[0].dnssec == "bogus"


def test_a_method_that_is_chosen_again_is_looked_at_by_itself_again():
    """While another was chosen nobody looked for its record."""
    desk = Publisher()
    desk.choose(by("http_file", "example.com"))
    desk.check()
    (txt,) = [each for each in desk.challenges if each.method == "dns_txt"]
    assert txt.due_at is None
    desk.choose(by("dns_txt", "example.com"))
    (txt,) = [each for each in desk.challenges if each.method == "dns_txt"]
    assert txt.due_at == desk.clock.moment
    desk.publish()
    desk.world.begin_due_checks()
    assert desk.proof.method == "dns_txt"


@pytest.mark.parametrize("seconds", [None, 18.0])
def test_a_check_that_somebody_waits_for_has_so_long_and_takes_what_was_seen_by_then(seconds):
    desk = Publisher()
    desk.publish()
    desk.perspectives.trouble = {REMOTES[0]: "out_of_time"}
    desk.world.check_control(US, ORDER, "request-1", None, seconds)
    assert desk.perspectives.allowed == [seconds]
    assert (desk.attempt.result, dict(desk.attempt.votes)[REMOTES[0]]) == ("valid", "not_answered")


def test_a_look_that_somebody_asked_for_puts_off_none_that_is_due():
    desk = Publisher()
    due = desk.challenge.due_at
    for number in range(12):
        desk.world.check_control(US, ORDER, f"request-{number}", None, 18.0)
    assert (desk.challenge.checks, desk.challenge.due_at) == (12, due)
    desk.check()
    assert desk.challenge.due_at == desk.clock.moment + timedelta(minutes=1)
    desk.check()
    assert desk.challenge.due_at == desk.clock.moment + timedelta(minutes=2)


@pytest.mark.parametrize(
    ("trouble", "minutes"),
    [
        ({}, 32),
        (dict.fromkeys([PRIMARY, *REMOTES], "out_of_time"), 1),
        (dict.fromkeys(REMOTES[:1], "out_of_time"), 32),
    ],
    ids=["nothing", "all", "one"],
)
def test_looks_that_failed_for_our_own_trouble_lengthen_no_pause(trouble, minutes):
    """One perspective may be missing: the world said no all the same."""
    desk = Publisher()
    desk.perspectives.trouble = trouble
    for _ in range(5):
        desk.check()
    desk.perspectives.trouble = {}
    desk.check()
    assert desk.challenge.due_at == desk.clock.moment + timedelta(minutes=minutes)

"""What is kept of a CAA check: enough to reach its verdict again, and never more than an item can hold."""

import json
from hashlib import sha256

import pytest

from partner_center.validation.caa import CaaReason
from partner_center.validation.caa_everywhere import CaaRequest, check_caa_everywhere
from partner_center.validation.caa_evidence import caa_evidence, in_zone_form
from partner_center.validation.dns import CaaRecord, Dnssec, FailureKind
from partner_center.validation.perspectives import Unseen, UnseenReason
from tests.fakes.determined import FixedClock
from tests.fakes.perspectives import PRIMARY, REMOTES, MemoryPerspectives, SeenThrough
from tests.unit.validation.caa_world import (
    ACCOUNT,
    CHECKED_AT,
    OTHER,
    OURS,
    US,
    ScriptedResolver,
    answer,
    caa,
    failure,
)

NAME = "www.example.com"
MAIL, RECORD, FILE = "3.2.2.4.4", "3.2.2.4.7", "3.2.2.4.18"
PERMITTED = {
    "name": NAME,
    "allowed": True,
    "reason": "caa_authorized",
    "found_at": NAME,
    "dnssec": "secure",
    "quorum": "6/6",
    "votes": dict.fromkeys((PRIMARY, *sorted(REMOTES)), "passed"),
    "agreement": "corroborated",
    "br_section": RECORD,
    "judged": [RECORD],
    "permitted": [],
    "account_uri": ACCOUNT,
    "issuer_domains": list(OURS),
    "records": ['0 issue "ca.example-ca.net"'],
    "records_left_out": 0,
    "failed": [],
    "failed_left_out": 0,
    "iodef": [],
    "checked_at": "2026-11-23T12:00:00Z",
    "valid_until": "2026-11-23T20:00:00Z",
}


def evidence(*proven, provable=(), regions=None, unseen=None, **world):
    more = {"unseen": unseen or {}} | ({} if regions is None else {"regions": regions})
    perspectives = MemoryPerspectives(SeenThrough(ScriptedResolver(**world)), **more)
    request = CaaRequest(NAME, proven or (RECORD,), ACCOUNT, provable)
    (result,) = check_caa_everywhere([request], perspectives.everywhere(), OURS, FixedClock(CHECKED_AT))
    found = caa_evidence(result)
    assert json.loads(json.dumps(found)) == found
    return found


def test_a_permission_is_kept_with_its_records_method_account_and_times():
    found = evidence(www_example_com=answer(NAME, caa(US), dnssec=Dnssec.SECURE))
    assert found == PERMITTED


def test_a_refusal_is_kept_with_what_was_judged_and_what_would_have_passed():
    found = evidence(
        MAIL,
        FILE,
        provable=(RECORD, FILE, MAIL),
        example_com=answer(
            "example.com", caa(f"{US}; validationmethods=ca-tbr-7"), caa("iodef mailto:sec@example.com")
        ),
    )
    assert found == PERMITTED | {
        "allowed": False,
        "reason": "caa_method_not_listed",
        "found_at": "example.com",
        "dnssec": "insecure",
        "quorum": "0/6",
        "votes": dict.fromkeys((PRIMARY, *sorted(REMOTES)), "refused"),
        "agreement": "primary_refused",
        "br_section": MAIL,
        "judged": [MAIL, FILE],
        "permitted": [RECORD],
        "records": [
            '0 issue "ca.example-ca.net; validationmethods=ca-tbr-7"',
            '0 iodef "mailto:sec@example.com"',
        ],
        "iodef": ["mailto:sec@example.com"],
        "valid_until": None,
    }


def test_nothing_seen_is_kept_as_that():
    found = evidence(regions=())
    assert found == PERMITTED | {
        "allowed": False,
        "reason": "caa_not_seen",
        "found_at": None,
        "dnssec": None,
        "quorum": None,
        "votes": {},
        "agreement": "no_perspective",
        "records": [],
        "valid_until": None,
    }


def test_an_answer_that_is_too_large_is_kept_as_that():
    unseen = dict.fromkeys([PRIMARY, *REMOTES], Unseen(UnseenReason.TOO_LARGE))
    found = evidence(unseen=unseen)
    assert (found["allowed"], found["reason"], found["agreement"]) == (
        False,
        "caa_too_large",
        "primary_refused",
    )
    assert set(found["votes"].values()) == {"refused"}


FAILURES = {
    "pardoned, and nothing above": (
        {"www_example_com": failure(NAME)},
        "caa_failure_pardoned",
        [(NAME, "servfail", 2, True, True)],
    ),
    "pardoned, and a permission above": (
        {
            "www_example_com": failure(NAME, kind=FailureKind.TIMEOUT),
            "example_com": answer("example.com", caa(US)),
        },
        "caa_authorized",
        [(NAME, "timeout", 2, True, True)],
    ),
    "pardoned, and a refusal above": (
        {"www_example_com": failure(NAME), "example_com": answer("example.com", caa(OTHER))},
        "caa_issuer_not_listed",
        [(NAME, "servfail", 2, True, True)],
    ),
    "pardoned twice": (
        {"www_example_com": failure(NAME), "example_com": failure("example.com")},
        "caa_failure_pardoned",
        [(NAME, "servfail", 2, True, True), ("example.com", "servfail", 2, True, True)],
    ),
    "pardoned, then one that may not be": (
        {"www_example_com": failure(NAME), "example_com": failure("example.com", kind=FailureKind.BOGUS)},
        "caa_lookup_failed",
        [(NAME, "servfail", 2, True, True), ("example.com", "bogus", 2, True, False)],
    ),
    "not retried": (
        {"www_example_com": failure(NAME, attempts=1)},
        "caa_lookup_failed",
        [(NAME, "servfail", 1, True, False)],
    ),
    "a signed zone": (
        {"www_example_com": failure(NAME, unsigned=False)},
        "caa_lookup_failed",
        [(NAME, "servfail", 2, False, False)],
    ),
}


@pytest.mark.parametrize(("world", "reason", "failed"), FAILURES.values(), ids=FAILURES)
def test_every_failed_look_up_is_kept_and_whether_it_was_pardoned(world, reason, failed):
    found = evidence(**world)
    assert (found["reason"], found["allowed"]) == (reason, CaaReason(reason).permits)
    fields = ("name", "failure", "attempts", "zone_unsigned", "pardoned")
    assert [tuple(each[field] for field in fields) for each in found["failed"]] == failed


ZONE_FORMS = {
    "as published": (caa("issue a.org; x=1"), '0 issue "a.org; x=1"'),
    "critical, in the case it has": (caa("IsSue ;", 128), '128 IsSue ";"'),
    "empty": (caa("issue "), '0 issue ""'),
    "quotes and backslashes": (caa('iodef a"b\\c'), '0 iodef "a\\"b\\\\c"'),
    "control characters": (CaaRecord(0, "issue", b"a\r\n\x00b"), '0 issue "a\\013\\010\\000b"'),
    "octets that are no ASCII": (CaaRecord(0, "issue", b"\xff\x7f"), '0 issue "\\255\\127"'),
}


@pytest.mark.parametrize(("record", "text"), ZONE_FORMS.values(), ids=ZONE_FORMS)
def test_a_record_is_kept_printable_and_without_loss(record, text):
    assert in_zone_form(record) == text


def test_of_a_very_long_record_the_beginning_and_the_digest_are_kept():
    record = caa("issue " + "a" * 60_000)
    text = in_zone_form(record)
    assert text.startswith('0 issue "aaa')
    assert text.endswith(sha256(record.value).hexdigest())
    assert len(text) < 600


@pytest.mark.parametrize(
    ("decides", "told"),
    [
        (caa(US), '0 issue "ca.example-ca.net"'),
        (caa("issuewild CA.Example-CA.net"), '0 issuewild "CA.Example-CA.net"'),
        (caa("tbs x", 128), '128 tbs "x"'),
    ],
    ids=["for us", "for us, in capitals", "critical"],
)
def test_a_crowd_of_records_hides_none_that_decides(decides, told):
    crowd = [caa(f"{tag} {number}.{'x' * 90}.org") for number in range(100) for tag in ("issue", "tbs")]
    found = evidence(www_example_com=answer(NAME, *crowd, decides, *crowd))
    assert found["records"][0] == told
    assert len(found["records"]) + found["records_left_out"] == 401
    assert sum(map(len, found["records"])) <= 2000


def test_the_same_records_are_kept_alike_in_whichever_order_they_are_answered():
    records = [caa(OTHER), caa("issue a.org"), caa("tbs x"), caa("iodef mailto:a@b.org")]
    one = evidence(www_example_com=answer(NAME, *records))
    other = evidence(www_example_com=answer(NAME, *records[::-1]))
    assert one["records"] == other["records"]


def test_the_records_for_others_are_kept_before_those_that_restrict_nobody():
    crowd = [caa(f"tbs {number}.{'x' * 90}") for number in range(100)]
    found = evidence(www_example_com=answer(NAME, *crowd, caa(OTHER)))
    assert found["records"][0] == '0 issue "other-ca.org"'


def test_the_evidence_of_a_hundred_names_in_a_hostile_zone_fits_into_an_item():
    name = f"{'a.' * 100}{'b' * 40}.example.com"
    dead = [".".join(name.split(".")[number:]) for number in range(5)]
    hostile = [CaaRecord(255, "tbs", bytes(range(128, 248))) for _ in range(200)]
    targets = [caa(f"iodef https://{'x' * 240}.org/{number}") for number in range(5)]
    resolver = ScriptedResolver(example_com=answer("example.com", *hostile, *targets))
    resolver.by_name |= {each: failure(each) for each in dead}
    perspectives = MemoryPerspectives(SeenThrough(resolver))
    request = CaaRequest(name, (MAIL, FILE, RECORD), ACCOUNT, (MAIL, FILE, RECORD))
    (result,) = check_caa_everywhere([request], perspectives.everywhere(), OURS, FixedClock(CHECKED_AT))
    for names in (1, 20, 100):
        found = caa_evidence(result, names)
        assert found["records_left_out"] > 0
        assert len(found["failed"]) + found["failed_left_out"] == 5
        assert found["iodef"]
        assert names * len(json.dumps(found)) < 360_000


def test_of_many_failures_as_many_are_kept_as_there_is_room_for():
    world = {"www_example_com": failure(NAME), "example_com": failure("example.com")}
    perspectives = MemoryPerspectives(SeenThrough(ScriptedResolver(**world, com=failure("com"))))
    (result,) = check_caa_everywhere(
        [CaaRequest(NAME, (MAIL,))], perspectives.everywhere(), OURS, FixedClock(CHECKED_AT)
    )
    assert (len(caa_evidence(result)["failed"]), caa_evidence(result)["failed_left_out"]) == (3, 0)
    crowded = caa_evidence(result, 300)
    assert (len(crowded["failed"]), crowded["failed_left_out"]) == (1, 2)

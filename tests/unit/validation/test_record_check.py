"""The verdict on TXT and CNAME records: one exact record, at the right place, told so that it can be mended."""

from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from partner_center.validation.control_methods import looks_for
from partner_center.validation.control_verdict import ControlReason, Expected
from partner_center.validation.dns import Answer, CaaRecord, Dnssec, FailureKind, Rcode, RecordType
from partner_center.validation.looks import CaaSeen, PageSeen, RecordsLook, RecordsSeen
from partner_center.validation.record_check import judge_records
from tests.unit.validation.control_world import (
    ADN,
    EXPECTED,
    ISSUER,
    NOW,
    VALUE,
    failed,
    judge_cname,
    judge_persistent,
    judge_txt,
    seen,
)

PROPERTY = settings(max_examples=100, deadline=None, derandomize=True, database=None)

EXACT = VALUE.encode()
SPF = b"v=spf1 -all"
TARGET = f"{VALUE}.dcv.{ISSUER}"

# ---- TXT

TEXTS = {
    "at the underscore label": ([EXACT], [], ControlReason.SHOWN),
    "at the bare name": ([], [SPF, EXACT], ControlReason.SHOWN),
    "at both": ([EXACT], [EXACT], ControlReason.SHOWN),
    "one of several records": ([b"x", EXACT, b"y"], [], ControlReason.SHOWN),
    "nowhere": ([], [], ControlReason.NOTHING_PUBLISHED),
    "only what usually stands at the bare name": (
        [],
        [SPF, b"google-site=x"],
        ControlReason.NOTHING_PUBLISHED,
    ),
    "another value": ([VALUE[::-1].encode()], [], ControlReason.OTHER_VALUE),
    "within a longer record": ([b"value=" + EXACT], [], ControlReason.OTHER_VALUE),
    "quotes that were published": ([b'"' + EXACT + b'"'], [], ControlReason.OTHER_VALUE),
    "a blank behind": ([EXACT + b" "], [], ControlReason.OTHER_VALUE),
    "a line feed behind": ([EXACT + b"\n"], [], ControlReason.OTHER_VALUE),
    "a NUL behind": ([EXACT + b"\0"], [], ControlReason.OTHER_VALUE),
    "capitals": ([EXACT.upper()], [], ControlReason.OTHER_VALUE),
    "a part of it": ([EXACT[:-1]], [], ControlReason.OTHER_VALUE),
    "an empty record": ([b""], [], ControlReason.OTHER_VALUE),
    "octets outside ASCII": ([b"\xff" * 32], [], ControlReason.OTHER_VALUE),
    "64 KB": ([b"a" * 65_000], [], ControlReason.OTHER_VALUE),
    "split over two records": ([EXACT[:16], EXACT[16:]], [], ControlReason.OTHER_VALUE),
}


@pytest.mark.parametrize(("at_label", "bare", "reason"), TEXTS.values(), ids=TEXTS.keys())
def test_one_whole_txt_record_is_the_value(at_label, bare, reason):
    verdict = judge_txt(at_label, bare)
    assert verdict.reason is reason
    assert verdict.passed is (reason is ControlReason.SHOWN)
    assert verdict.completed
    assert verdict.detail.endswith(".")


@PROPERTY
@given(st.one_of(st.binary(max_size=80), st.text(max_size=80).map(str.encode)))
@example(EXACT)
@example(EXACT + b"\xe2\x80\x8b")
def test_no_value_but_the_exact_one_passes(record):
    assert judge_txt([record], [record]).passed is (record == EXACT)


def test_another_order_has_another_value():
    other = replace(EXPECTED, value=VALUE[::-1])
    assert not judge_txt([EXACT], expected=other).passed


@pytest.mark.parametrize("value", ["", " ", "a" * 22, VALUE.upper()])
def test_a_value_that_could_be_met_by_chance_is_never_looked_for(value):
    for judge in (judge_txt, judge_cname):
        with pytest.raises(ValueError, match="random value"):
            judge(expected=replace(EXPECTED, value=value))


def test_a_cname_is_followed_at_the_underscore_label_only():
    label, bare = looks_for("dns_txt", ADN)
    delegated = seen(label, EXACT, aliases=("dcv.hoster.net",))
    assert judge_records("dns_txt", (delegated, seen(bare)), EXPECTED, NOW).passed
    parked = judge_txt(bare=[EXACT], aliases=("parking.hoster.net",))
    assert parked.reason is ControlReason.ONLY_THROUGH_ALIAS
    assert "_partner-center.example.com" in parked.detail


def test_what_was_found_says_where():
    assert judge_txt([EXACT], [EXACT]).found_at == "_partner-center.example.com"
    assert judge_txt([], [EXACT]).found_at == "example.com"
    assert judge_txt([], []).found_at is None
    assert judge_txt([EXACT]).below


# ---- CNAME

ALIASES = {
    "the target": ([TARGET], ControlReason.SHOWN),
    "names have no case": ([TARGET.upper()], ControlReason.SHOWN),
    "no alias": ([], ControlReason.NOTHING_PUBLISHED),
    "a wildcard in the zone that points to a constant": ([f"dcv.{ISSUER}"], ControlReason.OTHER_VALUE),
    "another value": ([f"{VALUE[::-1]}.dcv.{ISSUER}"], ControlReason.OTHER_VALUE),
    "the value under another CA": ([f"{VALUE}.dcv.other-ca.org"], ControlReason.OTHER_VALUE),
    "an issuer domain that was not told": ([f"{VALUE}.dcv.second.net"], ControlReason.OTHER_VALUE),
    "the value alone": ([VALUE], ControlReason.OTHER_VALUE),
    "more behind the target": ([f"{TARGET}.evil.org"], ControlReason.OTHER_VALUE),
    "more before the target": ([f"x.{TARGET}"], ControlReason.OTHER_VALUE),
    "two targets": ([TARGET, "other.net"], ControlReason.OTHER_VALUE),
    "the same target twice": ([TARGET, TARGET], ControlReason.OTHER_VALUE),
    "a letter that only folds to the right one": ([TARGET.replace("k", "\u212a")], ControlReason.OTHER_VALUE),
    "the root": ([""], ControlReason.OTHER_VALUE),
}


@pytest.mark.parametrize(("targets", "reason"), ALIASES.values(), ids=ALIASES.keys())
def test_the_cname_has_exactly_the_target(targets, reason):
    verdict = judge_cname(*targets)
    assert verdict.reason is reason
    assert verdict.passed is (reason is ControlReason.SHOWN)


def test_a_target_reached_through_another_cname_shows_nothing():
    assert judge_cname(TARGET, aliases=("hop.hoster.net",)).reason is ControlReason.OTHER_VALUE


def test_our_issuer_domain_has_no_case():
    assert judge_cname(TARGET, expected=replace(EXPECTED, issuer_domains=(ISSUER.upper(),))).passed


def test_a_value_in_a_txt_record_is_no_cname():
    assert judge_cname(EXACT).reason is ControlReason.NOTHING_PUBLISHED


@PROPERTY
@given(st.text(max_size=80))
def test_no_target_but_the_exact_one_passes(target):
    assert judge_cname(target).passed is (target.isascii() and target.lower() == TARGET)


# ---- DNSSEC and failed look-ups


@pytest.mark.parametrize("dnssec", [Dnssec.SECURE, Dnssec.INSECURE])
def test_the_evidence_says_whether_dnssec_secured_what_was_relied_on(dnssec):
    label, bare = looks_for("dns_txt", ADN)
    sightings = (seen(label, EXACT, dnssec=dnssec), seen(bare))
    assert judge_records("dns_txt", sightings, EXPECTED, NOW).dnssec is dnssec


def test_a_refusal_is_secure_only_if_every_answer_was():
    label, bare = looks_for("dns_txt", ADN)
    both = (seen(label, dnssec=Dnssec.SECURE), seen(bare, dnssec=Dnssec.SECURE))
    assert judge_records("dns_txt", both, EXPECTED, NOW).dnssec is Dnssec.SECURE
    one = (seen(label, dnssec=Dnssec.SECURE), seen(bare))
    assert judge_records("dns_txt", one, EXPECTED, NOW).dnssec is Dnssec.INSECURE


@pytest.mark.parametrize("method", ["dns_txt", "dns_cname", "dns_persist"])
@pytest.mark.parametrize("as_answer", [True, False], ids=["marked", "failed"])
def test_bogus_never_passes(method, as_answer):
    record = {"dns_cname": TARGET}.get(method, EXACT)
    looks = looks_for(method, ADN)
    first = seen(looks[0], record, dnssec=Dnssec.BOGUS) if as_answer else failed(looks[0], FailureKind.BOGUS)
    verdict = judge_records(method, (first, *(seen(look, record) for look in looks[1:])), EXPECTED, NOW)
    assert (verdict.reason, verdict.passed, verdict.completed) == (ControlReason.BOGUS, False, False)
    assert verdict.dnssec is Dnssec.BOGUS


@pytest.mark.parametrize("kind", [kind for kind in FailureKind if kind is not FailureKind.BOGUS])
def test_a_failed_look_up_is_neither_yes_nor_no(kind):
    label, bare = looks_for("dns_txt", ADN)
    verdict = judge_records("dns_txt", (failed(label, kind), failed(bare, kind)), EXPECTED, NOW)
    assert (verdict.reason, verdict.passed, verdict.completed) == (ControlReason.LOOKUP_FAILED, False, False)
    assert verdict.dnssec is None
    assert ("name servers" in verdict.detail) is kind.outside


def test_our_own_trouble_beside_theirs_is_not_told_as_theirs():
    label, bare = looks_for("dns_txt", ADN)
    both = (failed(label), failed(bare, FailureKind.UNREACHABLE))
    assert "name servers" not in judge_records("dns_txt", both, EXPECTED, NOW).detail


def test_what_failed_may_have_held_the_value():
    label, bare = looks_for("dns_txt", ADN)
    assert not judge_records("dns_txt", (failed(label), seen(bare, SPF)), EXPECTED, NOW).completed
    assert not judge_records("dns_txt", (seen(label, b"x"), failed(bare)), EXPECTED, NOW).completed


def test_a_failure_beside_the_value_takes_nothing_away():
    label, bare = looks_for("dns_txt", ADN)
    assert judge_records("dns_txt", (seen(label, EXACT), failed(bare)), EXPECTED, NOW).passed
    assert judge_records("dns_txt", (failed(label), seen(bare, EXACT)), EXPECTED, NOW).passed


# ---- what may be judged

LABEL, BARE = looks_for("dns_txt", ADN)
MISFITS = {
    "too few": ("dns_txt", [seen(LABEL, EXACT)]),
    "too many": ("dns_txt", [seen(LABEL, EXACT), seen(BARE), seen(BARE)]),
    "in the wrong order": ("dns_txt", [seen(BARE, EXACT), seen(LABEL, EXACT)]),
    "for another name": (
        "dns_txt",
        [seen(RecordsLook("_partner-center.evil.org", RecordType.TXT), EXACT), seen(BARE)],
    ),
    "a failure for another name": (
        "dns_txt",
        [failed(RecordsLook("evil.org", RecordType.TXT)), seen(BARE, EXACT)],
    ),
    "of another type": ("dns_cname", [seen(LABEL, EXACT)]),
    "a page": ("dns_txt", [PageSeen(()), seen(BARE, EXACT)]),
    "a climb": ("dns_txt", [seen(LABEL, EXACT), CaaSeen(None)]),
    "none": ("dns_txt", []),
    "a file has another judge": ("http_file", [PageSeen(())]),
    "a file, by nothing": ("http_file", []),
    "e-mail": ("email", []),
}


@pytest.mark.parametrize(("method", "sightings"), MISFITS.values(), ids=MISFITS.keys())
def test_sightings_of_something_else_are_not_judged(method, sightings):
    with pytest.raises(ValueError):  # noqa: PT011
        judge_records(method, sightings, EXPECTED, NOW)


def test_a_ca_without_issuer_domain_expects_nothing():
    with pytest.raises(ValueError, match="issuer domain"):
        Expected(authorization_domain=ADN, issuer_domains=(), value=VALUE)


# ---- what is told


def test_a_refusal_tells_what_was_seen_and_what_to_do():
    verdict = judge_txt([b"wrong"])
    assert verdict.seen == (
        'TXT _partner-center.example.com: "wrong"',
        "TXT example.com: no such name",
    )
    assert '"wrong"' in verdict.detail
    assert "Publish exactly" in verdict.detail
    assert VALUE not in verdict.detail


def test_an_empty_name_is_told_from_a_missing_one():
    (look,) = looks_for("dns_cname", ADN)
    empty = seen(look, rcode=Rcode.NOERROR)
    assert judge_records("dns_cname", (empty,), EXPECTED, NOW).seen == (f"CNAME {look.name}: no such record",)


def test_a_pass_records_what_was_relied_on_and_nothing_else():
    assert judge_txt([b"other", EXACT], [SPF]).seen == (f'TXT _partner-center.example.com: "{VALUE}"',)


def test_an_alias_that_was_followed_is_told():
    label, bare = looks_for("dns_txt", ADN)
    delegated = seen(label, EXACT, aliases=("a.net", "dcv.hoster.net"))
    (text,) = judge_records("dns_txt", (delegated, seen(bare)), EXPECTED, NOW).seen
    assert "dcv.hoster.net" in text


HOSTILE = {
    "a line break": b"x\r\nBcc: eve@evil.org",
    "terminal escapes": b"\x1b[2J\x1b[1;1H",
    "NUL": b"\0" * 100,
    "octets outside ASCII": b"\xff\xfe" * 100,
    "UTF-8 that turns the text around": "\u202egnp.exe".encode(),
    "quotes": b'"; passed; "',
    "64 KB": b"A" * 65_000,
}


@pytest.mark.parametrize("record", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_records_are_short_and_printable_where_they_are_told(record):
    for verdict in (judge_txt([record]), judge_persistent(record), judge_cname(record.decode("latin-1"))):
        for text in (verdict.detail, *verdict.seen):
            assert text.isascii()
            assert text.isprintable()
            assert len(text) < 1000
            assert text.count('"') % 2 == 0


def test_what_is_cut_says_so():
    assert judge_txt([b"a" * 64]).seen[0].endswith(f': "{"a" * 64}"')
    assert judge_txt([b"a" * 65]).seen[0].endswith(f': "{"a" * 61}..."')


def test_a_flood_of_records_is_told_in_a_few_words():
    verdict = judge_txt([b"%d" % number for number in range(3000)], [b"x"] * 3000)
    assert len(verdict.seen) == 12
    assert verdict.seen[5] == "TXT _partner-center.example.com: 2995 more"
    assert len(verdict.detail) < 500


def test_a_record_of_another_kind_shows_nothing_and_is_told():
    (look,) = looks_for("dns_cname", ADN)
    odd = RecordsSeen(Answer(look.name, look.type, (CaaRecord(0, "issue", b"x"),), 1, Dnssec.INSECURE))
    assert judge_records("dns_cname", (odd,), EXPECTED, NOW).reason is ControlReason.NOTHING_PUBLISHED

"""CAA: the climb, failed look-ups, and what a verdict holds (RFC 8659, BR 3.2.2.8)."""

from datetime import timedelta

import pytest

from partner_center.validation.caa import (
    CaaReason,
    CaaRules,
    CaaSet,
    CaaStep,
    Freshness,
    caa_verdict,
    pardonable,
    relevant_caa_set,
)
from partner_center.validation.dns import (
    Dnssec,
    FailureKind,
    LookupFailed,
    RecordType,
)
from tests.unit.validation.caa_world import (
    OTHER,
    OURS,
    US,
    ScriptedResolver,
    answer,
    caa,
    failure,
    judge,
)

# climbing


def test_the_nearest_set_is_relevant_and_parents_are_not_asked():
    resolver = ScriptedResolver(
        b_example_com=answer("b.example.com", caa(US)), example_com=answer("example.com", caa(OTHER))
    )
    found = relevant_caa_set("a.b.example.com", resolver)
    assert found.found_at == "b.example.com"
    assert [name for name, _ in resolver.asked] == ["a.b.example.com", "b.example.com"]


def test_the_climb_includes_the_top_level_domain_and_not_the_root():
    resolver = ScriptedResolver()
    assert relevant_caa_set("www.example.com", resolver).records == ()
    assert [name for name, _ in resolver.asked] == ["www.example.com", "example.com", "com"]


def test_a_top_level_domain_may_refuse():
    resolver = ScriptedResolver(com=answer("com", caa("issue ;")))
    verdict = caa_verdict(relevant_caa_set("example.com", resolver), "example.com", OURS, "3.2.2.4.7")
    assert (verdict.reason, verdict.found_at) == (CaaReason.FORBIDDEN, "com")


def test_a_wildcard_is_looked_up_without_its_star():
    resolver = ScriptedResolver()
    assert relevant_caa_set("*.example.com", resolver).name == "example.com"
    assert resolver.asked[0] == ("example.com", RecordType.CAA)


def test_records_behind_an_alias_count_and_the_parents_of_the_target_are_not_climbed():
    aliased = answer("www.example.com", caa(OTHER), aliases=("cdn.other.net",))
    resolver = ScriptedResolver(www_example_com=aliased)
    assert relevant_caa_set("www.example.com", resolver).records == (caa(OTHER),)
    empty_target = answer("www.example.com", aliases=("cdn.other.net",))
    resolver = ScriptedResolver(www_example_com=empty_target, other_net=answer("other.net", caa(OTHER)))
    assert relevant_caa_set("www.example.com", resolver).records == ()


def test_a_set_with_one_non_restricting_record_hides_the_parents():
    resolver = ScriptedResolver(
        www_example_com=answer("www.example.com", caa("iodef mailto:a@b.org")),
        example_com=answer("example.com", caa(OTHER)),
    )
    caa_set = relevant_caa_set("www.example.com", resolver)
    assert caa_verdict(caa_set, "www.example.com", OURS, "3.2.2.4.7").reason is CaaReason.NOT_RESTRICTED


# failures

FAILURES = {
    "outside, retried, unsigned: pardoned": (failure(), True),
    "time-out, retried, unsigned: pardoned": (failure(kind=FailureKind.TIMEOUT), True),
    "not retried": (failure(attempts=1), False),
    "zone signed, or not proven unsigned": (failure(unsigned=False), False),
    "bogus, whatever else is claimed": (failure(kind=FailureKind.BOGUS), False),
    "our resolver refuses us": (failure(kind=FailureKind.REFUSED), False),
    "our resolver cannot be reached": (failure(kind=FailureKind.UNREACHABLE), False),
    "a response that cannot be read": (failure(kind=FailureKind.UNUSABLE), False),
}


@pytest.mark.parametrize(("failed", "pardoned"), FAILURES.values(), ids=FAILURES.keys())
def test_a_failed_look_up_refuses_unless_outside_retried_and_unsigned(failed, pardoned):
    assert pardonable(failed) is pardoned
    caa_set = relevant_caa_set("example.com", ScriptedResolver(example_com=failed))
    verdict = caa_verdict(caa_set, "example.com", OURS, "3.2.2.4.7")
    assert verdict.reason is (CaaReason.FAILURE_PARDONED if pardoned else CaaReason.LOOKUP_FAILED)
    assert verdict.allowed is pardoned


def test_a_failure_hides_what_the_parent_permits():
    resolver = ScriptedResolver(
        www_example_com=failure(unsigned=False), example_com=answer("example.com", caa(US))
    )
    caa_set = relevant_caa_set("www.example.com", resolver)
    assert [name for name, _ in resolver.asked] == ["www.example.com"]
    assert not caa_verdict(caa_set, "www.example.com", OURS, "3.2.2.4.7").allowed


def test_a_pardoned_failure_does_not_hide_a_parents_refusal():
    resolver = ScriptedResolver(www_example_com=failure(), example_com=answer("example.com", caa(OTHER)))
    caa_set = relevant_caa_set("www.example.com", resolver)
    verdict = caa_verdict(caa_set, "www.example.com", OURS, "3.2.2.4.7")
    assert verdict.reason is CaaReason.ISSUER_NOT_LISTED


def test_a_failure_above_the_relevant_set_is_never_met():
    resolver = ScriptedResolver(
        www_example_com=answer("www.example.com", caa(US)), example_com=failure(unsigned=False)
    )
    caa_set = relevant_caa_set("www.example.com", resolver)
    assert caa_verdict(caa_set, "www.example.com", OURS, "3.2.2.4.7").allowed


def test_pardons_are_bounded_so_that_a_deep_dead_name_ends():
    name = ".".join(["a"] * 60 + ["com"])

    class Dead:
        asked = 0

        def lookup(self, name, record_type):
            self.asked += 1
            raise LookupFailed(failure(name))

    resolver = Dead()
    caa_set = relevant_caa_set(name, resolver, CaaRules(pardons=3))
    assert resolver.asked == 4
    assert not caa_verdict(caa_set, name, OURS, "3.2.2.4.7").allowed


def test_a_bogus_answer_is_never_permission():
    bogus = answer("example.com", caa(US), dnssec=Dnssec.BOGUS)
    caa_set = relevant_caa_set("example.com", ScriptedResolver(example_com=bogus))
    verdict = caa_verdict(caa_set, "example.com", OURS, "3.2.2.4.7")
    assert verdict.reason is CaaReason.LOOKUP_FAILED
    assert "bogus" in verdict.detail


@pytest.mark.parametrize("kind", list(FailureKind))
def test_a_failure_of_ours_is_not_laid_at_the_owners_door(kind):
    failed = failure(kind=kind, unsigned=False)
    caa_set = relevant_caa_set("example.com", ScriptedResolver(example_com=failed))
    detail = caa_verdict(caa_set, "example.com", OURS, "3.2.2.4.7").detail
    assert kind.value in detail
    ours = kind in {FailureKind.UNREACHABLE, FailureKind.REFUSED}
    assert ("for no fault of yours" in detail, "Make its name servers" in detail) == (ours, not ours)


def test_the_sentence_of_a_pardon_says_what_failed_and_why_it_counts_as_nothing():
    resolver = ScriptedResolver(www_example_com=failure("www.example.com"))
    verdict = caa_verdict(relevant_caa_set("www.example.com", resolver), "www.example.com", OURS, "3.2.2.4.7")
    assert (verdict.reason, verdict.allowed) == (CaaReason.FAILURE_PARDONED, True)
    for told in (
        "www.example.com failed (servfail)",
        "was retried",
        "proven unsigned",
        "no records were found",
    ):
        assert told in verdict.detail


# evidence


@pytest.mark.parametrize(
    ("ttl", "hours", "freshness"),
    [
        (0, 8, Freshness.EIGHT_HOURS),
        (8 * 3600, 8, Freshness.EIGHT_HOURS),
        (9 * 3600, 9, Freshness.TTL),
        (48 * 3600, 48, Freshness.TTL),
    ],
)
def test_a_check_serves_eight_hours_or_the_ttl_if_longer(ttl, hours, freshness):
    caa_set = CaaSet("example.com", (CaaStep("example.com", answer("example.com", caa(US), ttl=ttl)),))
    verdict = caa_verdict(caa_set, "example.com", OURS, "3.2.2.4.7")
    assert (verdict.fresh_for, verdict.freshness) == (timedelta(hours=hours), freshness)


def test_the_ttl_of_an_absence_lengthens_nothing():
    caa_set = CaaSet("example.com", (CaaStep("example.com", answer("example.com", ttl=10**6)),))
    assert caa_verdict(caa_set, "example.com", OURS, "3.2.2.4.7").fresh_for == timedelta(hours=8)


def test_the_least_ttl_of_the_climb_counts():
    steps = (
        CaaStep("www.example.com", answer("www.example.com", ttl=60)),
        CaaStep("example.com", answer("example.com", caa(US), ttl=10**6)),
    )
    verdict = caa_verdict(CaaSet("www.example.com", steps), "www.example.com", OURS, "3.2.2.4.7")
    assert verdict.fresh_for == timedelta(hours=8)


def test_dnssec_is_secure_only_if_every_look_up_was():
    secure = CaaStep("www.a.com", answer("www.a.com", dnssec=Dnssec.SECURE))
    insecure = CaaStep("a.com", answer("a.com", caa(US)))
    assert CaaSet("www.a.com", (secure,)).dnssec is Dnssec.SECURE
    assert CaaSet("www.a.com", (secure, insecure)).dnssec is Dnssec.INSECURE
    assert (
        CaaSet("www.a.com", (secure, CaaStep("a.com", failure=failure(), pardoned=True))).dnssec
        is Dnssec.INSECURE
    )


@pytest.mark.parametrize("name", ["other.com", "*.other.com", "www.example.com", "xexample.com"])
def test_one_names_look_up_never_serves_another(name):
    caa_set = CaaSet("example.com", (CaaStep("example.com", answer("example.com")),))
    with pytest.raises(ValueError, match="looked up for"):
        caa_verdict(caa_set, name, OURS, "3.2.2.4.7")


def test_an_empty_set_of_look_ups_is_no_permission():
    with pytest.raises(ValueError, match="looked up for"):
        caa_verdict(CaaSet("example.com", ()), "example.com", OURS, "3.2.2.4.7")


def test_a_step_either_answered_or_failed():
    with pytest.raises(ValueError, match="either"):
        CaaStep("example.com")
    with pytest.raises(ValueError, match="either"):
        CaaStep("example.com", answer("example.com"), failure())


def test_a_refusal_carries_the_iodef_targets_of_the_set():
    verdict = judge([caa(OTHER), caa("iodef mailto:sec@example.com")])
    assert (verdict.allowed, verdict.iodef) == (False, ("mailto:sec@example.com",))


def test_a_refusal_repeats_no_text_of_the_zone():
    """The sentence goes to resellers and into mails."""
    hostile = "issue <script>alert(1)</script>"
    assert "script" not in judge([caa(hostile)]).detail

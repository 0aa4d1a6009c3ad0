"""What counts as an answer of a perspective: whole, about what was asked, and about nothing else."""

import pytest

from partner_center.validation.caa import CaaSet, CaaStep
from partner_center.validation.dns import Answer, Dnssec, Failure, FailureKind, RecordType
from partner_center.validation.looks import (
    FILE_PATH,
    CaaLook,
    CaaSeen,
    FileLook,
    Hop,
    PageSeen,
    PageTrouble,
    RecordsLook,
    RecordsSeen,
)
from partner_center.validation.perspectives import PerspectiveView, Unseen, UnseenReason, is_about
from tests.unit.validation.caa_world import US, answer, caa, failure

LOOK = RecordsLook("_dnsauth.example.com", RecordType.TXT)
TXT = Answer(LOOK.name, RecordType.TXT, (b"value",), 0, Dnssec.SECURE)
LATE = Failure(LOOK.name, RecordType.TXT, FailureKind.TIMEOUT)


@pytest.mark.parametrize(
    ("seen", "about"),
    [
        pytest.param(RecordsSeen(TXT), True, id="its answer"),
        pytest.param(RecordsSeen(failure=LATE), True, id="its failure"),
        pytest.param(
            RecordsSeen(Answer("example.com", RecordType.TXT, (), 0, Dnssec.SECURE)), False, id="another name"
        ),
        pytest.param(
            RecordsSeen(Answer(LOOK.name, RecordType.CNAME, (), 0, Dnssec.SECURE)), False, id="another type"
        ),
        pytest.param(
            RecordsSeen(failure=Failure("example.com", RecordType.TXT, FailureKind.TIMEOUT)),
            False,
            id="the failure of another name",
        ),
        pytest.param(CaaSeen(CaaSet(LOOK.name, ())), False, id="a climb"),
        pytest.param(PageSeen((), trouble=PageTrouble.NO_ADDRESS), False, id="a page"),
    ],
)
def test_records_are_those_of_the_name_and_type_that_were_asked(seen, about):
    assert is_about(LOOK, seen) is about


def step(name, *records, **more):
    return CaaStep(name, answer(name, *records), **more)


FORBIDS = CaaStep("example.com", failure=failure(kind=FailureKind.BOGUS))
PARDONED = CaaStep("example.com", failure=failure(), pardoned=True)
CLIMBS = {
    "to the top-level domain": ([step("www.example.com"), step("example.com"), step("com")], True),
    "to a set": ([step("www.example.com"), step("example.com", caa(US))], True),
    "to a failure that forbids": ([step("www.example.com"), FORBIDS], True),
    "on after a failure that was pardoned": ([step("www.example.com"), PARDONED, step("com")], True),
    "cut short": ([step("www.example.com"), step("example.com")], False),
    "cut short behind a pardon": ([step("www.example.com"), PARDONED], False),
    "of no step": ([], False),
    "over a name that was left out": ([step("www.example.com"), step("com")], False),
    "that begins further up": ([step("example.com"), step("com")], False),
    "of another name": ([step("mail.example.com"), step("example.com"), step("com")], False),
    "beyond the top-level domain": (
        [step("www.example.com"), step("example.com"), step("com"), step("com")],
        False,
    ),
    "on after a set": ([step("www.example.com", caa(US)), step("example.com"), step("com")], False),
    "on after a failure": ([step("www.example.com"), FORBIDS, step("com")], False),
    "with a pardon that the rules do not give": (
        [
            step("www.example.com"),
            CaaStep("example.com", failure=failure(kind=FailureKind.BOGUS), pardoned=True),
            step("com"),
        ],
        False,
    ),
    "with a pardoned answer": (
        [step("www.example.com", pardoned=True), step("example.com"), step("com")],
        False,
    ),
    "with the answer for another name": (
        [CaaStep("www.example.com", answer("example.com", caa(US)))],
        False,
    ),
    "with the failure of another name": (
        [CaaStep("www.example.com", failure=failure("example.org", FailureKind.BOGUS))],
        False,
    ),
    "with an answer of another type": (
        [
            CaaStep("www.example.com", Answer("www.example.com", RecordType.TXT, (), 0, Dnssec.SECURE)),
            step("example.com"),
            step("com"),
        ],
        False,
    ),
}


@pytest.mark.parametrize(("steps", "about"), CLIMBS.values(), ids=CLIMBS)
def test_a_climb_is_whole_or_no_answer(steps, about):
    seen = CaaSeen(CaaSet("www.example.com", tuple(steps)))
    assert is_about(CaaLook("www.example.com"), seen) is about


def test_the_climb_of_another_name_is_no_answer():
    seen = CaaSeen(CaaSet("example.com", (step("example.com"), step("com"))))
    assert not is_about(CaaLook("www.example.com"), seen)


def page(url, **more):
    return PageSeen((Hop(url, "93.184.215.14", 200),), **{"status": 200, "body": b"value"} | more)


HERE = f"http://www.example.com{FILE_PATH}"
PAGES = {
    "the page": (page(HERE), True),
    "the page over TLS": (page(HERE.replace("http:", "https:")), False),
    "the page after a redirect": (
        PageSeen((Hop(HERE, "93.184.215.14", 301), Hop("http://example.net/x", "93.184.215.15", 200)), 200),
        True,
    ),
    "no address": (PageSeen((Hop(HERE, None, None),), trouble=PageTrouble.NO_ADDRESS), True),
    "the page of another host": (page(f"http://example.com{FILE_PATH}"), False),
    "another page": (page("http://www.example.com/"), False),
    "what is no address of a page": (page("http://[www.example.com/"), False),
    "trouble without a request": (PageSeen((), trouble=PageTrouble.TIMEOUT), False),
    "nothing at all": (PageSeen(()), False),
    "records": (RecordsSeen(TXT), False),
}


@pytest.mark.parametrize(("seen", "about"), PAGES.values(), ids=PAGES)
def test_a_page_is_the_one_of_the_host_that_was_asked(seen, about):
    assert is_about(FileLook("www.example.com"), seen) is about


@pytest.mark.parametrize(
    "more",
    [{}, {"sightings": (), "trouble": "out_of_time"}],
    ids=["neither", "both"],
)
def test_a_perspective_either_answered_or_is_in_trouble(more):
    with pytest.raises(ValueError, match="eu-west-1"):
        PerspectiveView("eu-west-1", **more)


def test_an_answer_may_lack_a_sighting():
    view = PerspectiveView("eu-west-1", (RecordsSeen(TXT), Unseen(UnseenReason.OUT_OF_TIME)))
    assert view.trouble is None

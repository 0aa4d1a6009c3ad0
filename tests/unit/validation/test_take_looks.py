"""A perspective's work: facts for each look, trouble for the one that has it, all of it in time."""

from threading import Event

import pytest

from partner_center.validation.caa import CaaSet, CaaStep
from partner_center.validation.dns import Answer, Dnssec, LookupFailed, RecordType
from partner_center.validation.looks import (
    CaaLook,
    CaaSeen,
    FileLook,
    Hop,
    PageSeen,
    RecordsLook,
    RecordsSeen,
)
from partner_center.validation.perspectives import Unseen, UnseenReason
from partner_center.validation.take_looks import TakeLooks
from tests.unit.validation.caa_world import US, ScriptedResolver, answer, caa, failure

LONG = 30.0
"""Seconds that no test waits for."""


class Pages:
    def fetch(self, look):
        return PageSeen((Hop(f"http://{look.host}/", "93.184.215.14", 200),), 200, b"page")


@pytest.fixture
def faults():
    return []


@pytest.fixture
def taken(faults):
    """Takes looks with a resolver, or with what else is given."""

    def take(resolver, *looks, seconds=LONG, **more):
        return TakeLooks(
            resolver, **{"pages": Pages(), "on_fault": lambda *told: faults.append(told)} | more
        )(looks, seconds)

    return take


def test_each_look_is_answered_in_its_kind_and_place(taken):
    resolver = ScriptedResolver(example_com=answer("example.com", caa(US)))
    records, climb, page = taken(
        resolver,
        RecordsLook("x.example.com", RecordType.TXT),
        CaaLook("www.example.com"),
        FileLook("example.com"),
    )
    assert records.answer.name == "x.example.com"
    assert climb == CaaSeen(
        CaaSet(
            "www.example.com",
            (
                CaaStep("www.example.com", ScriptedResolver().lookup("www.example.com", RecordType.CAA)),
                CaaStep("example.com", answer("example.com", caa(US))),
            ),
        )
    )
    assert page == Pages().fetch(FileLook("example.com"))


def test_a_hundred_looks_keep_their_order(taken):
    looks = [RecordsLook(f"n{number}.example.com", RecordType.TXT) for number in range(100)]
    assert [seen.answer.name for seen in taken(ScriptedResolver(), *looks)] == [look.name for look in looks]


def test_a_failure_is_a_fact(taken, faults):
    failed = failure("dead.example.com")
    (seen,) = taken(ScriptedResolver(dead_example_com=failed), RecordsLook(failed.name, RecordType.CAA))
    assert seen == RecordsSeen(failure=failed)
    assert faults == []


class Breaks:
    """A resolver with a defect at one name."""

    def lookup(self, name, record_type):
        if name == "breaks.example.com":
            raise ZeroDivisionError
        return Answer(name, record_type, (), 300, Dnssec.INSECURE)


def test_a_defect_costs_one_look_and_is_told(taken, faults):
    bad = RecordsLook("breaks.example.com", RecordType.TXT)
    seen = taken(Breaks(), bad, RecordsLook("example.com", RecordType.TXT), CaaLook("breaks.example.com"))
    assert seen[0] == seen[2] == Unseen(UnseenReason.FAULT)
    assert seen[1].answer.name == "example.com"
    assert [(look, type(error)) for look, error in faults] == [
        (bad, ZeroDivisionError),
        (CaaLook("breaks.example.com"), ZeroDivisionError),
    ]


def test_a_look_that_could_not_be_read_keeps_its_place(taken):
    unread = Unseen(UnseenReason.MALFORMED)
    seen = taken(ScriptedResolver(), unread, RecordsLook("example.com", RecordType.TXT), unread)
    assert (seen[0], seen[2]) == (unread, unread)
    assert seen[1].answer.name == "example.com"


class Hangs:
    """A resolver that answers one name when it is let go, and the others at once."""

    def __init__(self):
        self.go = Event()
        self.asked = []

    def lookup(self, name, record_type):
        self.asked.append(name)
        if name.startswith("slow"):
            self.go.wait(LONG)
            raise LookupFailed(failure(name))
        return Answer(name, record_type, (), 300, Dnssec.INSECURE)


def test_what_takes_too_long_is_out_of_time_and_spoils_nothing(taken, faults):
    resolver = Hangs()
    seen = taken(
        resolver,
        RecordsLook("slow.com", RecordType.TXT),
        RecordsLook("quick.com", RecordType.TXT),
        seconds=0.1,
    )
    resolver.go.set()
    assert seen[0] == Unseen(UnseenReason.OUT_OF_TIME)
    assert seen[1].answer.name == "quick.com"
    assert faults == []


class Hands:
    """A clock whose hand is moved."""

    def __init__(self):
        self.at = 0.0

    def __call__(self):
        return self.at


class Ages(ScriptedResolver):
    """Each look-up takes twenty seconds."""

    def __init__(self, clock):
        super().__init__()
        self.clock = clock

    def lookup(self, name, record_type):
        self.clock.at += 20.0
        return super().lookup(name, record_type)


def test_a_climb_begins_no_look_up_after_its_time(taken, faults):
    clock = Hands()
    resolver = Ages(clock)
    (seen,) = taken(resolver, CaaLook("a.b.c.d.example.com"), seconds=LONG, monotonic=clock)
    assert seen == Unseen(UnseenReason.OUT_OF_TIME)
    assert [name for name, _ in resolver.asked] == ["a.b.c.d.example.com", "b.c.d.example.com"]
    assert faults == []


def test_without_time_nothing_is_begun(taken):
    resolver = ScriptedResolver()
    looks = [RecordsLook("example.com", RecordType.TXT), CaaLook("example.com"), FileLook("example.com")]
    assert taken(resolver, *looks, seconds=0.0) == (Unseen(UnseenReason.OUT_OF_TIME),) * 3
    assert resolver.asked == []

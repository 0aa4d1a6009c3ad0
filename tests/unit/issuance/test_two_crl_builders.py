"""Two builders of one CRL, in every order of their steps: what a published CRL told, the next one tells.

A builder is a function of the answers that it gets, so it is run again from its beginning for each step: up to the
first call that has no answer yet. A builder that dies is one whose further steps never come; each state is looked at.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache, cached_property
from types import SimpleNamespace

import pytest
from cryptography import x509

from partner_center.issuance.build_crl import BuildCrl, Crls, Repository
from partner_center.issuance.crl_record import PublishedCrl, RevokedCertificate
from partner_center.issuance.record import Reason
from tests.fakes.determined import NOW, FixedClock
from tests.fakes.revocations import MemoryCrls, MemoryRepository

ISSUER = "tls-e1"
CALLS = {
    "crls": ("next_number", "published", "revoked", "note", "mark"),
    "repository": ("seen", "replace_crl"),
}


@dataclass(frozen=True)
class Call:
    """What a builder asks next."""

    port: str
    name: str
    arguments: tuple[object, ...]


class Asked(Exception):
    """A builder has come to a call that has no answer yet."""

    def __init__(self, call: Call) -> None:
        super().__init__(call)
        self.call = call


@dataclass(frozen=True)
class Builder:
    """One builder: what it was answered until now, and how much had been revoked when it began."""

    scheduled: bool
    answers: tuple[object, ...] = ()
    began_with: int | None = None


@dataclass(frozen=True)
class World:
    """What both see. `rows` are the revoked certificates, the oldest first."""

    crls: MemoryCrls
    repository: MemoryRepository

    @cached_property
    def rows(self):
        return tuple(self.crls.rows[ISSUER])

    @cached_property
    def identity(self):
        state = (self.crls.numbers, self.crls.noted, self.repository.objects)
        return (self.rows, *(tuple(each.items()) for each in state))

    @cached_property
    def newest(self) -> tuple[int, frozenset[str]]:
        """Number and serials of the published CRL."""
        return next(map(_read, self.repository.objects.values()), (0, frozenset()))

    def copy(self, *further: RevokedCertificate) -> "World":
        """As it is, and with what is revoked now."""
        crls, repository = self.crls, self.repository
        rows = {ISSUER: [*self.rows, *further]}
        return World(
            MemoryCrls(rows, dict(crls.numbers), dict(crls.noted)),
            MemoryRepository(dict(repository.objects), dict(repository.numbers)),
        )

    def next_row(self) -> RevokedCertificate:
        end = NOW + timedelta(days=100)
        return RevokedCertificate(f"{len(self.rows) + 1:04x}", end, NOW, Reason.SUPERSEDED, NOW, False)

    def answer(self, call: Call) -> tuple["World", object]:
        """The world after the call, and its answer. Something new is revoked before each reading."""
        after = self.copy(self.next_row()) if call.name == "revoked" else self.copy()
        answer = getattr(getattr(after, call.port), call.name)(*call.arguments)
        return after, tuple(answer) if isinstance(answer, list) else answer


@cache
def _read(der: bytes) -> tuple[int, frozenset[str]]:
    crl = x509.load_der_x509_crl(der)
    number = crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    return number, frozenset(f"{each.serial_number:04x}" for each in crl)


class Yard:
    """The real `BuildCrl` of one CA, step by step."""

    def __init__(self, issuing_ca, keys):
        self.ca, self.keys = issuing_ca, keys
        self.next_of = cache(self._next_of)

    def _next_of(self, scheduled: bool, answers: tuple[object, ...]) -> Call | PublishedCrl:
        """What the builder asks after these answers, or what it has published in the end."""
        given = iter(answers)

        def ask(port: str, name: str, *arguments: object) -> object:
            try:
                return next(given)
            except StopIteration:
                frozen = (tuple(each) if isinstance(each, list) else each for each in arguments)
                raise Asked(Call(port, name, tuple(frozen))) from None

        def asking(port: str) -> SimpleNamespace:
            named = {name: lambda *given, name=name: ask(port, name, *given) for name in CALLS[port]}
            return SimpleNamespace(**named)

        try:
            return self._builder(asking("crls"), asking("repository"))(self.ca, scheduled=scheduled)
        except Asked as asked:
            return asked.call

    def _builder(self, crls: Crls, repository: Repository) -> BuildCrl:
        return BuildCrl(crls, repository, self.keys, lambda _: [], FixedClock())

    def step(self, world: World, builder: Builder) -> tuple[World, Builder] | None:
        """What one more call makes of them; None for a builder that has ended."""
        call = self.next_of(builder.scheduled, builder.answers)
        if not isinstance(call, Call):
            return None
        after, answer = world.answer(call)
        began_with = len(world.rows) if builder.began_with is None else builder.began_with
        return after, replace(builder, answers=(*builder.answers, answer), began_with=began_with)

    def steps(self, *builders: Builder) -> Iterator[tuple[World, World, tuple[Builder, ...]]]:
        """Each step of each order in which they may come: the world before and after, and the builders then."""
        first = World(MemoryCrls({ISSUER: []}), MemoryRepository())
        waiting, known = [(first, builders)], set()
        while waiting:
            world, present = waiting.pop()
            for position, builder in enumerate(present):
                done = self.step(world, builder)
                if done is None:
                    continue
                after, moved = done
                others = (*present[:position], moved, *present[position + 1 :])
                yield world, after, others
                if (state := (after.identity, others)) not in known:
                    known.add(state)
                    waiting.append((after, others))

    def built(self, world: World) -> World:
        """The world after one more builder, who is alone."""
        after = world.copy(world.next_row())
        self._builder(after.crls, after.repository)(self.ca, scheduled=False)
        return after


def told_as_published(world: World) -> frozenset[str]:
    return frozenset(each.serial_hex for each in world.rows if each.is_published)


PAIRS = [(False, False), (True, False), (True, True)]


@pytest.mark.parametrize("scheduled", PAIRS, ids=["revocations", "schedule and revocation", "schedules"])
def test_what_was_told_stays_told_whatever_the_order_of_two_builders_and_wherever_one_dies(
    issuing_ca, keys, scheduled
):
    yard = Yard(issuing_ca, keys)
    repeated: dict[object, World] = {}
    for before, after, builders in yard.steps(*map(Builder, scheduled)):
        (old, told_before), (new, told) = before.newest, after.newest
        assert new >= old, "the number never falls"
        assert new > old or told == told_before, "what is published changes under a higher number only"
        assert told_before <= told, "a later CRL tells what an earlier one told"
        assert told_as_published(after) <= told, "no row is marked that the newest CRL does not tell"
        for each in builders:
            if isinstance(yard.next_of(each.scheduled, each.answers), PublishedCrl):
                earlier = {row.serial_hex for row in after.rows[: each.began_with]}
                assert earlier <= told, "what was revoked before a builder began is told when it ends"
        if after.identity not in repeated:
            later = repeated[after.identity] = yard.built(after)
            every = {each.serial_hex for each in later.rows}
            assert told_as_published(later) == later.newest[1] == every, "a repetition tells everything"
    assert len(repeated) > 100

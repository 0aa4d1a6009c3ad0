"""What the tests of the probe share: a name, a resolver of a table, a dialler that leads to one server."""

import time

from partner_center.adapters.dialing import dialer_through
from partner_center.adapters.http_probe import HttpProbe, ProbeLimits
from partner_center.validation.dns import (
    Answer,
    Dnssec,
    Failure,
    FailureKind,
    LookupFailed,
    Rcode,
    RecordType,
)
from partner_center.validation.looks import FileLook
from tests.adapters.hostile_server import answer

HOST = "www.example.com"
LOOK = FileLook(HOST)
VALUE = b"k7Qz0aXw3ySq9TgV5nRm2pLc8dJf4hBe"
HERE, V6 = "93.184.215.14", "2606:2800:21f::1"
STANDING = ProbeLimits()


class WorldResolver:
    """`Resolver`: every name has the address HERE, unless `names` says otherwise; keeps what it was asked.

    `names` has, for a name, its addresses, a FailureKind, a Dnssec, or a list of such outcomes in turn.
    """

    def __init__(self, **names):
        self.names = {name.replace("_", "."): outcome for name, outcome in names.items()}
        self.asked = []

    def lookup(self, name, record_type):
        self.asked.append((name, record_type))
        outcome = self.names.get(name, (HERE,))
        if isinstance(outcome, list):
            outcome = outcome.pop(0)
        if isinstance(outcome, FailureKind):
            raise LookupFailed(Failure(name, record_type, outcome))
        if isinstance(outcome, Dnssec):
            return Answer(name, record_type, (HERE,), 60, outcome)
        found = tuple(each for each in outcome if (":" in each) is (record_type is RecordType.AAAA))
        rcode = Rcode.NOERROR if outcome else Rcode.NXDOMAIN
        return Answer(name, record_type, found, 60, Dnssec.INSECURE, rcode)


class Dialler:
    """A `Dial` that leads every connection to one server, and keeps where it should have gone.

    Its sockets wait for ever by themselves, so that whatever ends was ended by the probe.
    """

    def __init__(self, server, **troubles):
        self._dial, self._troubles = dialer_through(server.address), troubles
        self.dialled = []

    def __call__(self, address, port, seconds):
        self.dialled.append((address, port))
        if address in self._troubles:
            raise self._troubles[address]
        connection = self._dial(address, port, seconds)
        connection.settimeout(None)
        return connection


def pages(answers):
    """A script that serves these octets by URL, and 404 for the rest."""
    return lambda asked, peer: peer.send(answers.get(asked.url, answer(b"none", 404)))


class Ticking:
    """A monotonic clock on which every look costs a second."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        self.now += 1.0
        return self.now


def fetch(server, resolver=None, limits=STANDING, monotonic=time.monotonic):
    """The page at LOOK, with `server` as the whole world."""
    return HttpProbe(resolver or WorldResolver(), Dialler(server), limits, monotonic).fetch(LOOK)

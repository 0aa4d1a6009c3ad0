"""What the tests of CAA share: short spellings of records, and a resolver that answers from a table."""

from datetime import UTC, datetime

from partner_center.validation.caa import (
    CaaSet,
    CaaStep,
    caa_verdict,
)
from partner_center.validation.dns import (
    Answer,
    CaaRecord,
    Dnssec,
    Failure,
    FailureKind,
    LookupFailed,
    Rcode,
    RecordType,
)

US = "issue ca.example-ca.net"
OTHER = "issue other-ca.org"
OURS = ("ca.example-ca.net",)
ACCOUNT = "acct:subscriber-1@ca.example-ca.net"
CHECKED_AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def caa(text, flags=0):
    tag, _, value = text.partition(" ")
    return CaaRecord(flags, tag, value.encode("latin-1"))


def answer(name, *records, ttl=300, dnssec=Dnssec.INSECURE, aliases=()):
    return Answer(name, RecordType.CAA, records, ttl, dnssec, aliases=aliases)


def failure(name="example.com", kind=FailureKind.SERVFAIL, attempts=2, unsigned=True):
    return Failure(name, RecordType.CAA, kind, attempts, unsigned)


class ScriptedResolver:
    """Answers from a table; a name that is not in it does not exist. Keeps what it was asked."""

    def __init__(self, **by_name):
        self.by_name = {name.replace("_", "."): outcome for name, outcome in by_name.items()}
        self.asked = []

    def lookup(self, name, record_type):
        self.asked.append((name, record_type))
        outcome = self.by_name.get(name)
        if isinstance(outcome, Failure):
            raise LookupFailed(outcome)
        return outcome or Answer(name, record_type, (), 300, Dnssec.INSECURE, Rcode.NXDOMAIN)


class FixedClock:
    def now(self):
        return CHECKED_AT


def judge(records, name="www.example.com", method="3.2.2.4.7", account=None):
    base = name.removeprefix("*.")
    return caa_verdict(CaaSet(base, (CaaStep(base, answer(base, *records)),)), name, OURS, method, account)

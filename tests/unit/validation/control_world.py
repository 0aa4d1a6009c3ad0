"""What the tests of control by DNS share: one domain, one value, and short spellings of what a perspective saw."""

from datetime import UTC, datetime

from partner_center.validation.control_methods import looks_for
from partner_center.validation.control_verdict import Expected
from partner_center.validation.dns import Answer, Dnssec, Failure, FailureKind, Rcode, RecordType
from partner_center.validation.looks import RecordsSeen
from partner_center.validation.record_check import judge_records

ADN = "example.com"
VALUE = "k5xw6ylsmzzgk4tboqqhi2djonqw42lo"
ISSUER = "ca.example-ca.net"
ACCOUNT = "https://api.example-ca.net/subscribers/sub_1"
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
EXPECTED = Expected(
    authorization_domain=ADN, issuer_domains=(ISSUER, "second.net"), value=VALUE, account_uri=ACCOUNT
)


def seen(look, *records, dnssec=Dnssec.INSECURE, aliases=(), rcode=None):
    """An answer to `look`; without records the name does not exist, if not told otherwise."""
    code = rcode or (Rcode.NOERROR if records else Rcode.NXDOMAIN)
    return RecordsSeen(Answer(look.name, look.type, records, 300, dnssec, code, aliases))


def failed(look, kind=FailureKind.SERVFAIL):
    return RecordsSeen(failure=Failure(look.name, look.type, kind))


def txt(name, *records, **changes):
    return Answer(name, RecordType.TXT, records, 300, changes.pop("dnssec", Dnssec.INSECURE), **changes)


def judge_txt(at_label=(), bare=(), expected=EXPECTED, **changes):
    """The verdict on TXT records at the underscore label and at the bare name."""
    label_look, bare_look = looks_for("dns_txt", ADN)
    sightings = (seen(label_look, *at_label), seen(bare_look, *bare, **changes))
    return judge_records("dns_txt", sightings, expected, NOW)


def judge_cname(*targets, expected=EXPECTED, **changes):
    (look,) = looks_for("dns_cname", ADN)
    return judge_records("dns_cname", (seen(look, *targets, **changes),), expected, NOW)


def judge_persistent(*records, expected=EXPECTED, moment=NOW, **changes):
    (look,) = looks_for("dns_persist", ADN)
    return judge_records("dns_persist", (seen(look, *records, **changes),), expected, moment)

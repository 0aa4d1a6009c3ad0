"""The subject of a CSR: read to be shown and compared; most of it never reaches a certificate."""

import unicodedata
from collections.abc import Iterator

from partner_center.kernel.errors import Problem
from partner_center.orders.der import (
    BMP,
    IA5,
    NUMERIC,
    PRINTABLE,
    SEQUENCE,
    SET,
    TELETEX,
    UNIVERSAL_TEXT,
    UTF8,
    VISIBLE,
    Element,
    NotDer,
    children,
    dotted,
    expect,
    sequence,
)

_ENCODINGS = {
    UTF8: "utf-8",
    PRINTABLE: "ascii",
    IA5: "ascii",
    NUMERIC: "ascii",
    VISIBLE: "latin-1",
    TELETEX: "latin-1",  # T.61 in name; Latin-1 in what software writes
    BMP: "utf-16-be",
    UNIVERSAL_TEXT: "utf-32-be",
}
# Short name (RFC 4519, where it has one) and upper bound in characters (X.520; RFC 5280, appendix A).
_TYPES = {
    "2.5.4.3": ("CN", 64),
    "2.5.4.4": ("SN", 64),
    "2.5.4.5": ("serialNumber", 64),
    "2.5.4.6": ("C", 2),
    "2.5.4.7": ("L", 128),
    "2.5.4.8": ("ST", 128),
    "2.5.4.9": ("street", 128),
    "2.5.4.10": ("O", 64),
    "2.5.4.11": ("OU", 64),
    "2.5.4.12": ("title", 64),
    "2.5.4.13": ("description", 1024),
    "2.5.4.15": ("businessCategory", 128),
    "2.5.4.17": ("postalCode", 40),
    "2.5.4.42": ("GN", 64),
    "0.9.2342.19200300.100.1.1": ("UID", 256),
    "0.9.2342.19200300.100.1.25": ("DC", 63),
    "1.2.840.113549.1.9.1": ("emailAddress", 255),
    "1.2.840.113549.1.9.2": ("unstructuredName", 255),
    "1.2.840.113549.1.9.8": ("unstructuredAddress", 255),
    "1.3.6.1.4.1.311.60.2.1.1": ("jurisdictionL", 128),
    "1.3.6.1.4.1.311.60.2.1.2": ("jurisdictionST", 128),
    "1.3.6.1.4.1.311.60.2.1.3": ("jurisdictionC", 2),
}
_OTHER_BOUND = 255
_FILLERS = frozenset({"n/a", "na", "n.a.", "none", "nil", "null", "unknown", "undefined", "not applicable"})
_COUNTRIES = (  # ISO 3166-1
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY "
    "BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK "
    "FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR "
    "IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK "
    "ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM "
    "PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF "
    "TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW"
)
_UNSEEN = frozenset({"Cc", "Cf", "Co", "Cn", "Zl", "Zp"})

Subject = tuple[tuple[str, str], ...]


def read_subject(subject: Element) -> Subject:
    """The subject's values in order, as (short name or dotted type, value). Raises NotDer."""
    return tuple(_values(subject))


def common_names(subject: Subject) -> tuple[str, ...]:
    """Every CN of the subject; more than one is a problem."""
    return tuple(value for kind, value in subject if kind == "CN")


def subject_problems(subject: Subject, field: str) -> Iterator[Problem]:
    """What makes the subject unusable, even the parts of it that are dropped. Values are never quoted."""
    if len(common_names(subject)) > 1:
        yield _refused("The CSR's subject has more than one common name; make a CSR with one.", field)
    bounds = dict(_TYPES.values())
    for kind, value in dict.fromkeys(subject):
        if any(unicodedata.category(letter) in _UNSEEN for letter in value):
            yield _refused(f"The {kind} of the CSR's subject holds a control or invisible character.", field)
        elif kind in ("C", "jurisdictionC"):
            if not _is_country(value):
                yield _refused(
                    f"The {kind} of the CSR's subject is no country; give the two letters of ISO 3166-1.",
                    field,
                )
        elif _is_filler(value):
            yield _refused(
                f"The {kind} of the CSR's subject is empty or a filler; give the true value or leave it out.",
                field,
            )
        if kind not in ("C", "jurisdictionC") and len(value) > bounds.get(kind, _OTHER_BOUND):
            yield _refused(
                f"The {kind} of the CSR's subject is longer than {bounds.get(kind, _OTHER_BOUND)} characters.",
                field,
            )


def _values(subject: Element) -> Iterator[tuple[str, str]]:
    for group in children(expect(subject, SEQUENCE, "the subject")):
        members = list(children(expect(group, SET, "a part of the subject")))
        if not members:
            raise NotDer("a part of the subject is empty")
        for member in members:
            identifier, value = sequence(member, "a part of the subject", at_least=2, at_most=2)
            kind = dotted(identifier, "the type of a part of the subject")
            yield _TYPES.get(kind, (kind, 0))[0], _text(value)


def _text(value: Element) -> str:
    encoding = _ENCODINGS.get(value.tag)
    if encoding is None:
        raise NotDer("a value of the subject is not text")
    try:
        return value.content.decode(encoding)
    except UnicodeDecodeError:
        raise NotDer("a value of the subject is not in the encoding that it claims") from None


def _is_country(value: str) -> bool:
    return value.upper() in _COUNTRIES.split(" ")


def _is_filler(value: str) -> bool:
    stripped = value.strip()
    return stripped.lower() in _FILLERS or not any(letter.isalnum() for letter in stripped)


def _refused(detail: str, field: str) -> Problem:
    return Problem("csr_subject_invalid", detail, field)

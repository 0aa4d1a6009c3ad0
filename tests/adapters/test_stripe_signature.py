"""Signatures of webhooks: whose, over what, made when."""

from datetime import timedelta

import pytest

from local.payments.hooks import signature
from partner_center.adapters.stripe_signature import TOLERANCE, is_signed
from tests.fakes.determined import NOW

BODY = b'{"id": "evt_1"}'
AT = int(NOW.timestamp())
GOOD = signature(BODY, AT, "whsec_1")
V1 = GOOD.partition("v1=")[2]

CASES = {
    "as Stripe makes it": (GOOD, True),
    "with the second secret": (signature(BODY, AT, "whsec_2"), True),
    "with both, while one is exchanged": (f"{signature(BODY, AT, 'whsec_0')},v1={V1}", True),
    "with signatures of another kind": (f"{GOOD},v0=abc", True),
    "with blanks": (GOOD.replace(",", ", "), True),
    "at the edge of the past": (signature(BODY, AT - TOLERANCE, "whsec_1"), True),
    "at the edge of the future": (signature(BODY, AT + TOLERANCE, "whsec_1"), True),
    "too old": (signature(BODY, AT - TOLERANCE - 1, "whsec_1"), False),
    "too new": (signature(BODY, AT + TOLERANCE + 1, "whsec_1"), False),
    "with a secret of others": (signature(BODY, AT, "whsec_9"), False),
    "over another body": (signature(BODY + b" ", AT, "whsec_1"), False),
    "with another time": (GOOD.replace(str(AT), str(AT - 1)), False),
    "with two times": (f"t={AT - 10},{GOOD}", False),
    "without a time": (f"v1={V1}", False),
    "with a time that is none": (f"t=soon,v1={V1}", False),
    "with a time from nowhere": (f"t={'9' * 30},v1={V1}", False),
    "of the wrong kind": (GOOD.replace("v1", "v0"), False),
    "in capitals": (f"t={AT},v1={V1.upper()}", False),
    "shortened": (GOOD[:-1], False),
    "not in ASCII": (f"t={AT},v1=é", False),
    "nothing": ("", False),
    "endless": (GOOD + "," * 5000, False),
}


@pytest.mark.parametrize(("header", "expected"), CASES.values(), ids=CASES.keys())
def test_a_signature_is_good_or_it_is_not(header, expected):
    assert is_signed(BODY, header, ("whsec_1", "whsec_2"), NOW) is expected


def test_a_good_signature_ends():
    assert not is_signed(BODY, GOOD, ("whsec_1",), NOW + timedelta(seconds=TOLERANCE + 1))
    assert not is_signed(BODY, GOOD, (), NOW)

"""What a request to revoke says, every problem at once."""

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from partner_center.issuance.record import Reason
from partner_center.issuance.revocation_request import read_revocation
from tests.fakes.posted import a_private_key
from tests.unit.issuance.world import leaf_key

KEY = leaf_key("p-256").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
FIELDS = ("reason", "proof", "keep_order")


def read(**body):
    return read_revocation(body, *FIELDS)


def told(request):
    return [(each.code, each.field) for each in request.problems]


def test_nothing_said_is_unspecified():
    request = read()
    assert (request.reason, request.proven_spki, request.keep_order, request.problems) == (
        Reason.UNSPECIFIED,
        None,
        None,
        (),
    )


@pytest.mark.parametrize("keep", [True, False, None])
def test_all_of_it(keep):
    request = read(reason="keyCompromise", proof={"private_key": KEY}, keep_order=keep)
    assert request.problems == ()
    assert (request.reason, request.keep_order) == (Reason.KEY_COMPROMISE, keep)
    assert request.exposed == (request.proven_spki,)


PROBLEMS = {
    "an unknown reason": ({"reason": "boredom"}, [("invalid_field", "/reason")]),
    "the reason of staff": ({"reason": "privilegeWithdrawn"}, [("invalid_field", "/reason")]),
    "a reason in another case": ({"reason": "KeyCompromise"}, [("invalid_field", "/reason")]),
    "a reason that is no text": ({"reason": 1}, [("invalid_field", "/reason")]),
    "a reason that is nothing": ({"reason": None}, [("invalid_field", "/reason")]),
    "a reason that is a list": ({"reason": ["keyCompromise"]}, [("invalid_field", "/reason")]),
    "an endless reason": ({"reason": "x" * 200_000}, [("invalid_field", "/reason")]),
    "a word for yes": ({"keep_order": "yes"}, [("invalid_field", "/keep_order")]),
    "a number for yes": ({"keep_order": 1}, [("invalid_field", "/keep_order")]),
    "an unknown field": ({"resaon": "superseded"}, [("unknown_field", "/resaon")]),
    "a proof without need": (
        {"reason": "superseded", "proof": {"private_key": KEY}},
        [("invalid_field", "/proof")],
    ),
    "a proof that proves nothing": (
        {"reason": "keyCompromise", "proof": {"private_key": "none"}},
        [("proof_not_accepted", "/proof/private_key")],
    ),
    "everything at once": (
        {"reason": "x", "keep_order": 0, "why": 1, "proof": 7},
        [
            ("unknown_field", "/why"),
            ("invalid_field", "/reason"),
            ("invalid_field", "/proof"),
            ("invalid_field", "/keep_order"),
            ("invalid_field", "/proof"),
        ],
    ),
}


@pytest.mark.parametrize(("body", "problems"), PROBLEMS.values(), ids=PROBLEMS.keys())
def test_every_problem_is_told_with_its_place(body, problems):
    assert told(read(**body)) == problems


def test_an_order_cannot_be_kept_when_it_is_the_order_that_is_revoked():
    request = read_revocation({"keep_order": True}, "reason", "proof")
    assert told(request) == [("unknown_field", "/keep_order")]
    assert request.keep_order is None


def test_a_key_in_any_other_field_is_refused_and_reported():
    request = read(reason=a_private_key(), proof={"private_key": KEY})
    assert ("private_key_not_accepted", "/reason") in told(request)
    assert ("invalid_field", "/reason") not in told(request)
    assert len(request.exposed) == 2


def test_an_idempotency_key_is_bound_to_no_private_key():
    request = read(reason="keyCompromise", proof={"private_key": KEY})
    assert request.told() == {"reason": "keyCompromise", "proof": request.proven_spki, "keep_order": None}

from dataclasses import replace
from datetime import timedelta
from secrets import token_bytes

import pytest

from partner_center.issuance.bootstrap import create_hierarchy
from partner_center.issuance.ca_certificates import HierarchyRequest
from partner_center.issuance.ca_choice import signing_ca
from partner_center.issuance.profile import SignatureAlgorithm
from partner_center.kernel.level import Level
from tests.unit.issuance.world import NOW, MemoryKeys, MemoryStore, SetClock, spki

ECDSA, RSA = SignatureAlgorithm.ECDSA_SHA256, SignatureAlgorithm.RSA_SHA256
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def cas():
    """Issuing CAs by id: kind of signature, level, and how many days later each was made."""
    keys, store, clock = MemoryKeys(), MemoryStore(), SetClock()
    made = {
        "e1": (ECDSA, None, 0),
        "e2": (ECDSA, None, 1),
        "r1": (RSA, None, 0),
        "dv1": (ECDSA, Level.DV, 0),
        "dv2": (RSA, Level.DV, 0),
    }
    for issuer_id, (algorithm, level, days) in made.items():
        clock.moment = NOW + days * DAY
        request = HierarchyRequest(issuer_id, "http://pki.example.com", algorithm=algorithm, only_level=level)
        create_hierarchy(request, keys, store, clock, token_bytes)
    return store.issuers


LATER = NOW + 2 * DAY


@pytest.mark.parametrize(
    ("there", "level", "key", "chosen"),
    [
        (["e1"], Level.DV, "p-256", "e1"),
        (["e1"], Level.EV, "rsa-2048", "e1"),
        (["e1", "e2"], Level.DV, "p-384", "e2"),
        (["e2", "e1"], Level.DV, "p-256", "e2"),
        (["e2", "r1"], Level.DV, "rsa-2048", "r1"),
        (["e2", "r1"], Level.DV, "rsa-4096", "r1"),
        (["e1", "r1"], Level.DV, "p-521", "e1"),
        (["e2", "dv1"], Level.DV, "p-256", "dv1"),
        (["e2", "dv1"], Level.OV, "p-256", "e2"),
        (["r1", "dv1"], Level.DV, "rsa-2048", "dv1"),
        (["dv1", "dv2"], Level.DV, "rsa-2048", "dv2"),
        (["dv1", "dv2"], Level.DV, "p-256", "dv1"),
        (["dv1", "dv2"], Level.EV, "p-256", None),
        ([], Level.DV, "p-256", None),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, list) else str(value),
)
def test_level_comes_before_kind_of_key_and_that_before_age(cas, there, level, key, chosen):
    found = signing_ca([cas[each] for each in there], level, spki(key), LATER)
    assert (found.issuer_id if found else None) == chosen


@pytest.mark.parametrize(
    "changes", [{"active": False}, {"revoked_at": NOW}], ids=["out of service", "revoked"]
)
def test_one_that_is_out_of_service_leaves_the_work_to_the_other(cas, changes):
    found = signing_ca([cas["e1"], replace(cas["e2"], **changes)], Level.DV, spki(), LATER)
    assert found.issuer_id == "e1"


def test_a_ca_signs_within_its_own_validity_and_its_last_second_is_left_out(cas):
    certificate = cas["e2"].certificate
    first, last = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    for moment, signs in [
        (first - timedelta(seconds=1), False),
        (first, True),
        (last - timedelta(seconds=1), True),
        (last, False),
    ]:
        assert (signing_ca([cas["e2"]], Level.DV, spki(), moment) is not None) is signs

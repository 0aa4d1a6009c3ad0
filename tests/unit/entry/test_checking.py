"""The door of the daily check: certificates and the CRLs of roots are looked at whatever becomes of the others."""

from types import SimpleNamespace

import pytest

from partner_center.entry.checking import checking_handler
from partner_center.issuance.objection import CheckRun
from partner_center.kernel.errors import TryAgain
from tests.fakes.determined import NOW

CONTEXT = SimpleNamespace(aws_request_id="request-1", get_remaining_time_in_millis=lambda: 60_001)
ENDS, CHECKED = "the CRL of a root ends soon", "certificates were checked"


class Check:
    """A use case that fails as a test says, and cannot read one certificate."""

    def __init__(self, certificates=None, roots=None):
        self.certificates, self.roots = certificates, roots

    def __call__(self, correlation_id, time_is_left, tell):
        assert (correlation_id, time_is_left()) == ("request-1", True)
        if self.certificates:
            raise self.certificates
        tell("0a1b", KeyError("status"))
        return CheckRun("chk_1", NOW, NOW, NOW, NOW, False, 2, 1)

    def ending_root_crls(self):
        if self.roots:
            raise self.roots
        return ["root-r1"]


def test_alarms_find_what_they_wait_for_and_what_cannot_be_read_is_named(logged):
    counts = checking_handler(Check)({}, CONTEXT)
    assert counts == {"checked": 2, "objections": 1, "is_complete": False}
    told = logged.getvalue()
    for message in (ENDS, CHECKED, "certificates are objected to", "the check of certificates is behind"):
        assert f'"message":"{message}"' in told
    assert '"serial":"0a1b"' in told
    assert "KeyError" in told


@pytest.mark.parametrize("error", [TryAgain("out"), KeyError("status")], ids=repr)
@pytest.mark.parametrize(
    ("part", "told"),
    [("certificates", (True, False)), ("roots", (False, True))],
    ids=["certificates", "roots"],
)
def test_whatever_becomes_of_the_one_the_other_is_looked_at(logged, error, part, told):
    check = Check(**{part: error})
    with pytest.raises(type(error)):
        checking_handler(lambda: check)({}, CONTEXT)
    assert tuple(message in logged.getvalue() for message in (ENDS, CHECKED)) == told

"""Staff: named persons with roles; a key is one person's, and what they may decide is what their roles say."""

from itertools import chain, combinations

import pytest

from partner_center.accounts.api_keys import Role
from partner_center.accounts.staff import Staff, StaffRole
from partner_center.kernel.errors import Forbidden


def of(*roles):
    return Staff("rosa.reviewer", "key_1", frozenset(roles))


EVERY_SET = list(chain.from_iterable(combinations(StaffRole, size) for size in range(len(StaffRole) + 1)))


@pytest.mark.parametrize("needed", EVERY_SET, ids=str)
@pytest.mark.parametrize("has", EVERY_SET, ids=str)
def test_one_of_the_needed_roles_is_enough_and_none_is_not(has, needed):
    if set(has) & set(needed):
        assert of(*has).require(*needed) is None
    else:
        with pytest.raises(Forbidden):
            of(*has).require(*needed)


def test_nobody_may_what_nobody_is_named_for():
    with pytest.raises(Forbidden):
        of(*StaffRole).require()


def test_a_refusal_names_the_roles_that_would_do():
    with pytest.raises(Forbidden, match="review, finance"):
        of(StaffRole.VALIDATION).require(StaffRole.REVIEW, StaffRole.FINANCE)


def test_no_role_of_the_staff_is_one_of_a_reseller():
    """Nothing is gained by taking one for the other, and no role is above all others."""
    assert {role.value for role in StaffRole}.isdisjoint(role.value for role in Role)


def test_a_record_names_the_person():
    assert of(StaffRole.REVIEW).actor == "staff:rosa.reviewer"

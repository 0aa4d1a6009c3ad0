"""Problems of a part of a body, told to somebody who sent that part alone."""

import pytest

from partner_center.entry.problems import moved
from partner_center.kernel.errors import Problem

PREFIX = "/domain_control/names/example.com"


@pytest.mark.parametrize(
    ("field", "told"),
    [
        (f"{PREFIX}/approver_email", "/approver_email"),
        (PREFIX, ""),
        (f"{PREFIX}/", "/"),
        (
            "/domain_control/names/example.com.au/approver_email",
            "/domain_control/names/example.com.au/approver_email",
        ),
        ("/domain_control/names/*.example.com", "/domain_control/names/*.example.com"),
        ("/domain_control", "/domain_control"),
        ("/csr", "/csr"),
        ("", ""),
        (None, None),
    ],
)
def test_what_stands_in_the_part_is_told_as_its_place_there(field, told):
    problem = Problem("approver_not_allowed", "Choose another.", field, name="example.com")
    (found,) = moved([problem], PREFIX)
    assert (found.field, found.code, found.detail, found.name) == (
        told,
        problem.code,
        problem.detail,
        problem.name,
    )


def test_every_problem_stays_in_its_order():
    problems = [Problem(f"p{number}", "Mend it.", f"{PREFIX}/{number}") for number in range(3)]
    assert [(each.code, each.field) for each in moved(problems, PREFIX)] == [
        ("p0", "/0"),
        ("p1", "/1"),
        ("p2", "/2"),
    ]
    assert moved([], PREFIX) == []

"""How many problems one answer tells; and those of a part of a body, told to somebody who sent that part alone."""

from itertools import count

import pytest

from partner_center.entry.problems import moved, problem_document
from partner_center.kernel.errors import MOST_PROBLEMS, Problem, enough_of, told_at_once

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


# ---- how many are told


def some(number):
    return tuple(Problem("invalid_field", "Mend it.", f"/{each}") for each in range(number))


@pytest.mark.parametrize("number", [0, 1, 99, 100])
def test_up_to_a_hundred_problems_are_told_as_they_are(number):
    assert told_at_once(some(number)) == some(number)


@pytest.mark.parametrize("number", [101, 102, 5000])
def test_of_more_the_first_hundred_are_told_and_that_there_are_others(number):
    *first, last = told_at_once(some(number))
    assert first == [*some(100)]
    assert (last.code, last.field, last.name) == ("too_many_problems", None, None)
    document = problem_document(422, "content_refused", "No.", "r", some(number))
    assert document["problems"] == [each.as_json() for each in (*first, last)]


def test_no_more_problems_are_made_than_it_takes_to_know_that_there_are_too_many():
    made = []

    def endless():
        for number in count():
            made.append(number)
            yield Problem("invalid_field", "Mend it.", f"/{number // 2}")

    assert enough_of(endless()) == some(MOST_PROBLEMS + 1)
    assert len(made) == 2 * MOST_PROBLEMS + 1
    assert enough_of(iter(some(3) * 2)) == some(3)

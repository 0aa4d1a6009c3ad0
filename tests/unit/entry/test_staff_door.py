"""The door of the staff: their keys open /v1/staff and nothing else, and nobody else's open that."""

import pytest

from partner_center.accounts.api_keys import Role
from partner_center.accounts.staff import Staff, StaffRole
from partner_center.entry.body import LONGEST_STATEMENT
from partner_center.orders.review import Verdict
from tests.fakes.determined import NOW
from tests.fakes.posted import a_private_key, key_material
from tests.fakes.samples import a_second
from tests.unit.entry.office import Office, refused

LOOK, DECIDE = ("GET", "/v1/staff/things/1"), ("POST", "/v1/staff/things/1/decide")
RESELLERS = [("GET", "/things"), ("GET", "/things/1"), ("POST", "/things"), ("PATCH", "/things/1")]
DECISION = {"decision": "approve", "evidence": "Looked it up."}


@pytest.fixture
def office():
    return Office()


def ask_as_staff(office, method, path, body=None, roles=(StaffRole.REVIEW,), **changes):
    return office.ask(method, path, body, key=office.keys.staff_header(*roles, **changes))


# ---- who comes in


@pytest.mark.parametrize("role", [StaffRole.REVIEW, StaffRole.VALIDATION])
def test_a_handler_gets_the_person_behind_the_key(office, role):
    assert ask_as_staff(office, *LOOK, roles=[role], person="mia.mentor").status == 200
    ((thing_id, staff, _),) = office.seen
    assert thing_id == "1"
    assert isinstance(staff, Staff)
    assert (staff.person, staff.roles, staff.actor) == ("mia.mentor", {role}, "staff:mia.mentor")


@pytest.mark.parametrize(("method", "path"), RESELLERS)
@pytest.mark.parametrize("roles", [[], [StaffRole.REVIEW], list(StaffRole)], ids=["none", "one", "all"])
def test_a_staff_key_opens_nothing_of_a_resellers(office, method, path, roles):
    answer = ask_as_staff(office, method, path, {} if method != "GET" else None, roles)
    refused(answer, 403, "forbidden")
    assert office.seen == []


@pytest.mark.parametrize(("method", "path"), [LOOK, DECIDE])
@pytest.mark.parametrize("role", Role)
def test_a_resellers_key_opens_nothing_of_the_staffs(office, method, path, role):
    body = DECISION if method == "POST" else None
    refused(office.ask(method, path, body, key=office.keys.header(role)), 403, "forbidden")
    assert office.seen == []


@pytest.mark.parametrize(
    ("roles", "status"),
    [
        ([StaffRole.REVIEW], 200),
        (list(StaffRole), 200),
        ([StaffRole.VALIDATION], 403),
        ([StaffRole.PARTNER_SUPPORT, StaffRole.FINANCE], 403),
        ([], 403),
    ],
    ids=["the role", "all", "another", "others", "none"],
)
def test_a_role_opens_what_it_is_for(office, roles, status):
    assert ask_as_staff(office, *DECIDE, DECISION, roles).status == status


def test_a_refusal_names_the_roles_that_would_do(office):
    document = refused(ask_as_staff(office, *LOOK, roles=[StaffRole.FINANCE]), 403, "forbidden")
    assert "review, validation" in document["detail"]


@pytest.mark.parametrize("thing_id", ["1", "unknown", "x" * 2000])
@pytest.mark.parametrize("body", [None, b"{", {"nothing": 1}], ids=["none", "half", "bad"])
def test_a_role_is_checked_before_the_id_and_the_body(office, thing_id, body):
    path = f"/v1/staff/things/{thing_id}/decide"
    answer = ask_as_staff(office, "POST", path, body, [StaffRole.FINANCE])
    refused(answer, 403, "forbidden")
    assert office.seen == []


def test_an_id_that_no_table_could_hold_is_not_looked_up(office):
    refused(ask_as_staff(office, "GET", f"/v1/staff/things/{'x' * 256}"), 404, "not_found")
    assert office.seen == []


@pytest.mark.parametrize(
    "changes",
    [
        {"expires_at": NOW},
        {"revoked_at": NOW - a_second},
        {"addresses": ("198.51.100.0/24",)},
        {"secret_sha256": "0" * 64},
    ],
    ids=["expired", "revoked", "elsewhere", "another secret"],
)
@pytest.mark.parametrize(("method", "path"), [LOOK, RESELLERS[0]])
def test_a_bad_staff_key_learns_no_more_than_no_key(office, method, path, changes):
    bad = ask_as_staff(office, method, path, **changes)
    refused(bad, 401, "unauthenticated")
    assert bad.text == office.ask(method, path, key={}).text
    assert office.seen == []


# ---- decisions

GOOD = {
    "approved": (DECISION, (Verdict.APPROVE, "Looked it up.", None)),
    "rejected": (DECISION | {"decision": "reject"}, (Verdict.REJECT, "Looked it up.", None)),
    "with a note": (DECISION | {"note": "Known."}, (Verdict.APPROVE, "Looked it up.", "Known.")),
    "a note that is none": (DECISION | {"note": None}, (Verdict.APPROVE, "Looked it up.", None)),
    "blanks around": (DECISION | {"evidence": " x\n", "note": "\ty "}, (Verdict.APPROVE, "x", "y")),
    "several lines": (DECISION | {"evidence": "a\r\nb\tc ☂"}, (Verdict.APPROVE, "a\r\nb\tc ☂", None)),
    "longest": (
        {"decision": "approve", "evidence": "x" * LONGEST_STATEMENT, "note": "y" * LONGEST_STATEMENT},
        (Verdict.APPROVE, "x" * LONGEST_STATEMENT, "y" * LONGEST_STATEMENT),
    ),
    "long for its blanks": (
        DECISION | {"note": " " * 200_000 + "y"},
        (Verdict.APPROVE, "Looked it up.", "y"),
    ),
}


@pytest.mark.parametrize(("body", "value"), GOOD.values(), ids=GOOD.keys())
def test_a_decision_is_read(office, body, value):
    assert ask_as_staff(office, *DECIDE, body).status == 200
    assert office.seen[0][0] == value


BAD = {
    "nothing": ({}, [("invalid_field", "/decision"), ("missing_field", "/evidence")]),
    "no evidence": ({"decision": "approve"}, [("missing_field", "/evidence")]),
    "no decision": ({"evidence": "x"}, [("invalid_field", "/decision")]),
    **{
        f"the decision {value!r}": (DECISION | {"decision": value}, [("invalid_field", "/decision")])
        for value in (
            "APPROVE",
            "approved",
            "",
            " approve",
            None,
            True,
            1,
            [],
            ["approve"],
            {},
            {"approve": 1},
        )
    },
    **{
        f"the evidence {str(value)[:20]!r}": (
            DECISION | {"evidence": value},
            [("invalid_field", "/evidence")],
        )
        for value in (
            "",
            "  \n",
            None,
            1,
            ["x"],
            {},
            "x" * (LONGEST_STATEMENT + 1),
            "\x00",
            "a\x1b[0m",
            "\u202e",
        )
    },
    **{
        f"the note {str(value)[:20]!r}": (DECISION | {"note": value}, [("invalid_field", "/note")])
        for value in ("", " ", False, 0, [], {}, "x" * (LONGEST_STATEMENT + 1), "\x7f")
    },
    "an unknown field": (DECISION | {"by": "me"}, [("unknown_field", "/by")]),
    "all at once": (
        {"decision": 1, "evidence": 1, "note": 1, "x/y": 1},
        [
            ("unknown_field", "/x~1y"),
            ("invalid_field", "/decision"),
            ("invalid_field", "/evidence"),
            ("invalid_field", "/note"),
        ],
    ),
}


@pytest.mark.parametrize(("body", "problems"), BAD.values(), ids=BAD.keys())
def test_every_fault_of_a_decision_is_told(office, body, problems):
    document = refused(ask_as_staff(office, *DECIDE, body), 422, "content_refused")
    assert [(each["code"], each["field"]) for each in document["problems"]] == problems
    assert office.seen == []


@pytest.mark.parametrize("name", ["evidence", "note", "anything"])
def test_a_private_key_in_a_decision_is_refused_and_never_quoted(office, name):
    answer = ask_as_staff(office, *DECIDE, DECISION | {name: a_private_key()})
    document = refused(answer, 422, "content_refused")
    assert ("private_key_not_accepted", f"/{name}") in [
        (each["code"], each["field"]) for each in document["problems"]
    ]
    assert not any(piece in answer.text for piece in key_material())


@pytest.mark.parametrize("body", [None, b"", b"[]", b"{", b"\xff", b'"approve"'], ids=repr)
def test_a_decision_is_one_json_object(office, body):
    answer = office.ask(
        *DECIDE, body, {"Content-Type": "application/json"}, office.keys.staff_header(StaffRole.REVIEW)
    )
    refused(answer, 400, "malformed")

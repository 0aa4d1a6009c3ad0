"""docs/openapi.json says what the code does: the same routes, roles and shapes, and examples the code made."""

import ast
import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from local.openapi.__main__ import COMMITTED, main, text
from local.openapi.document import PEEKS, RouteWithoutWords, document
from local.openapi.examples import Shelf, ShelfOfCertificates, refusals
from local.openapi.operations import OPERATIONS
from local.openapi.story import (
    APPROVED,
    CSR,
    ISSUED,
    MAILED,
    PLACED,
    RESELLER,
    SERIAL,
    CountedIds,
    OneOrder,
    SetClock,
    Story,
    a_contract,
    examined,
    order_request,
    place,
)
from local.template import described
from partner_center.accounts.api_keys import Role
from partner_center.accounts.staff import StaffRole
from partner_center.catalog.agreements import agreement_as_json
from partner_center.catalog.products import load_catalog, product_as_json
from partner_center.entry import schemas
from partner_center.entry.api import problem_answer
from partner_center.entry.routes import ROUTES
from partner_center.entry.unknown_route import answer as unknown_route
from partner_center.issuance.reading import CertificateReading
from partner_center.issuance.record import CertificateStatus
from partner_center.kernel.errors import (
    ContentRefused,
    PartnerCenterError,
    Problem,
    StateConflict,
)
from partner_center.orders.close import closing
from partner_center.orders.inspect import examination_as_json, inspect_csr
from partner_center.orders.order import CloseReason, Order, OrderStatus
from partner_center.orders.requests import OrderRequest
from partner_center.orders.view import order_as_json
from partner_center.validation.challenges import ChallengeStatus
from partner_center.validation.ports import Message
from partner_center.validation.standing import standing

ROOT = Path(__file__).parents[3]
LATER = APPROVED + timedelta(hours=1)


@pytest.fixture(scope="module")
def published():
    return json.loads(COMMITTED.read_text("utf-8"))


@pytest.fixture(scope="module")
def obeys(published):
    """Whether a value, once sent as JSON, is what the document and the strict models say."""
    resource = Resource.from_contents(published, default_specification=DRAFT202012)
    registry = Registry().with_resource("urn:published", resource)

    def check(shape, value):
        sent = json.loads(json.dumps(value))
        schema = {"$ref": f"urn:published#/components/schemas/{shape}"}
        validator = Draft202012Validator(schema, registry=registry, format_checker=FormatChecker())
        assert [error.message for error in validator.iter_errors(sent)] == []
        model = OrderRequest if shape == "OrderRequest" else getattr(schemas, shape)
        model.model_validate(sent)
        return sent

    return check


# ---- the file


def test_the_committed_document_is_what_the_code_yields():
    assert COMMITTED.read_text("utf-8") == text()


def test_the_check_tells_a_stale_document(tmp_path, monkeypatch, capsys):
    stale = tmp_path / "openapi.json"
    stale.write_text("{}")
    monkeypatch.setattr("local.openapi.__main__.COMMITTED", stale)
    assert main(["--check"]) == 1
    assert "python -m local.openapi" in capsys.readouterr().err
    assert main([]) == 0
    assert main(["--check"]) == 0


def test_the_document_is_valid_openapi(published):
    validator = pytest.importorskip("openapi_spec_validator")
    validator.validate(published)


def test_a_route_without_words_is_refused(monkeypatch):
    monkeypatch.setattr("local.openapi.document.ROUTES", (*ROUTES, ("GET", "/v1/unheard")))
    with pytest.raises(RouteWithoutWords, match="/v1/unheard"):
        document()


def test_no_reference_leads_nowhere_and_no_component_is_unused(published):
    used = set(re.findall(r'"#/components/(\w+/[\w-]+)"', json.dumps(published)))
    known = {
        f"{section}/{name}"
        for section, members in published["components"].items()
        if section != "securitySchemes"
        for name in members
    }
    assert used == known


# ---- routes: document, table of routes, template and functions


def http_functions():
    """(folder, its function's HTTP events in the template)."""
    resources = described(ROOT / "template.yaml")["Resources"]
    for resource in resources.values():
        if resource["Type"] != "AWS::Serverless::Function":
            continue
        events = resource["Properties"].get("Events", {}).values()
        routes = [each["Properties"] for each in events if each["Type"] == "HttpApi"]
        if routes:
            yield (
                resource["Properties"]["CodeUri"],
                {(route["Method"], route["Path"]) for route in routes if "Path" in route},
            )


def bound_routes(folder):
    """What a function's code binds: {(method, path): roles}."""
    found = {}
    for node in ast.walk(ast.parse((ROOT / folder / "app.py").read_text("utf-8"))):
        if not isinstance(node, ast.FunctionDef):
            continue
        for decorator in node.decorator_list:
            method, path, *roles = decorator.args
            kind = StaffRole if decorator.func.attr == "staff" else Role
            names = {
                role
                for each in roles
                for role in (tuple(Role) if isinstance(each, ast.Starred) else (kind[each.attr],))
            }
            route = (method.value, path.value.replace("<", "{").replace(">", "}"))
            found[route] = names if decorator.func.attr in {"route", "staff"} else None
    return found


def test_the_template_and_the_table_have_the_same_routes():
    in_template = set().union(*(routes for _, routes in http_functions()))
    assert in_template == set(ROUTES)
    assert len(set(ROUTES)) == len(ROUTES)


@pytest.mark.parametrize(("folder", "routes"), [pytest.param(*each, id=each[0]) for each in http_functions()])
def test_each_function_answers_the_routes_that_the_template_gives_it(folder, routes):
    assert bound_routes(folder).keys() == routes


def test_the_document_names_the_roles_that_the_code_admits(published):
    bound = {}
    for folder, _ in http_functions():
        bound |= bound_routes(folder)
    for (method, path), roles in bound.items():
        operation = published["paths"][path][method.lower()]
        if roles is None:
            assert operation["security"] == []
            assert "401" not in operation["responses"]
        else:
            admins = set() if roles <= set(StaffRole) else {Role.ADMIN}
            assert set(operation["x-roles"]) == roles | admins
            assert ("403" in operation["responses"]) == (roles != set(Role))
            assert "401" in operation["responses"]


def test_path_parameters_are_those_in_the_path(published):
    for path, operations in published["paths"].items():
        for operation in operations.values():
            names = [each["$ref"].rpartition("/")[2] for each in operation.get("parameters", [])]
            described = [published["components"]["parameters"][name] for name in names]
            in_path = {each["name"] for each in described if each["in"] == "path"}
            assert in_path == set(re.findall(r"{(\w+)}", path))


@pytest.mark.parametrize("status", [200, 201])
def test_every_json_answer_has_a_shape(status):
    for operation in OPERATIONS.values():
        answer = operation.answers.get(status)
        assert answer is None or operation.id in PEEKS or answer.shape or answer.media_types


def test_no_code_that_is_deployed_imports_the_schemas():
    sources = [*(ROOT / "functions").rglob("*.py"), *(ROOT / "layers").rglob("*.py")]
    importing = [
        path
        for path in sources
        if "entry.schemas" in path.read_text("utf-8") and path.parent.name != "schemas"
    ]
    assert importing == []


# ---- requests


def test_the_order_of_the_example_is_accepted_as_it_stands(published, obeys):
    request = published["components"]["examples"]["OrderRequest"]["value"]
    obeys("OrderRequest", request)
    assert place(request, CountedIds()).content.names == ("www.example.com", "example.com")


@pytest.mark.parametrize("reason", ["The customer ordered twice.", None, "x" * 500])
def test_reasons_for_a_cancellation(obeys, reason):
    obeys("CancelRequest", {"reason": reason})


def test_the_answers_of_the_form_are_the_decisions(published):
    assert published["components"]["schemas"]["Decision"]["enum"] == ["approve", "decline"]


# ---- answers


def test_every_example_has_its_shape(published, obeys):
    seen = set()
    for operation in OPERATIONS.values():
        for answer in operation.answers.values():
            for name in answer.examples:
                obeys(answer.shape, published["components"]["examples"][name]["value"])
                seen.add(name)
    assert seen | {
        "OrderRequest",
        "RenewalRequest",
        "ReplacementRequest",
        "PaymentMethodRequest",
        "SettleRequest",
        "CancelRequest",
        "ContractActivation",
        "ContractRequest",
        "CsrRequest",
        "AmendRequest",
        "DecisionRequest",
        "MethodRequest",
        "SettlementRequest",
        "OrderRevocationRequest",
        "CertificateRevocationRequest",
        "CompromisedKeyRequest",
        "ProblemReportRequest",
        "AccountRequest",
        "ReissueRequest",
        "ReportDecisionRequest",
    } == set(published["components"]["examples"])


def _told(story):
    """Orders in every state that the code can bring about: id -> (order, challenges, certificates, moment)."""
    pending, waiting = story.placed, story.challenges
    head = pending.head
    declined = [replace(each, status=ChallengeStatus.DECLINED, decided_at=APPROVED) for each in waiting]
    overdue = closing(
        head, OrderStatus.CANCELLED, CloseReason.TIMED_OUT, story.chronicle(PLACED + timedelta(days=31))
    )
    return {
        "placed": (story.fresh, [], [], PLACED),
        "flagged": (story.flagged, [], [], PLACED),
        "mail not sent yet": (pending, [replace(waiting[0], sent_at=None)], [], MAILED),
        "waiting": (pending, waiting, [], MAILED),
        "declined": (pending, declined, [], LATER),
        "link expired": (pending, waiting, [], PLACED + timedelta(days=31)),
        "proven": (pending, story.approved, [], APPROVED),
        "held back": (
            Order(replace(head, held_back="caa: www.example.com: refused"), pending.content),
            story.approved,
            [],
            LATER,
        ),
        "signing": (Order(replace(head, signing=True), pending.content), story.approved, [], LATER),
        "issued": (story.issued, story.approved, [story.certificate], LATER),
        "certificate expired": (
            story.issued,
            story.approved,
            [story.certificate],
            ISSUED + timedelta(days=300),
        ),
        "cancelled": (story.cancelled, waiting, [], LATER),
        "timed out": (Order(overdue.head, pending.content), waiting, [], LATER),
    }


STATES = [
    "placed",
    "flagged",
    "mail not sent yet",
    "waiting",
    "declined",
    "link expired",
    "proven",
    "held back",
    "signing",
    "issued",
    "certificate expired",
    "cancelled",
    "timed out",
]


def everything_filled_in():
    """An order with every optional field."""
    request = order_request()
    contact = {**request["contacts"]["technical"], "title": "Head of Hosting"}
    return request | {
        "common_name": "www.example.com",
        "term_days": 730,
        "customer_id": "cust-1",
        "contacts": {"technical": contact, "organization": contact},
        "organization": {
            "name": "Voorbeeld Bloemen B.V.",
            "street": "Coolsingel 1",
            "locality": "Rotterdam",
            "state": "Zuid-Holland",
            "postal_code": "3011 AD",
            "country": "nl",
            "registration_number": "24123456",
            "business_category": "Private Organization",
            "jurisdiction": "NL",
        },
        "domain_control": {
            "method": "email",
            "approver_email": "admin@example.com",
            "names": {"www.example.com": {"method": "email", "approver_email": "webmaster@www.example.com"}},
        },
        "lifecycle": {"auto_reissue": True, "key": "same", "days_before": 14, "reminders": False},
        "note": "Rush, please.\nThank you.",
    }


def test_the_table_of_states_is_complete():
    assert list(_told(Story())) == STATES


@pytest.mark.parametrize("state", STATES)
def test_an_order_and_its_domains_have_their_shapes_in_every_state(obeys, state):
    story = Story()
    order, challenges, certificates, moment = _told(story)[state]
    reading = Shelf(order, challenges, story.proofs, certificates).reading(moment)
    order_id = order.head.order_id
    obeys("Order", reading.order(RESELLER, order_id))
    obeys("DomainList", reading.domains(RESELLER, order_id, {}))
    obeys("OrderList", reading.search(RESELLER, {"partner_order_id": "NW-4711"}))


def test_an_order_with_every_optional_field_has_its_shape(obeys):
    request = everything_filled_in()
    obeys("OrderRequest", request)
    placed = place(request, CountedIds())
    order = Order(placed.head, placed.content)
    sent = obeys("Order", order_as_json(order, standing(order, [], [], PLACED), [], PLACED))
    assert sent["organization"]["country"] == "NL"
    assert sent["lifecycle"]["days_before"] == 14


def test_a_page_of_messages_has_its_shape(obeys):
    story = Story()
    notes = [Message(f"msg_{number}", APPROVED, "text") for number in range(3)]
    reading = Shelf(story.placed, notes=notes).reading(LATER)
    sent = obeys("MessageList", reading.messages(RESELLER, story.placed.head.order_id, {"limit": "3"}))
    assert [each["from"] for each in sent["items"]] == ["system"] * 3


@pytest.mark.parametrize(
    ("status", "stored", "moment"),
    [
        ("active", CertificateStatus.STORED, LATER),
        ("expired", CertificateStatus.STORED, ISSUED + timedelta(days=300)),
        ("revoked", CertificateStatus.REVOKED, LATER),
    ],
    ids=["active", "expired", "revoked"],
)
def test_a_certificate_has_its_shape(obeys, status, stored, moment):
    story = Story()
    shelf = ShelfOfCertificates(Shelf(story.issued, certificates=[replace(story.certificate, status=stored)]))
    answered = CertificateReading(shelf, SetClock(moment)).certificate(RESELLER, SERIAL)
    assert obeys("CertificateWithOrder", answered)["status"] == status


@pytest.mark.parametrize("product", load_catalog().products(), ids=lambda product: product.code)
def test_each_product_and_its_agreement_have_their_shapes(obeys, product):
    obeys("Product", product_as_json(product))
    obeys("Agreement", agreement_as_json(product))


def test_the_list_of_products_has_its_shape(obeys):
    items = [product_as_json(product) for product in load_catalog().products()]
    obeys("ProductList", {"items": items, "next_cursor": None})


@pytest.mark.parametrize(
    "text",
    [CSR, "", "no CSR", CSR * 2, CSR.replace("MIHT", "MIHU"), "-----BEGIN PRIVATE KEY-----\nAAAA"],
    ids=["good", "empty", "text", "two", "broken", "a private key"],
)
def test_what_is_found_in_a_csr_has_its_shape(obeys, text):
    desk = OneOrder(a_contract(CountedIds()))
    sent = obeys("CsrInspection", inspect_csr(text, desk))
    assert sent["valid"] == (text == CSR)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"csr": CSR},
        {"product": 1, "csr": [], "additional_domains": ["bücher.example.com", 3]},
        order_request(),
    ],
    ids=["nothing", "a CSR alone", "wrong kinds", "a whole order"],
)
def test_what_is_found_in_an_order_has_its_shape(obeys, body):
    sent = obeys("OrderExamination", examination_as_json(examined(body)))
    assert sent["valid"] == (body == order_request())


# ---- refusals


def _subclasses(kind):
    for each in kind.__subclasses__():
        yield each
        yield from _subclasses(each)


def test_every_refusal_of_the_door_is_described(published):
    described = {
        example["value"]["code"]
        for response in published["components"]["responses"].values()
        for example in response["content"]["application/problem+json"]["examples"].values()
    }
    kernel = {
        each for each in _subclasses(PartnerCenterError) if each.__module__ == "partner_center.kernel.errors"
    }
    codes = {each.code for each in kernel - {StateConflict}}
    codes |= {"issuing", "order_closed", "internal_error"}
    assert described == codes


@pytest.mark.parametrize("response", sorted(refusals()))
def test_examples_of_refusals_have_shape_and_status(obeys, published, response):
    for example in published["components"]["responses"][response]["content"].values():
        for each in example["examples"].values():
            obeys("ProblemDocument", each["value"])


def test_a_refusal_with_every_member_has_its_shape(obeys):
    order_id = Story().placed.head.order_id
    everything = [
        Problem("name_invalid", "No.", "/additional_domains/0", "bad name", order_id),
        Problem("a", "b"),
    ]
    obeys("ProblemDocument", problem_answer(ContentRefused(everything), "r").body)
    obeys("ProblemDocument", problem_answer(ContentRefused(everything * 1000), "r").body)
    obeys("ProblemDocument", problem_answer(StateConflict("issuing", "Ask again.", order_id), "r").body)


@pytest.mark.parametrize("path", ["/v1/orders/x/y/z", "/v1/products"], ids=["unknown path", "other verb"])
def test_what_the_default_route_answers_has_its_shape(obeys, path):
    event = {"rawPath": path, "requestContext": {"requestId": "r"}}
    obeys("ProblemDocument", json.loads(unknown_route(event, None)["body"]))

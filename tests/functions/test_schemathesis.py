"""Requests that Schemathesis draws from docs/openapi.json, good and bad: no 5xx, no answer that is not described.

A few for each operation here, the same in each run; `make fuzz` draws many more, and others each time.
"""

import json
import os
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from local.cloud import EmbeddedCloud
from tests.functions.cardholder import a_link
from tests.functions.journeys import (
    Reseller,
    Reviewer,
    answer,
    approval_links,
    call,
    csr_for,
    order_body,
    staff_key,
)
from tests.functions.objecting import objected

pytestmark = pytest.mark.cloud

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "4"))
SEED = int(os.environ.get("FUZZ_SEED", "1"))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
PUBLISHED = json.loads((Path(__file__).parents[2] / "docs/openapi.json").read_text("utf-8"))
OPERATIONS = {
    found.ok().label: found.ok() for found in schemathesis.openapi.from_dict(PUBLISHED).get_all_operations()
}
WITH_INPUT = [  # any text at all may be a part of a path
    label
    for label, operation in OPERATIONS.items()
    if operation.body or {each.location for each in operation.iter_parameters()} - {ParameterLocation.PATH}
]
PUBLIC = ("/approve/", "/card/", "/v1/compromised-keys", "/v1/problem-reports", "/webhooks/")
WITH_KEY = [label for label in OPERATIONS if not any(label.partition(" ")[2].startswith(p) for p in PUBLIC)]
WITH_BODY = ["POST /v1/orders", "POST /v1/orders/validate", "POST /v1/csr/inspect"]


@pytest.fixture(scope="module")
def known(cloud: EmbeddedCloud, northwind: Reseller, rosa: Reviewer) -> dict[str, list[str]]:
    """Values of path parameters that lead somewhere."""
    pending = northwind.placed(name="pending.example.com")
    issued = northwind.issued(name="issued.example.com")
    declined = northwind.placed(name="declined.example.com")
    answer(approval_links(cloud, declined)[0], "decline")
    cancelled = northwind.placed(name="cancelled.example.com")
    northwind.call("POST", f"/v1/orders/{cancelled}/cancel")
    links = [approval_links(cloud, order)[0].rpartition("/")[2] for order in (pending, issued["order_id"])]
    requested = northwind.call("POST", "/v1/contracts", {"units": 5}).json["contract_id"]
    further = {"csr": csr_for("issued.example.com", label="further")}
    reissue = northwind.call("POST", f"/v1/orders/{issued['order_id']}/reissues", further).json["reissue_id"]
    return {
        "reissue_id": [reissue],
        "contract_id": [requested, *(each["contract_id"] for each in northwind.contracts)],
        "order_id": [pending, issued["order_id"], declined, cancelled],
        "name": ["pending.example.com", "issued.example.com", "declined.example.com"],
        "task_id": [rosa.task(northwind.placed(name="paypal.example.com"))["task_id"]],
        "serial": [issued["certificates"][0]["serial"]],
        "report_id": [report_of(cloud)],
        "objection_id": [objected(cloud, issued)],
        "code": ["geotrust_quickssl_premium", "thawte_ssl123"],
        "token": [*links, a_link(northwind).link.rpartition("/")[2]],
    }


def report_of(cloud: EmbeddedCloud) -> str:
    body = {"reporter_email": "a@example.net", "category": "misuse", "serials": ["0a"], "text": "Look."}
    media = {"Content-Type": "application/json"}
    return str(
        call("POST", f"{cloud.url}/v1/problem-reports", json.dumps(body).encode(), media).json["report_id"]
    )


def draw_and_try(strategy: st.SearchStrategy[Any], attempt: Callable[[Any], None]) -> None:
    """As many examples as this run may take, each of them tried."""

    @seed(SEED)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    @given(strategy)
    def tried(drawn: Any) -> None:
        attempt(drawn)

    tried()


@pytest.mark.parametrize(
    ("label", "mode"),
    [
        *((label, GenerationMode.POSITIVE) for label in OPERATIONS),
        *((label, GenerationMode.NEGATIVE) for label in WITH_INPUT),
    ],
    ids=lambda value: str(getattr(value, "value", value)).replace(" ", "-"),
)
def test_every_answer_is_described(
    cloud: EmbeddedCloud, northwind: Reseller, known: dict[str, list[str]], label: str, mode: GenerationMode
) -> None:
    """Half of the requests ask for something that is there."""
    operation = OPERATIONS[label]
    names = [parameter.name for parameter in operation.path_parameters]
    real = st.fixed_dictionaries({name: st.sampled_from(known[name]) for name in names})

    def attempt(drawn: tuple[Any, dict[str, str] | None]) -> None:
        case, parameters = drawn
        if parameters is not None:
            case.path_parameters = parameters
        judge(cloud, northwind, case)

    draw_and_try(st.tuples(operation.as_strategy(mode), st.none() | real), attempt)


@pytest.mark.parametrize("label", WITH_BODY, ids=lambda label: label.replace(" ", "-"))
def test_a_good_body_with_a_strange_part_is_answered_as_described(
    cloud: EmbeddedCloud, northwind: Reseller, label: str
) -> None:
    """Drawn bodies alone hardly ever come past the first look."""
    good = {"csr": order_body()["csr"]} if label.endswith("inspect") else order_body()

    def attempt(drawn: tuple[Any, list[str], str]) -> None:
        case, taken, host = drawn
        body = deepcopy(good) if label.endswith("inspect") else order_body(name=f"{host}.example.com")
        if isinstance(case.body, dict):
            body |= {name: value for name, value in case.body.items() if name in taken}
        case.body, case.media_type = body, "application/json"
        judge(cloud, northwind, case)

    fields = sorted(PUBLISHED["components"]["schemas"]["OrderRequest"]["properties"])
    strange = OPERATIONS[label].as_strategy(GenerationMode.NEGATIVE) | OPERATIONS[label].as_strategy()
    hosts = st.text("abc", min_size=1, max_size=8)
    draw_and_try(st.tuples(strange, st.lists(st.sampled_from(fields), max_size=2), hosts), attempt)


def judge(cloud: EmbeddedCloud, northwind: Reseller, case: Any) -> None:
    path = case.operation.path
    role = "finance" if "contracts" in path else "validation"
    text = staff_key(cloud, role) if "problem-reports" in path else "review"
    text = staff_key(cloud, role) if "/staff/" in path else northwind.api_key
    key = {"Authorization": f"Bearer {text}"} if case.operation.label in WITH_KEY else {}
    response = case.call(base_url=cloud.url, headers=key)
    if response.status_code == 411:  # before any function: the embedded server takes no chunks
        assert response.request.headers["Transfer-Encoding"] == "chunked"
        return
    case.validate_response(response, checks=[*CHECKS, *([ignored_auth] if key else [])], headers=key)


BAD_KEYS = {
    "no key": {},
    "an empty one": {"Authorization": ""},
    "another scheme": {"Authorization": "Basic cGNrOng="},
    "an unknown one": {"Authorization": "Bearer pck_01m83gfn906vdzrfphx5k04kdt_" + "a" * 43},
}


@pytest.mark.parametrize("key", BAD_KEYS.values(), ids=BAD_KEYS.keys())
@pytest.mark.parametrize("label", WITH_KEY, ids=lambda label: label.replace(" ", "-"))
def test_a_key_is_never_ignored(
    cloud: EmbeddedCloud, known: dict[str, list[str]], label: str, key: dict[str, str]
) -> None:
    """Whatever is asked, of things that are there and of others, without a good key the answer is 401."""
    operation = OPERATIONS[label]
    real = {parameter.name: known[parameter.name][0] for parameter in operation.path_parameters}

    def attempt(drawn: tuple[Any, bool]) -> None:
        case, is_real = drawn
        if is_real:
            case.path_parameters = dict(real)
        case.headers.pop("Authorization", None)
        response = case.call(base_url=cloud.url, headers=key)
        case.validate_response(response, checks=CHECKS)
        # A path of which a part is empty or has a slash is another path.
        assert response.status_code == 401 or (not is_real and response.status_code in (404, 405))

    draw_and_try(st.tuples(operation.as_strategy(), st.booleans()), attempt)


def test_every_operation_is_tried_and_each_with_security_says_so() -> None:
    routes = {f"{method.upper()} {path}" for path, item in PUBLISHED["paths"].items() for method in item}
    assert set(OPERATIONS) == routes
    described = {f"{m.upper()} {p}": i for p, item in PUBLISHED["paths"].items() for m, i in item.items()}
    assert {label for label in routes if described[label].get("security") != []} == set(WITH_KEY)


# The measure itself


def without_the_status(document: dict[str, Any]) -> None:
    del document["paths"]["/v1/products"]["get"]["responses"]["200"]


def with_another_media_type(document: dict[str, Any]) -> None:
    described = document["paths"]["/v1/products"]["get"]["responses"]["200"]
    described["content"] = {"text/plain": {"schema": {"type": "string"}}}


def with_a_field_that_no_answer_has(document: dict[str, Any]) -> None:
    document["components"]["schemas"]["Product"]["required"].append("surprise")


def with_a_header_that_no_answer_has(document: dict[str, Any]) -> None:
    described = document["paths"]["/v1/products"]["get"]["responses"]["200"]
    described["headers"]["X-Surprise"] = {"required": True, "schema": {"type": "string"}}


CHANGED_DOCUMENTS = {
    without_the_status: "Undocumented status code",
    with_another_media_type: "Undocumented Content-Type",
    with_a_field_that_no_answer_has: "Response violates schema",
    with_a_header_that_no_answer_has: "Missing required response headers",
}


@pytest.mark.parametrize(
    ("change", "told"), CHANGED_DOCUMENTS.items(), ids=lambda value: getattr(value, "__name__", "")
)
def test_an_answer_that_is_not_described_is_noticed(
    cloud: EmbeddedCloud, northwind: Reseller, change: Callable[[dict[str, Any]], None], told: str
) -> None:
    document = deepcopy(PUBLISHED)
    change(document)
    case = schemathesis.openapi.from_dict(document)["/v1/products"]["GET"].Case()
    with pytest.raises(FailureGroup, match="1 distinct failure") as noticed:
        judge(cloud, northwind, case)
    assert [failure.title for failure in noticed.value.exceptions] == [told]


def test_a_key_that_is_ignored_is_noticed(cloud: EmbeddedCloud, northwind: Reseller) -> None:
    """A page that anyone may see, described as if it needed a key."""
    link = approval_links(cloud, northwind.placed(name="noticed.example.com"))[0].rpartition("/")[2]
    document = deepcopy(PUBLISHED)
    document["paths"] = {"/approve/{token}": document["paths"]["/approve/{token}"]}
    del document["paths"]["/approve/{token}"]["get"]["security"]
    case = schemathesis.openapi.from_dict(document)["/approve/{token}"]["GET"].Case(
        path_parameters={"token": link}
    )
    key = {"Authorization": f"Bearer {northwind.api_key}"}
    response = case.call(base_url=cloud.url, headers=key)
    with pytest.raises(FailureGroup, match="1 distinct failure"):
        case.validate_response(response, checks=[ignored_auth], headers=key)

"""Puts the document together and refuses loudly what does not fit: a route without words, words without a route."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from local.openapi.examples import answers, refusals
from local.openapi.operation import Answer, Body, Operation, Parameter
from local.openapi.operations import OPERATIONS, PARAMETERS
from local.openapi.wording import ABOUT, FIELDS, HEADERS, REFUSALS, SHAPES, TAGS
from partner_center.accounts.account import AccountRequest
from partner_center.accounts.api_keys import Role
from partner_center.billing.shapes import ContractActivation, ContractRequest
from partner_center.entry import schemas
from partner_center.entry.problems import CONTENT_TYPE
from partner_center.entry.routes import ROUTES
from partner_center.orders.reissue_request import ReissueRequest
from partner_center.orders.requests import OrderRequest

ANSWERED: Sequence[type[BaseModel]] = (
    schemas.Account,
    schemas.ApproverList,
    schemas.Domain,
    schemas.ProofList,
    schemas.Agreement,
    schemas.CardLink,
    schemas.CertificateWithOrder,
    schemas.CheckAnswer,
    schemas.Contract,
    schemas.ContractList,
    schemas.ContractOfReseller,
    schemas.ContractQueue,
    schemas.CompromisedKeyAnswer,
    schemas.CsrInspection,
    schemas.DecisionAnswer,
    schemas.DomainList,
    schemas.Ledger,
    schemas.MessageList,
    schemas.ObjectionQueue,
    schemas.Order,
    schemas.OrderExamination,
    schemas.OrderList,
    schemas.PaymentMethod,
    schemas.ProblemDocument,
    schemas.ProblemReport,
    schemas.ProblemReportAnswer,
    schemas.ProblemReportQueue,
    schemas.Product,
    schemas.ProductList,
    schemas.PaymentQueue,
    schemas.PaymentState,
    schemas.Received,
    schemas.Reissue,
    schemas.ReissueList,
    schemas.ReviewQueue,
    schemas.SettlementAnswer,
)
POSTED: Sequence[type[BaseModel]] = (
    AccountRequest,
    OrderRequest,
    schemas.AmendRequest,
    schemas.RenewalRequest,
    schemas.ReplacementRequest,
    schemas.ApprovalForm,
    schemas.CancelRequest,
    ContractActivation,
    ContractRequest,
    schemas.CardFormPost,
    schemas.CertificateRevocationRequest,
    schemas.CompromisedKeyRequest,
    schemas.CsrRequest,
    schemas.DecisionRequest,
    schemas.GatewayEvent,
    schemas.MethodRequest,
    schemas.PaymentMethodRequest,
    ReissueRequest,
    schemas.SettleRequest,
    schemas.OrderDraft,
    schemas.SettlementRequest,
    schemas.OrderRevocationRequest,
    schemas.ProblemReportRequest,
    schemas.ReportDecisionRequest,
)

PEEKS = {"peekApproval", "peekCardForm"}
"""HEAD: answers without a body."""

ON_EVERY_ANSWER = ("RateLimit-Policy", "RateLimit", "X-Request-Id")

Json = dict[str, Any]


class RouteWithoutWords(Exception):
    """Routes and operations are not the same set; the argument names the difference."""


def document() -> Json:
    """The OpenAPI 3.1 document, the same at every call."""
    if difference := set(ROUTES) ^ OPERATIONS.keys():
        raise RouteWithoutWords(sorted(difference))
    paths: Json = {}
    for method, path in ROUTES:
        paths.setdefault(path, {})[method.lower()] = _operation(OPERATIONS[method, path])
    return {
        "openapi": "3.1.0",
        "info": ABOUT,
        "servers": [{"url": "http://127.0.0.1:8080", "description": "The embedded cloud (make run)"}],
        "tags": [{"name": name, "description": description} for name, description in TAGS.items()],
        "security": [{"ApiKey": []}],
        "paths": paths,
        "components": _components(),
    }


def _operation(operation: Operation) -> Json:
    described: Json = {
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": operation.description,
    }
    if operation.roles:
        is_staff = operation.tag == "Staff"
        described["x-roles"] = sorted(operation.roles if is_staff else {*operation.roles, Role.ADMIN})
    else:
        described["security"] = []
    if operation.parameters:
        described["parameters"] = [_ref("parameters", name) for name in operation.parameters]
    if operation.body is not None:
        described["requestBody"] = _body(operation.body)
    described["responses"] = dict(sorted(_responses(operation).items()))
    return described


def _responses(operation: Operation) -> dict[str, Json]:
    responses = {str(status): _answer(answer) for status, answer in operation.answers.items()}
    for name in operation.refusals:
        status = str(REFUSALS[name][0])
        if status in responses:  # a page, or a problem document from before the page was reached
            responses[status]["content"] |= _problem_content(name)
        elif operation.id in PEEKS:
            responses[status] = _with_headers({"description": REFUSALS[name][1]}, ())
        else:
            responses[status] = _ref("responses", name)
    return responses


def _answer(answer: Answer) -> Json:
    described = _with_headers({"description": answer.description}, answer.headers)
    content: Json = {media: {"schema": {"type": "string"}} for media in answer.media_types}
    if answer.shape is not None:
        shown = {"schema": _ref("schemas", answer.shape)}
        content["application/json"] = _with_examples(shown, answer.examples)
    if content:
        described["content"] = content
    return described


def _body(body: Body) -> Json:
    content: Json = {"schema": _ref("schemas", body.shape)}
    return {
        "description": body.description,
        "required": body.required,
        "content": {body.media_type: _with_examples(content, body.examples)},
    }


def _with_examples(content: Json, names: Sequence[str]) -> Json:
    return {**content, "examples": {name: _ref("examples", name) for name in names}} if names else content


def _with_headers(described: Json, names: Sequence[str]) -> Json:
    headers = {name: _ref("headers", name) for name in (*names, *ON_EVERY_ANSWER)}
    return {**described, "headers": headers}


def _components() -> Json:
    return {
        "securitySchemes": {
            "ApiKey": {"type": "http", "scheme": "bearer", "bearerFormat": "pck_<key id>_<secret>"}
        },
        "parameters": {name: _parameter(parameter) for name, parameter in PARAMETERS.items()},
        "headers": HEADERS,
        "responses": {name: _refusal(name) for name in REFUSALS},
        "schemas": _schemas(),
        "examples": {name: {"value": value} for name, value in answers().items()},
    }


def _parameter(parameter: Parameter) -> Json:
    described: Json = {
        "name": parameter.name,
        "in": parameter.where,
        "description": parameter.description,
        "schema": parameter.schema,
    }
    if parameter.where == "path":
        described["required"] = True
    if parameter.example is not None:
        described["example"] = parameter.example
    return described


def _refusal(name: str) -> Json:
    _, description, headers = REFUSALS[name]
    return {**_with_headers({"description": description}, headers), "content": _problem_content(name)}


def _problem_content(name: str) -> Json:
    examples = {title: {"value": value} for title, value in refusals()[name].items()}
    return {CONTENT_TYPE: {"schema": _ref("schemas", "ProblemDocument"), "examples": examples}}


def _ref(section: str, name: str) -> Json:
    return {"$ref": f"#/components/{section}/{name}"}


# ---- schemas


class _Plain(GenerateJsonSchema):
    """Without titles, which repeat the names, and without docstrings of enums, which speak to readers of the code."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002
        return False

    def enum_schema(self, schema: core_schema.EnumSchema) -> JsonSchemaValue:
        described = super().enum_schema(schema)
        return {name: value for name, value in described.items() if name not in {"title", "description"}}

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        described = super().default_schema(schema)
        return {name: value for name, value in described.items() if (name, value) != ("default", None)}


def _schemas() -> Json:
    models = [(model, "validation") for model in (*ANSWERED, *POSTED)]
    _, found = models_json_schema(
        models,  # type: ignore[arg-type]
        ref_template="#/components/schemas/{model}",
        schema_generator=_Plain,
    )
    described = found["$defs"]
    posted = _reachable(described, [model.__name__ for model in POSTED])
    return {name: _told(name, described[name], closed=name in posted) for name in sorted(described)}


def _reachable(described: Mapping[str, Any], names: Sequence[str]) -> set[str]:
    """The schemas that the named ones refer to, themselves included."""
    found: set[str] = set()
    ahead = list(names)
    while ahead:
        name = ahead.pop()
        if name not in found:
            found.add(name)
            ahead += re.findall(r"#/components/schemas/(\w+)", str(described[name]))
    return found


def _told(name: str, schema: Json, *, closed: bool) -> Json:
    """A schema in the words of the contract. Only what is posted is closed: answers may gain fields."""
    told = {key: value for key, value in schema.items() if key != "title"}
    if name in SHAPES:
        told["description"] = SHAPES[name]
    if not closed:
        told.pop("additionalProperties", None)
    for field, words in FIELDS.get(name, {}).items():
        told["properties"][field]["description"] = words
    return told

"""The door of the HTTP API: reads the request, knows the caller, shapes answers and refusals (RFC 9457).

Handlers raise the errors of `kernel.errors`; this is the only place that knows their HTTP status. Every
refusal is a problem document with a stable code and every problem found.
"""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response

from partner_center.accounts.api_keys import ApiKeys, Principal, Role, authenticate
from partner_center.accounts.quota import Allowance, NotCounted, Policy, Quotas, QuotaUsedUp, network_of
from partner_center.accounts.staff import Staff, StaffRole
from partner_center.entry.json_body import read_json_object
from partner_center.entry.problems import CONTENT_TYPE as PROBLEM
from partner_center.entry.problems import problem_document
from partner_center.entry.wiring import base
from partner_center.kernel.clock import Clock
from partner_center.kernel.deadline import Deadline
from partner_center.kernel.errors import (
    BodyTooLarge,
    ChangedMeanwhile,
    ContentRefused,
    Forbidden,
    IdempotencyKeyReused,
    Malformed,
    NotFound,
    PartnerCenterError,
    PreconditionFailed,
    Problem,
    StateConflict,
    TooSoon,
    TryAgain,
    Unauthenticated,
    UnsupportedMediaType,
)
from partner_center.kernel.ids import order_of, reissue_of
from partner_center.orders.idempotency import Call, body_digest

MAX_BODY = 256 * 1024
_LONGEST_ID = 255
"""Octets: a table counts its keys in them."""

_STATUS: Mapping[type[PartnerCenterError], HTTPStatus] = {
    Malformed: HTTPStatus.BAD_REQUEST,
    Unauthenticated: HTTPStatus.UNAUTHORIZED,
    Forbidden: HTTPStatus.FORBIDDEN,
    NotFound: HTTPStatus.NOT_FOUND,
    StateConflict: HTTPStatus.CONFLICT,
    ChangedMeanwhile: HTTPStatus.PRECONDITION_FAILED,
    BodyTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    UnsupportedMediaType: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    ContentRefused: HTTPStatus.UNPROCESSABLE_ENTITY,
    IdempotencyKeyReused: HTTPStatus.UNPROCESSABLE_ENTITY,
    TooSoon: HTTPStatus.TOO_MANY_REQUESTS,
    QuotaUsedUp: HTTPStatus.TOO_MANY_REQUESTS,
    TryAgain: HTTPStatus.SERVICE_UNAVAILABLE,
}


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, as the handlers see it. Header names are lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    raw_body: bytes
    address: str
    request_id: str

    def json_object(self, *media_types: str) -> dict[str, Any]:
        """The body, in one of `media_types` or plain JSON.

        Raises UnsupportedMediaType, BodyTooLarge, Malformed, and ContentRefused where a card number stands.
        """
        accepted = (*media_types, "application/json")
        if self.headers.get("content-type", "").partition(";")[0].strip().lower() not in accepted:
            raise UnsupportedMediaType(f"Send the body as {' or '.join(accepted)}.")
        if len(self.raw_body) > MAX_BODY:
            raise BodyTooLarge(f"The body may hold {MAX_BODY} bytes, this one has {len(self.raw_body)}.")
        return read_json_object(self.raw_body)

    def optional_object(self) -> dict[str, Any]:
        """The body, or nothing when there is none. Raises what `json_object` raises."""
        return self.json_object() if self.raw_body.strip() else {}

    def idempotency_key(self) -> str | None:
        """1 to 255 printable ASCII characters, or None without the header. Raises Malformed."""
        key = self.headers.get("idempotency-key")
        if key is not None and not (1 <= len(key) <= 255 and key.isascii() and key.isprintable()):
            raise Malformed("The Idempotency-Key must be 1 to 255 printable ASCII characters.")
        return key

    def call(self, body: Mapping[str, Any]) -> Call:
        """What this request's Idempotency-Key is bound to. Raises Malformed."""
        return Call(self.method, self.path, self.idempotency_key(), body_digest(body), self.request_id)

    def no_fields(self) -> None:
        """Refuse a body that says anything; its words are not repeated. Raises ContentRefused, Malformed ..."""
        if self.optional_object():
            raise ContentRefused([Problem("unknown_field", "This request has no fields.", "")])

    def only_query(self, *allowed: str) -> None:
        """Raise Malformed for a query parameter that is not `allowed`, naming each."""
        unknown = sorted(set(self.query) - set(allowed))
        if unknown:
            raise Malformed(
                f"Unknown query parameter: {', '.join(unknown)}.",
                [Problem("unknown_parameter", f"There is no parameter {name} here.") for name in unknown],
            )


@dataclass(frozen=True, slots=True)
class Answer:
    """What a handler says: a status, a JSON value or bytes, and headers."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"


def tagged(request: Request, body: Any) -> Answer:
    """200 with an ETag over the body, or 304 when the caller has this very body (RFC 9110, 13.1.2)."""
    etag = _etag(body)
    known = {each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")}
    if etag in known or "*" in known:
        return Answer(304, None, {"ETag": etag})
    return Answer(200, body, {"ETag": etag})


def with_etag(body: Any) -> Answer:
    """200 with an ETag over the body, to a request that changed something: whatever the caller had, it gets this."""
    return Answer(200, body, {"ETag": _etag(body)})


def require_match(request: Request, body: Any) -> None:
    """Raise PreconditionFailed when the caller's If-Match names another state than `body` (RFC 9110, 13.1.1)."""
    header = request.headers.get("if-match")
    wanted = {each.strip() for each in (header or "").split(",")}
    if header is not None and _etag(body) not in wanted and "*" not in wanted:
        raise PreconditionFailed(
            "The order is no longer as you saw it; read it again, then amend what is there now."
        )


def _etag(body: Any) -> str:
    return f'"{sha256(_dump(body).encode()).hexdigest()[:32]}"'


Event = Mapping[str, Any]
Handler = Callable[..., Answer]
Caller = Principal | Staff


@dataclass(frozen=True, slots=True)
class Door:
    """What the door itself needs: where keys are found, the time, and how many requests anybody may make."""

    keys: ApiKeys
    clock: Clock
    quotas: Quotas


class Api:
    """Routes of one function. `door` is called once per request, so importing a handler wires nothing.

    `crowded` makes the answer to a used-up quota where people look; elsewhere it is a problem document. `deadline` is
    that of whatever the function waits for: each request ends it anew with the invocation.
    """

    def __init__(
        self,
        door: Callable[[], Door],
        crowded: Callable[[QuotaUsedUp], Answer] | None = None,
        deadline: Callable[[], Deadline] = base.deadline,
    ) -> None:
        self._door = door
        self._crowded = crowded
        self._deadline = deadline
        self._resolver = APIGatewayHttpResolver(serializer=_dump)
        self._logger = Logger()
        self._resolver.not_found(lambda _: self._respond(self._meet_stranger, _nothing_here))

    def route(self, method: str, path: str, *roles: Role) -> Callable[[Handler], Handler]:
        """Bind a handler to `method` and `path` (`/v1/orders/<order_id>`), for keys with one of `roles`.

        The handler gets the request, the principal, and the path's parameters by name.
        """

        def bind(handler: Handler) -> Handler:
            def admit(caller: Caller) -> None:
                if not isinstance(caller, Principal):
                    raise Forbidden("This needs a reseller's key.")
                caller.require(*roles)

            self._bind(method, path, handler, admit)
            return handler

        return bind

    def staff(self, method: str, path: str, *roles: StaffRole) -> Callable[[Handler], Handler]:
        """Bind a handler to `method` and `path` below /v1/staff, for staff with one of `roles`; else as `route`."""

        def bind(handler: Handler) -> Handler:
            def admit(caller: Caller) -> None:
                if not isinstance(caller, Staff):
                    raise Forbidden("This needs a staff key.")
                caller.require(*roles)

            self._bind(method, path, handler, admit)
            return handler

        return bind

    def _bind(self, method: str, path: str, handler: Handler, admit: Callable[[Caller], None]) -> None:
        def answer(**parameters: str) -> Response[Any]:
            def handle(request: Request, caller: Caller) -> Answer:
                admit(caller)
                if not all(_may_be_an_id(*each) for each in parameters.items()):
                    raise NotFound("There is nothing here.")
                return handler(request, caller, **parameters)

            return self._respond(self._identify, handle)

        self._resolver.route(path, method=[method])(answer)

    def public(self, method: str, path: str) -> Callable[[Handler], Handler]:
        """Bind a handler that anyone may call; it gets the request and the path's parameters."""

        def bind(handler: Handler) -> Handler:
            def answer(**parameters: str) -> Response[Any]:
                return self._respond(self._meet_visitor, lambda request, _: handler(request, **parameters))

            self._resolver.route(path, method=[method])(answer)
            return handler

        return bind

    def __call__(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        """The Lambda handler (HTTP API, payload 2.0)."""
        if context is not None:
            self._deadline().begin(context.get_remaining_time_in_millis() / 1000)
        self._logger.append_keys(request_id=event["requestContext"]["requestId"])
        return self._resolver.resolve(event, context)

    def _identify(self, event: Event, told: dict[str, str]) -> Caller:
        """The caller, of whose key one request is spent.

        A bad key costs the address that it comes from: never the key's owner, nor a good key of that address.
        """
        door = self._door()
        try:
            caller = authenticate(
                _headers(event).get("authorization"), _source(event), door.keys, door.clock.now()
            )
        except Unauthenticated:
            self._meet_stranger(event, told)
            raise
        self._spend(door, door.quotas.key, caller.key_id, told)
        return caller

    def _meet_stranger(self, event: Event, told: dict[str, str]) -> None:
        door = self._door()
        self._spend(door, door.quotas.address, f"strangers {network_of(_source(event))}", told)

    def _meet_visitor(self, event: Event, told: dict[str, str]) -> None:
        """Apart from strangers: a program with a dead key must not keep the people beside it from their pages."""
        door = self._door()
        self._spend(door, door.quotas.address, f"visitors {network_of(_source(event))}", told)

    def _spend(self, door: Door, policy: Policy, caller: str, told: dict[str, str]) -> None:
        """Raises QuotaUsedUp. When the counter is out everybody comes in: a limit must not become an outage."""
        told["RateLimit-Policy"] = f'"{policy.name}";q={policy.quota};w={policy.seconds}'
        try:
            allowance = door.quotas.spend(policy, caller, door.clock.now())
        except NotCounted as out:
            self._logger.warning("requests are not counted", reason=out.detail)
            return
        told["RateLimit"] = _rate_limit(allowance)
        if allowance.is_over:
            raise QuotaUsedUp(allowance)

    def _respond(
        self,
        enter: Callable[[Event, dict[str, str]], Any],
        handle: Callable[[Request, Any], Answer],
    ) -> Response[Any]:
        """`enter` says who is calling and notes what every answer tells of the quota, refusals included."""
        event = self._resolver.current_event.raw_event
        request_id = event["requestContext"]["requestId"]
        told: dict[str, str] = {}
        try:
            caller = enter(event, told)
            answer = handle(read_request(event), caller)
            body = _written(answer.body)
        except tuple(_STATUS) as error:
            answer = self._refusal(error, request_id)
            body = _written(answer.body)
        except Exception:
            self._logger.exception("unexpected error")
            answer = internal_error_answer(request_id)
            body = _written(answer.body)
        if event["requestContext"]["http"]["method"] == "HEAD":
            body = ""
        headers = {"Cache-Control": "no-store", "X-Request-Id": request_id, **told, **answer.headers}
        return Response(answer.status, answer.content_type, body, headers=headers)

    def _refusal(self, error: PartnerCenterError, request_id: str) -> Answer:
        if self._crowded is not None and isinstance(error, QuotaUsedUp):
            return self._crowded(error)
        if isinstance(error, TryAgain) and error.__cause__ is not None:
            self._logger.warning("a service is out", detail=error.detail, cause=str(error.__cause__))
        return problem_answer(error, request_id)


def _may_be_an_id(name: str, value: str) -> bool:
    """No id is so long, and no key of a table either. The enrolment of a reissue is named by order and reissue."""
    return len(value.encode()) <= _LONGEST_ID and (name != "order_id" or reissue_of(value) is None)


def _source(event: Event) -> str:
    """Where the request came from, as the gateway saw it; what a client says of that in headers proves nothing."""
    return str(event["requestContext"]["http"]["sourceIp"])


def _headers(event: Event) -> dict[str, str]:
    return {name.lower(): value for name, value in (event.get("headers") or {}).items()}


def _rate_limit(allowance: Allowance) -> str:
    """The RateLimit field (draft-ietf-httpapi-ratelimit-headers): what is left, and for how many seconds."""
    return f'"{allowance.policy.name}";r={allowance.left};t={allowance.resets_in}'


def read_request(event: Event) -> Request:
    """The request in an HTTP API event of payload 2.0. Raises Malformed for repeated query parameters."""
    http = event["requestContext"]["http"]
    body = event.get("body") or ""
    raw = base64.b64decode(body) if event.get("isBase64Encoded") else body.encode("utf-8", "surrogatepass")
    pairs = parse_qsl(event.get("rawQueryString", ""), keep_blank_values=True)
    query = dict(pairs)
    if len(query) != len(pairs):
        raise Malformed("A query parameter may be given once.")
    return Request(
        method=http["method"],
        path=event["rawPath"],
        headers=_headers(event),
        query=query,
        raw_body=raw,
        address=_source(event),
        request_id=event["requestContext"]["requestId"],
    )


def problem_answer(error: PartnerCenterError, request_id: str) -> Answer:
    """The problem document for an error that has a status, with `Retry-After` where waiting helps."""
    status = next(known for kind, known in _STATUS.items() if isinstance(error, kind))
    problems: Sequence[Problem] = getattr(error, "problems", ())
    document = problem_document(status, error.code, error.detail, request_id, problems)
    order_id = getattr(error, "order_id", None)
    if order_id is not None:
        document["order_id"] = order_of(order_id)
        document |= {"reissue_id": reissue_of(order_id)} if reissue_of(order_id) else {}
    headers = {}
    if isinstance(error, TryAgain | TooSoon | QuotaUsedUp):
        headers["Retry-After"] = str(error.retry_after)
    elif error.code == "issuing":
        headers["Retry-After"] = "5"
    if isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = 'Bearer realm="partner-center"'
    return Answer(status.value, document, headers, PROBLEM)


def _nothing_here(*_: object) -> Answer:
    """A path whose parameters no identifier of ours could be (control characters, for one)."""
    raise NotFound("There is nothing here.")


def internal_error_answer(request_id: str) -> Answer:
    """What a fault of ours is answered; what it was stands in the log only."""
    detail = "Something went wrong on our side; quote the request_id when you ask about it."
    document = problem_document(500, "internal_error", detail, request_id)
    return Answer(500, document, {}, PROBLEM)


def _written(body: Any) -> str | bytes:
    """The body as it is sent; none at all, for HEAD and 304, is empty and not the word null."""
    if body is None:
        return ""
    return body if isinstance(body, str | bytes) else _dump(body)


def _dump(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)

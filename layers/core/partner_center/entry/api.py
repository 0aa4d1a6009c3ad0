"""The door of the HTTP API: reads the request, knows the caller, shapes answers and refusals (RFC 9457).

Handlers raise the errors of `kernel.errors`; this is the only place that knows their HTTP status. Every
refusal is a problem document with a stable code and every problem found.
"""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response

from partner_center.accounts.api_keys import ApiKeys, Principal, Role, authenticate
from partner_center.accounts.staff import Staff, StaffRole
from partner_center.entry.problems import CONTENT_TYPE as PROBLEM
from partner_center.entry.problems import problem_document
from partner_center.kernel.clock import Clock
from partner_center.kernel.errors import (
    BodyTooLarge,
    ChangedMeanwhile,
    ContentRefused,
    Forbidden,
    IdempotencyKeyReused,
    Malformed,
    NotFound,
    PartnerCenterError,
    Problem,
    StateConflict,
    TooSoon,
    TryAgain,
    Unauthenticated,
    UnsupportedMediaType,
)
from partner_center.orders.idempotency import Call, body_digest

MAX_BODY = 256 * 1024
_DEEPEST = 32
_LONGEST_ID = 255

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
        """The body, in one of `media_types` or plain JSON. Raises UnsupportedMediaType, BodyTooLarge, Malformed."""
        accepted = (*media_types, "application/json")
        if self.headers.get("content-type", "").partition(";")[0].strip().lower() not in accepted:
            raise UnsupportedMediaType(f"Send the body as {' or '.join(accepted)}.")
        if len(self.raw_body) > MAX_BODY:
            raise BodyTooLarge(f"The body may hold {MAX_BODY} bytes, this one has {len(self.raw_body)}.")
        return _json_object(self.raw_body)

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

    def without_body(self) -> "Answer":
        """The answer to HEAD."""
        return replace(self, body=None)


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
    """Raise ChangedMeanwhile when the caller's If-Match names another state than `body` (RFC 9110, 13.1.1)."""
    header = request.headers.get("if-match")
    wanted = {each.strip() for each in (header or "").split(",")}
    if header is not None and _etag(body) not in wanted and "*" not in wanted:
        raise ChangedMeanwhile(
            "The order is no longer as you saw it; read it again, then amend what is there now."
        )


def _etag(body: Any) -> str:
    return f'"{sha256(_dump(body).encode()).hexdigest()[:32]}"'


Handler = Callable[..., Answer]


@dataclass(frozen=True, slots=True)
class Door:
    """What the door itself needs: where keys are found, and the time."""

    keys: ApiKeys
    clock: Clock


class Api:
    """Routes of one function. `door` is called once per request, so importing a handler wires nothing."""

    def __init__(self, door: Callable[[], Door] | None = None) -> None:
        self._door = door
        self._resolver = APIGatewayHttpResolver(serializer=_dump)
        self._logger = Logger()
        self._resolver.not_found(lambda _: self._respond(_nothing_here))

    def route(self, method: str, path: str, *roles: Role) -> Callable[[Handler], Handler]:
        """Bind a handler to `method` and `path` (`/v1/orders/<order_id>`), for keys with one of `roles`.

        The handler gets the request, the principal, and the path's parameters by name.
        """

        def bind(handler: Handler) -> Handler:
            def admit(caller: Principal | Staff) -> None:
                if not isinstance(caller, Principal):
                    raise Forbidden("This needs a reseller's key.")
                caller.require(*roles)

            self._bind(method, path, handler, admit)
            return handler

        return bind

    def staff(self, method: str, path: str, *roles: StaffRole) -> Callable[[Handler], Handler]:
        """Bind a handler to `method` and `path` below /v1/staff, for staff with one of `roles`; else as `route`."""

        def bind(handler: Handler) -> Handler:
            def admit(caller: Principal | Staff) -> None:
                if not isinstance(caller, Staff):
                    raise Forbidden("This needs a staff key.")
                caller.require(*roles)

            self._bind(method, path, handler, admit)
            return handler

        return bind

    def _bind(
        self, method: str, path: str, handler: Handler, admit: Callable[[Principal | Staff], None]
    ) -> None:
        def answer(**parameters: str) -> Response[Any]:
            return self._respond(lambda request: self._admit(handler, request, admit, parameters))

        self._resolver.route(path, method=[method])(answer)

    def public(self, method: str, path: str) -> Callable[[Handler], Handler]:
        """Bind a handler that anyone may call; it gets the request and the path's parameters."""

        def bind(handler: Handler) -> Handler:
            def answer(**parameters: str) -> Response[Any]:
                return self._respond(lambda request: handler(request, **parameters))

            self._resolver.route(path, method=[method])(answer)
            return handler

        return bind

    def __call__(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        """The Lambda handler (HTTP API, payload 2.0)."""
        self._logger.append_keys(request_id=event["requestContext"]["requestId"])
        return self._resolver.resolve(event, context)

    def _admit(
        self,
        handler: Handler,
        request: Request,
        admit: Callable[[Principal | Staff], None],
        parameters: Mapping[str, str],
    ) -> Answer:
        if self._door is None:
            raise RuntimeError("a route with roles needs a door")
        door = self._door()
        caller = authenticate(
            request.headers.get("authorization"), request.address, door.keys, door.clock.now()
        )
        admit(caller)
        if any(len(value) > _LONGEST_ID for value in parameters.values()):
            raise NotFound("There is nothing here.")  # no id is so long, and no key of a table either
        return handler(request, caller, **parameters)

    def _respond(self, handle: Callable[[Request], Answer]) -> Response[Any]:
        event = self._resolver.current_event.raw_event
        request_id = event["requestContext"]["requestId"]
        try:
            answer = handle(read_request(event))
            body = _written(answer.body)
        except tuple(_STATUS) as error:
            answer = problem_answer(error, request_id)
            body = _written(answer.body)
        except Exception:
            self._logger.exception("unexpected error")
            answer = internal_error_answer(request_id)
            body = _written(answer.body)
        headers = {"Cache-Control": "no-store", "X-Request-Id": request_id, **answer.headers}
        return Response(answer.status, answer.content_type, body, headers=headers)


def read_request(event: Mapping[str, Any]) -> Request:
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
        headers={name.lower(): value for name, value in (event.get("headers") or {}).items()},
        query=query,
        raw_body=raw,
        address=http["sourceIp"],
        request_id=event["requestContext"]["requestId"],
    )


def problem_answer(error: PartnerCenterError, request_id: str) -> Answer:
    """The problem document for an error that has a status, with `Retry-After` where waiting helps."""
    status = next(known for kind, known in _STATUS.items() if isinstance(error, kind))
    problems: Sequence[Problem] = getattr(error, "problems", ())
    document = problem_document(status, error.code, error.detail, request_id, problems)
    order_id = getattr(error, "order_id", None)
    if order_id is not None:
        document["order_id"] = order_id
    headers = {}
    if isinstance(error, TryAgain | TooSoon):
        headers["Retry-After"] = str(error.retry_after)
    elif error.code == "issuing":
        headers["Retry-After"] = "5"
    if isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = 'Bearer realm="partner-center"'
    return Answer(status.value, document, headers, PROBLEM)


def _nothing_here(_: Request) -> Answer:
    """A path whose parameters no identifier of ours could be (control characters, for one)."""
    raise NotFound("There is nothing here.")


def internal_error_answer(request_id: str) -> Answer:
    """What a fault of ours is answered; what it was stands in the log only."""
    detail = "Something went wrong on our side; quote the request_id when you ask about it."
    document = problem_document(500, "internal_error", detail, request_id)
    return Answer(500, document, {}, PROBLEM)


def _json_object(raw: bytes) -> dict[str, Any]:
    try:
        text = raw.decode("utf-8-sig")  # json.loads would guess other encodings too (RFC 8259, section 8.1)
        if "\ufffd" in text:
            raise ValueError("the sign that a gateway leaves where the bytes were no UTF-8")
        body = json.loads(text, object_pairs_hook=_without_repeats, parse_constant=_no_constant)
        _require_shallow(body)
        json.dumps(body, ensure_ascii=False).encode()  # a lone surrogate has no UTF-8 form
    except (ValueError, RecursionError) as error:
        raise Malformed("The body is not a JSON document we can read.") from error
    if not isinstance(body, dict):
        raise Malformed("The body must be a JSON object.")
    return body


def _require_shallow(body: Any) -> None:
    """No request needs more than a few levels, and whoever walks through them has a stack that ends."""
    level = [body]
    for _ in range(_DEEPEST):
        parts = (
            each.values() if isinstance(each, dict) else each
            for each in level
            if isinstance(each, dict | list)
        )
        level = [inner for several in parts for inner in several]
        if not level:
            return
    raise ValueError("too many levels")


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A name given twice is ambiguous: two readers would see two different orders (RFC 8259, section 4)."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is repeated")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _written(body: Any) -> str | bytes:
    """The body as it is sent; none at all, for HEAD and 304, is empty and not the word null."""
    if body is None:
        return ""
    return body if isinstance(body, str | bytes) else _dump(body)


def _dump(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)

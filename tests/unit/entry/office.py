"""An API with a few routes behind the real door, for the tests of the door."""

from dataclasses import dataclass, field

from partner_center.accounts.api_keys import Role
from partner_center.accounts.staff import StaffRole
from partner_center.entry.api import Answer, Api, Door, require_match, tagged, with_etag
from partner_center.entry.body import decision_in, optional_text, required_text
from tests.fakes.determined import FixedClock
from tests.fakes.http import REQUEST_ID, MemoryApiKeys, an_http_event, send
from tests.fakes.quota import MemoryCounts, quotas


@dataclass
class Office:
    """An API with a few routes, and what its handlers were handed."""

    keys: MemoryApiKeys = field(default_factory=MemoryApiKeys)
    seen: list = field(default_factory=list)
    answer: Answer | Exception | None = None
    counts: MemoryCounts = field(default_factory=MemoryCounts)
    key_quota: int = 600
    address_quota: int = 1200
    state: dict = field(default_factory=lambda: {"value": "as it is"})

    def __post_init__(self):
        self.clock = FixedClock()
        door = Door(self.keys, self.clock, quotas(self.counts, self.key_quota, self.address_quota))
        self.api = Api(lambda: door)
        self.key = self.keys.header()
        api = self.api

        @api.route("POST", "/things", Role.ORDERS)
        def make(request, principal):
            return self._answer(request.json_object(), principal, request)

        @api.route("GET", "/things", Role.ORDERS, Role.READ)
        def search(request, principal):
            request.only_query("limit", "cursor")
            return self._answer(dict(request.query), principal, request)

        @api.route("GET", "/things/<thing_id>", Role.READ)
        def read(request, principal, thing_id):
            return tagged(request, self._answer(thing_id, principal, request).body)

        @api.route("POST", "/things/<thing_id>/end", Role.ORDERS)
        def end(request, principal, thing_id):
            return self._answer(optional_text(request, "reason", longest=10), principal, request)

        @api.route("POST", "/texts", Role.ORDERS)
        def text(request, principal):
            return self._answer(required_text(request, "csr"), principal, request)

        @api.route("POST", "/calls", Role.ORDERS)
        def call(request, principal):
            return self._answer(request.call(request.json_object()), principal, request)

        @api.route("PATCH", "/things/<thing_id>", Role.ORDERS)
        def amend(request, principal, thing_id):
            patch = request.json_object("application/merge-patch+json")
            require_match(request, self.state)
            return with_etag(self._answer(patch, principal, request).body)

        @api.staff("GET", "/v1/staff/things/<thing_id>", StaffRole.REVIEW, StaffRole.VALIDATION)
        def look(request, staff, thing_id):
            return self._answer(thing_id, staff, request)

        @api.staff("POST", "/v1/staff/things/<thing_id>/decide", StaffRole.REVIEW)
        def decide(request, staff, thing_id):
            return self._answer(decision_in(request), staff, request)

        @api.public("HEAD", "/open")
        @api.public("GET", "/open")
        def everyone(request):
            return self._answer(None, None, request)

    def _answer(self, value, principal, request):
        self.seen.append((value, principal, request))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer or Answer(200, {"value": str(value)})

    def ask(self, method, path, body=None, headers=None, key=None, **more):
        sent = {**(self.key if key is None else key), **(headers or {})}
        return send(self.api, an_http_event(method, path, body, sent, **more))


def refused(answer, status, code):
    """Every refusal has the one shape."""
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    document = answer.json
    assert set(document) - {"order_id"} == {
        *("type", "title", "status", "code", "detail", "request_id", "problems"),
    }
    assert (answer.status, document["status"], document["code"]) == (status, status, code)
    assert document["type"] == f"urn:partner-center:problem:{code}"
    assert document["request_id"] == answer.headers["x-request-id"] == REQUEST_ID
    return document

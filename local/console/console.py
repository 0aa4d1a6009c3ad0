"""One method for each page and verb under /_local."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from local import machines
from local.console.wire import NotAccepted, Pages, as_json, is_form, refusal, see_other, sent, wants_json
from local.http_api import Request, Response

if TYPE_CHECKING:
    from local.cloud import EmbeddedCloud

ROOT = "/_local"
YEARS = 5 * 366 * 86400  # seconds: as far as one step of the clock may go
MAIL_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'"
)

Answer = Callable[..., Response]


class Console:
    """What `/_local` answers; `handle` is called on many threads."""

    def __init__(self, cloud: "EmbeddedCloud") -> None:
        self._cloud, self._pages = cloud, Pages()
        self._moving = Lock()
        self._routes: list[tuple[str, re.Pattern[str], Answer]] = [
            (method, re.compile(path), answer)
            for method, path, answer in (
                ("GET", "/?", self._overview),
                ("GET", "/style.css", lambda _: self._pages.style()),
                ("GET", "/ready", self._ready),
                ("GET", "/mail", self._mailbox),
                ("GET", r"/mail/(\d+)", self._mail),
                ("GET", r"/mail/(\d+)/html", self._mail_html),
                ("GET", r"/mail/(\d+)/attachments/(\d+)", self._attachment),
                ("POST", r"/mail/(\d+)/undelivered", self._undeliver),
                ("GET", "/executions", self._executions),
                ("GET", "/executions/([^/]+)", self._execution),
                ("GET", "/dns", self._dns),
                ("POST", "/dns", self._set_record),
                ("DELETE", "/dns", self._delete_record),
                ("GET", "/web", self._web),
                ("POST", "/web", self._set_answer),
                ("DELETE", "/web", self._delete_answer),
                ("GET", "/payments", self._payments),
                ("POST", "/payments/faults", self._set_fault),
                ("DELETE", "/payments/faults", self._clear_faults),
                ("POST", "/payments/refunds/([^/]+)", self._end_refund),
                ("POST", "/payments/disputes", self._dispute),
                ("GET", "/clock", self._clock),
                ("POST", "/clock", self._advance),
                ("GET", "/demo", lambda _: as_json(self._cloud.demo)),
                ("POST", "/demo/contracts", self._add_contract),
                ("GET", "/repository/([^/]+)", self._repository),
                ("GET", "/signatures", lambda _: as_json(self._cloud.signatures())),
            )
        ]

    def handle(self, request: Request) -> Response:
        refused = refusal(request)
        if refused:
            return refused
        path = unquote(request.target.partition("?")[0]).removeprefix(ROOT)
        method = "GET" if request.method == "HEAD" else request.method
        found = [
            (verb, match, answer) for verb, known, answer in self._routes if (match := known.fullmatch(path))
        ]
        if not found:
            return self._trouble(request, 404, "There is no such page.")
        for verb, match, answer in found:
            if verb == method:
                try:
                    return answer(request, *match.groups())
                except (NotAccepted, ValueError, TypeError) as error:
                    return self._trouble(request, 400, str(error))
                except LookupError:
                    return self._trouble(request, 404, "There is nothing here.")
        return self._trouble(request, 405, f"{request.method} is not done here.")

    def _trouble(self, request: Request, status: int, detail: str) -> Response:
        if "text/html" not in (request.header("accept") or ""):
            return as_json({"status": status, "detail": detail}, status)
        content = {"title": HTTPStatus(status).phrase, "detail": detail}
        return self._pages.page("trouble", {"content": content, "now": self._now()}, status)

    def _show(self, request: Request, name: str, content: Any, **more: Any) -> Response:
        if wants_json(request):
            return as_json(content)
        return self._pages.page(name, {"content": content, "now": self._now(), **more})

    def _now(self) -> str:
        return datetime.fromtimestamp(self._cloud.clock.now(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    # --- overview

    def _ready(self, _: Request) -> Response:
        return as_json({"ready": self._cloud.ready}, 200 if self._cloud.ready else 503)

    def _overview(self, request: Request) -> Response:
        content = {
            "url": self._cloud.url,
            "demo": self._cloud.demo,
            "now": self._now(),
            "mails": len(self._cloud.mails()),
            "executions": len(machines.executions()),
            "records": len(self._cloud.zone.records()),
            "payments": len(self._cloud.payments.journal()["intents"]),
            "failures": [
                {"target": each.target, "attempts": each.attempts, "reason": each.reason, "event": each.event}
                for each in self._cloud.failures
            ],
        }
        return self._show(request, "overview", content)

    def _add_contract(self, request: Request) -> Response:
        if self._cloud.add_contract is None:
            raise LookupError
        fields = sent(request)
        reseller, kind, units = (fields.get(name) for name in ("reseller_id", "kind", "units"))
        made = self._cloud.add_contract(str(reseller), str(kind), int(units or 0))
        return see_other(f"{ROOT}/") if is_form(request) else as_json(made, 201)

    def _repository(self, _: Request, name: str) -> Response:
        """What is published at the path of an address inside certificates, with the headers it is stored with."""
        published = self._cloud.published(name)
        if published is None:
            raise LookupError
        headers = [
            ("Content-Type", published["ContentType"]),
            ("Cache-Control", published["CacheControl"]),
            ("ETag", published["ETag"]),
        ]
        return Response(200, headers, published["Body"].read())

    # --- mail

    def _mailbox(self, request: Request) -> Response:
        return self._show(request, "mailbox", [mail.as_json() for mail in self._cloud.mails()])

    def _mail(self, request: Request, number: str) -> Response:
        return self._show(request, "mail", self._cloud.mails()[int(number)].as_json(), number=int(number))

    def _mail_html(self, _: Request, number: str) -> Response:
        """The mail's own HTML, without scripts and in an origin of its own; links open a window."""
        html = '<!doctype html><base target="_blank">' + self._cloud.mails()[int(number)].html
        policy = f"{MAIL_POLICY}; img-src data:; frame-ancestors 'self'"
        headers = [("Content-Type", "text/html; charset=utf-8"), ("Content-Security-Policy", policy)]
        return Response(200, headers, html.encode())

    def _attachment(self, _: Request, number: str, position: str) -> Response:
        attachment = self._cloud.mails()[int(number)].attachments[int(position)]
        headers = [
            ("Content-Type", "application/octet-stream"),
            ("Content-Disposition", f"attachment; filename*=UTF-8''{quote(attachment.filename, safe='')}"),
            ("X-Content-Type-Options", "nosniff"),
        ]
        return Response(200, headers, attachment.content)

    def _undeliver(self, request: Request, number: str) -> Response:
        told = self._cloud.undeliver(int(number), str(sent(request).get("kind")))
        return see_other(f"{ROOT}/mail/{number}") if is_form(request) else as_json(told)

    # --- executions

    def _executions(self, request: Request) -> Response:
        return self._show(request, "executions", self._cloud.executions()[::-1])

    def _execution(self, request: Request, name: str) -> Response:
        found = [each for each in self._cloud.executions() if each["name"] == name]
        return self._show(request, "execution", found[-1])

    # --- the world

    def _dns(self, request: Request) -> Response:
        from local.zone_answers import DNSSEC, RCODES, TYPES  # noqa: PLC0415 (dnspython comes with the zone)

        zone = self._cloud.zone
        choices = {"types": TYPES, "states": DNSSEC, "rcodes": RCODES, "perspectives": zone.perspectives}
        return self._show(request, "dns", zone.records(), **choices)

    def _set_record(self, request: Request) -> Response:
        fields = sent(request)
        if fields.pop("delete", None):
            return self._delete_record(request)
        values = fields.get("values") or []
        self._cloud.zone.set(
            _text(fields, "name"),
            _text(fields, "type"),
            values.splitlines() if isinstance(values, str) else [str(value) for value in values],
            _optional(fields, "rcode"),
            _optional(fields, "dnssec") or "insecure",
            _optional(fields, "perspective"),
        )
        return see_other(f"{ROOT}/dns") if is_form(request) else as_json(fields)

    def _delete_record(self, request: Request) -> Response:
        fields = sent(request)
        self._cloud.zone.delete(_text(fields, "name"), _optional(fields, "type"))
        return see_other(f"{ROOT}/dns") if is_form(request) else Response(204)

    def _web(self, request: Request) -> Response:
        return self._show(request, "web", self._cloud.web.answers())

    def _set_answer(self, request: Request) -> Response:
        fields = sent(request)
        if fields.pop("delete", None):
            return self._delete_answer(request)
        if is_form(request):
            fields["status"] = int(fields.get("status") or 200)
        self._cloud.web.set(fields)
        return see_other(f"{ROOT}/web") if is_form(request) else as_json(fields)

    def _delete_answer(self, request: Request) -> Response:
        fields = sent(request)
        self._cloud.web.delete(_text(fields, "host"), _optional(fields, "path"))
        return see_other(f"{ROOT}/web") if is_form(request) else Response(204)

    # --- payments

    def _payments(self, request: Request) -> Response:
        from local.payments.faults import CALLS, Kind  # noqa: PLC0415

        content = self._cloud.payments.journal() | {"webhooks": self._cloud.hooks.sent}
        return self._show(request, "payments", content, calls=("*", *CALLS), kinds=list(map(str, Kind)))

    def _set_fault(self, request: Request) -> Response:
        fields = sent(request)
        if fields.pop("delete", None):
            return self._clear_faults(request)
        fault = self._cloud.payments.faults.set(fields)
        return see_other(f"{ROOT}/payments") if is_form(request) else as_json(fault.as_json(), 201)

    def _clear_faults(self, request: Request) -> Response:
        self._cloud.payments.faults.clear()
        return see_other(f"{ROOT}/payments") if is_form(request) else Response(204)

    def _end_refund(self, request: Request, refund_id: str) -> Response:
        fields = sent(request)
        status = _text(fields, "status")
        if status not in ("succeeded", "failed"):
            raise NotAccepted("a refund ends as succeeded or failed")
        self._cloud.payments.payments.end_refund(refund_id, status, _optional(fields, "failure_reason"))
        return see_other(f"{ROOT}/payments") if is_form(request) else as_json(fields)

    def _dispute(self, request: Request) -> Response:
        fields = sent(request)
        self._cloud.payments.payments.dispute(_text(fields, "intent_id"))
        return see_other(f"{ROOT}/payments") if is_form(request) else as_json(fields)

    # --- clock

    def _clock(self, request: Request) -> Response:
        return self._show(request, "clock", {"now": self._now()})

    def _advance(self, request: Request) -> Response:
        seconds = float(sent(request).get("advance_seconds", ""))
        if not 0 <= seconds <= YEARS:
            raise NotAccepted(f"advance_seconds is a number from 0 to {YEARS}")
        with self._moving:
            self._cloud.advance(seconds)
        return see_other(f"{ROOT}/clock") if is_form(request) else as_json({"now": self._now()})


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = _optional(fields, name)
    if value is None:
        raise NotAccepted(f"{name} is missing")
    return value


def _optional(fields: Mapping[str, Any], name: str) -> str | None:
    """A field that a form may leave empty."""
    value = fields.get(name)
    if value is None or isinstance(value, str):
        return value or None
    raise NotAccepted(f"{name} is not a text")

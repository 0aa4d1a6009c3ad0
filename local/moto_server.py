"""moto's web server on loopback: the functions' AWS. It shares its state with moto in this process."""

import logging
from collections.abc import Callable, Mapping
from functools import cache
from http import HTTPStatus
from http.client import HTTPMessage
from io import BytesIO
from typing import Any

from moto import backends
from moto.core.request import Request, environ_key_for_header
from moto.moto_server import threaded_moto_server
from moto.moto_server.werkzeug_app import MotoRequestHandler
from moto.server import ThreadedMotoServer
from werkzeug.exceptions import HTTPException

from local import dynamodb_door
from local.dynamodb_door import Answer
from local.repairs.patching import exchange
from local.template import ACCOUNT, REGION

log = logging.getLogger("local")

_BY_TARGET = {
    "AWSEvents": "events",
    "AWSStepFunctions": "stepfunctions",
    "AmazonSQS": "sqs",
    "AmazonSSM": "ssm",
    "DynamoDB_20120810": "dynamodb",
    "TrentService": "kms",
}
"""The services whose calls are all POST / with the operation in X-Amz-Target, by what stands there before it."""
_POST = b"POST / HTTP/1.1\r\n"
_LONGEST_LINE = 65536


class _Request(Request):
    from_wsgi_server = True


@cache
def _dispatch(target: str) -> Callable[..., Answer]:
    backend: Any = backends.get_backend(_BY_TARGET[target])  # type: ignore[call-overload]
    responder: Callable[..., Answer] = backend[ACCOUNT][REGION].flask_paths["/"]
    return responder


class _Handler(MotoRequestHandler):
    """What is asked in the JSON protocol is handed to moto's responder at once, on a connection that stays open.

    Everything else goes the way of moto's own server: a new connection, and a Flask application for each service.
    """

    disable_nagle_algorithm = True
    _names: Mapping[str, str]
    """The headers of a POST / by their names in small letters; empty for any other request."""

    def parse_request(self) -> bool:
        """The head of a POST / is read line by line; http.server makes a mail of each."""
        self._names = {}
        if self.raw_requestline != _POST:
            return super().parse_request()
        self.requestline, self.request_version = _POST.decode().rstrip(), "HTTP/1.1"
        self.command, self.path, self.headers = "POST", "/", HTTPMessage()
        lines: dict[str, str] = {}
        while (line := self.rfile.readline(_LONGEST_LINE + 1)) not in (b"\r\n", b"\n", b""):
            if len(line) > _LONGEST_LINE:
                self.close_connection = True
                self.send_error(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
                return False
            name, _, value = line.decode("latin-1").partition(":")
            lines[name] = value.strip()
        self._names = {name.lower(): value for name, value in lines.items()}
        self.headers._headers = list(lines.items())  # type: ignore[attr-defined]  # as the mail's parser fills it
        self.close_connection = self._names.get("connection", "").lower() == "close"
        return self._names.get("expect", "").lower() != "100-continue" or self.handle_expect_100()

    def run_wsgi(self) -> None:
        target, _, operation = self._names.get("x-amz-target", "").partition(".")
        length = self._names.get("content-length", "")
        if target not in _BY_TARGET or not length.isdecimal():
            super().run_wsgi()
            return
        asked = f"{target}.{operation}"
        if _BY_TARGET[target] == "dynamodb" and operation in dynamodb_door.OPERATIONS:
            body = self.rfile.read(int(length))
            self._send(*_answered(asked, lambda: dynamodb_door.answer(ACCOUNT, self._names, body)))
        else:
            dispatch, request = _dispatch(target), self._request(int(length))
            self._send(*_answered(asked, lambda: dispatch(request, request.raw_url, dict(request.headers))))

    def _request(self, length: int) -> Request:
        host, port = self.server.server_address[:2]
        headers = {environ_key_for_header(name): value for name, value in self.headers.items()}
        return _Request(
            headers
            | {
                "REQUEST_METHOD": "POST",
                "SCRIPT_NAME": "",
                "PATH_INFO": "/",
                "QUERY_STRING": "",
                "RAW_URI": "/",
                "SERVER_NAME": str(host),
                "SERVER_PORT": str(port),
                "SERVER_PROTOCOL": self.request_version,
                "wsgi.url_scheme": "http",
                "wsgi.input": BytesIO(self.rfile.read(length)),
            }
        )

    def _send(self, status: int, headers: Mapping[str, Any], body: str | bytes) -> None:
        content = body.encode() if isinstance(body, str) else body
        lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", f"Content-Length: {len(content)}"]
        lines += [f"{name}: {value}" for name, value in headers.items() if name.lower() != "content-length"]
        self.wfile.write("\r\n".join([*lines, "", ""]).encode("latin-1") + content)

    def log_request(self, *_: Any) -> None:
        """The console shows what functions did; a line for each AWS request would bury it."""


def _answered(asked: str, answer: Callable[[], Answer]) -> Answer:
    try:
        return answer()
    except HTTPException as refusal:
        return refusal.code or 500, dict(refusal.get_headers()), refusal.get_body()
    except Exception:
        log.exception("moto failed: %s", asked)
        return 500, {}, ""


class MotoServer:
    """Serves on 127.0.0.1, on a port that is free; `endpoint` is its base URL."""

    def __init__(self) -> None:
        exchange(threaded_moto_server, "MotoRequestHandler", _Handler)
        self._server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self._server.start()
        host, port = self._server.get_host_and_port()
        self.endpoint = f"http://{host}:{port}"

    def close(self) -> None:
        self._server.stop()

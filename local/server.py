"""HTTP on loopback, for the API, the console and the web servers of the local world."""

import http.server
import socket
import sys
import threading
from collections.abc import Callable
from typing import Any

from local.http_api import BODY_LIMIT, Request, Response

Handle = Callable[[Request], Response]


class PortTaken(Exception):
    """Somebody else listens there, or may not be replaced; the message says where and why."""


class LoopbackServer:
    """Binds at once, answers after `start`. Raises PortTaken."""

    def __init__(self, port: int = 0) -> None:
        try:
            self._http = _Server(("127.0.0.1", port), _Handler)
        except (OSError, OverflowError) as error:
            raise PortTaken(
                f"cannot listen on 127.0.0.1:{port} ({error}); choose another: make run PORT=8123"
            ) from error
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), name="http")
        self.port: int = self._http.server_address[1]
        self.address = f"127.0.0.1:{self.port}"
        self.url = f"http://{self.address}"

    def start(self, handle: Handle) -> None:
        self._http.handle_with = handle
        self._thread.start()

    def close(self) -> None:
        if self._thread.is_alive():
            self._http.shutdown()
            self._thread.join()
        self._http.server_close()


class _Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = False  # server_close() then waits for them

    def __init__(self, *args: Any) -> None:
        self.handle_with: Handle = lambda _: Response(503)
        self._connections: set[socket.socket] = set()
        super().__init__(*args)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        for connection in list(self._connections):  # those kept alive would be waited for
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        super().server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away before its answer is no event; anything else is a defect to be seen."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def _handle(self) -> None:
        length = self.headers.get("content-length") or "0"
        if "transfer-encoding" in self.headers or not length.isdecimal():
            self._send(Response(411), close=True)
        elif int(length) > BODY_LIMIT:
            self._send(Response(413), close=True)
        else:
            body = self.rfile.read(int(length))
            headers = [(name, value) for name, value in self.headers.items()]
            request = Request(self.command, self.path, headers, body, self.client_address[0])
            self._send(self.server.handle_with(request))

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _handle  # noqa: N815

    def _send(self, response: Response, *, close: bool = False) -> None:
        without_body = response.status in (204, 304)
        self.send_response(response.status)
        for name, value in response.headers:
            self.send_header(name, value)
        if not without_body:
            self.send_header("Content-Length", str(len(response.body)))
        if close:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        if not without_body and self.command != "HEAD":
            self.wfile.write(response.body)

    def log_message(self, *_: Any) -> None:
        """The console shows what happened; a line for each request would bury the functions' logs."""

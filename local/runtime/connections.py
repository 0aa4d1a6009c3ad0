"""Requests of the JSON protocol on plain sockets: to send one the SDK's way costs more than what it asks for."""

import os
import socket
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from botocore.awsrequest import AWSResponse
from botocore.endpoint import Endpoint
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ReadTimeoutError,
)

_LONGEST_HEAD = 65536
_TOLD = ("X-Amz-Target", "Content-Type")
"""What the emulator reads of a request's own headers; who asks, of which region and service, stands in the scope."""


@dataclass(slots=True)
class Straight:
    """A request as the SDK makes it, before it is signed."""

    url: str
    headers: dict[str, str]
    body: bytes
    method: str = "POST"

    def reset_stream(self) -> None:
        """There is no stream: it is sent again as it is."""


class _Raw:
    """What the SDK reads an answer's body from."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self) -> list[bytes]:
        return [self._body]


class Connections:
    """Open connections to one host, by which several threads may ask at once; made when none is free."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._url, self._address = url, (parts.hostname, parts.port)
        self._host = parts.netloc
        self._idle: list[socket.socket] = []

    def send(self, request: Straight, connect: float, read: float) -> AWSResponse:
        """The answer, read whole; its connection is kept unless it says otherwise. Times out in seconds.

        Raises EndpointConnectionError, ConnectTimeoutError, ReadTimeoutError, ConnectionClosedError, as the SDK's own
        sender.
        """
        lines = [
            "POST / HTTP/1.1",
            f"Host: {self._host}",
            f"Content-Length: {len(request.body)}",
            *(f"{name}: {value}" for name, value in request.headers.items()),
        ]
        head = "\r\n".join([*lines, "", ""]).encode("latin-1")
        connection = self._connected(connect)
        try:
            connection.settimeout(read)
            connection.sendall(head + request.body)
            status, headers, body, stays = _answer(connection)
        except TimeoutError as error:
            connection.close()
            raise ReadTimeoutError(endpoint_url=self._url, error=error) from error
        except OSError as error:
            connection.close()
            raise ConnectionClosedError(endpoint_url=self._url, error=error, request=request) from error
        except BaseException:
            connection.close()
            raise
        if stays:
            self._idle.append(connection)
        else:
            connection.close()
        told: Any = headers  # the SDK copies any mapping
        return AWSResponse(request.url, status, told, _Raw(body))

    def _connected(self, seconds: float) -> socket.socket:
        try:
            return self._idle.pop()
        except IndexError:
            pass
        try:
            made = socket.create_connection(self._address, timeout=seconds)
        except TimeoutError as error:
            raise ConnectTimeoutError(endpoint_url=self._url, error=error) from error
        except OSError as error:
            raise EndpointConnectionError(endpoint_url=self._url, error=error) from error
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made


def _answer(connection: socket.socket) -> tuple[int, dict[str, str], bytes, bool]:
    """Status, headers, body, and whether the connection stays open."""
    read = bytearray()
    while (end := read.find(b"\r\n\r\n")) < 0:
        if len(read) > _LONGEST_HEAD:
            raise ConnectionError("the head of the answer does not end")
        read += _more(connection)
    first, *lines = read[:end].decode("latin-1").split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    told = {name.lower(): value for name, value in headers.items()}
    body, length = read[end + 4 :], told.get("content-length")
    if length is None:
        raise ConnectionError("the answer does not tell its length")
    while len(body) < int(length):
        body += _more(connection)
    return int(first.split(" ")[1]), headers, bytes(body), told.get("connection", "").lower() != "close"


def _more(connection: socket.socket) -> bytes:
    part = connection.recv(1 << 16)
    if not part:
        raise ConnectionError("the connection was closed in the middle of an answer")
    return part


def take(host: str) -> None:
    """From now on this process asks `host` (a base URL) so, whichever client it is that asks.

    Requests that are no POST / of the JSON protocol, and those for other hosts, go the SDK's way.
    """
    connections = Connections(host)
    endpoint: Any = Endpoint
    create, send = endpoint.create_request, endpoint._send

    def created(self: Any, params: dict[str, Any], operation_model: Any) -> Any:
        headers, body = params["headers"], params["body"]
        if params["url"] != f"{host}/" or "X-Amz-Target" not in headers or not isinstance(body, bytes):
            return create(self, params, operation_model)
        signing = params["context"].get("signing", {})
        region = signing.get("region") or params["context"]["client_region"]
        service = signing.get("signing_name") or operation_model.service_model.signing_name
        scope = f"{os.environ['AWS_ACCESS_KEY_ID']}/19700101/{region}/{service}/aws4_request"
        told = {name: headers[name] for name in _TOLD if name in headers}
        told["Authorization"] = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"
        return Straight(params["url"], told, body)

    def sent(self: Any, request: Any) -> Any:
        if not isinstance(request, Straight):
            return send(self, request)
        connect, read = _seconds(self.http_session._timeout)
        try:
            return connections.send(request, connect, read)
        except HTTPClientError:
            raise
        except Exception as error:
            raise HTTPClientError(error=error) from error

    endpoint.create_request, endpoint._send = created, sent


def _seconds(timeout: Any) -> tuple[float, float]:
    """To connect, and to read. The SDK keeps one number, or urllib3's own object of two."""
    if isinstance(timeout, int | float):
        return timeout, timeout
    return timeout.connect_timeout, timeout.read_timeout

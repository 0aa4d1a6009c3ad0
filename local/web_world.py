"""The web servers of the local world: one loopback server that answers for every host name."""

from collections.abc import Mapping
from threading import Lock
from typing import Any

from local.http_api import Request, Response
from local.server import LoopbackServer


class WebWorld:
    """What `/_local/web` sets: answers by host name and path, without the query string; 404 for the rest.

    It speaks http alone; whoever is redirected to https there finds no TLS.
    """

    def __init__(self) -> None:
        self._answers: dict[tuple[str, str], dict[str, Any]] = {}
        self._lock = Lock()
        self._server = LoopbackServer()
        self._server.start(self._answer)
        self.address = self._server.address

    def close(self) -> None:
        self._server.close()

    def set(self, answer: Mapping[str, Any]) -> None:
        """`{host, path, status?, headers?, body?}`. Raises ValueError for what cannot be served, saying why."""
        host, path = answer.get("host"), answer.get("path")
        status, headers, body = answer.get("status", 200), answer.get("headers", {}), answer.get("body", "")
        if not isinstance(host, str) or not host or not isinstance(path, str) or not path.startswith("/"):
            raise ValueError("host is a name, path begins with /")
        if not isinstance(status, int) or not 200 <= status <= 599 or not isinstance(body, str):
            raise ValueError("status is a number from 200 to 599, body a text")
        if not isinstance(headers, dict) or any(set(f"{k}{v}") & set("\r\n\0") for k, v in headers.items()):
            raise ValueError("headers are names and values on one line each")
        kept = {"host": host.lower(), "path": path, "status": status, "headers": headers, "body": body}
        with self._lock:
            self._answers[host.lower(), path] = kept

    def delete(self, host: str, path: str | None = None) -> None:
        """Removes the answer of one path, or all of a host."""
        with self._lock:
            for key in [key for key in self._answers if key[0] == host.lower() and path in (None, key[1])]:
                del self._answers[key]

    def answers(self) -> list[dict[str, Any]]:
        with self._lock:
            return list(self._answers.values())

    def _answer(self, request: Request) -> Response:
        host = (request.header("host") or "").partition(":")[0].lower()
        with self._lock:
            answer = self._answers.get((host, request.target.partition("?")[0]))
        if answer is None:
            return Response(404, [("Content-Type", "text/plain")], b"nothing here\n")
        headers = {"Content-Type": "text/plain"} | {
            key: str(value) for key, value in answer["headers"].items()
        }
        return Response(answer["status"], list(headers.items()), answer["body"].encode())

"""The parent's side of localstripe: starts it with the first request, speaks to it, ends it."""

import socket
import subprocess
import sys
import threading
from pathlib import Path

from urllib3 import HTTPConnectionPool
from urllib3.exceptions import HTTPError

from local.http_api import Request, Response

_ROOT = Path(__file__).resolve().parents[2]
_END_SECONDS = 5.0
_PASSED_ON = {"authorization", "content-type", "origin", "accept"}
_PASSED_BACK = ("content-type", "access-control-")


class LocalstripeGone(Exception):
    """The process does not answer."""


class LocalstripeProcess:
    """Listens from the beginning, so that who comes before the process is up waits for it and no longer."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        port = self._listener.getsockname()[1]
        self._pool = HTTPConnectionPool("127.0.0.1", port, maxsize=4, timeout=20, retries=False)
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._closed = False

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def ask(self, request: Request) -> Response:
        """Raises LocalstripeGone."""
        self._start()
        headers = {name: value for name, value in request.headers if name.lower() in _PASSED_ON}
        try:
            answer = self._pool.request(
                request.method, request.target, body=request.body or None, headers=headers, redirect=False
            )
        except HTTPError as error:
            raise LocalstripeGone(str(error)) from error
        told = [
            (name, value) for name, value in answer.headers.items() if name.lower().startswith(_PASSED_BACK)
        ]
        return Response(answer.status, told, answer.data)

    def close(self) -> None:
        with self._lock:
            self._closed = True
        self._listener.close()
        self._pool.close()
        if self._process is None or self._process.stdin is None:
            return
        self._process.stdin.close()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _start(self) -> None:
        with self._lock:
            if self._closed:
                raise LocalstripeGone("it was closed")
            if self._process is None:
                descriptor = self._listener.fileno()
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "local.payments.child", str(descriptor)],
                    cwd=_ROOT,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    pass_fds=[descriptor],
                )

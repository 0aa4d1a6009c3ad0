"""The parent's side: starts the zygote, keeps the workers of each function, invokes them within their limits."""

import dataclasses
import json
import os
import pathlib
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any, Protocol

from local.clock import CLOCK
from local.runtime.calls import TIME_IS_UP
from local.runtime.wire import read_message, send_descriptors, send_message

_ROOT = pathlib.Path(__file__).resolve().parents[2]
_INIT_SECONDS = 10.0  # what Lambda grants a function for its imports, before its own limit begins

_CLOSE_SECONDS = 5.0

WriteLog = Callable[[str], None]
OnCalls = Callable[[str, list[dict[str, Any]]], None]


@dataclasses.dataclass(frozen=True)
class FunctionConfig:
    """One function: `code` and `layers` are folders, `timeout` real seconds, `memory` MiB (told, not enforced)."""

    name: str
    arn: str
    handler: str
    code: str
    layers: tuple[str, ...]
    environment: dict[str, str]
    timeout: float
    memory: int


class FaultPolicy(Protocol):
    """Decides which invocation dies or fails, and around which of its calls: see `calls.Calls`.

    Two faults are the platform's own: `{"skew": seconds}` is a clock that is wrong, and `{"withheld": True}` a
    delivery that its sender believes was made.
    """

    def choose(self, function_name: str, event: dict[str, Any]) -> dict[str, Any] | None: ...


@dataclasses.dataclass(frozen=True)
class Ended:
    """An invocation that ended: `calls` None if its worker died, and whether the fault chosen for it was met."""

    function: str
    calls: list[dict[str, Any]] | None
    fault: dict[str, Any] | None
    met: bool


def _import_root(layer: str) -> str:
    """A built layer keeps its packages below python/, a layer's source folder may not."""
    path = pathlib.Path(layer).resolve()
    return str(path / "python" if (path / "python").is_dir() else path)


def _for_worker(config: FunctionConfig) -> dict[str, Any]:
    code, region = str(pathlib.Path(config.code).resolve()), config.arn.split(":")[3]
    reserved = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "en_US.UTF-8",
        "TZ": "UTC",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ACCESS_KEY_ID": config.name,  # as the name of its role would stand in a trail
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ACCOUNT_ID_ENDPOINT_MODE": "disabled",  # moto knows no <account>.ddb. host names
        "AWS_LAMBDA_FUNCTION_NAME": config.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(config.memory),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "LAMBDA_TASK_ROOT": code,
        "_HANDLER": config.handler,
    }
    layers = [_import_root(layer) for layer in config.layers]
    own = {"code": code, "layers": layers, "environment": reserved | config.environment}
    return dataclasses.asdict(config) | own


class Zygote:
    """The parent of workers, of one runtime or of several after each other; it imports while the caller goes on."""

    def __init__(self) -> None:
        self._control, theirs = socket.socketpair()
        self._lock = threading.Lock()
        self._ready = False
        self._process = subprocess.Popen(
            [sys.executable, "-m", "local.runtime.zygote", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            cwd=_ROOT,
            env={"PATH": os.environ.get("PATH", ""), "TZ": "UTC", "PYTHONUTF8": "1"},
        )
        theirs.close()

    def _ask(self, message: dict[str, Any], *descriptors: int) -> dict[str, Any]:
        with self._lock:
            if not self._ready:
                self._ready = read_message(self._control)["ready"]
            send_message(self._control, message)
            if descriptors:
                send_descriptors(self._control, *descriptors)
            return read_message(self._control)

    def fork(self, config: dict[str, Any], requests: int, log: int) -> int:
        pid: int = self._ask({"op": "fork", "config": config}, requests, log)["pid"]
        return pid

    def reap(self, pid: int) -> int:
        """Waits for the worker's end: its exit status, or the negative number of the signal that ended it."""
        return os.waitstatus_to_exitcode(self._ask({"op": "wait", "pid": pid})["status"])

    def close(self) -> None:
        """One that has not been asked for a worker yet has none, and imports still, perhaps."""
        self._control.close()
        if not self._ready:
            self._process.kill()
        self._process.wait(10)


class _Worker:
    def __init__(self, zygote: Zygote, config: FunctionConfig, write_log: WriteLog) -> None:
        self._zygote, self._config, self._fresh = zygote, config, True
        self._socket, theirs = socket.socketpair()
        log_read, log_write = os.pipe()
        self.pid = zygote.fork(_for_worker(config), theirs.fileno(), log_write)
        theirs.close()
        os.close(log_write)
        threading.Thread(target=self._copy_log, args=(log_read, write_log), daemon=True).start()

    def _copy_log(self, descriptor: int, write_log: WriteLog) -> None:
        with open(descriptor, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                write_log(f"[{self._config.name} {self.pid}] {line.rstrip()}")

    def call(self, request: dict[str, Any]) -> tuple[dict[str, Any], bool]:
        """The worker's reply, or the error Lambda would report for it, and whether the worker is still of use."""
        limit, prefix = _INIT_SECONDS, f"RequestId: {request['request_id']} Error: "
        try:
            if self._fresh:
                self._socket.settimeout(limit)
                if start := read_message(self._socket):
                    self._end()
                    return {"error": start["error"] | {"requestId": request["request_id"]}}, False
                self._fresh = False
            limit = self._config.timeout
            self._socket.settimeout(limit)
            send_message(self._socket, request | {"deadline": time.monotonic() + limit})
            reply = read_message(self._socket)
        except TimeoutError:
            self.kill()
            return {"error": _timed_out(prefix, limit)}, False
        except (EOFError, ConnectionError):
            status = self._end()
            if status == -TIME_IS_UP:
                return {"error": _timed_out(prefix, limit)}, False
            text = prefix + _why_it_ended(status)
            return {"error": {"errorType": "Runtime.ExitError", "errorMessage": text}}, False
        return reply, True

    def died_while_idle(self) -> bool:
        """An idle worker says nothing: whatever can be read is the end of file."""
        return bool(select.select([self._socket], [], [], 0)[0])

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)  # not reaped yet, so the number is still its own
        self._end()

    def retire(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._end()

    def _end(self) -> int:
        self._socket.close()
        return self._zygote.reap(self.pid)


def _timed_out(prefix: str, limit: float) -> dict[str, str]:
    text = f"{prefix}Task timed out after {limit:.2f} seconds"
    return {"errorType": "Sandbox.Timedout", "errorMessage": text}


def _why_it_ended(status: int) -> str:
    if status == 0:
        return "Runtime exited without providing a reason"
    if status == -signal.SIGKILL:
        return "Runtime exited with error: signal: killed"
    if status < 0:
        return f"Runtime exited with error: signal: {signal.Signals(-status).name[3:].lower()}"
    return f"Runtime exited with error: exit status {status}"


class _Function:
    """The workers of one function: used last-in first-out, started while all are busy, `size` at most."""

    def __init__(self, zygote: Zygote, config: FunctionConfig, size: int, write_log: WriteLog) -> None:
        self.config = config
        self._start: Callable[[], _Worker] = lambda: _Worker(zygote, config, write_log)
        self._size, self._starting = size, 0
        self._idle: list[_Worker] = []
        self._all: set[_Worker] = set()
        self._changed = threading.Condition()

    def call(self, request: dict[str, Any]) -> dict[str, Any]:
        worker, usable = self._take(), False
        try:
            reply, usable = worker.call(request)
            return reply
        finally:
            with self._changed:
                if usable and worker in self._all:
                    self._idle.append(worker)
                else:
                    self._all.discard(worker)
                self._changed.notify()

    def _take(self) -> _Worker:
        with self._changed:
            while not self._idle and len(self._all) + self._starting >= self._size:
                self._changed.wait()
            while self._idle:
                worker = self._idle.pop()
                if not worker.died_while_idle():
                    return worker
                self._all.discard(worker)
                worker.retire()
            self._starting += 1
        started: _Worker | None = None
        try:
            started = self._start()
            return started
        finally:
            with self._changed:
                self._starting -= 1
                self._all.update({started} if started else ())

    def pids(self) -> list[int]:
        with self._changed:
            return [worker.pid for worker in self._all]

    def retire_idle(self) -> None:
        with self._changed:
            idle, self._idle = self._idle, []
            self._all.difference_update(idle)
            self._changed.notify_all()
        for worker in idle:
            worker.retire()

    def close(self) -> None:
        self.retire_idle()
        with self._changed:
            for worker in self._all:
                os.kill(worker.pid, signal.SIGKILL)  # its invoker sees the end of file and reaps it
            self._changed.wait_for(lambda: not self._all, _CLOSE_SECONDS)


class LambdaRuntime:
    """All functions of the application. `on_calls` receives the AWS calls of each invocation that was answered.

    A `zygote` that was lent is not closed with the runtime.
    """

    def __init__(
        self,
        max_workers: int = 8,
        write_log: WriteLog | None = None,
        on_calls: OnCalls | None = None,
        zygote: Zygote | None = None,
    ) -> None:
        self.faults: FaultPolicy | None = None
        self.on_end: Callable[[Ended], None] | None = None
        self._zygote, self._is_lent = zygote or Zygote(), zygote is not None
        self._max_workers, self._on_calls = max_workers, on_calls
        self._write_log = write_log or (lambda line: print(line, file=sys.stderr, flush=True))
        self._functions: dict[str, _Function] = {}

    def add(self, config: FunctionConfig) -> None:
        """Make the function known; one of the same name is replaced and its workers end."""
        if config.name in self._functions:
            self._functions[config.name].close()
        self._functions[config.name] = _Function(self._zygote, config, self._max_workers, self._write_log)

    def _function(self, name_or_arn: str) -> _Function:
        return self._functions[name_or_arn.rpartition(":function:")[2].partition(":")[0]]

    def invoke(self, name_or_arn: str, event: dict[str, Any]) -> tuple[str, bool]:
        """The function's answer, or its error, as JSON text, and whether it failed. KeyError: no such one."""
        function = self._function(name_or_arn)
        name = function.config.name
        fault = self.faults.choose(name, event) if self.faults else None
        if fault and fault.get("withheld"):
            return "{}", False
        request = {
            "event": json.dumps(event),
            "request_id": str(uuid.uuid4()),
            "clock": CLOCK.for_worker((fault or {}).get("skew", 0.0)),
            "record": self._on_calls is not None,
            "fault": fault,
        }
        reply = function.call(request)
        if self.on_end:
            self.on_end(Ended(name, reply.get("calls"), fault, reply.get("met", fault is not None)))
        if self._on_calls and "calls" in reply:
            self._on_calls(name, reply["calls"])
        return (json.dumps(reply["error"]), True) if "error" in reply else (reply["payload"], False)

    def pids(self, name: str) -> list[int]:
        return self._function(name).pids()

    def recycle(self) -> None:
        """Retire all idle workers: the next invocations start cold."""
        for function in self._functions.values():
            function.retire_idle()

    def close(self) -> None:
        for function in self._functions.values():
            function.close()
        if not self._is_lent:
            self._zygote.close()

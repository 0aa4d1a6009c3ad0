"""Inside a worker process: become one function, then answer one invocation after the other."""

import importlib
import json
import os
import socket
import sys
import time
import traceback
from collections.abc import Callable, Iterable
from importlib.machinery import PathFinder
from typing import Any, TextIO, cast

from local.runtime import connections, shortcuts
from local.runtime.calls import Calls
from local.runtime.wire import read_message, send_message

Handler = Callable[[Any, "Context"], Any]


class RuntimeFault(Exception):
    """What Lambda's own Python runtime reports: nothing to import, no handler, an answer that is not JSON."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Context:
    """The context object of the Python runtime, as far as handlers and Powertools read it."""

    def __init__(self, config: dict[str, Any], request: dict[str, Any]) -> None:
        self.function_name = config["name"]
        self.function_version = "$LATEST"
        self.invoked_function_arn = config["arn"]
        self.memory_limit_in_mb = str(config["memory"])
        self.aws_request_id = request["request_id"]
        self.log_group_name = f"/aws/lambda/{config['name']}"
        self.log_stream_name = f"local/[$LATEST]{os.getpid()}"
        self.identity = None
        self.client_context = None
        self._deadline = request["deadline"]

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self._deadline - time.monotonic()) * 1000))


def _become(config: dict[str, Any]) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "local"]:
        del sys.modules[name]
    os.environ.clear()
    os.environ.update(config["environment"])
    time.tzset()
    os.chdir(config["code"])
    sys.path[:0] = [config["code"], *config["layers"]]
    sys.argv = [""]
    importlib.invalidate_caches()
    for stream in (sys.stdout, sys.stderr):
        cast(TextIO, stream).reconfigure(line_buffering=True)  # type: ignore[attr-defined]  # a killed worker's last words count


def _forget_what_lies_elsewhere(packages: Iterable[str]) -> None:
    """Of what was imported from layers a function keeps what it would have found in its own folders."""
    for package in packages:
        found = PathFinder.find_spec(package)
        if found is None or found.origin is None or found.origin != sys.modules[package].__file__:
            for name in [name for name in sys.modules if name.partition(".")[0] == package]:
                del sys.modules[name]


def _load(handler: str) -> Handler:
    module_name, _, function_name = handler.rpartition(".")
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        text = f"Unable to import module '{module_name}': {error}"
        raise RuntimeFault("Runtime.ImportModuleError", text) from error
    except SyntaxError as error:
        text = f"Syntax error in module '{module_name}': {error}"
        raise RuntimeFault("Runtime.UserCodeSyntaxError", text) from error
    if not hasattr(module, function_name):
        text = f"Handler '{function_name}' missing on module '{module_name}'"
        raise RuntimeFault("Runtime.HandlerNotFound", text)
    return cast(Handler, getattr(module, function_name))


def _marshal(result: Any) -> str:
    try:
        return json.dumps(result)
    except (TypeError, ValueError) as error:
        raise RuntimeFault("Runtime.MarshalError", f"Unable to marshal response: {error}") from error


def _described(error: BaseException, request_id: str) -> dict[str, Any]:
    """errorMessage, errorType, requestId and stackTrace, as Lambda's Python runtime returns them."""
    kind = error.kind if isinstance(error, RuntimeFault) else type(error).__name__
    stack = [] if isinstance(error, RuntimeFault) else traceback.format_tb(error.__traceback__)[1:]
    print(f"[ERROR] {kind}: {error}", *stack, sep="\n")
    return {"errorMessage": str(error), "errorType": kind, "requestId": request_id, "stackTrace": stack}


def serve(sock: socket.socket, config: dict[str, Any], imported: Iterable[str]) -> None:
    """Says that it is ready, or why not, and answers until its socket closes or its handler ends the process.

    `imported` are the packages that came from layers, this function's and others'.
    """
    _become(config)
    _forget_what_lies_elsewhere(imported)
    calls = Calls()
    calls.observe_botocore()
    shortcuts.take()
    if endpoint := os.environ.get("AWS_ENDPOINT_URL"):
        connections.take(endpoint)
    try:
        handler = _load(config["handler"])
        calls.observe_outside()
        send_message(sock, {})
    except BaseException as error:  # noqa: BLE001 - a failed start is told at the first invocation
        send_message(sock, {"error": _described(error, "")})
        os._exit(1)
    while True:
        try:
            request = read_message(sock)
        except (EOFError, ConnectionError):
            os._exit(0)
        os.environ["PARTNER_CENTER_CLOCK"] = request["clock"]
        calls.begin(record=request["record"], fault=request["fault"])
        reply: dict[str, Any]
        try:
            reply = {"payload": _marshal(handler(json.loads(request["event"]), Context(config, request)))}
        except SystemExit as error:
            os._exit(error.code if isinstance(error.code, int) else 1)
        except BaseException as error:  # noqa: BLE001 - as Lambda does, whatever a handler raises is an answer
            reply = {"error": _described(error, request["request_id"])}
        send_message(sock, reply | {"calls": calls.made, "met": calls.met})

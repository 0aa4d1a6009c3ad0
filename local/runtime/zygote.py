"""The warm parent of all workers: one thread, the slow libraries imported, forking on request.

It is started by exec, so it inherits none of moto's threads and locks. On its control socket it answers
    {"op": "fork", "config": {...}} with two descriptors (requests, log) -> {"pid": 4711}
    {"op": "wait", "pid": 4711}                                          -> {"status": wait status}
End of file on that socket means that the embedded cloud is gone: every worker is killed, then it ends itself.
"""

import contextlib
import ctypes
import gc
import importlib
import os
import signal
import socket
import sys
from typing import Any

import botocore.loaders
import botocore.session

from local.runtime.wire import read_message, receive_descriptors, send_message
from local.runtime.worker import serve

_PRELOAD = (
    "boto3",
    "cryptography.hazmat.primitives.asymmetric.ec",
    "cryptography.hazmat.primitives.asymmetric.rsa",
    "cryptography.x509",
    "pydantic",
    "aws_lambda_powertools.event_handler",
    "dns.dnssec",
    "dns.resolver",
    "idna",
    "jinja2",
    "publicsuffixlist",
    "urllib3",
)
_SERVICES = ("dynamodb", "events", "kms", "s3", "sesv2", "sqs", "ssm", "stepfunctions")
_PR_SET_PDEATHSIG = 1


def _share_botocore_models() -> None:
    """Let all sessions of all workers use one loader: it caches files of the installation, no settings."""
    loader = botocore.loaders.Loader()
    for service in _SERVICES:
        loader.load_service_model(service, "service-2")
        loader.load_service_model(service, "endpoint-rule-set-1")
    for name in ("endpoints", "partitions", "_retry", "sdk-default-configuration"):
        loader.load_data(name)
    botocore.session.create_loader = lambda search_path_string=None: loader  # noqa: ARG005


def _preload() -> None:
    for name in _PRELOAD:
        with contextlib.suppress(ModuleNotFoundError):  # a function that needs it will say so itself
            importlib.import_module(name)
    _share_botocore_models()
    gc.collect()
    gc.freeze()  # untouched by the collector, these objects' pages stay shared with the workers


def _fork_worker(control: socket.socket, config: dict[str, Any]) -> int:
    requests, log = receive_descriptors(control, 2)
    pid = os.fork()
    if pid == 0:
        try:
            control.close()
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            os.dup2(log, 1)
            os.dup2(log, 2)
            os.close(log)
            serve(socket.socket(fileno=requests), config)
        finally:
            os._exit(1)  # a worker must never come back into the zygote's loop
    os.close(requests)
    os.close(log)
    return pid


def _serve_control(control: socket.socket, alive: set[int]) -> None:
    while True:
        request = read_message(control)
        if request["op"] == "fork":
            pid = _fork_worker(control, request["config"])
            alive.add(pid)
            send_message(control, {"pid": pid})
        else:
            _, status = os.waitpid(request["pid"], 0)
            alive.discard(request["pid"])
            send_message(control, {"status": status})


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's business
    control = socket.socket(fileno=int(sys.argv[1]))
    _preload()
    del sys.path[0]  # the project's root: functions import what they ship and what is installed
    alive: set[int] = set()
    try:
        send_message(control, {"ready": True})
        _serve_control(control, alive)
    except (EOFError, ConnectionError):
        for pid in alive:
            os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    main()

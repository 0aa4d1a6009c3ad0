"""The warm parent of all workers: one thread, the slow libraries and the layers imported, forking on request.

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
import pkgutil
import signal
import socket
import sys
from collections.abc import Iterable, Iterator
from types import ModuleType
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
_LINTER = ("pkilint.cabf.cabf_crl", "pkilint.cabf.serverauth", "pkilint.pkix.certificate")
_SERVICES = ("dynamodb", "events", "kms", "s3", "sesv2", "sqs", "ssm", "stepfunctions")
_PR_SET_PDEATHSIG = 1


def _share_botocore_models() -> None:
    """Let all sessions of all workers use one loader: it caches files of the installation, no settings.

    The first session that a worker asks for is made here: a third of its start. A session reads settings when it
    needs them.
    """
    loader = botocore.loaders.Loader()
    for service in _SERVICES:
        loader.load_service_model(service, "service-2")
        loader.load_service_model(service, "endpoint-rule-set-1")
    for name in ("endpoints", "partitions", "_retry", "sdk-default-configuration"):
        loader.load_data(name)
    botocore.session.create_loader = lambda search_path_string=None: loader  # noqa: ARG005
    made, make = iter([botocore.session.Session()]), botocore.session.get_session
    botocore.session.get_session = lambda env_vars=None: next(made, None) or make(env_vars)


def _import(names: Iterable[str]) -> None:
    for name in names:
        with contextlib.suppress(ModuleNotFoundError):  # a function that needs it will say so itself
            importlib.import_module(name)


def _preload() -> None:
    _import(_PRELOAD)
    sys.modules["iso639"] = ModuleType(
        "iso639"
    )  # as functions import the linter, without its table of languages
    _import(_LINTER)
    del sys.modules["iso639"]
    _share_botocore_models()
    gc.collect()
    gc.freeze()  # untouched by the collector, these objects' pages stay shared with the workers


def _warm(layer: str) -> set[str]:
    """Import a layer's packages, so that no worker has to; their names. They must not ask for an environment yet."""
    packages = {found.name for found in pkgutil.iter_modules([layer])}
    sys.path.insert(0, layer)
    for name in sorted(packages):
        for module in (name, *(found.name for found in _modules_below(layer, name))):
            with contextlib.suppress(Exception):  # a function that needs it will say so itself
                importlib.import_module(module)
    sys.path.remove(layer)
    gc.collect()
    gc.freeze()
    return packages & sys.modules.keys()


def _modules_below(layer: str, package: str) -> Iterator[pkgutil.ModuleInfo]:
    return pkgutil.walk_packages([os.path.join(layer, package)], f"{package}.", onerror=lambda _: None)


def _fork_worker(control: socket.socket, config: dict[str, Any], warm: dict[str, set[str]]) -> int:
    requests, log = receive_descriptors(control, 2)
    for layer in config["layers"]:
        if layer not in warm:
            warm[layer] = _warm(layer)
    pid = os.fork()
    if pid == 0:
        try:
            control.close()
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            os.dup2(log, 1)
            os.dup2(log, 2)
            os.close(log)
            serve(socket.socket(fileno=requests), config, set().union(*warm.values()))
        finally:
            os._exit(1)  # a worker must never come back into the zygote's loop
    os.close(requests)
    os.close(log)
    return pid


def _serve_control(control: socket.socket, alive: set[int]) -> None:
    warm: dict[str, set[str]] = {}
    while True:
        request = read_message(control)
        if request["op"] == "fork":
            pid = _fork_worker(control, request["config"], warm)
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

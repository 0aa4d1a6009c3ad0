"""moto's web server on loopback: the functions' AWS. It shares its state with moto in this process."""

from typing import Any

from moto.moto_server.werkzeug_app import MotoRequestHandler
from moto.server import ThreadedMotoServer

from local.repairs.patching import exchange


def _log_nothing(*_: Any, **__: Any) -> None:
    """The console shows what functions did; a line for each AWS request would bury it."""


class MotoServer:
    """Serves on 127.0.0.1, on a port that is free; `endpoint` is its base URL."""

    def __init__(self) -> None:
        exchange(MotoRequestHandler, "log_request", _log_nothing)
        exchange(MotoRequestHandler, "disable_nagle_algorithm", True)
        self._server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self._server.start()
        host, port = self._server.get_host_and_port()
        self.endpoint = f"http://{host}:{port}"

    def close(self) -> None:
        self._server.stop()

"""UDP and TCP sockets around a function that answers DNS messages: one loopback port, one thread."""

import selectors
import socket
from collections.abc import Callable
from contextlib import suppress
from threading import Thread

Answerer = Callable[[bytes, bool], bytes | None]
"""From a message in wire format, and whether it came over UDP, to the reply; None leaves it unanswered."""

_TCP_SECONDS = 5.0
_PORTS_TO_TRY = 20


class DnsServer:
    """Serves `answer` on loopback, from construction until `close`; on a free port unless one is given."""

    def __init__(self, answer: Answerer, host: str = "127.0.0.1", port: int = 0) -> None:
        self._answer = answer
        self._udp, self._tcp = _bind(host, port)
        self._stop, self._stopped = socket.socketpair()
        self._thread = Thread(target=self._serve, name="dns", daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """host:port"""
        host, port = self._udp.getsockname()
        return f"{host}:{port}"

    def close(self) -> None:
        """Stops serving and frees the port; closing twice is fine."""
        with suppress(OSError):
            self._stop.send(b".")
        self._thread.join()
        for each in (self._udp, self._tcp, self._stop, self._stopped):
            each.close()

    def _serve(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._stopped, selectors.EVENT_READ, None)
            selector.register(self._udp, selectors.EVENT_READ, self._answer_datagram)
            selector.register(self._tcp, selectors.EVENT_READ, self._accept)
            while True:
                for key, _ in selector.select():
                    if key.data is None:
                        return
                    with suppress(OSError):
                        key.data()

    def _answer_datagram(self) -> None:
        wire, asker = self._udp.recvfrom(65535)
        if (reply := self._answer(wire, True)) is not None:
            self._udp.sendto(reply, asker)

    def _accept(self) -> None:
        connection, _ = self._tcp.accept()
        Thread(target=self._converse, args=(connection,), daemon=True).start()

    def _converse(self, connection: socket.socket) -> None:
        connection.settimeout(_TCP_SECONDS)
        with connection, connection.makefile("rb") as stream, suppress(OSError):
            while len(length := stream.read(2)) == 2:
                reply = self._answer(stream.read(int.from_bytes(length, "big")), False)
                if reply is None:
                    return
                connection.sendall(len(reply).to_bytes(2, "big") + reply)


def _bind(host: str, port: int) -> tuple[socket.socket, socket.socket]:
    """A UDP and a listening TCP socket on the same port."""
    for _ in range(_PORTS_TO_TRY):
        tcp = socket.create_server((host, port))
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            udp.bind(tcp.getsockname())
        except OSError:
            tcp.close()
            udp.close()
            continue
        return udp, tcp
    raise OSError(f"no port of {host} is free for both UDP and TCP")

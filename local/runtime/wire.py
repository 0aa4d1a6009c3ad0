"""Messages between the parent, the zygote and the workers: JSON behind its length, on Unix sockets."""

import json
import socket
import struct
from typing import Any

_LENGTH = struct.Struct("!I")


def send_message(sock: socket.socket, message: dict[str, Any]) -> None:
    data = json.dumps(message).encode()
    sock.sendall(_LENGTH.pack(len(data)) + data)


def read_message(sock: socket.socket) -> dict[str, Any]:
    """The next message. Raises EOFError when the other side is gone."""
    (size,) = _LENGTH.unpack(_read_exactly(sock, _LENGTH.size))
    message: dict[str, Any] = json.loads(_read_exactly(sock, size))
    return message


def _read_exactly(sock: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        part = sock.recv(min(size - len(data), 1 << 20))
        if not part:
            raise EOFError
        data += part
    return bytes(data)


def send_descriptors(sock: socket.socket, *descriptors: int) -> None:
    socket.send_fds(sock, [b"."], descriptors)


def receive_descriptors(sock: socket.socket, count: int) -> list[int]:
    data, descriptors, _, _ = socket.recv_fds(sock, 1, count)
    if not data:
        raise EOFError
    return descriptors

"""TCP connections to hosts of the public Internet, and the stand-in for all of them in the embedded cloud."""

import ipaddress
import socket
from collections.abc import Callable
from typing import Any

from partner_center.kernel.errors import PartnerCenterError
from partner_center.validation.global_addresses import refused_as

Dial = Callable[[str, int, float], socket.socket]
"""Opens a connection to an address and a port within so many seconds. Raises OSError, and AddressRefused."""


class AddressRefused(PartnerCenterError):
    """The address, or the one at the other end of the socket, may not be asked."""

    code = "address_refused"


def open_connection(address: str, port: int, seconds: float) -> socket.socket:
    """A connection to an IP address as it is written; no name is ever resolved. Raises OSError, ValueError."""
    family = socket.AF_INET6 if ipaddress.ip_address(address).version == 6 else socket.AF_INET
    connection = socket.socket(family, socket.SOCK_STREAM)
    try:
        connection.settimeout(seconds)
        connection.connect((address, port))
    except BaseException:
        connection.close()
        raise
    return connection


def dial_directly(address: str, port: int, seconds: float, connect: Dial = open_connection) -> socket.socket:
    """A `Dial` into the world. The socket itself is asked for its peer, so that what is guarded is what is used."""
    require_global(address)
    connection = connect(address, port, seconds)
    try:
        require_peer(connection.getpeername(), address, port)
    except BaseException:
        connection.close()
        raise
    return connection


def require_global(address: str) -> None:
    """Raises AddressRefused for what lies outside global unicast."""
    kind = refused_as(address)
    if kind is not None:
        raise AddressRefused(f"{address} is {kind}.")


def require_peer(peer: tuple[Any, ...], address: str, port: int) -> None:
    """Raises AddressRefused unless a socket's `getpeername()` is `address` and `port`, and global."""
    require_global(peer[0])
    if ipaddress.ip_address(peer[0]) != ipaddress.ip_address(address) or peer[1] != port:
        raise AddressRefused(f"The connection to {address} ends elsewhere.")


def dialer_through(server: str) -> Dial:
    """A `Dial` by which `server` ("address:port") answers for every address and port; `dial_directly` if it is empty.

    For the embedded cloud, whose web server speaks http alone: a redirect to https fails there with
    `tls_failed`. A deployed stack cannot be led astray by it: ValueError unless the server is on loopback.
    """
    if not server:
        return dial_directly
    host, _, number = server.rpartition(":")
    host, port = host.strip("[]"), int(number)
    if not ipaddress.ip_address(host).is_loopback:
        raise ValueError(f"{host} is not on loopback: it may not answer for the world")

    def dial(_address: str, _port: int, seconds: float) -> socket.socket:
        return open_connection(host, port, seconds)

    return dial

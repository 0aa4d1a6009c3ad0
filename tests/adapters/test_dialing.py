"""Connections: to the address that was judged and to no other, and the embedded cloud's way around."""

import socket

import pytest

from partner_center.adapters.dialing import (
    AddressRefused,
    dial_directly,
    dialer_through,
    open_connection,
    require_peer,
)
from tests.adapters.hostile_server import answer
from tests.adapters.probe_world import HERE, V6

SECONDS = 5.0


class FakeSocket:
    """A connected socket, as far as it tells its peer."""

    def __init__(self, peer):
        self.peer, self.closed = peer, False

    def getpeername(self):
        if isinstance(self.peer, OSError):
            raise self.peer
        return self.peer

    def close(self):
        self.closed = True


def loopback(family):
    return "::1" if family is socket.AF_INET6 else "127.0.0.1"


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_an_address_is_connected_to_as_it_is_written(serve_web, family):
    host = loopback(family)
    try:
        server = serve_web(answer(b""), host=host)
    except OSError:
        pytest.skip(f"this machine has no {host}")
    with open_connection(host, server.port, SECONDS) as connection:
        assert connection.getpeername()[:2] == (host, server.port)
        assert connection.gettimeout() == SECONDS


@pytest.mark.parametrize("name", ["localhost", "www.example.com", "127.1", "0x7f.0.0.1", ""])
def test_no_name_is_ever_resolved(name):
    with pytest.raises(ValueError, match="address"):
        open_connection(name, 80, SECONDS)


def test_a_port_where_nobody_listens_is_refused():
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    with pytest.raises(ConnectionRefusedError):
        open_connection("127.0.0.1", port, SECONDS)


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "::1", "169.254.169.254", "10.0.0.1", "www.example.com", ""]
)
def test_the_direct_dialler_judges_the_address_itself(address):
    def never(address, port, seconds):
        raise AssertionError("connected")

    with pytest.raises(AddressRefused):
        dial_directly(address, 80, SECONDS, connect=never)


PEERS = {
    "the same": (HERE, 80, (HERE, 80), True),
    "the same of IPv6, written otherwise": (V6, 443, ("2606:2800:21F:0::1", 443, 0, 0), True),
    "another address": (HERE, 80, ("93.184.215.15", 80), False),
    "another port": (HERE, 80, (HERE, 443), False),
    "loopback": (HERE, 80, ("127.0.0.1", 80), False),
    "loopback of IPv6": (V6, 80, ("::1", 80, 0, 0), False),
    "mapped": (HERE, 80, (f"::ffff:{HERE}", 80, 0, 0), False),
    "with a zone": (V6, 80, (f"{V6}%eth0", 80, 0, 2), False),
    "a path": (HERE, 80, ("/run/socket", 80), False),
}


@pytest.mark.parametrize(("address", "port", "peer", "passes"), PEERS.values(), ids=PEERS)
def test_the_socket_is_asked_where_it_ends(address, port, peer, passes):
    connection = FakeSocket(peer)
    if passes:
        assert dial_directly(address, port, SECONDS, connect=lambda *_: connection) is connection
    else:
        with pytest.raises(AddressRefused):
            dial_directly(address, port, SECONDS, connect=lambda *_: connection)
    assert connection.closed is not passes


def test_a_socket_that_cannot_tell_its_peer_is_closed():
    connection = FakeSocket(OSError("not connected"))
    with pytest.raises(OSError, match="not connected"):
        dial_directly(HERE, 80, SECONDS, connect=lambda *_: connection)
    assert connection.closed


def test_a_real_socket_to_loopback_is_seen_through(serve_web):
    """What the kernel says of the peer decides, whatever was asked for."""
    server = serve_web(answer(b""))
    with (
        open_connection("127.0.0.1", server.port, SECONDS) as connection,
        pytest.raises(AddressRefused, match="loopback"),
    ):
        require_peer(connection.getpeername(), HERE, server.port)


@pytest.mark.parametrize(("address", "port"), [(HERE, 80), (V6, 443)])
def test_one_server_on_loopback_may_stand_in_for_the_world(serve_web, address, port):
    server = serve_web(answer(b""))
    with dialer_through(server.address)(address, port, SECONDS) as connection:
        assert connection.getpeername() == ("127.0.0.1", server.port)


def test_without_a_server_the_world_is_dialled():
    assert dialer_through("") is dial_directly


@pytest.mark.parametrize(
    "server",
    [
        "10.0.0.1:80",
        "93.184.215.14:80",
        "169.254.169.254:80",
        "[2606:2800:21f::1]:80",
        "[::]:80",
        "0.0.0.0:80",
    ],
)
def test_only_loopback_may_stand_in_for_the_world(server):
    with pytest.raises(ValueError, match="loopback"):
        dialer_through(server)


@pytest.mark.parametrize(
    "server", ["localhost:80", "127.0.0.1", "127.1:80", ":80", "x", "127.0.0.1:", "127.0.0.1:x"]
)
def test_a_stand_in_is_an_address_and_a_port(server):
    with pytest.raises(ValueError, match=r"address|int"):
        dialer_through(server)

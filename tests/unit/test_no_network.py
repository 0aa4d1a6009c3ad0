"""The ban of tests/unit/conftest.py."""

import socket

import pytest
from pytest_socket import SocketBlockedError


@pytest.mark.filterwarnings("ignore:A test tried to use socket")
@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_no_unit_test_reaches_a_network(family):
    with pytest.raises(SocketBlockedError):
        socket.socket(family)


def test_a_socket_of_this_machine_may_be_opened():
    """Whoever runs an event loop needs a pair of them."""
    for end in socket.socketpair():
        end.close()

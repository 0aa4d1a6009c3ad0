"""Serial numbers that nobody can predict (BR 7.1: more than 64 bits from a CSPRNG, above zero, below 2^159)."""

from typing import Protocol

_RANDOM_BITS = 158
_OCTETS = 20


class Entropy(Protocol):
    """A cryptographically secure source, such as `secrets.token_bytes`."""

    def __call__(self, count: int, /) -> bytes: ...


def new_serial(entropy: Entropy) -> int:
    """158 random bits below a leading one: always 20 octets of DER, never negative, never 2^159 or more.

    The constant leading bit keeps every serial 40 hexadecimal digits long without touching the random ones.
    """
    octets = entropy(_OCTETS)
    if len(octets) != _OCTETS:
        raise ValueError(f"{len(octets)} octets of entropy instead of {_OCTETS}")
    return (1 << _RANDOM_BITS) | (int.from_bytes(octets, "big") & ((1 << _RANDOM_BITS) - 1))


def serial_hex(serial: int) -> str:
    """How a serial is written in the API, in keys and in logs: lower-case hexadecimal, no prefix."""
    return f"{serial:x}"

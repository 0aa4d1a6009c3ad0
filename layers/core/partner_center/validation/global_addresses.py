"""Which IP addresses a validator may ask: those of hosts in the public Internet, whose holder alone answers.

The blocks are ours, after IANA's special-purpose registries (RFC 6890): what `ipaddress` calls global differs
between Python 3.11 and 3.13, and both call addresses global that carry another address within. Blocks that the
registries do call globally reachable, but that the nearest operator answers (anycast of the IETF, AS112, AMT),
are refused too: who is nearest to us says nothing about a domain.
"""

import ipaddress
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

_REFUSED_IPV4 = {
    IPv4Network(block): kind
    for block, kind in {
        "0.0.0.0/8": "of this network (RFC 791)",
        "10.0.0.0/8": "for private use (RFC 1918)",
        "100.64.0.0/10": "shared among a provider's customers (RFC 6598)",
        "127.0.0.0/8": "loopback (RFC 1122)",
        "168.63.129.16/32": "a cloud's own service",
        "169.254.0.0/16": "link-local (RFC 3927)",
        "172.16.0.0/12": "for private use (RFC 1918)",
        "192.0.0.0/24": "for protocols of the IETF (RFC 6890)",
        "192.0.2.0/24": "for documentation (RFC 5737)",
        "192.31.196.0/24": "of the AS112 service (RFC 7535)",
        "192.52.193.0/24": "for multicast tunnels (RFC 7450)",
        "192.88.99.0/24": "of 6to4 relays (RFC 7526)",
        "192.168.0.0/16": "for private use (RFC 1918)",
        "192.175.48.0/24": "of the AS112 service (RFC 7534)",
        "198.18.0.0/15": "for benchmarks (RFC 2544)",
        "198.51.100.0/24": "for documentation (RFC 5737)",
        "203.0.113.0/24": "for documentation (RFC 5737)",
        "224.0.0.0/4": "multicast (RFC 1112)",
        "240.0.0.0/4": "reserved or broadcast (RFC 1112, RFC 919)",
    }.items()
}

_GLOBAL_UNICAST = IPv6Network("2000::/3")
"""All that is assigned for it (RFC 4291).

Outside lie loopback, link-local, unique local (with the metadata service at fd00:ec2::254) and multicast
addresses, and those that carry an IPv4 address: compatible, mapped (::ffff:0:0/96), translated by NAT64
(64:ff9b::/96, 64:ff9b:1::/48).
"""

_REFUSED_IPV6 = {
    IPv6Network(block): kind
    for block, kind in {
        "2001::/32": "a Teredo address, which carries another one (RFC 4380)",
        "2001::/23": "for protocols of the IETF (RFC 2928)",
        "2001:db8::/32": "for documentation (RFC 3849)",
        "2002::/16": "a 6to4 address, which carries another one (RFC 3056)",
        "2620:4f:8000::/48": "of the AS112 service (RFC 7534)",
        "3ffe::/16": "of the former 6bone (RFC 3701)",
        "3fff::/20": "for documentation (RFC 9637)",
    }.items()
}


def refused_as(address: str) -> str | None:
    """What kind of address it is, as in "10.0.0.1 is for private use", if it may not be asked.

    Only the dotted form of four decimal numbers and the forms of RFC 4291 are addresses; octal, hexadecimal,
    shortened ones and those with a zone id are not even read.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "no IP address"
    if isinstance(parsed, IPv6Address) and parsed.scope_id is not None:
        return "bound to a zone of its host (RFC 4007)"
    return _kind_of_ipv4(parsed) if isinstance(parsed, IPv4Address) else _kind_of_ipv6(parsed)


def _kind_of_ipv4(address: IPv4Address) -> str | None:
    return next((kind for block, kind in _REFUSED_IPV4.items() if address in block), None)


def _kind_of_ipv6(address: IPv6Address) -> str | None:
    if address not in _GLOBAL_UNICAST:
        return "outside global unicast (RFC 4291)"
    return next((kind for block, kind in _REFUSED_IPV6.items() if address in block), None)

"""Only hosts of the public Internet are asked: every block of IANA's special-purpose registries, at both ends."""

import pytest

from partner_center.validation.global_addresses import refused_as

ASKED = [
    "1.0.0.0",
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "93.184.215.14",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "168.63.129.15",
    "168.63.129.17",
    "169.253.255.255",
    "169.255.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "191.255.255.255",
    "192.0.1.0",
    "192.0.1.255",
    "192.0.3.0",
    "192.31.195.255",
    "192.31.197.0",
    "192.52.192.255",
    "192.52.194.0",
    "192.88.98.255",
    "192.88.100.0",
    "192.167.255.255",
    "192.169.0.0",
    "192.175.47.255",
    "192.175.49.0",
    "198.17.255.255",
    "198.20.0.0",
    "198.51.99.255",
    "198.51.101.0",
    "203.0.112.255",
    "203.0.114.0",
    "223.255.255.255",
    "2001:200::",
    "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff",
    "2001:db9::",
    "2003::",
    "2001:4860:4860::8888",
    "2606:2800:21f::1",
    "2606:2800:21F::1",
    "2606:2800:21f::93.184.215.14",
    "2620:4f:7fff:ffff:ffff:ffff:ffff:ffff",
    "2620:4f:8001::",
    "2a00:1450:4001:80b::200e",
    "3fff:1000::",
    "3ffd:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
]

REFUSED = {
    "0.0.0.0": "this network",  # noqa: S104
    "0.255.255.255": "this network",
    "10.0.0.0": "private",
    "10.255.255.255": "private",
    "100.64.0.0": "shared",
    "100.100.100.200": "shared",
    "100.127.255.255": "shared",
    "127.0.0.0": "loopback",
    "127.0.0.1": "loopback",
    "127.255.255.255": "loopback",
    "168.63.129.16": "cloud",
    "169.254.0.0": "link-local",
    "169.254.169.254": "link-local",
    "169.254.170.2": "link-local",
    "169.254.255.255": "link-local",
    "172.16.0.0": "private",
    "172.31.255.255": "private",
    "192.0.0.0": "IETF",
    "192.0.0.8": "IETF",
    "192.0.0.9": "IETF",
    "192.0.0.10": "IETF",
    "192.0.0.170": "IETF",
    "192.0.0.192": "IETF",
    "192.0.0.255": "IETF",
    "192.0.2.0": "documentation",
    "192.0.2.255": "documentation",
    "192.31.196.0": "AS112",
    "192.31.196.255": "AS112",
    "192.52.193.0": "tunnels",
    "192.52.193.255": "tunnels",
    "192.88.99.0": "6to4",
    "192.88.99.2": "6to4",
    "192.88.99.255": "6to4",
    "192.168.0.0": "private",
    "192.168.255.255": "private",
    "192.175.48.0": "AS112",
    "192.175.48.255": "AS112",
    "198.18.0.0": "benchmarks",
    "198.19.255.255": "benchmarks",
    "198.51.100.0": "documentation",
    "198.51.100.255": "documentation",
    "203.0.113.0": "documentation",
    "203.0.113.255": "documentation",
    "224.0.0.0": "multicast",
    "239.255.255.255": "multicast",
    "240.0.0.0": "reserved",
    "255.255.255.254": "reserved",
    "255.255.255.255": "broadcast",
    "::": "outside",
    "::1": "outside",
    "::93.184.215.14": "outside",
    "::ffff:93.184.215.14": "outside",
    "::ffff:127.0.0.1": "outside",
    "::ffff:7f00:1": "outside",
    "::ffff:a9fe:a9fe": "outside",
    "0:0:0:0:0:ffff:a00:1": "outside",
    "::ffff:0:127.0.0.1": "outside",
    "64:ff9b::": "outside",
    "64:ff9b::93.184.215.14": "outside",
    "64:ff9b::169.254.169.254": "outside",
    "64:ff9b:1::": "outside",
    "64:ff9b:1:ffff:ffff:ffff:a9fe:a9fe": "outside",
    "100::1": "outside",
    "100:0:0:1::1": "outside",
    "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff": "outside",
    "4000::": "outside",
    "5f00::1": "outside",
    "fc00::": "outside",
    "fd00:ec2::254": "outside",
    "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff": "outside",
    "fe80::1": "outside",
    "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff": "outside",
    "fec0::1": "outside",
    "ff00::": "outside",
    "ff02::1": "outside",
    "ff0e::1": "outside",
    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff": "outside",
    "2001::": "Teredo",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2": "Teredo",
    "2001:0:ffff:ffff:ffff:ffff:ffff:ffff": "Teredo",
    "2001:1::1": "IETF",
    "2001:1::2": "IETF",
    "2001:1::3": "IETF",
    "2001:2::1": "IETF",
    "2001:3::1": "IETF",
    "2001:4:112::1": "IETF",
    "2001:10::1": "IETF",
    "2001:20::1": "IETF",
    "2001:30::1": "IETF",
    "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff": "IETF",
    "2001:db8::": "documentation",
    "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff": "documentation",
    "2002::": "6to4",
    "2002:7f00:1::1": "6to4",
    "2002:a9fe:a9fe::1": "6to4",
    "2002:5db8:d70e::1": "6to4",
    "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff": "6to4",
    "2620:4f:8000::": "AS112",
    "2620:4f:8000:ffff:ffff:ffff:ffff:ffff": "AS112",
    "3ffe::1": "6bone",
    "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff": "6bone",
    "3fff::": "documentation",
    "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff": "documentation",
}

NOT_READ = {
    "octal": "0177.0.0.1",
    "leading zeros": "093.184.215.014",
    "hexadecimal": "0x7f.0.0.1",
    "one hexadecimal number": "0x7f000001",
    "one number": "2130706433",
    "two numbers": "127.1",
    "three numbers": "127.0.1",
    "too large a part": "93.184.215.256",
    "too many parts": "93.184.215.14.1",
    "an empty part": "93.184..14",
    "a sign": "93.184.215.+14",
    "a dot at the end": "93.184.215.14.",
    "a blank before": " 93.184.215.14",
    "a line end": "93.184.215.14\n",
    "NUL": "93.184.215.14\0",
    "a port": "93.184.215.14:80",
    "a prefix": "93.184.215.14/32",
    "digits of another script": "٩٣.184.215.14",
    "full-width digits": "９３.184.215.14",
    "full-width dots": "93．184．215．14",
    "circled digits": "⑨3.184.215.14",
    "brackets": "[2606:2800:21f::1]",
    "two gaps": "2606::21f::1",
    "too long a group": "2606:02800::1",
    "an octal tail": "2606::0177.0.0.1",
    "a prefix of IPv6": "2606:2800:21f::1/128",
    "an empty zone": "2606:2800:21f::1%",
    "a name": "www.example.com",
    "localhost": "localhost",
    "nothing": "",
    "very much": "1" * 100_000,
}


@pytest.mark.parametrize("address", ASKED)
def test_addresses_of_the_public_internet_are_asked(address):
    assert refused_as(address) is None


@pytest.mark.parametrize(("address", "kind"), REFUSED.items())
def test_all_others_are_refused_and_told_by_kind(address, kind):
    assert kind in refused_as(address)


@pytest.mark.parametrize("text", NOT_READ.values(), ids=NOT_READ)
def test_what_is_no_plain_address_is_not_read(text):
    assert refused_as(text) == "no IP address"


@pytest.mark.parametrize(
    "address", ["2606:2800:21f::1%eth0", "fe80::1%1", "2606:2800:21f::1%25en0", "::1%lo"]
)
def test_an_address_of_a_zone_is_refused_whatever_it_is(address):
    assert "zone" in refused_as(address)


def test_the_table_is_not_pythons_own():
    """`is_global` calls the first three global on every Python or on some, and the last two not everywhere."""
    assert refused_as("2002:7f00:1::1")
    assert refused_as("64:ff9b::7f00:1")
    assert refused_as("::127.0.0.1")
    assert refused_as("192.0.0.9")
    assert refused_as("3fff::1")

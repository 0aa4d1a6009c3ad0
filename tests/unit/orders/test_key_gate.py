"""Which keys may be certified: kinds, sizes, encodings, weaknesses, the block list (BR 6.1.1.3, 6.1.5, 6.1.6)."""

import functools
import hashlib
import random
import subprocess
import sys
from math import gcd

import gmpy2
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, x25519
from hypothesis import given, settings
from hypothesis import strategies as st

from partner_center.orders.key_gate import key_problems
from partner_center.orders.public_key import KeyFacts, read_public_key
from partner_center.orders.weak_keys import known_primes, weaknesses
from tests.unit.orders.csr_workshop import (
    NULL,
    Workshop,
    bit_string,
    codes,
    ec_spki,
    integer,
    octets,
    odd_number,
    oid,
    rsa_spki,
    seq,
    spki_of,
    tlv,
)


class BlockList:
    """The port's fake: reasons by SHA-256."""

    def __init__(self, **reasons: str) -> None:
        self.reasons = reasons
        self.asked: list[str] = []

    def is_blocked(self, spki_sha256: str) -> str | None:
        self.asked.append(spki_sha256)
        return self.reasons.get(spki_sha256)


OPEN = BlockList()


@functools.cache
def modulus(bits: int, seed: int = 1) -> int:
    """A product of two reproducible primes: a modulus with no weakness but that everybody can make it."""
    source = random.Random(seed * bits)  # noqa: S311
    half = bits // 2
    p, q = (gmpy2.next_prime(source.getrandbits(size) | 3 << (size - 2)) for size in (half, bits - half))
    return int(p * q)


@pytest.mark.parametrize("bits", [2048, 2056, 3072, 4096, 8192])
@pytest.mark.parametrize("exponent", [3, 17, 65537])
def test_good_rsa_keys_pass(bits: int, exponent: int) -> None:
    # The largest needs no primes to show that size is accepted.
    number = modulus(bits) if bits <= 4096 else modulus(4096) * modulus(4096, 2)
    assert key_problems(rsa_spki(number, exponent), OPEN) == ()


@pytest.mark.parametrize(
    "curve", [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()], ids=lambda curve: curve.name
)
def test_good_elliptic_curve_keys_pass(curve: ec.EllipticCurve) -> None:
    assert key_problems(spki_of(ec.generate_private_key(curve)), OPEN) == ()


SIZES = {
    1: "key_too_weak",
    512: "key_too_weak",
    1024: "key_too_weak",
    2047: "key_too_weak",
    2049: "key_type_unsupported",
    2052: "key_type_unsupported",
    4095: "key_type_unsupported",
    8191: "key_type_unsupported",
    8193: "key_type_unsupported",
    8200: "key_type_unsupported",
    16_384: "key_type_unsupported",
    100_000: "key_type_unsupported",
}


@pytest.mark.parametrize(("bits", "code"), SIZES.items())
def test_rsa_sizes_outside_the_rules_are_refused(bits: int, code: str) -> None:
    number = odd_number(bits)
    problems = key_problems(rsa_spki(number), OPEN, "/csr")
    assert code in codes(problems)
    assert any(f"{bits} bits" in problem.detail and problem.field == "/csr" for problem in problems)


@pytest.mark.parametrize("exponent", [0, 1, 2, 4, 65536, 65538])
def test_even_and_small_exponents_are_refused(exponent: int) -> None:
    problems = key_problems(rsa_spki(modulus(2048), exponent), OPEN)
    assert codes(problems) == ["key_too_weak"]
    assert "exponent" in problems[0].detail


@pytest.mark.parametrize(("bits", "expected"), [(256, []), (257, ["key_too_weak"]), (2048, ["key_too_weak"])])
def test_an_exponent_is_below_2_to_the_256(bits: int, expected: list[str]) -> None:
    assert codes(key_problems(rsa_spki(modulus(2048), odd_number(bits)), OPEN)) == expected


def test_size_and_exponent_are_told_together() -> None:
    assert codes(key_problems(rsa_spki(odd_number(1024), 1), OPEN)) == ["key_too_weak", "key_too_weak"]


P256 = oid("1.2.840.10045.3.1.7")
GENERATOR = ec.derive_private_key(1, ec.SECP256R1()).public_key()


def point(form: serialization.PublicFormat) -> bytes:
    return GENERATOR.public_bytes(serialization.Encoding.X962, form)


UNCOMPRESSED = point(serialization.PublicFormat.UncompressedPoint)
SPELLED_OUT = seq(integer(1), seq(oid("1.2.840.10045.1.1"), integer(23)), seq(octets(b"\1"), octets(b"\1")))

UNSUPPORTED = {
    "RSA-PSS": seq(
        seq(oid("1.2.840.113549.1.1.10")), bit_string(seq(integer(modulus(2048)), integer(65537)))
    ),
    "RSA without its NULL": rsa_spki(modulus(2048), parameters=b""),
    "RSA with other parameters": rsa_spki(modulus(2048), parameters=seq()),
    "DSA": seq(
        seq(oid("1.2.840.10040.4.1"), seq(integer(23), integer(11), integer(4))), bit_string(integer(8))
    ),
    "Ed25519": spki_of(ed25519.Ed25519PrivateKey.generate()),
    "Ed448": spki_of(ed448.Ed448PrivateKey.generate()),
    "X25519": spki_of(x25519.X25519PrivateKey.generate()),
    "P-224": spki_of(ec.generate_private_key(ec.SECP224R1())),
    "secp256k1": spki_of(ec.generate_private_key(ec.SECP256K1())),
    "brainpool": spki_of(ec.generate_private_key(ec.BrainpoolP256R1())),
    "an unknown algorithm": seq(seq(oid("1.2.3.4"), NULL), bit_string(b"key")),
    "a curve spelled out": ec_spki(SPELLED_OUT, UNCOMPRESSED),
    "an implicit curve": ec_spki(NULL, UNCOMPRESSED),
    "no curve": ec_spki(b"", UNCOMPRESSED),
    "a compressed point": ec_spki(P256, point(serialization.PublicFormat.CompressedPoint)),
    "a hybrid point": ec_spki(P256, b"\x06" + UNCOMPRESSED[1:]),
    "the point at infinity": ec_spki(P256, b"\x00"),
    "a point of another curve's size": ec_spki(P256, UNCOMPRESSED + b"\x00"),
}


@pytest.mark.parametrize("spki", UNSUPPORTED.values(), ids=UNSUPPORTED.keys())
def test_other_kinds_and_encodings_of_keys_are_refused(spki: bytes) -> None:
    """Trap: cryptography accepts curves spelled out, odd curves and compressed points."""
    assert codes(key_problems(spki, OPEN)) == ["key_type_unsupported"]


MALFORMED = {
    "nothing": b"",
    "noise": b"\x30\x80noise",
    "trailing bytes": rsa_spki(modulus(2048)) + b"\x00",
    "a key of text": seq(seq(oid("1.2.840.113549.1.1.1"), NULL), bit_string(tlv(0x0C, b"key"))),
    "a key with bytes behind": seq(
        seq(oid("1.2.840.113549.1.1.1"), NULL),
        bit_string(seq(integer(modulus(2048)), integer(65537)) + b"\x00"),
    ),
    "a modulus with a zero too many": seq(
        seq(oid("1.2.840.113549.1.1.1"), NULL),
        bit_string(seq(tlv(2, b"\x00\x00" + modulus(2048).to_bytes(256, "big")), integer(65537))),
    ),
    "a negative modulus": seq(
        seq(oid("1.2.840.113549.1.1.1"), NULL),
        bit_string(seq(tlv(2, modulus(2048).to_bytes(256, "big")), integer(65537))),
    ),
    "three numbers": seq(
        seq(oid("1.2.840.113549.1.1.1"), NULL), bit_string(seq(integer(1), integer(2), integer(3)))
    ),
    "bits that are no bytes": seq(seq(oid("1.2.840.113549.1.1.1"), NULL), tlv(3, b"\x01\x02")),
    "a point off its curve": ec_spki(P256, b"\x04" + b"\x01" * 64),
}


@pytest.mark.parametrize("spki", MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_keys_are_refused(spki: bytes) -> None:
    assert codes(key_problems(spki, OPEN)) == ["key_malformed"]


def test_a_huge_key_is_refused_before_it_is_read() -> None:
    blocked = BlockList()
    assert codes(key_problems(bytes(20_000), blocked)) == ["key_type_unsupported"]
    assert blocked.asked == []


# Weak keys


def close_primes() -> int:
    p = gmpy2.next_prime(odd_number(1024))
    return int(p * gmpy2.next_prime(p + (1 << 500)))


def roca() -> int:
    """Two numbers of the form that the faulty library took its primes from."""
    product = functools.reduce(lambda a, b: a * b, (n for n in range(2, 702) if gmpy2.is_prime(n)))
    size = 1024 - product.bit_length()
    p, q = (pow(65537, a, product) + product * (odd_number(size, a) | 3 << (size - 2)) for a in (5, 6))
    return p * q


def small_private_exponent() -> tuple[int, int]:
    n = modulus(2048)
    source = random.Random(2048)  # noqa: S311
    p = int(gmpy2.next_prime(source.getrandbits(1024) | 3 << 1022))
    phi = (p - 1) * (n // p - 1)
    d = next(d for d in range((1 << 300) + 1, 1 << 301, 2) if gcd(d, phi) == 1)
    return n, pow(d, -1, phi)


def few_bits() -> int:
    zeros = 1 << 2047 | 1
    return next(n for n in (zeros | 1 << i | 1 << (i + 700) for i in range(64, 1000)) if not _small_factor(n))


def _small_factor(n: int) -> bool:
    return any(n % prime == 0 for prime in range(3, 65_538, 2))


def multiple_of_65521() -> int:
    prime = 65_521
    return next(n for n in range((1 << 2047) // prime * prime + prime, 1 << 2048, prime) if n % 2)


WEAK = {
    "Fermat: primes close to each other": (close_primes(), 65537, "Fermat"),
    "ROCA": (roca(), 65537, "ROCA"),
    "Wiener: small private exponent": (*small_private_exponent(), "exponent"),
    "a pattern of few bits": (few_bits(), 65537, "pattern"),
    "a factor of 65521": (multiple_of_65521(), 65537, "small prime factor"),
    "an even modulus": (modulus(2048) - 1, 65537, "small prime factor"),
}


@pytest.mark.parametrize(("number", "exponent", "told"), WEAK.values(), ids=WEAK.keys())
def test_keys_that_can_be_computed_are_refused(number: int, exponent: int, told: str) -> None:
    problems = key_problems(rsa_spki(number, exponent), OPEN)
    assert set(codes(problems)) == {"key_too_weak"}
    assert any(told in problem.detail for problem in problems)


@pytest.mark.parametrize("rounds", [0, 1, 50, 99])
def test_fermat_goes_a_hundred_rounds(rounds: int) -> None:
    # n = a² - b² is found after a - ceil(sqrt(n)) rounds; b is chosen so that this is about `rounds`.
    a = odd_number(1024) | 3 << 1022
    b = int(gmpy2.isqrt(2 * a * rounds + rounds))
    b -= (a + b) % 2 == 0
    n = a * a - b * b
    assert any("Fermat" in clause for clause in weaknesses(n))


def test_primes_that_other_keys_share_are_found() -> None:
    number = modulus(2048)
    source = random.Random(2048)  # noqa: S311
    prime = int(gmpy2.next_prime(source.getrandbits(1024) | 3 << 1022))
    told = weaknesses(number, lambda size: prime * 7 if size == 2048 else None)
    assert any("shares a prime" in clause for clause in told)
    assert known_primes(2048).bit_length() > 100_000
    assert known_primes(3072) is None


def test_the_checks_need_neither_pyopenssl_nor_the_whole_of_badkeys() -> None:
    script = (
        "import sys; from partner_center.orders.key_gate import key_problems; "
        "assert 'cryptography' not in sys.modules; "
        "from partner_center.orders.weak_keys import weaknesses; weaknesses((1 << 2047) + 1); "
        "print('OpenSSL' in sys.modules, 'badkeys' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": "layers/core"},
    )
    assert done.stdout.split() == ["False", "False"]


# The block list


def test_a_blocked_key_is_refused_with_its_reason(workshop: Workshop) -> None:
    spki = spki_of(workshop.ec)
    blocked = BlockList(**{hashlib.sha256(spki).hexdigest(): "it was revoked here for key compromise"})
    (problem,) = key_problems(spki, blocked, "/csr")
    assert (problem.code, problem.field) == ("key_blocked", "/csr")
    assert "it was revoked here for key compromise" in problem.detail


def test_the_block_list_is_asked_for_weak_keys_too() -> None:
    spki = rsa_spki(odd_number(1024))
    blocked = BlockList(**{hashlib.sha256(spki).hexdigest(): "it is one of Debian's"})
    assert codes(key_problems(spki, blocked)) == ["key_too_weak", "key_blocked"]


# Facts


@pytest.mark.parametrize(
    ("spki", "facts"),
    [
        (rsa_spki(odd_number(2048)), KeyFacts("RSA", 2048)),
        (ec_spki(P256, UNCOMPRESSED), KeyFacts("EC", 256, "P-256")),
        (UNSUPPORTED["Ed25519"], KeyFacts("Ed25519", 0)),
        (UNSUPPORTED["an unknown algorithm"], KeyFacts("1.2.3.4", 0)),
        (UNSUPPORTED["secp256k1"], KeyFacts("EC", 0, "1.3.132.0.10")),
        (b"", KeyFacts("unknown", 0)),
    ],
    ids=["RSA", "P-256", "Ed25519", "an unknown algorithm", "secp256k1", "nothing"],
)
def test_facts_are_told_of_every_key(spki: bytes, facts: KeyFacts) -> None:
    assert read_public_key(spki, None).facts == facts


KINDS = {
    "RSA-PSS": "1.2.840.113549.1.1.10",
    "RSA-OAEP": "1.2.840.113549.1.1.7",
    "DSA": "1.2.840.10040.4.1",
    "DH": "1.2.840.113549.1.3.1",
    "X25519": "1.3.101.110",
    "X448": "1.3.101.111",
    "Ed25519": "1.3.101.112",
    "Ed448": "1.3.101.113",
    "ML-DSA-44": "2.16.840.1.101.3.4.3.17",
    "ML-DSA-65": "2.16.840.1.101.3.4.3.18",
    "ML-DSA-87": "2.16.840.1.101.3.4.3.19",
}


@pytest.mark.parametrize(("name", "identifier"), KINDS.items())
def test_a_refused_kind_is_named(name: str, identifier: str) -> None:
    (problem,) = key_problems(seq(seq(oid(identifier)), bit_string(b"key")), OPEN)
    assert f"type {name} are not accepted" in problem.detail


@pytest.mark.parametrize("case", ["a curve spelled out", "an implicit curve", "no curve"])
def test_a_curve_that_is_not_named_is_told(case: str) -> None:
    (problem,) = key_problems(UNSUPPORTED[case], OPEN)
    assert "only named curves" in problem.detail


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(at=st.integers(0, 90), byte=st.integers(0, 255))
def test_a_changed_key_never_raises(at: int, byte: int) -> None:
    for spki in (ec_spki(P256, UNCOMPRESSED), rsa_spki(modulus(2048))):
        changed = spki[:at] + bytes((byte,)) + spki[at + 1 :]
        key_problems(changed, OPEN)

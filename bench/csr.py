"""The enrolment gates' cost: an ordinary check (p50, p99) and the worst hostile input (time, memory).

Run as `python -m bench.csr`. Budgets: p99 below 50 ms, hostile input below 1 s and 128 MB (docs: speed and cost).
"""

import base64
import resource
import time
import tracemalloc
from collections.abc import Callable, Iterator

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from partner_center.orders.csr import read_csr
from partner_center.orders.key_gate import key_problems
from partner_center.orders.names_gate import NameRules, examine_names

_RULES = NameRules(max_names=100, wildcard_allowed=True, wildcard_required=False, wildcard_san_allowed=True)
_ROUNDS = 300


class _NothingBlocked:
    def is_blocked(self, spki_sha256: str) -> str | None:  # noqa: ARG002 - the port's signature
        return None


def check(text: str) -> int:
    """One pass through all three gates, as validate, place and preflight make it; how many problems there were."""
    reading = read_csr(text)
    if reading.csr is None:
        return len(reading.problems)
    csr = reading.csr
    names = examine_names(csr.dns_names, csr.common_name, None, (), _RULES)
    return len(reading.problems) + len(key_problems(csr.spki_der, _NothingBlocked())) + len(names.problems)


def ordinary() -> dict[str, str]:
    return {
        "RSA-2048, 2 names": _request(rsa.generate_private_key(65537, 2048), 2),
        "RSA-4096, 2 names": _request(rsa.generate_private_key(65537, 4096), 2),
        "P-256, 2 names": _request(ec.generate_private_key(ec.SECP256R1()), 2),
        "P-256, 100 names": _request(ec.generate_private_key(ec.SECP256R1()), 100),
    }


def hostile() -> Iterator[tuple[str, str]]:
    yield "1 MB of letters", "A" * 1_048_576
    yield "1 MB of dashes", "-" * 1_048_576
    yield "1 MB of backslashes", "\\" * 1_048_576
    yield "1 MB of first lines", "-----BEGIN CERTIFICATE REQUEST-----\n" * 29_000
    yield "1 MB of keys begun", "MCECAQAw" * 131_072
    yield "nesting, 10,000 deep", _armoured(_nested(10_000))
    yield "24,000 elements", _armoured(_element(0x30, b"\x05\x00" * 22_000))
    yield (
        "an OID of 35,000 bits",
        _armoured(_element(0x30, _element(0x06, b"\x2a" + b"\xff" * 4_999 + b"\x7f"))),
    )
    for bits, exponent in ((8_192, (1 << 8_190) + 1), (16_384, 65_537), (300_000, 65_537)):
        yield f"RSA of {bits} bits", _with_rsa(((1 << bits) - 1) // 3 * 2 + 1, exponent)
    yield "1,000 bad names", _request(ec.generate_private_key(ec.SECP256R1()), 1_000, "xn--a")


def _request(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, names: int, label: str = "host") -> str:
    listed = [x509.DNSName(f"{label}{number}.example.com") for number in range(names)]
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    builder = builder.add_extension(x509.SubjectAlternativeName(listed), critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def _element(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def _nested(depth: int) -> bytes:
    data = b""
    for _ in range(depth):
        data = _element(0x30, data)
    return data


def _with_rsa(modulus: int, exponent: int) -> str:
    numbers = (
        _element(2, number.to_bytes(number.bit_length() // 8 + 1, "big")) for number in (modulus, exponent)
    )
    key = _element(3, b"\x00" + _element(0x30, b"".join(numbers)))
    rsa_encryption = bytes.fromhex("300d06092a864886f70d0101010500")
    information = b"\x02\x01\x00\x30\x00" + _element(0x30, rsa_encryption + key) + b"\xa0\x00"
    sha256_with_rsa = bytes.fromhex("300d06092a864886f70d01010b0500")
    return _armoured(_element(0x30, _element(0x30, information) + sha256_with_rsa + _element(3, bytes(257))))


def _armoured(der: bytes) -> str:
    text = base64.encodebytes(der).decode()
    return f"-----BEGIN CERTIFICATE REQUEST-----\n{text}-----END CERTIFICATE REQUEST-----\n"


def _milliseconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


def main() -> None:
    started = time.perf_counter()
    texts = ordinary()
    check(next(iter(texts.values())))
    print(
        f"first check, imports and lists included: {(time.perf_counter() - started) * 1000:.0f} ms with key making"
    )
    for name, text in texts.items():
        times = sorted(_milliseconds(lambda text=text: check(text)) for _ in range(_ROUNDS))  # type: ignore[misc]
        print(f"{name:28} p50 {times[_ROUNDS // 2]:7.2f} ms   p99 {times[_ROUNDS * 99 // 100]:7.2f} ms")
    for name, text in hostile():
        spent = _milliseconds(lambda text=text: check(text))  # type: ignore[misc]
        tracemalloc.start()
        found = check(text)
        peak = tracemalloc.get_traced_memory()[1] / 1_048_576
        tracemalloc.stop()
        print(f"{name:28} {spent:7.0f} ms   {peak:6.1f} MB   {found} problems")
    print(f"peak of the whole process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()

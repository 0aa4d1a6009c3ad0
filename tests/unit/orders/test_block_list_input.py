"""What operators make block lists from: every kind of key and digest is read, anything else refused by its place."""

from hashlib import sha256

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given
from hypothesis import strategies as st

from partner_center.entry.block_list import main
from partner_center.orders.block_list import written
from partner_center.orders.block_list_input import UnreadableInput, digests_in
from tests.fakes.determined import NOW
from tests.fakes.samples import a_day

NAME = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "www.example.com")])


@pytest.fixture(scope="module")
def keys():
    return {"rsa": rsa.generate_private_key(65537, 2048), "ec": ec.generate_private_key(ec.SECP256R1())}


def digest(key):
    spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return sha256(spki).digest()


def request(key):
    return x509.CertificateSigningRequestBuilder().subject_name(NAME).sign(key, hashes.SHA256())


def certificate(key):
    builder = x509.CertificateBuilder().subject_name(NAME).issuer_name(NAME).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(NOW).not_valid_after(NOW + a_day)
    return builder.sign(key, hashes.SHA256())


FORMS = {
    "public key": lambda key, how: key.public_key().public_bytes(how, PublicFormat.SubjectPublicKeyInfo),
    "PKCS 8": lambda key, how: key.private_bytes(how, PrivateFormat.PKCS8, NoEncryption()),
    "PKCS 1, SEC 1": lambda key, how: key.private_bytes(
        how, PrivateFormat.TraditionalOpenSSL, NoEncryption()
    ),
    "certificate": lambda key, how: certificate(key).public_bytes(how),
    "request": lambda key, how: request(key).public_bytes(how),
}


@pytest.mark.parametrize("how", [Encoding.PEM, Encoding.DER], ids=["PEM", "DER"])
@pytest.mark.parametrize("kind", ["rsa", "ec"])
@pytest.mark.parametrize("form", FORMS)
def test_a_key_is_read_in_every_form(keys, form, kind, how):
    assert list(digests_in(FORMS[form](keys[kind], how))) == [digest(keys[kind])]


def test_the_public_half_of_pkcs_1_is_read(keys):
    text = keys["rsa"].public_key().public_bytes(Encoding.PEM, PublicFormat.PKCS1)
    assert list(digests_in(text)) == [digest(keys["rsa"])]


def test_a_file_may_hold_many_blocks_and_words_between_them(keys):
    pem = [FORMS[form](keys[kind], Encoding.PEM) for form, kind in (("request", "rsa"), ("public key", "ec"))]
    found = list(digests_in(b"# first\n" + pem[0] + b"\r\nsecond:\n" + pem[1]))
    assert found == [digest(keys["rsa"]), digest(keys["ec"])]


@given(st.lists(st.binary(min_size=32, max_size=32)))
def test_digests_are_read_line_by_line(digests):
    lines = [each.hex() if number % 2 else each.hex().upper() for number, each in enumerate(digests)]
    text = "# made by hand\n\n" + "".join(f"  {line}\t# a key\r\n" for line in lines)
    assert list(digests_in(text.encode())) == digests


def test_an_empty_file_holds_no_key():
    assert list(digests_in(b"")) == []


BAD = {
    "half a digest": (b"ab" * 31, "line 1"),
    "another digest": (b"ab" * 32 + b"\n" + b"ab" * 20, "line 2"),
    "words": (b"\n\nhello", "line 3"),
    "bytes": (b"\x00\xff" * 50, "line 1"),
    "DER of something": (b"\x30\x03\x02\x01\x05", "DER"),
    "DER that ends early": (b"\x30\x82\xff\xff", "DER"),
    "a block of something": (
        b"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n",
        "block 1 .X509 CRL. holds no key",
    ),
    "a broken block": (
        b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        "block 1 .PUBLIC KEY. cannot",
    ),
    "a block without end": (b"-----BEGIN PUBLIC KEY-----\nAAAA\n", "no whole block"),
}


@pytest.mark.parametrize(("content", "said"), BAD.values(), ids=BAD.keys())
def test_what_holds_no_key_is_refused_by_its_place(content, said):
    with pytest.raises(UnreadableInput, match=said):
        list(digests_in(content))


def test_an_encrypted_key_is_refused(keys):
    pem = keys["ec"].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    with pytest.raises(UnreadableInput, match="block 1"):
        list(digests_in(pem))


def test_keys_of_a_kind_that_is_never_certified_are_read_all_the_same():
    key = ed25519.Ed25519PrivateKey.generate()
    assert list(digests_in(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))) == [
        digest(key)
    ]


def test_a_list_whose_first_digit_is_a_nought_is_no_der():
    """The digit 0 and the tag of a SEQUENCE are the same byte."""
    assert list(digests_in(f"{'0a' * 32}\n{'ff' * 32}\n".encode())) == [b"\x0a" * 32, b"\xff" * 32]


# ---- the command


def test_the_command_makes_a_list_of_files_and_folders(tmp_path, capsys, keys):
    folder = tmp_path / "collection" / "2048"
    folder.mkdir(parents=True)
    (folder / "1.key").write_bytes(FORMS["PKCS 1, SEC 1"](keys["rsa"], Encoding.PEM))
    (folder / "2.der").write_bytes(FORMS["certificate"](keys["ec"], Encoding.DER))
    hexadecimal = tmp_path / "digests.txt"
    hexadecimal.write_text(f"{digest(keys['ec']).hex()}\n{'00' * 32}\n")
    out = tmp_path / "out.bin"
    assert main(["build", str(tmp_path / "collection"), str(hexadecimal), "-o", str(out)]) == 0
    assert out.read_bytes() == written([digest(keys["rsa"]), digest(keys["ec"]), bytes(32)])
    assert "3 keys" in capsys.readouterr().out


@pytest.mark.parametrize("content", [b"", b"nonsense"], ids=["no key at all", "nonsense"])
def test_the_command_writes_nothing_when_an_input_is_no_good(tmp_path, capsys, content):
    bad, out = tmp_path / "bad.txt", tmp_path / "out.bin"
    bad.write_bytes(content)
    assert main(["build", str(bad), "-o", str(out)]) == 1
    assert not out.exists()
    assert capsys.readouterr().err.strip()


def test_the_command_names_a_file_that_is_not_there(tmp_path, capsys):
    assert main(["build", str(tmp_path / "nowhere"), "-o", str(tmp_path / "out.bin")]) == 1
    assert "nowhere" in capsys.readouterr().err

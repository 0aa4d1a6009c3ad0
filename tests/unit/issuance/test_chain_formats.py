import shutil
import subprocess
from io import BytesIO
from zipfile import ZipFile

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs7

from partner_center.issuance.chain_formats import Format, pem, render
from partner_center.issuance.issue import issue_certificate
from partner_center.issuance.profile import SignatureAlgorithm
from partner_center.kernel.level import Level
from tests.unit.issuance.world import certificate, names, new_hierarchy, new_issuer, new_request, spki

NAME = "www.example.com"


@pytest.fixture(scope="module")
def leaf(hierarchy):
    issuing_ca, keys = hierarchy
    return issue_certificate(new_request(issuing_ca), new_issuer(keys)).certificate_der


@pytest.fixture
def rendered(leaf, issuing_ca):
    def render_as(wanted, name=NAME):
        return render(wanted, leaf, [issuing_ca.certificate_der], issuing_ca.root_der, name)

    return render_as


def ders(pem_text):
    return [x509.load_pem_x509_certificate(block) for block in split(pem_text)]


def split(pem_text):
    end = b"-----END CERTIFICATE-----\n"
    return [block + end for block in pem_text.split(end)[:-1]]


@pytest.mark.parametrize(
    ("wanted", "parts"), [("pem", ["leaf"]), ("chain", ["leaf", "issuing"]), ("ca", ["issuing", "root"])]
)
def test_pem_formats_hold_the_certificates_they_promise(rendered, leaf, issuing_ca, wanted, parts):
    known = {
        "leaf": certificate(leaf),
        "issuing": issuing_ca.certificate,
        "root": certificate(issuing_ca.root_der),
    }
    download = rendered(wanted)
    assert ders(download.body) == [known[part] for part in parts]
    assert download.content_type == "application/pem-certificate-chain"


def test_der_is_the_leaf(rendered, leaf):
    assert rendered("der").body == leaf


def test_p7b_holds_leaf_and_intermediate_without_the_root(rendered, leaf, issuing_ca):
    found = pkcs7.load_der_pkcs7_certificates(rendered("p7b").body)
    assert set(found) == {certificate(leaf), issuing_ca.certificate}


def test_zip_holds_every_file_and_tells_what_is_what(rendered, leaf, issuing_ca):
    with ZipFile(BytesIO(rendered("zip").body)) as archive:
        assert archive.testzip() is None
        files = {name: archive.read(name) for name in archive.namelist()}
    assert ders(files["certificate.pem"]) == [certificate(leaf)]
    assert ders(files["chain.pem"]) == [issuing_ca.certificate]
    assert files["fullchain.pem"] == files["certificate.pem"] + files["chain.pem"]
    assert ders(files["ca-bundle.pem"])[-1] == certificate(issuing_ca.root_der)
    readme = files.pop("README.txt").decode()
    assert NAME in readme
    for name in files:
        assert name in readme


def test_equal_certificates_make_equal_zip_files(rendered):
    assert rendered("zip") == rendered("zip")
    with ZipFile(BytesIO(rendered("zip").body)) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


@pytest.mark.parametrize("wanted", ["", "PEM", "pfx", "../pem", "pem,der", "\0"])
def test_there_is_no_other_format(rendered, wanted):
    assert rendered(wanted) is None


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("www.example.com", "www.example.com"),
        ("*.example.com", "star.example.com"),
        ("WWW.Example.COM", "www.example.com"),
        ('a"; filename="b.exe', "a_filename_b.exe"),
        ("a\r\nSet-Cookie: b", "a_set-cookie_b"),
        ("../../etc/passwd", "etc_passwd"),
        ("", "certificate"),
        ("***", "starstarstar"),
        ("株式会社", "certificate"),
        ("a" * 300, "a" * 100),
    ],
    ids=repr,
)
def test_the_file_name_is_safe_in_a_header_and_on_a_disk(rendered, name, stem):
    assert rendered("pem", name).filename == f"{stem}.pem"


def test_every_format_has_its_own_file_name(rendered):
    filenames = {rendered(wanted).filename for wanted in Format}
    assert len(filenames) == len(Format)


openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed here")


def run_openssl(*arguments, **more):
    return subprocess.run(
        ["openssl", *arguments], capture_output=True, text=True, timeout=20, check=False, **more
    )


@openssl
@pytest.mark.parametrize("algorithm", SignatureAlgorithm)
@pytest.mark.parametrize("level", Level)
def test_openssl_verifies_what_we_issue_under_the_root(tmp_path, algorithm, level):
    issuing_ca, keys = new_hierarchy(algorithm)
    request = new_request(issuing_ca, level=level, names=names(100))
    leaf = issue_certificate(request, new_issuer(keys)).certificate_der
    files = {"root": issuing_ca.root_der, "issuing": issuing_ca.certificate_der, "leaf": leaf}
    for name, der in files.items():
        (tmp_path / f"{name}.pem").write_bytes(pem([der]))
    answer = run_openssl(
        *("verify", "-x509_strict", "-purpose", "sslserver", "-verify_hostname", "host-99.example.com"),
        *("-attime", str(int(certificate(leaf).not_valid_before_utc.timestamp()) + 1)),
        *("-CAfile", "root.pem", "-untrusted", "issuing.pem", "leaf.pem"),
        cwd=tmp_path,
    )
    assert (answer.returncode, answer.stdout) == (0, "leaf.pem: OK\n"), answer.stderr


@openssl
@pytest.mark.parametrize("kind", ["rsa-2048", "p-256", "p-384", "p-521"])
def test_openssl_reads_what_we_issue(tmp_path, hierarchy, kind):
    issuing_ca, keys = hierarchy
    leaf = issue_certificate(new_request(issuing_ca, spki_der=spki(kind)), new_issuer(keys)).certificate_der
    (tmp_path / "leaf.pem").write_bytes(pem([leaf]))
    answer = run_openssl("x509", "-in", "leaf.pem", "-noout", "-text", cwd=tmp_path)
    assert "TLS Web Server Authentication" in answer.stdout
    assert "DNS:www.example.com" in answer.stdout
    assert "2.23.140.1.2.1" in answer.stdout


@openssl
def test_openssl_reads_the_p7b(tmp_path, rendered):
    (tmp_path / "chain.p7b").write_bytes(rendered("p7b").body)
    answer = run_openssl(
        "pkcs7", "-inform", "DER", "-in", "chain.p7b", "-print_certs", "-noout", cwd=tmp_path
    )
    assert answer.stdout.count("subject=") == 2

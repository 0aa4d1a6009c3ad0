"""What each server is given: openssl reads it, and does with it what the server would."""

import re
import shutil
import subprocess
from io import BytesIO
from zipfile import ZipFile

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from partner_center.issuance.chain_formats import pem
from partner_center.issuance.issue import issue_certificate
from partner_center.notifications.install_guides import CertificateFiles, Server
from partner_center.notifications.server_bundle import server_bundle
from tests.unit.issuance.world import certificate, leaf_key, new_hierarchy, new_issuer, new_request, spki

NAME = "www.example.com"
FILES = CertificateFiles.named(NAME)
needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed here")

CONTENTS = {
    Server.NGINX: {FILES.fullchain},
    Server.APACHE: {FILES.fullchain},
    Server.IIS: {FILES.pkcs7, FILES.fullchain},
    Server.TOMCAT: {FILES.leaf, FILES.chain, FILES.pkcs7},
    Server.HAPROXY: {FILES.fullchain, FILES.leaf},
    Server.CPANEL: {FILES.leaf, FILES.chain},
}


@pytest.fixture(scope="module", params=["p-256", "rsa-2048"])
def issued(request):
    """Kind of key, the certificate, the CA."""
    issuing_ca, keys = new_hierarchy()
    record = issue_certificate(new_request(issuing_ca, spki_der=spki(request.param)), new_issuer(keys))
    return request.param, record.certificate_der, issuing_ca


def unpacked(issued, server, name=NAME):
    _, leaf, issuing_ca = issued
    with ZipFile(BytesIO(server_bundle(server, leaf, [issuing_ca.certificate_der], name).body)) as archive:
        assert archive.testzip() is None
        return {file: archive.read(file) for file in archive.namelist()}


@pytest.fixture
def folder(issued, tmp_path):
    """A server's folder: root, private key, and what `unpack` puts there."""
    kind, _, issuing_ca = issued
    (tmp_path / "root.pem").write_bytes(pem([issuing_ca.root_der]))
    key = leaf_key(kind).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / FILES.key).write_bytes(key)
    return tmp_path


def unpack(issued, server, folder):
    for file, body in unpacked(issued, server).items():
        (folder / file).write_bytes(body)


def run(folder, *command):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("server", Server)
def test_a_server_is_given_what_its_guide_speaks_of_and_the_guide(issued, server):
    files = unpacked(issued, server)
    assert files.keys() - {"INSTALL.txt"} == CONTENTS[server]
    told = files["INSTALL.txt"].decode()
    assert told.startswith(f"Certificate for {NAME} on ")
    assert "we never had it" in told
    assert not [line for line in told.splitlines() if line != line.rstrip()]


@needs_openssl
@pytest.mark.parametrize("server", [Server.NGINX, Server.APACHE, Server.HAPROXY])
def test_a_full_chain_verifies_under_the_root(issued, folder, server):
    unpack(issued, server, folder)
    when = str(int(certificate(issued[1]).not_valid_before_utc.timestamp()) + 1)
    verify = ("openssl", "verify", "-x509_strict", "-attime", when, "-verify_hostname", NAME)
    told = run(folder, *verify, "-CAfile", "root.pem", "-untrusted", FILES.fullchain, FILES.fullchain)
    assert told == f"{FILES.fullchain}: OK\n"


@needs_openssl
@pytest.mark.parametrize("server", [Server.TOMCAT, Server.CPANEL])
def test_certificate_and_chain_verify_under_the_root(issued, folder, server):
    unpack(issued, server, folder)
    when = str(int(certificate(issued[1]).not_valid_before_utc.timestamp()) + 1)
    told = run(
        folder,
        *("openssl", "verify", "-x509_strict", "-attime", when, "-CAfile", "root.pem"),
        *("-untrusted", FILES.chain, FILES.leaf),
    )
    assert told == f"{FILES.leaf}: OK\n"


@needs_openssl
@pytest.mark.parametrize("server", [Server.IIS, Server.TOMCAT])
def test_the_pkcs7_file_holds_certificate_and_chain(issued, folder, server):
    unpack(issued, server, folder)
    told = run(folder, "openssl", "pkcs7", "-inform", "DER", "-in", FILES.pkcs7, "-print_certs", "-noout")
    assert told.count("subject=") == 2


def commands(issued, server):
    return re.findall(r"^ {5}(.+)$", unpacked(issued, server)["INSTALL.txt"].decode(), re.MULTILINE)


@needs_openssl
def test_the_command_that_joins_certificate_and_key_for_windows_does_so(issued, folder):
    unpack(issued, Server.IIS, folder)
    (join,) = [line for line in commands(issued, Server.IIS) if line.startswith("openssl pkcs12")]
    run(folder, "sh", "-c", f"{join} -passout pass:x")
    told = run(folder, "openssl", "pkcs12", "-in", "site.pfx", "-passin", "pass:x", "-nodes")
    assert (told.count("BEGIN CERTIFICATE"), told.count("BEGIN PRIVATE KEY")) == (2, 1)


@needs_openssl
def test_the_command_that_makes_one_file_for_haproxy_does_so_for_nobody_else_to_read(issued, folder):
    unpack(issued, Server.HAPROXY, folder)
    (join,) = [line for line in commands(issued, Server.HAPROXY) if "umask" in line]
    run(folder, "sh", "-c", join.removeprefix("sudo ").replace("/etc/haproxy/certs/", "made-"))
    made = folder / f"made-{FILES.leaf}"
    assert made.stat().st_mode & 0o077 == 0
    assert run(folder, "openssl", "x509", "-in", made.name, "-noout", "-pubkey") == run(
        folder, "openssl", "pkey", "-in", made.name, "-pubout"
    )


@pytest.mark.parametrize("server", Server)
@pytest.mark.parametrize(
    "name", ["*.example.com", "con.example.com", "a" * 60 + "." + "b" * 60 + ".example.com"]
)
def test_names_make_files_that_any_system_takes(issued, server, name):
    for file in unpacked(issued, server, name):
        assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]{1,100}", file), file


def test_equal_certificates_make_equal_files(issued):
    _, leaf, issuing_ca = issued
    made = [server_bundle(Server.NGINX, leaf, [issuing_ca.certificate_der], NAME) for _ in range(2)]
    assert made[0] == made[1]
    assert made[0].filename == "www.example.com-nginx.zip"

"""The operator's door to the CAs: shown, confirmed, done once, and the root's key disabled again."""

from dataclasses import dataclass, field, replace
from secrets import token_bytes

import pytest
from cryptography import x509

from partner_center.entry.ca import main
from partner_center.entry.ca_desk import Desk
from partner_center.issuance.bootstrap import Ceremony
from partner_center.issuance.profile import Authority
from tests.unit.issuance.world import MemoryKeys, MemoryStore, SetClock, certificate, new_hierarchy

NAMES = ["--organization", "Our CA", "--country", "NL", "--repository-url", "http://pki.example.com"]
ROOT = ["root", "--name", "Our Root R1", *NAMES]
ISSUING = ["issuing", "--issuer-id", "tls-e1", "--name", "Our TLS CA E1", *NAMES]
CHANGES = [["activate", "tls-e1"], ["retire", "tls-e1"], ["revoke", "tls-e1", "--reason", "superseded"]]


@dataclass
class Office:
    """A person at the door: what is typed, what was said, what was written."""

    keys: MemoryKeys = field(default_factory=MemoryKeys)
    store: MemoryStore = field(default_factory=MemoryStore)
    said: list[str] = field(default_factory=list)
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    agrees: bool = True
    endpoint_known: bool = True
    authority: Authority | None = None

    def put(self, name, body, content_type):
        self.files[name] = (content_type, body)
        return f"memory:{name}"

    def desk(self, options):
        options.read_authority = lambda arn: replace(self.authority, arn=arn)
        ceremony = Ceremony(self.keys, self.store, SetClock(), token_bytes)
        return Desk(ceremony, self, self.said.append, lambda word: self.agrees, self.endpoint_known)

    def run(self, *arguments):
        self.said.clear()
        return main(list(arguments), self.desk)

    def enable_root(self):
        self.keys.disabled.discard("ca/root-r1")

    @property
    def text(self):
        return "".join(self.said)


@pytest.fixture
def office():
    return Office()


@pytest.fixture
def with_root(office):
    assert office.run(*ROOT) == 0
    return office


@pytest.fixture
def with_ca(with_root):
    with_root.enable_root()
    assert with_root.run(*ISSUING) == 0
    return with_root


def nothing_is_done(office):
    return (office.keys.keys, office.store.roots_, office.store.issuers, office.files) == ({}, {}, {}, {})


def test_the_root_is_made_with_its_first_crl_and_its_key_is_disabled(with_root):
    root = certificate(with_root.store.root("root-r1").certificate_der)
    assert with_root.keys.disabled == {"ca/root-r1"}
    assert with_root.files["root-r1.crt"] == (
        "application/pkix-cert",
        with_root.store.root("root-r1").certificate_der,
    )
    media, crl = with_root.files["root-r1.crl"]
    assert media == "application/pkix-crl"
    assert x509.load_der_x509_crl(crl).is_signature_valid(root.public_key())
    for told in ("BEGIN CERTIFICATE", "SHA-256 ", f"{root.serial_number:x}", "nothing found", "is disabled"):
        assert told in with_root.text


def test_an_issuing_ca_is_made_out_of_service_and_the_root_is_disabled_again(with_ca):
    issuing_ca = with_ca.store.issuing_ca("tls-e1")
    assert (issuing_ca.active, issuing_ca.level) == (False, None)
    assert with_ca.keys.disabled == {"ca/root-r1"}
    assert with_ca.files["tls-e1.crt"][1] == issuing_ca.certificate_der
    assert "signs nothing until it is activated" in with_ca.text


@pytest.mark.parametrize("command", [ROOT, ISSUING, ["crl"]], ids=lambda command: command[0])
def test_a_dry_run_shows_what_would_be_signed_and_signs_nothing(office, command):
    if command is not ROOT:
        office.run(*ROOT)
    before = (dict(office.store.ca_serials), office.store.root("root-r1"), dict(office.keys.keys))
    assert office.run(*command, "--dry-run") == 0
    assert "pkilint" in office.text
    assert (office.store.ca_serials, office.store.root("root-r1"), office.keys.keys) == before
    assert office.store.issuers == {}


def test_nothing_happens_without_a_yes(office):
    office.agrees = False
    assert office.run(*ROOT) == 1
    assert nothing_is_done(office)


@pytest.mark.parametrize("command", [["crl"], *CHANGES], ids=lambda command: command[0])
def test_nothing_changes_without_a_yes(with_ca, command):
    with_ca.enable_root()
    with_ca.agrees = False
    before = (dict(with_ca.store.issuers), dict(with_ca.store.roots_))
    assert with_ca.run(*command) == 1
    assert (with_ca.store.issuers, with_ca.store.roots_) == before


@pytest.mark.parametrize("command", [ROOT, ISSUING], ids=["root", "issuing"])
def test_a_ca_is_made_once(with_ca, command, capsys):
    with_ca.enable_root()
    signed = dict(with_ca.store.ca_serials)
    assert with_ca.run(*command) == 1
    assert "already" in capsys.readouterr().err
    assert with_ca.store.ca_serials == signed


@pytest.mark.parametrize("command", [ISSUING, ["crl"]], ids=["issuing", "crl"])
def test_while_the_root_is_disabled_the_person_is_told_how_to_enable_it(with_root, command, capsys):
    assert with_root.run(*command) == 1
    assert "aws kms enable-key" in capsys.readouterr().err
    assert with_root.store.issuers == {}


def test_a_ceremony_that_breaks_off_leaves_the_root_disabled(with_root):
    with_root.enable_root()
    assert with_root.run(*ISSUING[:-6], "--organization", "Our CA", "--country", "ZZ", *NAMES[-2:]) == 1
    assert with_root.keys.disabled == {"ca/root-r1"}


def test_no_issuing_key_is_made_that_could_sign_from_anywhere(with_root, capsys):
    with_root.enable_root()
    with_root.endpoint_known = False
    assert with_root.run(*ISSUING) == 1
    assert "endpoint" in capsys.readouterr().err
    assert with_root.keys.keys.keys() == {"ca/root-r1"}


def test_a_key_that_the_stack_made_needs_no_endpoint(with_root):
    with_root.keys.key("ca/tls-e1", "ecdsa-sha256")
    with_root.enable_root()
    with_root.endpoint_known = False
    assert with_root.run(*ISSUING) == 0


def test_a_rotation(with_ca):
    """New one made, in service, old one out of it: its certificate stays published."""
    assert with_ca.run("activate", "tls-e1") == 0
    with_ca.enable_root()
    second = [*ISSUING, "--algorithm", "rsa-pkcs1-sha256", "--level", "DV"]
    second[2], second[4] = "tls-r2", "Our TLS CA R2"
    assert with_ca.run(*second) == 0
    assert with_ca.run("activate", "tls-r2") == 0
    assert with_ca.run("retire", "tls-e1") == 0
    with_ca.files.clear()
    assert with_ca.run("publish") == 0
    assert with_ca.files.keys() == {"root-r1.crt", "tls-e1.crt", "tls-r2.crt"}
    assert with_ca.run("list") == 0
    assert "root-r1: key disabled, CRL 1 until 2027-11-22T10:00:00Z" in with_ca.text
    lines = {line.split()[0]: line for line in with_ca.text.splitlines()}
    assert "not in service  every level  ecdsa-sha256" in lines["tls-e1"]
    assert "active  DV  rsa-pkcs1-sha256" in lines["tls-r2"]


def test_a_revoked_ca_stands_in_the_roots_next_crl(with_ca):
    assert with_ca.run("revoke", "tls-e1", "--reason", "cACompromise") == 0
    assert "within 24 hours" in with_ca.text
    with_ca.enable_root()
    assert with_ca.run("crl") == 0
    assert "tls-e1 (cACompromise)" in with_ca.text
    (entry,) = x509.load_der_x509_crl(with_ca.files["root-r1.crl"][1])
    assert entry.serial_number == with_ca.store.issuing_ca("tls-e1").certificate.serial_number
    assert with_ca.keys.disabled == {"ca/root-r1"}
    assert with_ca.run("activate", "tls-e1") == 1


ARN = "arn:aws:acm-pca:eu-west-1:123456789012:certificate-authority/1"
ADOPT = ["adopt", "--issuer-id", "pca-1", "--arn", ARN, "--repository-url", "http://pki.example.com"]


def test_an_authority_of_private_ca_becomes_an_issuing_ca_out_of_service_once(with_root):
    issuing_ca, _ = new_hierarchy()
    with_root.authority = Authority("", issuing_ca.certificate_der, issuing_ca.root_der, "crls")
    assert with_root.run(*ADOPT) == 0
    adopted = with_root.store.issuing_ca("pca-1")
    assert (adopted.key_id, adopted.is_private_ca, adopted.active, adopted.level) == (ARN, True, False, "DV")
    assert adopted.certificate_der == issuing_ca.certificate_der
    assert adopted.crl_url == "http://pki.example.com/crl/1.crl"
    assert "http://pki.example.com/crl/1.crl, from the bucket crls" in with_root.text
    assert "SHA-256" in with_root.text
    assert with_root.run(*ADOPT) == 1
    assert with_root.run("list") == 0
    assert ARN in with_root.text


def test_an_authority_whose_crl_nobody_could_find_is_not_adopted(with_root):
    issuing_ca, _ = new_hierarchy()
    with_root.authority = Authority("", issuing_ca.certificate_der, issuing_ca.root_der)
    assert with_root.run(*ADOPT) == 1
    assert with_root.store.issuers == {}


def test_a_root_of_private_ca_issues_nothing(with_root):
    issuing_ca, _ = new_hierarchy()
    with_root.authority = Authority("", issuing_ca.root_der, issuing_ca.root_der, "crls")
    assert with_root.run(*ADOPT) == 1
    assert with_root.store.issuers == {}


@pytest.mark.parametrize(
    "command", [["crl"], ["list"], ["publish"], *CHANGES], ids=lambda command: command[0]
)
def test_what_is_not_there_is_refused(office, command):
    assert office.run(*command) == 1
    assert nothing_is_done(office)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["root"],
        ["root", *NAMES],
        [*ISSUING, "--algorithm", "md5"],
        [*ISSUING, "--level", "XV"],
        ["revoke", "tls-e1"],
        ["revoke", "tls-e1", "--reason", "unspecified"],
        ["delete", "tls-e1"],
        *([*ISSUING, "--issuer-id", each] for each in ("", "../x", "a#b", "TLS", "a b", "a" * 41)),
        [*ROOT, "--root-id", "root/r1"],
        [*ROOT, "--bucket", "a", "--out", "b"],
    ],
    ids=" ".join,
)
def test_what_is_not_understood_does_nothing(office, arguments):
    with pytest.raises(SystemExit):
        office.run(*arguments)
    assert nothing_is_done(office)


@pytest.mark.parametrize("address", ["https://pki.example.com", "http://pki.example.com/", "pki"])
def test_a_repository_that_is_not_plain_http_is_refused(office, address):
    assert office.run(*ROOT[:-1], address) == 1
    assert nothing_is_done(office)

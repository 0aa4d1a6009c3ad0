"""The gate on requests from everywhere: nothing bad is let through, nothing good refused, nothing raised.

`make corpora` tries all of them, and far more changed ones; here are enough to notice when a rule goes.
"""

import shutil

import pytest

from bench.corpora.changed import changed
from bench.corpora.found import found
from bench.corpora.keyed import keyed
from bench.corpora.made import made_by_openssl
from bench.corpora.names import names
from bench.corpora.samples import Sample, armoured
from bench.corpora.tally import Row, table, tally, through_the_gate
from bench.corpora.truth import truth
from bench.corpora.truth_der import is_der
from bench.corpora.written import written
from tests.unit.orders.csr_workshop import Workshop
from tests.unit.orders.test_csr_der import DER, NOT_DER

pytestmark = pytest.mark.filterwarnings("ignore")  # libraries warn of what is tried here on purpose

# Judged by hand: what stands in each file, and what the rules say to that.
VERDICTS = {
    "bad-version.pem": "version 1",
    "basic_constraints.pem": "CA:TRUE, and SHA-1",
    "challenge-invalid.der": "no signature that fits, no name",
    "challenge-multi-valued.der": "no signature that fits, no name",
    "challenge-unstructured.pem": "an internal name",
    "challenge.pem": "no name",
    "dsa_sha1.der": "DSA, and SHA-1",
    "dsa_sha1.pem": "DSA, and SHA-1",
    "ec_sha256.der": None,
    "ec_sha256.pem": None,
    "ec_sha256_old_header.pem": None,
    "freeipa-bad-critical.pem": "a flag that spells out its default",
    "invalid_signature.pem": "no signature that fits, 1024 bits",
    "long-form-attribute.pem": "no signature that fits, no name",
    "rsa_md4.der": "MD4",
    "rsa_md4.pem": "MD4",
    "rsa_sha1.der": "SHA-1",
    "rsa_sha1.pem": "SHA-1",
    "rsa_sha256.der": None,
    "rsa_sha256.pem": None,
    "san_rsa_sha1.der": "SHA-1",
    "san_rsa_sha1.pem": "SHA-1",
    "two_basic_constraints.pem": "an extension twice",
    "unsupported_extension.pem": "an extension that is no DER, and SHA-1",
    "unsupported_extension_critical.pem": "an unknown critical extension, and SHA-1",
    "zero-element-attribute.pem": "an attribute without a value",
}


@pytest.fixture(scope="module")
def files() -> list[Sample]:
    return list(found())


def test_the_requests_of_cryptography_are_judged_as_by_hand(files: list[Sample]) -> None:
    tried = {sample.name: sample for sample in files if sample.source.endswith("x509/requests")}
    readable = {
        name: tried[f"x509/requests/{name}, {'armoured' if name.endswith('.der') else 'as it is'}"]
        for name in VERDICTS
    }
    assert {name.rpartition("/")[2].partition(",")[0] for name in tried} == set(VERDICTS)
    expected = {name: objection is None for name, objection in VERDICTS.items()}
    assert {name: through_the_gate(sample.text)["valid"] for name, sample in readable.items()} == expected
    assert {name: truth(sample.text).objection is None for name, sample in readable.items()} == expected


def test_files_of_other_packages(files: list[Sample]) -> None:
    """Every request and every fourteenth of the rest: certificates, lists, keys, containers."""
    requests = [sample for sample in files if sample.source != "cryptography_vectors"]
    others = [sample for sample in files if sample.source == "cryptography_vectors"][::14]
    counted = tally([*requests, *others])
    assert counted.faults == []
    assert counted.row("cryptography_vectors").accepted == 0
    assert counted.row("cryptography_vectors, x509/requests").accepted == 8
    assert counted.row("acme").accepted == 2


def test_requests_of_the_keys_found(files: list[Sample]) -> None:
    counted = tally(keyed(sample for sample in files if not sample.name.startswith("x509/PKITS")))
    assert counted.faults == []
    assert counted.row("signed with keys found").accepted > 20
    assert counted.row("signed with keys found").refused > 10


@pytest.mark.skipif(not shutil.which("openssl"), reason="needs the openssl command")
def test_requests_of_openssl() -> None:
    counted = tally(made_by_openssl())
    assert counted.faults == []
    assert counted.row("openssl, good").refused == counted.row("openssl, bad").accepted == 0


def test_requests_written_byte_by_byte(workshop: Workshop) -> None:
    assert tally(written(workshop)).faults == []


def test_changed_requests(workshop: Workshop) -> None:
    counted = tally(changed(workshop, 150))
    assert counted.faults == []
    assert counted.row("elements changed, signed again").accepted > 0


def test_strange_names(workshop: Workshop) -> None:
    counted = tally(names(workshop, 150))
    assert counted.faults == []
    assert counted.row("names").accepted > 20


# The measure itself


def test_a_gate_that_is_wrong_is_found_out(workshop: Workshop) -> None:
    samples = list(written(workshop))
    good = sum(sample.acceptable is True for sample in samples)

    def raising(text: str) -> dict[str, object]:
        raise ValueError("for the test")

    open_gate = tally(samples, lambda text: {"valid": True, "names": sorted(truth(text).names)})
    shut_gate = tally(samples, lambda text: {"valid": False, "problems": []})
    renaming = tally(samples, lambda text: through_the_gate(text) | {"names": ["www.example.net"]})
    broken = tally(samples, raising)
    assert sum(row.let_through for row in open_gate.rows.values()) == len(samples) - good
    assert sum(row.wrongly_refused for row in shut_gate.rows.values()) == good
    assert sum(row.let_through for row in renaming.rows.values()) == good
    assert sum(row.raised for row in broken.rows.values()) == len(samples)
    assert not any(each.is_clean for each in (open_gate, shut_gate, renaming, broken))


def test_a_maker_who_errs_is_found_out(workshop: Workshop) -> None:
    wrong = Sample("a maker", "no request", "hello", acceptable=True)
    assert tally([wrong]).row("a maker").doubtful == 1


@pytest.mark.parametrize("data", DER.values(), ids=DER.keys())
def test_der_is_told_by_encoding_it_again(data: bytes) -> None:
    assert is_der(data)


BER_OF_ANOTHER_KIND = {  # which no request has, but which is DER
    *("a type that nobody uses", "a tag of several bytes", "a context tag of several bytes"),
    "a tag whose second byte could be a length",
}


@pytest.mark.parametrize("case", sorted(NOT_DER.keys() - BER_OF_ANOTHER_KIND))
def test_what_is_no_der_is_told_too(case: str) -> None:
    assert not is_der(NOT_DER[case])


def test_the_table_has_a_line_for_each_source_and_one_for_all() -> None:
    counted = tally([Sample("one", "a", "hello"), Sample("two", "b", armoured(b"\x30\x00"))])
    counted.row("two").failed = 3
    head, *lines = table(counted, door=True).splitlines()
    assert head.split()[-1] == "5xx"
    assert [line.split() for line in lines] == [
        ["one", "1", "0", "1", "0", "0", "0", "0"],
        ["two", "1", "0", "1", "0", "0", "0", "3"],
        ["all", "2", "0", "2", "0", "0", "0", "3"],
    ]
    assert "5xx" not in table(counted, door=False)
    assert Row().is_clean

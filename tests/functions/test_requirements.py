"""What a function is installed with is what it imports: nothing missing, nothing else, every byte pinned."""

import re

import pytest
from samtranslator.yaml_helper import yaml_parse

from local.lock import ROOT, functions, requirements_of, requirements_text, services_of

FUNCTIONS = functions()
PIN = re.compile(r"^([a-z0-9-]+)==([^ ;\\]+)", re.MULTILINE)
LOCKS = sorted(ROOT.glob("functions/*/*/requirements.txt")) + sorted(ROOT.glob("*/*requirements.txt"))


@pytest.fixture(autouse=True)
def nothing_given_up():
    """These tests start no cloud."""


def pins(path):
    return dict(PIN.findall(path.read_text()))


def name(function):
    return f"{function.parent.name}/{function.name}"


@pytest.mark.parametrize("function", FUNCTIONS, ids=name)
def test_requirements_name_what_the_function_imports_and_nothing_else(function):
    assert (function / "requirements.in").read_text() == requirements_text(function), "run make lock"
    assert set(requirements_of(function)) <= pins(function / "requirements.txt").keys(), "run make lock"


@pytest.mark.parametrize("function", FUNCTIONS, ids=name)
def test_a_function_ships_the_versions_that_were_tested(function):
    tested = pins(ROOT / "local" / "requirements.txt")
    shipped = pins(function / "requirements.txt")
    assert {package: tested[package] for package in shipped} == shipped


def test_what_runs_and_what_tests_have_the_same_versions():
    tested = pins(ROOT / "tests" / "requirements.txt")
    assert pins(ROOT / "local" / "requirements.txt").items() <= tested.items()


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_requirement_is_pinned_by_hash_and_names_no_index(lock):
    text = lock.read_text()
    assert "://" not in text
    assert "--index" not in text
    pinned = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
    assert all(PIN.match(line) and line.endswith("\\") for line in pinned)


def resources(template):
    return yaml_parse((ROOT / template).read_text())["Resources"].values()


def test_every_function_of_a_template_has_a_folder_and_every_folder_a_function():
    described = [
        ROOT / r["Properties"]["CodeUri"]
        for r in resources("template.yaml")
        if r["Type"] == "AWS::Serverless::Function"
    ]
    described += [
        (ROOT / "perspectives" / r["Metadata"]["Code"]).resolve()
        for r in resources("perspectives/template.yaml")
        if r["Type"] == "AWS::Lambda::Function"
    ]
    assert sorted(described) == FUNCTIONS


def test_a_perspective_has_no_client_of_any_service_for_its_role_allows_none():
    take_looks = ROOT / "functions" / "validation" / "take_looks"
    assert services_of(take_looks) == frozenset()
    assert not {"boto3", "botocore"} & pins(take_looks / "requirements.txt").keys()


def test_only_signing_lints_and_only_pages_and_mails_render():
    who = {
        package: {name(f) for f in FUNCTIONS if package in requirements_of(f)}
        for package in ("pkilint", "jinja2")
    }
    assert who["pkilint"] == {"issuance/sign_certificate"}
    assert who["jinja2"] == {
        "notifications/announce_certificate",
        "validation/approve_domain",
        "validation/ask_again",
        "validation/await_domains",
    }


def test_what_reaches_the_internet_has_no_client_of_the_key_service_but_the_vaults():
    """Signing and the vault of approval secrets are the two that speak to KMS at all."""
    assert {name(f) for f in FUNCTIONS if "kms" in services_of(f)} == {
        "issuance/sign_certificate",
        "validation/ask_again",
        "validation/await_domains",
    }


@pytest.mark.parametrize("unwanted", ["boto3", "pyopenssl", "aws-xray-sdk", "moto", "pytest"])
def test_nothing_of_this_is_ever_shipped(unwanted):
    assert [name(f) for f in FUNCTIONS if unwanted in pins(f / "requirements.txt")] == []


def test_the_measure_sees_imports_wherever_they_stand(tmp_path):
    function = tmp_path / "functions" / "context" / "verb"
    function.mkdir(parents=True)
    (function / "app.py").write_text(
        "from typing import TYPE_CHECKING\n"
        "import yaml.nodes\n"
        "from pydantic import EmailStr\n"
        "from partner_center.kernel import names\n"
        "if TYPE_CHECKING:\n    import never_at_run_time\n"
        "def handler(event, context):\n    import dns.resolver\n"
    )
    assert requirements_of(function) == ("dnspython", "email-validator", "idna", "pydantic", "pyyaml")

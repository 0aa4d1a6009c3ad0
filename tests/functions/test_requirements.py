"""What a function is installed with is what it imports: nothing missing, nothing else, every byte pinned."""

import re
import shutil
import subprocess
import sys
from importlib.metadata import files

import pytest

from local.bundle import prune
from local.lock import LAYER, ROOT, functions, requirements_of, requirements_text, services_of, without
from local.template import described
from tests.unit.orders.csr_workshop import Workshop

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


def test_no_package_is_installed_twice_for_the_tests():
    """They are installed at once, by two of pip (Makefile)."""
    tests, everybody = (pins(ROOT / folder / "requirements.txt").keys() for folder in ("tests", "local"))
    assert not tests & everybody


def test_both_lists_together_are_complete_and_agree():
    command = [sys.executable, "-m", "pip", "check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stdout


def test_what_another_list_pins_is_left_out_with_its_hashes():
    base = "a==1 \\\n    --hash=sha256:aa\n    # via b\nab==2 ; x \\\n    --hash=sha256:bb\n"
    more = f"aa==3 \\\n    --hash=sha256:cc\n    # via\n    #   a\n{base}b==4 \\\n    --hash=sha256:dd\n"
    left = "aa==3 \\\n    --hash=sha256:cc\n    # via\n    #   a\nb==4 \\\n    --hash=sha256:dd\n"
    assert without(more, base) == left
    assert without(left, base) == left


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_requirement_is_pinned_by_hash_and_names_no_index(lock):
    text = lock.read_text()
    assert "://" not in text
    assert "--index" not in text
    pinned = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
    assert all(PIN.match(line) and line.endswith("\\") for line in pinned)


def resources(template):
    return described(ROOT / template)["Resources"].values()


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


def test_only_signing_and_checking_lint_and_only_pages_and_mails_render():
    who = {
        package: {name(f) for f in FUNCTIONS if package in requirements_of(f)}
        for package in ("pkilint", "jinja2")
    }
    assert who["pkilint"] == {
        "issuance/check_certificates",
        "issuance/sign_certificate",
        "issuance/build_crl",
    }
    assert who["jinja2"] == {
        "billing/add_card",
        "notifications/announce_certificate",
        "notifications/report_caa_refusals",
        "notifications/tell_decline",
        "notifications/answer_reporter",
        "notifications/send_reminders",
        "validation/approve_domain",
        "validation/ask_again",
        "validation/await_domains",
    }


def test_what_reaches_the_internet_has_no_client_of_the_key_service_but_the_vaults():
    """Signing and the vault of links' secrets are the two that speak to KMS at all."""
    assert {name(f) for f in FUNCTIONS if "kms" in services_of(f)} == {
        "billing/make_card_link",
        "issuance/sign_certificate",
        "issuance/build_crl",
        "validation/ask_again",
        "validation/await_domains",
    }


def test_what_judges_keys_has_the_checks_for_weak_ones():
    """They are loaded by name, which an import would not tell."""
    who = {name(f) for f in FUNCTIONS if {"badkeys", "gmpy2"} <= set(requirements_of(f))}
    assert who >= {
        "orders/inspect_csr",
        "orders/validate_order",
        "orders/place_order",
        "issuance/run_preflight",
    }


def test_pyopenssl_is_taken_out_of_what_is_shipped(tmp_path):
    """badkeys requires it, and every client of botocore would load it."""
    for package in ("OpenSSL", "badkeys", "cryptography"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").touch()
    prune(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["badkeys", "cryptography"]


def test_what_is_shipped_suffices_to_judge_an_rsa_key(tmp_path):
    """The packages pinned for the function, pruned as in its bundle, without whatever else is installed here."""
    pinned = pins(ROOT / "functions/orders/inspect_csr/requirements.txt")
    for package in pinned.keys() - {"botocore"}:  # large, and no client is made
        for file in files(package):
            target = tmp_path / file
            if ".." not in file.parts:
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file.locate(), target)
    prune(tmp_path)
    script = (
        "import json, sys\n"
        "from partner_center.orders.inspect import inspect_csr\n"
        "from types import SimpleNamespace\n"
        "blocked = SimpleNamespace(is_blocked=lambda digest: None)\n"
        "print(json.dumps(inspect_csr(sys.stdin.read(), blocked)['problems']), 'OpenSSL' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", script],
        input=Workshop().csr_pem(),
        env={"PYTHONPATH": f"{tmp_path}:{LAYER}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("[] False\n", "")


@pytest.mark.parametrize("unwanted", ["boto3", "aws-xray-sdk", "moto", "pytest"])
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
        "    import importlib.util\n"
        "    return importlib.import_module('gmpy2'), importlib.util.find_spec('badkeys')\n"
    )
    expected = ("badkeys", "dnspython", "email-validator", "gmpy2", "idna", "pydantic", "pyyaml")
    assert requirements_of(function) == expected

"""Each function, built for this machine, is imported with its own packages and the core layer and nothing else."""

import json
import os
import socket
import subprocess
import sys

import pytest

from local import build
from local.build import (
    BUILD,
    BuildFailed,
    IndexUnreachable,
    _install,
    build_function,
    build_layer,
    host,
    installed,
)
from local.bundle import TASK_ROOT, compile_all, prune
from local.lock import ROOT, functions, services_of

FUNCTIONS = functions()
SECONDS = 30

ENROLMENT = {
    "orders/place_order",
    "orders/place_successor",
    "orders/reissue_certificate",
    "orders/validate_order",
    "orders/amend_order",
}
AGREEMENT = {"billing/request_contract", "billing/activate_contract", "accounts/keep_account"}

# Who may import what at a cold start; whoever is not named may not.
EXPENSIVE = {
    "boto3": set(),
    "OpenSSL": set(),
    "aws_xray_sdk": set(),
    "pkilint": set(),  # loaded at the first signature
    "jinja2": set(),  # loaded with the first page or mail
    "publicsuffixlist": {"issuance/check_certificates", "issuance/sign_certificate"},
    "dns.resolver": {"issuance/run_preflight"},
    "cryptography": {"issuance/build_crl", "issuance/check_certificates", "issuance/sign_certificate"},
    "pydantic": ENROLMENT | AGREEMENT,
    "email_validator": ENROLMENT | AGREEMENT,
}

IMPORT = """
import json, os, sys
code, layer, wanted = json.loads(sys.argv[1])
sys.path[:0] = [code, layer]
import app

modules = [module for module in sys.modules.values() if getattr(module, "__file__", None)]
shipped = [module for module in modules if module.__file__.startswith((code, layer))]
print(json.dumps({
    "callable": callable(app.handler),
    "imported": [name for name in wanted if name in sys.modules],
    "foreign": [m.__file__ for m in modules if m not in shipped and not m.__file__.startswith(sys.base_prefix)],
    "uncompiled": [
        m.__name__ for m in shipped if m.__file__.endswith(".py") and not os.path.exists(m.__cached__)
    ],
}))
"""

MAKE_CLIENTS = """
import json, sys
folder, services = json.loads(sys.argv[1])
sys.path[:0] = [folder]
from botocore.session import get_session

for service in services:
    client = get_session().create_client(
        service, region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b"
    )
    print(client.meta.endpoint_url)
"""

ENDPOINTS = {
    "acm-pca": "https://acm-pca.eu-west-1.amazonaws.com",
    "dynamodb": "https://dynamodb.eu-west-1.amazonaws.com",
    "events": "https://events.eu-west-1.amazonaws.com",
    "lambda": "https://lambda.eu-west-1.amazonaws.com",
    "kms": "https://kms.eu-west-1.amazonaws.com",
    "s3": "https://s3.eu-west-1.amazonaws.com",
    "sesv2": "https://email.eu-west-1.amazonaws.com",
    "sqs": "https://sqs.eu-west-1.amazonaws.com",
    "ssm": "https://ssm.eu-west-1.amazonaws.com",
    "stepfunctions": "https://states.eu-west-1.amazonaws.com",
}


def run_alone(code, *arguments):
    """What a fresh interpreter prints that sees the standard library and what `code` puts on its path."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, json.dumps(arguments)],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        env={"AWS_REGION": "eu-west-1"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(autouse=True)
def nothing_given_up():
    """These tests start no cloud."""


def name(function):
    return f"{function.parent.name}/{function.name}"


@pytest.fixture(scope="session")
def layer():
    return build_layer(host()) / "python"


@pytest.fixture(scope="session")
def built(layer):
    """Builds a function, or finds it built; the folder."""
    unreachable = []

    def build(function):
        if unreachable:
            pytest.skip(f"{unreachable[0]}, and {name(function)} is not built yet")
        try:
            return build_function(function, host())
        except IndexUnreachable as error:
            unreachable.append(error)
            pytest.skip(f"{error}, and {name(function)} is not built yet")

    return build


@pytest.fixture(scope="session")
def imported(built, layer):
    """Imports a built function in a process that sees nothing else; what that process tells of itself."""
    told = {}

    def run(function):
        if function not in told:
            told[function] = json.loads(run_alone(IMPORT, str(built(function)), str(layer), [*EXPENSIVE]))
        return told[function]

    return run


@pytest.fixture(scope="session")
def endpoints(built):
    """Where the clients of a built function go that a process makes which sees its folder alone.

    Those of functions with the same packages and services are the same files.
    """
    told = {}

    def made(function):
        services = sorted(services_of(function))
        alike = ((function / "requirements.txt").read_text(), *services)
        if services and alike not in told:
            told[alike] = run_alone(MAKE_CLIENTS, str(built(function)), services).split()
        return told.get(alike, [])

    return made


@pytest.mark.parametrize("function", FUNCTIONS, ids=name)
def test_a_built_function_needs_its_own_folder_and_the_layer_only(imported, function):
    told = imported(function)
    assert told["callable"]
    assert told["foreign"] == []


@pytest.mark.parametrize("function", FUNCTIONS, ids=name)
def test_a_cold_start_pays_only_for_what_the_function_needs(imported, function):
    allowed = {package for package, functions_ in EXPENSIVE.items() if name(function) in functions_}
    assert set(imported(function)["imported"]) <= allowed


@pytest.mark.parametrize("function", FUNCTIONS, ids=name)
def test_whatever_is_imported_was_compiled_before(imported, function):
    """Lambda cannot write bytecode beside the code: what is not compiled here is compiled at each cold start."""
    assert imported(function)["uncompiled"] == []


@pytest.mark.parametrize("function", FUNCTIONS, ids=name)
def test_every_client_of_a_function_is_made_without_what_was_pruned(built, endpoints, function):
    services = sorted(services_of(function))
    data = built(function) / "botocore" / "data"
    assert sorted(path.name for path in data.glob("*/")) == services
    assert endpoints(function) == [ENDPOINTS[service] for service in services]


def test_the_licences_of_what_is_shipped_go_along(built):
    function = ROOT / "functions" / "orders" / "place_order"
    text = (built(function) / "THIRD-PARTY-LICENSES.txt").read_text()
    for package in ("botocore", "cryptography", "pydantic", "urllib3"):
        assert f"==== {package}" in text.lower()


def contents(folder):
    """Every file; of bytecode that it is there, since the same source need not give the same bytes."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {
        str(path.relative_to(folder)): "" if path.suffix == ".pyc" else path.read_bytes() for path in files
    }


def test_a_set_of_packages_is_what_pip_would_install_for_it_alone(built, tmp_path):
    """It is linked from what was installed for all functions."""
    requirements, target = ROOT / "functions/validation/take_looks/requirements.txt", host()
    built(requirements.parent)
    alone = tmp_path / "alone"
    _install(requirements, alone, target)
    prune(alone)
    compile_all(alone, target.python, TASK_ROOT)
    assert contents(installed(requirements, target)) == contents(alone)


PINS = {
    "a==1 \\\n    --hash=sha256:00\nB_c[x]==2 ; sys_platform == 'linux'\n": {
        "a": "a==1 \\\n    --hash=sha256:00\n",
        "b-c": "B_c[x]==2 ; sys_platform == 'linux'\n",
    },
    "a==1 ; python_version < '3.12'\n# why\na==2 ; python_version >= '3.12'\n": {
        "a": "a==1 ; python_version < '3.12'\na==2 ; python_version >= '3.12'\n"
    },
    "": {},
}


@pytest.mark.parametrize("text", PINS, ids=repr)
def test_pins_are_read_with_their_hashes_and_conditions(tmp_path, text):
    file = tmp_path / "requirements.txt"
    file.write_text(text)
    assert build.pinned(file) == PINS[text]


@pytest.mark.parametrize("line", ["a>=1", "a", "-r other.txt", "a @ https://example.com/a.whl", "--pre"])
def test_what_pins_no_version_is_refused_and_not_passed_over(tmp_path, line):
    file = tmp_path / "requirements.txt"
    file.write_text(f"b==1\n{line}\n")
    with pytest.raises(build.BuildFailed, match="pins no version"):
        build.pinned(file)


def test_what_is_finished_needs_nothing_of_the_others(built, monkeypatch):
    """Without an index, a function whose neighbour was locked anew is still there."""
    requirements = ROOT / "functions/validation/take_looks/requirements.txt"
    built(requirements.parent)
    monkeypatch.setattr(build, "_stock", lambda *_: pytest.fail("asked for"))
    assert installed(requirements, host()).is_dir()


def test_a_set_with_anything_that_no_function_has_is_installed_by_itself(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(build, "BUILD", tmp_path / "build")
    monkeypatch.setattr(build, "_install", lambda *args: [args[1].mkdir(parents=True), asked.append(args[0])])
    other = tmp_path / "requirements.txt"
    other.write_text("six==0.1 \\\n    --hash=sha256:00\n")
    installed(other, host())
    assert asked == [other]


def test_an_index_that_cannot_be_reached_is_told_apart_from_a_build_that_fails(tmp_path, monkeypatch):
    """By what pip itself says, which other versions say otherwise."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{free.getsockname()[1]}/simple")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    monkeypatch.setenv("PIP_RETRIES", "1")
    requirements = tmp_path / "requirements.txt"
    requirements.write_text(f"six==1.17.0 \\\n    --hash=sha256:{64 * '0'}\n")
    with pytest.raises(IndexUnreachable):
        _install(requirements, tmp_path / "installed", host())
    requirements.write_text("no requirement!\n")
    with pytest.raises(BuildFailed):
        _install(requirements, tmp_path / "not installed", host())


def test_building_again_changes_nothing(built):
    function = FUNCTIONS[0]
    folder = built(function)
    before = folder.stat().st_ino
    assert built(function) == folder
    assert folder.stat().st_ino == before
    assert folder.is_relative_to(BUILD / "host")

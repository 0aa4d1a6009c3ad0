"""The image of a perspective is not built here; what its files say of each other, and how it starts and ends, is."""

import contextlib
import ipaddress
import os
import re
import shutil
import signal
import socket
import subprocess
from pathlib import Path

import dns.rdata
import pytest

from local.build import BUILD, LAYER_NAME, ROOT
from local.template import described
from partner_center.adapters.lambda_perspectives import LambdaPerspectives
from partner_center.entry.perspective import ANSWERING_SECONDS
from partner_center.entry.wiring.perspectives import LONGEST_ANSWER

IMAGE = ROOT / "perspectives" / "image"
DOCKERFILE = (IMAGE / "Dockerfile").read_text("utf-8")
CONFIGURATION = (IMAGE / "unbound.conf").read_text("utf-8")
ENTRYPOINT = (IMAGE / "entrypoint.sh").read_text("utf-8")
FUNCTION = ROOT / "functions" / "validation" / "take_looks"
UNBOUND = shutil.which("unbound", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
LONG = 20.0
"""Seconds that no test waits for."""


def options(name):
    return re.findall(rf"^ +{name}: (\S+)$", CONFIGURATION, re.MULTILINE)


# ---- what the files say of each other


def test_the_function_asks_where_the_resolver_listens_and_the_entrypoint_waits_there():
    ((host,), (port,)) = options("interface"), options("port")
    assert f"DNS_SERVER={host}:{port}" in DOCKERFILE
    assert f"/dev/tcp/{host}/{port}" in ENTRYPOINT


def test_the_image_holds_what_the_build_makes_of_the_function_and_the_core():
    copied = {line.split()[1] for line in DOCKERFILE.splitlines() if line.startswith("COPY build/")}
    arm64 = (BUILD / "arm64").relative_to(ROOT)
    assert copied == {f"{arm64}/{LAYER_NAME}/python/", f"{arm64}/{FUNCTION.relative_to(ROOT / 'functions')}/"}
    assert 'CMD ["app.handler"]' in DOCKERFILE


def test_the_image_holds_its_own_files_and_its_context_nothing_else():
    (line,) = [line for line in DOCKERFILE.splitlines() if line.startswith("COPY perspectives/")]
    sources = [ROOT / each for each in line.split()[1:-1]]
    assert {each.name for each in sources} == {"unbound.conf", "root.key", "entrypoint.sh"}
    assert all(each.is_file() for each in sources)
    ignored = (IMAGE / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
    assert "*" in ignored
    assert {each[1:] for each in ignored if each.startswith("!")} == {
        "perspectives/image",
        f"build/arm64/{LAYER_NAME}",
        "build/arm64/validation/take_looks",
    }


def test_the_image_trusts_the_keys_of_the_root_that_iana_published():
    anchors = [line for line in (IMAGE / "root.key").read_text("utf-8").splitlines() if line[0] != ";"]
    digests = [dns.rdata.from_text("IN", "DS", line.removeprefix(". IN DS ")) for line in anchors]
    assert {(each.key_tag, int(each.algorithm), int(each.digest_type)) for each in digests} == {
        (20326, 8, 2),
        (38696, 8, 2),
    }


NOT_PUBLIC = (
    "0.0.0.1", "10.0.0.2", "100.64.0.1", "169.254.169.253", "169.254.78.1", "172.16.0.1", "172.31.255.255",
    "192.0.0.1", "192.0.2.1", "192.168.1.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1",
    "240.0.0.1", "255.255.255.255",
)  # fmt: skip


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_no_name_server_with_an_address_that_is_not_public_is_asked(address):
    refused = map(ipaddress.ip_network, options("do-not-query-address"))
    assert any(ipaddress.ip_address(address) in network for network in refused)


def test_what_every_question_is_forwarded_to_may_not_be_asked():
    (nobody,) = map(ipaddress.ip_address, options("forward-addr"))
    assert any(nobody in ipaddress.ip_network(network) for network in options("do-not-query-address"))


def test_who_asks_waits_longer_than_a_perspective_may_take():
    resources = described(ROOT / "perspectives" / "template.yaml")["Resources"]
    longest = resources["Perspective"]["Properties"]["Timeout"]
    assert ANSWERING_SECONDS < longest < LONGEST_ANSWER < LambdaPerspectives((), None)._limit


# ---- how it starts and ends


pytestmark = pytest.mark.unbound
needs_unbound = pytest.mark.skipif(UNBOUND is None, reason="no unbound here: apt-get install unbound")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Container:
    """The entrypoint with the paths of this machine; its runtime is a script that says it runs, and its arguments."""

    def __init__(self, folder, runtime, configuration=""):
        port = free_port()
        for name, text in {
            "unbound.conf": f'include: "{IMAGE}/unbound.conf"\nserver:\nport: {port}\n'
            f'directory: "{IMAGE}"\n{configuration}\n',
            "runtime.sh": f"#!/bin/bash\n{runtime}\n",
            "entrypoint.sh": ENTRYPOINT.replace("5335", str(port))
            .replace("/etc/perspective/unbound.conf", str(folder / "unbound.conf"))
            .replace("/lambda-entrypoint.sh", str(folder / "runtime.sh"))
            .replace("unbound -c", f"{UNBOUND} -c"),
        }.items():
            (folder / name).write_text(text)
            (folder / name).chmod(0o755)
        self._process = subprocess.Popen(
            ["bash", folder / "entrypoint.sh", "app.handler"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.port = port

    def line(self):
        return self._process.stdout.readline().strip()

    def status(self):
        return self._process.wait(LONG)

    def errors(self):
        return self._process.stderr.read()

    def resolvers(self):
        """The process ids of the resolver that this entrypoint started."""
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        return [int(each) for each in children if "unbound" in Path(f"/proc/{each}/comm").read_text()]

    def close(self):
        """As the end of a container does: whatever is left in it ends."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(LONG)
        self._process.stdout.close()
        self._process.stderr.close()


@pytest.fixture
def container(tmp_path):
    made = []

    def start(*arguments):
        made.append(Container(tmp_path, *arguments))
        return made[-1]

    yield start
    for each in made:
        each.close()


@needs_unbound
def test_the_runtime_starts_once_the_resolver_listens(container):
    started = container('echo "runs $*"; read -r')
    assert started.line() == "runs app.handler"
    with socket.create_connection(("127.0.0.1", started.port), LONG):
        pass


@needs_unbound
def test_the_end_of_the_runtime_is_the_end(container):
    assert container("exit 0").status() == 1


@needs_unbound
def test_the_end_of_the_resolver_is_the_end(container):
    started = container("echo runs; sleep 60")
    assert started.line() == "runs"
    (resolver,) = started.resolvers()
    os.kill(resolver, signal.SIGKILL)
    assert started.status() == 1


@needs_unbound
def test_a_resolver_that_does_not_start_says_why_and_nothing_runs(container):
    started = container("echo runs", "no-such-option: yes")
    assert started.status() != 0
    assert started.line() == ""
    assert "no-such-option" in started.errors()

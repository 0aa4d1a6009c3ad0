"""The embedded cloud starts, ends and starts again, as a context manager and as a program."""

import gc
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import urllib3

from local.cloud import EmbeddedCloud
from local.server import PortTaken
from local.template import TemplateRefused

ROOT = Path(__file__).parents[2]
TEMPLATE = Path(__file__).parent / "fixture_app/template.yaml"
pytestmark = pytest.mark.cloud
AT_LAST = 60
"""Real seconds for what ends by itself, on a machine that has other things to do."""


def children(pid=None):
    pid = pid or os.getpid()
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


@pytest.fixture
def nothing_left():
    threads, processes = set(threading.enumerate()), set(children())
    yield
    limit = time.monotonic() + 1
    while set(threading.enumerate()) - threads and time.monotonic() < limit:
        time.sleep(0.02)  # the last threads of a machine end by themselves
    assert set(threading.enumerate()) - threads == set()
    assert set(children()) - processes == set()


@pytest.mark.usefixtures("nothing_left")
def test_a_cloud_that_fails_half_way_leaves_nothing_to_the_next_one():
    def seed(cloud):
        item = {"pk": {"S": "a"}, "kind": {"S": "change"}}
        cloud.client("dynamodb").put_item(TableName=cloud.resource("Notes"), Item=item)
        machine, request = cloud.resource("Approval"), '{"name": "still waiting"}'
        cloud.client("stepfunctions").start_execution(stateMachineArn=machine, input=request)
        assert cloud.settle()
        assert (len(cloud.mails()), len(cloud.executions())) == (1, 1)
        assert cloud.recorded_calls["Relay"]
        raise LookupError("no such product")

    with pytest.raises(LookupError), EmbeddedCloud(TEMPLATE, seed=seed):
        pytest.fail("it started")
    with EmbeddedCloud(TEMPLATE) as cloud:
        assert cloud.client("dynamodb").scan(TableName=cloud.resource("Notes"))["Items"] == []
        assert (cloud.mails(), cloud.executions(), cloud.failures) == ([], [], [])
        assert cloud.recorded_calls == {}
        with pytest.raises(RuntimeError, match="another"), EmbeddedCloud(TEMPLATE):
            pytest.fail("two at a time")
        assert gc.get_freeze_count(), "what stays is not looked at by the collector"
        url = cloud.url
    with pytest.raises(urllib3.exceptions.MaxRetryError, match="refused"):
        urllib3.request("GET", url, retries=0)


THREE = """
import gc, weakref
from pathlib import Path
from local.cloud import EmbeddedCloud

def closed():
    with EmbeddedCloud(Path({template!r})) as cloud:
        assert gc.get_freeze_count(), "what stays is not looked at by the collector"
        return weakref.ref(cloud)

left = [closed() for _ in range(3)]
gc.collect()
print([each() for each in left])
"""


def test_a_closed_cloud_is_forgotten_the_first_as_well():
    """In a process of its own, where one is the first."""
    done = subprocess.run(
        [sys.executable, "-c", THREE.format(template=str(TEMPLATE))],
        cwd=ROOT,
        env={"PATH": os.environ.get("PATH", ""), "PYTHONPATH": "layers/core:."},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout == "[None, None, None]\n", done.stderr


@pytest.mark.usefixtures("nothing_left")
def test_a_template_that_cannot_start_leaves_nothing_behind(tmp_path):
    (tmp_path / "template.yaml").write_text("Resources: {Cluster: {Type: 'AWS::EKS::Cluster'}}")
    with pytest.raises(TemplateRefused, match="Cluster"), EmbeddedCloud(tmp_path / "template.yaml"):
        pytest.fail("it started")


@pytest.mark.usefixtures("nothing_left")
def test_a_taken_port_is_told_before_anything_starts():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port, began = taken.getsockname()[1], time.monotonic()
        with pytest.raises(PortTaken, match=str(port)), EmbeddedCloud(TEMPLATE, port=port):
            pytest.fail("it started")
    assert time.monotonic() - began < 0.5


# --- the program


@pytest.fixture
def application(tmp_path):
    """The fixture application with a seed, as the program finds it: in its working directory."""
    seed = tmp_path / "seed_of_fixture.py"
    seed.write_text(
        "import sys, types\n"
        "module = types.ModuleType('local.seed')\n"
        "module.seed = lambda cloud: ({'resellers': []}, 'try ' + cloud.url + '/echo/x')\n"
        "sys.modules['local.seed'] = module\n"
        "import runpy\n"
        "runpy.run_module('local', run_name='__main__')\n"
    )
    return [sys.executable, str(seed), "--template", str(TEMPLATE)]


def launch(command):
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT}:{ROOT}/layers/core"}
    return subprocess.Popen(
        command, env=environment, cwd="/", stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_the_program_says_where_it_is_and_ends_within_two_seconds_of_ctrl_c(application):
    with launch([*application, "--port", "0"]) as program:
        url = program.stdout.readline().split()[0]
        assert program.stdout.readline() == f"try {url}/echo/x\n"
        assert urllib3.request("GET", f"{url}/_local/ready").json() == {"ready": True}
        assert urllib3.request("GET", f"{url}/_local/demo").json() == {"resellers": []}
        began = time.monotonic()
        program.send_signal(signal.SIGINT)
        assert program.wait(AT_LAST) == 0
        assert time.monotonic() - began < 2
        assert program.stderr.read() == ""


def test_the_program_may_be_interrupted_while_it_starts(application):
    with launch([*application, "--port", "0"]) as program:
        while not children(program.pid):
            time.sleep(0.01)
        program.send_signal(signal.SIGTERM)
        assert program.wait(AT_LAST) == 0
        assert program.stdout.read() == ""


def test_a_taken_port_is_one_line_and_exit_code_one(application):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with launch([*application, "--port", str(port)]) as program:
            assert program.wait(AT_LAST) == 1
            assert program.stderr.read().count("\n") == 1
            assert program.stdout.read() == ""


@pytest.mark.parametrize(
    ("parameter", "status", "said"),
    [
        ("Nonsense=1", 1, "no parameter Nonsense"),
        ("Stage=nowhere", 1, "nowhere"),
        ("Stage", 2, "Stage is not NAME=VALUE"),
    ],
)
def test_a_parameter_reaches_the_template(application, parameter, status, said):
    with launch([*application, "--port", "0", "--parameter", parameter]) as program:
        assert program.wait(AT_LAST) == status
        assert said in program.stderr.read()

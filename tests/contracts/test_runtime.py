"""Functions run as on Lambda: what local/runtime promises."""

import dataclasses
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

import pytest

from local.repairs.kms import SIGNED
from local.runtime import LambdaRuntime, Zygote

ROOT = pathlib.Path(__file__).parents[2]


def wait_until(condition, seconds=5.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        threading.Event().wait(0.01)
    raise AssertionError("it did not happen")


def is_running(pid):
    stat = pathlib.Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().split()[2] != "Z"


@pytest.fixture(scope="module", autouse=True)
def functions(cloud):
    for handler in ("echo", "who_am_i", "from_layer", "fail", "leave", "unmarshalled", "speak", "randomness"):
        cloud.add(handler, ONLY_HERE=handler)
    for handler in ("virtual_now", "reserve", "write_twice", "ask_others", "nowhere"):
        cloud.add(handler)
    cloud.add("sleep", timeout=0.4)


def test_a_function_answers_from_a_process_of_its_own_and_keeps_it(cloud):
    first, second = cloud.invoke("who_am_i")[0], cloud.invoke("who_am_i")[0]
    assert first["pid"] == second["pid"] != os.getpid()
    assert second["calls"] == first["calls"] + 1
    assert first["arn"].endswith(":function:who_am_i")
    assert 0 < first["remaining"] <= 10_000


def test_a_function_sees_its_own_environment_and_nothing_of_the_parents(cloud):
    environment = cloud.invoke("who_am_i")[0]["environment"]
    assert environment["ONLY_HERE"] == "who_am_i"
    assert environment["AWS_REGION"] == "eu-west-1"
    assert not {"HOME", "PYTHONPATH", "PYTEST_CURRENT_TEST"} & environment.keys()


def test_a_function_imports_from_its_folder_then_its_layers_and_not_from_the_project(cloud):
    path = cloud.invoke("who_am_i")[0]["path"]
    assert [os.path.basename(folder) for folder in path[:2]] == ["functions_under_test", "python"]
    assert os.getcwd() not in path
    assert cloud.invoke("who_am_i")[0]["local_tools"] == []
    assert cloud.invoke("from_layer") == ("from the layer", False)


def test_a_layer_is_imported_once_for_all_workers(cloud):
    cloud.add("imported_by")
    importer, own = cloud.invoke("imported_by")[0]
    cloud.runtime.recycle()
    again, other = cloud.invoke("imported_by")[0]
    assert importer == again
    assert own != other != importer


def with_layers(cloud, name, *layers, code=None):
    known = cloud.runtime._function("arn:aws:lambda:eu-west-1:123456789012:function:from_layer").config
    code = code or known.code
    cloud.runtime.add(dataclasses.replace(known, name=name, layers=layers, code=str(code)))
    return cloud.invoke(name)


def test_a_function_without_the_layer_finds_nothing_of_it(cloud):
    error, failed = with_layers(cloud, "without_layer")
    assert (failed, error["errorType"]) == (True, "ModuleNotFoundError")


def test_what_a_function_ships_goes_before_what_was_imported_from_a_layer(cloud, tmp_path):
    (tmp_path / "app.py").write_text(
        "from only_in_the_layer import WORD\n\n\ndef from_layer(*_): return WORD\n"
    )
    (tmp_path / "only_in_the_layer.py").write_text('WORD = "shipped"\n')
    layer = str(pathlib.Path(__file__).parent / "layer_under_test")
    assert with_layers(cloud, "with_its_own", layer, code=tmp_path) == ("shipped", False)


WATCH_THE_ENVIRONMENT = """
import os, sys
from local.runtime import zygote
asked = []
class Watched(dict):
    def get(self, name, default=None):
        asked.append(sys._getframe(1).f_code.co_filename)
        return default
    def __contains__(self, name): return self.get(name)
    def __getitem__(self, name): return self.get(name, "")
zygote._preload()
os.environ, sys.argv = Watched(), [""]
names = zygote._warm(os.path.abspath("layers/core"))
modules = [name for name in sys.modules if name.startswith("partner_center.")]
print(names, len(modules) > 300, [file for file in asked if "partner_center" in file])
"""


def test_the_core_asks_for_no_environment_while_it_is_imported():
    """It would be asking that of the workers' parent, which has none."""
    watch = [sys.executable, "-c", WATCH_THE_ENVIRONMENT]
    seen = subprocess.run(watch, cwd=ROOT, capture_output=True, text=True, check=True)
    assert seen.stdout == "{'partner_center'} True []\n"


PRELOAD = """
import sys
from local.runtime import zygote
zygote._preload()
print("pkilint.cabf.serverauth" in sys.modules, "iso639" in sys.modules)
"""


def test_the_linter_is_preloaded_without_its_table_of_languages():
    """As functions load it (issuance/lint.py), which look whether the table is there."""
    seen = subprocess.run(
        [sys.executable, "-c", PRELOAD], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert seen.stdout == "True False\n"


def test_functions_are_known_by_name_by_arn_and_by_qualified_arn(cloud):
    arn = "arn:aws:lambda:eu-west-1:123456789012:function:echo"
    for name in ("echo", arn, arn + ":live"):
        assert cloud.invoke(name, {"a": "ü"}) == ({"a": "ü"}, False)


def test_an_invocation_brings_virtual_time(cloud, clock):
    clock.advance(86400)
    assert cloud.invoke("virtual_now")[0] == pytest.approx(clock.now(), abs=0.5)


@pytest.mark.parametrize(
    ("handler", "event", "kind", "message"),
    [
        ("fail", {}, "ValueError", "no such thing"),
        ("nowhere", {}, "Runtime.HandlerNotFound", "Handler 'nowhere' missing on module 'app'"),
        ("unmarshalled", {}, "Runtime.MarshalError", "not JSON serializable"),
        ("leave", {"status": 3}, "Runtime.ExitError", "Runtime exited with error: exit status 3"),
        ("leave", {"status": 0}, "Runtime.ExitError", "Runtime exited without providing a reason"),
        ("speak", {}, "Runtime.ExitError", "Runtime exited with error: signal: abrt"),
    ],
    ids=["raises", "no handler", "not JSON", "exits 3", "exits 0", "aborts"],
)
def test_errors_look_as_lambdas(cloud, handler, event, kind, message):
    error, failed = cloud.invoke(handler, event)
    assert failed
    assert error["errorType"] == kind
    assert message in error["errorMessage"]


def test_a_module_that_cannot_be_imported_says_which(cloud):
    config = dataclasses.replace(
        cloud.runtime._function("echo").config, name="lost", handler="absent.handler"
    )
    cloud.runtime.add(config)
    error, failed = cloud.invoke("lost")
    assert failed
    assert error["errorType"] == "Runtime.ImportModuleError"
    assert error["errorMessage"] == "Unable to import module 'absent': No module named 'absent'"


def test_a_stack_trace_begins_in_the_function(cloud):
    stack = cloud.invoke("fail")[0]["stackTrace"]
    assert "app.py" in stack[0]
    assert "raise ValueError" in stack[-1]


def test_what_a_killed_function_printed_is_not_lost(cloud):
    cloud.invoke("speak")
    wait_until(
        lambda: any("spoken before the end" in line and line.startswith("[speak ") for line in cloud.log)
    )


def test_the_time_limit_kills_the_worker(cloud):
    assert cloud.invoke("sleep", {"seconds": 0}) == ("done", False)
    before = cloud.runtime.pids("sleep")
    error, failed = cloud.invoke("sleep", {"seconds": 30})
    assert failed
    assert error["errorType"] == "Sandbox.Timedout"
    assert error["errorMessage"].endswith("Error: Task timed out after 0.40 seconds")
    assert not set(before) & set(cloud.runtime.pids("sleep"))
    assert cloud.invoke("sleep", {"seconds": 0}) == ("done", False)


def test_kill_in_mid_invocation_is_an_exit_error_and_the_next_invocation_works(cloud):
    cloud.invoke("sleep", {"seconds": 0})
    answers = []
    (busy,) = cloud.runtime.pids("sleep")
    invoker = threading.Thread(target=lambda: answers.append(cloud.invoke("sleep", {"seconds": 0.35})))
    invoker.start()
    wait_until(lambda: not cloud.runtime._function("sleep")._idle)
    os.kill(busy, signal.SIGKILL)
    invoker.join()
    error, failed = answers[0]
    assert failed
    assert error["errorType"] == "Runtime.ExitError"
    assert error["errorMessage"].endswith("Runtime exited with error: signal: killed")
    assert cloud.invoke("sleep", {"seconds": 0}) == ("done", False)


def test_a_worker_killed_while_idle_is_replaced_unseen(cloud):
    cloud.invoke("echo")
    for pid in cloud.runtime.pids("echo"):
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda pid=pid: not is_running(pid))
    assert cloud.invoke("echo", {"b": 1}) == ({"b": 1}, False)


def test_concurrent_invocations_get_processes_of_their_own(cloud, threads):
    started = time.monotonic()
    assert set(threads.map(lambda _: cloud.invoke("sleep", {"seconds": 0.3})[0], range(8))) == {"done"}
    assert time.monotonic() - started < 1.5
    assert len(cloud.runtime.pids("sleep")) == 8


def test_workers_share_no_randomness(cloud):
    seen = []
    for _ in range(3):
        seen += cloud.invoke("randomness")[0]
        cloud.runtime.recycle()
    assert len(set(map(str, seen))) == 9


def test_recycling_starts_cold(cloud):
    before = cloud.invoke("who_am_i")[0]["pid"]
    cloud.runtime.recycle()
    after = cloud.invoke("who_am_i")[0]
    assert after["pid"] != before
    assert after["calls"] == 1


def test_two_hundred_buyers_of_fifty_units_get_exactly_fifty(cloud, threads):
    """Unrepaired, moto sells more than there are: it evaluates conditions of concurrent updates without a lock."""
    table = cloud.table(keys=("pk",))
    client = cloud.client("dynamodb")
    client.put_item(TableName=table, Item={"pk": {"S": "units"}, "units": {"N": "50"}})
    answers = list(threads.map(lambda _: cloud.invoke("reserve", {"table": table}), range(200)))
    assert answers.count(("sold", False)) == 50
    assert answers.count(("sold out", False)) == 150
    assert client.get_item(TableName=table, Key={"pk": {"S": "units"}})["Item"]["units"] == {"N": "0"}


def test_the_calls_of_an_invocation_are_told_by_what_they_name(cloud):
    key = cloud.client("kms").create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"][
        "KeyId"
    ]
    cloud.client("s3").create_bucket(
        Bucket="of-calls", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    queue = cloud.client("sqs").create_queue(QueueName="of-calls")["QueueUrl"]
    table = cloud.table(keys=("pk",))
    cloud.calls.clear()
    assert cloud.invoke("ask_others", {"key": key, "bucket": "of-calls", "queue": queue}) == (None, False)
    assert cloud.invoke("write_twice", {"key": "k", "table": table}) == ("written", False)
    told = [
        (name, call["service"], call["operation"], call["parameters"])
        for name, made in cloud.calls
        for call in made
    ]
    written = {"TransactItems": [{"kind": "Put", "TableName": table}]}
    assert told == [
        ("ask_others", "kms", "Sign", {"KeyId": key}),
        ("ask_others", "s3", "PutObject", {"Bucket": "of-calls", "Key": "a/b"}),
        ("ask_others", "sqs", "SendMessage", {"QueueUrl": queue}),
        ("ask_others", "events", "PutEvents", {"EventBusName": ["default"]}),
        ("write_twice", "dynamodb", "TransactWriteItems", written),
        ("write_twice", "dynamodb", "TransactWriteItems", written),
    ]
    assert (SIGNED[-1].message, SIGNED[-1].by) == (b"m", "ask_others")


@pytest.mark.parametrize(
    ("fault", "left"),
    [
        ({"call": 1, "when": "before"}, 0),
        ({"call": 1, "when": "after"}, 1),
        ({"call": 2, "when": "before"}, 1),
        ({"call": 2, "when": "after"}, 2),
    ],
    ids=["before the first", "after the first", "before the second", "after the second"],
)
def test_a_fault_kills_the_worker_around_its_nth_call(cloud, fault, left):
    class OneVictim:
        def choose(self, function_name, event):
            return fault if function_name == "write_twice" else None

    table = cloud.table(keys=("pk",))
    cloud.runtime.faults = OneVictim()
    try:
        error, failed = cloud.invoke("write_twice", {"key": "k", "table": table})
        assert cloud.invoke("echo", {}) == ({}, False)
    finally:
        cloud.runtime.faults = None
    assert failed
    assert error["errorType"] == "Runtime.ExitError"
    assert cloud.client("dynamodb").scan(TableName=table)["Count"] == left


@pytest.mark.parametrize(
    ("follows", "left", "fails"),
    [("TransactWriteItems", 1, True), ("Sign", 2, False)],
    ids=["behind an operation", "behind one that was never called"],
)
def test_a_fault_fails_the_nth_call_behind_an_operation_and_spares_the_worker(cloud, follows, left, fails):
    class OneVictim:
        def choose(self, function_name, event):
            return {"follows": follows, "call": 1, "when": "before", "how": "fail"}

    table = cloud.table(keys=("pk",))
    cloud.runtime.faults = OneVictim()
    try:
        answer, failed = cloud.invoke("write_twice", {"key": "k", "table": table})
    finally:
        cloud.runtime.faults = None
    assert (failed, answer.get("errorType") if fails else None) == (
        fails,
        "EndpointConnectionError" if fails else None,
    )
    assert cloud.client("dynamodb").scan(TableName=table)["Count"] == left


ORPHANS = """
import dataclasses, os, signal, sys
from local.runtime import FunctionConfig, LambdaRuntime
runtime = LambdaRuntime(2, lambda line: None)
arn = "arn:aws:lambda:eu-west-1:123456789012:function:echo"
runtime.add(FunctionConfig("echo", arn, "app.echo", sys.argv[1], (), {}, 3.0, 128))
runtime.invoke("echo", {})
print(*runtime.pids("echo"), runtime._zygote._process.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_parent_that_is_killed_leaves_no_process_behind(cloud):
    code = cloud.runtime._function("echo").config.code
    parent = subprocess.run(
        [sys.executable, "-c", ORPHANS, code], capture_output=True, text=True, check=False
    )
    pids = [int(pid) for pid in parent.stdout.split()]
    assert (parent.returncode, len(pids)) == (-signal.SIGKILL, 2)
    wait_until(lambda: not any(is_running(pid) for pid in pids))


def test_closing_leaves_no_process_behind(cloud):
    runtime = LambdaRuntime(2, lambda line: None)
    runtime.add(cloud.runtime._function("sleep").config)
    busy = threading.Thread(target=runtime.invoke, args=("sleep", {"seconds": 0.39}))
    runtime.invoke("sleep", {"seconds": 0})
    busy.start()
    wait_until(lambda: not runtime._function("sleep")._idle)
    pids = [*runtime.pids("sleep"), runtime._zygote._process.pid]
    runtime.close()
    busy.join()
    assert len(pids) == 2
    assert not [pid for pid in pids if os.path.exists(f"/proc/{pid}")]


def test_a_zygote_that_was_lent_serves_one_runtime_after_the_other(cloud):
    config, lent, pids = cloud.runtime._function("echo").config, Zygote(), []
    for _ in range(2):
        runtime = LambdaRuntime(2, lambda line: None, zygote=lent)
        runtime.add(config)
        assert runtime.invoke("echo", {}) == ("{}", False)
        pids += runtime.pids("echo")
        runtime.close()
    assert len(set(pids)) == 2
    assert not any(map(is_running, pids))
    assert is_running(lent._process.pid)
    lent.close()
    assert not is_running(lent._process.pid)

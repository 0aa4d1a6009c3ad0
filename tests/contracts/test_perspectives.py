"""Six perspectives of the embedded cloud: processes of their own, views of their own, troubles of their own."""

import http.client
import json
import os
import signal
import threading
import time
from pathlib import Path

import boto3
import pytest

from local.cloud import EmbeddedCloud, FunctionFailed
from local.perspectives import REGIONS
from local.runtime import FunctionConfig
from partner_center.adapters.lambda_perspectives import LambdaPerspectives, perspective_functions
from partner_center.validation.dns import RecordType
from partner_center.validation.looks import FILE_PATH, CaaLook, FileLook, PageTrouble, RecordsLook
from partner_center.validation.quorum import SITES

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
pytestmark = pytest.mark.cloud
NAME = "_dnsauth.example.com"
LOOK = RecordsLook(NAME, RecordType.TXT)
LIMIT = 20.0


@pytest.fixture(scope="module")
def cloud():
    with EmbeddedCloud(ROOT / "template.yaml") as running:
        yield running


@pytest.fixture(scope="module")
def perspectives(cloud):
    """The coordinator as a function has it: over HTTP, each region by its own client."""
    session = boto3.Session("a", "b")
    functions = perspective_functions(config.arn for config in cloud.perspectives)
    return LambdaPerspectives(
        functions, lambda region: session.client("lambda", region, endpoint_url=cloud.endpoint), LIMIT
    )


@pytest.fixture(autouse=True)
def world(cloud):
    cloud.zone.set(NAME, "TXT", ["value"])
    yield
    cloud.zone.delete(NAME)


def physical(region):
    return f"local-perspective-{region}"


def seen(views):
    """The records by perspective, or its trouble."""
    return {view.perspective_id: view.trouble or view.sightings[0].answer.octets for view in views}


def test_six_perspectives_stand_where_the_table_of_sites_says_the_primary_at_home(cloud):
    assert tuple(site.region for site in sorted(SITES, key=lambda site: not site.primary)) == REGIONS
    assert [config.arn.split(":")[3] for config in cloud.perspectives] == list(REGIONS)
    assert cloud.output("WhoLooks").split() == [config.arn for config in cloud.perspectives]
    assert REGIONS[0] == cloud.client("sqs").meta.region_name


def test_each_exists_in_its_own_region_only(cloud):
    for region in REGIONS:
        found = cloud.client("lambda", region).list_functions()["Functions"]
        perspectives = [each["FunctionName"] for each in found if "-perspective-" in each["FunctionName"]]
        assert perspectives == [physical(region)]


def test_workers_start_when_they_are_first_asked_and_are_nobody_elses(cloud, perspectives):
    cloud.runtime.recycle()
    assert [cloud.runtime.pids(physical(region)) for region in REGIONS] == [[]] * 6
    assert seen(perspectives.ask([LOOK])) == dict.fromkeys(REGIONS, (b"value",))
    pids = [pid for region in REGIONS for pid in cloud.runtime.pids(physical(region))]
    assert len(set(pids)) == len(REGIONS)


def test_a_worker_knows_its_own_resolver_and_nobody_elses(cloud):
    servers = {config.environment["DNS_SERVER"] for config in cloud.perspectives}
    assert servers == {cloud.zone.address(region) for region in REGIONS}
    assert len(servers) == len(REGIONS)
    assert {config.environment["WEB_SERVER"] for config in cloud.perspectives} == {cloud.web.address}


@pytest.mark.parametrize("hijacked", [["us-west-2"], ["eu-west-1"], ["sa-east-1", "ap-south-1"]], ids=str)
def test_who_is_hijacked_sees_other_records(cloud, perspectives, hijacked):
    for region in hijacked:
        post_dns(cloud, {"name": NAME, "type": "TXT", "values": ["forged"], "perspective": region})
    assert seen(perspectives.ask([LOOK])) == {
        region: (b"forged",) if region in hijacked else (b"value",) for region in REGIONS
    }


def post_dns(cloud, body):
    connection = http.client.HTTPConnection("127.0.0.1", int(cloud.url.rpartition(":")[2]), timeout=LIMIT)
    connection.request("POST", "/_local/dns", json.dumps(body), {"Content-Type": "application/json"})
    assert connection.getresponse().status == 200
    connection.close()


def test_what_changed_is_seen_by_the_next_ask(cloud, perspectives):
    perspectives.ask([LOOK])
    cloud.zone.set(NAME, "TXT", ["changed"])
    assert seen(perspectives.ask([LOOK])) == dict.fromkeys(REGIONS, (b"changed",))


def test_many_looks_of_all_kinds_are_answered_in_order(cloud, perspectives):
    looks = [CaaLook(f"n{number}.example.com") for number in range(50)] + [LOOK] * 50
    for view in perspectives.ask(looks):
        assert [each.caa_set.name for each in view.sightings[:50]] == [look.name for look in looks[:50]]
        assert {each.answer.octets for each in view.sightings[50:]} == {(b"value",)}


def test_pages_are_fetched_from_the_local_web_by_each_with_its_own_resolver(cloud, perspectives):
    cloud.web.set({"host": "files.example.com", "path": FILE_PATH, "body": "value"})
    cloud.zone.set("files.example.com", "A", ["93.184.215.14"])
    cloud.zone.set("files.example.com", "A", ["10.0.0.1"], perspective="sa-east-1")
    views = perspectives.ask([FileLook("files.example.com")])
    pages = {view.perspective_id: view.sightings[0] for view in views}
    assert (pages["sa-east-1"].trouble, pages["sa-east-1"].body) == (PageTrouble.ADDRESS_REFUSED, b"")
    others = [page for region, page in pages.items() if region != "sa-east-1"]
    assert {(page.status, page.body, page.trouble) for page in others} == {(200, b"value", None)}


def test_a_worker_killed_at_work_is_the_trouble_of_one(cloud, perspectives):
    """The perspective hangs on a server that is silent to it alone, and dies there."""
    cloud.runtime.recycle()
    cloud.zone.set(NAME, "TXT", [], rcode="TIMEOUT", perspective="us-west-2")
    views = []
    asking = threading.Thread(target=lambda: views.extend(perspectives.ask([LOOK])))
    asking.start()
    end = time.monotonic() + LIMIT
    while not (pids := cloud.runtime.pids(physical("us-west-2"))) and time.monotonic() < end:
        threading.Event().wait(0.01)
    os.kill(pids[0], signal.SIGKILL)
    asking.join(LIMIT)
    assert seen(views) == dict.fromkeys(REGIONS, (b"value",)) | {"us-west-2": "failed: Runtime.ExitError"}
    cloud.zone.set(NAME, "TXT", ["value"], perspective="us-west-2")
    assert seen(perspectives.ask([LOOK])) == dict.fromkeys(REGIONS, (b"value",))


def test_a_question_that_is_none_fails(cloud):
    with pytest.raises(FunctionFailed, match="Malformed"):
        cloud.invoke(physical("eu-west-1"), {"version": 1, "looks": []})


def test_a_function_asks_them_by_its_environment(cloud):
    """As it will be deployed: PERSPECTIVES, a botocore client a region, and the wiring between them."""
    arns = ",".join(config.arn for config in cloud.perspectives)
    cloud.runtime.add(
        FunctionConfig(
            name="asks",
            arn="arn:aws:lambda:eu-west-1:123456789012:function:asks",
            handler="asks.handler",
            code=str(HERE / "functions_under_test"),
            layers=(str(ROOT / "layers" / "core"),),
            environment={"AWS_ENDPOINT_URL": cloud.endpoint, "PERSPECTIVES": arns},
            timeout=LIMIT,
            memory=256,
        )
    )
    payload, failed = cloud.runtime.invoke("asks", {"name": NAME})
    assert (json.loads(payload), failed) == ({region: ["value"] for region in REGIONS}, False)
    calls = [call for call in cloud.recorded_calls["asks"] if call["operation"] == "Invoke"]
    assert sorted(call["parameters"]["FunctionName"] for call in calls) == sorted(arns.split(","))

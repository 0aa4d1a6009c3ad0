"""The same texts over HTTP: no answer of 5xx, and the very answer that the gate gives."""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.corpora.samples import Sample
from bench.corpora.tally import Tally, through_the_gate
from local.cloud import EmbeddedCloud
from local.seed import seed
from tests.functions.journeys import Reply, Reseller, resellers

_TEMPLATE = Path(__file__).parents[2] / "template.yaml"
_PATH = "/v1/csr/inspect"
_BODY = 256 * 1024  # bytes; the door refuses more before it reads anything


def knock(samples: Sequence[Sample], counted: Tally, clients: int = 2) -> None:
    """Post every sample to the embedded cloud and count what fails there."""
    with EmbeddedCloud(_TEMPLATE, seed=lambda cloud: seed(cloud)[0]) as cloud:
        reseller = resellers(cloud)[0]
        with ThreadPoolExecutor(clients) as pool:
            for sample, reply in zip(
                samples, pool.map(lambda each: post(reseller, each), samples), strict=True
            ):
                if reply.status >= 500:
                    counted.row(sample.source).failed += 1
                    counted.faults.append(f"{sample.source}: {sample.name}: {reply.status}")
                elif not as_the_gate(sample, reply):
                    counted.row(sample.source).doubtful += 1
                    counted.faults.append(f"{sample.source}: {sample.name}: {reply.status}, unlike the gate")
        cloud.settle()


def post(reseller: Reseller, sample: Sample) -> Reply:
    """The sample as a reseller sends it."""
    return reseller.call("POST", _PATH, _body(sample), Content_Type="application/json")


def as_the_gate(sample: Sample, reply: Reply) -> bool:
    """Whether the door answered what the gate says; a body that is too large is refused unread."""
    if len(_body(sample)) > _BODY:
        return reply.status == 413
    if "\ufffd" in sample.text:  # as a gateway writes what is no UTF-8
        return reply.status == 400
    return reply.status == 200 and bool(reply.json == through_the_gate(sample.text))


def _body(sample: Sample) -> bytes:
    return json.dumps({"csr": sample.text}).encode()

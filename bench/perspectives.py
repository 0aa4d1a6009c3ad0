"""What asking six perspectives costs beside asking one: `python -m bench.perspectives [--rounds 30]`.

Asked as a function asks, over HTTP through the embedded cloud, which runs all six on this machine's processors;
deployed, each has its own. So the ratios say what the coordinator and its threads add, and the times nothing.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import boto3

from local.cloud import EmbeddedCloud
from partner_center.adapters.dns_resolver import DnsResolver
from partner_center.adapters.lambda_perspectives import LambdaPerspectives, perspective_functions
from partner_center.validation.caa import relevant_caa_set
from partner_center.validation.looks import CaaLook, Look
from partner_center.validation.perspectives import LOOKS_AT_MOST

TEMPLATE = Path(__file__).parents[1] / "template.yaml"
ONE = [CaaLook("www.example.com")]
HUNDRED = [CaaLook(f"n{number}.example.com") for number in range(LOOKS_AT_MOST)]


def timed(run: Callable[[], object]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def asked(perspectives: LambdaPerspectives, looks: Sequence[Look]) -> Callable[[], None]:
    def ask() -> None:
        troubles = [view.trouble for view in perspectives.ask(looks) if view.trouble]
        if troubles:
            raise SystemExit(f"not all answered: {troubles}")

    return ask


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.perspectives", description=__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    rounds = parser.parse_args().rounds
    with EmbeddedCloud(TEMPLATE) as cloud:
        session = boto3.Session("bench", "bench")
        functions = perspective_functions(config.arn for config in cloud.perspectives)
        clients: dict[str, Any] = {
            each.region: session.client("lambda", each.region, endpoint_url=cloud.endpoint)
            for each in functions
        }
        one = LambdaPerspectives(functions[:1], clients.__getitem__)
        six = LambdaPerspectives(functions, clients.__getitem__)
        resolver = DnsResolver(cloud.zone.address())
        runs: dict[str, Callable[[], object]] = {
            "one climb, here": lambda: relevant_caa_set(ONE[0].name, resolver),
            "one look, one perspective": asked(one, ONE),
            "one look, six perspectives": asked(six, ONE),
            "a hundred looks, one perspective": asked(one, HUNDRED),
            "a hundred looks, six perspectives": asked(six, HUNDRED),
        }
        cold = timed(runs["one look, six perspectives"])
        times: dict[str, list[float]] = {name: [] for name in runs}
        for _ in range(rounds):
            for name, run in runs.items():
                times[name].append(timed(run))
        medians = {name: statistics.median(each) for name, each in times.items()}
        base = medians["one look, one perspective"]
        print(f"{'one look, six perspectives, cold':<36} {cold * 1000:8.1f} ms {cold / base:7.2f}")
        for name, median in medians.items():
            print(f"{name:<36} {median * 1000:8.1f} ms {median / base:7.2f}")
    print(f"medians of {rounds}; ratios to one look of one perspective")


if __name__ == "__main__":
    main()

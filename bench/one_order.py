"""What one DV order by e-mail costs and how long it takes: `python -m bench.one_order [--orders 40] [--clients 8]`.

Units are computed from item sizes, indexes and the transaction factor by the embedded cloud's meter; times are
of this machine and only good for ratios within one run.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from local.cloud import EmbeddedCloud
from local.repairs.capacity import METER
from local.seed import seed
from tests.functions.journeys import (
    UNHINDERED,
    Reseller,
    answer,
    approval_links,
    call,
    order_body,
    resellers,
)

TEMPLATE = Path(__file__).parents[1] / "template.yaml"


def until(condition: Callable[[], object], crowded: bool, limit: float = 60.0) -> None:
    """Polls, rarely when many do so that the polling is not what is measured."""
    end = time.monotonic() + limit
    while not condition():
        if time.monotonic() > end:
            raise SystemExit("an order did not arrive")
        time.sleep(0.1 if crowded else 0.01)


def one(northwind: Reseller, number: int, crowded: bool = False) -> tuple[float, float, float]:
    """Seconds of the POST, from the POST to its mail, from the click to the certificate."""
    began = time.perf_counter()
    reply = northwind.place(order_body(name=f"bench{number}.example.com"))
    if reply.status != 201:
        raise SystemExit(reply.text)
    answered = time.perf_counter()
    order_id = reply.json["order_id"]
    until(lambda: approval_links(northwind.cloud, order_id), crowded)
    mailed = time.perf_counter()
    if answer(approval_links(northwind.cloud, order_id)[0], "approve").status != 200:
        raise SystemExit("the approval was not taken")
    clicked = time.perf_counter()
    until(lambda: northwind.order(order_id)["status"] == "issued", crowded)
    return answered - began, mailed - began, time.perf_counter() - clicked


def cost(cloud: EmbeddedCloud, northwind: Reseller) -> dict[str, float]:
    """Units, transitions, mails, signatures and calls of one order, after a first one has warmed everything."""
    northwind.issued(name="warm.example.com")
    mails = len(cloud.mails())
    cloud.recorded_calls.clear()
    METER.reset()
    order_id = northwind.placed(name="counted.example.com")
    call("GET", approval_links(cloud, order_id)[0])
    answer(approval_links(cloud, order_id)[0], "approve")
    cloud.settle()
    writes, reads = sum(METER.write_units.values()), sum(METER.read_units.values())
    execution = next(each for each in cloud.executions() if order_id in each["name"])
    calls = [each for made in cloud.recorded_calls.values() for each in made]
    return {
        "write units": writes,
        "read units": reads,
        "transitions": len(execution["steps"]),
        "mails": len(cloud.mails()) - mails,
        "signatures": sum(each["operation"] == "Sign" for each in calls),
        "AWS calls": len(calls),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=40)
    parser.add_argument("--clients", type=int, default=8)
    options = parser.parse_args()
    began = time.perf_counter()
    with EmbeddedCloud(TEMPLATE, UNHINDERED, seed=lambda cloud: seed(cloud)[0]) as cloud:
        print(f"start to ready            {time.perf_counter() - began:6.2f} s")
        northwind = resellers(cloud)[0]
        for name, count in cost(cloud, northwind).items():
            print(f"one order: {name:<14} {count:6.1f}")
        times = [one(northwind, number) for number in range(10)]
        for name, column in zip(
            ("POST", "POST to mail", "click to issued"), zip(*times, strict=True), strict=True
        ):
            print(f"alone: {name:<18} {statistics.median(column) * 1000:6.0f} ms (median of {len(column)})")
        began = time.perf_counter()
        with ThreadPoolExecutor(options.clients) as pool:
            list(
                pool.map(
                    lambda number: one(northwind, number, crowded=True), range(100, 100 + options.orders)
                )
            )
        rate = options.orders / (time.perf_counter() - began)
        print(f"{options.clients} clients: whole orders  {rate:6.1f} a second")


if __name__ == "__main__":
    main()

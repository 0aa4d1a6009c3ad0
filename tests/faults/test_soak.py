"""A small soak: mixed orders at once, a fifth of all invocations faulty; `make soak` takes thousands."""

from pathlib import Path

import pytest

from bench.soak.soak import soaked
from local.cloud import EmbeddedCloud
from local.seed import seed
from tests.functions.journeys import UNHINDERED

pytestmark = pytest.mark.cloud

TEMPLATE = Path(__file__).parents[2] / "template.yaml"
ORDERS, SHARE, SEED = 40, 0.2, 5


def test_everything_holds_after_a_crowd_met_a_fault_in_every_fifth_invocation() -> None:
    with EmbeddedCloud(TEMPLATE, UNHINDERED, seed=lambda cloud: seed(cloud)[0]) as cloud:
        (_, clean), (_, soaked_through) = soaked(cloud, ORDERS, SHARE, [SEED], clean=8)
    for figures in (clean, soaked_through):
        assert {name: said for name, said in figures.broken.items() if said} == {}
    assert (clean.orders, clean.refused, clean.faulty) == (8, 0, 0)
    assert soaked_through.orders + soaked_through.refused >= ORDERS
    assert soaked_through.faulty > soaked_through.invocations * SHARE / 4
    assert soaked_through.calls > clean.calls

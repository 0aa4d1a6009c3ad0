"""A small soak with a fixed seed: every fifth invocation fails, and everything holds; `make soak` takes thousands."""

import pytest

from bench.soak.soak import soaked

pytestmark = pytest.mark.cloud

ORDERS, SHARE, SEED, CLEAN = 100, 0.2, 7, 4


def test_a_crowd_in_which_every_fifth_invocation_fails_loses_nothing() -> None:
    runs = dict(soaked(ORDERS, SHARE, SEED, CLEAN))
    clean, faulty = runs["without faults"], runs[f"seed {SEED}"]
    for figures in (clean, faulty):
        assert {name: said for name, said in figures.broken.items() if said} == {}
    assert (clean.orders, clean.faulty, clean.refused) == (CLEAN, 0, 0)
    assert faulty.orders >= 0.9 * ORDERS
    assert faulty.refused <= 0.1 * ORDERS
    assert faulty.faulty >= 0.8 * SHARE * faulty.invocations
    assert faulty.statuses["issued"] >= 0.7 * faulty.orders
    assert faulty.calls > clean.calls

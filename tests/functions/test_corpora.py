"""What the gate says of requests from everywhere, the HTTP door says too, and never fails (all: `make corpora`)."""

import random

import pytest

from bench.corpora.changed import changed
from bench.corpora.door import as_the_gate, post
from bench.corpora.found import found
from bench.corpora.names import names
from bench.corpora.samples import Sample
from bench.corpora.written import written
from local.cloud import EmbeddedCloud
from tests.functions.journeys import Reseller
from tests.unit.orders.csr_workshop import Workshop

pytestmark = [pytest.mark.cloud, pytest.mark.filterwarnings("ignore")]


def samples() -> list[Sample]:
    """All that is written by hand, and some of every other kind."""
    workshop = Workshop()
    drawn = [*found(), *changed(workshop, 40), *names(workshop, 40)]
    return [*written(workshop), *random.Random(1).sample(drawn, 80)]  # noqa: S311 - the same in each run


def test_every_text_is_answered_as_the_gate_answers_it(cloud: EmbeddedCloud, northwind: Reseller) -> None:
    told = [(sample, post(northwind, sample)) for sample in samples()]
    assert [(sample.name, reply.status) for sample, reply in told if reply.status >= 500] == []
    assert [sample.name for sample, reply in told if not as_the_gate(sample, reply)] == []
    assert {reply.status for _, reply in told} >= {200}
    assert cloud.settle()

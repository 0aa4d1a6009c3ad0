import pytest

from tests.unit.issuance.checked import new_bench
from tests.unit.issuance.preflighting import Desk
from tests.unit.issuance.world import MemoryStore, SetClock, new_hierarchy, new_issuer, new_request


@pytest.fixture(scope="session")
def hierarchy():
    """An issuing CA on P-256 and the keys behind it; tests count signatures from where they begin."""
    return new_hierarchy()


@pytest.fixture(scope="session")
def issuing_ca(hierarchy):
    return hierarchy[0]


@pytest.fixture
def keys(hierarchy):
    hierarchy[1].signed.clear()
    return hierarchy[1]


@pytest.fixture
def store():
    return MemoryStore()


@pytest.fixture
def clock():
    return SetClock()


@pytest.fixture
def issuer(keys, store, clock):
    return new_issuer(keys, store, clock)


@pytest.fixture
def request_(issuing_ca):
    return new_request(issuing_ca)


@pytest.fixture
def bench(keys, issuing_ca):
    return new_bench(keys, issuing_ca)


@pytest.fixture
def desk():
    """An order whose names are all proven."""
    return Desk().proven()

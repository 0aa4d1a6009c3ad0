import pytest

from tests.unit.issuance.world import new_hierarchy


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

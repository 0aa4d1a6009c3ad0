import pytest

from tests.unit.orders.csr_workshop import Workshop


@pytest.fixture(scope="session")
def workshop() -> Workshop:
    """Makes CSRs; its keys are generated once for the whole run."""
    return Workshop()

"""The promises of every gateway, kept by the adapter over localstripe."""

import pytest

from tests.adapters.stripe_bank import StripeBank
from tests.fakes.contract_payments import GatewayContract


@pytest.fixture(scope="module")
def one_for_all():
    bank = StripeBank()
    yield bank
    bank.close()


class TestStripeGateway(GatewayContract):
    @pytest.fixture
    def bank(self, one_for_all):
        """The same process for all tests; what it remembers of the one before is forgotten."""
        one_for_all.be_out(False)
        one_for_all.stripe.forget_keys()
        return one_for_all

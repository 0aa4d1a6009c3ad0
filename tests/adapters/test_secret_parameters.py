"""Secrets from SSM: read once in some minutes, afresh when asked, and never in a word of ours."""

import pytest

from partner_center.adapters.secret_parameters import KEPT_SECONDS, SecretParameters
from partner_center.kernel.errors import TryAgain

NAMES = ("/shop/payments/webhook-secret", "/shop/payments/webhook-secret-next")


class Ssm:
    """Counts what it is asked, and passes it on to moto."""

    def __init__(self, client):
        self.client, self.asked = client, 0

    def get_parameters(self, **parameters):
        self.asked += 1
        return self.client.get_parameters(**parameters)


@pytest.fixture
def ssm(aws):
    client = aws("ssm")
    for name, value in zip(NAMES, ("whsec_one", " whsec_two\n"), strict=True):
        client.put_parameter(Name=name, Value=value, Type="SecureString", Overwrite=True)
    return Ssm(client)


def test_secrets_are_read_once_in_some_minutes(ssm):
    moment = [0.0]
    secrets = SecretParameters(lambda: ssm, NAMES, lambda: moment[0])
    for moment[0] in (0.0, KEPT_SECONDS - 1, KEPT_SECONDS, KEPT_SECONDS + 1):
        assert secrets.values() == ("whsec_one", "whsec_two")
    assert ssm.asked == 2
    assert secrets.first(fresh=True) == "whsec_one"
    assert ssm.asked == 3


def test_one_of_two_may_be_missing(ssm):
    secrets = SecretParameters(lambda: ssm, (NAMES[0], "/shop/payments/nowhere"))
    assert secrets.values() == ("whsec_one",)


@pytest.mark.parametrize("names", [("/shop/payments/nowhere",), ("not a name at all!",)])
def test_without_a_secret_nothing_goes_on(ssm, names):
    with pytest.raises(TryAgain):
        SecretParameters(lambda: ssm, names).values()


def test_a_secret_is_not_shown(ssm):
    secrets = SecretParameters(lambda: ssm, NAMES)
    secrets.values()
    assert "whsec" not in repr(secrets)

"""Secrets of approval links: sealed under a key, bound to their challenge."""

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from botocore.stub import Stubber

from partner_center.adapters.kms_vault import KmsVault
from partner_center.kernel.errors import TryAgain

SECRETS = ["a", "s" * 43, "x" * 4096, "ünïcödé"]


@pytest.fixture(scope="module")
def kms(aws):
    return aws("kms")


@pytest.fixture(scope="module")
def key_id(kms):
    return kms.create_key(Description="vault")["KeyMetadata"]["KeyId"]


@pytest.fixture
def vault(kms, key_id):
    return KmsVault(kms, key_id)


@pytest.mark.parametrize("secret", SECRETS, ids=lambda secret: str(len(secret)))
def test_a_sealed_secret_is_opened_for_its_challenge(vault, secret):
    sealed = vault.seal(secret, "chl_1")
    assert vault.open(sealed, "chl_1") == secret


def test_a_sealed_secret_cannot_be_read(vault):
    assert b"very-secret-value" not in vault.seal("very-secret-value", "chl_1")


def test_a_ciphertext_moved_to_another_challenge_is_worthless(vault):
    with pytest.raises(TryAgain):
        vault.open(vault.seal("secret", "chl_1"), "chl_2")


def test_a_damaged_ciphertext_is_not_opened(vault):
    sealed = bytearray(vault.seal("secret", "chl_1"))
    sealed[-1] ^= 1
    with pytest.raises(TryAgain):
        vault.open(bytes(sealed), "chl_1")


def test_the_same_secret_is_never_sealed_alike(vault):
    assert vault.seal("secret", "chl_1") != vault.seal("secret", "chl_1")


def test_a_key_that_cannot_be_used_is_try_again(kms):
    with pytest.raises(TryAgain) as caught:
        KmsVault(kms, "00000000-0000-0000-0000-000000000000").seal("secret", "chl_1")
    assert caught.value.retry_after == 5


@pytest.mark.parametrize("code", ["ThrottlingException", "KMSInternalException", "KMSInvalidStateException"])
def test_trouble_of_the_service_is_try_again(aws, code):
    client = aws("kms")
    with Stubber(client) as stubber:
        stubber.add_client_error("encrypt", code)
        with pytest.raises(TryAgain) as caught:
            KmsVault(client, "key").seal("secret", "chl_1")
    assert isinstance(caught.value.__cause__, ClientError)


def test_a_service_out_of_reach_is_try_again():
    class OutOfReach:
        def decrypt(self, **parameters):
            raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1")

    with pytest.raises(TryAgain):
        KmsVault(OutOfReach(), "key").open(b"sealed", "chl_1")


def test_an_error_does_not_repeat_the_secret(aws):
    client = aws("kms")
    with Stubber(client) as stubber:
        stubber.add_client_error("encrypt", "ThrottlingException")
        with pytest.raises(TryAgain) as caught:
            KmsVault(client, "key").seal("very-secret-value", "chl_1")
    assert "very-secret-value" not in f"{caught.value!r} {caught.value.detail} {caught.value.__cause__!r}"

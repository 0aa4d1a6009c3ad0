"""Secrets of links, encrypted under a KMS key and bound to what they open."""

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from partner_center.kernel.errors import TryAgain


class KmsVault:
    """`Vault` of the validation and billing contexts; the encryption context makes a moved ciphertext worthless.

    `purpose` says what the ids are of: a challenge's secret does not open as a card link's.
    """

    def __init__(self, client: Any, key_id: str, purpose: str = "challenge") -> None:
        self._client = client
        self._key_id = key_id
        self._purpose = purpose

    def seal(self, secret: str, about_id: str) -> bytes:
        answer = self._call(
            "encrypt",
            KeyId=self._key_id,
            Plaintext=secret.encode(),
            EncryptionContext={self._purpose: about_id},
        )
        return bytes(answer["CiphertextBlob"])

    def open(self, sealed: bytes, about_id: str) -> str:
        answer = self._call(
            "decrypt",
            KeyId=self._key_id,
            CiphertextBlob=sealed,
            EncryptionContext={self._purpose: about_id},
        )
        return bytes(answer["Plaintext"]).decode()

    def _call(self, operation: str, **parameters: Any) -> Any:
        try:
            return getattr(self._client, operation)(**parameters)
        except (ClientError, BotoCoreError) as error:
            raise TryAgain("The key service did not answer.", 5) from error

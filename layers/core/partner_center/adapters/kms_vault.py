"""Secrets of approval links, encrypted under a KMS key and bound to their challenge."""

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from partner_center.kernel.errors import TryAgain


class KmsVault:
    """`Vault` of the validation context; the encryption context makes a moved ciphertext worthless."""

    def __init__(self, client: Any, key_id: str) -> None:
        self._client = client
        self._key_id = key_id

    def seal(self, secret: str, challenge_id: str) -> bytes:
        answer = self._call(
            "encrypt",
            KeyId=self._key_id,
            Plaintext=secret.encode(),
            EncryptionContext={"challenge": challenge_id},
        )
        return bytes(answer["CiphertextBlob"])

    def open(self, sealed: bytes, challenge_id: str) -> str:
        answer = self._call(
            "decrypt",
            KeyId=self._key_id,
            CiphertextBlob=sealed,
            EncryptionContext={"challenge": challenge_id},
        )
        return bytes(answer["Plaintext"]).decode()

    def _call(self, operation: str, **parameters: Any) -> Any:
        try:
            return getattr(self._client, operation)(**parameters)
        except (ClientError, BotoCoreError) as error:
            raise TryAgain("The key service did not answer.", 5) from error

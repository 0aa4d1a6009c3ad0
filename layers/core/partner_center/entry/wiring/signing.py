"""Signing, wired: only the function that signs certificates imports this."""

import os
from functools import cache

from partner_center.adapters.blocked_keys import KeysBlockedHere
from partner_center.adapters.claim_store import ClaimStore
from partner_center.adapters.kms_signer import KmsDigestSigner
from partner_center.adapters.private_ca import AcmPrivateCa
from partner_center.entry.wiring.base import client, clock, database, settings
from partner_center.entry.wiring.issuance import issuance_store
from partner_center.entry.wiring.orders import order_store
from partner_center.issuance.issue import Issuer
from partner_center.issuance.lint import lint
from partner_center.issuance.private_ca import PrivateCaIssuer
from partner_center.issuance.sign import SignOrder


@cache
def sign_order() -> SignOrder:
    blocked = KeysBlockedHere(database(), settings().tables.issuance)
    issuer = Issuer(
        issuance_store(),
        KmsDigestSigner(client("kms")),
        lint,
        clock(),
        os.urandom,
        blocked,
        order_store(),
    )
    claims = ClaimStore(database(), settings().tables)

    def private_ca() -> PrivateCaIssuer:
        return PrivateCaIssuer(issuer, issuance_store(), AcmPrivateCa(client("acm-pca")))

    return SignOrder(order_store(), claims, issuance_store(), issuer, private_ca)

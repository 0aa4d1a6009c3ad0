"""What a fresh embedded cloud holds: a CA, two demo resellers with keys and contracts, and how to begin."""

import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from local.clock import TimeOfDay
from local.cloud import EmbeddedCloud
from local.sample_block_list import NAME, sample_block_list
from partner_center.accounts.api_keys import Role, make_key, make_staff_key
from partner_center.accounts.resellers import Reseller
from partner_center.accounts.staff import StaffRole
from partner_center.adapters.access_store import AccessStore
from partner_center.adapters.block_list import PREFIX
from partner_center.adapters.ca_files import CERTIFICATE, CRL, BucketRepository
from partner_center.adapters.contract_store import ContractStore
from partner_center.adapters.dynamodb import Database
from partner_center.adapters.issuance_store import DynamoDbIssuanceStore
from partner_center.adapters.kms_signer import KmsCaKeys
from partner_center.adapters.tables import TableNames
from partner_center.billing.contracts import Contract, ContractKind
from partner_center.billing.payments import Card
from partner_center.catalog.agreements import agreement_for
from partner_center.catalog.products import load_catalog
from partner_center.issuance.bootstrap import Ceremony, create_hierarchy, key_alias
from partner_center.issuance.ca_certificates import HierarchyRequest
from partner_center.kernel.clock import Clock
from partner_center.kernel.ids import RandomIds

ISSUER_ID = "tls-e1"
DEMO_PRODUCT = "geotrust_quickssl_premium"
DEMO_UNITS = 1000
RESELLERS = (
    Reseller("northwind", "Northwind Hosting", "support@northwind.example.com"),
    Reseller("contoso", "Contoso Domains", "help@contoso.example.com"),
)


STAFF = {
    StaffRole.VALIDATION: "vera.validator",
    StaffRole.REVIEW: "rosa.reviewer",
    StaffRole.PARTNER_SUPPORT: "sam.support",
    StaffRole.FINANCE: "fay.finance",
}


def seed(cloud: EmbeddedCloud) -> tuple[Mapping[str, Any], str]:
    """Fills the cloud through the same code that serves it; returns the demo's JSON and the text to print."""
    clock, ids = TimeOfDay(cloud.clock), RandomIds()
    database = Database(cloud.client("dynamodb"))
    _create_ca(cloud, clock)
    _publish_first_crl(cloud)
    _upload_block_list(cloud)
    access = AccessStore(database, cloud.output("AccessTable"))
    tables = TableNames(business=cloud.output("BusinessTable"), audit=cloud.resource("AuditTable"))
    contracts = ContractStore(database, tables)
    add = partial(add_contract, cloud, contracts, clock, ids)
    texts = {}
    for reseller in RESELLERS:
        access.add_reseller(reseller)
        key, texts[reseller.reseller_id] = make_key(reseller.reseller_id, Role.ADMIN, ids, clock.now())
        access.add_key(key)
        add(reseller.reseller_id, ContractKind.BULK.value, DEMO_UNITS)
        add(reseller.reseller_id, ContractKind.PAY_AS_YOU_GO.value, 0)
    staff = {}
    for role, person in STAFF.items():
        staff_key, staff[role] = make_staff_key(person, [role], ids, clock.now())
        access.add_key(staff_key)
    cloud.add_contract = add
    cloud.read_demo = partial(_demo, contracts, texts, staff)
    return cloud.demo, _text(cloud, cloud.demo)


def _demo(
    contracts: ContractStore, texts: Mapping[str, str], staff: Mapping[StaffRole, str]
) -> Mapping[str, Any]:
    """The resellers with their keys, and their contracts as they are now; and the staff with theirs."""
    resellers = [
        {
            "reseller_id": reseller_id,
            "api_key": text,
            "contracts": [
                _told(each) for each in sorted(contracts.of_reseller(reseller_id), key=lambda each: each.kind)
            ],
        }
        for reseller_id, text in texts.items()
    ]
    return {
        "resellers": resellers,
        "staff": [{"role": role.value, "api_key": text} for role, text in staff.items()],
    }


def add_contract(
    cloud: EmbeddedCloud,
    contracts: ContractStore,
    clock: Clock,
    ids: RandomIds,
    reseller_id: str,
    kind: str,
    units: int,
) -> Mapping[str, Any]:
    """A contract for every product: of so many units for three years, or on a card for as long as the card serves.

    Raises ValueError for another kind.
    """
    moment = clock.now()
    contract = Contract(
        reseller_id=reseller_id,
        contract_id=ids.new("con", moment),
        kind=ContractKind(kind),
        products=frozenset(),
        valid_from=moment,
        valid_to=moment + timedelta(days=3 * 365),
        units_granted=units,
        units_left=units,
        units_held=0,
        units_used=0,
    )
    if contract.kind is ContractKind.PAY_AS_YOU_GO:
        card = card_for(cloud, reseller_id)
        contract = replace(
            contract,
            valid_to=card.usable_until if card else moment + timedelta(days=365),
            card_id=card.card_id if card else None,
            units_granted=0,
            units_left=0,
        )
    contracts.create(contract, "seed", ids.new("led", moment))
    return _told(contract)


def card_for(cloud: EmbeddedCloud, reseller_id: str) -> Card | None:
    """A new card on file of this reseller; None while the cloud has no payment gateway that would know it."""
    return cloud.give_card(reseller_id) if cloud.give_card else None


def _told(contract: Contract) -> Mapping[str, Any]:
    return {
        "contract_id": contract.contract_id,
        "kind": contract.kind.value,
        "units_left": contract.units_left,
    }


def _create_ca(cloud: EmbeddedCloud, clock: Clock) -> None:
    request = HierarchyRequest(ISSUER_ID, "http://repository.partner-center.example.com")
    store = DynamoDbIssuanceStore(cloud.client("dynamodb"), cloud.output("IssuanceTable"))
    keys = KmsCaKeys(cloud.client("kms"))
    create_hierarchy(request, keys, store, clock, os.urandom)
    ceremony = Ceremony(keys, store, clock, os.urandom)
    root, repository = ceremony.root(request.root_id), cloud.output("RepositoryBucket")
    published = BucketRepository(cloud.client("s3"), repository)
    published.put(f"{root.root_id}.crt", root.certificate_der, CERTIFICATE)
    published.put(f"{root.root_id}.crl", ceremony.sign_root_crl(root.root_id), CRL)
    keys.disable(key_alias(request.root_id))


def _publish_first_crl(cloud: EmbeddedCloud) -> None:
    """As the schedule does every day."""
    message = {"messageId": "first", "body": '{"scheduled": true}'}
    cloud.invoke("BuildCrlFunction", {"Records": [message]})


def _upload_block_list(cloud: EmbeddedCloud) -> None:
    cloud.client("s3").put_object(
        Bucket=cloud.output("BlockListBucket"),
        Key=f"{PREFIX}{NAME}.bin",
        Body=sample_block_list(),
    )


def _text(cloud: EmbeddedCloud, demo: Mapping[str, Any]) -> str:
    product = load_catalog().product(DEMO_PRODUCT)
    version = agreement_for(product).version if product else ""
    resellers = demo["resellers"]
    keys = "\n".join(f"  {each['reseller_id']:<15} {each['api_key']}" for each in resellers)
    staff = "\n".join(f"  {each['role']:<15} {each['api_key']}" for each in demo["staff"])
    return f"""
Demo resellers and their API keys (valid until this process ends):
{keys}

Keys of the staff, for /v1/staff, by role:
{staff}

A first order, to be pasted into another terminal:

  export PC={cloud.url} KEY={resellers[0]["api_key"]}
  openssl req -new -newkey rsa:2048 -nodes -keyout www.key -subj /CN=www.example.com -out www.csr
  python3 - <<'BODY' > order.json
import json
print(json.dumps({{
    "product": "{DEMO_PRODUCT}",
    "csr": open("www.csr").read(),
    "contacts": {{"technical": {{"first_name": "Ada", "last_name": "Byron",
                               "email": "ada@example.com", "phone": "+31 10 123 4567"}}}},
    "domain_control": {{"method": "email", "approver_email": "admin@example.com"}},
    "agreement": {{"version": "{version}", "accepted_by": "Ada Byron", "capacity": "applicant"}},
}}))
BODY
  curl -sS $PC/v1/orders -H "Authorization: Bearer $KEY" -H "Idempotency-Key: first" \\
       -H "Content-Type: application/json" -d @order.json | tee placed.json

The approval mail is at {cloud.url}/_local/mail ; open its link and approve. Then:

  ORDER=$(python3 -c 'import json; print(json.load(open("placed.json"))["order_id"])')
  curl -sS $PC/v1/orders/$ORDER -H "Authorization: Bearer $KEY"

Ctrl-C ends everything.
"""

"""The operator's door to the CAs: `python -m partner_center.entry.ca COMMAND` (docs/operations.md, CA bootstrap).

A person runs it with credentials of their own. The root's key is disabled but for the minutes in which it is used:
the person enables it, and the command disables it again.
"""

import argparse
import os
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from partner_center.entry.ca_desk import Desk
from partner_center.issuance.ca_certificates import HierarchyRequest
from partner_center.issuance.profile import CaReason, SignatureAlgorithm
from partner_center.kernel.errors import PartnerCenterError
from partner_center.kernel.level import Level


def main(
    arguments: Sequence[str] | None = None, make: Callable[[argparse.Namespace], Desk] | None = None
) -> int:
    options = _parser().parse_args(arguments)
    try:
        desk = (make or _wired)(options)
        _COMMANDS[options.command](desk, options)
    except (PartnerCenterError, ValueError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


_IDENTIFIER = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")

_COMMANDS: dict[str, Callable[[Desk, argparse.Namespace], None]] = {
    "root": lambda desk, options: desk.create_root(_request(options), options.dry_run),
    "issuing": lambda desk, options: desk.create_issuing_ca(_request(options), options.dry_run),
    "adopt": lambda desk, options: desk.adopt(_request(options), options.read_authority(options.arn)),
    "crl": lambda desk, options: desk.sign_root_crl(options.root_id, options.dry_run),
    "publish": lambda desk, options: desk.publish(options.root_id),
    "activate": lambda desk, options: desk.activate(options.issuer_id),
    "retire": lambda desk, options: desk.retire(options.issuer_id),
    "revoke": lambda desk, options: desk.revoke(options.issuer_id, CaReason(options.reason)),
    "list": lambda desk, options: desk.tell(options.root_id),
}


def _request(options: argparse.Namespace) -> HierarchyRequest:
    """What the certificate shall say; a new issuing CA is out of service until it is activated."""
    if options.command == "root":
        return HierarchyRequest(
            issuer_id="",
            repository_url=options.repository_url,
            root_id=options.root_id,
            organization=options.organization,
            country=options.country,
            root_name=options.name,
        )
    if options.command == "adopt":
        return HierarchyRequest(options.issuer_id, options.repository_url)
    return HierarchyRequest(
        issuer_id=options.issuer_id,
        repository_url=options.repository_url,
        root_id=options.root_id,
        organization=options.organization,
        country=options.country,
        issuing_name=options.name,
        algorithm=SignatureAlgorithm(options.algorithm),
        only_level=Level(options.level) if options.level else None,
        active=False,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m partner_center.entry.ca", description=__doc__)
    commands = parser.add_subparsers(required=True, dest="command")

    def command(name: str, text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text)
        added.add_argument("--root-id", default="root-r1", metavar="ID", type=_identifier)
        return added

    def one_that_signs(name: str, text: str) -> argparse.ArgumentParser:
        added = command(name, text)
        added.add_argument("--dry-run", action="store_true", help="show what would be signed, sign nothing")
        added.add_argument("--yes", action="store_true", help="do not ask")
        _where(added)
        return added

    def one_that_makes(name: str, text: str) -> argparse.ArgumentParser:
        added = one_that_signs(name, text)
        added.add_argument("--organization", required=True)
        added.add_argument("--country", required=True, help="two letters")
        added.add_argument("--name", required=True, help="common name of the CA")
        added.add_argument("--repository-url", required=True, help="plain http, no closing slash")
        return added

    one_that_makes("root", "make the root, with its first CRL")
    issuing = one_that_makes("issuing", "make an issuing CA under the root, not in service yet")
    issuing.add_argument("--issuer-id", required=True, metavar="ID", type=_identifier)
    algorithms = [algorithm.value for algorithm in SignatureAlgorithm]
    issuing.add_argument("--algorithm", choices=algorithms, default=SignatureAlgorithm.ECDSA_SHA256.value)
    issuing.add_argument("--level", choices=[level.value for level in Level], help="issues at no other level")
    issuing.add_argument("--endpoint", help="id of KmsEndpoint, through which alone a new key may sign")
    adopting = command("adopt", "make an authority of AWS Private CA an issuing CA, not in service yet")
    adopting.add_argument("--issuer-id", required=True, metavar="ID", type=_identifier)
    adopting.add_argument("--arn", required=True)
    adopting.add_argument("--repository-url", required=True, help="plain http, no closing slash")
    adopting.add_argument("--yes", action="store_true", help="do not ask")
    one_that_signs("crl", "sign the root's CRL: yearly, and after an issuing CA was revoked")
    _where(command("publish", "write every CA's certificate to the repository"))
    command("list", "tell what CAs there are")
    for name, text in (
        ("activate", "let an issuing CA sign certificates"),
        ("retire", "let it sign CRLs only"),
        ("revoke", "note that it is revoked; the root's next CRL tells it"),
    ):
        changing = command(name, text)
        changing.add_argument("issuer_id", metavar="ID")
        changing.add_argument("--yes", action="store_true", help="do not ask")
        if name == "revoke":
            changing.add_argument("--reason", required=True, choices=[reason.value for reason in CaReason])
    return parser


def _identifier(text: str) -> str:
    """It stands in keys, an alias, and in addresses inside certificates for as long as those live."""
    if not _IDENTIFIER.fullmatch(text):
        raise argparse.ArgumentTypeError("lower-case letters, digits and hyphens, at most 40")
    return text


def _where(command: argparse.ArgumentParser) -> None:
    place = command.add_mutually_exclusive_group()
    place.add_argument("--bucket", help="write into this bucket")
    place.add_argument("--out", type=Path, default=Path(), metavar="FOLDER", help="write files here")


def _wired(options: argparse.Namespace) -> Desk:
    """KMS, the table of ISSUANCE_TABLE and the bucket, with the operator's own credentials."""
    from botocore.session import get_session  # noqa: PLC0415 - after the arguments were understood

    from partner_center.adapters.ca_files import BucketRepository, FolderRepository  # noqa: PLC0415
    from partner_center.adapters.clock import SystemClock  # noqa: PLC0415
    from partner_center.adapters.issuance_store import DynamoDbIssuanceStore  # noqa: PLC0415
    from partner_center.adapters.kms_signer import KmsCaKeys, issuing_key_policy  # noqa: PLC0415
    from partner_center.adapters.private_ca import read_authority  # noqa: PLC0415
    from partner_center.issuance.bootstrap import Ceremony  # noqa: PLC0415

    client: Callable[[str], Any] = get_session().create_client
    options.read_authority = lambda arn: read_authority(client("acm-pca"), arn)
    policy = None
    if endpoint := getattr(options, "endpoint", None):
        caller = client("sts").get_caller_identity()
        partition, account = caller["Arn"].split(":")[1], caller["Account"]
        policy = issuing_key_policy(f"arn:{partition}:iam::{account}:root", endpoint)
    bucket = getattr(options, "bucket", None)
    store = DynamoDbIssuanceStore(client("dynamodb"), os.environ["ISSUANCE_TABLE"])
    ceremony = Ceremony(KmsCaKeys(client("kms"), policy), store, SystemClock(), os.urandom)
    return Desk(
        ceremony,
        BucketRepository(client("s3"), bucket)
        if bucket
        else FolderRepository(getattr(options, "out", Path())),
        sys.stdout.write,
        (lambda _: True) if getattr(options, "yes", False) else _asked,
        endpoint_known=policy is not None,
    )


def _asked(word: str) -> bool:
    return input(f"Type {word} to go on: ") == word


if __name__ == "__main__":
    sys.exit(main())

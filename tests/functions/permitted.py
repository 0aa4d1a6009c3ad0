"""What functions did on whole journeys, against what template.yaml lets them do: both ways.

The embedded cloud checks no permission, so this is where a missing one is found before AWS finds it, and where
one that nobody uses is noticed.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from email.utils import parseaddr
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import cfnlint
import pytest

from local.cloud import EmbeddedCloud
from local.lock import services_of
from local.template import ACCOUNT, REGION, Resolver, read
from partner_center.adapters import keys
from tests.functions.conftest import TEMPLATE

pytestmark = pytest.mark.cloud

TRANSACTED = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}
SERVICE_PREFIXES = {"stepfunctions": "states", "sfn": "states", "sesv2": "ses", "eventbridge": "events"}


@dataclass(frozen=True, order=True)
class Permission:
    """One action of one function on one resource. `resource` is `*` where AWS knows no resource for the action."""

    function: str
    action: str
    resource: str

    def __str__(self) -> str:
        return f"{self.function} {self.action} {self.resource}"


MAPPING = "AWS::Lambda::EventSourceMapping"

# Granted, and used by no journey below: each with the reason why it stays.
UNUSED = {
    # Without it S3 answers 403, not 404, for what does not exist.
    "BuildCrlFunction s3:ListBucket arn:aws:s3:::local-repositorybucket",
}
# Granted to Lambda itself, which acts in the function's name beside its code.
FOR_LAMBDA = {
    "RelayEventsFunction sqs:SendMessage local-RelayFailures",  # where records stand that were too old; poison
    "CheckControlFunction sqs:SendMessage local-CheckFailures",  # checks it gave up on
}


# ---- what was done


@pytest.fixture(scope="module")
def done(cloud: EmbeddedCloud, travelled: Mapping[str, int], poisoned: object) -> set[Permission]:
    """What every function asked of AWS on the journeys, and in an outage, as the permissions that this takes."""
    before = travelled
    return {
        permission
        for function, calls in cloud.recorded_calls.items()
        for recorded in calls[before.get(function, 0) :]
        for permission in permissions_for(cloud, function, recorded)
    }


def permissions_for(cloud: EmbeddedCloud, function: str, recorded: Mapping[str, Any]) -> Iterator[Permission]:
    """What one recorded call takes. Raises KeyError for a service that this test knows nothing of."""
    parameters, operation = recorded["parameters"], recorded["operation"]
    service = SERVICE_PREFIXES.get(recorded["service"], recorded["service"])
    for action, resource in RESOURCES[service](cloud, function, operation, parameters):
        yield Permission(
            function, f"{service}:{action}", resource if knows_resources(service, action) else "*"
        )


Needs = Iterable[tuple[str, str]]


def dynamodb_needs(
    cloud: EmbeddedCloud, function: str, operation: str, parameters: Mapping[str, Any]
) -> Needs:
    if operation == "TransactWriteItems":
        for entry in parameters["TransactItems"]:
            yield TRANSACTED[entry["kind"]], f"table/{entry['TableName']}"
        return
    index = f"/index/{parameters['IndexName']}" if "IndexName" in parameters else ""
    yield operation, f"table/{parameters['TableName']}{index}"


def kms_needs(cloud: EmbeddedCloud, function: str, operation: str, parameters: Mapping[str, Any]) -> Needs:
    described = cloud.client("kms").describe_key(KeyId=parameters["KeyId"])
    yield operation, f"key/{described['KeyMetadata']['KeyId']}"


def states_needs(cloud: EmbeddedCloud, function: str, operation: str, parameters: Mapping[str, Any]) -> Needs:
    """Executions are allowed for a machine as a whole: `execution:<machine>:<name>`."""
    if "executionArn" in parameters:
        yield operation, short(parameters["executionArn"])
    else:
        yield operation, parameters.get("stateMachineArn", "*").rpartition(":stateMachine:")[2]


def events_needs(cloud: EmbeddedCloud, function: str, operation: str, parameters: Mapping[str, Any]) -> Needs:
    for bus in parameters["EventBusName"]:
        yield operation, f"event-bus/{bus}"


def ses_needs(cloud: EmbeddedCloud, function: str, operation: str, parameters: Mapping[str, Any]) -> Needs:
    """The sender of a raw mail stands in the mail itself; both it and the configuration set must be allowed.

    A raw mail takes SendRawEmail beside the operation's own name.
    """
    environment = cloud.stack.functions[f"local-{function}"].environment
    domain = parseaddr(environment["MAIL_SENDER"])[1].rpartition("@")[2]
    for action in (operation, "SendRawEmail") if "Raw" in parameters["Content"] else (operation,):
        yield action, f"identity/{domain}"
        yield action, f"configuration-set/{environment['MAIL_CONFIGURATION_SET']}"


def s3_needs(cloud: EmbeddedCloud, function: str, operation: str, parameters: Mapping[str, Any]) -> Needs:
    if operation == "ListObjectsV2":
        yield "ListBucket", f"arn:aws:s3:::{parameters['Bucket']}"
    elif operation == "HeadObject":
        yield "GetObject", f"arn:aws:s3:::{parameters['Bucket']}/{parameters['Key']}"
    else:
        yield operation, f"arn:aws:s3:::{parameters['Bucket']}/{parameters['Key']}"


def lambda_needs(cloud: EmbeddedCloud, function: str, operation: str, parameters: Mapping[str, Any]) -> Needs:
    """A function of ours by its ARN, without the account if it is at home; an invocation takes InvokeFunction."""
    yield "InvokeFunction", short(parameters["FunctionName"])


def sqs_needs(cloud: EmbeddedCloud, function: str, operation: str, parameters: Mapping[str, Any]) -> Needs:
    """A batch takes the permission of what it consists of; only `GetQueueUrl` names its queue."""
    queue = (
        parameters["QueueName"] if operation == "GetQueueUrl" else parameters["QueueUrl"].rpartition("/")[2]
    )
    yield operation.removesuffix("Batch"), queue


def ssm_needs(cloud: EmbeddedCloud, function: str, operation: str, parameters: Mapping[str, Any]) -> Needs:
    for name in parameters["Names"]:
        yield operation, f"parameter{name}"


RESOURCES = {
    "ssm": ssm_needs,
    "lambda": lambda_needs,
    "sqs": sqs_needs,
    "s3": s3_needs,
    "dynamodb": dynamodb_needs,
    "kms": kms_needs,
    "states": states_needs,
    "events": events_needs,
    "ses": ses_needs,
}


def _known_actions() -> Any:
    folder = Path(cfnlint.__file__).parent / "data" / "AdditionalSpecs"
    return json.loads((folder / "Policies.json").read_text())


KNOWN_ACTIONS = _known_actions()


def knows_resources(service: str, action: str) -> bool:
    """Whether IAM lets the action be narrowed to resources; if not, a policy that tries grants nothing at all."""
    return bool(KNOWN_ACTIONS[service]["Actions"][action.lower()].get("Resources"))


# ---- what is granted


def statements(cloud: EmbeddedCloud, role: str) -> list[dict[str, Any]]:
    """The statements of a role's own policies that allow, with the stack's values filled in."""
    return [each for each in _own(cloud, role) if each["Effect"] == "Allow"]


def _own(cloud: EmbeddedCloud, role: str) -> list[dict[str, Any]]:
    properties = cloud.stack.template.resources[role]["Properties"]
    policies = cloud.stack._resolver.value(properties.get("Policies", []))
    return [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]


def listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def short(arn: str) -> str:
    """The part of an ARN after account and region, in which this test speaks of resources."""
    prefix = f":{REGION}:{ACCOUNT}:"
    return arn.rpartition(prefix)[2].removeprefix("stateMachine:") if prefix in arn else arn


def functions_of(cloud: EmbeddedCloud) -> list[str]:
    resources = cloud.stack.template.resources
    return sorted(name for name, each in resources.items() if each["Type"] == "AWS::Lambda::Function")


@pytest.fixture(scope="module")
def granted(cloud: EmbeddedCloud) -> set[Permission]:
    return {
        Permission(function, action, short(resource))
        for function in functions_of(cloud)
        for statement in statements(cloud, f"{function}Role")
        for action in listed(statement["Action"])
        for resource in listed(statement["Resource"])
    }


def covers(grant: Permission, need: Permission) -> bool:
    """Whether the grant allows it; an action that knows no resources is granted by `*` alone."""
    same = grant.function == need.function and fnmatchcase(need.action, grant.action)
    return same and (grant.resource == "*" or fnmatchcase(need.resource, grant.resource))


@pytest.mark.parametrize(
    ("grant", "need", "covered"),
    [
        (("F", "dynamodb:GetItem", "table/a"), ("F", "dynamodb:GetItem", "table/a"), True),
        (("F", "dynamodb:GetItem", "table/a"), ("G", "dynamodb:GetItem", "table/a"), False),
        (("F", "dynamodb:GetItem", "table/a"), ("F", "dynamodb:Query", "table/a"), False),
        (("F", "dynamodb:Query", "table/a"), ("F", "dynamodb:Query", "table/a/index/i"), False),
        (("F", "states:SendTaskSuccess", "machine"), ("F", "states:SendTaskSuccess", "*"), False),
        (("F", "states:SendTaskSuccess", "*"), ("F", "states:SendTaskSuccess", "*"), True),
        (("F", "s3:GetObject", "arn:b/lists/*"), ("F", "s3:GetObject", "arn:b/lists/x"), True),
        (("F", "s3:GetObject", "arn:b/lists/*"), ("F", "s3:GetObject", "arn:b/other/x"), False),
    ],
    ids=str,
)
def test_a_grant_covers_its_function_action_and_resource(
    grant: tuple[str, str, str], need: tuple[str, str, str], covered: bool
) -> None:
    assert covers(Permission(*grant), Permission(*need)) is covered


# ---- both ways


@pytest.mark.parametrize(
    ("content", "actions"),
    [("Raw", {"ses:SendEmail", "ses:SendRawEmail"}), ("Simple", {"ses:SendEmail"})],
)
def test_a_mail_takes_what_its_form_takes_of_sender_and_configuration_set(
    cloud: EmbeddedCloud, content: str, actions: set[str]
) -> None:
    recorded = {"service": "sesv2", "operation": "SendEmail", "parameters": {"Content": [content]}}
    needs = list(permissions_for(cloud, "TellDeclineFunction", recorded))
    assert {need.action for need in needs} == actions
    assert len({need.resource for need in needs}) == 2
    assert len(needs) == 2 * len(actions)


def test_every_call_is_permitted(done: set[Permission], granted: set[Permission]) -> None:
    forbidden = {need for need in done if not any(covers(grant, need) for grant in granted)}
    assert sorted(map(str, forbidden)) == []


def test_every_permission_is_used_or_listed_with_its_reason(
    done: set[Permission], granted: set[Permission]
) -> None:
    unused = {str(grant) for grant in granted if not any(covers(grant, need) for need in done)}
    assert unused == UNUSED | FOR_LAMBDA


def test_every_function_took_part(cloud: EmbeddedCloud, done: set[Permission]) -> None:
    """A function without calls proves nothing about its permissions."""
    assert set(functions_of(cloud)) - {need.function for need in done} == {"AnswerUnknownRouteFunction"}


def test_no_policy_scans_or_is_wider_than_aws_demands(granted: set[Permission]) -> None:
    for grant in granted:
        assert "*" not in grant.action
        assert not grant.action.endswith((":Scan", ":DeleteItem", ":BatchWriteItem"))
        service, _, action = grant.action.partition(":")
        assert (grant.resource == "*") == (not knows_resources(service, action)), grant
        assert "*" not in grant.resource[:-1], grant  # only a folder of a bucket is open at its end


LEADING = {
    ("ReportProblemFunction", "dynamodb:PutItem", "table/local-BusinessTable"): "REPORT#*",
    ("KeepAccountFunction", "dynamodb:UpdateItem", "table/local-AccessTable"): "RESELLER#*",
    ("KeepAccountFunction", "dynamodb:PutItem", "table/local-BusinessTable"): "R#*#REMINDERS",
}
"""What the partitions begin with that a function may write in a table."""


def beginning(function: str, statement: Mapping[str, Any]) -> str | None:
    found = (
        begins
        for (name, action, table), begins in LEADING.items()
        if name == function and action in statement["Action"] and table in str(statement["Resource"])
    )
    return next(found, None)


def test_policies_allow_and_have_no_conditions_that_this_test_would_not_see(cloud: EmbeddedCloud) -> None:
    """A listing's prefix, and partitions of reports and resellers: what is recorded of a call does not tell them."""
    for function in functions_of(cloud):
        for statement in statements(cloud, f"{function}Role"):
            condition = statement.get("Condition", {})
            if statement["Action"] == ["s3:ListBucket"] and function != "BuildCrlFunction":
                assert [*condition["StringEquals"]] == ["s3:prefix"]
            elif (begins := beginning(function, statement)) is not None:
                assert condition == {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": [begins]}}
            else:
                assert condition == {}


OF_SAM = {
    "AWSLambdaBasicExecutionRole": set[str](),
    "AWSXrayWriteOnlyAccess": set[str](),
    "AWSLambdaVPCAccessExecutionRole": set[str](),
    "AWSLambdaSQSQueueExecutionRole": {"sqs:ReceiveMessage", "sqs:DeleteMessage"},
    "AWSLambdaDynamoDBExecutionRole": {"dynamodb:GetRecords", "dynamodb:GetShardIterator"},
}
"""What SAM gives a role by what calls its function, and what of it reaches any queue or stream of the account."""


def test_what_sam_allows_on_every_queue_and_stream_is_denied_but_on_the_functions_own(
    cloud: EmbeddedCloud,
) -> None:
    resources = cloud.stack.template.resources
    read_by: dict[str, list[str]] = {}
    for mapping in (each["Properties"] for each in resources.values() if each["Type"] == MAPPING):
        source = cloud.stack._resolver.value(mapping["EventSourceArn"])
        read_by.setdefault(mapping["FunctionName"]["Ref"], []).append(source)
    for function in functions_of(cloud):
        role = f"{function}Role"
        given = {arn.rpartition("/")[2] for arn in resources[role]["Properties"]["ManagedPolicyArns"]}
        wide = set[str]().union(*(OF_SAM[policy] for policy in given))
        denied = [each for each in _own(cloud, role) if each["Effect"] == "Deny"]
        assert {action for each in denied for action in each["Action"]} == wide, function
        assert all(each["NotResource"] == read_by[function] for each in denied), function


def test_what_anybody_may_write_lies_in_partitions_of_reports(cloud: EmbeddedCloud) -> None:
    assert keys.problem_report("x").pk == keys.report_event("x", "y").pk == "REPORT#x"
    assert keys.report_guard("x", "y").pk.startswith("REPORT#")


def test_whoever_changes_its_account_writes_no_key(cloud: EmbeddedCloud) -> None:
    assert keys.reseller("x").pk == "RESELLER#x"
    assert not keys.api_key("x").pk.startswith("RESELLER#")


SIGNERS = {"SignCertificateFunction", "BuildCrlFunction"}
"""Who signs for an issuing CA. Whoever is added here runs where nothing leads out."""
WAYS_OUT = ("NatGateway", "InternetGateway", "EIP", "Route", "TransitGateway", "VPCPeeringConnection")


def test_whoever_signs_has_no_way_out_and_nobody_else_is_in_there(
    cloud: EmbeddedCloud, granted: set[Permission]
) -> None:
    """For every function there is and every one to come: a right to sign and the closed network go together."""
    resources = cloud.stack.template.resources
    inside = {name for name in functions_of(cloud) if "VpcConfig" in resources[name]["Properties"]}
    assert {grant.function for grant in granted if grant.action == "kms:Sign"} == inside == SIGNERS
    for name in inside:
        network = resources[name]["Properties"]["VpcConfig"]
        assert network["SubnetIds"] == [{"Ref": "SigningSubnetA"}, {"Ref": "SigningSubnetB"}]
        assert network["SecurityGroupIds"] == [{"Ref": "SignerSecurityGroup"}]


def test_nothing_leads_out_of_the_signing_network(cloud: EmbeddedCloud) -> None:
    resources = cloud.stack.template.resources
    assert not [
        each for each in resources.values() if each["Type"] in {f"AWS::EC2::{kind}" for kind in WAYS_OUT}
    ]
    for name, each in resources.items():
        if each["Type"] == "AWS::EC2::Subnet":
            assert not each["Properties"].get("MapPublicIpOnLaunch"), name


def test_a_key_that_signs_does_so_through_the_endpoint_only(cloud: EmbeddedCloud) -> None:
    """Whoever asks, a person with every right included; the root's key is none of the stack's."""
    signing = {
        name: each["Properties"]["KeyPolicy"]["Statement"]
        for name, each in cloud.stack.template.resources.items()
        if each["Type"] == "AWS::KMS::Key" and each["Properties"].get("KeyUsage") == "SIGN_VERIFY"
    }
    assert signing.keys() == {"IssuingCaKey"}
    for statements_ in signing.values():
        (denied,) = [each for each in statements_ if each["Effect"] == "Deny"]
        assert (denied["Principal"], denied["Action"]) == ("*", "kms:Sign")
        assert denied["Condition"] == {"StringNotEquals": {"aws:SourceVpce": {"Ref": "KmsEndpoint"}}}


def test_nobody_who_signs_is_given_what_reaches_the_internet(cloud: EmbeddedCloud) -> None:
    """Neither perspectives to ask nor mail to send; what its code makes clients of is behind an endpoint."""
    for function in SIGNERS:
        properties = cloud.stack.template.resources[function]["Properties"]
        told = properties.get("Environment", {}).get("Variables", {})
        assert not {"PERSPECTIVES", "MAIL_SENDER", "MACHINE_ARN", "BUS_NAME"} & told.keys()
        folder = cloud.stack.template.root / properties["Code"]["S3Key"]
        assert services_of(folder) <= {"acm-pca", "dynamodb", "kms", "s3"}, function


def test_further_issuing_keys_are_for_who_signs_alone() -> None:
    """The right to use them comes with the parameter, and the closed network holds for them too."""
    keys = [f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{number}" for number in (1, 2)]
    own = {"PublicUrl": "http://127.0.0.1:1", "DnsServer": "", "WebServer": "", "Perspectives": ""}
    template = read(TEMPLATE, {"FurtherIssuingKeys": ",".join(keys)}, own)
    resolver = Resolver(template, lambda name, attribute: f"{name}.{attribute}")
    granted = {
        name: set(listed(statement["Resource"]))
        for name, each in template.resources.items()
        if each["Type"] == "AWS::IAM::Role"
        for policy in resolver.value(each["Properties"].get("Policies", []))
        for statement in policy["PolicyDocument"]["Statement"]
        if set(keys) & set(listed(statement.get("Resource", [])))
    }
    assert granted == {f"{name}Role": set(keys) for name in SIGNERS}


def test_an_authority_is_asked_by_who_signs_alone_and_from_inside() -> None:
    arn = f"arn:aws:acm-pca:{REGION}:{ACCOUNT}:certificate-authority/1"
    own = {"PublicUrl": "http://127.0.0.1:1", "DnsServer": "", "WebServer": "", "Perspectives": ""}
    template = read(TEMPLATE, {"PrivateCaArn": arn}, own)
    resolver = Resolver(template, lambda name, attribute: f"{name}.{attribute}")
    granted = {
        (name, action)
        for name, each in template.resources.items()
        if each["Type"] == "AWS::IAM::Role"
        for policy in resolver.value(each["Properties"].get("Policies", []))
        for statement in policy["PolicyDocument"]["Statement"]
        for action in listed(statement["Action"])
        if action.startswith("acm-pca:")
    }
    signer, teller = "SignCertificateFunctionRole", "BuildCrlFunctionRole"
    assert granted == {
        (signer, "acm-pca:IssueCertificate"),
        (signer, "acm-pca:GetCertificate"),
        (teller, "acm-pca:RevokeCertificate"),
        (teller, "acm-pca:GetCertificate"),
    }
    endpoint = template.resources["PrivateCaEndpoint"]
    assert resolver.condition(endpoint["Condition"])
    assert endpoint["Properties"]["SubnetIds"] == [{"Ref": "SigningSubnetA"}, {"Ref": "SigningSubnetB"}]


def test_whoever_checks_certificates_can_neither_sign_nor_write_one(granted: set[Permission]) -> None:
    may = {grant for grant in granted if grant.function == "CheckCertificatesFunction"}
    assert not [grant for grant in may if grant.action.startswith("kms:")]
    writing = {"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"}
    written = {grant.resource for grant in may if grant.action in writing}
    assert written == {"table/local-BusinessTable", "table/local-AuditTable"}


def test_only_issuance_writes_certificates_and_only_the_machine_and_approvers_write_proofs(
    granted: set[Permission],
) -> None:
    def writers(table: str) -> set[str]:
        verbs = {"dynamodb:PutItem", "dynamodb:UpdateItem"}
        return {grant.function for grant in granted if grant.action in verbs and grant.resource == table}

    assert writers("table/local-IssuanceTable") == {
        "SignCertificateFunction",
        "BlockExposedKeyFunction",
        "BuildCrlFunction",
        "FinishRevocationFunction",
        "RevokeSupersededFunction",
        "RevokeCertificatesFunction",
        "DecideProblemReportFunction",
    }
    assert writers("table/local-ValidationTable") == {
        "AskAgainFunction",
        "AwaitDomainsFunction",
        "ApproveDomainFunction",
        "CheckControlFunction",
        "RunPreflightFunction",
    }
    assert writers("table/local-AccessTable") == {"KeepAccountFunction"}


def test_functions_of_the_api_count_requests_and_can_do_nothing_else_to_counts(
    cloud: EmbeddedCloud, granted: set[Permission]
) -> None:
    counting = {(each.function, each.action) for each in granted if each.resource == "table/local-QuotaTable"}
    answering = {route.function.rpartition(":local-")[2] for route in cloud.stack.routes}
    assert counting == {(name, "dynamodb:UpdateItem") for name in answering - {"AnswerUnknownRouteFunction"}}


def test_the_machine_may_invoke_its_own_functions_and_do_nothing_else(cloud: EmbeddedCloud) -> None:
    machine = cloud.stack.template.resources["FulfilOrder"]["Properties"]
    invoked = set(cloud.stack._resolver.value(machine["DefinitionSubstitutions"]).values())
    allowed = statements(cloud, "FulfilOrderRole")
    assert {action for each in allowed for action in listed(each["Action"])} == {"lambda:InvokeFunction"}
    assert {resource for each in allowed for resource in listed(each["Resource"])} == invoked
    definition = (cloud.stack.template.root / "statemachines" / "fulfil_order.asl.yaml").read_text()
    for name in machine["DefinitionSubstitutions"]:
        assert f"${{{name}}}" in definition

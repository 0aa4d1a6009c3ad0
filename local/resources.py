"""The stack: every resource of the template, created when it is first referred to."""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from local.http_api import Route
from local.schedules import Schedule
from local.sources import SourceMapping
from local.template import ACCOUNT, REGION, STACK, Resolver, Template, TemplateRefused

if TYPE_CHECKING:
    from local.runtime import FunctionConfig

_NETWORK = "functions run on this machine and reach its loopback only"
_PERMISSIONS = "permissions are not checked here"
_WATCHING = "nobody is paged here; what failed stands in the console"
_EDGE = "nothing stands in front of the API here"
_MAIL = "mail of any sender is kept in the mailbox"

WITHOUT_EFFECT: Mapping[str, str] = {
    "AWS::IAM::Role": _PERMISSIONS,
    "AWS::IAM::Policy": _PERMISSIONS,
    "AWS::IAM::ManagedPolicy": _PERMISSIONS,
    "AWS::Lambda::Permission": _PERMISSIONS,
    "AWS::S3::BucketPolicy": _PERMISSIONS,
    "AWS::SQS::QueuePolicy": _PERMISSIONS,
    "AWS::SNS::TopicPolicy": _PERMISSIONS,
    "AWS::Events::EventBusPolicy": _PERMISSIONS,
    "AWS::EC2::VPC": _NETWORK,
    "AWS::EC2::Subnet": _NETWORK,
    "AWS::EC2::SecurityGroup": _NETWORK,
    "AWS::EC2::SecurityGroupIngress": _NETWORK,
    "AWS::EC2::SecurityGroupEgress": _NETWORK,
    "AWS::EC2::RouteTable": _NETWORK,
    "AWS::EC2::Route": _NETWORK,
    "AWS::EC2::SubnetRouteTableAssociation": _NETWORK,
    "AWS::EC2::VPCEndpoint": _NETWORK,
    "AWS::EC2::InternetGateway": _NETWORK,
    "AWS::EC2::VPCGatewayAttachment": _NETWORK,
    "AWS::EC2::NatGateway": _NETWORK,
    "AWS::EC2::EIP": _NETWORK,
    "AWS::CloudWatch::Alarm": _WATCHING,
    "AWS::CloudWatch::CompositeAlarm": _WATCHING,
    "AWS::CloudWatch::Dashboard": _WATCHING,
    "AWS::SNS::Topic": _WATCHING,
    "AWS::SNS::Subscription": _WATCHING,
    "AWS::Logs::LogGroup": "functions log to the terminal",
    "AWS::Logs::MetricFilter": "functions log to the terminal",
    "AWS::Logs::ResourcePolicy": "functions log to the terminal",
    "AWS::SES::EmailIdentity": _MAIL,
    "AWS::SES::ConfigurationSet": _MAIL,
    "AWS::SES::ConfigurationSetEventDestination": _MAIL,
    "AWS::ApiGatewayV2::Stage": "there is one stage, $default",
    "AWS::ApiGatewayV2::DomainName": _EDGE,
    "AWS::ApiGatewayV2::ApiMapping": _EDGE,
    "AWS::CertificateManager::Certificate": _EDGE,
    "AWS::CloudFront::Distribution": _EDGE,
    "AWS::CloudFront::OriginAccessControl": _EDGE,
    "AWS::CloudFront::CachePolicy": _EDGE,
    "AWS::CloudFront::OriginRequestPolicy": _EDGE,
    "AWS::CloudFront::ResponseHeadersPolicy": _EDGE,
    "AWS::CloudFront::Function": _EDGE,
    "AWS::Route53::RecordSet": _EDGE,
    "AWS::WAFv2::WebACL": _EDGE,
    "AWS::WAFv2::WebACLAssociation": _EDGE,
    "AWS::WAFv2::IPSet": _EDGE,
}


@dataclass(frozen=True, slots=True)
class Created:
    """`ref` is what Ref answers, `attributes` what Fn::GetAtt answers."""

    ref: str
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AsyncFailures:
    """What becomes of an asynchronous invocation that fails: EventInvokeConfig, or DeadLetterConfig of a function."""

    retries: int = 2
    on_failure: str | None = None
    dead_letters: str | None = None


Creator = Callable[["Stack", str, Mapping[str, Any]], Created]


class Stack:
    """What `create_all` left behind: physical names and everything that the cloud has to run itself."""

    def __init__(
        self, template: Template, client: Callable[[str], Any], creators: Mapping[str, Creator], endpoint: str
    ) -> None:
        self.template, self.client, self.endpoint = template, client, endpoint
        self.functions: dict[str, FunctionConfig] = {}
        self.layers: dict[str, str] = {}
        self.async_failures: dict[str, AsyncFailures] = {}
        self.routes: list[Route] = []
        self.mappings: list[SourceMapping] = []
        self.schedules: list[Schedule] = []
        self._creators = creators
        self._created: dict[str, Created] = {}
        self._under_creation: list[str] = []
        self._resolver = Resolver(template, self._value_of)

    @cached_property
    def role(self) -> str:
        """The one role that moto insists on, for all stacks; permissions are not checked here."""
        iam = self.client("iam")
        with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):
            iam.create_role(RoleName=STACK, AssumeRolePolicyDocument="{}")
        return str(iam.get_role(RoleName=STACK)["Role"]["Arn"])

    def create_all(self) -> None:
        """Raises TemplateRefused before anything is created if a type is unknown."""
        known = set(self._creators) | set(WITHOUT_EFFECT)
        unknown = {
            f"{name} ({r['Type']})" for name, r in self.template.resources.items() if r["Type"] not in known
        }
        if unknown:
            raise TemplateRefused("no local counterpart for " + ", ".join(sorted(unknown)))
        for name, resource in self.template.resources.items():
            if self._exists(resource):
                self.created(name)

    def created(self, name: str) -> Created:
        if name not in self._created:
            self._created[name] = self._create(name)
        return self._created[name]

    def attribute(self, name: str, attribute: str) -> str:
        return str(self._value_of(name, attribute))

    def output(self, name: str) -> str:
        return str(self._resolver.value(self.template.outputs[name]["Value"]))

    def _exists(self, resource: Mapping[str, Any]) -> bool:
        return "Condition" not in resource or self._resolver.condition(resource["Condition"])

    def _create(self, name: str) -> Created:
        resource = self.template.resources.get(name)
        if resource is None or not self._exists(resource):
            raise TemplateRefused(f"reference to {name}, which does not exist under these parameters")
        if name in self._under_creation:
            raise TemplateRefused("circular reference: " + " -> ".join([*self._under_creation, name]))
        self._under_creation.append(name)
        after = resource.get("DependsOn", [])
        for other in [after] if isinstance(after, str) else after:
            self.created(other)
        if resource["Type"] in WITHOUT_EFFECT:
            made = Created(physical_name(name))
        else:
            properties = self._resolver.value(resource.get("Properties", {}))
            made = self._creators[resource["Type"]](self, name, properties)
        self._under_creation.pop()
        return made

    def _value_of(self, name: str, attribute: str | None) -> str:
        made = self.created(name)
        if attribute is None:
            return made.ref
        kind = self.template.resources[name]["Type"]
        if kind in WITHOUT_EFFECT:
            service, _, noun = kind.removeprefix("AWS::").lower().partition("::")
            arn = f"arn:aws:{service}::{ACCOUNT}:{noun}/{made.ref}"
            return arn if attribute.endswith("Arn") else f"{made.ref}-{attribute}"
        if attribute not in made.attributes:
            raise TemplateRefused(f"{name} ({kind}) has no attribute {attribute} here")
        return made.attributes[attribute]


def physical_name(logical_id: str) -> str:
    return f"{STACK}-{logical_id}"


def arn(service: str, resource: str, region: str = REGION) -> str:
    return f"arn:aws:{service}:{region}:{ACCOUNT}:{resource}"

"""One function per resource type with an effect: makes it in moto, or notes what the cloud has to run itself."""

import functools
import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from local.http_api import ANY_METHOD, DEFAULT_ROUTE, Route
from local.resources import AsyncFailures, Created, Creator, Stack, arn, physical_name
from local.runtime import FunctionConfig
from local.schedules import Schedule
from local.sources import SourceMapping
from local.template import REGION, TemplateRefused, described

Properties = Mapping[str, Any]
ANY_IN_OPENAPI = "x-amazon-apigateway-any-method"
QUEUE_ATTRIBUTES = (
    "VisibilityTimeout",
    "RedrivePolicy",
    "DelaySeconds",
    "MessageRetentionPeriod",
    "MaximumMessageSize",
    "ReceiveMessageWaitTimeSeconds",
    "FifoQueue",
    "ContentBasedDeduplication",
)
TABLE_PROPERTIES = (
    "AttributeDefinitions",
    "KeySchema",
    "GlobalSecondaryIndexes",
    "LocalSecondaryIndexes",
    "BillingMode",
    "ProvisionedThroughput",
)


def tables_of(template: Path) -> Mapping[str, Properties]:
    """What a table of the template is made with, by its logical id in small letters, without "Table"."""
    return {
        name.removesuffix("Table").lower(): _of_table(resource["Properties"])
        for name, resource in described(template)["Resources"].items()
        if resource["Type"] == "AWS::DynamoDB::Table"
    }


def _of_table(properties: Properties) -> Properties:
    return {key: properties[key] for key in TABLE_PROPERTIES if key in properties}


def layer(stack: Stack, name: str, properties: Properties) -> Created:
    version = arn("lambda", f"layer:{name}:1")
    stack.layers[version] = str(stack.template.root / properties["Content"]["S3Key"])
    return Created(version)


def function(stack: Stack, name: str, properties: Properties) -> Created:
    variables = properties.get("Environment", {}).get("Variables", {})
    config = FunctionConfig(
        name=physical_name(name),
        arn=arn("lambda", f"function:{physical_name(name)}"),
        handler=properties["Handler"],
        code=str(stack.template.root / properties["Code"]["S3Key"]),
        layers=tuple(stack.layers[version] for version in properties.get("Layers", [])),
        environment={key: str(value) for key, value in variables.items()}
        | {"AWS_ENDPOINT_URL": stack.endpoint},
        timeout=float(properties.get("Timeout", 3)),
        memory=int(properties.get("MemorySize", 128)),
    )
    if dead_letters := properties.get("DeadLetterConfig", {}).get("TargetArn"):
        stack.async_failures[config.name] = AsyncFailures(dead_letters=dead_letters)
    return known_function(stack, config)


def known_function(stack: Stack, config: FunctionConfig) -> Created:
    """Tells moto of a function that the runtime will answer for."""
    stack.client("lambda").create_function(
        FunctionName=config.name,
        Runtime="python3.13",
        Role=stack.role,
        Handler=config.handler,
        Code={"ZipFile": _empty_archive()},
    )
    stack.functions[config.name] = config
    return Created(config.name, {"Arn": config.arn})


@functools.cache
def _empty_archive() -> bytes:
    """moto wants code for its function; it is never run."""
    file = io.BytesIO()
    zipfile.ZipFile(file, "w").close()
    return file.getvalue()


def async_rules(stack: Stack, name: str, properties: Properties) -> Created:
    destination = properties.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
    retries = int(properties.get("MaximumRetryAttempts", 2))
    stack.async_failures[properties["FunctionName"]] = AsyncFailures(retries, on_failure=destination)
    return Created(name)


def source_mapping(stack: Stack, name: str, properties: Properties) -> Created:
    if properties.get("Enabled", True):
        stack.mappings.append(SourceMapping.of(properties))
    return Created(name)


def table(stack: Stack, name: str, properties: Properties) -> Created:
    physical, client = properties.get("TableName", physical_name(name)), stack.client("dynamodb")
    wanted = dict(_of_table(properties))
    if stream := properties.get("StreamSpecification"):
        view = stream.get("StreamViewType", "NEW_AND_OLD_IMAGES")
        wanted["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": view}
    made = client.create_table(TableName=physical, **wanted)["TableDescription"]
    if limit := properties.get("TimeToLiveSpecification"):
        client.update_time_to_live(TableName=physical, TimeToLiveSpecification=limit)
    return Created(physical, {"Arn": made["TableArn"], "StreamArn": made.get("LatestStreamArn", "")})


def queue(stack: Stack, name: str, properties: Properties) -> Created:
    physical = properties.get("QueueName", physical_name(name))
    attributes = {key: _as_text(properties[key]) for key in QUEUE_ATTRIBUTES if key in properties}
    url = stack.client("sqs").create_queue(QueueName=physical, Attributes=attributes)["QueueUrl"]
    return Created(url, {"Arn": arn("sqs", physical), "QueueName": physical, "QueueUrl": url})


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def bucket(stack: Stack, name: str, properties: Properties) -> Created:
    physical, client = properties.get("BucketName", physical_name(name)).lower(), stack.client("s3")
    client.create_bucket(
        Bucket=physical,
        CreateBucketConfiguration={"LocationConstraint": REGION},
        ObjectLockEnabledForBucket=properties.get("ObjectLockEnabled", False),
    )
    if versioning := properties.get("VersioningConfiguration"):
        client.put_bucket_versioning(Bucket=physical, VersioningConfiguration=versioning)
    if lock := properties.get("ObjectLockConfiguration"):
        client.put_object_lock_configuration(Bucket=physical, ObjectLockConfiguration=lock)
    if "NotificationConfiguration" in properties:
        raise TemplateRefused(f"{name}: bucket notifications are not delivered locally")
    domain = f"{physical}.s3.{REGION}.amazonaws.com"
    attributes = {"Arn": f"arn:aws:s3:::{physical}", "DomainName": domain, "RegionalDomainName": domain}
    return Created(physical, attributes)


def key(stack: Stack, _: str, properties: Properties) -> Created:
    made = stack.client("kms").create_key(
        KeySpec=properties.get("KeySpec", "SYMMETRIC_DEFAULT"),
        KeyUsage=properties.get("KeyUsage", "ENCRYPT_DECRYPT"),
        MultiRegion=properties.get("MultiRegion", False),
        Description=properties.get("Description", ""),
    )["KeyMetadata"]
    return Created(made["KeyId"], {"Arn": made["Arn"], "KeyId": made["KeyId"]})


def alias(stack: Stack, _: str, properties: Properties) -> Created:
    stack.client("kms").create_alias(AliasName=properties["AliasName"], TargetKeyId=properties["TargetKeyId"])
    return Created(properties["AliasName"])


def parameter(stack: Stack, name: str, properties: Properties) -> Created:
    physical = properties.get("Name", physical_name(name))
    stack.client("ssm").put_parameter(Name=physical, Type=properties["Type"], Value=properties["Value"])
    return Created(physical, {"Type": properties["Type"], "Value": properties["Value"]})


def bus(stack: Stack, _: str, properties: Properties) -> Created:
    made = stack.client("events").create_event_bus(Name=properties["Name"])["EventBusArn"]
    return Created(properties["Name"], {"Arn": made, "Name": properties["Name"]})


def rule(stack: Stack, name: str, properties: Properties) -> Created:
    physical, enabled = properties.get("Name", physical_name(name)), properties.get("State") != "DISABLED"
    if "ScheduleExpression" in properties and enabled:
        expression, targets = properties["ScheduleExpression"], properties["Targets"]
        stack.schedules += [Schedule(physical, expression, target, "aws.events") for target in targets]
    bus_name = properties.get("EventBusName", "default")
    if "EventPattern" in properties:
        client, pattern = stack.client("events"), json.dumps(properties["EventPattern"])
        state = "ENABLED" if enabled else "DISABLED"
        client.put_rule(Name=physical, State=state, EventBusName=bus_name, EventPattern=pattern)
        client.put_targets(Rule=physical, EventBusName=bus_name, Targets=properties["Targets"])
    return Created(physical, {"Arn": arn("events", f"rule/{physical}")})


def schedule(stack: Stack, name: str, properties: Properties) -> Created:
    physical, zone = properties.get("Name", name), properties.get("ScheduleExpressionTimezone", "UTC")
    if properties.get("State") != "DISABLED":
        expression, target = properties["ScheduleExpression"], properties["Target"]
        stack.schedules.append(Schedule(physical, expression, target, "aws.scheduler", zone))
    return Created(physical, {"Arn": arn("scheduler", f"schedule/default/{physical}")})


def schedule_group(_: Stack, name: str, properties: Properties) -> Created:
    physical = properties.get("Name", physical_name(name))
    return Created(physical, {"Arn": arn("scheduler", f"schedule-group/{physical}")})


def state_machine(stack: Stack, name: str, properties: Properties) -> Created:
    definition = (stack.template.root / properties["DefinitionS3Location"]["Key"]).read_text()
    for placeholder, value in properties.get("DefinitionSubstitutions", {}).items():
        definition = definition.replace(f"${{{placeholder}}}", str(value))
    physical = properties.get("StateMachineName", physical_name(name))
    made = stack.client("stepfunctions").create_state_machine(
        name=physical,
        definition=json.dumps(yaml.safe_load(definition)),
        roleArn=stack.role,
        type=properties.get("StateMachineType", "STANDARD"),
    )["stateMachineArn"]
    return Created(made, {"Arn": made, "Name": physical})


def api(stack: Stack, name: str, properties: Properties) -> Created:
    """Reads the routes out of the OpenAPI document that SAM made of the HttpApi events."""
    for path, methods in properties["Body"].get("paths", {}).items():
        for method, operation in methods.items():
            called = operation["x-amazon-apigateway-integration"]["uri"].split("/functions/")[1]
            verb = ANY_METHOD if method == ANY_IN_OPENAPI else method.upper()
            where = DEFAULT_ROUTE if path.strip("/") == DEFAULT_ROUTE else path
            stack.routes.append(Route(verb, where, called.removesuffix("/invocations")))
    if "x-amazon-apigateway-cors" in properties["Body"]:
        raise TemplateRefused(f"{name}: answers to CORS preflights are not given locally")
    return Created("local", {"ApiEndpoint": stack.template.parameters.get("PublicUrl", ""), "ApiId": "local"})


CREATORS: Mapping[str, Creator] = {
    "AWS::ApiGatewayV2::Api": api,
    "AWS::DynamoDB::Table": table,
    "AWS::Events::EventBus": bus,
    "AWS::Events::Rule": rule,
    "AWS::KMS::Alias": alias,
    "AWS::KMS::Key": key,
    "AWS::Lambda::EventInvokeConfig": async_rules,
    "AWS::Lambda::EventSourceMapping": source_mapping,
    "AWS::Lambda::Function": function,
    "AWS::Lambda::LayerVersion": layer,
    "AWS::S3::Bucket": bucket,
    "AWS::SQS::Queue": queue,
    "AWS::SSM::Parameter": parameter,
    "AWS::Scheduler::Schedule": schedule,
    "AWS::Scheduler::ScheduleGroup": schedule_group,
    "AWS::StepFunctions::StateMachine": state_machine,
}

"""From template.yaml to plain CloudFormation, offline, and the values of its intrinsic functions."""

import base64
import copy
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from samtranslator.yaml_helper import intrinsics_multi_constructor

ACCOUNT = "123456789012"
REGION = "eu-west-1"
STACK = "local"

# SAM wants code in a bucket: under this name the "key" is a path below the template's folder.
ON_DISK = "on-disk"
PATH_PROPERTIES = {
    "AWS::Serverless::Function": "CodeUri",
    "AWS::Serverless::LayerVersion": "ContentUri",
    "AWS::Serverless::StateMachine": "DefinitionUri",
}
_SAID_OF_A_PARAMETER = frozenset(
    {
        "AllowedPattern",
        "AllowedValues",
        "ConstraintDescription",
        "Default",
        "Description",
        "MaxLength",
        "MaxValue",
        "MinLength",
        "MinValue",
        "NoEcho",
        "Type",
    }
)
NO_VALUE = object()
PSEUDO_PARAMETERS: Mapping[str, Any] = {
    "AWS::AccountId": ACCOUNT,
    "AWS::NoValue": NO_VALUE,
    "AWS::Partition": "aws",
    "AWS::StackId": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{STACK}/0",
    "AWS::StackName": STACK,
    "AWS::URLSuffix": "amazonaws.com",
}


class TemplateRefused(Exception):
    """The template asks for something that the embedded cloud does not know; the message names it."""


@dataclass(frozen=True, slots=True)
class Template:
    root: Path
    parameters: Mapping[str, Any]
    resources: Mapping[str, Any]
    outputs: Mapping[str, Any]
    conditions: Mapping[str, Any]
    mappings: Mapping[str, Any]
    region: str = REGION


def read(path: Path, overrides: Mapping[str, str], offers: Mapping[str, str]) -> Template:
    """The template at `path` with SAM's resources expanded. Raises TemplateRefused.

    `overrides` are parameters that must exist, `offers` values for those that do.
    """
    text = path.read_text()
    declared = _parsed(text).get("Parameters", {})
    offered = {name: value for name, value in offers.items() if name in declared}
    parameters = _parameters(declared, {**offered, **overrides})
    fixed = tuple(sorted(overrides.items()))
    expanded = _expanded(text, fixed, frozenset(offered.keys() - overrides.keys()), path.name)
    return Template(
        path.resolve().parent,
        parameters,
        expanded["Resources"],
        expanded.get("Outputs", {}),
        expanded.get("Conditions", {}),
        expanded.get("Mappings", {}),
    )


def described(path: Path) -> Mapping[str, Any]:
    """A template as it stands there, short forms of functions (`!Ref Name`) written out (`{"Ref": "Name"}`).

    It is read once in a process; nobody changes what this answers.
    """
    return _parsed(path.read_text("utf-8"))


@lru_cache(8)
def _parsed(text: str) -> Mapping[str, Any]:
    parsed: Mapping[str, Any] = yaml.load(text, _Loader)  # noqa: S506 - a safe one
    return parsed


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """In C where PyYAML was built with it: ten times as fast, and template.yaml is long."""


_Loader.add_multi_constructor("!", intrinsics_multi_constructor)


@lru_cache(8)
def _expanded(
    text: str, fixed: tuple[tuple[str, str], ...], later: frozenset[str], name: str
) -> Mapping[str, Any]:
    """With SAM's resources expanded, which takes a second; nobody changes what this answers.

    References to the parameters `later` are left as they are, so that the next cloud of this process, whose ports
    are others, finds it made.
    """
    if "Transform" not in _parsed(text):
        return _parsed(text)
    from boto3 import Session  # noqa: PLC0415
    from samtranslator.parser.parser import Parser  # noqa: PLC0415
    from samtranslator.public.exceptions import InvalidDocumentException  # noqa: PLC0415
    from samtranslator.translator.translator import Translator  # noqa: PLC0415

    source = copy.deepcopy(dict(_parsed(text)))
    declared = source.get("Parameters", {})
    for parameter in later:
        declared[parameter].pop("Default", None)  # SAM would put it in the place of each reference
    known = {name: declaration for name, declaration in declared.items() if name not in later}
    functions = source.get("Globals", {}).get("Function", {})
    _keep_on_disk(functions, "CodeUri")
    for resource in source["Resources"].values():
        if property_name := PATH_PROPERTIES.get(resource["Type"]):
            _keep_on_disk(resource.setdefault("Properties", {}), property_name)
    try:
        translator = Translator({}, Parser(), boto_session=Session(region_name=REGION))
        return dict(translator.translate(source, _parameters(known, dict(fixed))))
    except InvalidDocumentException as error:
        raise TemplateRefused(f"{name}: " + "; ".join(cause.message for cause in error.causes)) from error


def _keep_on_disk(properties: dict[str, Any], name: str) -> None:
    if isinstance(properties.get(name), str):
        properties[name] = {"Bucket": ON_DISK, "Key": properties[name]}


def _parameters(declared: Mapping[str, Any], overrides: Mapping[str, str]) -> dict[str, Any]:
    if unknown := sorted(set(overrides) - set(declared)):
        raise TemplateRefused(f"the template has no parameter {', '.join(unknown)}")
    values = {}
    for name, declaration in declared.items():
        if name not in overrides and "Default" not in declaration:
            raise TemplateRefused(f"parameter {name} has neither a default nor a value")
        value = str(overrides.get(name, declaration.get("Default")))
        is_list = declaration["Type"] == "CommaDelimitedList" or declaration["Type"].startswith("List<")
        values[name] = [part.strip() for part in value.split(",")] if is_list else value
        for part in values[name] if is_list else [value]:
            if wrong := _wrong(part, declaration):
                hint = declaration.get("ConstraintDescription") or declaration.get("Description") or ""
                raise TemplateRefused(f"parameter {name}: {part!r} {wrong}. {hint}".rstrip())
    return values


def _wrong(value: str, declaration: Mapping[str, Any]) -> str | None:
    """What CloudFormation would refuse of one value, as the end of a sentence.

    Raises TemplateRefused for a rule that is not known here.
    """
    if unknown := sorted(set(declaration) - _SAID_OF_A_PARAMETER):
        raise TemplateRefused(f"a parameter with {', '.join(unknown)} is not known here")
    is_number = declaration["Type"] in {"Number", "List<Number>"}
    return (_wrong_number(value, declaration) if is_number else None) or _wrong_text(value, declaration)


def _wrong_number(value: str, declaration: Mapping[str, Any]) -> str | None:
    try:
        number = Decimal(value)
    except InvalidOperation:
        return "is no number"
    if not number.is_finite():
        return "is no number"
    if "MinValue" in declaration and number < Decimal(str(declaration["MinValue"])):
        return f"is less than {declaration['MinValue']}"
    if "MaxValue" in declaration and number > Decimal(str(declaration["MaxValue"])):
        return f"is more than {declaration['MaxValue']}"
    return None


def _wrong_text(value: str, declaration: Mapping[str, Any]) -> str | None:
    if not int(declaration.get("MinLength", 0)) <= len(value) <= int(declaration.get("MaxLength", 4096)):
        return f"has {len(value)} characters"
    if "AllowedValues" in declaration and value not in map(str, declaration["AllowedValues"]):
        return f"is none of {', '.join(map(str, declaration['AllowedValues']))}"
    if "AllowedPattern" in declaration and not re.fullmatch(str(declaration["AllowedPattern"]), value):
        return f"does not look like {declaration['AllowedPattern']}"
    return None


class Resolver:
    """Replaces intrinsic functions by values; `attribute(logical id, None)` is what Ref of a resource means."""

    def __init__(self, template: Template, attribute: Callable[[str, str | None], Any]) -> None:
        self._template, self._attribute = template, attribute
        self._functions: Mapping[str, Callable[[Any], Any]] = {
            "Ref": self._ref,
            "Fn::GetAtt": lambda a: attribute(*(a.split(".", 1) if isinstance(a, str) else a)),
            "Fn::Sub": self._sub,
            "Fn::Join": lambda a: str(a[0]).join(str(part) for part in self.value(a[1])),
            "Fn::Select": lambda a: self.value(a[1])[int(self.value(a[0]))],
            "Fn::Split": lambda a: self.value(a[1]).split(a[0]),
            "Fn::If": lambda a: self.value(a[1] if self.condition(a[0]) else a[2]),
            "Fn::FindInMap": self._find_in_map,
            "Fn::Base64": lambda a: base64.b64encode(self.value(a).encode()).decode(),
            "Fn::GetAZs": lambda _: [f"{template.region}{zone}" for zone in "abc"],
            "Condition": self.condition,
            "Fn::Equals": lambda a: str(self.value(a[0])) == str(self.value(a[1])),
            "Fn::Not": lambda a: not self.value(a[0]),
            "Fn::And": lambda a: all(self.value(part) for part in a),
            "Fn::Or": lambda a: any(self.value(part) for part in a),
        }

    def value(self, node: Any) -> Any:
        if isinstance(node, list):
            return [value for part in node if (value := self.value(part)) is not NO_VALUE]
        if not isinstance(node, dict):
            return node
        name, argument = next(iter(node.items())) if len(node) == 1 else ("", None)
        if name in self._functions:
            return self._functions[name](argument)
        if name.startswith("Fn::"):
            raise TemplateRefused(f"unknown intrinsic function {name}")
        return {key: value for key, part in node.items() if (value := self.value(part)) is not NO_VALUE}

    def condition(self, name: str) -> bool:
        return bool(self.value(self._template.conditions[name]))

    def _ref(self, name: str) -> Any:
        if name == "AWS::Region":
            return self._template.region
        for known in (PSEUDO_PARAMETERS, self._template.parameters):
            if name in known:
                return known[name]
        return self._attribute(name, None)

    def _sub(self, argument: Any) -> str:
        text, extra = (argument, {}) if isinstance(argument, str) else argument
        values = self.value(extra)

        def replace(match: re.Match[str]) -> str:
            literal, name = match.groups()
            if literal:
                return f"${{{name}}}"
            if name in values:
                return str(values[name])
            return str(self._functions["Fn::GetAtt"](name) if "." in name else self._ref(name))

        return re.sub(r"\$\{(!?)([^}]+)\}", replace, text)

    def _find_in_map(self, argument: list[Any]) -> Any:
        table, row, column = (self.value(part) for part in argument[:3])
        try:
            return self._template.mappings[table][row][column]
        except KeyError:
            raise TemplateRefused(f"no {row} / {column} in mapping {table}") from None

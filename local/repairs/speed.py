"""Work that moto repeats for each request, each task: done once, or not at all."""

import base64
import functools
import json
import uuid
from collections.abc import Callable
from typing import Any

import boto3
import moto.core.responses as _responses
import moto.dynamodb.parsing.ast_nodes as _ast_nodes
import moto.dynamodb.parsing.expressions as _expressions
import moto.dynamodb.parsing.validators as _validators
import moto.stepfunctions.parser.asl.parse.asl_parser as _asl_parser
from botocore.config import Config
from moto import backends
from moto.dynamodb.exceptions import ItemSizeTooLarge
from moto.dynamodb.models.dynamo_type import DynamoType, Item, LimitedSizeDict
from moto.dynamodb.responses import DynamoHandler
from moto.stepfunctions.parser.asl.component.eval_component import EvalComponent
from moto.stepfunctions.parser.asl.utils import boto_client

from local.dynamodb_door import OPERATIONS
from local.repairs.patching import Method, around, exchange

asl_parser: Any = _asl_parser
ast_nodes: Any = _ast_nodes
expressions: Any = _expressions
responses: Any = _responses
validators: Any = _validators


_BY_FORM = (
    validators.ActionCountValidator,
    validators.OverlappingPathsValidator,
    validators.UpdateHashRangeKeyValidator,
)
_ITEM_LIMIT = 405_000  # bytes, as moto has it


@functools.cache
def _client(region: str, service: str) -> Any:
    config = Config(parameter_validation=False, retries={"total_max_attempts": 1})
    keys = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
    return boto3.client(service, region_name=region, config=config, **keys)  # type: ignore[call-overload]


class _OneClientPerService:
    """Stands in for boto3 where moto makes a client for every task of every execution."""

    @staticmethod
    def client(*, service_name: str, region_name: str, **_: Any) -> Any:
        return _client(region_name, service_name)


@functools.lru_cache(64)
def _parse(definition: str) -> tuple[Any, Any]:
    """Parsing takes a second for a long machine, and its components more than a short execution does.

    Executions share them: what one of them keeps, as how often it has retried, lies in its own environment.
    """
    listener = asl_parser.SyntaxErrorListener()
    lexer = asl_parser.ASLLexer(asl_parser.InputStream(definition))
    parser = asl_parser.ASLParser(asl_parser.CommonTokenStream(lexer))
    parser.removeErrorListeners()
    parser.addErrorListener(listener)
    tree = parser.state_machine()
    if listener.errors:
        raise asl_parser.ASLParserException(errors=listener.errors)
    return asl_parser.Preprocessor().visit(tree), tree


def _place_in_the_environment(component: Any) -> str:
    """moto draws it when it is first asked for: two executions that ask at once would each have their own."""
    return str(id(component))


def _make_item(item: Any, hash_key: Any, range_key: Any, attrs: dict[str, Any]) -> None:
    """Weighed once; moto weighs all attributes again for each that it adds."""
    item.hash_key, item.range_key, item.attrs = hash_key, range_key, LimitedSizeDict()
    for name, value in attrs.items():
        dict.__setitem__(item.attrs, name, DynamoType(value))
    if item.size() > _ITEM_LIMIT:
        raise ItemSizeTooLarge


_is: Callable[[Any, Any], bool] = functools.cache(issubclass)
"""Once for each class, where moto asks of every node; abstract classes as these are slow to ask."""


def _traverse(traverser: Any, node: Any, child_id: int = -1) -> Any:
    """As moto does, depth first; what is to be processed is asked once for each tree and class of nodes."""
    kinds, looked_at = traverser.nodes_to_be_processed(), type(traverser).pre_processing_of_child
    hook = None if looked_at is ast_nodes.DepthFirstTraverser.pre_processing_of_child else looked_at

    def visited(node: Any, child_id: int) -> Any:
        parent = node.parent
        for number, child in enumerate(node.children or ()):
            if hook:
                hook(traverser, node, number)
            if _is(type(child), ast_nodes.Node):
                visited(child, number)
        if not _is(type(node), kinds):
            return node
        node = traverser.process(node)
        node.parent = parent
        if parent:
            parent.children[child_id] = node
        return node

    return visited(node, child_id) if _is(type(node), ast_nodes.Node) else node


def _copied(node: Any) -> Any:
    """A parsed expression's node and all below it; what is no node is a name or a number."""
    twin = object.__new__(type(node))
    vars(twin).update(vars(node))
    if isinstance(node.children, list):
        twin.children = [
            _copied(child) if isinstance(child, ast_nodes.Node) else child for child in node.children
        ]
        for child in twin.children:
            if isinstance(child, ast_nodes.Node):
                child.parent = twin
    return twin


def _begin_validation(
    validator: Any,
    expression: Any,
    expression_attribute_names: dict[str, str],
    expression_attribute_values: Any,
    item: Any,
    table: Any,
) -> None:
    """As moto's constructor, but what looks at neither item nor values looks once at an expression.

    `checked` are the names, and keys of tables, with which such checks found nothing.
    """
    validator.expression_attribute_names = expression_attribute_names
    validator.expression_attribute_values = expression_attribute_values
    validator.item, validator.table = item, table
    validator.node_to_validate = _copied(expression)
    validator.checked = vars(expression).setdefault("checked", set())
    validator.form = (tuple(sorted((expression_attribute_names or {}).items())), tuple(table.table_key_attrs))
    processors = validator.get_ast_processors()
    if validator.form in validator.checked:
        processors = [each for each in processors if not isinstance(each, _BY_FORM)]
    validator.processors = processors


def _validate(original: Method, validator: Any) -> Any:
    found = original(validator)
    validator.checked.add(validator.form)
    return found


def _as_json(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, set):
        return sorted(value)
    raise TypeError(f"not an attribute's value: {type(value).__name__}")


def _serialized(original: Method, handler: Any, action_result: Any) -> Any:
    """What is told of items has the form of the wire; moto looks up each part of it in the model of the API.

    That is eight tenths of the work for an item of some kilobytes.
    """
    answer = action_result.result
    if handler._get_action() not in OPERATIONS or not isinstance(answer, dict):
        return original(handler, action_result)
    body = json.dumps({name: value for name, value in answer.items() if value is not None}, default=_as_json)
    return 200, {"Content-Type": "application/x-amz-json-1.0", **handler.response_headers}, body


def _request_id(headers: dict[str, str]) -> str:
    """One draw, where moto makes one for each of 52 characters."""
    headers["x-amzn-requestid"] = uuid.uuid4().hex.upper()
    return headers["x-amzn-requestid"]


def install() -> None:
    names = frozenset(backends.list_of_moto_modules())
    exchange(backends, "list_of_moto_modules", lambda: names)  # moto reads its directory for each request
    exchange(responses, "method_names_from_class", functools.cache(responses.method_names_from_class))
    exchange(responses, "camelcase_to_underscores", functools.cache(responses.camelcase_to_underscores))
    exchange(responses, "gen_amzn_requestid_long", _request_id)
    exchange(boto_client, "boto3", _OneClientPerService)
    exchange(asl_parser.AmazonStateLanguageParser, "parse", staticmethod(_parse))
    exchange(EvalComponent, "heap_key", property(_place_in_the_environment))
    around(DynamoHandler, "serialized", _serialized)
    exchange(Item, "__init__", _make_item)
    exchange(ast_nodes.DepthFirstTraverser, "traverse_node_recursively", _traverse)
    exchange(validators.Validator, "__init__", _begin_validation)
    around(validators.Validator, "validate", _validate)
    parser = expressions.UpdateExpressionParser  # its tree is copied by who changes it
    exchange(parser, "make", staticmethod(functools.lru_cache(256)(parser.make)))

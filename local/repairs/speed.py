"""Work that moto repeats for each request, each task, each query: done once, or not at all."""

import functools
import uuid
from typing import Any

import boto3
import moto.core.responses as _responses
import moto.stepfunctions.parser.asl.parse.asl_parser as _asl_parser
from botocore.config import Config
from moto import backends
from moto.dynamodb.models.table import Table
from moto.stepfunctions.parser.asl.utils import boto_client

from local.repairs.patching import Method, around, exchange

asl_parser: Any = _asl_parser
responses: Any = _responses


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
def _syntax_tree(definition: str) -> Any:
    listener = asl_parser.SyntaxErrorListener()
    lexer = asl_parser.ASLLexer(asl_parser.InputStream(definition))
    parser = asl_parser.ASLParser(asl_parser.CommonTokenStream(lexer))
    parser.removeErrorListeners()
    parser.addErrorListener(listener)
    tree = parser.state_machine()
    if listener.errors:
        raise asl_parser.ASLParserException(errors=listener.errors)
    return tree


def _parse(definition: str) -> tuple[Any, Any]:
    """Parsing takes a second for a long machine; the components made of the tree belong to one execution."""
    tree = _syntax_tree(definition)
    return asl_parser.Preprocessor().visit(tree), tree


def _query(original: Method, table: Any, hash_key: Any, *args: Any, **kwargs: Any) -> Any:
    """Look at one partition, where moto sorts the whole table; an index's items are sorted by moto afterwards."""
    index_name = args[6] if len(args) > 6 else kwargs.get("index_name")
    by_key = bool(table.range_key_attr)
    if index_name is None:
        found = table.items.get(hash_key) or {}
        candidates = list(found.values()) if by_key else [found] if found else []
    else:
        rows = table.items.values()
        everything = (item for row in rows for item in row.values()) if by_key else rows
        (name, wanted), *_ = kwargs["hash_key_conditions"]
        candidates = [
            item for item in everything if name in item.attrs and item.attrs[name].value == wanted.value
        ]
    table.all_items = lambda: candidates  # under the lock that all DynamoDB calls share
    try:
        return original(table, hash_key, *args, **kwargs)
    finally:
        del table.all_items


def _request_id(headers: dict[str, str]) -> str:
    """One draw, where moto makes one for each of 52 characters."""
    headers["x-amzn-requestid"] = uuid.uuid4().hex.upper()
    return headers["x-amzn-requestid"]


def install() -> None:
    names = frozenset(backends.list_of_moto_modules())
    exchange(backends, "list_of_moto_modules", lambda: names)  # moto reads its directory for each request
    exchange(responses, "method_names_from_class", functools.cache(responses.method_names_from_class))
    exchange(responses, "gen_amzn_requestid_long", _request_id)
    exchange(boto_client, "boto3", _OneClientPerService)
    exchange(asl_parser.AmazonStateLanguageParser, "parse", staticmethod(_parse))
    around(Table, "query", _query)

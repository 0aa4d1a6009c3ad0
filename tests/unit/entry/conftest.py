"""What the tests of the door share."""

import logging
from io import StringIO

import pytest
from aws_lambda_powertools import Logger


@pytest.fixture
def logged():
    """What the log gets."""
    written = StringIO()
    log = logging.getLogger(Logger().service)
    handler = logging.StreamHandler(written)
    handler.setFormatter(log.handlers[0].formatter)
    log.addHandler(handler)
    yield written
    log.removeHandler(handler)

"""The time limits of template.yaml, and how long what a function asks may keep it: nobody is left unanswered."""

from pathlib import Path

import pytest

from local.template import described
from partner_center.adapters.stripe_http import Limits
from partner_center.adapters.timely import LONGEST_PAUSE, longest_try
from partner_center.adapters.validation_functions import SECONDS_FOR_LOOKS
from partner_center.entry.wiring.base import AFTERWARDS, BRISK, PATIENT
from partner_center.entry.wiring.validation_functions import CONNECTING, LONGEST_CHECK
from partner_center.kernel.deadline import ANSWERING
from partner_center.validation.published_contacts import SECONDS as SECONDS_FOR_CONTACTS

ROOT = Path(__file__).parents[2]
TEMPLATE = described(ROOT / "template.yaml")
FUNCTIONS = {
    name: each["Properties"]
    for name, each in TEMPLATE["Resources"].items()
    if each["Type"] == "AWS::Serverless::Function"
}
GATEWAY = 30
"""Seconds after which an HTTP API answers for an integration that did not (AWS, "Quotas for HTTP APIs")."""
QUOTA = 2
"""Seconds to connect and to read, once: what counting a request may take (docs/adr/0009)."""
BEGINNING = 1
"""Second in which a function makes its clients and reads what it always reads, where nothing is wrong."""


def limit(name):
    return FUNCTIONS[name].get("Timeout", TEMPLATE["Globals"]["Function"]["Timeout"])


def events(name):
    return {each["Type"] for each in FUNCTIONS[name].get("Events", {}).values()}


def with_setting(variable):
    """Functions of the API that have it in their environment."""
    return [
        name for name in OF_THE_API if variable in FUNCTIONS[name].get("Environment", {}).get("Variables", {})
    ]


def longest_silence(config):
    """Seconds that a call of such a client takes when nobody answers any try."""
    tries = config.retries["total_max_attempts"]
    return tries * longest_try(config) + sum(min(1, 0.05 * 2**each) for each in range(tries - 1))


OF_THE_API = sorted(name for name in FUNCTIONS if "HttpApi" in events(name))
OF_NOBODY = sorted(set(FUNCTIONS) - set(OF_THE_API))


def test_the_functions_of_the_api_are_known():
    assert len(OF_THE_API) > 30


@pytest.mark.parametrize("name", OF_THE_API)
def test_a_function_of_the_api_answers_before_the_gateway_gives_up(name):
    assert limit(name) < GATEWAY


@pytest.mark.parametrize("name", OF_THE_API)
def test_a_service_that_does_not_answer_is_told_in_time(name):
    """Another one may have been silent before, and answered to the last try."""
    assert limit(name) - ANSWERING >= QUOTA + 2 * longest_silence(BRISK)


def test_what_was_throttled_is_asked_once_more_where_there_is_time():
    assert limit("PlaceOrderFunction") - ANSWERING >= QUOTA + 2 * longest_try(BRISK) + LONGEST_PAUSE


@pytest.mark.parametrize("name", with_setting("PERSPECTIVES"))
def test_there_is_time_to_ask_the_network_and_to_write_afterwards(name):
    seldom = longest_try(BRISK) + BEGINNING
    assert limit(name) - ANSWERING - AFTERWARDS >= seldom + SECONDS_FOR_CONTACTS


@pytest.mark.parametrize(
    "name", [*with_setting("CHECK_CONTROL_FUNCTION"), *with_setting("ASK_AGAIN_FUNCTION")]
)
def test_there_is_time_for_a_check_that_starts_and_looks_as_long_as_it_may(name):
    assert LONGEST_CHECK >= SECONDS_FOR_LOOKS + 4
    assert limit(name) - ANSWERING - AFTERWARDS >= BEGINNING + CONNECTING + LONGEST_CHECK


@pytest.mark.parametrize("name", with_setting("PAYMENT_API"))
def test_there_is_time_for_the_payment_gateway_once(name):
    assert (
        limit(name) - ANSWERING - AFTERWARDS >= BEGINNING + Limits().read_seconds + Limits().connect_seconds
    )


@pytest.mark.parametrize("name", OF_NOBODY)
def test_where_nobody_waits_a_silence_ends_as_an_error_of_ours(name):
    """So it has a name by which the machine, the queue or the stream repeats it."""
    assert limit(name) > longest_silence(PATIENT)


def test_who_is_waited_for_gives_up_sooner():
    assert longest_silence(BRISK) < longest_silence(PATIENT) / 2
    assert longest_silence(BRISK) < 10

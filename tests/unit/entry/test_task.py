"""Tasks of the machine: ids in, plain values out, errors under their own names."""

import pytest

from partner_center.entry.task import Task, read_task, task_handler
from partner_center.kernel.errors import ChangedMeanwhile, TryAgain

PAYLOAD = {
    "reseller_id": "res_1",
    "order_id": "ord_1",
    "generation": 1,
    "attempt": 2,
    "execution": "ord_1-g1-a2",
}


def test_a_task_is_read_from_its_payload():
    assert read_task(PAYLOAD) == Task("res_1", "ord_1", 1, 2, "ord_1-g1-a2", None, {})


def test_a_waiting_task_has_its_token_and_a_later_one_its_facts():
    task = read_task(PAYLOAD | {"token": "AQC...", "facts": {"preflight_id": "pre_1"}})
    assert task.awaited_token == "AQC..."
    assert task.facts["preflight_id"] == "pre_1"


def test_a_task_of_a_year_ago_is_still_read():
    """Payloads grow; one that holds more than we know, and numbers as text, is read all the same."""
    task = read_task(PAYLOAD | {"generation": "1", "attempt": "2", "colour": "red"})
    assert (task.generation, task.attempt) == (1, 2)


def test_a_task_that_does_not_wait_has_no_token():
    with pytest.raises(KeyError):
        _ = read_task(PAYLOAD).awaited_token


@pytest.mark.parametrize("field", PAYLOAD)
def test_a_payload_without_an_id_is_a_mistake_in_the_machine(field):
    with pytest.raises(KeyError):
        read_task({name: value for name, value in PAYLOAD.items() if name != field})


@pytest.mark.parametrize("number", ["", "one", None, [1]])
def test_a_payload_with_a_number_that_is_none_is_a_mistake_too(number):
    with pytest.raises((TypeError, ValueError)):
        read_task(PAYLOAD | {"attempt": number})


def test_what_the_use_case_says_goes_back_to_the_machine():
    handler = task_handler(lambda task: {"outcome": "go", "order": task.order_id})
    assert handler(PAYLOAD, None) == {"outcome": "go", "order": "ord_1"}


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (TryAgain("busy"), "TryAgain"),
        (ChangedMeanwhile("moved"), "ChangedMeanwhile"),
        (KeyError("x"), "KeyError"),
    ],
    ids=["busy", "moved", "a mistake"],
)
def test_an_error_leaves_under_its_own_name(error, name):
    """The machine's retries and catches read the class name."""

    def fail(_):
        raise error

    with pytest.raises(type(error)) as raised:
        task_handler(fail)(PAYLOAD, None)
    assert type(raised.value).__name__ == name

"""A virtual year in small (bench/reminders): every reminder that fell due once, whatever died; none missed."""

import pytest

from bench.reminders.__main__ import table
from bench.reminders.year import Year


@pytest.fixture(scope="module")
def result():
    return Year(200, seed=7)()


def test_every_reminder_that_fell_due_was_sent_and_nothing_else(result):
    assert (result.missed, result.surplus, result.doubled) == (0, 0, 0)
    assert result.reminders > 5 * result.certificates


def test_the_year_was_as_bad_as_it_should_be(result):
    assert result.died > 5
    assert result.made_up > 20
    assert result.runs < 385 - 30 + 50


def test_mails_keep_to_the_rate(result):
    assert result.most_in_a_second <= result.rate


def test_the_table_names_what_counts(result):
    assert "missed" in table(result)

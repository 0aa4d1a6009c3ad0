"""What a run reads is proportional to what is due, and nearly nothing when nothing is."""

from bench.reminders.reads import idle, measured


def test_read_units_follow_what_is_due_and_not_what_there_is():
    few, many = measured((6, 24), 3)
    assert few[1:] == many[1:]
    (more,) = measured((24,), 12)
    assert more[1] == 12
    for_each = (more[2] - few[2]) / 9
    assert few[2] - 3 * for_each < 20
    assert idle(6) < 10

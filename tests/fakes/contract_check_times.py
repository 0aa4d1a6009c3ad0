"""What whoever limits checks relies on: each asker finds what was done a moment ago that it would do again."""

from dataclasses import replace
from datetime import timedelta

import pytest

from partner_center.orders.call_guards import CallSeenBefore
from tests.fakes.contract_call_guards import GUARD
from tests.fakes.determined import NOW
from tests.fakes.samples import ORDER, THEM, US, a_second

NAME, OTHER = "www.example.com", "*.example.com"
LATER = NOW + a_second


class CheckTimesContract:
    """When the domains of an order were last looked at because somebody asked."""

    def test_nobody_has_asked_yet(self, stores):
        assert [stores.checks.last(US, ORDER, name) for name in (None, NAME)] == [None, None]

    @pytest.mark.parametrize(
        ("noted", "of_all", "of_name", "of_other"),
        [
            ([None], NOW, NOW, NOW),
            ([NAME], NOW, NOW, None),
            ([None, NAME], LATER, LATER, NOW),
            ([NAME, None], LATER, LATER, LATER),
            ([OTHER, NAME], LATER, LATER, NOW),
        ],
        ids=["all", "a name", "all, then a name", "a name, then all", "two names"],
    )
    def test_a_check_of_all_is_one_of_each_and_one_of_a_name_is_a_check(
        self, stores, noted, of_all, of_name, of_other
    ):
        for number, name in enumerate(noted):
            stores.checks.note(US, [ORDER], name, NOW + number * a_second)
        found = [stores.checks.last(US, ORDER, name) for name in (None, NAME, OTHER)]
        assert found == [of_all, of_name, of_other]

    def test_another_order_and_another_reseller_have_their_own(self, stores):
        stores.checks.note(US, [ORDER], None, NOW)
        assert stores.checks.last(US, "ord_2", None) is None
        assert stores.checks.last(THEM, ORDER, None) is None

    def test_what_was_looked_at_together_is_noted_together(self, stores):
        stores.checks.note(US, [ORDER, "ord_2"], None, NOW)
        assert [stores.checks.last(US, each, NAME) for each in (ORDER, "ord_2")] == [NOW, NOW]

    def test_a_bound_key_notes_nothing(self, stores):
        stores.checks.note(US, [ORDER], NAME, NOW, GUARD)
        with pytest.raises(CallSeenBefore) as seen:
            stores.checks.note(US, [ORDER, "ord_2"], None, LATER, replace(GUARD, body_sha256="body-2"))
        assert seen.value.guard == stores.call_guards.find(US, "POST", GUARD.path, "key-1") == GUARD
        assert [stores.checks.last(US, each, None) for each in (ORDER, "ord_2")] == [NOW, None]

    def test_a_time_is_kept_to_the_microsecond(self, stores):
        moment = NOW + timedelta(microseconds=1)
        stores.checks.note(US, [ORDER], NAME, moment)
        assert stores.checks.last(US, ORDER, NAME) == moment

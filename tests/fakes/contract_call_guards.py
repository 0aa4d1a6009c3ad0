"""What every use case that binds a key relies on: the first request stays, and is told to the next."""

from dataclasses import replace
from datetime import timedelta

import pytest

from partner_center.orders.call_guards import CallGuard, CallSeenBefore
from tests.fakes.determined import MICROSECOND, NOW
from tests.fakes.samples import THEM, US

PATH = "/v1/orders/ord_1/domains/check"
GUARD = CallGuard(US, "POST", PATH, "key-1", "body-1", NOW + MICROSECOND, {"report_id": "rep_1", "number": 2})


class CallGuardsContract:
    """Keys of requests that leave no head, contract or link."""

    def test_a_key_that_nobody_used_is_free(self, stores):
        assert stores.call_guards.find(US, "POST", PATH, "key-1") is None

    @pytest.mark.parametrize("guard", [GUARD, replace(GUARD, facts={})], ids=["facts", "none"])
    def test_a_guard_is_found_as_it_was_bound(self, stores, guard):
        stores.call_guards.bind(guard)
        assert stores.call_guards.find(US, "POST", PATH, "key-1") == guard

    def test_a_bound_key_stays_as_it_is_and_tells_who_comes_later(self, stores):
        stores.call_guards.bind(GUARD)
        other = replace(GUARD, body_sha256="body-2", at=NOW + timedelta(days=1), facts={"number": 3})
        with pytest.raises(CallSeenBefore) as seen:
            stores.call_guards.bind(other)
        assert seen.value.guard == GUARD
        assert stores.call_guards.find(US, "POST", PATH, "key-1") == GUARD

    @pytest.mark.parametrize(
        "other",
        [
            (THEM, "POST", PATH, "key-1"),
            (US, "PUT", PATH, "key-1"),
            (US, "POST", "/v1/orders/ord_2/domains/check", "key-1"),
            (US, "POST", PATH, "KEY-1"),
        ],
        ids=["caller", "method", "path", "key"],
    )
    def test_a_guard_is_bound_to_caller_method_path_and_key(self, stores, other):
        stores.call_guards.bind(GUARD)
        assert stores.call_guards.find(*other) is None

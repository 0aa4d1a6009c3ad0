"""What every order store promises of amendments, in memory and on DynamoDB.

To run the suite on a store: subclass `AmendmentsContract` as `OrdersContract` is.
"""

from dataclasses import replace

import pytest

from partner_center.billing.contracts import EntryKind
from partner_center.kernel.errors import ChangedMeanwhile, ContentRefused, TryAgain
from partner_center.kernel.money import Money
from partner_center.orders.ledger_lines import part_of
from partner_center.orders.page import Page
from tests.fakes.contract_orders import Placing, codes, promised, units
from tests.fakes.determined import MICROSECOND, NOW
from tests.fakes.samples import (
    ORDER,
    THEM,
    US,
    a_card_contract,
    a_card_head,
    a_chronicle,
    a_content,
    a_contract,
    a_head,
    a_second,
    an_amendment,
)


class AmendmentsContract(Placing):
    """Another revision, and with it units, search row and key; all or nothing."""

    AMENDED = ("www.example.com", "example.org")

    def test_an_amendment_is_another_revision_and_the_former_one_stays(self, stores, place, granted, ids):
        head = place()
        change = an_amendment(ids, head, *self.AMENDED)
        stores.orders.amend(change)
        assert stores.orders.head(US, ORDER) == change.head
        assert stores.orders.content(US, ORDER, 2) == change.content
        assert stores.orders.content(US, ORDER, 1) == a_content(head.common_name)
        assert stores.events(US, ORDER) == ["order.placed", "order.amended"]
        assert stores.audited(US, ORDER) == ["order.placed", "order.amended"]

    @pytest.mark.parametrize("extra", [3, 8, -1, -2, 0], ids=lambda extra: f"{extra:+}")
    def test_units_move_in_the_same_write(self, stores, place, granted, ids, extra):
        head = place()
        stores.orders.amend(an_amendment(ids, head, extra=extra))
        assert units(stores) == (8 - extra, 2 + extra, 0)
        kind = "hold" if extra > 0 else "release"
        line = [(kind, abs(extra), ORDER)] if extra else []
        assert sorted(stores.ledger(US, "con_1")) == sorted([("grant", 10, ""), ("hold", 2, ORDER), *line])

    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({"valid_to": NOW + a_second}, ["contract_expired"]),
            ({"units": 4}, ["insufficient_units"]),
            ({"units": 2}, ["insufficient_units"]),
            ({"units": 4, "valid_to": NOW + a_second}, ["contract_expired", "insufficient_units"]),
        ],
        ids=["ended", "one short", "empty", "both"],
    )
    def test_units_that_are_not_there_refuse_the_whole(self, stores, place, ids, changes, expected):
        stores.grant(a_contract(**changes))
        head = place()
        before = (stores.orders.head(US, ORDER), units(stores))
        with pytest.raises(ContentRefused) as refused:
            stores.orders.amend(an_amendment(ids, head, *self.AMENDED, extra=3))
        assert codes(refused) == expected
        assert {problem.field for problem in refused.value.problems} == {None}
        self.nothing_was_amended(stores, before)

    @pytest.mark.parametrize(
        "changes",
        [{"valid_to": NOW + a_second + MICROSECOND}, {"units": 5}],
        ids=["its last moment", "its last units"],
    )
    def test_more_units_come_to_the_very_limits(self, stores, place, ids, changes):
        stores.grant(a_contract(**changes))
        stores.orders.amend(an_amendment(ids, place(), extra=3))
        assert units(stores)[1] == 5

    @pytest.mark.parametrize("extra", [0, -1])
    def test_a_contract_that_ended_hinders_nothing_that_needs_no_more(self, stores, place, ids, extra):
        stores.grant(a_contract(valid_to=NOW + MICROSECOND))
        stores.orders.amend(an_amendment(ids, place(), extra=extra))
        assert stores.orders.head(US, ORDER).units == 2 + extra

    @pytest.mark.parametrize("kind", [EntryKind.HOLD, EntryKind.RELEASE])
    def test_a_card_is_promised_more_or_less_in_the_same_write(self, stores, by_card, ids, kind):
        change = self.by_the_card(ids, by_card(), kind)
        stores.orders.amend(change)
        assert [(line.kind, line.units, line.amount) for line in promised(stores)][1:] == [
            (kind, 0, Money.of("49.00"))
        ]
        assert stores.orders.head(US, ORDER) == change.head

    def test_a_card_that_ended_is_promised_nothing_more(self, stores, place, ids):
        contract = a_card_contract(valid_to=NOW + a_second)
        stores.grant(contract)
        head = place(a_card_head(), contract=contract)
        with pytest.raises(ContentRefused) as refused:
            stores.orders.amend(self.by_the_card(ids, head, EntryKind.HOLD))
        assert codes(refused) == ["card_expired"]
        assert stores.orders.head(US, ORDER) == head
        stores.orders.amend(self.by_the_card(ids, head, EntryKind.RELEASE))
        assert len(promised(stores)) == 2

    @staticmethod
    def by_the_card(ids, head, kind):
        change = an_amendment(ids, head)
        entry = part_of(change.head, kind, 0, Money.of("49.00"), a_chronicle(ids, change.head.updated_at))
        return replace(change, entry=entry)

    def test_no_more_units_come_back_than_are_held(self, stores, place, granted, ids):
        head = place()
        before = (head, units(stores))
        with pytest.raises(ChangedMeanwhile):
            stores.orders.amend(an_amendment(ids, head, extra=-3))
        self.nothing_was_amended(stores, before)

    @pytest.mark.parametrize("extra", [0, 3, -1], ids=lambda extra: f"{extra:+}")
    def test_of_two_amendments_of_one_state_one_is_written(self, stores, place, granted, ids, extra):
        head = place()
        stores.orders.amend(an_amendment(ids, head, extra=1))
        before = (stores.orders.head(US, ORDER), units(stores))
        with pytest.raises(ChangedMeanwhile):
            stores.orders.amend(an_amendment(ids, head, *self.AMENDED, extra=extra))
        assert (stores.orders.head(US, ORDER), units(stores)) == before
        assert stores.orders.content(US, ORDER, 2) == a_content(head.common_name)
        assert len(stores.events(US, ORDER)) == len(stores.audited(US, ORDER)) == 2

    def test_a_revision_has_one_content(self, stores, place, granted, ids):
        head = place()
        before = (head, units(stores))
        change = an_amendment(ids, head, *self.AMENDED, extra=1)
        with pytest.raises(ChangedMeanwhile):
            stores.orders.amend(replace(change, head=replace(change.head, revision=1)))
        self.nothing_was_amended(stores, before)

    @pytest.mark.parametrize("drawn_twice", ["event", "audit", "entry"])
    def test_an_identifier_drawn_twice_amends_nothing(self, stores, place, granted, ids, drawn_twice):
        """What a transaction that is cancelled at its last action leaves: nothing."""
        head = place()
        first = an_amendment(ids, head, extra=1)
        stores.orders.amend(first)
        before = (stores.orders.head(US, ORDER), units(stores))
        second = an_amendment(ids, first.head, *self.AMENDED, extra=1)
        with pytest.raises(TryAgain):
            stores.orders.amend(replace(second, **{drawn_twice: getattr(first, drawn_twice)}))
        assert (stores.orders.head(US, ORDER), units(stores)) == before
        with pytest.raises(TryAgain):
            stores.orders.content(US, ORDER, 3)

    def test_an_order_that_is_not_there_is_not_amended(self, stores, granted, ids):
        for head in (a_head(), a_head(reseller_id=THEM, order_id="ord_2")):
            with pytest.raises(ChangedMeanwhile):
                stores.orders.amend(an_amendment(ids, head))
        assert stores.orders.head(US, ORDER) is None
        assert stores.events(US, ORDER) == []

    @pytest.mark.parametrize("changes", [{"signing": True}, {"held_back": "CAA"}, {"checked_at": NOW}])
    def test_every_part_of_the_head_is_written(self, stores, place, granted, ids, changes):
        change = an_amendment(ids, place(a_head(**changes)))
        cleared = replace(change.head, signing=False, held_back=None, checked_at=None)
        stores.orders.amend(replace(change, head=cleared))
        assert stores.orders.head(US, ORDER) == cleared

    def test_another_common_name_is_found_and_the_former_one_points_at_the_order_still(
        self, stores, place, granted, ids
    ):
        head = place()
        change = an_amendment(ids, head, "a.example.com")
        stores.orders.amend(change)
        back = an_amendment(ids, change.head, head.common_name)
        stores.orders.amend(back)
        rows, _ = stores.orders.by_common_name(US, "", Page(200, None))
        assert list(rows) == [("a.example.com", ORDER), ("www.example.com", ORDER)]

    @staticmethod
    def nothing_was_amended(stores, before):
        assert (stores.orders.head(US, ORDER), units(stores)) == before
        with pytest.raises(TryAgain):
            stores.orders.content(US, ORDER, 2)
        assert stores.events(US, ORDER) == stores.audited(US, ORDER) == ["order.placed"]
        rows, _ = stores.orders.by_common_name(US, "", Page(200, None))
        assert [name for name, _ in rows] == ["www.example.com"]

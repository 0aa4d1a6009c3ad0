"""What every store of contracts promises, in memory and on DynamoDB.

To run the suite on a store: subclass `ContractsContract` as `OrdersContract` is.
"""

from dataclasses import replace

import pytest

from partner_center.billing.contracts import ContractStatus, EntryKind, LedgerEntry
from partner_center.billing.ports import ContractSeenBefore, InvoiceTaken
from partner_center.catalog.pricing import AgreedPrice, PriceList
from partner_center.catalog.products import Brand, LineKind
from partner_center.kernel.errors import ChangedMeanwhile, Malformed, StateConflict, TryAgain
from partner_center.kernel.money import Money
from partner_center.orders.page import Page
from tests.fakes.determined import NOW, CountingIds
from tests.fakes.samples import (
    PRODUCT,
    THEM,
    US,
    a_card_contract,
    a_contract,
    a_day,
    a_placement,
    an_activation,
    an_asking,
)

PRICES = PriceList(
    "EUR",
    (
        AgreedPrice(PRODUCT, 365, LineKind.BASE, Money.of("129.00", "EUR")),
        AgreedPrice(PRODUCT, 365, LineKind.NAME, Money.of("0.50", "EUR")),
    ),
)


class ContractsContract:
    """Reading, asking, activating, statements."""

    @pytest.fixture
    def ids(self):
        return CountingIds()

    @pytest.fixture
    def asked(self, stores, ids):
        """A contract that was asked for."""
        asking = an_asking(ids)
        stores.contracts.ask(asking)
        return asking.contract

    @staticmethod
    def walk(read, limit):
        """All items of all pages."""
        found, cursor = [], None
        while True:
            items, cursor = read(Page(limit, cursor))
            assert len(items) <= limit
            found += items
            if cursor is None:
                return found

    # ---- reading

    @pytest.mark.parametrize(
        "changes",
        [
            {},
            {"products": frozenset({"b", "a"}), "brand": Brand.GEOTRUST},
            {"prices": PRICES, "sales_representative": "Sally Seller", "invoice_reference": "INV-1"},
            {"units_low": 0, "ends_in_days": ()},
            {"units_low": 7, "ends_in_days": (60, 1), "noticed": frozenset({"units_low", "ends-1"})},
        ],
        ids=["bulk", "products", "prices", "no notices", "notices"],
    )
    def test_a_contract_is_read_back_whole(self, stores, changes):
        contract = a_contract(7, **changes)
        stores.grant(contract)
        assert stores.contracts.find(US, "con_1") == contract
        assert stores.contracts.of_reseller(US) == [contract]

    def test_one_on_a_card_too(self, stores):
        stores.grant(a_card_contract())
        assert stores.contracts.find(US, "con_1") == a_card_contract()

    def test_a_foreign_contract_reads_as_an_unknown_one(self, stores):
        stores.grant(a_contract())
        assert stores.contracts.find(THEM, "con_1") is None
        assert stores.contracts.find(US, "con_2") is None
        assert stores.contracts.of_reseller(THEM) == []
        assert stores.contracts.entries(THEM, "con_1", None, 10) == ([], False)

    def test_its_owner_is_known_by_the_id_alone(self, stores, asked):
        stores.grant(a_contract(reseller_id=THEM))
        assert stores.contracts.owner("con_theirs") == THEM
        assert stores.contracts.owner(asked.contract_id) == US
        assert stores.contracts.owner("con_none") is None

    def test_a_contract_is_created_once_whoever_asks(self, stores):
        stores.contracts.create(a_contract(10), "staff:fay", "led_1")
        for reseller_id in (US, THEM):
            with pytest.raises(StateConflict, match="exists already"):
                stores.contracts.create(
                    a_contract(99, reseller_id=reseller_id, contract_id="con_1"), "staff:fay", "led_2"
                )
        assert stores.contracts.find(US, "con_1").units_granted == 10
        assert stores.contracts.find(THEM, "con_1") is None
        assert len(stores.ledger(US, "con_1")) == 1

    @pytest.mark.parametrize("limit", [1, 2, 3, 200])
    def test_contracts_come_in_pages(self, stores, limit):
        several = [a_contract(contract_id=f"con_{number}") for number in range(3)]
        for contract in (*several, a_contract(contract_id="con_9", reseller_id=THEM)):
            stores.grant(contract)
        assert self.walk(lambda page: stores.contracts.page(US, page), limit) == several

    @pytest.mark.parametrize("cursor", ["nonsense", "☂", "AAAA", "=", "x" * 5000])
    def test_a_cursor_that_is_none_of_ours_is_malformed(self, stores, asked, cursor):
        for read in (lambda page: stores.contracts.page(US, page), stores.contracts.requested):
            with pytest.raises(Malformed):
                read(Page(2, cursor))

    # ---- asking

    def test_what_was_asked_for_is_kept_and_nothing_is_granted(self, stores, asked):
        assert stores.contracts.find(US, asked.contract_id) == asked
        assert stores.ledger(US, asked.contract_id) == []
        assert stores.audited(US, "") == ["contract.requested"]

    def test_nothing_can_be_bought_on_it(self, stores, asked, ids):
        with pytest.raises(Exception, match="not active yet"):
            stores.orders.place(a_placement(ids, contract=asked))

    def test_a_bound_key_asks_for_nothing(self, stores, ids):
        first = an_asking(ids, "key-1")
        stores.contracts.ask(first)
        with pytest.raises(ContractSeenBefore) as seen:
            stores.contracts.ask(an_asking(ids, "key-1"))
        assert seen.value.guard == first.guard
        assert stores.contracts.guard(US, "POST", "/v1/contracts", "key-1") == first.guard
        assert stores.contracts.of_reseller(US) == [first.contract]

    @pytest.mark.parametrize(
        "other",
        [
            (THEM, "POST", "/v1/contracts", "key-1"),
            (US, "PUT", "/v1/contracts", "key-1"),
            (US, "POST", "/v1/orders", "key-1"),
            (US, "POST", "/v1/contracts", "KEY-1"),
        ],
        ids=["reseller", "method", "path", "key"],
    )
    def test_a_guard_is_bound_to_reseller_method_path_and_key(self, stores, ids, other):
        stores.contracts.ask(an_asking(ids, "key-1"))
        assert stores.contracts.guard(*other) is None

    def test_an_id_drawn_twice_writes_nothing(self, stores, asked, ids):
        with pytest.raises(TryAgain):
            stores.contracts.ask(an_asking(ids, "key-1", contract_id=asked.contract_id, units_asked=99))
        assert stores.contracts.find(US, asked.contract_id) == asked
        assert stores.contracts.guard(US, "POST", "/v1/contracts", "key-1") is None

    @pytest.mark.parametrize("limit", [1, 2, 200])
    def test_the_longest_waiting_is_first_in_the_queue(self, stores, ids, limit):
        waiting = [
            an_asking(ids, contract_id=f"con_{3 - number}", requested_at=NOW + number * a_day)
            for number in range(3)
        ]
        for asking in waiting[::-1]:
            stores.contracts.ask(asking)
        stores.grant(a_contract(contract_id="con_9"))
        found = self.walk(stores.contracts.requested, limit)
        assert found == [(US, asking.contract.contract_id) for asking in waiting]

    # ---- activating

    def test_an_activation_grants_the_units_and_leaves_the_queue(self, stores, asked, ids):
        activation = an_activation(ids, asked, prices=PRICES, units_low=3)
        stores.contracts.activate(activation)
        assert stores.contracts.find(US, asked.contract_id) == activation.contract
        assert stores.contracts.entries(US, asked.contract_id, None, 10) == ([activation.grant], False)
        assert stores.contracts.requested(Page(10, None)) == ([], None)
        assert stores.audited(US, "") == ["contract.requested", "contract.activated"]

    def test_a_contract_is_activated_once(self, stores, asked, ids):
        stores.contracts.activate(an_activation(ids, asked))
        before = stores.contracts.find(US, asked.contract_id)
        for invoice, refusal in (("INV-1", InvoiceTaken), ("INV-2", ChangedMeanwhile)):
            with pytest.raises(refusal):
                stores.contracts.activate(an_activation(ids, asked, invoice=invoice, units_granted=99))
        assert stores.contracts.find(US, asked.contract_id) == before
        assert len(stores.ledger(US, asked.contract_id)) == 1

    def test_an_invoice_pays_for_one_contract_of_a_reseller(self, stores, asked, ids):
        other, theirs = an_asking(ids).contract, an_asking(ids, reseller_id=THEM).contract
        for contract in (other, theirs):
            stores.contracts.ask(replace(an_asking(ids), contract=contract))
        stores.contracts.activate(an_activation(ids, asked))
        with pytest.raises(InvoiceTaken) as taken:
            stores.contracts.activate(an_activation(ids, other))
        assert taken.value.contract_id == asked.contract_id
        assert stores.contracts.find(US, other.contract_id).status is ContractStatus.REQUESTED
        stores.contracts.activate(an_activation(ids, theirs))

    def test_what_nobody_asked_for_is_not_activated(self, stores, ids):
        with pytest.raises(ChangedMeanwhile):
            stores.contracts.activate(an_activation(ids, an_asking(ids).contract))

    def test_a_bound_key_activates_nothing(self, stores, asked, ids):
        first, other = an_activation(ids, asked, "key-1"), an_asking(ids)
        stores.contracts.activate(first)
        stores.contracts.ask(other)
        with pytest.raises(ContractSeenBefore) as seen:
            stores.contracts.activate(an_activation(ids, other.contract, "key-1", "INV-2"))
        assert seen.value.guard == first.guard

    # ---- statements

    LINES = 5

    @pytest.fixture
    def lines(self, stores, ids):
        """The lines of a contract of ten units with four orders."""
        stores.grant(a_contract())
        for number in range(self.LINES - 1):
            placement = a_placement(ids)
            head = replace(placement.head, order_id=f"ord_{number}")
            event = replace(placement.event, data={"reseller_id": US, "order_id": head.order_id})
            stores.orders.place(replace(placement, head=head, event=event))
        lines, more = stores.contracts.entries(US, "con_1", None, 100)
        assert not more
        return lines

    def test_lines_come_in_the_order_of_their_ids(self, lines):
        assert len(lines) == self.LINES
        assert [line.entry_id for line in lines] == sorted(line.entry_id for line in lines)

    @pytest.mark.parametrize("limit", [1, 2, 4, 5, 6])
    def test_lines_go_on_behind_the_one_that_was_last(self, stores, lines, limit):
        found, after, more = [], None, True
        while more:
            page, more = stores.contracts.entries(US, "con_1", after, limit)
            assert len(page) <= limit
            found += page
            after = page[-1].entry_id if page else after
        assert found == lines

    def test_a_line_reads_as_it_was_written(self, stores, ids):
        grant = LedgerEntry("led_1", EntryKind.GRANT, 10, "", "staff:fay", NOW - 30 * a_day)
        stores.contracts.create(a_contract(), "staff:fay", "led_1")
        assert stores.contracts.entries(US, "con_1", None, 10) == ([grant], False)

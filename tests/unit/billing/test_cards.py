"""Cards on file: how they are given, what they change, how long they serve, when they are forgotten."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from partner_center.accounts.api_keys import Principal, Role
from partner_center.accounts.resellers import Reseller
from partner_center.billing.add_card import CardPage
from partner_center.billing.card_links import MakeCardLink, token_digest
from partner_center.billing.cards import (
    LAST_ORDER_DONE,
    LINK_LIFETIME,
    LONGEST_ON_FILE,
    CardNotTaken,
    LinkEnded,
    WhyEnded,
    usable_until,
)
from partner_center.billing.contracts import ContractKind
from partner_center.billing.payment_method import ForgetCards, PaymentMethod
from partner_center.entry.forgetting import forgetting_handler
from partner_center.kernel.errors import ChangedMeanwhile, IdempotencyKeyReused, NotFound, TryAgain
from partner_center.orders.idempotency import Call
from tests.fakes.cards import VISA, MemoryCardForms, MemoryCardShelf
from tests.fakes.determined import MICROSECOND, NOW, CountingIds, FixedClock
from tests.fakes.samples import US, a_contract
from tests.fakes.stores import MemoryStores

PRINCIPAL = Principal(US, "0" * 26, Role.BILLING)


class Vault:
    """Seals by turning round; opens what was sealed for the same thing only."""

    def seal(self, secret, about_id):
        return f"{about_id}|{secret[::-1]}".encode()

    def open(self, sealed, about_id):
        name, _, secret = sealed.decode().partition("|")
        assert name == about_id
        return secret[::-1]


@dataclass
class Context:
    """The time of an invocation."""

    forms: MemoryCardForms
    seconds: int

    def get_remaining_time_in_millis(self):
        return (self.seconds - 10 * len(self.forms.forgotten)) * 1000


@dataclass
class Desk:
    """The use cases over memory."""

    stores: MemoryStores = field(default_factory=MemoryStores)
    clock: FixedClock = field(default_factory=FixedClock)
    ids: CountingIds = field(default_factory=CountingIds)
    forms: MemoryCardForms = field(default_factory=MemoryCardForms)
    known: dict = field(default_factory=lambda: {US: Reseller(US, "Nordic Hosting AB", "help@example.net")})

    def __post_init__(self):
        self.shelf = MemoryCardShelf(self.stores.tables)
        contracts = self.stores.contracts
        self.make = MakeCardLink(self.shelf, self.forms, self, Vault(), self.clock, self.ids)
        self.page = CardPage(self.shelf, self.forms, contracts, self, self.clock, self.ids)
        self.method = PaymentMethod(self.shelf, contracts, self.clock, self.ids)
        self.forget_cards = ForgetCards(self.shelf, self.forms, self.clock)

    def reseller(self, reseller_id):
        return self.known.get(reseller_id)

    def forget(self, seconds=300):
        """One run that has so much time, of which each card takes ten seconds: how many it had forgotten."""
        return forgetting_handler(lambda: self.forget_cards)({}, Context(self.forms, seconds))["forgotten"]

    def link(self, key=None, body="0" * 64):
        return self.make(PRINCIPAL, Call("POST", "/v1/payment-method", key, body, "request-1"))

    def setup_of(self, token):
        return self.shelf.links[token_digest(token)].setup_id

    def give(self, facts=VISA):
        token = self.link().token
        self.forms.fill_in(self.setup_of(token), facts)
        return self.page.add(token, self.setup_of(token), "192.0.2.7", "request-2")

    @property
    def contracts(self):
        return list(self.stores.tables.contracts.values())


@pytest.fixture
def desk():
    return Desk()


LASTS = [
    (12, 2026, datetime(2027, 1, 1, tzinfo=UTC)),
    (11, 2026, datetime(2026, 12, 1, tzinfo=UTC)),
    (10, 2026, datetime(2026, 11, 1, tzinfo=UTC)),
    (10, 2027, datetime(2027, 11, 1, tzinfo=UTC)),
    (11, 2027, NOW + LONGEST_ON_FILE),
    (12, 2030, NOW + LONGEST_ON_FILE),
]


@pytest.mark.parametrize(("month", "year", "until"), LASTS)
def test_a_card_serves_until_the_end_of_its_last_month_and_a_year_at_most(month, year, until):
    assert usable_until(month, year, NOW) == until


# ---- links


def test_a_link_is_secret_lasts_a_day_and_is_audited(desk):
    made = desk.link()
    (link,) = desk.shelf.links.values()
    assert made.expires_at == link.expires_at == NOW + LINK_LIFETIME
    assert link.token_sha256 == token_digest(made.token)
    assert made.token not in repr(desk.stores.tables) + repr(desk.shelf.links)
    assert [record.action for record in desk.stores.tables.audit.values()] == ["card_link.made"]


def test_a_reseller_becomes_a_customer_once(desk):
    for _ in range(2):
        desk.link()
    assert desk.forms.made == ["Nordic Hosting AB"]


def test_the_same_request_gets_the_same_link(desk):
    assert desk.link("key-1") == desk.link("key-1")
    assert len(desk.shelf.links) == 1
    assert desk.link("key-2") != desk.link("key-1")
    with pytest.raises(IdempotencyKeyReused):
        desk.link("key-1", body="1" * 64)


def test_two_at_once_get_the_same_link(desk):
    found = []
    desk.stores.tables.before["open_link"].append(lambda: found.append(desk.link("key-1")))
    assert desk.link("key-1") == found[0]


def test_a_gateway_that_refuses_opens_no_form(desk):
    desk.forms.refuses = "resource_missing"
    with pytest.raises(TryAgain):
        desk.link()
    assert desk.shelf.links == {}


# ---- the page


def test_looking_tells_who_asks_and_changes_nothing(desk):
    token = desk.link().token
    before = repr(desk.shelf)
    opened = desk.page.look(token)
    assert (opened.reseller_name, opened.client_secret) == ("Nordic Hosting AB", "seti_1_secret_1")
    assert repr(desk.shelf) == before


@pytest.mark.parametrize("token", ["", "x", "x" * 27, "../../etc", "é" * 27])
def test_an_unknown_link_is_not_found(desk, token):
    for ask in (desk.page.look, lambda each: desk.page.add(each, "seti_1", "", "")):
        with pytest.raises(NotFound):
            ask(token)


def test_a_link_ends_to_the_microsecond(desk):
    token = desk.link().token
    desk.clock.moment += LINK_LIFETIME - MICROSECOND
    desk.page.look(token)
    desk.clock.moment += MICROSECOND
    with pytest.raises(LinkEnded) as caught:
        desk.page.look(token)
    assert caught.value.why is WhyEnded.EXPIRED


def test_without_a_contract_the_card_opens_one_that_ends_with_it(desk):
    added = desk.give()
    (contract,) = desk.contracts
    assert added.opened
    assert (contract.kind, contract.products) == (ContractKind.PAY_AS_YOU_GO, frozenset())
    assert (contract.valid_from, contract.valid_to) == (NOW, added.card.usable_until)
    assert contract.card_id == added.card.card_id
    (event,) = desk.stores.tables.events.values()
    assert (event.type, event.data["contract_id"]) == ("card.added", contract.contract_id)


def test_a_bulk_contract_is_none_for_a_card(desk):
    desk.stores.grant(a_contract())
    assert desk.give().opened


def test_the_next_card_takes_the_place_of_the_first_on_the_same_contract(desk):
    first = desk.give()
    desk.clock.advance(days=10)
    second = desk.give(replace(VISA, token="pm_2", exp_year=2027, exp_month=1))
    (contract,) = desk.contracts
    assert not second.opened
    assert (contract.card_id, contract.valid_to) == (second.card.card_id, datetime(2027, 2, 1, tzinfo=UTC))
    assert desk.shelf.card(US, first.card.card_id) == first.card, "placed orders keep it"
    assert desk.shelf.due[US, first.card.card_id] == desk.clock.now() + LAST_ORDER_DONE


def test_when_the_contract_has_ended_a_card_opens_another(desk):
    first = desk.give()
    desk.clock.moment = first.card.usable_until
    assert desk.give().opened
    assert len(desk.contracts) == 2


def test_a_link_takes_one_card(desk):
    token = desk.link().token
    setup_id = desk.setup_of(token)
    desk.forms.fill_in(setup_id)
    desk.stores.tables.before["add_card"].append(lambda: desk.page.add(token, setup_id, "", ""))
    for _ in range(2):
        with pytest.raises(LinkEnded) as caught:
            desk.page.add(token, setup_id, "", "")
        assert caught.value.why is WhyEnded.USED
    assert len(desk.shelf.cards) == 1


def test_two_cards_at_once_follow_one_another(desk):
    desk.give()
    token = desk.link().token
    desk.forms.fill_in(desk.setup_of(token))
    desk.stores.tables.before["add_card"].append(desk.give)
    added = desk.page.add(token, desk.setup_of(token), "", "")
    (contract,) = desk.contracts
    assert contract.card_id == added.card.card_id
    assert [each.token for each in added.let_go] == [VISA.token]
    assert len(desk.shelf.cards) == 3


def test_a_contract_that_never_rests_is_given_up(desk):
    desk.give()
    token = desk.link().token
    desk.forms.fill_in(desk.setup_of(token))

    def again():
        desk.stores.tables.before["add_card"] = []
        desk.give()
        desk.stores.tables.before["add_card"] = [again]

    desk.stores.tables.before["add_card"] = [again]
    with pytest.raises(TryAgain):
        desk.page.add(token, desk.setup_of(token), "", "")


NOT_TAKEN = {
    "not filled in": lambda desk, setup_id: setup_id,
    "another form": lambda desk, setup_id: desk.forms.fill_in(setup_id) or "seti_other",
    "no form": lambda desk, setup_id: desk.forms.fill_in(setup_id) or "",
    "a card that has ended": lambda desk, setup_id: (
        desk.forms.fill_in(setup_id, replace(VISA, exp_year=2026, exp_month=10)) or setup_id
    ),
}


@pytest.mark.parametrize("prepare", NOT_TAKEN.values(), ids=NOT_TAKEN.keys())
def test_what_is_not_taken_leaves_the_link_as_it_was(desk, prepare):
    token = desk.link().token
    posted = prepare(desk, desk.setup_of(token))
    with pytest.raises(CardNotTaken):
        desk.page.add(token, posted, "", "")
    assert desk.shelf.cards == {}
    desk.page.look(token)


@pytest.mark.parametrize("change", [{"link_id": "lnk_other"}, {"customer": "cus_other"}], ids=str)
def test_a_form_that_was_made_for_somebody_else_is_not_believed(desk, change):
    token = desk.link().token
    setup_id = desk.setup_of(token)
    desk.forms.fill_in(setup_id)
    desk.forms.setups[setup_id] = replace(desk.forms.setups[setup_id], **change)
    for ask in (lambda: desk.page.look(token), lambda: desk.page.add(token, setup_id, "", "")):
        with pytest.raises(TryAgain):
            ask()
    assert desk.shelf.cards == {}


def test_a_reseller_that_is_gone_is_shown_nothing(desk):
    token = desk.link().token
    desk.known.clear()
    with pytest.raises(TryAgain):
        desk.page.look(token)


# ---- the card on file


def test_the_card_on_file_is_that_of_the_contract(desk):
    with pytest.raises(NotFound):
        desk.method.read(US)
    added = desk.give()
    told = desk.method.read(US)
    assert (told["brand"], told["last4"], told["contract_id"]) == ("visa", "4242", added.contract.contract_id)
    assert "token" not in told
    assert "customer" not in told


def test_a_removed_card_leaves_a_contract_without_one(desk):
    added = desk.give()
    desk.method.remove(PRINCIPAL, "request-3")
    (contract,) = desk.contracts
    assert (contract.card_id, contract.valid_to) == (None, added.card.usable_until)
    for ask in (lambda: desk.method.read(US), lambda: desk.method.remove(PRINCIPAL, "request-4")):
        with pytest.raises(NotFound):
            ask()
    again = desk.give()
    assert not again.opened
    assert again.let_go == ()


def test_removing_and_exchanging_at_once_do_not_lose_the_new_card(desk):
    desk.give()
    desk.stores.tables.before["remove_card"].append(desk.give)
    with pytest.raises(TryAgain) as caught:
        desk.method.remove(PRINCIPAL, "request-3")
    assert isinstance(caught.value.__cause__, ChangedMeanwhile)
    assert desk.method.read(US)


# ---- forgetting


def test_a_card_is_forgotten_when_no_order_can_need_it(desk):
    first = desk.give()
    desk.method.remove(PRINCIPAL, "request-3")
    desk.clock.moment = NOW + LAST_ORDER_DONE - MICROSECOND
    assert desk.forget() == 0
    desk.clock.moment += MICROSECOND
    assert desk.forget() == 1
    assert desk.forms.forgotten == [first.card.card_id]
    assert desk.forget() == 0


def test_a_card_that_nobody_removed_is_forgotten_after_its_year(desk):
    added = desk.give()
    desk.clock.moment = added.card.usable_until + LAST_ORDER_DONE - timedelta(seconds=1)
    assert desk.forget() == 0
    desk.clock.advance(seconds=1)
    assert desk.forget() == 1


def shelved(desk, number):
    """So many cards that no order needs any more, longest due first."""
    card = desk.give().card
    desk.shelf.due.clear()
    for each in range(number):
        card = replace(card, card_id=f"crd_{each:03}")
        desk.shelf.cards[US, card.card_id] = card
        desk.shelf.due[US, card.card_id] = NOW + timedelta(seconds=each)
    desk.clock.advance(hours=1)


def test_a_run_goes_on_while_it_has_time(desk):
    shelved(desk, 130)
    assert desk.forget(seconds=1360) == 130


def test_what_there_was_no_time_for_is_forgotten_by_the_next_run(desk):
    shelved(desk, 40)
    assert desk.forget(seconds=300) == 25
    desk.forms.forgotten.clear()
    assert desk.forget(seconds=300) == 15


@pytest.mark.parametrize("broken", ["refused", "unreadable", "gone"])
def test_cards_that_are_not_forgotten_are_put_off_and_named(desk, broken, caplog):
    shelved(desk, 30)
    stuck = [f"crd_{each:03}" for each in range(28)]
    for card_id in stuck:
        if broken == "refused":
            desk.forms.kept.add(card_id)
        elif broken == "gone":
            del desk.shelf.cards[US, card_id]
        else:
            desk.shelf.cards[US, card_id] = None if card_id == "crd_000" else object()
    with pytest.raises(TryAgain, match="28 of 30"):
        desk.forget()
    assert desk.forms.forgotten == ["crd_028", "crd_029"]
    named = [each.card_id for each in caplog.records if each.message == "a card was not forgotten"]
    assert named == stuck
    assert desk.forget() == 0, "put off"


def test_what_the_gateway_does_not_forget_is_tried_again(desk):
    desk.give()
    desk.method.remove(PRINCIPAL, "request-3")
    desk.clock.moment = NOW + LAST_ORDER_DONE
    desk.forms.refuses = "odd"
    with pytest.raises(TryAgain):
        desk.forget()
    desk.forms.refuses = None
    desk.clock.advance(hours=1)
    assert desk.forget() == 1

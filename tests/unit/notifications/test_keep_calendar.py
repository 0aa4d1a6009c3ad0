"""The calendar follows an order, whoever writes last: its reminders, and when it is reissued by itself."""

from dataclasses import replace

import pytest

from partner_center.accounts.resellers import ReminderPreferences
from partner_center.kernel.errors import TryAgain
from partner_center.notifications.calendar import ReminderKind
from partner_center.orders.content import Lifecycle, content_to_json
from partner_center.orders.order import OrderKind, OrderStatus
from tests.fakes.reminding import Reminding
from tests.fakes.samples import ORDER, US

CHOSEN = Lifecycle(auto_reissue=True, key="same", days_before=30)


@pytest.fixture
def reminding():
    return Reminding()


def planned(reminding):
    return reminding.keep.planned.rows.get((US, ORDER))


def chosen(reminding, **otherwise):
    """An issued order whose reseller chose so."""
    reminding.issued()
    content = reminding.world.stores.orders.content(US, ORDER, 1)
    chosen = content_to_json(replace(content, lifecycle=replace(CHOSEN, **otherwise)))
    reminding.world.tables.contents[US, ORDER, 1] = chosen
    reminding.tell(ORDER)


def test_an_order_is_planned_when_it_was_issued_and_no_more_once_it_is_revoked(reminding):
    chosen(reminding)
    assert planned(reminding) is not None
    reminding.revoked()
    assert planned(reminding) is None


def test_what_changed_between_reading_and_writing_is_looked_at_again(reminding):
    chosen(reminding)
    plan = reminding.keep.planned.plan

    def late(*row):
        plan(*row)
        reminding.change(status=OrderStatus.REVOKED)

    reminding.keep.planned.plan = late
    with pytest.raises(TryAgain):
        reminding.tell(ORDER)
    reminding.keep.planned.plan = plan
    reminding.tell(ORDER)
    assert planned(reminding) is None


def meanwhile(reminding, happens):
    """Just before the next write of an entry."""

    def once(where):
        if where == "before write":
            reminding.calendar.happen = lambda _: None
            happens()

    reminding.calendar.happen = once


def renewed(reminding):
    reminding.world.put(order_id="ord_2", kind=OrderKind.RENEWAL, renewal_of=ORDER)
    reminding.change(renewed_by="ord_2")
    reminding.change("ord_2", status=OrderStatus.ISSUED, issued_at=reminding.clock.now(), serial="ab")


def term_ends(reminding):
    return reminding.calendar.entries(US, ORDER)[ReminderKind.TERM_ENDS]


def test_who_read_that_an_order_was_renewed_does_not_end_its_reminders_once_the_renewal_is_revoked(reminding):
    """Who comes with the revocation finds the entry as it should be, and writes nothing."""
    reminding.issued()
    before = term_ends(reminding)
    renewed(reminding)
    meanwhile(reminding, lambda: reminding.revoked("ord_2"))
    with pytest.raises(TryAgain):
        reminding.tell(ORDER)
    reminding.tell(ORDER)
    assert (term_ends(reminding), before.stands) == (before, True)


def test_days_that_are_chosen_while_an_entry_is_written_count_for_it(reminding):
    reminding.issued()
    reminding.calendar.rows.clear()
    meanwhile(reminding, lambda: setattr(reminding, "preferences", ReminderPreferences(days=(10,))))
    with pytest.raises(TryAgain):
        reminding.tell(ORDER)
    reminding.tell(ORDER)
    entry = term_ends(reminding)
    assert (entry.ends - entry.remind_at).days == 10


def test_an_order_that_nothing_renews_any_more_is_followed_again_through_what_replaced_its_renewal(reminding):
    """ord_1 is renewed by ord_2, which ord_3 replaces, and went for that; then ord_3 is revoked."""
    chosen(reminding)
    issued = {"status": OrderStatus.ISSUED, "issued_at": reminding.clock.now(), "serial": "ab"}
    reminding.world.put(order_id="ord_2", kind=OrderKind.RENEWAL, renewal_of=ORDER)
    reminding.change(renewed_by="ord_2")
    reminding.change("ord_2", **issued)
    reminding.tell("ord_2", "order.issued")
    reminding.world.put(order_id="ord_3", kind=OrderKind.REPLACEMENT, replaces="ord_2")
    reminding.change("ord_2", replaced_by="ord_3")
    reminding.change("ord_3", **issued)
    reminding.tell("ord_3", "order.issued")
    reminding.revoked("ord_2")
    assert (term_ends(reminding).stands, planned(reminding)) == (False, None)
    reminding.revoked("ord_3")
    assert term_ends(reminding).stands
    assert term_ends(reminding).remind_at is not None
    assert planned(reminding) == reminding.keep.prospects(US, ORDER).reissues_itself_at is not None


def test_a_lineage_that_leads_back_to_itself_comes_to_an_end(reminding):
    chosen(reminding)
    reminding.change(renewal_of=ORDER)
    reminding.tell(ORDER)
    assert planned(reminding) is not None


def test_what_is_as_it_should_be_is_read_once(reminding):
    chosen(reminding, auto_reissue=False)
    orders, read = reminding.world.stores.orders, []
    content = orders.content
    orders.content = lambda *ids: [read.append(ids), content(*ids)][1]
    reminding.tell(ORDER)
    assert len(read) == 1

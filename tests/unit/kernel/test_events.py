"""Events and audit records: who, what, when, and nothing that is not there."""

from datetime import UTC, datetime

from partner_center.kernel.events import Chronicle, Event
from tests.fakes.determined import NOW, CountingIds


def chronicle():
    return Chronicle(CountingIds(), NOW, "key:key_1", "request-1")


def test_an_event_is_published_with_its_envelope():
    event = Event("evt_1", "order.placed", datetime(2026, 11, 23, 10, tzinfo=UTC), "request-1", {"units": 2})
    assert event.envelope() == {
        "id": "evt_1",
        "type": "order.placed",
        "version": 1,
        "occurred_at": "2026-11-23T10:00:00Z",
        "correlation_id": "request-1",
        "data": {"units": 2},
    }


def test_what_is_unknown_is_left_out_and_what_is_zero_is_not():
    event = chronicle().event("order.placed", "res_1", "ord_1", serial=None, units=0, note="")
    assert event.envelope()["data"] == {"reseller_id": "res_1", "order_id": "ord_1", "units": 0, "note": ""}


def test_an_event_names_its_reseller_order_cause_and_moment():
    event = chronicle().event("order.placed", "res_1", "ord_1", attempt=3)
    assert dict(event.data) == {"reseller_id": "res_1", "order_id": "ord_1", "attempt": 3}
    assert (event.type, event.occurred_at, event.correlation_id) == ("order.placed", NOW, "request-1")


def test_an_audit_record_names_its_actor():
    record = chronicle().audit("order.placed", "res_1", "ord_1", product="p")
    assert (record.actor, record.action, record.at) == ("key:key_1", "order.placed", NOW)
    assert (record.reseller_id, record.order_id, dict(record.facts)) == ("res_1", "ord_1", {"product": "p"})


def test_each_event_and_record_has_an_id_of_its_own():
    one = chronicle()
    made = [one.event("a", "r", "o").event_id, one.event("a", "r", "o").event_id]
    made += [one.audit("a", "r", "o").record_id, one.audit("a", "r", "o").record_id]
    assert len(set(made)) == 4
    assert [each[:4] for each in made] == ["evt_", "evt_", "aud_", "aud_"]

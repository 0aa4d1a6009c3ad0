"""What was left half revoked is finished by its events, and what nobody asked for is revoked by them."""

from dataclasses import replace

import pytest

from partner_center.issuance.record import CertificateStatus, Reason
from partner_center.kernel.errors import TryAgain
from partner_center.kernel.events import Event
from partner_center.orders.order import OrderStatus
from tests.fakes.determined import NOW
from tests.fakes.samples import A_KEY, US, a_record
from tests.unit.issuance.revoking import Office, bare, reissued, wanted

COMPROMISED = Reason.KEY_COMPROMISE


# ---- a run that died


WRITES = ["certificate 1", "certificate 2", "certificate 3", "certificate 4", "certificate 5", "order"]


@pytest.mark.parametrize("done", range(len(WRITES)), ids=lambda number: f"after {number} writes")
@pytest.mark.parametrize("ended_by", ["the event", "the reseller"])
def test_a_run_that_dies_is_ended_by_its_events_or_by_a_repetition(done, ended_by):
    office = Office(*reissued())
    left = [None] * done

    def die():
        if not left:
            raise TryAgain("The process ended here.")
        left.pop()
        for write in ("revoke_certificate", "revoke_order"):
            office.tables.before[write] = [die]

    for write in ("revoke_certificate", "revoke_order"):
        office.tables.before[write] = [die]
    with pytest.raises(TryAgain):
        office.order(wanted(Reason.AFFILIATION_CHANGED))
    office.tables.before.clear()
    office.clock.advance(minutes=1)
    if ended_by == "the event":
        office.deliver()
    else:
        office.order(wanted(Reason.AFFILIATION_CHANGED))
    if done == 0 and ended_by == "the event":  # nothing was written, so the reseller was told nothing
        assert office.told() == {}
        return
    assert office.head().status is OrderStatus.REVOKED
    assert set(office.told().values()) == {Reason.AFFILIATION_CHANGED}
    assert len(office.told()) == 5
    assert (office.units(), office.refunds()) == ((10, 0, 0), [(2, None)])
    assert len(office.happened("order.revoked")) == 1


def test_the_order_follows_its_last_certificate_though_the_run_died():
    office = Office()

    def die():
        raise TryAgain("The process ended here.")

    office.tables.before["revoke_order"].append(die)
    with pytest.raises(TryAgain):
        office.certificate()
    assert office.head().status is OrderStatus.ISSUED
    office.deliver()
    assert (office.head().status, office.head().revoked.by) == (OrderStatus.REVOKED, "key:key_1")


@pytest.mark.parametrize("whole", [True, False], ids=["order", "last certificate"])
def test_what_was_asked_in_time_is_given_back_though_the_run_died_and_was_finished_later(whole):
    office = Office()
    office.clock.advance(days=29)
    asked_at = office.clock.now()

    def die():
        raise TryAgain("The process ended here.")

    office.tables.before["revoke_order"].append(die)
    with pytest.raises(TryAgain):
        office.order() if whole else office.certificate()
    office.clock.advance(days=2)
    office.deliver()
    assert office.head().revoked.at == asked_at
    assert (office.units(), office.refunds()) == ((10, 0, 0), [(2, None)])


def test_an_order_that_follows_a_certificate_revoked_long_before_ends_when_it_is_asked_for():
    office = Office()
    office.certificate(wanted(COMPROMISED))
    office.clock.advance(days=31)
    office.certificate(wanted(COMPROMISED, keep_order=False))
    assert office.head().revoked.at == office.clock.now()
    assert (office.units(), office.refunds()) == ((8, 0, 2), [])


def test_events_that_are_delivered_again_change_nothing():
    office = Office(*reissued())
    office.order()
    before = repr(office.tables)
    office.deliver()
    office.deliver()
    assert repr(office.tables) == before


# ---- a key that became known


def exposed(serial="0a1b"):
    data = {"reseller_id": US, "order_id": "ord_1", "serial": serial, "spki_sha256": A_KEY}
    return Event("evt_1", "key.exposed", NOW, "request-1", data)


def test_an_exposed_key_revokes_its_certificate_and_keeps_the_order():
    office = Office()
    office.finish(exposed())
    assert office.told() == {"0a1b": COMPROMISED}
    assert (office.head().status, office.units()) == (OrderStatus.ISSUED, (8, 0, 2))
    (event,) = office.happened("certificate.revoked")
    assert (event["order_follows"], event["by"]) == ("never", "system")


def test_the_reseller_is_told_of_what_it_did_not_ask_for():
    office = Office()
    office.finish(exposed())
    (message,) = office.tables.messages[US, "ord_1"].values()
    assert "0a1b" in message.text
    assert "keyCompromise" in message.text
    asked = Office()
    asked.order()
    assert not asked.tables.messages[US, "ord_1"]


def orphaned(serial="0a1b"):
    data = {"reseller_id": US, "order_id": "ord_1", "serial": serial, "issuer_id": "tls-e1"}
    return Event("evt_1", "serial.orphaned", NOW, "schedule", data)


@pytest.mark.parametrize("status", [CertificateStatus.RECORDED, CertificateStatus.STORED])
@pytest.mark.parametrize("ended", [OrderStatus.CANCELLED, OrderStatus.REJECTED])
def test_a_serial_of_an_order_that_ended_without_a_certificate_is_revoked(status, ended):
    office = Office(replace(a_record(), status=status))
    office.tables.heads[US, "ord_1"] = replace(office.head(), status=ended, serial=None)
    office.finish(orphaned())
    office.finish(orphaned())
    assert office.told() == {"0a1b": Reason.CESSATION_OF_OPERATION}
    (event,) = office.happened("certificate.revoked")
    assert (event["order_follows"], event["by"]) == ("never", "system")


@pytest.mark.parametrize("status", [OrderStatus.PENDING, OrderStatus.ISSUED])
def test_a_serial_of_an_order_that_lives_is_no_orphan(status):
    office = Office()
    office.tables.heads[US, "ord_1"] = replace(office.head(), status=status)
    office.finish(orphaned())
    assert office.told() == {}


@pytest.mark.parametrize("status", [CertificateStatus.RECORDED, CertificateStatus.CLOSED])
def test_a_serial_that_was_perhaps_signed_is_revoked_and_nobody_is_told(status):
    office = Office(a_record(), bare("0a5b", status))
    office.finish(exposed("0a5b"))
    assert office.told() == {"0a5b": COMPROMISED}
    assert not office.tables.messages[US, "ord_1"]


PROVISIONAL, ISSUED = bare("0a5b", CertificateStatus.RECORDED, request_id="arn"), a_record(serial_hex="0a6b")


def issue(office):
    """AWS Private CA's certificate is there, under a serial of its own."""
    closed = replace(PROVISIONAL, status=CertificateStatus.CLOSED, issued_as=ISSUED.serial_hex)
    office.serials.add(closed, ISSUED)


@pytest.mark.parametrize("when", ["before it is looked at", "while it is revoked"])
def test_what_came_of_a_provisional_serial_is_revoked_for_it(when):
    """Whoever blocked the key saw no other, and no CRL would show the provisional one."""
    office = Office(PROVISIONAL)
    if when == "before it is looked at":
        issue(office)
    else:
        office.tables.before["revoke_certificate"] = [lambda: issue(office)]
    office.finish(exposed(PROVISIONAL.serial_hex))
    assert office.told() == {ISSUED.serial_hex: COMPROMISED}


def test_a_provisional_serial_that_is_issued_while_its_order_is_revoked_goes_with_it():
    office = Office(a_record(), PROVISIONAL)
    office.tables.before["revoke_certificate"] = [lambda: issue(office)]
    office.order(wanted(Reason.AFFILIATION_CHANGED))
    assert office.head().status is OrderStatus.REVOKED
    assert office.told() == dict.fromkeys(["0a1b", ISSUED.serial_hex], Reason.AFFILIATION_CHANGED)


def test_an_exposed_key_changes_the_reason_of_what_is_revoked():
    office = Office()
    office.order(wanted(Reason.SUPERSEDED))
    office.finish(exposed())
    assert office.told() == {"0a1b": COMPROMISED}


def test_an_event_about_a_serial_that_cannot_be_read_comes_again():
    office = Office()
    with pytest.raises(TryAgain):
        office.finish(exposed("ffff"))


def of_two():
    """The order of an older and a newer certificate, the older revoked by its reseller: the order stays."""
    office = Office(a_record(), a_record(serial_hex="0a2b", generation=2, spki_sha256="ab" * 32))
    office.certificate(wanted(Reason.CESSATION_OF_OPERATION))
    office.clock.advance(hours=2)
    return office


def keeps(office):
    office.certificate(wanted(Reason.UNSPECIFIED, keep_order=True), serial="0a2b")


def is_exposed(office):
    data = {"reseller_id": US, "order_id": "ord_1", "serial": "0a2b", "spki_sha256": "ab" * 32}
    office.finish(Event("evt_x", "key.exposed", office.clock.now(), "r", data))


@pytest.mark.parametrize("newer_goes", [keeps, is_exposed])
def test_an_order_that_was_kept_since_stays_though_the_event_of_an_older_certificate_comes_late(newer_goes):
    office = of_two()
    newer_goes(office)
    enrolment = office.reissue()
    office.clock.advance(hours=22)
    for _ in range(2):
        office.deliver()
    reissue = office.stores.orders.head(US, enrolment)
    assert (office.head().status, reissue.status) == (OrderStatus.ISSUED, OrderStatus.PENDING)


def test_an_order_follows_the_newer_of_two_though_the_event_of_the_older_comes_first():
    office = of_two()
    office.tables.before["revoke_order"].append(lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        office.certificate(wanted(Reason.CESSATION_OF_OPERATION), serial="0a2b")
    assert office.head().status is OrderStatus.ISSUED
    office.deliver()
    assert office.head().status is OrderStatus.REVOKED


@pytest.mark.parametrize("whole", [True, False], ids=["order", "last certificate"])
def test_what_goes_with_an_order_that_its_reseller_revoked_is_not_told_as_the_authoritys_doing(whole):
    """A reissue's certificate is stored while the order is being revoked."""
    office = Office()
    office.reissue(signing=True)
    late = a_record(serial_hex="0a2b", generation=2, reissue_id="rei_1")
    office.tables.before["revoke_order"].append(lambda: office.serials.add(late))
    request = wanted(Reason.CESSATION_OF_OPERATION)
    office.order(request) if whole else office.certificate(request)
    for event in reversed(list(office.tables.events.values())):  # a queue keeps no order
        if event.type in {"certificate.revoked", "order.revoked"}:
            office.finish(event)
    assert set(office.told()) == {"0a1b", "0a2b"}
    assert list(office.tables.messages[US, "ord_1"].values()) == []

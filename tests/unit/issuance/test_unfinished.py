"""A failed store after signing leaves a serial that is known, found without its order, and closed by a person."""

from dataclasses import replace
from datetime import timedelta

import pytest

from partner_center.entry.serials import main
from partner_center.issuance.issue import issue_certificate
from partner_center.issuance.record import CertificateStatus, SlotTaken
from partner_center.issuance.unfinished import A_RUNS_TIME, NotUnfinished, UnfinishedSerials
from partner_center.kernel.errors import NotFound, TryAgain
from tests.unit.issuance.world import NOW, stored

SECOND = timedelta(seconds=1)


@pytest.fixture
def unfinished(store, clock):
    return UnfinishedSerials(store, store, clock)


@pytest.fixture
def signed_and_lost(request_, issuer, store, keys):
    """Signed once, and the write of the certificate failed."""

    def fail(write):
        if write == "keep":
            raise TryAgain("The database did not answer.")

    store.before = fail
    with pytest.raises(TryAgain):
        issue_certificate(request_, issuer)
    assert len(keys.signed) == 1
    store.before = lambda write: None
    (record,) = store.serials.values()
    return record


def test_it_is_known_with_the_bytes_that_were_signed(signed_and_lost, store):
    found = store.by_serial(signed_and_lost.serial_hex)
    assert (found.status, found.tbs_der) == (CertificateStatus.RECORDED, signed_and_lost.tbs_der)
    assert stored(store) == []


@pytest.mark.parametrize(
    ("later", "found"), [(A_RUNS_TIME, True), (A_RUNS_TIME - SECOND, False)], ids=["old enough", "at work"]
)
def test_it_is_found_without_its_order_once_no_run_can_be_at_work(
    signed_and_lost, unfinished, clock, later, found
):
    clock.moment = NOW + later
    assert list(unfinished.left_over()) == ([signed_and_lost] if found else [])


def test_a_retry_takes_it_off_the_list(signed_and_lost, unfinished, clock, request_, issuer, store):
    record = issue_certificate(request_, issuer)
    clock.moment += A_RUNS_TIME
    assert (record.serial_hex, unfinished.left_over()) == (signed_and_lost.serial_hex, [])


def test_a_person_closes_it_and_the_order_goes_on_with_another(
    signed_and_lost, unfinished, clock, request_, issuer, store
):
    clock.moment += A_RUNS_TIME
    unfinished.close(signed_and_lost.serial_hex.upper(), "the execution was lost")
    assert store.by_serial(signed_and_lost.serial_hex).status is CertificateStatus.CLOSED
    assert unfinished.left_over() == []
    record = issue_certificate(request_, issuer)
    assert record.serial_hex != signed_and_lost.serial_hex
    assert stored(store) == [record]


def test_a_serial_that_a_run_may_be_at_work_with_is_not_closed(signed_and_lost, unfinished, clock):
    clock.moment += A_RUNS_TIME - SECOND
    with pytest.raises(NotUnfinished):
        unfinished.close(signed_and_lost.serial_hex, "impatience")


def test_an_issued_certificate_is_not_closed(unfinished, clock, request_, issuer):
    record = issue_certificate(request_, issuer)
    clock.moment += A_RUNS_TIME
    with pytest.raises(NotUnfinished, match="stored"):
        unfinished.close(record.serial_hex, "a slip")


def test_one_that_was_revoked_before_it_had_a_certificate_is_closed_once_and_stays_revoked(
    signed_and_lost, unfinished, clock, store
):
    serial = signed_and_lost.serial_hex
    store.serials[serial] = replace(signed_and_lost, status=CertificateStatus.REVOKED, revoked_at=NOW)
    clock.moment += A_RUNS_TIME
    unfinished.close(serial, "nothing was there")
    assert store.by_serial(serial).status is CertificateStatus.REVOKED
    assert store.slots == {}
    with pytest.raises(SlotTaken):
        unfinished.close(serial, "once more")


def test_a_certificate_that_was_revoked_is_not_closed(unfinished, clock, request_, issuer, store):
    record = issue_certificate(request_, issuer)
    store.serials[record.serial_hex] = replace(record, status=CertificateStatus.REVOKED, revoked_at=NOW)
    clock.moment += A_RUNS_TIME
    with pytest.raises(NotUnfinished, match="revoked"):
        unfinished.close(record.serial_hex, "a slip")


@pytest.mark.parametrize("serial", ["", "0", "no serial", "f" * 40, "é" * 9], ids=repr)
def test_a_serial_that_was_never_recorded_is_not_closed(unfinished, serial):
    with pytest.raises(NotFound):
        unfinished.close(serial, "a slip")


def test_the_oldest_comes_first(unfinished, clock, request_, issuer, store):
    def fail(write):
        if write == "keep":
            raise TryAgain("The database did not answer.")

    store.before = fail
    for number in (3, 1, 2):
        clock.moment = NOW + timedelta(minutes=number)
        with pytest.raises(TryAgain):
            issue_certificate(replace(request_, order_id=f"ord_{number}"), issuer)
    clock.moment += A_RUNS_TIME + timedelta(minutes=3)
    assert [record.order_id for record in unfinished.left_over()] == ["ord_1", "ord_2", "ord_3"]


# ---- the operator's door


def test_the_door_lists_and_closes(signed_and_lost, unfinished, clock, capsys):
    clock.moment += A_RUNS_TIME
    serial = signed_and_lost.serial_hex
    assert main(["list"], lambda: unfinished) == 0
    assert capsys.readouterr().out.startswith(f"{serial} 2026-11-23T10:00:00Z tls-e1 res_1 ord_1 g1 www.")
    assert main(["close", serial, "--why", "lost"], lambda: unfinished) == 0
    assert capsys.readouterr().out.startswith(f"closed: {serial}")
    assert main(["close", serial, "--why", "lost"], lambda: unfinished) == 1
    assert "closed" in capsys.readouterr().err
    assert main(["list"], lambda: unfinished) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "arguments", [[], ["close"], ["close", "ab"], ["drop", "ab"], ["list", "--minutes", "x"]]
)
def test_the_door_does_nothing_that_it_does_not_understand(arguments, unfinished):
    with pytest.raises(SystemExit):
        main(arguments, lambda: unfinished)

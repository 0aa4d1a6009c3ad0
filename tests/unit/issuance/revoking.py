"""An issued order with certificates, and whoever may revoke them."""

from dataclasses import replace

from partner_center.accounts.api_keys import Principal, Role
from partner_center.issuance.finish_revocation import FinishRevocation
from partner_center.issuance.record import CertificateStatus, Reason
from partner_center.issuance.revocation_request import RevocationRequest
from partner_center.issuance.revoke_by_reseller import RevokeCertificate, RevokeOrder
from partner_center.orders.close import CloseReissues, completion
from partner_center.orders.exposed_keys import ReportExposed
from partner_center.orders.idempotency import Call
from partner_center.orders.ports import ReissueBeginning, load
from partner_center.orders.reissue import begun
from tests.fakes.revocations import RevokingWorld
from tests.fakes.samples import (
    ORDER,
    THEM,
    US,
    a_chronicle,
    a_contract,
    a_head,
    a_placement,
    a_record,
    an_audit,
    an_event,
)

OURS, THEIRS = Principal(US, "key_1", Role.ORDERS), Principal(THEM, "key_2", Role.ORDERS)


def wanted(reason=Reason.UNSPECIFIED, proof=None, keep_order=None):
    return RevocationRequest(reason, proof, keep_order, (), ())


class Office(RevokingWorld):
    """One issued order of two units, with the certificates that a test gives it."""

    def __init__(self, *records, **head):
        super().__init__()
        self.reported = []
        self.stores.grant(a_contract(10))
        placed = a_head(**head)
        self.stores.orders.place(a_placement(self.ids, placed))
        self.stores.orders.complete(completion(placed, "0a1b", a_chronicle(self.ids)))
        self.serials.add(*(records or (a_record(),)))
        report = ReportExposed(self)
        self.revoke_order = RevokeOrder(self.revoker, report)
        self.revoke_certificate = RevokeCertificate(self.revoker, report)
        close = CloseReissues(self.stores.orders, self.clock, self.ids)
        self.finish = FinishRevocation(self.revoker, self.register, close)

    def report(self, exposed):
        self.reported.append(exposed)

    def call(self, key=None, request=None, path="/v1/orders/ord_1/revoke"):
        return Call("POST", path, key, repr(request.told()) if request else "body", "request-1")

    def order(self, request=None, by=OURS, order_id=ORDER, key=None):
        request = request or wanted()
        return self.revoke_order(by, self.call(key, request), order_id, request)

    def certificate(self, request=None, serial="0a1b", by=OURS, key=None):
        request = request or wanted()
        return self.revoke_certificate(
            by, self.call(key, request, f"/v1/certificates/{serial}/revoke"), serial, request
        )

    def reissue(self, *, signing=False):
        """A reissue under way that needs proof; the id of its enrolment."""
        order = load(self.stores.orders, US, ORDER)
        begins = begun(order, order.content, [order.content.common_name], "rei_1", self.clock.now())
        begins = replace(begins, head=replace(begins.head, signing=signing))
        event, audit = an_event(self.ids, "reissue.placed"), an_audit(self.ids)
        beginning = ReissueBeginning(begins, order.head.version, order.content, None, event, audit)
        self.stores.orders.reissue_order(beginning)
        return begins.head.order_id

    def head(self):
        return self.stores.orders.head(US, ORDER)

    def change_head(self, **changes):
        head = self.head()
        self.tables.heads[US, ORDER] = replace(head, version=head.version + 1, **changes)

    def deliver(self):
        """The queue's function gets every event that concerns it, oldest first."""
        for event in list(self.tables.events.values()):
            if event.type in {"certificate.revoked", "key.exposed", "order.revoked"}:
                self.finish(event)

    def told(self):
        """Serial and reason of each that is revoked."""
        records = self.serials.records.values()
        return {each.serial_hex: each.reason for each in records if each.revoked_at is not None}

    def units(self):
        contract = self.tables.contracts[US, "con_1"]
        return contract.units_left, contract.units_held, contract.units_used

    def refunds(self):
        entries = [each for entries in self.tables.ledger.values() for each in entries.values()]
        return [(each.units, each.amount) for each in entries if each.kind == "refund"]


def reissued():
    """Three certificates of one order, each of its own key; one that was closed, one that is being signed."""
    return (
        a_record(),
        a_record(serial_hex="0a2b", generation=2, spki_sha256="ab" * 32),
        a_record(serial_hex="0a3b", generation=3, spki_sha256="ef" * 32),
        bare("0a4b", CertificateStatus.CLOSED),
        bare("0a5b", CertificateStatus.RECORDED),
    )


def bare(serial_hex, status, **changes):
    usual = {"generation": 4, "certificate_der": None, "stored_at": None}
    return a_record(serial_hex=serial_hex, status=status, **usual | changes)

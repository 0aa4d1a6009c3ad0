"""Everybody who may approve a name by e-mail, and for which domain: the constructed addresses and the published ones.

Published contacts are what DNS says at one moment, as one perspective sees it; the others are asked whether they
see the same address (BR 3.2.2.4.13, .14).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from partner_center.kernel.names import MAX_NAME
from partner_center.validation.approvers import (
    CONTACT_LABEL,
    LOCAL_PARTS,
    LONGEST_ADDRESS,
    ApproverSource,
    contacts_from_records,
)
from partner_center.validation.authorization_domain import authorization_domains
from partner_center.validation.dns import Answer, Dnssec, RecordType
from partner_center.validation.looks import RecordsLook, RecordsSeen, Sighting
from partner_center.validation.quorum import Vote

_CONTACT_DOMAINS_AT_MOST = 8
_CONTACTS_AT_MOST = 20


@dataclass(frozen=True, slots=True)
class Approver:
    """An address that may approve, and the authorization domain name that its approval proves control of.

    That domain is the one for which the address was computed or found, and never the domain of the address
    itself: an approver's TXT contact once validated the approver's own mail domain (2025).
    """

    address: str
    source: ApproverSource
    authorization_domain: str

    @property
    def br_section(self) -> str:
        return self.source.br_section

    @property
    def looks(self) -> tuple[RecordsLook, ...]:
        """What corroborates this approver; nothing does, or need, for a constructed address."""
        if self.source is ApproverSource.CONSTRUCTED:
            return ()
        return (_look(self.source, self.authorization_domain),)


def contact_looks(name: str) -> tuple[RecordsLook, ...]:
    """What to ask for the published contacts of `name`, its registrable domain first.

    CAA is asked for at every authorization domain name rather than climbed for from each: a climb that began
    at one of them (RFC 8659, section 3) would end at one of them, or above the registrable domain, where
    nobody speaks for the name. Of a very deep name the eight highest domains are asked.
    """
    highest = authorization_domains(name)[::-1][:_CONTACT_DOMAINS_AT_MOST]
    return tuple(
        _look(source, domain)
        for domain in highest
        for source in (ApproverSource.CAA, ApproverSource.TXT)
        if source is ApproverSource.CAA or len(CONTACT_LABEL) + 1 + len(domain) <= MAX_NAME
    )


def _look(source: ApproverSource, domain: str) -> RecordsLook:
    if source is ApproverSource.CAA:
        return RecordsLook(domain, RecordType.CAA)
    return RecordsLook(f"{CONTACT_LABEL}.{domain}", RecordType.TXT)


def approvers_of(
    name: str, caa_by_domain: Mapping[str, Answer], txt_by_domain: Mapping[str, Answer]
) -> tuple[Approver, ...]:
    """Everybody who may approve `name`, by nearest domain, and there constructed, CAA, TXT.

    The mappings hold the answers by authorization domain name; a domain whose look-up failed is not in them,
    and one whose answer is bogus names nobody. Of a zone that publishes very many contacts the first 20 of
    the alphabet count, which are the same from everywhere.
    """
    return tuple(
        approver
        for domain in authorization_domains(name)
        for approver in (
            *(Approver(f"{local}@{domain}", ApproverSource.CONSTRUCTED, domain) for local in LOCAL_PARTS),
            *_published(ApproverSource.CAA, domain, caa_by_domain.get(domain)),
            *_published(ApproverSource.TXT, domain, txt_by_domain.get(domain)),
        )
    )


def _published(source: ApproverSource, domain: str, answer: Answer | None) -> list[Approver]:
    if answer is None or answer.dnssec is Dnssec.BOGUS:
        return []
    look = _look(source, domain)
    if (answer.name, answer.type) != (look.name, look.type):
        raise ValueError(f"the answer for {answer.type} {answer.name} says nothing about {look}")
    by_caa = source is ApproverSource.CAA
    contacts = contacts_from_records(answer.caa if by_caa else (), () if by_caa else answer.octets)
    return [
        Approver(address, source, domain)
        for address in sorted(contact.address for contact in contacts)[:_CONTACTS_AT_MOST]
    ]


def approvers_seen(name: str, sightings: Sequence[Sighting]) -> tuple[Approver, ...]:
    """`approvers_of`, from the sightings that answer `contact_looks`, in its order."""
    answers: dict[RecordType, dict[str, Answer]] = {RecordType.CAA: {}, RecordType.TXT: {}}
    for look, sighting in zip(contact_looks(name), sightings, strict=True):
        answer = _answer_to(look, sighting)
        if answer is not None:
            answers[look.type][look.name.removeprefix(f"{CONTACT_LABEL}.")] = answer
    return approvers_of(name, answers[RecordType.CAA], answers[RecordType.TXT])


def _answer_to(look: RecordsLook, sighting: Sighting) -> Answer | None:
    met = (sighting.answer or sighting.failure) if isinstance(sighting, RecordsSeen) else None
    if met is None or (met.name, met.type) != (look.name, look.type):
        raise ValueError(f"this does not answer {look}")
    return met if isinstance(met, Answer) else None


def approver_for(address: str, approvers: Iterable[Approver]) -> Approver | None:
    """The approver whom `address` names, or None: one spelt the same before any other, then the nearest.

    Only the case of ASCII letters may differ. Send mail to what is returned, never to what was asked for.
    """
    if len(address) > LONGEST_ADDRESS or not address.isascii():
        return None
    alike = [each for each in approvers if each.address.lower() == address.lower()]
    same = [each for each in alike if each.address == address]
    return next(iter([*same, *alike]), None)


def contact_vote(approver: Approver, sightings: Sequence[Sighting]) -> Vote:
    """What a perspective says about a published contact, from the sightings that answer `approver.looks`."""
    if not approver.looks:
        raise ValueError(f"{approver.address} was computed; there is nothing to corroborate")
    ((look, sighting),) = zip(approver.looks, sightings, strict=True)
    answer = _answer_to(look, sighting)
    if answer is None or answer.dnssec is Dnssec.BOGUS:
        return Vote.NOT_ANSWERED
    named = _published(approver.source, approver.authorization_domain, answer)
    return Vote.PASSED if approver in named else Vote.REFUSED

"""API keys: who comes in, from where, until when; every refusal sounds alike."""

from dataclasses import dataclass, field, replace

import pytest

from partner_center.accounts.api_keys import (
    ApiKey,
    Principal,
    Role,
    authenticate,
    make_key,
    make_staff_key,
)
from partner_center.accounts.staff import Staff, StaffKey, StaffRole
from partner_center.kernel.errors import Forbidden, Unauthenticated
from partner_center.kernel.ids import RandomIds
from tests.fakes.determined import MICROSECOND, NOW
from tests.fakes.samples import US, a_day

HERE = "192.0.2.7"
KEY, TEXT = make_key(US, Role.ORDERS, RandomIds(), NOW)
SECRET = TEXT.rpartition("_")[2]


@dataclass
class MemoryKeys:
    """`ApiKeys` that keep what they were asked for."""

    key: ApiKey | StaffKey = KEY
    asked: list[str] = field(default_factory=list)

    def find(self, key_id):
        self.asked.append(key_id)
        return self.key if key_id == self.key.key_id else None


def come_in(header=f"Bearer {TEXT}", address=HERE, moment=NOW, **changes):
    return authenticate(header, address, MemoryKeys(replace(KEY, **changes)), moment)


# ---- making


def test_a_key_is_made_for_one_reseller_and_role():
    assert (KEY.reseller_id, KEY.role, KEY.created_at) == (US, Role.ORDERS, NOW)


def test_the_secret_is_not_kept():
    assert KEY.key_id in TEXT
    secret = TEXT.removeprefix(f"pck_{KEY.key_id}_")
    assert secret not in repr(KEY)
    assert len(secret) * 6 >= 256


def test_limits_of_a_key_are_kept():
    key, _ = make_key(US, Role.READ, RandomIds(), NOW, expires_at=NOW + a_day, addresses=("192.0.2.0/24",))
    assert (key.expires_at, key.addresses) == (NOW + a_day, ("192.0.2.0/24",))


def test_two_keys_differ_in_id_and_secret():
    one, two = make_key(US, Role.READ, RandomIds(), NOW), make_key(US, Role.READ, RandomIds(), NOW)
    assert one[0].key_id != two[0].key_id
    assert one[0].secret_sha256 != two[0].secret_sha256


# ---- coming in


def test_a_good_key_tells_the_tenant():
    assert come_in() == Principal(US, KEY.key_id, Role.ORDERS)


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "Bearer"])
def test_the_scheme_is_read_in_any_case(scheme):
    assert come_in(f"{scheme} {TEXT}")


@pytest.mark.parametrize("header", [f"Bearer   {TEXT}", f"Bearer {TEXT}  "], ids=["before", "after"])
def test_blanks_around_the_key_do_not_matter(header):
    assert come_in(header)


BAD_HEADERS = {
    "none": None,
    "empty": "",
    "scheme only": "Bearer",
    "key only": TEXT,
    "basic": f"Basic {TEXT}",
    "no prefix": f"Bearer {TEXT[4:]}",
    "other prefix": f"Bearer psk{TEXT[3:]}",
    "key in capitals": f"Bearer {TEXT.upper()}",
    "secret one short": f"Bearer {TEXT[:-1]}",
    "secret one long": f"Bearer {TEXT}A",
    "secret padded": f"Bearer {TEXT}=",
    "two keys": f"Bearer {TEXT} {TEXT}",
    "a comma": f"Bearer {TEXT},{TEXT}",
    "a line end inside": f"Bearer {TEXT[:40]}\n{TEXT[40:]}",
    "a null": f"Bearer {TEXT}\x00",
    "other digits": f"Bearer {TEXT.replace('0', '٠')}",
    "huge": "Bearer " + "pck_" * 100_000,
    "another key id": f"Bearer pck_{'0' * 26}_{SECRET}",
    "another secret": f"Bearer pck_{KEY.key_id}_{'A' * 43}",
    "the digest for the secret": f"Bearer pck_{KEY.key_id}_{KEY.secret_sha256[:43]}",
}


def refusal(*args, **changes):
    with pytest.raises(Unauthenticated) as refused:
        come_in(*args, **changes)
    return refused.value.detail


@pytest.mark.parametrize("header", BAD_HEADERS.values(), ids=BAD_HEADERS.keys())
def test_a_bad_header_does_not_come_in_and_learns_nothing(header):
    assert refusal(header) == refusal(None)


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer x", f"Basic {TEXT}", "Bearer " + "x" * 10_000],
    ids=["none", "empty", "another form", "another scheme", "too long"],
)
def test_what_is_no_key_is_not_looked_up(header):
    keys = MemoryKeys()
    with pytest.raises(Unauthenticated):
        authenticate(header, HERE, keys, NOW)
    assert keys.asked == []


@pytest.mark.parametrize(
    ("changes", "good"),
    [
        ({"expires_at": NOW + MICROSECOND}, True),
        ({"expires_at": NOW}, False),
        ({"revoked_at": NOW}, False),
        ({"revoked_at": NOW + a_day}, False),
        ({"expires_at": NOW + a_day, "revoked_at": NOW - a_day}, False),
    ],
    ids=[
        "expires in a moment",
        "expires now",
        "revoked now",
        "revocation ahead",
        "revoked though not expired",
    ],
)
def test_an_expired_or_revoked_key_is_dead_at_once(changes, good):
    if good:
        assert come_in(**changes)
    else:
        assert refusal(**changes) == refusal(None)


ADDRESSES = {
    "any": ((), HERE, True),
    "itself": ((HERE,), HERE, True),
    "its network": (("192.0.2.0/24",), HERE, True),
    "a network given by a host": (("192.0.2.99/24",), HERE, True),
    "another": (("192.0.2.8",), HERE, False),
    "another network": (("198.51.100.0/24",), HERE, False),
    "one of several": (("198.51.100.0/24", "2001:db8::/32", HERE), HERE, True),
    "IPv6": (("2001:db8::/32",), "2001:db8::7", True),
    "IPv6 against IPv4": (("0.0.0.0/0",), "2001:db8::7", False),
    "IPv4 against IPv6": (("::/0",), HERE, False),
    "malformed source": (("0.0.0.0/0",), "somewhere", False),
    "empty source": (("0.0.0.0/0",), "", False),
    "source with a port": (("192.0.2.0/24",), f"{HERE}:443", False),
    "source with a zone": (("fe80::/10",), "fe80::1%eth0", True),
    "octal source": (("0.0.0.0/0",), "0192.0.2.7", False),
    "two sources": (("192.0.2.0/24",), f"{HERE}, {HERE}", False),
    "huge source": (("0.0.0.0/0",), "1" * 100_000, False),
    "malformed network": (("everywhere",), HERE, False),
    "a good network behind a malformed one": (("everywhere", "192.0.2.0/24"), HERE, True),
}


@pytest.mark.parametrize(("networks", "source", "good"), ADDRESSES.values(), ids=ADDRESSES.keys())
def test_a_key_may_be_bound_to_addresses(networks, source, good):
    if good:
        assert come_in(address=source, addresses=networks)
    else:
        assert refusal(address=source, addresses=networks) == refusal(None)


def test_a_source_that_cannot_be_read_does_no_harm_to_an_unbound_key():
    assert come_in(address="somewhere")


# ---- roles

NEEDS = {
    "orders may order": (Role.ORDERS, [Role.ORDERS], True),
    "orders may not bill": (Role.ORDERS, [Role.BILLING], False),
    "read may not order": (Role.READ, [Role.ORDERS], False),
    "one of several": (Role.READ, [Role.ORDERS, Role.READ], True),
    "admin may everything": (Role.ADMIN, [Role.BILLING], True),
    "admin may what nobody may": (Role.ADMIN, [], True),
    "nobody else may what nobody may": (Role.ORDERS, [], False),
}


@pytest.mark.parametrize(("role", "needed", "good"), NEEDS.values(), ids=NEEDS.keys())
def test_a_role_opens_what_it_is_for(role, needed, good):
    principal = Principal(US, "key_1", role)
    if good:
        assert principal.require(*needed) is None
    else:
        with pytest.raises(Forbidden):
            principal.require(*needed)


def test_a_refusal_names_the_roles_that_would_do():
    with pytest.raises(Forbidden, match="billing, admin"):
        Principal(US, "key_1", Role.READ).require(Role.BILLING)


# ---- keys of the staff

ROLES = [StaffRole.REVIEW, StaffRole.FINANCE]
STAFF_KEY, STAFF_TEXT = make_staff_key("rosa.reviewer", ROLES, RandomIds(), NOW)


def staff_comes_in(header=f"Bearer {STAFF_TEXT}", address=HERE, moment=NOW, **changes):
    return authenticate(header, address, MemoryKeys(replace(STAFF_KEY, **changes)), moment)


def test_a_staff_key_is_made_for_one_person_and_their_roles():
    assert (STAFF_KEY.person, STAFF_KEY.roles, STAFF_KEY.created_at) == (
        "rosa.reviewer",
        frozenset(ROLES),
        NOW,
    )
    assert STAFF_TEXT.removeprefix(f"pck_{STAFF_KEY.key_id}_") not in repr(STAFF_KEY)


def test_limits_of_a_staff_key_are_kept():
    key, _ = make_staff_key("x", ROLES, RandomIds(), NOW, expires_at=NOW + a_day, addresses=(HERE,))
    assert (key.expires_at, key.addresses) == (NOW + a_day, (HERE,))


def test_a_good_staff_key_tells_the_person_and_no_tenant():
    caller = staff_comes_in()
    assert caller == Staff("rosa.reviewer", STAFF_KEY.key_id, frozenset(ROLES))
    assert not hasattr(caller, "reseller_id")


@pytest.mark.parametrize(
    ("changes", "address"),
    [
        ({"expires_at": NOW}, HERE),
        ({"revoked_at": NOW}, HERE),
        ({"revoked_at": NOW + a_day}, HERE),
        ({"addresses": ("198.51.100.0/24",)}, HERE),
        ({"addresses": ("192.0.2.0/24",)}, "somewhere"),
        ({"secret_sha256": "0" * 64}, HERE),
    ],
    ids=["expired", "revoked", "revocation ahead", "elsewhere", "malformed source", "another secret"],
)
def test_a_bad_staff_key_is_refused_like_any_other(changes, address):
    with pytest.raises(Unauthenticated) as refused:
        staff_comes_in(address=address, **changes)
    assert refused.value.detail == refusal(None)


def test_a_key_is_either_a_resellers_or_a_persons():
    assert not isinstance(STAFF_KEY, ApiKey)
    assert not isinstance(KEY, StaffKey)
    assert not isinstance(come_in(), Staff)

from secrets import token_bytes

import pytest

from partner_center.issuance.serials import new_serial, serial_hex


@pytest.mark.parametrize(
    "octets", [b"\x00" * 20, b"\xff" * 20, b"\x80" + b"\x00" * 19, bytes(range(20))], ids=bytes.hex
)
def test_a_serial_is_positive_and_below_2_to_the_159th_whatever_the_entropy(octets):
    serial = new_serial(lambda count: octets)
    assert 1 << 64 < serial < 1 << 159
    assert len(serial.to_bytes((serial.bit_length() + 8) // 8, "big")) == 20
    assert len(serial_hex(serial)) == 40


def test_ten_thousand_serials_are_unique_and_carry_158_bits_of_entropy():
    serials = [new_serial(token_bytes) for _ in range(10_000)]
    assert len(set(serials)) == len(serials)
    for bit in range(158):  # 63-bit serials of 2019: one bit was constant
        ones = sum(serial >> bit & 1 for serial in serials)
        assert 4_600 < ones < 5_400, f"bit {bit} is set {ones} times of 10,000"


def test_every_random_bit_reaches_the_serial():
    ones, zeros = new_serial(lambda count: b"\xff" * count), new_serial(lambda count: b"\x00" * count)
    assert (ones ^ zeros).bit_count() == 158


def test_a_source_that_runs_dry_makes_no_serial():
    with pytest.raises(ValueError, match="entropy"):
        new_serial(lambda count: b"\x01" * (count - 1))


def test_a_serial_is_written_in_lower_case_hexadecimal():
    assert serial_hex(0xABCDEF) == "abcdef"

"""CRC-32 of Ethernet and zlib, a byte a cycle."""

from __future__ import annotations

from functools import reduce
from operator import xor

from amaranth.hdl import Cat, Value

#: Value of the register before the first byte.
CRC_INIT = 0xFFFFFFFF
#: Value of the register after content and its own checksum, whatever the content: a receiver compares with it.
CRC_RESIDUE = 0xDEBB20E3
_POLYNOMIAL = 0xEDB88320


def crc_step(crc: Value, byte: Value) -> Value:
    """Register (32 bits) after `byte` has gone through it, low bit first.

    The low byte of the register is added to `byte`; each bit of the sum flips a fixed set of other bits, so the step
    is one level of wide XOR gates. The checksum is the complement of the register. A byte equal to the low byte of the
    register just shifts it: in this way a sender reads the checksum.
    """
    leaving = crc[:8] ^ byte
    flips = [_shift_out(1 << bit) for bit in range(8)]
    return Cat(
        reduce(xor, [leaving[bit] for bit in range(8) if flips[bit] >> place & 1], crc[place + 8] if place < 24 else 0)
        for place in range(32)
    )


def _shift_out(register: int) -> int:
    for _ in range(8):
        register = register >> 1 ^ (_POLYNOMIAL if register & 1 else 0)
    return register

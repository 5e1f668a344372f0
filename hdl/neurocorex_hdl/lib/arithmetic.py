"""Integer arithmetic of the model: saturation, exact sums, decay; tested against `neurocorex.spec.fixed`."""

from collections.abc import Sequence
from enum import IntFlag

from amaranth.hdl import Cat, Const, Module, Mux, Value, ValueLike
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec.fixed import DECAY_ALL, DECAY_BITS

from .delay import stages


def saturate(value: ValueLike, bits: int) -> tuple[Value, Value]:
    """Clamp a signed value to a signed number of `bits` bits.

    Returns
    -------
    clamped : Value, signed(bits)
    changed : Value, 1
        Whether it had to be clamped.
    """
    value = Value.cast(value)
    if len(value) <= bits:
        return value, Const(0, 1)
    sign, above = value[-1], value[bits - 1 :]
    fits = above.all() | ~above.any()
    limit = Cat((~sign).replicate(bits - 1), sign)
    return Mux(fits, value[:bits], limit).as_signed(), ~fits


def magnitude(value: Value) -> Value:
    """Absolute value of a signed number, unsigned and of the same width, so that the smallest one fits too."""
    sign = value[-1]
    return ((value ^ sign.replicate(len(value))).as_unsigned() + sign)[: len(value)]


def add_signed(value: Value, size: Value, negative: Value) -> Value:
    """``value - size if negative else value + size``, exact, for a signed value and an unsigned size.

    Synthesis would build an adder, a subtractor and a multiplexer. To get one carry chain, the size is inverted where
    it is to be subtracted, and the one that two's complement wants on top enters as the carry of an extra low bit.
    """
    bits = max(len(value), len(size) + 1) + 1
    addend = Cat(size, Const(0, bits - len(size))) ^ negative.replicate(bits)
    total = Cat(Const(1, 1), value, value[-1].replicate(bits - len(value))) + Cat(negative, addend)
    return total[1 : bits + 1].as_signed()


def plus(value: Value, addend: Value, carry: Value) -> Value:
    """Add two signed numbers and a carry, exact, by one carry chain: the carry enters by an extra low bit."""
    bits = max(len(value), len(addend)) + 1
    wide = [Cat(number, number[-1].replicate(bits - len(number))) for number in (value, addend)]
    return (Cat(Const(1, 1), wide[0]) + Cat(carry, wide[1]))[1 : bits + 1].as_signed()


def times(value: Value, factor: int) -> Value:
    """Multiply by a constant by shifting and adding: a `*` could take one of the few multipliers of the device."""
    terms = [value << bit for bit in range(factor.bit_length()) if factor >> bit & 1]
    return sum(terms[1:], start=terms[0])


def select(values: Sequence[Value], index: Value) -> Value:
    """Return one of several values, by a tree of multiplexers: comparing the index with each number takes more LUTs."""
    if len(values) == 1:
        return values[0]
    bit = (len(values) - 1).bit_length() - 1
    lower, upper = values[: 1 << bit], values[1 << bit :]
    return Mux(index[bit], select(upper, index), select(lower, index))


def has(flags: Value, flag: IntFlag) -> Value:
    """Whether a flag, of one bit, is among those of a register or item."""
    return flags[flag.bit_length() - 1]


class Shrink(wiring.Component):
    """Decay of a magnitude: ``magnitude - ceil(magnitude * decay / 65536)``, and 0 for a decay of 65535.

    That is the magnitude, less the upper half of the product, less one if its lower half is not zero: one subtraction
    after the multiplier. A decay of 65535 resets the register after that.

    Parameters
    ----------
    bits : int
        Width of the magnitude.
    held : bool
        Operands stay for a second stage, and are multiplied without a register before the multiplier.

    Members
    -------
    magnitude, decay : In
        At stage 0; and 1, if `held`.
    shrunk : Out
        At stage `LATENCY`; one earlier, if `held`.
    """

    #: Cycles from operands to result. The multiplier has registers before and behind it.
    LATENCY = 3

    def __init__(self, bits: int, *, held: bool = False) -> None:
        self._bits = bits
        self._held = held
        super().__init__({
            "magnitude": In(bits),
            "decay": In(DECAY_BITS),
            "shrunk": Out(bits),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the multiplier and its registers."""
        m = Module()
        before = 0 if self._held else 1
        size = stages(m, self.magnitude, 2 * before, name="size")[-1]
        factors = [
            stages(m, factor, before, name=f"factor_{number}")[-1]
            for number, factor in enumerate((self.magnitude, self.decay))
        ]
        all_lost = stages(m, self.decay == DECAY_ALL, 2 * before, name="all_lost")[-1]
        product = stages(m, factors[0] * factors[1], 1, name="product")[-1]
        lost, fraction = product[DECAY_BITS:], product[:DECAY_BITS]
        # The borrow enters by an extra low bit.
        left = (Cat(Const(1, 1), size) + Cat(~fraction.any(), ~lost))[1 : self._bits + 1]
        m.d.sync += self.shrunk.eq(Mux(all_lost, 0, left))
        return m

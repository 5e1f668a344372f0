"""Integer arithmetic of the model, one number at a time, and the packing of numbers into bytes.

These functions are the definition that gates and emulator are tested against.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

#: Bits of a decay: a decay d removes d / 2**16 of a value in one step.
DECAY_BITS = 16
#: The decay that removes everything at once, whatever the value.
DECAY_ALL = (1 << DECAY_BITS) - 1
#: `Control.FADE` that takes all of an eligibility at once, whatever it is.
FADE_ALL = 15
#: Bits of `Control.SCALE` that name a rule row; those above name a group.
SCALE_ROW_BITS = 3
#: Bits behind the point of the factor of weights in scaling, and the largest it can gain: nearly 8.
FACTOR_BITS, FACTOR_LIMIT = 12, 32767
#: `Region.CONTEXT_GAIN` that changes nothing.
CONTEXT_GAIN_ONE = 256
#: Bits of such a gain.
CONTEXT_GAIN_BITS = 12
#: Bits of a gain: weights are shifted left by 0 to 7.
GAIN_BITS = 3


#: Step of the sequence that spreads one draw over the synapses of a row or column: 2**16 over the golden ratio, odd.
DRAW_STRIDE = 40503
#: State of the generator after power-up: 2**32 over the golden ratio.
RANDOM_START = 0x9E3779B9


class Place(IntEnum):
    """Kind of what a draw is for, and what tells its code from those of other kinds."""

    INPUT = 0x0000
    RECURRENT = 0x5555
    EXTRA = 0x3333
    NEURON = 0x0F0F


def advance(random: int) -> int:
    """Next state of the generator, at the end of a step: Marsaglia's 32-bit xorshift (13, 17, 5); 0 stays 0."""
    random ^= (random << 13) & 0xFFFFFFFF
    random ^= random >> 17
    return random ^ ((random << 5) & 0xFFFFFFFF)


def place_code(place: Place, number: int) -> int:
    """Code of an axon or neuron, 16 bits: its number among those of its kind, bits reversed, and that of the kind.

    The first bits of a number become the highest, so that the draws of neighbours lie far apart.
    """
    return int(f"{number:016b}"[::-1], 2) ^ place


def trace_draw(random: int, code: int) -> int:
    """Return what is added before a trace is rounded down, 0 to 65535, in a step with this state of the generator."""
    return (random & 0xFFFF) ^ code


def weight_draw(random: int, code: int, index: int) -> int:
    """Return what is added before a change of a weight is rounded down, 0 to 255.

    Parameters
    ----------
    random : int
        State of the generator in this step.
    code : int
        Of the axon whose row, or of the neuron whose column, changes.
    index : int
        The neuron in the row, or the axon in the column.
    """
    return ((((random >> 16) ^ code) + DRAW_STRIDE * index) & 0xFFFF) >> 8


#: From an axon to the next in the sequence that draws of input spikes are made from: 2**32 over the golden ratio, odd.
AXON_STRIDE = 0x9E3779B9
#: Bits of the draw of an input spike, and turns of `stirred` that make it.
SPIKE_DRAW_BITS, SPIKE_DRAW_TURNS = 16, 2


def stirred(word: int) -> int:
    """One turn of stirring the 32 bits of a word, by sums and exclusive ors: the end of Jenkins's one-at-a-time."""
    word = (word + (word << 10)) & 0xFFFFFFFF
    word ^= word >> 6
    word = (word + (word << 3)) & 0xFFFFFFFF
    word ^= word >> 11
    return (word + (word << 15)) & 0xFFFFFFFF


def spike_draw(state: int, axon: int) -> int:
    """Return the draw of an input axon, 0 to 65535, in a step with this `Control.STIMULUS`."""
    word = (state + AXON_STRIDE * axon) & 0xFFFFFFFF
    for _ in range(SPIKE_DRAW_TURNS):
        word = stirred(word)
    return word >> (32 - SPIKE_DRAW_BITS)


#: What tells the draws of noise from those of input spikes where both have the same state.
NOISE_CODE = 0x5A0FC33C


def noise_draw(state: int, neuron: int) -> int:
    """Return the draw of the noise of a neuron, odd, -65535 to 65535, in a step with this `Control.NOISE_STATE`."""
    return 2 * spike_draw(state ^ NOISE_CODE, neuron) - 65535


def noise(draw: int, amplitude: int) -> int:
    """Return the current that a draw makes: ``draw * amplitude / 65536``, to the nearest, halves away from zero."""
    size = (abs(draw) * amplitude + (1 << 15)) >> 16
    return size if draw > 0 else -size


def spikes(draw: int, rate: int, rate_bits: int) -> bool:
    """Whether a draw makes a spike at a rate: with probability ``rate / 2**rate_bits``; 1 if all its bits are set."""
    return draw >> (SPIKE_DRAW_BITS - rate_bits) < rate or rate == (1 << rate_bits) - 1


def even_spike(count: int, rate: int, rate_bits: int) -> bool:
    """Whether an even train spikes: a sum that begins with one half grows by ``rate / 2**rate_bits`` and passes one.

    Parameters
    ----------
    count : int
        Steps of the train before this one: `Control.STIMULUS`, of which `rate_bits` bits matter.
    rate, rate_bits : int
        Rate in 2^-rate_bits; a spike in every step if all its bits are set.
    """
    one = 1 << rate_bits
    return (count * rate + one // 2) % one + rate >= one or rate == one - 1


def fade(trace: int, decay: int, draw: int) -> int:
    """Decay of a trace: ``floor((trace * (65536 - decay) + draw) / 65536)``, and 0 for a decay of 65535.

    With draws that are spread evenly over 0 to 65535 it is right on average, whatever the width of the trace.
    """
    return 0 if decay == DECAY_ALL else (trace * ((1 << DECAY_BITS) - decay) + draw) >> DECAY_BITS


def signed_range(bits: int) -> tuple[int, int]:
    """Smallest and largest value of a signed number of `bits` bits."""
    return -(1 << (bits - 1)), (1 << (bits - 1)) - 1


def saturate(value: int, bits: int) -> int:
    """Clamp to a signed number of `bits` bits."""
    low, high = signed_range(bits)
    return min(max(value, low), high)


def shrink(value: int, decay: int) -> int:
    """Move towards zero by the fraction ``decay / 65536`` of the magnitude, the loss rounded up.

    Rounding the loss up makes every decay above 0 end at zero. 0 keeps the value, 65535 clears it.
    """
    if decay == DECAY_ALL:
        return 0
    magnitude = abs(value)
    magnitude -= (magnitude * decay + DECAY_ALL) >> DECAY_BITS
    return -magnitude if value < 0 else magnitude


def toward(value: int, leak: int) -> int:
    """Move towards zero by `leak` (not negative), stopping there."""
    return max(value - leak, 0) if value > 0 else min(value + leak, 0)


def pack(values: Iterable[int], item_bytes: int) -> bytes:
    """Little-endian two's complement, `item_bytes` bytes a value."""
    mask = (1 << (8 * item_bytes)) - 1
    return b"".join((value & mask).to_bytes(item_bytes, "little") for value in values)


def unpack(data: bytes, item_bytes: int, *, signed: bool) -> list[int]:
    """Inverse of `pack`; `data` must hold whole items."""
    return [
        int.from_bytes(data[start : start + item_bytes], "little", signed=signed)
        for start in range(0, len(data), item_bytes)
    ]

"""Drawing in the emulator: steps that a chip draws become steps with input events, rates change; noisy neurons."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..events import generator
from ..events.arrays import Ints
from ..events.codec import DRAWN, FIRST_RATES, NO_REGISTER, RATED
from ..events.drawn import MOST
from ..events.stream import EventStream
from ..spec import Clear, Control, Region
from ..spec.fixed import AXON_STRIDE
from . import draws
from .memory import Memory


def drawn(stimulus: EventStream, memory: Memory, inputs: int) -> tuple[EventStream, int]:
    """Draw the events of a stimulus as a chip with patterns does; its rates, `Control.STIMULUS` and `EVEN` change.

    Parameters
    ----------
    stimulus : EventStream
    memory : Memory
        Of the whole core, with patterns.
    inputs : int
        Input axons in use.

    Returns
    -------
    EventStream
        The same without what concerns patterns, and with all events.
    int
        Steps that were refused, because they name a row that the chip lacks, each counted where it begins.
    """
    step, register, value = stimulus.change_step, stimulus.change_register, stimulus.change_value
    mine = np.isin(register, (DRAWN, RATED, int(Control.STIMULUS), int(Control.EVEN)))
    restarts = (register == NO_REGISTER) & (value & int(Clear.STATE) != 0)
    if not (mine.any() or restarts.any()):
        return stimulus, 0
    control, rates = memory[Region.CONTROL], memory[Region.RATES]
    state, even, refused = int(control[Control.STIMULUS]), bool(control[Control.EVEN]), 0
    events = [(stimulus.event_step, stimulus.event_index)]
    goes_on = (register == RATED) & (value < FIRST_RATES)
    begins, ends = (mine & ~goes_on) | restarts, np.append(np.flatnonzero(~goes_on), register.size)
    for place in np.flatnonzero(begins).tolist():
        kind, number = int(register[place]), int(value[place])
        if kind == RATED:
            end = ends[ends.searchsorted(place, side="right")]
            _change_rates(rates, value[place:end], memory.config.rate_bits)
        elif kind == NO_REGISTER:
            state = 0 if even else state
        elif kind == Control.EVEN:
            even = bool(number & 1)
        elif kind != DRAWN:
            state = number
        elif (row := number >> 16) >= len(rates):
            refused += 1
        else:
            make = generator.even_spikes if even else draws.spikes
            at, axon, state = make(state, number & MOST, rates[row, :inputs], memory.config.rate_bits)
            events.append((at + step[place], axon))
    control[Control.STIMULUS], control[Control.EVEN] = state, even
    event_step, event_index = (np.concatenate(parts) for parts in zip(*events, strict=True))
    order = np.argsort(event_step, kind="stable")
    return EventStream.made(
        stimulus.steps, event_step[order], event_index[order], *stimulus.columns[2:6],
        step[~mine], register[~mine], value[~mine],
    ), refused  # fmt: skip


def noisy(amplitude: npt.NDArray[np.int32]) -> dict[str, Any]:
    """List the neurons that have noise, see `kernel.arguments.Core`."""
    found = np.flatnonzero(amplitude)
    word = found.astype(np.uint32) * np.uint32(AXON_STRIDE)
    return {"noisy": found, "noise_word": word, "noise": amplitude[found] / (1 << 16)}


def _change_rates(rates: Ints, value: Ints, rate_bits: int) -> None:
    """Store rates in row 0, from axon 0 on; what is beyond the axons of the chip is ignored."""
    given = generator.unpacked((value & 0xFF).astype(np.uint8).tobytes(), rate_bits)
    stored = min(given.size, rates.shape[1])
    rates[0, :stored] = given[:stored]

"""Drawing in the emulator: steps that a chip draws become steps with input events, rates change; noisy neurons."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..events import generator
from ..events.arrays import Ints
from ..events.codec import DRAWN, FIRST_RATES, RATED
from ..events.drawn import MOST
from ..events.stream import EventStream
from ..spec import Control, Region
from ..spec.fixed import AXON_STRIDE
from .memory import Memory


def drawn(stimulus: EventStream, memory: Memory, inputs: int) -> tuple[EventStream, int]:
    """Draw the events of a stimulus as a chip with patterns does; its rates and `Control.STIMULUS` change.

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
    mine = np.isin(register, (DRAWN, RATED, int(Control.STIMULUS)))
    if not mine.any():
        return stimulus, 0
    control, rates = memory[Region.CONTROL], memory[Region.RATES]
    state, refused = int(control[Control.STIMULUS]), 0
    events = [(stimulus.event_step, stimulus.event_index)]
    begins = mine & ((register != RATED) | (value >= FIRST_RATES))
    for place in np.flatnonzero(begins).tolist():
        kind, number = int(register[place]), int(value[place])
        if kind == RATED:
            _change_rates(rates, register, value, place, memory.config.rate_bits)
        elif kind != DRAWN:
            state = number
        elif (row := number >> 16) >= len(rates):
            refused += 1
        else:
            at, axon, state = generator.spikes(state, number & MOST, rates[row, :inputs], memory.config.rate_bits)
            events.append((at + step[place], axon))
    control[Control.STIMULUS] = state
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


def _change_rates(rates: Ints, register: Ints, value: Ints, place: int, rate_bits: int) -> None:
    """Store rates in row 0, from axon 0 on; what is beyond the axons of the chip is ignored."""
    goes_on = (register[place + 1 :] == RATED) & (value[place + 1 :] < FIRST_RATES)
    count = 1 + (goes_on.size if goes_on.all() else int(np.argmin(goes_on)))
    given = generator.unpacked((value[place : place + count] & 0xFF).astype(np.uint8).tobytes(), rate_bits)
    stored = min(given.size, rates.shape[1])
    rates[0, :stored] = given[:stored]

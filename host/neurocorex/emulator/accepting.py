"""Stimulus as a core takes it: without what it refuses."""

from __future__ import annotations

import numpy as np

from ..events.codec import NO_REGISTER
from ..events.stream import EventStream
from ..spec import CoreConfig
from ..spec.control import control_bits
from .memory import wrap


def accepted(stimulus: EventStream, config: CoreConfig) -> EventStream:
    """Drop what names no axon, neuron or register; cut injected currents to the bits of the state."""
    change = np.ones(0, np.bool_)
    if stimulus.change_register.size:
        registers = [NO_REGISTER, *control_bits(config)]
        change = np.isin(stimulus.change_register, registers)
    is_known = stimulus.event_index.max(initial=-1) < config.inputs and not stimulus.graded_step.size and change.all()
    if is_known:
        return stimulus
    event = stimulus.event_index < config.inputs
    graded = stimulus.graded_index < config.neurons
    return EventStream.made(
        stimulus.steps, stimulus.event_step[event], stimulus.event_index[event],
        stimulus.graded_step[graded], stimulus.graded_index[graded],
        wrap(stimulus.graded_value[graded], config.state_bits, signed=True), stimulus.graded_forced[graded],
        stimulus.change_step[change], stimulus.change_register[change], stimulus.change_value[change],
    )  # fmt: skip

"""What the compiled steps are given: arrays of a core, of its learning engine, and of a stimulus."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ...events.arrays import Ints

Narrow = npt.NDArray[np.int32]
Doubles = npt.NDArray[np.float64]
Bytes = npt.NDArray[np.uint8]

#: Kinds of rows, by their plastic synapses.
ROW_FIXED, ROW_MIXED, ROW_PLASTIC = 0, 1, 2


class Sizes(NamedTuple):
    """Geometry of a core, see `CoreConfig`."""

    inputs: int
    neurons: int
    weight_bits: int
    state_bits: int
    max_delay: int
    adapts: bool
    soft_bounds: bool
    trace_bits: int
    window_steps: int
    """0 for exponential traces."""


class Core(NamedTuple):
    """Memories of a core, and what follows from its parameters alone.

    Attributes
    ----------
    neurons : int32 array [len(NARROW_REGIONS), N]
        Parameters and state.
    history : int64 array [N]
        Last steps of each neuron, up to date between calls.
    control, control_bits : int64 array
        Control registers and their widths.
    weights : int8 or int16 array [A * N]
        Row by row.
    keep_membrane, keep_current : float64 array [N]
        What a step leaves of a membrane and of a current, as a factor.
    axon_start : int64 array [N + 1], axon : int64 array, axon_delay : int64 array
        Axons that carry the spikes of neuron j, counted behind the inputs, and their delays: items ``axon_start[j]`` to
        ``axon_start[j + 1]``. Silent ones are not among them.
    """

    neurons: Narrow
    history: Ints
    control: Ints
    control_bits: Ints
    weights: npt.NDArray[np.int8] | npt.NDArray[np.int16]
    keep_membrane: Doubles
    keep_current: Doubles
    axon_start: Ints
    axon: Ints
    axon_delay: Ints


class Learner(NamedTuple):
    """Memories of a learning engine.

    Attributes
    ----------
    plastic : uint8 array [A * N]
        1 where a synapse learns.
    kinds : uint8 array [A]
        Whether none, some, or all of a row do.
    numbers : int64 array [A]
        Of the axons, where draws depend on them.
    pre, post : int32 array [A], [N]
        Traces.
    pre_table, post_table : int64 array
        What a window calls for; empty with exponential traces.
    """

    plastic: Bytes
    kinds: Bytes
    numbers: Ints
    pre: Narrow
    post: Narrow
    pre_table: Ints
    post_table: Ints


class Stimulus(NamedTuple):
    """The columns of an `EventStream`."""

    steps: int
    event_step: Ints
    event_index: Ints
    graded_step: Ints
    graded_index: Ints
    graded_value: Ints
    graded_forced: Ints
    change_step: Ints
    change_register: Ints
    change_value: Ints


class Output(NamedTuple):
    """Where results go.

    Attributes
    ----------
    fired_step, fired_neuron : int64 array
        Room for spikes.
    watched : int64 array [K], membranes : int64 array [steps, K]
        Neurons of which membranes are recorded, and these.
    counts : int64 array [COLUMNS + 1]
        What is added to the counters; then neurons that fired and learned.
    """

    fired_step: Ints
    fired_neuron: Ints
    watched: Ints
    membranes: Ints
    counts: Ints

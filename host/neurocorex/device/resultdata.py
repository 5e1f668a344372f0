"""Recorded data of a run: spikes, counts, membranes and weights as the chip sent them, and their scales."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ..events.arrays import Ints
from ..events.reports import Report, reports_of
from ..wire.traffic import Traffic


@dataclass(frozen=True, eq=False)
class ResultData:
    """What a device recorded, as integers of the chip, and the scales that make numbers of the network of them.

    Attributes
    ----------
    steps, neurons : int
        Steps of each sample; neurons of the network.
    samples : int or None
        How many; None if the stimulus had no sample axis. Then the arrays below have none either.
    spike_times, spike_neurons : int64 array [E]
        Step within its sample, and neuron, of each spike, by sample, then step, then neuron.
    spike_samples : int64 array [E]
        Sample of each spike.
    spikes_of : int64 array
        Neurons whose spikes were recorded.
    v_neurons : int64 array [K]
        Neurons whose membranes were recorded.
    counters : dict of str to int
        What the run added to each counter of the chip, and `synaptic_events` and `cycles` derived from them; see
        `Device.counters`. Empty if the run was interrupted.
    dt_ms : float
        Length of a step, for pictures.
    weight_steps : int64 array [K]
        Steps of the run after which weights were read, counted through all samples; empty if none were.
    units : {"network", "chip"}
        Units of the numbers that `Result` makes of these. A file of an earlier version does not have the scales, so
        its numbers are those of the chip.
    spike_counts : int64 array [N] or [samples, N]
        Spikes of each neuron; 0 for those that were not recorded.
    v_items : int32 array [rows, K] or [samples, rows, K]
        Membranes at the end of each of `v_steps`, as integers of the chip.
    every : int
        Steps from one of these to the next, from the first of each sample on.
    weight_items : int16 array [K, A, N]
        Weights after each of `weight_steps`, as integers of the chip.
    scales : float64 array [N]
        Units of the chip's state per unit of the network, for each neuron; empty if they are not known.
    weight_gains : int64 array [K, 2]
        Gains of the weights from inputs and of the others, for each of `weight_steps`.
    weight_inputs : int
        Rows of the weights that belong to inputs.
    weight_feedback : int64 array
        Rows of the weights that belong to feedback axons.
    error_scale : float
        Units of the chip per unit of the feedback weights.
    link : Traffic or None
        Traffic between this host and the chip during the run; None for an emulator in this process, for results that
        were not made by a run, and in files of earlier versions.
    threshold_items, refractory_steps : int64 array [N]
        Threshold of each neuron without adaptation, as an integer of the chip, and its refractory period in steps, when
        the run began; empty if they are not known, as of a file of an earlier version.
    i_neurons : int64 array [K]
        Neurons whose currents were recorded.
    i_items : int32 array [rows, K] or [samples, rows, K], or None
        Currents at the end of each of `v_steps`, as integers of the chip; None without them.
    first_neurons : int64 array
        Neurons whose first spikes were recorded.
    first_items : int64 array [N] or [samples, N], or None
        Step in its sample of the first spike of each neuron; -1: none, or not recorded. None without them.
    winner_items : int64 array [] or [samples], or None
        Neuron with most spikes; -1: nobody fired. None if it was not recorded.
    stopped_at : int or None
        Steps, of all samples in a row, after which the run was ended before its end, so that this is a part of its
        result; None for a whole one. `steps` may be fewer, where not all that was recorded had come of the last.
    report_items : int64 array [3, K]
        What the stimulus had reported, as changes of the results: steps, registers and values, see `events.reports`.
    """

    steps: int
    neurons: int
    samples: int | None
    spike_samples: Ints
    spike_times: Ints
    spike_neurons: Ints
    spikes_of: Ints
    spike_counts: Ints
    v_items: npt.NDArray[np.int32]
    v_neurons: Ints
    counters: dict[str, int] = field(default_factory=dict)
    dt_ms: float = 1.0
    has_raster: bool = True
    weight_steps: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    weight_items: npt.NDArray[np.int16] = field(default_factory=lambda: np.empty((0, 0, 0), np.int16))
    weight_gains: Ints = field(default_factory=lambda: np.empty((0, 2), np.int64))
    scales: npt.NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    weight_inputs: int = 0
    weight_feedback: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    error_scale: float = 1.0
    threshold_items: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    refractory_steps: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    units: str = "chip"
    link: Traffic | None = None
    every: int = 1
    first_items: Ints | None = None
    winner_items: Ints | None = None
    stopped_at: int | None = None
    i_neurons: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    i_items: npt.NDArray[np.int32] | None = None
    first_neurons: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    report_items: Ints = field(default_factory=lambda: np.empty((3, 0), np.int64))

    @property
    def reports(self) -> list[Report]:
        """What the stimulus had reported, in order, as items of the chip; steps count through all samples."""
        return reports_of(*self.report_items)

    @property
    def v_steps(self) -> Ints:
        """Steps of a sample whose membranes and currents were kept, int64 [rows]."""
        return np.arange(0, self.steps, self.every)

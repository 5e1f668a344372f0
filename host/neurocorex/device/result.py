"""Result of a run: spikes, counts, membranes, counters and weights, as arrays and as a file."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import FileFormatError, InputError
from ..events.arrays import Ints
from ..events.stream import EventStream
from ..files import DAMAGE, printable
from . import resultfile
from .accumulators import Extent
from .gathering import Gathering
from .recording import Recording
from .resultdata import ResultData
from .resultsummary import card_of, kept_of
from .resultviews import ResultViews
from .units import Gains, Units, is_chip
from .weights import WeightTables


class Result(ResultViews, ResultData):
    """What a device recorded; the attributes of `ResultData`, and these.

    Attributes
    ----------
    spikes : bool array [steps, N] or [samples, steps, N]
        Raster.
    counts : int64 array [N] or [samples, N]
        Spikes of each neuron.
    v : array [rows, K] or [samples, rows, K]
        Membranes at the end of each of `v_steps`, of the K neurons `v_neurons`.
    i : array [rows, K] or [samples, rows, K]
        Synaptic currents at the end of each of `v_steps`, of the K neurons `i_neurons`.
    v_steps : int64 array [rows]
        Steps of a sample whose membranes and currents were kept: all, or 0, `every`, twice that, and so on.
    first_steps : int64 array [N] or [samples, N]
        Step of the first spike of each neuron.
    winners : int64 array [] or [samples]
        Neuron with most spikes.
    reports : list of Report
        What the stimulus had reported.
    weights_over_time : array [K, A, N]
        Weights after each of `weight_steps`.
    thresholds : array [N]
        Thresholds without adaptation, where they are known.

    Membranes, currents, weights and thresholds are float64 in units of the network, or integers if `units` is "chip";
    see `in_units`.
    """

    @classmethod
    def from_stream(
        cls,
        stream: EventStream,
        *,
        neurons: int,
        recording: Recording | None = None,
        sample_steps: int | None = None,
        counters: dict[str, int] | None = None,
        dt_ms: float = 1.0,
        weights: WeightTables | None = None,
        scaling: Units | None = None,
    ) -> Result:
        """Build from what a chip sent.

        Parameters
        ----------
        stream : EventStream
            Spikes as events, membranes as graded events; samples one after the other.
        neurons : int
            Neurons of the network.
        recording : Recording, optional
            What was recorded; by default all spikes.
        sample_steps : int, optional
            Steps of a sample, for a result with a sample axis; a last sample that is not whole is left out.
        counters, dt_ms
            As the attributes.
        weights : WeightTables, optional
            Weights that were read on the way.
        scaling : Units, optional
            Of the network; without them all numbers are in units of the chip.

        Raises
        ------
        InputError
            If the stream has other neurons than were recorded, or not every membrane of every step.
        """
        gathering = Gathering(recording := recording or Recording.of("spikes", neurons), Extent(neurons, sample_steps))
        gathering.pieces.append((stream, stream.steps))
        return cls.gathered(
            gathering, recording=recording, counters=counters, dt_ms=dt_ms, weights=weights, scaling=scaling
        )

    @classmethod
    def gathered(
        cls,
        gathering: Gathering,
        *,
        recording: Recording,
        counters: dict[str, int] | None = None,
        dt_ms: float = 1.0,
        weights: WeightTables | None = None,
        scaling: Units | None = None,
    ) -> Result:
        """Build from what was kept of the results as they came; parameters and errors as of `from_stream`."""
        empty = np.empty(0, np.int64)
        found: dict[str, Any] = dict.fromkeys(("spike_samples", "spike_times", "spike_neurons"), empty)
        found |= gathering.fields()
        if weights is not None:
            found |= {"weight_steps": weights.steps, "weight_items": weights.items, "weight_gains": weights.gains}
        if scaling is not None:
            found |= {
                "scales": scaling.scales, "weight_inputs": scaling.inputs, "units": "network",
                "weight_feedback": scaling.feedback, "error_scale": scaling.error_scale,
            }  # fmt: skip
        return cls(
            **found, spikes_of=recording.spikes, first_neurons=recording.first, v_neurons=recording.v,
            i_neurons=recording.i, every=recording.every,
            counters=dict(counters or {}), dt_ms=dt_ms, has_raster=not recording.counts_only,
        )  # fmt: skip

    # Units -------------------------------------------------------------------------------------

    def in_units(self, units: str) -> Result:
        """Return the same result with `v` and `weights_over_time` in units of the "network" or of the "chip".

        Raises
        ------
        InputError
            For another word, or if the scale of the network is not known: the result is of an earlier version.
        """
        if not is_chip(units) and not self.scales.size:
            raise InputError("this result does not have the scale of its network, so it has units of the chip only")
        return self if units == self.units else replace(self, units=units)

    @property
    def _scaling(self) -> Units:
        return Units(self.scales, self.weight_inputs, self.error_scale, self.weight_feedback)

    @cached_property
    def v(self) -> npt.NDArray[Any]:
        """Membranes at the end of each of `v_steps`, of the K neurons `v_neurons`, [rows, K] or [samples, rows, K].

        float64 in units of the network, or int32 in units of the chip.
        """
        return self.v_items if self.units == "chip" else self._scaling.states(self.v_items, self.v_neurons)

    @cached_property
    def i(self) -> npt.NDArray[Any]:
        """Synaptic currents after the input of each of `v_steps`, of the K neurons `i_neurons`, as `v` has membranes.

        Raises
        ------
        InputError
            If currents were not recorded.
        """
        if self.i_items is None:
            raise InputError("this result has no currents; run with record={'i': net.neurons[0:4]}")
        return self.i_items if self.units == "chip" else self._scaling.states(self.i_items, self.i_neurons)

    @cached_property
    def thresholds(self) -> npt.NDArray[Any]:
        """Threshold of each neuron without adaptation when the run began, [N]; empty if it is not known.

        float64 in units of the network, or int64 in units of the chip. A neuron that never fires has the largest one.
        """
        if self.units == "chip" or not self.threshold_items.size:
            return self.threshold_items
        return self._scaling.states(self.threshold_items, np.arange(self.neurons))

    @cached_property
    def weights_over_time(self) -> npt.NDArray[Any]:
        """Weights after each of `weight_steps`, [K, A, N], as `Device.weights` returns them.

        float64 in units of the network, or int16 in units of the chip.
        """
        if self.units == "chip" or not self.weight_items.size:
            return self.weight_items
        tables = zip(self.weight_items, self.weight_gains.tolist(), strict=True)
        return np.stack([self._scaling.weights(table, Gains(*gains)) for table, gains in tables])

    # Spikes ------------------------------------------------------------------------------------

    @property
    def counts(self) -> Ints:
        """Spikes of each neuron, int64 [N] or [samples, N]; neurons that are not in `spikes_of` have 0.

        Raises
        ------
        InputError
            If no spikes and no counts were recorded.
        """
        if not self.spikes_of.size:
            raise InputError("this result has no counts; run with record=['spikes'] or record='counts'")
        return self.spike_counts

    @property
    def first_steps(self) -> Ints:
        """Step of the first spike of each neuron, int64 [N] or [samples, N], counted in its sample; -1: it was silent.

        Raises
        ------
        InputError
            If first spikes were not recorded.
        """
        if self.first_items is None:
            raise InputError("this result has no first steps; run with record=['first']")
        return self.first_items

    @property
    def winners(self) -> Ints:
        """Neuron with most spikes, int64 [] or [samples]; -1: nobody fired.

        Of several, the one that had so many first; of those in the same step, the one with the lowest number. If the
        network has groups, and the recording named no neurons, it is one of these.

        Raises
        ------
        InputError
            If winners were not recorded.
        """
        if self.winner_items is None:
            raise InputError("this result has no winners; run with record=['winner']")
        return self.winner_items

    @cached_property
    def spikes(self) -> npt.NDArray[np.bool_]:
        """Raster, bool [steps, N] or [samples, steps, N]; raises InputError if no spikes were recorded."""
        if not self.has_raster or not self.spikes_of.size:
            raise InputError("this result has no spikes; run with record=['spikes']")
        raster = np.zeros((1 if self.samples is None else self.samples, self.steps, self.neurons), np.bool_)
        raster[self.spike_samples, self.spike_times, self.spike_neurons] = True
        return raster[0] if self.samples is None else raster

    def __repr__(self) -> str:
        shape = f"{self.steps} steps" if self.samples is None else f"{self.samples} samples of {self.steps} steps"
        if self.stopped_at is not None:
            shape += f", stopped after {self.stopped_at} steps"
        others = "".join(f", {what}" for what in kept_of(self))
        if not self.spikes_of.size:
            return f"<result of {shape}: {self.neurons} neurons, spikes not recorded{others}>"
        some = "" if self.spikes_of.size == self.neurons else f"{self.spikes_of.size} of "
        return f"<result of {shape}: {int(self.spike_counts.sum())} spikes of {some}{self.neurons} neurons{others}>"

    def _repr_html_(self) -> str:
        return card_of(self).html

    # Files -------------------------------------------------------------------------------------

    def save(self, path: str | Path) -> None:
        """Write everything to an npz file, or the spikes to a file whose name ends in .csv.

        A .csv file has a line ``step,time_ms,neuron`` for each spike, with the sample before it if there are samples;
        a warning tells if the result has more than spikes.

        Raises
        ------
        FileFormatError
            If the file cannot be written.
        InputError
            For the ending of another format, or a .csv file without spikes.
        """
        resultfile.save(self, Path(path))

    def to_csv(self, path: str | Path) -> None:
        """Write the spikes to a CSV file, the same as `save` writes to a name that ends in .csv.

        Raises
        ------
        FileFormatError
            If the file cannot be written.
        InputError
            If no spikes were recorded.
        """
        resultfile.write_csv(self, Path(path))

    @classmethod
    def load(cls, path: str | Path) -> Result:
        """Read an npz file that `save` wrote. Nothing in it is executed, so a stranger's is safe to open.

        Raises
        ------
        FileFormatError
            If it is missing, truncated, corrupt or of another format, or holds what this version does not know.
        """
        try:
            result = cls(**resultfile.load(path))
            resultfile.check(result)
        except DAMAGE as error:
            raise FileFormatError(
                f"{path} is not a result of this library, or corrupt: {printable(str(error))}"
            ) from error
        return result

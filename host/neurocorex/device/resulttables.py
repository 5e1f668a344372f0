"""Results in the formats of other libraries: DataFrame of pandas, Block of Neo, Dataset of xarray.

In all of them a step bears the time at which it begins, ``step * dt_ms``, as in CSV files: the spikes of a step, and
the membranes at its end, after the reset of what fired in it.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from ..errors import InputError, MissingToolError
from ..events.arrays import Ints
from ..network.selection import indices_of
from ..plot.recorded import Recorded

if TYPE_CHECKING:
    from neo import Block, Segment
    from pandas import DataFrame
    from xarray import Dataset


class WithStates(Recorded, Protocol):
    """Recorded run with currents and winners."""

    @property
    def i_neurons(self) -> Ints:
        """Neurons whose currents were recorded."""
        ...

    @property
    def i(self) -> npt.NDArray[Any]:
        """Currents."""
        ...

    @property
    def winner_items(self) -> Ints | None:
        """Neuron with most spikes."""
        ...


class Tabled(WithStates, Protocol):
    """Recorded run with arrays over all neurons, which raise InputError where there are none."""

    @property
    def spikes(self) -> npt.NDArray[np.bool_]:
        """Raster."""
        ...

    @property
    def counts(self) -> Ints:
        """Spikes of each neuron."""
        ...

    @property
    def first_neurons(self) -> Ints:
        """Neurons whose first spikes were recorded."""
        ...

    @property
    def first_items(self) -> Ints | None:
        """Step of the first spike of each neuron."""
        ...

    @property
    def stopped_at(self) -> int | None:
        """Steps after which the run was ended early."""
        ...


def dataframe(result: Recorded, groups: Mapping[str, Any] | None) -> DataFrame:
    """Return the spikes as a DataFrame, see `Result.to_dataframe`."""
    pandas = _library("pandas")
    _require_spikes(result)
    columns: dict[str, Any] = {} if result.samples is None else {"sample": result.spike_samples}
    columns |= {
        "step": result.spike_times, "time_ms": result.spike_times * result.dt_ms, "neuron": result.spike_neurons,
    }  # fmt: skip
    if groups is not None:
        names = list(groups)
        codes = _group_of(groups, result.neurons)[result.spike_neurons]
        columns["group"] = pandas.Categorical.from_codes(codes, names)
    frame: DataFrame = pandas.DataFrame(columns)
    return frame


def block(result: WithStates) -> Block:
    """Return spikes, membranes and currents as a Block, see `Result.to_neo`."""
    neo = _library("neo")
    if not (result.v_neurons.size or result.i_neurons.size):
        _require_spikes(result)
    samples = 1 if result.samples is None else result.samples
    made: Block = neo.Block(name="neurocorex", dt_ms=result.dt_ms, units=result.units)
    states = [("v", result.v, result.v_neurons)] * bool(result.v_neurons.size)
    states += [("i", result.i, result.i_neurons)] if result.i_neurons.size else []
    won = None if result.winner_items is None else result.winner_items.reshape(-1).tolist()
    has_spikes = result.has_raster and result.spikes_of.size > 0
    for sample in range(samples):
        marks = {} if won is None else {"winner": won[sample]}
        segment: Segment = neo.Segment(name=f"sample {sample}", index=sample, **marks)
        if has_spikes:
            _add_spikes(segment, result, sample)
        for name, values, neurons in states:
            _add_states(segment, result, name, values if result.samples is None else values[sample], neurons)
        made.segments.append(segment)
    return made


def _add_spikes(segment: Segment, result: Recorded, sample: int) -> None:
    neo = _library("neo")
    own = result.spike_samples == sample
    neurons, steps = result.spike_neurons[own], result.spike_times[own]
    # By neuron; within one they stay in the order of time.
    order = np.argsort(neurons, kind="stable")
    cuts = np.searchsorted(neurons[order], result.spikes_of)
    ends = np.searchsorted(neurons[order], result.spikes_of, side="right")
    for number, first, last in zip(result.spikes_of.tolist(), cuts.tolist(), ends.tolist(), strict=True):
        fired = steps[order[first:last]]
        train = neo.SpikeTrain(
            fired * result.dt_ms, units="ms", t_start=0.0, t_stop=result.steps * result.dt_ms,
            name=f"neuron {number}", neuron=number, array_annotations={"step": fired},
        )  # fmt: skip
        segment.spiketrains.append(train)


def _add_states(segment: Segment, result: Recorded, name: str, values: npt.NDArray[Any], neurons: Ints) -> None:
    neo = _library("neo")
    quantities = _library("quantities")
    signal = neo.AnalogSignal(
        values.astype(np.float64), units="dimensionless", name=name,
        sampling_period=result.every * result.dt_ms * quantities.ms, t_start=0.0 * quantities.ms, units_of=result.units,
        array_annotations={"neuron": neurons},
    )  # fmt: skip
    segment.analogsignals.append(signal)


def dataset(result: Tabled) -> Dataset:
    """Return all recorded arrays as a Dataset, see `Result.to_xarray`."""
    xarray = _library("xarray")
    sampled = () if result.samples is None else ("sample",)
    arrays: dict[str, Any] = {}
    coordinates: dict[str, Any] = {
        "step": np.arange(result.steps), "time_ms": ("step", np.arange(result.steps) * result.dt_ms),
    }  # fmt: skip
    if result.spikes_of.size:
        coordinates["neuron"] = result.spikes_of
        arrays["counts"] = ((*sampled, "neuron"), result.counts[..., result.spikes_of])
        if result.has_raster:
            arrays["spikes"] = ((*sampled, "step", "neuron"), result.spikes[..., result.spikes_of])
    if result.first_items is not None:
        coordinates["first_neuron"] = result.first_neurons
        arrays["first_steps"] = ((*sampled, "first_neuron"), result.first_items[..., result.first_neurons])
    if result.winner_items is not None:
        arrays["winners"] = (sampled, result.winner_items)
    along = "step" if result.every == 1 else "v_step"
    if result.every > 1 and (result.v_neurons.size or result.i_neurons.size):
        coordinates |= {"v_step": result.v_steps, "v_time_ms": ("v_step", result.v_steps * result.dt_ms)}
    if result.v_neurons.size:
        coordinates["v_neuron"] = result.v_neurons
        arrays["v"] = ((*sampled, along, "v_neuron"), result.v)
    if result.i_neurons.size:
        coordinates["i_neuron"] = result.i_neurons
        arrays["i"] = ((*sampled, along, "i_neuron"), result.i)
    if result.weight_steps.size:
        table = result.weights_over_time
        coordinates |= {
            "weight_step": result.weight_steps, "weight_time_ms": ("weight_step", result.weight_steps * result.dt_ms),
            "axon": np.arange(table.shape[1]), "target": np.arange(table.shape[2]),
        }  # fmt: skip
        arrays["weights"] = (("weight_step", "axon", "target"), table)
    if not arrays:
        raise InputError("this result has nothing that was recorded; run with record=['spikes', 'v']")
    attributes: dict[str, Any] = {"dt_ms": result.dt_ms, "units": result.units}
    if result.stopped_at is not None:
        attributes["stopped_at"] = result.stopped_at
    made: Dataset = xarray.Dataset(arrays, coordinates, attributes)
    return made


def _group_of(groups: Mapping[str, Any], neurons: int) -> Ints:
    """Position of the group of each neuron, -1 for none; raises InputError for a neuron in two of them."""
    found = np.full(neurons, -1)
    for position, (name, members) in enumerate(groups.items()):
        chosen = indices_of(members, neurons, f"group {name!r}")
        taken = chosen[found[chosen] >= 0]
        if taken.size:
            first = list(groups)[found[taken[0]]]
            raise InputError(f"neuron {taken[0]} is in the groups {first!r} and {name!r}, a row has one group")
        found[chosen] = position
    return found


def _require_spikes(result: Recorded) -> None:
    if not result.has_raster or not result.spikes_of.size:
        raise InputError("this result has no spikes; run with record=['spikes']")


def _library(name: str) -> Any:
    """Load a library when it is first needed; raises MissingToolError if it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise MissingToolError(
            f"this needs {name}, which cannot be loaded ({error}); install it with: pip install 'neurocorex[data]'"
        ) from None

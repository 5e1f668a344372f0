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


class Tabled(Recorded, Protocol):
    """Recorded run with arrays over all neurons, which raise InputError where there are none."""

    @property
    def spikes(self) -> npt.NDArray[np.bool_]:
        """Raster."""
        ...

    @property
    def counts(self) -> Ints:
        """Spikes of each neuron."""
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


def block(result: Recorded) -> Block:
    """Return spikes and membranes as a Block, see `Result.to_neo`."""
    neo = _library("neo")
    if not result.v_neurons.size:
        _require_spikes(result)
    samples = 1 if result.samples is None else result.samples
    made: Block = neo.Block(name="neurocorex", dt_ms=result.dt_ms, units=result.units)
    membranes = result.v if result.samples is not None else result.v[np.newaxis]
    has_spikes = result.has_raster and result.spikes_of.size > 0
    for sample in range(samples):
        segment: Segment = neo.Segment(name=f"sample {sample}", index=sample)
        if has_spikes:
            _add_spikes(segment, result, sample)
        if result.v_neurons.size:
            _add_membranes(segment, result, membranes[sample])
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


def _add_membranes(segment: Segment, result: Recorded, membranes: npt.NDArray[Any]) -> None:
    neo = _library("neo")
    quantities = _library("quantities")
    signal = neo.AnalogSignal(
        membranes.astype(np.float64), units="dimensionless", name="v",
        sampling_period=result.every * result.dt_ms * quantities.ms, t_start=0.0 * quantities.ms, units_of=result.units,
        array_annotations={"neuron": result.v_neurons},
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
    if result.v_neurons.size:
        coordinates["v_neuron"] = result.v_neurons
        along = "step" if result.every == 1 else "v_step"
        if result.every > 1:
            coordinates |= {"v_step": result.v_steps, "v_time_ms": ("v_step", result.v_steps * result.dt_ms)}
        arrays["v"] = ((*sampled, along, "v_neuron"), result.v)
    if result.weight_steps.size:
        table = result.weights_over_time
        coordinates |= {
            "weight_step": result.weight_steps, "weight_time_ms": ("weight_step", result.weight_steps * result.dt_ms),
            "axon": np.arange(table.shape[1]), "target": np.arange(table.shape[2]),
        }  # fmt: skip
        arrays["weights"] = (("weight_step", "axon", "target"), table)
    if not arrays:
        raise InputError("this result has nothing that was recorded; run with record=['spikes', 'v']")
    attributes = {"dt_ms": result.dt_ms, "units": result.units}
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

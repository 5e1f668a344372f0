"""Views of a result: as pictures, and in the formats of pandas, Neo and xarray."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..plot.recorded import Recorded
from . import resulttables

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from neo import Block
    from pandas import DataFrame
    from xarray import Dataset


class ResultViews:
    """Base of `Result` with what other libraries draw or take over."""

    # Pictures ----------------------------------------------------------------------------------

    def raster(self: Recorded, **options: Any) -> Figure:
        """Draw the spikes; options go to `neurocorex.plot.raster`."""
        from ..plot import raster

        return raster(self, **options)

    def plot_v(self: Recorded, **options: Any) -> Figure:
        """Draw the recorded membranes; options go to `neurocorex.plot.membranes`."""
        from ..plot import membranes

        return membranes(self, **options)

    def plot_weights(self: Recorded, **options: Any) -> Figure:
        """Draw the weights over time; options go to `neurocorex.plot.weights_over_time`."""
        from ..plot import weights_over_time

        return weights_over_time(self, **options)

    # Other libraries ---------------------------------------------------------------------------

    def to_dataframe(self: Recorded, *, groups: Mapping[str, Any] | None = None) -> DataFrame:
        """Return the spikes as a DataFrame of pandas, a row each: `step`, `time_ms` (``step * dt_ms``) and `neuron`.

        With samples there is a column `sample`, and `step` and `time_ms` count from its start.

        Parameters
        ----------
        groups : dict, optional
            Neurons (a population, slice, list or bool array) by the name of their group; they lead to a column
            `group`, empty for neurons in none.

        Raises
        ------
        InputError
            If no spikes were recorded, or a neuron is in two groups.
        MissingToolError
            If pandas is not installed.
        """
        return resulttables.dataframe(self, groups)

    def to_neo(self: resulttables.WithStates) -> Block:
        """Return spikes, membranes and currents as a Block of Neo, with a Segment for each sample.

        Each neuron whose spikes were recorded has a SpikeTrain in ms, with its number and steps as annotations. The
        membranes are one AnalogSignal [steps, K] named "v", with the neurons as annotation; its values are in the
        result's `units`, which for Neo have no dimension. A step bears the time at which it begins: sample k of "v" is
        the membrane at the end of step k, and has the time of the spikes of that step. Currents are the same, named
        "i". The winner of a sample is an annotation `winner` of its Segment, -1 for none. First steps and weights are
        left out: see `to_xarray`.

        Raises
        ------
        InputError
            If neither spikes nor membranes nor currents were recorded.
        MissingToolError
            If Neo is not installed.
        """
        return resulttables.block(self)

    def to_xarray(self: resulttables.Tabled) -> Dataset:
        """Return all that was recorded as a Dataset of xarray.

        Variables, each if it was recorded: `spikes` [step, neuron], `counts` [neuron], `first_steps` [first_neuron]
        (-1: silent), `winners` (-1: nobody), `v` [step, v_neuron], `i` [step, i_neuron], with an axis `sample` before
        them if there are samples; `weights` [weight_step, axon, target]. Coordinates are the
        numbers of steps and of the neurons that were recorded, and `time_ms` and `weight_time_ms`, ``step * dt_ms``.
        Membranes and currents of some steps only have axes `v_step` and `v_time_ms` of their own.

        Raises
        ------
        InputError
            If nothing was recorded.
        MissingToolError
            If xarray is not installed.
        """
        return resulttables.dataset(self)

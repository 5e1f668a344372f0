"""Weight matrix of the loaded network: read, and written as a whole, in blocks or synapse by synapse, in its units."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..network.population import Neurons, Population, named
from ..spec import CoreConfig, Region
from ..wire.regions import Items
from .chip import Put
from .contents import Contents
from .standing import Change, writing
from .synapses import Synapses, WeightsSet
from .teaching import is_integer
from .units import Gains, is_chip

#: Difference of a number from an integer, relative to it, that is that of float64 and no rounding.
NOISE = 1e-9
#: Relative error of the weights that a run writes before a step, above which it warns: it returns no `WeightsSet`.
COARSE = 0.02


class WeightMatrix:
    """Weights of the network on a chip.

    Parameters
    ----------
    contents : Contents
        Of the chip.
    """

    def __init__(self, contents: Contents) -> None:
        self._contents = contents

    def read(self, units: Any) -> npt.NDArray[Any]:
        """Return the weights [A, N] now: float64 in units of the network, or integers of the chip."""
        contents, chip = self._contents, is_chip(units)
        own = None if chip else contents.units()
        held = contents.read(Region.CONTROL, Region.WEIGHTS)
        items = contents.network.crop(held[Region.WEIGHTS], contents.config)
        return items if own is None else own.weights(items, Gains.of(held[Region.CONTROL]))

    def write(self, weights: Any, source: Any, target: Any, units: Any) -> WeightsSet:
        """Write some weights, or all; raises InputError, and writes nothing, for what cannot be used."""
        contents = self._contents
        synapses = self._named(weights, source, target)
        change = writing(Region.WEIGHTS, synapses.digest())
        contents.require_network(change)
        pieces, report = self._rounded(synapses, units, change)
        contents.write_items(Region.WEIGHTS, pieces, change)
        return report

    def puts(self, writes: Any, steps: int, units: Any) -> list[Put]:
        """Check and round weights that a run writes, by step; see `Options`. Raises InputError."""
        if writes is None:
            return []
        if not isinstance(writes, Mapping):
            raise InputError(
                "writes must be a mapping of steps to weights, such as {20: [(net.inputs, net.neurons[0:4], 0.5)]}, "
                f"got {type(writes).__name__}"
            )
        found = []
        for step, given in writes.items():
            if not is_integer(step) or not 0 <= step < steps:
                raise InputError(f"writes names step {step!r}, the run has {steps} (0 to {steps - 1})")
            synapses = self._named([given] if isinstance(given, tuple) else given, None, None)
            pieces, report = self._rounded(synapses, units)
            found.append(Put(int(step), Region.WEIGHTS, pieces))
            if report.relative_error > COARSE:
                warnings.warn(f"writes of step {step}: {report}; take a larger scale", UserWarning, stacklevel=4)
        return sorted(found, key=lambda put: put.step)

    # Details -----------------------------------------------------------------------------------

    def _delays(self) -> tuple[Region, ...]:
        return (Region.DELAY, Region.EXTRA_DELAY) if self._contents.config.extra_axons else (Region.DELAY,)

    def _named(self, weights: Any, source: Any, target: Any) -> Synapses:
        """Return the synapses that a caller names; refuse populations of which other axons lead to the same targets."""
        own = self._contents.geometry
        synapses = Synapses.of(weights, source, target, own)
        self._refuse_other_axons(source, synapses)
        listed = weights if isinstance(weights, list) and weights and isinstance(weights[0], tuple) else []
        for pre, post, value in listed:
            if isinstance(pre, Population):
                self._refuse_other_axons(pre, Synapses.of(value, pre, post, own))
        return synapses

    def _rounded(
        self, synapses: Synapses, units: Any, change: Change | None = None
    ) -> tuple[list[tuple[int, Items]], WeightsSet]:
        """Return synapses as pieces of the memory of the chip, and what was rounded; for a change see `Contents`."""
        contents, chip = self._contents, is_chip(units)
        held = contents.read(Region.CONTROL, *self._delays(), change=change)
        gains, whole = Gains.of(held[Region.CONTROL]), synapses.values.dtype.kind in "iu"
        if chip and not whole:
            raise InputError("weights in units='chip' must be integers; round them, or leave out units")
        exact: npt.NDArray[Any] = synapses.values
        if not chip:
            own = contents.units(change)
            exact = own.weight_items(exact.astype(np.float64), synapses.rows, synapses.columns, gains)
        items = np.rint(exact).astype(np.float64)
        self._refuse_beyond(items, synapses, gains, change, chip=chip)
        self._warn_of_silent_axons(items, synapses, held)
        config = contents.config
        pieces = synapses.pieces(items.astype(np.int64), contents.network.rows(config), config.neurons)
        off = np.abs(items - exact) > NOISE * np.maximum(np.abs(exact), 1)
        return pieces, self._report(synapses, items, off, gains)

    def _refuse_other_axons(self, source: Any, synapses: Synapses) -> None:
        """Refuse a source of which other axons lead to these targets as well: those have rows of their own."""
        image, own, line = self._contents.network.image, self._contents.geometry, self._contents.network.line
        if image is None or not isinstance(source, Population):
            return
        if isinstance(source, Neurons):
            first, on_chip = own.inputs + own.neurons, image.config.inputs + image.config.neurons
            sources = image.regions[Region.EXTRA_SOURCE][: own.extra_axons] if own.extra_axons else ()
            own_rows = own.inputs
        elif line is not None:
            first = on_chip = line.inputs
            sources, own_rows = line.source[first:], 0
        else:
            return
        places = np.ix_(np.arange(on_chip, on_chip + len(sources)), np.unique(synapses.columns))
        leads = np.zeros(len(sources), np.bool_)
        for region in {Region.WEIGHTS, Region.PLASTIC} & set(image.regions):
            leads |= image.regions[region][places].any(axis=1)
        if found := np.flatnonzero(leads & np.isin(sources, source.indices)).tolist():
            member, row = int(sources[found[0]]), first + found[0]
            raise InputError(
                f"{source.noun} {member} has connections with another delay, or feedback, whose weights are in row "
                f"{row} of the matrix; name rows instead of a population, such as source=[{own_rows + member}] or "
                f"source=[{row}]"
            )

    def _refuse_beyond(
        self, items: npt.NDArray[Any], synapses: Synapses, gains: Gains, change: Change | None, *, chip: bool
    ) -> None:
        low, high = self._contents.config.weight_range
        wrong = np.flatnonzero((items < low) | (items > high))
        if not wrong.size:
            return
        at = wrong[:1]
        row, column, limits = synapses.rows[at], synapses.columns[at], np.array([low, high], np.float64)
        if not chip:
            limits = self._contents.units(change).weight_values(limits, row.repeat(2), column.repeat(2), gains)
        remedy = "" if chip else "; a smaller scale has more range: quantise(net, scale=...)"
        many = f"{wrong.size} weights are out of range, first: " if wrong.size > 1 else ""
        raise InputError(
            f"{many}the weight from axon {row[0]} to neuron {column[0]} can be {limits[0]:.6g} to {limits[1]:.6g} "
            f"{'(integers of the chip)' if chip else 'at the scale of this network'}, got {synapses.values[at[0]]}; "
            f"nothing was written{remedy}"
        )

    def _warn_of_silent_axons(self, items: npt.NDArray[Any], synapses: Synapses, held: dict[Region, Items]) -> None:
        """Warn of weights on axons of neurons that carry no spikes, because their delay is 0."""
        own: CoreConfig = self._contents.geometry
        delays = np.concatenate([held[region][:count] for region, count in (
            (Region.DELAY, own.neurons), (Region.EXTRA_DELAY, own.extra_axons)) if region in held])  # fmt: skip
        silent = own.inputs + np.flatnonzero(delays == 0)
        rows = np.unique(synapses.rows[(items != 0) & np.isin(synapses.rows, silent)]) - own.inputs
        if rows.size:
            which = named(rows[rows < own.neurons].tolist()) if (rows < own.neurons).any() else "extra axons"
            warnings.warn(
                f"weights were set on the axon of {which}, which is silent: its delay is 0, as of a neuron that is "
                "connected to nothing; give it a delay before loading, net.neurons[...].set(delay_ms=...)",
                UserWarning, stacklevel=4,
            )  # fmt: skip

    def _report(
        self, synapses: Synapses, items: npt.NDArray[Any], rounded: npt.NDArray[np.bool_], gains: Gains
    ) -> WeightsSet:
        wanted = synapses.values.astype(np.float64)
        if not rounded.any():
            return WeightsSet(wanted.size)
        got = self._contents.units().weight_values(items, synapses.rows, synapses.columns, gains)
        error = np.where(rounded, got - wanted, 0)
        energy = float(np.vdot(wanted, wanted))
        vanished = int(np.count_nonzero((items == 0) & (wanted != 0)))
        if vanished:
            warnings.warn(
                f"{vanished} of {wanted.size} weights are too small for the scale of this network and became 0",
                UserWarning, stacklevel=4,
            )  # fmt: skip
        return WeightsSet(
            wanted.size, int(np.count_nonzero(rounded)), vanished, float(np.abs(error).max()),
            float(np.sqrt(np.vdot(error, error) / energy)) if energy else 0.0,
        )  # fmt: skip

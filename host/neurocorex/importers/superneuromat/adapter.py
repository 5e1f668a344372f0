"""Adapter for SuperNeuroMAT scripts: an object that is used like the model, and simulates on a device."""

from __future__ import annotations

import warnings
import weakref
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...device.device import Device
from ...device.open import open_device
from ...device.result import Result
from ...errors import InputError
from ...spec import CoreConfig, Region
from ..labels import ImportReport
from .calls import Callback, callback_of, check_backend, ticks_of
from .commonscale import TOLERANCE, distance
from .currents import currents
from .model import Inputs, Model
from .refractory import counts_after
from .saturation import Cause, saturated
from .translation import Imported, translated


def on_device(
    snn: Any,
    device: str | Device = "emulator",
    *,
    config: CoreConfig | None = None,
    scale: float | None = None,
    frac_bits: int | None = None,
) -> OnDevice:
    """Let a model of SuperNeuroMAT simulate on a device.

    Parameters
    ----------
    snn : SNN
        A live model. The returned object reads and changes it.
    device : str or Device
        Argument for `neurocorex.open`, or an open device.
    config : CoreConfig, optional
        Geometry of the emulator or the simulated chip; by default it fits the model.
    scale, frac_bits
        As for `from_superneuromat`.

    Returns
    -------
    OnDevice
        Use it in place of `snn`; its `simulate` runs on the device.

    Examples
    --------
    >>> snn = on_device(snn, "/dev/ttyUSB1")  # doctest: +SKIP
    >>> snn.simulate(100)  # doctest: +SKIP
    >>> snn.ispikes, snn.neuron_states, snn.weight_mat()  # doctest: +SKIP
    """
    opened = open_device(device, config=config) if isinstance(device, str) else device
    return OnDevice(snn, opened, scale=scale, frac_bits=frac_bits, closes=isinstance(device, str))


class OnDevice:
    """Model of SuperNeuroMAT that simulates on a device. All other attributes are those of the model.

    `simulate` leaves spikes, states, refractory counts, learned weights and the queue of input spikes in the model, as
    SuperNeuroMAT does. The next call continues there; the chip is loaded again only if the model was changed in
    between. A context manager.

    Parameters
    ----------
    snn : SNN
        The model.
    device : Device
        Device that it runs on.
    scale, frac_bits
        As for `from_superneuromat`.
    closes : bool
        Whether the device is closed with this object.

    Attributes
    ----------
    saturated : dict of Cause to int
        What reached bounds of the chip in all runs so far, which SuperNeuroMAT does not have, and how often. The first
        time, each cause is a RuntimeWarning.
    """

    _OWN = ("snn", "device", "imported", "saturated", "_numbers", "_left", "_finalizer", "__weakref__")
    __slots__ = _OWN

    def __init__(
        self, snn: Any, device: Device, *, scale: float | None = None, frac_bits: int | None = None,
        closes: bool = False,
    ) -> None:  # fmt: skip
        self.snn, self.device = snn, device
        self._numbers = scale, frac_bits
        self.imported: Imported | None = None
        self._left: Model | None = None
        self.saturated: dict[Cause, int] = {}
        Model.of(snn)  # refuses what is no model
        self._finalizer = weakref.finalize(self, device.close) if closes else None

    def __getattr__(self, name: str) -> Any:
        if name in self._OWN:  # not set yet, as while a copy is made
            raise AttributeError(f"{type(self).__name__} has no {name}")
        return getattr(self.snn, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self._OWN:
            object.__setattr__(self, name, value)
        else:
            setattr(self.snn, name, value)

    def __dir__(self) -> list[str]:
        return sorted({*object.__dir__(self), *dir(self.snn)})

    def __eq__(self, other: object) -> bool:
        return bool(self.snn == (other.snn if isinstance(other, OnDevice) else other))

    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        return str(self.snn)

    def __repr__(self) -> str:
        return f"<{self.snn!r} on {self.device!r}>"

    def __enter__(self) -> OnDevice:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the device if it was opened for this object."""
        if self._finalizer is not None:
            self._finalizer()

    @property
    def report(self) -> ImportReport:
        """Labels of the parts of the model, see `from_superneuromat`."""
        return (self.imported or self._translated(Model.of(self.snn))).report

    def simulate(
        self, time_steps: int = 1, callback: Callback | None = None, use: str | None = None, sparse: Any = None,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        """Run some ticks on the device. Arguments are taken, and refused, as SuperNeuroMAT 3.5 does.

        Parameters
        ----------
        time_steps : int
            Number of ticks, from 1 up.
        callback : callable, optional
            Called before each tick; it may read and change the model. Every tick is then an exchange of its own.
            What cannot be called is left out.
        use, sparse
            How SuperNeuroMAT computes; checked, without effect on a device.
        **kwargs
            SuperNeuroMAT takes none either.

        Raises
        ------
        InputError
            For a wrong number of ticks, backend or sparsity, an inconsistent model, or one with `manual_setup`. It is
            a ValueError, which SuperNeuroMAT raises.
        TypeError
            For a number of ticks that is not whole, and for unknown arguments, as in SuperNeuroMAT.
        FitError
            If the chip has no room for the model.
        """
        ticks = ticks_of(time_steps)
        if getattr(self.snn, "manual_setup", False):
            raise InputError("a device needs no setup(); leave manual_setup at False")
        check_backend(self.snn, use, sparse, kwargs)
        called = callback_of(callback)
        if called is None:
            self._run(ticks)
            return
        for tick in range(ticks):
            called(self, tick, ticks)
            self._run(1)

    # Details -----------------------------------------------------------------------------------

    def _run(self, ticks: int) -> None:
        """Run some ticks, in pieces if the chip cannot count the refractory periods to their end."""
        while ticks:
            ticks -= self._piece(ticks)

    def _piece(self, ticks: int) -> int:
        """Run at most so many ticks; return how many."""
        model = Model.of(self.snn)
        imported = self.imported
        if imported is None or not self._goes_on(model, imported, ticks):
            imported = self.imported = self._translated(model)
            self.device.load(imported.image)
        ticks = min(ticks, imported.refractory.run_limit or ticks)
        given = currents(model.inputs.before(ticks), imported.folding, imported.image)
        self._left = None  # until the results are complete
        result = self.device.run(ticks, spikes=given.stimulus)
        learned, same = self._leave(model, imported, result, ticks)
        if same:
            self._left = Model.of(self.snn)
        self._note(saturated(imported.model, self.device.config, result.counters, learned, given.cut))
        return ticks

    def _goes_on(self, model: Model, imported: Imported, ticks: int) -> bool:
        """Whether the model is as the last run left it, and its next input can be injected as it is."""
        known = self._left is not None and model.same_but_inputs(self._left)
        free = bool(np.isin(model.inputs.neuron, imported.folding.neurons).all())
        return known and free and self._holds(model.inputs.before(ticks), imported)

    def _holds(self, inputs: Inputs, imported: Imported) -> bool:
        """Whether input is as whole at the scale as the report says; not asked for a scale that the user gave."""
        if self._numbers != (None, None) or not len(inputs.value):
            return True
        said = next(each.error for each in imported.report.items if each.name == "input spikes")
        off = distance(inputs.value, imported.scale)
        return off <= max(said, TOLERANCE * max(float(np.abs(inputs.value).max()), 1))

    def _translated(self, model: Model) -> Imported:
        config = None if self.device.elastic else self.device.config
        scale, frac_bits = self._numbers
        return translated(model, "the model", config=config, scale=scale, frac_bits=frac_bits, pieces=True)

    def _leave(self, model: Model, imported: Imported, result: Result, ticks: int) -> tuple[NDArray[Any], bool]:
        """Write results into the model, where SuperNeuroMAT does.

        Return the weights that learn, in units of the chip, and whether the chip holds all that the model holds.
        """
        snn, kept = self.snn, imported.folding.neurons
        state = self.device.state()
        spikes = imported.spikes(result, model.last)
        snn.spike_train.extend(spikes.astype(snn.default_bool_dtype))
        snn.neuron_states = imported.states(state[Region.MEMBRANE]).tolist()
        counts = counts_after(model, spikes)
        snn.neuron_refractory_periods_state = counts.astype(np.float64).tolist()
        same = np.array_equal(counts[kept], state[Region.REFRACTORY_COUNT][: len(kept)])
        learned: NDArray[Any] = np.empty(0, np.int64)
        if model.gains:
            table = self.device.weights(units="chip")
            synapses, axons, columns = imported.learned
            learned = table[axons, columns]
            weights = model.weights.copy()
            weights[synapses] = imported.model_units(learned)
            snn.synaptic_weights = weights.tolist()
        snn.input_spikes = {tick - ticks: queued for tick, queued in snn.input_spikes.items() if tick >= ticks}
        return learned, same

    def _note(self, found: dict[Cause, int]) -> None:
        """Count what saturated, and warn of each cause the first time."""
        for cause, count in found.items():
            if cause not in self.saturated:
                warnings.warn(cause.warning(count), RuntimeWarning, stacklevel=5)
            self.saturated[cause] = self.saturated.get(cause, 0) + count

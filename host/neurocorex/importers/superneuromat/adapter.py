"""Adapter for SuperNeuroMAT scripts: an object that is used like the model, and simulates on a device."""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from ...device.device import Device
from ...device.open import open_device
from ...device.result import Result
from ...errors import InputError
from ...spec import CoreConfig, Region
from ..labels import ImportReport
from .currents import currents
from .model import Model
from .reader import Floats
from .translation import Imported, translated

#: Called before each tick with the model, the tick, and the number of ticks.
Callback = Callable[[Any, int, int], None]


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
    """

    _OWN = ("snn", "device", "imported", "_numbers", "_left", "_finalizer", "_warned", "__weakref__")
    __slots__ = _OWN

    def __init__(
        self, snn: Any, device: Device, *, scale: float | None = None, frac_bits: int | None = None,
        closes: bool = False,
    ) -> None:  # fmt: skip
        self.snn, self.device = snn, device
        self._numbers = scale, frac_bits
        self.imported: Imported | None = None
        self._left: Model | None = None
        self._warned = False
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

    def simulate(self, time_steps: int = 1, callback: Callback | None = None, **ignored: Any) -> None:
        """Run some ticks on the device.

        Parameters
        ----------
        time_steps : int
            Number of ticks, from 1 up.
        callback : callable, optional
            Called before each tick; it may read and change the model. Every tick is then an exchange of its own.
        **ignored
            Further arguments of SuperNeuroMAT, such as its backend.

        Raises
        ------
        InputError
            For a wrong number of ticks, an inconsistent model, or one with `manual_setup`.
        FitError
            If the chip has no room for the model.
        """
        if isinstance(time_steps, bool) or not isinstance(time_steps, int | np.integer) or time_steps < 1:
            raise InputError(f"time_steps must be a whole number from 1 up, got {time_steps!r}")
        if getattr(self.snn, "manual_setup", False):
            raise InputError("a device needs no setup(); leave manual_setup at False")
        if callback is None:
            self._run(int(time_steps))
            return
        for tick in range(int(time_steps)):
            callback(self, tick, int(time_steps))
            self._run(1)

    # Details -----------------------------------------------------------------------------------

    def _run(self, ticks: int) -> None:
        model = Model.of(self.snn)
        imported = self.imported
        if imported is None or not self._goes_on(model, imported):
            imported = self.imported = self._translated(model)
            self.device.load(imported.image)
        stimulus, cut = currents(model.inputs.before(ticks), imported.folding, imported.image)
        if cut:
            self._warn("input spikes")
        self._left = None  # until the results are complete
        result = self.device.run(ticks, spikes=stimulus)
        self._leave(model, imported, result, ticks)
        self._left = Model.of(self.snn)

    def _goes_on(self, model: Model, imported: Imported) -> bool:
        """Whether the model is as the last run left it, and has no input for a folded relay."""
        known = self._left is not None and model.same_but_inputs(self._left)
        return known and bool(np.isin(model.inputs.neuron, imported.folding.neurons).all())

    def _translated(self, model: Model) -> Imported:
        config = None if self.device.elastic else self.device.config
        scale, frac_bits = self._numbers
        return translated(model, "the model", config=config, scale=scale, frac_bits=frac_bits)

    def _leave(self, model: Model, imported: Imported, result: Result, ticks: int) -> None:
        """Write results into the model, where SuperNeuroMAT does."""
        snn, kept = self.snn, imported.folding.neurons
        state = self.device.state()
        snn.spike_train.extend(imported.spikes(result, model.last).astype(snn.default_bool_dtype))
        snn.neuron_states = imported.states(state[Region.MEMBRANE]).tolist()
        counts: Floats = np.zeros(model.neurons)
        counts[kept] = state[Region.REFRACTORY_COUNT][: len(kept)]
        snn.neuron_refractory_periods_state = counts.tolist()
        if model.gains:
            table = self.device.weights(units="chip")
            snn.synaptic_weights = imported.weights(table).tolist()
            low, high = self.device.config.weight_range
            _, axons, columns = imported.learned
            if np.isin(table[axons, columns], (low, high)).any():
                self._warn("learned weights")
        if result.counters["saturations"]:
            self._warn("states")
        snn.input_spikes = {tick - ticks: queued for tick, queued in snn.input_spikes.items() if tick >= ticks}

    def _warn(self, what: str) -> None:
        """Warn, once, that bounds of the chip were reached which SuperNeuroMAT does not have."""
        if not self._warned:
            self._warned = True
            message = f"{what} reached the bounds of the chip, which SuperNeuroMAT does not have; take a smaller scale"
            warnings.warn(message, RuntimeWarning, stacklevel=4)

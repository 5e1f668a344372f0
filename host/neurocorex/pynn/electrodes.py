"""Current sources of the PyNN backend: direct, stepwise, sinusoidal and noisy currents, which the host injects."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyNN.parameters import ParameterSpace, Sequence
from pyNN.standardmodels import StandardCurrentSource, build_translations, electrodes

from . import simulator
from .refusal import ParameterRefusedError

Floats = NDArray[np.float64]

#: Intervals of noise that are drawn at once.
_BLOCK = 1024


class _Source(StandardCurrentSource):
    """Base of the current sources: a waveform, and the neurons that get it. All neurons of a source get the same."""

    def __init__(self, **parameters: Any) -> None:
        object.__setattr__(self, "_values", {})
        super().__init__(**parameters)
        self.neurons: list[int] = []
        self.order = len(simulator.state.current_sources)
        space = ParameterSpace(self.default_parameters, self.get_schema(), shape=(1,))
        space.update(**parameters)
        self.set_native_parameters(self.translate(space))
        simulator.state.current_sources.append(self)

    def set_native_parameters(self, parameters: Any) -> None:
        """Take values of parameters, which have the names and units of PyNN."""
        parameters.evaluate(simplify=True)
        given = {name: value.value if isinstance(value, Sequence) else value for name, value in parameters.items()}
        wanted = {**self._values, **given}
        self._check(wanted)
        before = self.bound() if self._values else 0.0
        self._values.update(self._on_steps(wanted))
        if self.bound() > before:
            simulator.state.changed = True  # the scale of the network has to leave room for it

    def get_native_parameters(self) -> Any:
        """Return the values of all parameters."""
        return ParameterSpace(dict(self._values))

    def inject_into(self, cells: Any) -> None:
        """Inject the current into some cells; raises TypeError for spike sources."""
        chosen = list(cells) if hasattr(cells, "__iter__") else [cells]
        if any(not cell.celltype.injectable for cell in chosen):
            raise TypeError("Can't inject current into a spike source.")
        _, numbers = simulator.state.numbers_of(chosen)
        self.neurons += numbers.tolist()
        simulator.state.changed = True

    def record(self) -> None:
        """Do nothing: the waveform is known at any time, see `get_data`."""

    def currents(self, start: int, count: int) -> Floats:
        """Return the currents in nA of the steps from `start` on."""
        dt = simulator.state.dt
        return self._waveform(np.arange(start, start + count), dt)

    def bound(self) -> float:
        """Return a bound of the current in nA; noise is cut there, at eight standard deviations."""
        values = self._values
        if "amplitudes" in values:
            return float(np.abs(np.atleast_1d(values["amplitudes"])).max(initial=0.0))
        if "stdev" in values:
            return float(abs(values["mean"]) + 8 * values["stdev"])
        return float(abs(values["amplitude"]) + abs(values.get("offset", 0.0)))

    def _get_data(self) -> tuple[Floats, Floats]:
        steps = simulator.state.step + 1
        return np.arange(steps, dtype=np.float64) * simulator.state.dt, self.currents(0, steps)

    def _check(self, values: dict[str, Any]) -> None:
        """Raise ParameterRefusedError for values that cannot be."""

    def _on_steps(self, values: dict[str, Any]) -> dict[str, Any]:
        """Return the values that act: times of steps."""
        return values

    def _waveform(self, steps: NDArray[np.int64], dt: float) -> Floats:
        raise NotImplementedError

    def _within(self, steps: NDArray[np.int64], dt: float) -> NDArray[np.bool_]:
        """Tell which steps lie between start and stop."""
        first, last = (float(np.rint(self._values[name] / dt)) for name in ("start", "stop"))
        return np.asarray((steps >= first) & (steps < last))


class DCSource(_Source, electrodes.DCSource):
    """Constant current from `start` to `stop`."""

    translations = build_translations(*((name, name) for name in electrodes.DCSource.default_parameters))

    def _waveform(self, steps: NDArray[np.int64], dt: float) -> Floats:
        return np.where(self._within(steps, dt), float(self._values["amplitude"]), 0.0)


class StepCurrentSource(_Source, electrodes.StepCurrentSource):
    """Current that changes to each of `amplitudes` at each of `times`, and is 0 before the first."""

    translations = build_translations(*((name, name) for name in electrodes.StepCurrentSource.default_parameters))

    def _check(self, values: dict[str, Any]) -> None:
        times, amplitudes = (np.atleast_1d(values[name]) for name in ("times", "amplitudes"))
        if len(times) != len(amplitudes):
            raise ParameterRefusedError(f"times and amplitudes differ in length: {len(times)} and {len(amplitudes)}")
        if (times < 0).any() or (np.diff(times) <= 0).any():
            raise ParameterRefusedError(f"times must be 0 ms or more, and rise, got {times.tolist()[:8]}")

    def _on_steps(self, values: dict[str, Any]) -> dict[str, Any]:
        dt, times = simulator.state.dt, np.atleast_1d(np.asarray(values["times"], np.float64))
        # Of changes that fall into one step, the last one acts.
        steps, last = np.unique(np.rint(times / dt)[::-1], return_index=True)
        return {"times": steps * dt, "amplitudes": np.atleast_1d(values["amplitudes"])[::-1][last]}

    def _waveform(self, steps: NDArray[np.int64], dt: float) -> Floats:
        edges = np.rint(np.atleast_1d(self._values["times"]) / dt)
        levels = np.concatenate([[0.0], np.atleast_1d(self._values["amplitudes"])])
        return np.asarray(levels[np.searchsorted(edges, steps, side="right")], np.float64)


class ACSource(_Source, electrodes.ACSource):
    """Sine from `start` to `stop`, held through each step at its value in the middle of it."""

    translations = build_translations(*((name, name) for name in electrodes.ACSource.default_parameters))

    def _waveform(self, steps: NDArray[np.int64], dt: float) -> Floats:
        values = self._values
        since_s = ((steps + 0.5) * dt - values["start"]) / 1000.0
        wave = np.sin(2 * np.pi * values["frequency"] * since_s + np.deg2rad(values["phase"]))
        return np.where(self._within(steps, dt), values["offset"] + values["amplitude"] * wave, 0.0)


class NoisyCurrentSource(_Source, electrodes.NoisyCurrentSource):
    """Gaussian noise that changes every `dt` ms, by default in each step; drawn from the seed of `setup`."""

    translations = build_translations(*((name, name) for name in electrodes.NoisyCurrentSource.default_parameters))

    def __init__(self, **parameters: Any) -> None:
        if "rng" in parameters:
            raise ParameterRefusedError("noise is drawn from setup(seed=...), so that it has no rng; leave it out")
        parameters.setdefault("dt", simulator.state.dt)
        super().__init__(**parameters)

    def _check(self, values: dict[str, Any]) -> None:
        each = values["dt"] / simulator.state.dt
        if round(each) < 1 or abs(each - round(each)) > 1e-6:
            raise ParameterRefusedError(
                f"dt of noise must be a multiple of the time step of {simulator.state.dt:g} ms, got {values['dt']:g}"
            )
        if values["stdev"] < 0:
            raise ParameterRefusedError(f"stdev must be 0 nA or more, got {values['stdev']:g}")

    def _waveform(self, steps: NDArray[np.int64], dt: float) -> Floats:
        interval = steps // round(self._values["dt"] / dt)
        low, high = int(interval.min(initial=0)) // _BLOCK, int(interval.max(initial=0)) // _BLOCK
        # A block follows from its number, so that any stretch of time can be drawn again.
        seeds = ([simulator.state.options.seed, 2, self.order, block] for block in range(low, high + 1))
        draws = np.concatenate([np.random.default_rng(seed).standard_normal(_BLOCK) for seed in seeds])
        noise = self._values["mean"] + self._values["stdev"] * np.clip(draws[interval - low * _BLOCK], -8, 8)
        return np.where(self._within(steps, dt), noise, 0.0)

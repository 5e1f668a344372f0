"""From a network in any units to the integers of one chip.

Everything that meets a membrane is multiplied by one scale and rounded; weights lose their low bits to a gain (a left
shift that the chip does), chosen for input and recurrent weights apart. `neurocorex.scale` says how both are chosen.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .durations import Durations
from .errors import FitError, InputError
from .image import Image
from .network import Network
from .report import Report, WeightLoss, named
from .scale import SCALED, choose_scale, gain_for, integers_fit
from .spec import Control, CoreConfig, Flag, Region, controls
from .spec.config import LIMITS
from .spec.fixed import DECAY_ALL, DECAY_BITS

__all__ = ["Report", "quantise", "smallest_config"]

#: Where the parameters go that are multiplied by the scale.
REGIONS = {
    "threshold": Region.THRESHOLD,
    "reset": Region.RESET,
    "bias": Region.BIAS,
    "leak": Region.LEAK,
}


def quantise(net: Network, config: CoreConfig | None = None, *, scale: float | None = None) -> tuple[Image, Report]:
    """Turn a network into integers for one chip.

    Parameters
    ----------
    net : Network
        Not changed.
    config : CoreConfig, optional
        Geometry of the chip; neurons and inputs beyond those of the network stay silent. By default the smallest
        that fits, see `smallest_config`.
    scale : float, optional
        State units per unit of the network, instead of the one that `neurocorex.scale` finds. ``scale=1`` takes
        integers that are stored as floats as they stand.

    Returns
    -------
    image : Image
        What `Device.load` writes.
    report : Report
        What was lost, and what looks like a mistake.

    Raises
    ------
    FitError
        If the chip has no room; the message names every limit.
    InputError
        If `scale` is not above 0.
    """
    if scale is not None and not (math.isfinite(scale) and scale > 0):
        raise InputError(f"scale must be above 0, got {scale!r}")
    durations = Durations.of(net)
    if config is None:
        config = smallest_config(net)
    _check_room(net, durations, config)
    notes: list[str] = []
    if scale is None:
        scale = _scale(net, config, notes)
    return _Quantiser(net, config, scale, durations, notes).run()


def smallest_config(net: Network) -> CoreConfig:
    """Geometry with as many neurons and inputs as the network; all else as by default, wider only where it must be.

    Raises
    ------
    FitError
        If no chip can be built that large.
    """
    durations = Durations.of(net)
    chosen = CoreConfig(neurons=net.neuron_count, inputs=net.input_count)
    values: dict[str, Any] = chosen.to_dict()
    values["max_delay"] = max(chosen.max_delay, int(durations.delays.max()))
    values["refractory_bits"] = max(chosen.refractory_bits, int(durations.refractory.max()).bit_length())
    if net.is_integer:
        # A weight that a gain of 128 makes reachable may still lose bits, so integers get the width that they have.
        values["weight_bits"] = chosen.weight_bits if _signed_bits(net.weights) <= chosen.weight_bits else 16
        states = [net.parameters[name] for name in SCALED] + [np.array(net.adaptation_step)]
        values["state_bits"] = max(chosen.state_bits, min(24, max(map(_signed_bits, states))))
    for name in ("max_delay", "refractory_bits"):
        low, high = LIMITS[name]
        if not low <= values[name] <= high:
            raise FitError(f"the network needs {name} {values[name]}, at most {high} can be built; use a longer dt_ms")
    return CoreConfig(**values)


class _Quantiser:
    """One network, one chip, one scale: rounds part by part and keeps count of what was lost."""

    def __init__(self, net: Network, config: CoreConfig, scale: float, durations: Durations, notes: list[str]) -> None:
        self.net, self.config, self.scale, self.durations, self.notes = net, config, scale, durations, notes
        self.regions: dict[Region, NDArray[Any]] = {}
        self.errors: dict[str, float] = {}

    def run(self) -> tuple[Image, Report]:
        net, config = self.net, self.config
        control = np.zeros(len(controls(config)), np.int64)
        weights = np.zeros((config.axons, config.neurons), np.int32)
        losses = {}
        for kind, gain, first, source in (
            ("input", Control.GAIN_INPUT, 0, net.input_weights),
            ("recurrent", Control.GAIN_RECURRENT, config.inputs, net.recurrent_weights),
        ):
            block, control[gain], losses[kind] = _round_weights(source, self.scale, config)
            weights[first : first + len(block), : net.neuron_count] = block
        self.regions[Region.WEIGHTS] = weights
        for name, region in REGIONS.items():
            self._put(region, self._rounded(name, net.parameters[name]))
        for name, region in (("decay", Region.DECAY), ("decay_syn", Region.CURRENT_DECAY)):
            self._put(region, self._decays(name, net.parameters[name]))
        control[Control.ADAPTATION_STEP] = self._rounded("adaptation_step", np.array(net.adaptation_step))
        control[Control.ADAPTATION_DECAY] = self._decays("adaptation_decay", np.array(net.adaptation_decay))
        self.regions[Region.CONTROL] = control
        self._put(Region.REFRACTORY, self.durations.refractory)
        axons = weights[config.inputs : config.inputs + net.neuron_count].any(axis=1)
        self._put(Region.DELAY, np.where(self.durations.delay_given | axons, self.durations.delays, 0))
        flags = net.parameters["subtract"] * int(Flag.RESET_SUBTRACT) | net.parameters["hold"] * int(
            Flag.REFRACTORY_HOLD
        )
        self._put(Region.FLAGS, flags)
        self.errors |= {name: error for name, error in self.durations.errors.items() if error}
        image = Image(config, self.regions, self.scale, {"dt_ms": net.dt_ms})
        return image, Report.of(image, weights=losses, parameters=self.errors, notes=self.notes)

    def _put(self, region: Region, values: NDArray[Any]) -> None:
        """Give the neurons of the network their values; all others of the chip stay zero."""
        self.regions[region] = np.zeros(self.config.neurons, np.int64)
        self.regions[region][: self.net.neuron_count] = values

    def _rounded(self, name: str, values: NDArray[Any]) -> NDArray[np.int64]:
        scaled = values * self.scale
        whole = np.rint(scaled)
        low, high = self.config.state_range
        beyond = (whole < low) | (whole > high)
        if beyond.any():
            raise FitError(
                f"{name} {values[beyond].flat[0]:g} becomes {scaled[beyond].flat[0]:.0f} at scale {self.scale:g}, the "
                f"chip holds {low} to {high} (state_bits {self.config.state_bits}); take a smaller scale or more bits"
            )
        self._note_error(name, whole / self.scale - values)
        return np.asarray(whole.astype(np.int64))

    def _decays(self, name: str, fractions: NDArray[Any]) -> NDArray[np.int64]:
        # 65535 is not 65535/65536 but "everything at once", so it stands for 1.
        units: NDArray[np.int64] = np.minimum(np.rint(fractions * (1 << DECAY_BITS)), DECAY_ALL).astype(np.int64)
        effective = np.where(units == DECAY_ALL, 1.0, units / (1 << DECAY_BITS))
        self._note_error(name, effective - fractions)
        endless = np.flatnonzero((units == 0) & (fractions > 0))
        if len(endless) and fractions.ndim:
            self.notes.append(
                f"{named(endless.tolist())} have a {name} below 1/65536 a step, which becomes none at all"
            )
        return units

    def _note_error(self, name: str, differences: NDArray[Any]) -> None:
        error = float(np.abs(differences).max())
        if error:
            self.errors[name] = error


def _check_room(net: Network, durations: Durations, config: CoreConfig) -> None:
    """Raise FitError naming everything that this chip has too little of."""
    needed = {
        "inputs": (net.input_count, config.inputs),
        "neurons": (net.neuron_count, config.neurons),
        "max_delay": (int(durations.delays.max()), config.max_delay),
        "refractory_bits": (int(durations.refractory.max()).bit_length(), config.refractory_bits),
        "adaptation": (int(net.adaptation_step > 0), int(config.adaptation)),
    }
    lacking = [f"{name} {need} (the chip has {have})" for name, (need, have) in needed.items() if need > have]
    if lacking:
        raise FitError(f"the network needs {', '.join(lacking)}; take a larger chip or a smaller network")


def _scale(net: Network, config: CoreConfig, notes: list[str]) -> float:
    """1 for integers that fit, else the best scale for floats; says so if integers were scaled or lose bits."""
    if not net.is_integer:
        return choose_scale(net, config)
    if not integers_fit(net, config):
        notes.append(
            f"the integers do not fit into {config.weight_bits}-bit weights and {config.state_bits}-bit states: scaled"
        )
        return choose_scale(net, config)
    gain = max(gain_for(part, 1.0, config) for part in (net.input_weights, net.recurrent_weights))
    if gain:
        notes.append(f"integer weights are beyond {config.weight_bits} bits and lose up to {gain} low bits")
    return 1.0


def _round_weights(
    weights: NDArray[Any], scale: float, config: CoreConfig
) -> tuple[NDArray[np.int32], int, WeightLoss]:
    """Weights of one kind on the chip, their gain, and what they lost."""
    gain = gain_for(weights, scale, config)
    step = (1 << gain) / scale
    low, high = config.weight_range
    whole = np.rint(weights / step)
    beyond = (whole < low) | (whole > high)
    whole = np.clip(whole, low, high, out=whole)
    error = whole * step - weights
    synapses = int(np.count_nonzero(weights))
    energy = float(np.vdot(weights, weights))
    squares = float(np.vdot(error, error))
    loss = WeightLoss(
        synapses=synapses,
        vanished=synapses - int(np.count_nonzero(whole)),
        clipped=int(np.count_nonzero(beyond)),
        clipped_at=[(int(row), int(column)) for row, column in np.argwhere(beyond)[:8]],
        max_error=float(np.abs(error).max()),
        rms_error=math.sqrt(squares / max(synapses, 1)),
        relative_error=math.sqrt(squares / energy) if energy else 0.0,
    )
    return whole.astype(np.int32), gain, loss


def _signed_bits(values: NDArray[Any]) -> int:
    """Bits of the two's complement of the largest of some integers."""
    return max(int(values.max()).bit_length(), int(-1 - values.min()).bit_length() if values.min() < 0 else 0) + 1

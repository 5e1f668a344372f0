"""Clock cycles per step by activity: counted on a chip, beside the timing formula and the roofline."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..device.device import Device
from ..fpga.roofline import Roofline
from ..image import Image, blank, program_regions, region_shape
from ..spec import Control, CoreConfig, Learning, Region
from ..spec.config import CHANGE_FRACTION
from ..spec.fixed import DECAY_BITS
from ..spec.registers import GATE_ALL, OTHERS
from ..spec.timing import busy_cycles

#: Activities: shares of the inputs, and of the neurons, that fire in each step.
ACTIVITIES = (0.0, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
STEPS = 20


@dataclass(frozen=True)
class Pace:
    """Cycles and events that a chip counted in a run.

    Attributes
    ----------
    config : CoreConfig
        Geometry of the chip.
    steps : int
        Steps of the run.
    arrivals : int
        Arriving spikes, of inputs and neurons.
    columns : int
        Columns updated by learning, one for each spike of a neuron that learns.
    busy : int
        Cycles in which the core was busy.
    """

    config: CoreConfig
    steps: int
    arrivals: int
    columns: int
    busy: int

    @classmethod
    def counted(cls, config: CoreConfig, counters: dict[str, int], *, learns: bool) -> Pace:
        """Read the counters of a chip."""
        arrivals = counters["input_events"] + counters["recurrent_events"]
        columns = counters["spikes"] if learns else 0
        return cls(config, counters["steps"], arrivals, columns, counters["busy_cycles"])

    @property
    def cycles(self) -> float:
        """Counted cycles per step."""
        return self.busy / self.steps

    @property
    def formula(self) -> float:
        """Cycles per step by the formula of `neurocorex.spec.timing`."""
        return busy_cycles(self.config, self.steps, self.arrivals, self.columns) / self.steps

    @property
    def roofline(self) -> float:
        """Fewest cycles per step that the memories allow, see `neurocorex.fpga.roofline`."""
        return Roofline(self.config).cycles(self.steps, self.arrivals, self.columns) / self.steps

    @property
    def share(self) -> float:
        """Roofline over counted cycles, 0 to 1."""
        return self.roofline / self.cycles

    def to_dict(self) -> dict[str, float]:
        """Return plain values, each per step."""
        return {
            "arrivals": self.arrivals / self.steps, "columns": self.columns / self.steps, "cycles": self.cycles,
            "formula": self.formula, "roofline": self.roofline, "share": self.share,
        }  # fmt: skip


def image(config: CoreConfig) -> Image:
    """Return a network that uses every synapse, learns if it can, and fires only where the host forces it."""
    rng, (low, high) = np.random.default_rng(0), config.weight_range
    regions: dict[Region, npt.NDArray[Any]] = {region: blank(region, config) for region in program_regions(config)}
    regions[Region.WEIGHTS] = rng.integers(low // 2, high // 2, region_shape(Region.WEIGHTS, config))
    regions[Region.THRESHOLD][:] = config.state_range[1]
    regions[Region.DECAY][:] = (1 << DECAY_BITS) - 1
    regions[Region.CURRENT_DECAY][:] = (1 << DECAY_BITS) - 1
    regions[Region.DELAY][:] = 1
    if config.learning:
        regions[Region.PLASTIC][:] = 1
        least = 1 << CHANGE_FRACTION
        control = {
            Control.LEARNING: 1, Control.GATE: GATE_ALL, Control.MODULATION: 1 << CHANGE_FRACTION,
            Control.POTENTIATION: least, Control.DEPRESSION: (1 << config.change_bits) - least,
            Control.WEIGHT_MIN: low % (1 << config.weight_bits), Control.WEIGHT_MAX: high,
        }  # fmt: skip
        if config.learning is Learning.EXPONENTIAL:
            cap = (1 << config.trace_bits) - 1
            control |= {
                Control.PRE_DECAY: 1 << DECAY_BITS - 4, Control.POST_DECAY: 1 << DECAY_BITS - 4,
                Control.PRE_INCREMENT: cap // 4, Control.POST_INCREMENT: cap // 4,
                Control.PRE_CAP: cap, Control.POST_CAP: cap,
            }  # fmt: skip
            control |= {others: control[own] for own, others in OTHERS.items() if others.bits(config)}
        for register, value in control.items():
            regions[Region.CONTROL][register] = value
    return Image(config, regions)


def measure(
    device: Device,
    activities: Sequence[float] = ACTIVITIES,
    *,
    steps: int = STEPS,
    progress: Callable[[int, int], None] | None = None,
) -> list[Pace]:
    """Run a chip at each activity and read its counters.

    Every step of a run has the same number of firing inputs and neurons.

    Parameters
    ----------
    device : Device
        A device with a geometry; its network is replaced.
    activities : sequence of float
        Shares of inputs and neurons that fire in each step, 0 to 1, rounded to whole numbers of them.
    steps : int
        Steps of each run.
    progress : callable, optional
        Called with (runs done, all runs).
    """
    config = device.config
    device.load(image(config))
    paces = list[Pace]()
    for activity in activities:
        rng = np.random.default_rng(1)
        spikes = _exactly(activity, config.inputs, steps + 1, rng)
        teacher = _exactly(activity, config.neurons, steps + 1, rng)
        device.clear(state=True)
        device.run(spikes=spikes[:1], teacher=teacher[:1], record=())  # so that neuron spikes arrive in the first step
        device.clear(state=False, counters=True)
        device.run(spikes=spikes[1:], teacher=teacher[1:], record=())
        paces.append(Pace.counted(config, device.counters(), learns=bool(config.learning)))
        if progress is not None:
            progress(len(paces), len(activities))
    return paces


def _exactly(part: float, width: int, steps: int, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Return a random raster [steps, width] with the same number of spikes in each step."""
    raster = np.zeros((steps, width), np.bool_)
    raster[:, : round(part * width)] = True
    return rng.permuted(raster, axis=1)

"""Report of the quantiser: what was rounded or clipped, and what looks like a mistake."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Never

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..image import Image
from ..learning import Rule
from ..network.network import Network
from ..network.population import named
from ..plot.plasticity import learning_window
from ..spec import Control, CoreConfig, Region
from ..spec.fixed import DECAY_ALL, DECAY_BITS
from .acting import acting_window
from .activity import always_saturates, never_fire, never_silent, rooms
from .demand import ENGINES
from .outside import outside_bounds
from .populations import PopulationScale
from .rounding import WeightLoss
from .tuning import Rounded
from .window import ActingWindow

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Report:
    """What `quantise` did. `str()` gives it as text, `to_dict` as plain values.

    Attributes
    ----------
    config : CoreConfig
        Geometry of the image.
    is_snapshot : bool
        Whether the image holds the state of a running chip.
    exact : bool
        Whether nothing was rounded or clipped.
    scale : float
        Units of the chip's state per unit of the network; for the first neuron, see `populations`.
    gain_input, gain_recurrent : int
        Left shifts of the two kinds of weights.
    weights : dict
        `WeightLoss` of "input" and "recurrent" weights. Empty for an image that came from elsewhere.
    parameters : dict of float
        Largest rounding error of each kind of parameter, in the units of the network, milliseconds for times.
    learning : list of Rounded
        Every number of the learning rule as wanted, and as the chip holds it, in the units of the network.
    plastic : int
        Number of synapses that learn.
    window : ActingWindow or None
        The learning window that the chip acts by, from its integers; None if nothing learns.
    never_fire : list of int
        Neurons that no pattern of input spikes makes fire; injected currents may.
    never_silent : list of int
        Neurons that fire without any input.
    headroom : float
        Part of the state's range that a membrane at threshold uses when every axon fires at once; above 1 it can
        saturate.
    can_saturate : list of int
        Neurons whose state can saturate.
    always_saturates : list of int
        Neurons that any spike takes beyond the range of states.
    populations : list of PopulationScale
        Neurons by scale, with the figures that it was chosen by.
    warnings : list of str
        What looks like a mistake, a line each.
    subject : (Network, Image) or None
        The network and its image, for `neurocorex.measure_fidelity`; None for an image that came from elsewhere.
    """

    config: CoreConfig
    is_snapshot: bool
    exact: bool
    scale: float
    gain_input: int
    gain_recurrent: int
    weights: dict[str, WeightLoss]
    parameters: dict[str, float]
    never_fire: list[int]
    never_silent: list[int]
    headroom: float
    learning: list[Rounded] = field(default_factory=list)
    plastic: int = 0
    window: ActingWindow | None = None
    warnings: list[str] = field(default_factory=list)
    can_saturate: list[int] = field(default_factory=list)
    always_saturates: list[int] = field(default_factory=list)
    populations: list[PopulationScale] = field(default_factory=list)
    subject: tuple[Network, Image] | None = field(default=None, repr=False, compare=False)

    @classmethod
    def of(
        cls,
        image: Image,
        *,
        weights: dict[str, WeightLoss] | None = None,
        parameters: dict[str, float] | None = None,
        learning: list[Rounded] | None = None,
        notes: list[str] | None = None,
        injected: NDArray[np.int64] | None = None,
        rule: Rule | None = None,
    ) -> Report:
        """Examine an image, and add what its quantisation lost, if it has just been made.

        Parameters
        ----------
        image : Image
            What goes to the chip.
        weights, parameters, learning
            As the attributes.
        notes : list of str
            Warnings of the quantiser, which come first.
        injected : int64 array [N], optional
            Largest current that is injected into each neuron, in units of the chip; see `never_fire`.
        rule : Rule, optional
            What `window` is compared with.
        """
        weights, parameters, learning = weights or {}, parameters or {}, learning or []
        mute, restless = never_fire(image, injected).tolist(), never_silent(image).tolist()
        room, window = rooms(image), acting_window(image, rule)
        learned = [*(window.warnings if window else []), *outside_bounds(image)]
        control = image.regions[Region.CONTROL]
        lossless = not any(loss.max_error for loss in weights.values()) and not any(parameters.values())
        lossless = lossless and all(number.exact for number in learning)
        return cls(
            config=image.config,
            is_snapshot=image.is_snapshot,
            exact=lossless,
            scale=image.scale,
            gain_input=int(control[Control.GAIN_INPUT]),
            gain_recurrent=int(control[Control.GAIN_RECURRENT]),
            weights=weights,
            parameters=parameters,
            never_fire=mute,
            never_silent=restless,
            headroom=float(room.max()),
            learning=learning,
            plastic=int(np.count_nonzero(image.regions[Region.PLASTIC])) if image.learns else 0,
            window=window,
            warnings=[*(notes or []), *learned, *_loss_warnings(weights), *_warnings(image, mute, restless, room)],
            can_saturate=np.flatnonzero(room > 1).tolist(),
            always_saturates=always_saturates(image).tolist(),
            populations=PopulationScale.all_of(image),
        )

    @property
    def compare(self) -> Never:
        """Earlier name of `neurocorex.measure_fidelity`."""
        raise AttributeError("Report.compare is now a function: neurocorex.measure_fidelity(report, spikes)")

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values that JSON can hold."""
        learning = [
            {**asdict(each), "wanted": _finite(each.wanted), "got": _finite(each.got), "error": each.error}
            for each in self.learning
        ]
        plain = asdict(replace(self, subject=None, window=None)) | {
            "config": self.config.to_dict(), "learning": learning,
            "window": self.window.to_dict() if self.window else None,
        }  # fmt: skip
        del plain["subject"]
        return plain

    @property
    def lines(self) -> list[str]:
        """The report as text, a line each."""
        kind = "snapshot" if self.is_snapshot else "network"
        size = f"{self.config.inputs} inputs, {self.config.neurons} neurons, {self.config.weight_bits}-bit weights"
        gains = f"gain {1 << self.gain_input} for inputs, {1 << self.gain_recurrent} for neurons"
        rounded = [f"{name} {error:.2g}" for name, error in self.parameters.items() if error]
        return [
            f"{kind} of {size}",
            f"scale {self.scale:.6g}, {gains}; uses {self.headroom:.0%} of the state's range",
            *(map(str, self.populations) if len(self.populations) > 1 else ()),
            *(f"{name}: {loss}" for name, loss in self.weights.items() if loss.synapses),
            *([f"{self.plastic} synapses learn, by {ENGINES[self.config.learning]}"] if self.plastic else []),
            *([f"learning: {', '.join(map(str, self.learning))}"] if self.learning else []),
            *(self.window.lines if self.window else []),
            *(["rounding of parameters at most: " + ", ".join(rounded)] if rounded else []),
            *(["nothing was rounded"] if self.weights and self.exact else []),
            *(f"warning: {warning}" for warning in self.warnings),
        ]

    def __str__(self) -> str:
        return "\n".join(self.lines)

    def plot_window(self, ax: Axes | None = None) -> Figure:
        """Draw the learning window: what was asked for as lines, what the chip acts by as points.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; by default in a figure of its own.

        Raises
        ------
        InputError
            If nothing learns.
        MissingToolError
            If matplotlib is not installed.
        """
        if self.window is None:
            raise InputError("nothing learns, so there is no learning window; see Network.learn")
        return learning_window(self.window, axis=ax)


def _finite(value: float) -> float | None:
    """JSON has no infinity: a trace that never fades has no time constant there."""
    return value if math.isfinite(value) else None


def _loss_warnings(weights: dict[str, WeightLoss]) -> list[str]:
    found = []
    for name, loss in weights.items():
        if loss.clipped:
            places = ", ".join(map(str, loss.clipped_at)) + (", ..." if loss.clipped > len(loss.clipped_at) else "")
            found.append(
                f"{loss.clipped} {name} weights were clipped, at {places}: take a smaller scale or wider weights"
            )
        if loss.relative_error > 0.1:
            found.append(f"{name} weights lost {loss.relative_error:.0%} by rounding: take wider weights")
    return found


def _warnings(image: Image, mute: list[int], restless: list[int], room: NDArray[np.float64]) -> list[str]:
    found = []
    if mute:
        found.append(f"{named(mute)} can never fire: raise weights or bias, or lower threshold or leak")
    if restless:
        found.append(f"{named(restless)} will fire without any input: lower the bias or raise the threshold")
    if (room > 1).any():
        who = named(np.flatnonzero(room > 1).tolist())
        found.append(
            f"states of {who} can saturate, at {room.max():.1f} times their range: lower the scale or take more state "
            "bits"
        )
    flooded = always_saturates(image).tolist()
    if flooded:
        found.append(f"every spike saturates {named(flooded)}: lower the scale or take more state bits")
    coarse = np.zeros(image.config.neurons, np.bool_)
    for region in (Region.DECAY, Region.CURRENT_DECAY):
        decay = image.regions[region].astype(np.int64)
        at_threshold = image.regions[Region.THRESHOLD].astype(np.int64) * decay
        coarse |= (at_threshold > 0) & (decay < DECAY_ALL) & (at_threshold < 1 << DECAY_BITS)
    coarse[mute] = False
    if coarse.any():
        found.append(
            f"decay of {named(np.flatnonzero(coarse).tolist())} is faster than told, as a chip takes off whole units: "
            "scale thresholds and weights up"
        )
    return found

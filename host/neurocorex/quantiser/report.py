"""Report of the quantiser: what was rounded or clipped, and what looks like a mistake."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Never

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..image import Image
from ..learning import Rule
from ..network.network import Network
from ..network.population import named
from ..spec import Control, CoreConfig, Region
from .activity import always_saturates, driven, never_fire, never_silent, rooms
from .comparison import Comparison
from .difference import Difference, WeightLoss, finite
from .errorchange import ErrorChange
from .losses import UNBOUNDED
from .mistakes import CROWDED, RESTLESS, mistakes
from .outside import outside_bounds
from .populations import PopulationScale
from .remarks import remarks
from .rounded import Rounded
from .rulereport import RuleReport, draw_windows, engines, plain, rule_lines, rule_warnings
from .summary import Summary
from .window import SMALL, ActingWindow

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True, repr=False)
class Report(Summary):
    """What `quantise` did. `str()` gives it as text, `to_dict` as plain values.

    Attributes
    ----------
    config : CoreConfig
        Geometry of the image.
    is_snapshot : bool
        Whether the image holds the state of a running chip.
    exact : bool
        Whether the chip holds every number of the network: `comparison` finds no difference. States that fade are still
        rounded to whole units in every step, see `decaying`, and states stop at the ends of their range, see
        `can_saturate`. False for an image that came from elsewhere, of which nothing is known.
    scale : float
        Units of the chip's state per unit of the network; for the first neuron, see `populations`.
    gain_input, gain_recurrent : int
        Left shifts of the two kinds of weights.
    learning : list of Rounded
        Every number of the learning rule as wanted, and as the chip holds it, in the units of the network; of several
        rules those of all.
    plastic : int
        Number of synapses that learn.
    window : ActingWindow or None
        The learning window that the chip acts by, from its integers; None if nothing learns by spikes. Of several rules
        that of the first which does.
    errors : ErrorChange or None
        The change by spikes and errors that the chip acts by, from its integers; None if nothing learns by errors. Of
        several rules that of the first which does.
    rules : list of RuleReport
        The same for each rule, if there are several.
    never_fire : list of int
        Neurons that no pattern of input spikes makes fire; injected currents may. Those that are meant never to fire,
        with an infinite threshold, are not among them, nor those of a chip that the network does not use.
    undriven : list of int
        Those of `never_fire` that nothing excites, so that injected currents must be what drives them.
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
        What was lost, and what looks like a mistake, a line each.
    remarks : list of str
        What is as it was asked for, but may surprise: a default delay that changed after connections were made, inputs
        whose events arrive later, or neurons that exclude one another.
    notes : list of str
        Those of `warnings` that the quantiser gave: what was lost, not what the activity may be.
    comparison : Comparison or None
        Every number of the network beside what the chip holds; None for an image that came from elsewhere.
    subject : (Network, Image) or None
        The network and its image, for `neurocorex.measure_fidelity`; None for an image that came from elsewhere.
    """

    config: CoreConfig
    is_snapshot: bool
    exact: bool
    scale: float
    gain_input: int
    gain_recurrent: int
    never_fire: list[int]
    never_silent: list[int]
    headroom: float
    undriven: list[int] = field(default_factory=list)
    learning: list[Rounded] = field(default_factory=list)
    plastic: int = 0
    window: ActingWindow | None = None
    errors: ErrorChange | None = None
    rules: list[RuleReport] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    can_saturate: list[int] = field(default_factory=list)
    always_saturates: list[int] = field(default_factory=list)
    populations: list[PopulationScale] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    comparison: Comparison | None = field(default=None, repr=False)
    subject: tuple[Network, Image] | None = field(default=None, repr=False, compare=False)

    @classmethod
    def of(
        cls,
        image: Image,
        *,
        comparison: Comparison | None = None,
        learning: list[Rounded] | None = None,
        notes: list[str] | None = None,
        injected: NDArray[np.int64] | None = None,
        asked: Sequence[tuple[Rule, list[Rounded]]] = (),
    ) -> Report:
        """Examine an image, and add what its quantisation lost, if it has just been made.

        Parameters
        ----------
        image : Image
            What goes to the chip.
        comparison : Comparison, optional
            Of the network with its image.
        learning
            As the attribute; by default the numbers of `asked`.
        notes : list of str
            As the attribute; they come first among the warnings.
        injected : int64 array [N], optional
            Largest current that is injected into each neuron, in units of the chip; see `never_fire`.
        asked : sequence of (Rule, list of Rounded), optional
            Rules by rule row, and their numbers; what acts is compared with them.
        """
        mute, room = never_fire(image, injected), rooms(image)
        undriven = np.setdiff1d(mute, np.flatnonzero(driven(image, injected)))
        restless = never_silent(image).tolist()
        rules = RuleReport.all_of(image, asked)
        learned = [*rule_warnings(rules), *outside_bounds(image)]
        control = image.regions[Region.CONTROL]
        found = mistakes(image, np.setdiff1d(mute, undriven).tolist(), mute, restless, room)
        return cls(
            config=image.config,
            is_snapshot=image.is_snapshot,
            exact=comparison is not None and comparison.exact,
            scale=image.scale,
            gain_input=int(control[Control.GAIN_INPUT]),
            gain_recurrent=int(control[Control.GAIN_RECURRENT]),
            never_fire=mute.tolist(),
            never_silent=restless,
            headroom=float(room.max()),
            undriven=undriven.tolist(),
            learning=[number for _, numbers in asked for number in numbers] if learning is None else learning,
            plastic=int(np.count_nonzero(image.regions[Region.PLASTIC])) if image.learns else 0,
            window=next((each.window for each in rules if each.window), None),
            errors=next((each.errors for each in rules if each.errors), None),
            rules=rules if len(rules) > 1 else [],
            warnings=[*(notes or []), *learned, *found],
            notes=[*(notes or []), *learned],
            can_saturate=np.flatnonzero(room > 1).tolist(),
            always_saturates=always_saturates(image).tolist(),
            populations=PopulationScale.all_of(image),
            remarks=remarks(image),
            comparison=comparison,
        )

    @property
    def alerts(self) -> list[str]:
        """Those of `warnings` that those shall see who do not print a report: they are told by `warnings` and the log.

        Left out are neurons that fire without input, which are meant to by their bias, a reach of the learning window
        that is a little short, and what need not happen: states that saturate if all axons fire at once, weights that
        learning may lead out of range. Runs count both.
        """
        return [line for line in self.warnings if not line.endswith((RESTLESS, CROWDED, UNBOUNDED, SMALL))]

    @property
    def weights(self) -> dict[str, WeightLoss]:
        """Loss of "input", "recurrent" and "feedback" weights; empty for an image that came from elsewhere."""
        return self.comparison.weights if self.comparison else {}

    @property
    def differences(self) -> dict[str, Difference]:
        """Largest absolute and relative difference of every kind of number, by name; empty as `weights`."""
        return self.comparison.kinds if self.comparison else {}

    @property
    def decaying(self) -> list[int]:
        """Neurons of which a state fades by a part of itself, which a chip rounds in every step."""
        return self.comparison.decaying if self.comparison else []

    @property
    def parameters(self) -> dict[str, float]:
        """Largest difference of each kind of number but weights, where there is one; milliseconds for times."""
        return {
            name: each.absolute
            for name, each in self.differences.items() if each.differing and not name.endswith(" weights")
        }  # fmt: skip

    @property
    def compare(self) -> Never:
        """Earlier name of `neurocorex.measure_fidelity`."""
        raise AttributeError("Report.compare is now a function: neurocorex.measure_fidelity(report, spikes)")

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values that JSON can hold."""
        bare = replace(self, subject=None, comparison=None, window=None, errors=None, rules=[])
        found = asdict(bare) | {
            "config": self.config.to_dict(), "learning": plain(self.learning),
            "window": self.window.to_dict() if self.window else None,
            "errors": self.errors.to_dict() if self.errors else None,
            "rules": [each.to_dict() for each in self.rules],
            "weights": {name: loss.to_dict() for name, loss in self.weights.items()},
            "differences": {name: each.to_dict() for name, each in self.differences.items()},
            "parameters": {name: finite(error) for name, error in self.parameters.items()},
            "decaying": self.decaying,
        }  # fmt: skip
        del found["subject"], found["comparison"]
        return found

    @property
    def lines(self) -> list[str]:
        """The report as text, a line each."""
        kind = "snapshot" if self.is_snapshot else "network"
        size = f"{self.config.inputs} inputs, {self.config.neurons} neurons, {self.config.weight_bits}-bit weights"
        gains = f"gain {1 << self.gain_input} for inputs, {1 << self.gain_recurrent} for neurons"
        kinds = engines(self.rules, self.config.learning, by_errors=self.errors is not None)
        return [
            f"{kind} of {size}",
            f"scale {self.scale:.6g}, {gains}; uses {self.headroom:.0%} of the state's range",
            *(map(str, self.populations) if len(self.populations) > 1 else ()),
            *(f"{name}: {loss}" for name, loss in self.weights.items() if loss.synapses),
            *([f"{self.plastic} synapses learn, by {kinds}"] if self.plastic else []),
            *self._learned,
            *self._accuracy(),
            *([f"{named(self.undriven)}: excited by nothing but injected currents"] if self.undriven else []),
            *self.remarks,
            *(f"warning: {warning}" for warning in self.warnings),
        ]

    @property
    def _learned(self) -> list[str]:
        sections = [f"rule {each.number}: {line}" for each in self.rules for line in (str(each), *each.lines)]
        return sections or rule_lines(self.learning, self.window or self.errors)

    def _accuracy(self) -> list[str]:
        """Say what was rounded, and what will be."""
        if self.comparison is None:
            return []
        told = self.comparison.rule if self.learning else []  # line by line, see `learning`
        rounded = [str(each) for name, each in self.differences.items() if name in self.parameters and name not in told]
        lines = ["rounding of parameters at most: " + ", ".join(rounded)] if rounded else []
        if self.exact:
            lines.append("nothing was rounded: the chip holds every number of the network")
        if self.exact and self.decaying:
            lines.append(f"states of {named(self.decaying)} fade, and are rounded to whole units in every step")
        return lines

    def __str__(self) -> str:
        return "\n".join(self.lines)

    def plot_window(self, ax: Axes | None = None, *, rule: int | None = None) -> Figure:
        """Draw the learning window into `ax`, or a figure of its own: wanted as lines, acting as points.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw.
        rule : int, optional
            Number of a rule, from 1, if there are several; by default all of them are drawn, side by side.

        Raises
        ------
        InputError
            If nothing learns, or by errors; for a rule without a window; for several windows and an `ax`.
        MissingToolError
            If matplotlib is not installed.
        """
        if self.window is None:
            why = "nothing learns by spikes" if self.errors else "nothing learns"
            raise InputError(f"{why}, so there is no learning window; see Network.learn")
        windows = {each.number: each.window for each in self.rules if each.window} or {1: self.window}
        return draw_windows(windows, ax, rule)

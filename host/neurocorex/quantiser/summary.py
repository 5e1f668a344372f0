"""Summary of a report: what was rounded and what is odd, on one line or as a card in a notebook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from ..notebook import Card
from ..spec import CoreConfig
from .difference import WeightLoss


class Told(Protocol):
    """What a report has to have; see `neurocorex.quantiser.report.Report`."""

    # ruff: noqa: D102  # the attributes are described there

    @property
    def config(self) -> CoreConfig: ...
    @property
    def is_snapshot(self) -> bool: ...
    @property
    def exact(self) -> bool: ...
    @property
    def comparison(self) -> Any: ...
    @property
    def scale(self) -> float: ...
    @property
    def headroom(self) -> float: ...
    @property
    def plastic(self) -> int: ...
    @property
    def weights(self) -> Mapping[str, WeightLoss]: ...
    @property
    def parameters(self) -> Mapping[str, float]: ...
    @property
    def differences(self) -> Mapping[str, Any]: ...
    @property
    def warnings(self) -> Sequence[str]: ...
    @property
    def remarks(self) -> Sequence[str]: ...
    @property
    def lines(self) -> Sequence[str]: ...


class Summary:
    """Base of the report: short at a prompt and in a notebook; ``print(report)`` has everything."""

    def __repr__(self: Told) -> str:
        count = len(self.warnings)
        told = "no warnings" if not count else f"{count} warning{'s' * (count > 1)}"
        return f"<report on a {_subject(self)}: {_short(self)}; {told}; print(report) shows everything>"

    def _repr_html_(self: Told) -> str:
        rows: list[tuple[str, object]] = [
            ("rounded", _rounding(self)),
            *([("warnings", list(self.warnings))] if self.warnings else []),
            ("scale", f"{self.scale:.6g} units of the chip per unit of the network"),
            ("range of states", f"{self.headroom:.0%} used if every axon fires at once"),
            *([("learning", f"{self.plastic} synapses")] if self.plastic else []),
            *([("remarks", list(self.remarks))] if self.remarks else []),
        ]
        return Card(f"Report on a {_subject(self)}", rows, [("everything", self.lines)]).html


def _subject(report: Told) -> str:
    config = report.config
    kind = "snapshot" if report.is_snapshot else "network"
    return f"{kind} of {config.inputs} inputs and {config.neurons} neurons with {config.weight_bits}-bit weights"


def _unrounded(report: Told) -> str:
    """Say why nothing is told of rounding; empty if there is something to tell."""
    if report.comparison is None:
        return "what was rounded is not known: the image was made elsewhere"
    return "nothing was rounded" if report.exact else ""


def _short(report: Told) -> str:
    weights = [f"{name} weights {loss.relative_error:.2%} rms" for name, loss in _lossy(report)]
    kinds = len(report.parameters)
    others = [f"{kinds} kind{'s' * (kinds > 1)} of parameters"] if kinds else []
    return _unrounded(report) or f"rounded: {', '.join(weights + others)}"


def _rounding(report: Told) -> str | list[str]:
    """Say what the chip holds otherwise than the network does: kinds of numbers, at most how far they are off."""
    weights = [f"{name}: {loss}" for name, loss in _lossy(report)]
    others = [f"{report.differences[name]} at most" for name in report.parameters]
    return _unrounded(report) or weights + others


def _lossy(report: Told) -> list[tuple[str, WeightLoss]]:
    return [(name, loss) for name, loss in report.weights.items() if loss.max_error]

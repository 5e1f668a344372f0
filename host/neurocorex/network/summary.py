"""Summary of a network: its counts, parameters and learning rules, on one line or as a card in a notebook."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..notebook import Card
from .data import NetworkData


class Summary(NetworkData):
    """Network that says what it is, to a prompt and to a notebook."""

    def __repr__(self) -> str:
        return f"<Network of {self._counts}, {self.dt_ms:g} ms>"

    @property
    def _counts(self) -> str:
        inputs = len({*self.input_source})
        learning = f" ({np.count_nonzero(self.plastic)} plastic)" if self.plastic.any() else ""
        return f"{inputs} inputs, {self.neuron_count} neurons and {np.count_nonzero(self.weights)} synapses{learning}"

    def _repr_html_(self) -> str:
        others = [
            (name, shown) for name, values in self.parameters.items() if (shown := _range(values)) not in ("", "0")
        ]  # fmt: skip
        rows: list[tuple[str, object]] = [
            ("step", f"{self.dt_ms:g} ms"),
            *((f"{kind} weights", shown) for kind in _KINDS if (shown := self._weights(kind))),
            *others,
        ]
        if self.adaptation_step:
            rows.append(("adaptation", f"{self.adaptation_step:g} at each spike"))
        if self.contexts:
            rows.append(("contexts", ", ".join(self.contexts)))
        if self.plastic.any():
            told = [f"{rule.short}: {np.count_nonzero(synapses)} synapses" for rule, synapses in self.projections]
            rows.append(("learning", told or "no rule: nothing learns"))
        return Card(f"Network of {self._counts}", rows).html

    def _weights(self, kind: str) -> str:
        """Say how many weights of a kind there are, and from where to where; empty without any."""
        feedback, from_inputs = self.is_feedback, np.arange(len(self.weights)) < self.input_count
        rows = {"input": ~feedback & from_inputs, "recurrent": ~feedback & ~from_inputs, "feedback": feedback}[kind]
        values = self.weights[rows]
        values = values[values != 0]
        return f"{values.size}, {_range(values)}" if values.size else ""


_KINDS = ("input", "recurrent", "feedback")


def _range(values: NDArray[Any]) -> str:
    """One value, or the lowest and highest of several; empty if there is none that was set."""
    if values.dtype.kind == "b":
        count = int(np.count_nonzero(values))
        return "" if not count else "all neurons" if count == values.size else f"{count} of {values.size} neurons"
    known = values[~np.isnan(values)] if values.dtype.kind == "f" else values
    if not known.size:
        return ""
    low, high = float(known.min()), float(known.max())
    if math.isinf(low):
        return "infinite"
    return f"{low:.6g}" if low == high else f"{low:.6g} to {high:.6g}"

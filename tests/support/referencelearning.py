"""Learning of docs/model.md, read aloud, beside the reference of neurons and steps."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor

from support.referencearithmetic import clamp, code, fade, to_nearest, toward, xorshift

LEARNING_FLAGS = {
    "enable": 1, "stochastic": 2, "soft": 4, "nearest_pre": 8, "nearest_post": 16, "hold_firing": 32, "errors": 64,
    "eligible": 128,
}  # fmt: skip


class ReferenceLearning:
    """What a learning engine has beside the weights: traces, plastic flags, tables, eligibilities if there are any."""

    def __init__(
        self,
        *,
        window: bool,
        trace_bits: int,
        weight_bits: int,
        soft_bounds: bool,
        plastic: list[list[int]],
        pre_table: list[int],
        post_table: list[int],
        eligibility: list[list[int]] | None = None,
    ) -> None:
        self.window, self.trace_bits, self.weight_bits, self.soft_bounds = window, trace_bits, weight_bits, soft_bounds
        self.plastic, self.pre_table, self.post_table = plastic, pre_table, post_table
        self.eligibility = eligibility
        self.clear()

    def clear(self) -> None:
        self.x = [0] * len(self.plastic)
        self.y = [0] * len(self.plastic[0])


class LearningCore:
    """What a step changes of traces and weights; the rest of the core is `ReferenceCore`."""

    def axon_code(self, a: int) -> int:
        """Code of an axon by its row in the matrix."""
        neurons = len(self.neurons)
        if a < self.inputs:
            return code("input", a)
        if a < self.inputs + neurons:
            return code("recurrent", a - self.inputs)
        return code("extra", a - self.inputs - neurons)

    def drift(self) -> None:
        """Every plastic weight, in every step."""
        if learning := self.learning:
            for row, plastic in zip(self.weights, learning.plastic, strict=True):
                for j in range(len(row)):
                    if plastic[j]:
                        row[j] = clamp(row[j] + self.register("drift_step"), learning.weight_bits)

    def learns(self, j: int) -> bool:
        return not self.neurons[j].plasticity_off and self.register("gate") in (0xFFFF, j)

    def update_traces(self, arrived: set[int], fired: set[int]) -> None:
        if not (learning := self.learning):
            return
        for side, trace, spikes in (("pre", learning.x, arrived), ("post", learning.y, fired)):
            for k in range(len(trace)):
                others = "_others" if side == "pre" and k >= self.inputs and self.rules > 1 else ""
                if learning.window:
                    trace[k] = (2 * trace[k] + (k in spikes)) % 2**learning.trace_bits
                    continue
                draw = self.control["random"] % 2**16 ^ (self.axon_code(k) if side == "pre" else code("neuron", k))
                trace[k] = fade(trace[k], self.register(f"{side}_decay{others}"), draw)
                if k in spikes:
                    increment = self.register(f"{side}_increment{others}")
                    nearest, cap = self.flag(f"nearest_{side}"), self.register(f"{side}_cap{others}")
                    self.full_traces += not nearest and trace[k] + increment > cap
                    trace[k] = increment if nearest else min(trace[k] + increment, cap)

    def row_of(self, a: int, j: int) -> int:
        """Number of the rule row that a synapse follows."""
        return self.neurons[j].rule % self.rules if a < self.inputs else self.neurons[j].rule // self.rules

    def of_row(self, name: str, row: int) -> int:
        """Register of a rule row."""
        return self.register(f"{name}_{row}" if row else name)

    def row_flag(self, name: str, row: int) -> bool:
        return self.control[f"rule_{row}" if row else "learning"] & LEARNING_FLAGS[name] != 0

    def by_errors(self, row: int) -> bool:
        return self.errors and self.row_flag("errors", row)

    def modulated(self, rate: int) -> int:
        assert self.learning
        return clamp(floor(Fraction(rate * self.register("modulation"), 256)), self.learning.weight_bits + 8)

    def change(self, trace: int, rate: int, constant: int = 0) -> int:
        """Change that an exponential trace calls for; both rates modulated."""
        assert self.learning
        scaled = to_nearest(Fraction(trace * rate, 2**self.learning.trace_bits))
        return clamp(scaled + constant, self.learning.weight_bits + 8)

    def entry(self, trace: int, table: list[int]) -> int:
        """Entry of a window in a table: one number, or beyond ten steps the sum of two."""
        learning = self.learning
        assert learning
        if learning.trace_bits <= 10:
            return table[trace]
        return clamp(table[trace % 1024] + table[1024 + trace // 1024], learning.weight_bits + 8)

    def depress(self, a: int) -> None:
        learning = self.learning
        assert learning
        for j in range(len(self.neurons)):
            row = self.row_of(a, j)
            if not self.learns(j) or self.by_errors(row):
                continue
            if learning.window:
                p = self.modulated(self.entry(learning.y[j], learning.post_table))
            else:
                rate, constant = (self.modulated(self.of_row(name, row)) for name in ("depression", "pre_only"))
                p = self.change(learning.y[j], rate, constant)
            self.learn_by_spike(a, j, p, self.draw(self.axon_code(a), j))

    def error_counts(self, j: int) -> bool:
        n = self.neurons[j]
        return abs(n.E) > self.register("deadband") and (n.error_always == 1 or -n.th < n.v < n.th)

    def walk(self, j: int, *, fired: bool, erred: bool) -> None:
        """Change the column of a neuron, if what happened concerns one of its two rules."""
        first_input, first_other = 0, self.inputs
        by_errors = {self.by_errors(self.row_of(a, j)) for a in (first_input, first_other)}
        if not (fired and False in by_errors) and not (erred and True in by_errors):
            return
        self.columns += 1
        for a in range(len(self.weights)):
            if self.by_errors(self.row_of(a, j)):
                if erred:
                    self.correct(a, j)
            elif fired:
                self.potentiate(a, j)

    def learn_by_spike(self, a: int, j: int, p: int, draw: int) -> None:
        """Change one synapse by p, or what it gathers for a reward."""
        assert self.learning
        gathered = self.learning.eligibility
        if not gathered or not self.flag("eligible"):
            self.learn(a, j, p, draw)
        elif self.learning.plastic[a][j]:
            gathered[a][j] = clamp(gathered[a][j] + self.whole(p, draw), self.learning.weight_bits)

    def potentiate(self, a: int, j: int) -> None:
        learning, row = self.learning, self.row_of(a, j)
        assert learning
        if learning.window:
            p = self.modulated(self.entry(learning.x[a], learning.pre_table))
        else:
            rate, constant = (self.modulated(self.of_row(name, row)) for name in ("potentiation", "post_only"))
            p = self.change(learning.x[a] - self.of_row("offset", row), rate, constant)
        self.learn_by_spike(a, j, p, self.draw(code("neuron", j), a))

    def correct(self, a: int, j: int) -> None:
        """Change a synapse by the error of its neuron."""
        assert self.learning
        row = self.row_of(a, j)
        rate = self.modulated(self.of_row("potentiation", row))
        factor = clamp(floor(Fraction(rate * self.neurons[j].E, 256)), self.learning.weight_bits + 8)
        p = self.change(self.learning.x[a] - self.of_row("offset", row), factor)
        self.learn(a, j, p, self.draw(code("neuron", j), a))

    def reward(self, learning: ReferenceLearning, gathered: list[list[int]]) -> None:
        """Bring what synapses have gathered to their weights, then let it fade, in the columns of all that learn."""
        factor, k = self.register("reward"), self.register("fade")
        self.control["reward"] = self.control["fade"] = 0
        columns = [j for j in range(len(self.neurons)) if self.learns(j)]
        if not self.flag("enable") or (factor == 0 and k == 0) or not columns:
            return
        self.columns += len(columns)
        self.rewards += 1
        for j in columns:
            for a, row in enumerate(gathered):
                p = clamp(row[j] * factor, learning.weight_bits + 8)
                self.learn(a, j, p, self.draw(code("neuron", j), a))
                if learning.plastic[a][j] and k:
                    row[j] = 0 if k == 15 else toward(row[j], ceil(Fraction(abs(row[j]), 2**k)))

    def scale(self, learning: ReferenceLearning) -> None:
        """Bring the weights of a rule row to their sum, neuron by neuron."""
        row, group = self.register("scale") % 8 - 1, self.register("scale") // 8
        self.control["scale"] = 0
        if not self.flag("enable") or not 0 <= row < self.rules:
            return
        for j, neuron in enumerate(self.neurons):
            if self.learns(j) and group in (0, neuron.group):
                self.scaled += 1
                self.scale_column(learning, j, row)

    def scale_column(self, learning: ReferenceLearning, j: int, row: int) -> None:
        column = [a for a, plastic in enumerate(learning.plastic) if plastic[j] and self.row_of(a, j) == row]
        total = sum(self.weights[a][j] for a in column)
        if total <= 0:
            return
        factor = min(floor(Fraction(self.register("target") * 4096, total)) - 4096, 32767)
        for a in column:
            p = clamp(floor(Fraction(self.weights[a][j] * factor, 16)), learning.weight_bits + 8)
            u = self.draw(code("neuron", j), a) if self.flag("stochastic") else 128
            self.change_weight(a, j, floor(Fraction(p + u, 256)))

    def draw(self, place: int, index: int) -> int:
        """Draw for a synapse in the row or column of a place with this code."""
        return ((self.control["random"] // 2**16 ^ place) + 40503 * index) % 2**16 // 256

    def learn(self, a: int, j: int, p: int, draw: int) -> None:
        """Change one synapse by p."""
        learning = self.learning
        assert learning
        if not learning.plastic[a][j]:
            return
        w, row = self.weights[a][j], self.row_of(a, j)
        low, high = self.of_row("weight_min", row), self.of_row("weight_max", row)
        if self.row_flag("soft", row) and learning.soft_bounds:
            room = max(high - w, 0) if p > 0 else max(w - low, 0)
            p = to_nearest(Fraction(p * room, 2**learning.weight_bits))
        self.change_weight(a, j, self.whole(p, draw))

    def change_weight(self, a: int, j: int, change: int) -> None:
        """Change the weight of a synapse by whole weights, within its bounds."""
        learning = self.learning
        assert learning
        if change == 0:
            return
        w, row = self.weights[a][j], self.row_of(a, j)
        low, high = self.of_row("weight_min", row), self.of_row("weight_max", row)
        self.potentiations += change > 0
        self.depressions += change < 0
        self.clips_low += w + change < low
        self.clips_high += w + change > high
        step, half = self.register("drift_step"), 2 ** (learning.weight_bits - 1)
        self.drift_clips += (step < 0 and w == -half) or (step > 0 and w == half - 1)
        self.weights[a][j] = min(max(w + change, low), high)

    def whole(self, p: int, draw: int) -> int:
        """Whole part of a change, rounded by chance or towards zero."""
        u = draw if self.flag("stochastic") else 255 if p < 0 else 0
        return floor(Fraction(p + u, 256))

    def advance(self) -> None:
        """Marsaglia's xorshift, once a step on a chip that learns, and for noise on one that has it."""
        for name in ["random"] * bool(self.learning) + ["noise_state"] * ("noise_state" in self.control):
            self.control[name] = xorshift(self.control[name])

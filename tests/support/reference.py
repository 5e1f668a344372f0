"""The model of docs/model.md, read aloud: one neuron at a time, plain Python integers, no cleverness.

It shares no arithmetic with the library, so that the two can only agree by both following the page.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from math import floor

from support.referencearithmetic import clamp, shrink, to_nearest, toward, xorshift
from support.referencelearning import LEARNING_FLAGS, LearningCore, ReferenceLearning
from support.tallies import ReferenceTallies

NEURON_PARAMETERS = (
    "th", "reset", "dv", "l", "di", "b", "period", "delay", "subtract", "hold", "plasticity_off", "error_always",
    "rule", "group", "noise",
)  # fmt: skip
SIGNED = (
    "weight_min", "weight_max", "potentiation", "depression", "modulation", "drift_step", "pre_only", "post_only",
    "praise", "blame", "reward",
)  # fmt: skip


class ReferenceNeuron:
    """State and parameters of one neuron."""

    def __init__(self, max_delay: int, **parameters: int) -> None:
        self.parameters = dict.fromkeys(NEURON_PARAMETERS, 0) | parameters
        self.max_delay = max_delay
        self.clear()

    excess: int
    able: bool
    clamped: bool
    count, first_step = 0, 0xFFFF

    def __getattr__(self, name: str) -> int:
        return self.parameters[name]

    def clear(self) -> None:
        self.h = self.E = 0
        self.clear_state()

    def clear_state(self) -> None:
        self.v = self.i = self.r = 0
        self.fired = [False] * self.max_delay  # fired[k]: k + 1 steps ago

    def arrives(self) -> bool:
        """Whether a spike of this neuron arrives at its axon now."""
        return 0 < self.delay <= self.max_delay and self.fired[self.delay - 1]

    @property
    def history(self) -> int:
        return sum(1 << k for k, fired in enumerate(self.fired) if fired)


class ReferenceCore(LearningCore):
    """N neurons, M input axons and a matrix of weights, as lists of Python integers.

    `extra` has the source and the delay of each extra axon, `control` the raw value and the width of each register.
    `feedback` has the flag of each axon on a chip with errors, and is None on others. `rules` counts the rule rows.
    `context_bias` and `context_gain` have a row for each context on a chip that has several.
    `first` has the winner and the first neuron of each group, or 0xFFFF, on a chip with groups.
    """

    def __init__(
        self,
        *,
        inputs: int,
        state_bits: int,
        weights: list[list[int]],
        neurons: list[ReferenceNeuron],
        extra: Iterable[tuple[int, int]] = (),
        control: dict[str, tuple[int, int]],
        adapts: bool = True,
        learning: ReferenceLearning | None = None,
        feedback: list[int] | None = None,
        rules: int = 1,
        first: Iterable[int] = (),
        context_bias: list[list[int]] | None = None,
        context_gain: list[list[int]] | None = None,
        rates: list[list[int]] | None = None,
        rate_bits: int = 8,
        tallies: ReferenceTallies | None = None,
    ) -> None:
        self.inputs, self.weights, self.neurons, self.extra = inputs, weights, neurons, list(extra)
        self.widths = {name: bits for name, (_, bits) in control.items()}
        self.control = {name: value for name, (value, _) in control.items()}
        self.adapts, self.learning, self.rules = adapts, learning, rules
        self.errors, self.feedback = feedback is not None, feedback or [0] * len(weights)
        self.context_bias = context_bias or [[0] * len(neurons)]
        self.context_gain = context_gain or [[256] * len(neurons)]
        self.rates, self.rate_bits = rates or [], rate_bits
        self.first = [None if j == 0xFFFF else j for j in first]
        self.tallies = tallies or ReferenceTallies()
        self.potentiations = self.depressions = self.clips_low = self.clips_high = self.columns = self.rewards = 0
        self.scaled = self.full_traces = self.drift_clips = self.contests = 0
        self.low, self.high = -(2 ** (state_bits - 1)), 2 ** (state_bits - 1) - 1
        self.steps = self.input_events = self.recurrent_events = self.spikes = self.saturations = 0

    def sat(self, x: int) -> int:
        clamped = min(max(x, self.low), self.high)
        self.clamped = self.clamped or clamped != x
        return clamped

    def register(self, name: str) -> int:
        """Value of a control register, with its sign; 0 if the chip lacks it."""
        value = self.control.get(name, 0)
        of_any_row = name[:-2] if name[-1].isdigit() else name
        negative = of_any_row in SIGNED and value and value >= 2 ** (self.widths[name] - 1)
        return value - 2 ** self.widths[name] if negative else value

    def flag(self, name: str) -> bool:
        return self.control.get("learning", 0) & LEARNING_FLAGS[name] != 0

    def set(self, name: str, value: int) -> None:
        self.control[name] = value % 2 ** self.widths[name]

    def recurrent_arrivals(self) -> list[int]:
        """Rows at which spikes of neurons arrive: their own axons, then extra ones."""
        first_extra = self.inputs + len(self.neurons)
        rows = [self.inputs + j for j, neuron in enumerate(self.neurons) if neuron.arrives()]
        for e, (source, delay) in enumerate(self.extra):
            exists = source < len(self.neurons) and 0 < delay <= self.neurons[source].max_delay
            if exists and self.neurons[source].fired[delay - 1]:
                rows.append(first_extra + e)
        return rows

    def rate(self, packed: bytes) -> None:
        """Give the first axons the rates of row 0 that these bytes hold."""
        number = int.from_bytes(packed, "little")
        for a in range(min(8 * len(packed) // self.rate_bits, self.inputs)):
            self.rates[0][a] = number // 2 ** (a * self.rate_bits) % 2**self.rate_bits

    def draw_events(self, row: int) -> set[int]:
        """Input axons that fire in a step by a row of rates; none by a row that there is not."""
        if row >= len(self.rates):
            return set()
        state, most = self.control["stimulus"], 2**self.rate_bits - 1
        if self.control["even"]:
            self.control["stimulus"] = (state + 1) % 2**32
            return {a for a, rate in enumerate(self.rates[row]) if self.is_even_spike(state, rate)}
        events = {
            a
            for a, rate in enumerate(self.rates[row])
            if rate == most or self.spike_draw(state, a) // 2 ** (16 - self.rate_bits) < rate
        }
        self.control["stimulus"] = xorshift(state)
        return events

    def is_even_spike(self, count: int, rate: int) -> bool:
        """Whether the sum of an even train, which began at one half, passes a whole number in its next step."""
        share = Fraction(rate, 2**self.rate_bits)
        before, after = (floor(steps * share + Fraction(1, 2)) for steps in (count, count + 1))
        return after > before or rate == 2**self.rate_bits - 1

    def spike_draw(self, state: int, axon: int) -> int:
        """Draw of an input axon in a step, by Jenkins's way of stirring, twice."""
        z = (state + axon * 0x9E3779B9) % 2**32
        for _ in range(2):
            z = z * 1025 % 2**32
            z ^= z // 64
            z = z * 9 % 2**32
            z ^= z // 2048
            z = z * 32769 % 2**32
        return z // 65536

    def noise(self, j: int) -> int:
        """Noise of a neuron in this step; none on a chip that lacks it."""
        if "noise_state" not in self.control or not self.neurons[j].noise:
            return 0
        odd = 2 * self.spike_draw(self.control["noise_state"] ^ 0x5A0FC33C, j) - 65535
        size = to_nearest(Fraction(abs(odd) * self.neurons[j].noise, 65536))
        return size if odd > 0 else -size

    def step(self, events: set[int], injected: dict[int, int], forced: Iterable[int] = ()) -> list[int]:
        """Run one step; return the neurons that fired."""
        recurrent = self.recurrent_arrivals()
        inputs = sorted(events)
        currents, brought, context = [], [], self.register("context")
        for j in range(len(self.neurons)):
            from_inputs = self.weight_sum(inputs, j, feedback=0) * 2 ** self.register("gain_input")
            from_neurons = self.weight_sum(recurrent, j, feedback=0) * 2 ** self.register("gain_recurrent")
            from_neurons = floor(Fraction(from_neurons * self.context_gain[context][j], 256))
            currents.append(from_inputs + from_neurons + injected.get(j, 0) + self.noise(j))
            brought.append(self.weight_sum(recurrent + inputs, j, feedback=1))
        if self.flag("enable"):
            for axon in recurrent + inputs:
                self.depress(axon)
        judgement, conscience = self.judge()
        for j, neuron in enumerate(self.neurons):
            bias = neuron.b + self.context_bias[context][j]
            self.integrate(neuron, currents[j], bias, brought[j] + judgement.get(j, 0))
        able = {j for j, neuron in enumerate(self.neurons) if neuron.able} - set(forced)
        self.contests += self.register("one_fires") != 0
        fired = sorted({*forced, *(j for j in able if not self.loses(j, able))})
        for j, neuron in enumerate(self.neurons):
            self.finish(neuron, j in fired, conscience.get(j, 0))
        self.keep_first({j: self.neurons[j].excess for j in fired})
        self.tallies.step(self.neurons, fired)
        self.update_traces({*recurrent, *inputs}, set(fired))
        if self.flag("enable"):
            for j in range(len(self.neurons)):
                if self.learns(j):
                    self.walk(j, fired=j in fired, erred=self.register("learn") == 1 and self.error_counts(j))
        if self.register("learn"):
            for neuron in self.neurons:
                neuron.E = 0
            self.control["learn"] = 0
        if self.learning and self.learning.eligibility:
            self.reward(self.learning, self.learning.eligibility)
        if self.learning and "scale" in self.control:
            self.scale(self.learning)
        if self.flag("enable"):
            self.drift()
        self.advance()
        self.steps += 1
        self.input_events += len(events)
        self.recurrent_events += len(recurrent)
        self.spikes += len(fired)
        return fired

    def weight_sum(self, axons: list[int], j: int, *, feedback: int) -> int:
        """Weights onto neuron j of those axons that are feedback axons, or of those that are not."""
        return sum(self.weights[a][j] for a in axons if self.feedback[a] == feedback)

    def judge(self) -> tuple[dict[int, int], dict[int, int]]:
        """What a judgement adds to errors, and to thresholds, of which neurons."""
        called = self.register("judge")
        if self.first:
            self.control["judge"] = 0
        if not called & 1:
            return {}, {}
        label = self.register("label")
        right = self.first[label] if 1 <= label < len(self.first) else None
        winner = self.first[0]
        judgement = {}
        if right is not None and (right != winner or not called & 2):
            judgement[right] = self.register("praise")
        if winner is not None and right != winner:
            judgement[winner] = -self.register("blame")
        return judgement, {} if right is None else {right: self.register("conscience")}

    def keep_first(self, excess: dict[int, int]) -> None:
        """Enter neurons that fired in this step wherever there was none before it."""
        for item, before in enumerate(self.first):
            groups = range(1, len(self.first)) if item == 0 else [item]
            candidates = [j for j in excess if self.neurons[j].group in groups]
            if before is None and candidates:
                self.first[item] = min(candidates, key=lambda j: (-excess[j], j))

    def silent(self, n: ReferenceNeuron) -> bool:
        return n.group < len(self.first) and self.register("silent") // 2**n.group % 2 == 1

    def loses(self, j: int, able: set[int]) -> bool:
        """Whether another neuron fires in the place of this one."""
        group = self.neurons[j].group
        rivals = [k for k in able if self.neurons[k].group == group]
        best = min(rivals, key=lambda k: (-self.neurons[k].excess, k))
        return self.register("one_fires") // 2**group % 2 == 1 and j != best

    def integrate(self, n: ReferenceNeuron, g: int, bias: int, e: int) -> None:
        """Bring one neuron to the comparison with its threshold."""
        self.clamped = clamp(n.E + e, 16) != n.E + e
        n.E = clamp(n.E + e, 16)
        n.i = self.sat(shrink(n.i, n.di) + g)
        n.v = self.sat(toward(shrink(n.v, n.dv), n.l) + n.i + bias)
        n.h = shrink(n.h, self.register("adaptation_decay"))
        n.excess = n.v - (n.th + n.h)
        n.able = n.r == 0 and n.excess > 0 and not self.flag("hold_firing") and not self.silent(n)
        n.clamped = self.clamped

    def finish(self, n: ReferenceNeuron, fires: bool, conscience: int) -> None:
        """Bring it to the end of the step."""
        self.clamped = n.clamped
        if n.r > 0:
            n.r -= 1
            if n.hold:
                n.v = n.reset
        if fires:
            n.v = self.sat(n.v - n.th) if n.subtract else n.reset
            n.r = n.period
        if self.adapts:
            n.h = self.sat(n.h + fires * self.register("adaptation_step") + conscience)
        n.fired = [fires, *n.fired[:-1]]
        self.saturations += self.clamped

    def clear(self, flags: int = 0b1111101) -> None:
        """Clear the state (bit 0), traces (bit 2), adaptation (3), errors (4), winners (5), tallies (6)."""
        for neuron in self.neurons:
            if flags & 1:
                neuron.clear_state()
            if flags & 8:
                neuron.h = 0
            if flags & 16:
                neuron.E = 0
        if flags & 1 and self.control.get("even"):
            self.control["stimulus"] = 0
        if flags & 64:
            self.tallies.clear(self.neurons)
        if flags & 32:
            self.first = [None] * len(self.first)
        if flags & 4 and self.learning:
            self.learning.clear()

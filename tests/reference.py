"""The model of docs/model.md, read aloud: one neuron at a time, plain Python integers, no cleverness.

It shares no arithmetic with the library, so that the two can only agree by both following the page.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil

NEURON_PARAMETERS = ("th", "reset", "dv", "l", "di", "b", "period", "delay", "subtract", "hold")


def shrink(x: int, d: int) -> int:
    """Towards zero by the fraction d / 65536 of the magnitude, the loss rounded up; 65535 clears."""
    if d == 65535:
        return 0
    left = abs(x) - ceil(Fraction(abs(x) * d, 65536))
    return left if x >= 0 else -left


def toward(x: int, leak: int) -> int:
    """Towards zero by `leak`, stopping there."""
    if abs(x) <= leak:
        return 0
    return x - leak if x > 0 else x + leak


class ReferenceNeuron:
    """State and parameters of one neuron."""

    def __init__(self, max_delay: int, **parameters: int) -> None:
        self.parameters = dict.fromkeys(NEURON_PARAMETERS, 0) | parameters
        self.max_delay = max_delay
        self.clear()

    def __getattr__(self, name: str) -> int:
        return self.parameters[name]

    def clear(self) -> None:
        self.v = self.i = self.r = self.h = 0
        self.fired = [False] * self.max_delay  # fired[k]: k + 1 steps ago

    def arrives(self) -> bool:
        """Whether a spike of this neuron arrives at its axon now."""
        return 0 < self.delay <= self.max_delay and self.fired[self.delay - 1]

    @property
    def history(self) -> int:
        return sum(1 << k for k, fired in enumerate(self.fired) if fired)


class ReferenceCore:
    """N neurons, M input axons and a matrix of weights, as lists of Python integers."""

    def __init__(
        self,
        *,
        inputs: int,
        state_bits: int,
        weights: list[list[int]],
        neurons: list[ReferenceNeuron],
        gain_input: int = 0,
        gain_recurrent: int = 0,
        adaptation_step: int = 0,
        adaptation_decay: int = 0,
    ) -> None:
        self.inputs, self.weights, self.neurons = inputs, weights, neurons
        self.gains = gain_input, gain_recurrent
        self.adaptation_step, self.adaptation_decay = adaptation_step, adaptation_decay
        self.low, self.high = -(2 ** (state_bits - 1)), 2 ** (state_bits - 1) - 1
        self.steps = self.input_events = self.recurrent_events = self.spikes = self.saturations = 0

    def sat(self, x: int) -> int:
        clamped = min(max(x, self.low), self.high)
        self.clamped = self.clamped or clamped != x
        return clamped

    def step(self, events: set[int], injected: dict[int, int]) -> list[int]:
        """Run one step; return the neurons that fired."""
        recurrent = [j for j, neuron in enumerate(self.neurons) if neuron.arrives()]
        fired = []
        for j, neuron in enumerate(self.neurons):
            from_inputs = sum(self.weights[axon][j] for axon in events)
            from_neurons = sum(self.weights[self.inputs + source][j] for source in recurrent)
            g = from_inputs * 2 ** self.gains[0] + from_neurons * 2 ** self.gains[1] + injected.get(j, 0)
            if self.update(neuron, g):
                fired.append(j)
        self.steps += 1
        self.input_events += len(events)
        self.recurrent_events += len(recurrent)
        self.spikes += len(fired)
        return fired

    def update(self, n: ReferenceNeuron, g: int) -> bool:
        """Bring one neuron to the end of the step; tell whether it fires."""
        self.clamped = False
        n.i = self.sat(shrink(n.i, n.di) + g)
        n.v = self.sat(toward(shrink(n.v, n.dv), n.l) + n.i + n.b)
        n.h = shrink(n.h, self.adaptation_decay)
        fires = n.r == 0 and n.v > n.th + n.h
        if n.r > 0:
            n.r -= 1
            if n.hold:
                n.v = n.reset
        if fires:
            n.v = self.sat(n.v - n.th) if n.subtract else n.reset
            n.r = n.period
            n.h = self.sat(n.h + self.adaptation_step)
        n.fired = [fires, *n.fired[:-1]]
        self.saturations += self.clamped
        return fires

    def clear(self) -> None:
        for neuron in self.neurons:
            neuron.clear()

"""Conditioning: which of two cues pays, where the reward comes up to seconds later and other cues in between.

Each cue is a volley of spikes on inputs of its own. After one of the two a reward comes, half a second to two and a
half seconds later; the other is followed by nothing. Cues come in random order, one to three seconds apart, so that
often another one stands between a cue and its reward: the distal reward problem (Izhikevich 2007, "Solving the distal
reward problem through linkage of STDP and dopamine signaling").

Neurons answer both cues at first, with a chance that noise gives them. A pair of a spike that came and a spike of the
neuron is gathered by its synapse and forgotten in a second (`stdp` with ``eligibility_tau_ms``). The reward adds what
is still there to the weights. What the neurons get on average, and somewhat more, is taken off in small steps all the
time, so that what is not followed by more than that loses. The host sends one stream of spikes and rewards, and reads
nothing that it would act by.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..events.stream import EventStream
from ..learning import stdp
from ..network.network import Network
from ..progress import Wanted

if TYPE_CHECKING:
    from ..device.device import Device

Ints = NDArray[np.int64]

#: Names of the cues.
CUES = ("A", "B")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Network, schedule of a session, and rewards; times in steps of a millisecond.

    Attributes
    ----------
    per_cue, noise, neurons : int
        Inputs of each cue, inputs of noise, and neurons.
    cues, block : int
        Cues of a session, and of a point of the learning curve.
    volley, answer : int
        Length of a volley, and of the time from its beginning in which spikes of neurons are answers.
    interval, delay : (int, int)
        From a cue to the next one, and from one that pays to its reward: any number from the first to the second.
    noise_hz : float
        Rate of each input of noise.
    reward : float
        What comes after a cue that pays.
    cost : float
        What is taken off, as a part of the mean reward.
    cost_every : int
        Steps from one such to the next.
    probes : int
        Cues of each kind that are shown in the end, when nothing learns.
    """

    per_cue: int = 10
    noise: int = 10
    neurons: int = 10
    cues: int = 200
    block: int = 20
    volley: int = 10
    answer: int = 30
    interval: tuple[int, int] = (1000, 3000)
    delay: tuple[int, int] = (500, 2500)
    noise_hz: float = 20.0
    reward: float = 0.25
    cost: float = 1.25
    cost_every: int = 250
    probes: int = 20

    @property
    def inputs(self) -> int:
        """Inputs of both cues, and of noise."""
        return len(CUES) * self.per_cue + self.noise

    @property
    def cost_each(self) -> float:
        """What is taken off each time, so that all of it is `cost` times what rewards bring on average."""
        paid_per_step = 1 / (len(CUES) * float(np.mean(self.interval)))
        return self.cost * self.reward * paid_per_step * self.cost_every


def build(settings: Settings, seed: int = 0) -> Network:
    """Return the network before it has learned: all weights from cues are alike, those of noise are fixed."""
    net = Network(inputs=settings.inputs, neurons=settings.neurons)
    cues, noise = net.inputs[: len(CUES) * settings.per_cue], net.inputs[len(CUES) * settings.per_cue :]
    net.connect(cues, net.neurons, 0.1, plastic=True)
    rng = np.random.default_rng([seed, 0])
    net.connect(noise, net.neurons, rng.uniform(0.05, 0.25, (settings.noise, settings.neurons)))
    net.neurons.set(threshold=1.0, tau_ms=15.0, refractory_ms=20.0)
    net.learn(stdp(
        20.0, 20.0, 0.08, -0.04, bounds=(0.0, 0.25), eligibility_tau_ms=1000.0, accumulate=2.0, seed=seed
    ))  # fmt: skip
    return net


@dataclass(frozen=True)
class Session:
    """A session: what the chip is given.

    Attributes
    ----------
    stream : EventStream
        Spikes, and rewards.
    start, cue : int64 array [cues]
        Step in which each cue begins, and which it is.
    """

    stream: EventStream
    start: Ints
    cue: Ints


def session(settings: Settings, pays: int, seed: int = 0) -> Session:
    """Draw a session in which a cue pays, 0 or 1."""
    rng = np.random.default_rng([seed, 1])
    cue = rng.integers(len(CUES), size=settings.cues)
    start = np.cumsum(rng.integers(*settings.interval, size=settings.cues, endpoint=True))
    paid = start[cue == pays]
    at = paid + rng.integers(*settings.delay, size=len(paid), endpoint=True)
    steps = int(max(start[-1] + settings.interval[1], at.max(initial=0) + 1))
    rewards = np.zeros(steps)
    rewards[settings.cost_every - 1 :: settings.cost_every] -= settings.cost_each
    np.add.at(rewards, at, settings.reward)
    stream = EventStream.from_dense(_spikes(settings, start, cue, steps, rng))
    when = np.flatnonzero(rewards)
    return Session(stream.rewarding(when, rewards[when]), start, cue)


def probe(settings: Settings, seed: int = 0) -> Session:
    """Draw cues in turn, as many of each, a second apart, without rewards."""
    rng = np.random.default_rng([seed, 2])
    cue = np.tile(np.arange(len(CUES)), settings.probes)
    start = (1 + np.arange(len(cue))) * 1000
    steps = int(start[-1]) + 1000
    return Session(EventStream.from_dense(_spikes(settings, start, cue, steps, rng)), start, cue)


def _spikes(settings: Settings, start: Ints, cue: Ints, steps: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Draw volleys of cues, and noise."""
    table = np.zeros((steps, settings.inputs), np.bool_)
    table[:, len(CUES) * settings.per_cue :] = rng.random((steps, settings.noise)) < settings.noise_hz / 1000
    jitter = rng.integers(settings.volley, size=(len(start), settings.per_cue))
    inputs = cue[:, None] * settings.per_cue + np.arange(settings.per_cue)
    table[start[:, None] + jitter, inputs] = True
    return table


def answers(fired: Ints, shown: Session, settings: Settings) -> NDArray[np.float64]:
    """Return how many spikes each neuron answered to each cue of a session, float64 [cues], by the steps of spikes."""
    first, last = (np.searchsorted(fired, shown.start + after) for after in (0, settings.answer))
    return np.asarray((last - first) / settings.neurons, np.float64)


@dataclass(frozen=True, eq=False)
class Conditioned:
    """Outcome of a session.

    Attributes
    ----------
    pays, answer : int
        Cue that was followed by rewards, and that which neurons answer more in the end.
    curve : dict of str to list of float
        Spikes of a neuron for a cue, by block of the session: of the cue that "pays", and of the "other".
    answered : list of float
        The same in the end, of both cues.
    weights : int array [A, N]
        All weights, in units of the chip.
    strength : list of float
        Mean weight of the inputs of each cue, in units of the network.
    steps : int
        Steps of the session.
    counters : dict of str to int
        Of the chip.
    seconds : float
        How long it took.
    """

    pays: int
    answer: int
    curve: dict[str, list[float]]
    answered: list[float]
    weights: NDArray[Any]
    strength: list[float]
    steps: int
    counters: dict[str, int]
    seconds: float

    @property
    def right(self) -> bool:
        """Whether the neurons answer the cue that pays more."""
        return self.answer == self.pays

    def __str__(self) -> str:
        told = ", ".join(f"{name} {count:.2f}" for name, count in zip(CUES, self.answered, strict=True))
        return f"cue {CUES[self.pays]} pays; spikes of a neuron in answer to a cue: {told}"


def pays_of(seed: int) -> int:
    """Return the cue that pays, by the seed."""
    return int(np.random.default_rng([seed, 3]).integers(len(CUES)))


def learn(device: Device, settings: Settings | None = None, *, seed: int = 0, progress: Wanted = None) -> Conditioned:
    """Let a device go through a session, and ask it then.

    Parameters
    ----------
    device : Device
        The device; the network is loaded first.
    settings : Settings, optional
        Network and schedule.
    seed : int
        Seed of the cue that pays, of all spikes and times, and of rounding.
    progress : callable or bool, optional
        Called with (steps done, all steps).
    """
    started = time.perf_counter()
    settings, pays = settings or Settings(), pays_of(seed)
    device.load(build(settings, seed))
    device.clear(counters=True)
    taught = session(settings, pays, seed)
    result = device.run(spikes=taught.stream, counters=False, progress=progress)
    curve = _curve(answers(result.spike_times, taught, settings), taught, pays, settings)
    asked = probe(settings, seed)
    result = device.run(spikes=asked.stream, learning=False, counters=False)
    answered = answers(result.spike_times, asked, settings)
    each = [float(answered[asked.cue == cue].mean()) for cue in range(len(CUES))]
    cues = device.weights()[: len(CUES) * settings.per_cue].reshape(len(CUES), -1)
    return Conditioned(
        pays=pays, answer=int(np.argmax(each)), curve=curve, answered=each, weights=device.weights(units="chip"),
        strength=cues.mean(axis=1).tolist(), steps=taught.stream.steps, counters=device.counters(),
        seconds=time.perf_counter() - started,
    )  # fmt: skip


def _curve(answered: NDArray[np.float64], taught: Session, pays: int, settings: Settings) -> dict[str, list[float]]:
    """Return the mean answers to both cues by block."""
    found: dict[str, list[float]] = {"pays": [], "other": []}
    for first in range(0, settings.cues, settings.block):
        block = slice(first, first + settings.block)
        for name, cue in (("pays", pays), ("other", 1 - pays)):
            chosen = answered[block][taught.cue[block] == cue]
            found[name].append(float(chosen.mean()) if chosen.size else 0.0)
    return found

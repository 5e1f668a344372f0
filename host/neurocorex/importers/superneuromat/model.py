"""SuperNeuroMAT model as arrays: everything that decides what it does next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError, NeuroCoreXError
from .reader import Floats, Ints, Reader

Bools = NDArray[np.bool_]
#: Ticks of the spike train that can still have an effect: the longest window, the longest delay of any chip, and one.
MEMORY = 48
#: Attributes that a live model must have.
ATTRIBUTES = (
    "neuron_thresholds", "neuron_leaks", "neuron_reset_states", "neuron_states", "neuron_refractory_periods",
    "neuron_refractory_periods_state", "pre_synaptic_neuron_ids", "post_synaptic_neuron_ids", "synaptic_weights",
    "synaptic_delays", "enable_stdp", "input_spikes", "spike_train", "stdp", "apos", "aneg", "stdp_positive_update",
    "stdp_negative_update",
)  # fmt: skip


@dataclass(frozen=True)
class Inputs:
    """Queued input spikes, sorted by tick from now on, then by neuron.

    Attributes
    ----------
    tick, neuron : int64 array [E]
        Tick and neuron of each spike.
    value : float64 array [E]
        Amount that is added to the state.
    """

    tick: Ints
    neuron: Ints
    value: Floats

    def before(self, tick: int) -> Inputs:
        """Return the spikes before a tick."""
        end = int(np.searchsorted(self.tick, tick))
        return Inputs(self.tick[:end], self.neuron[:end], self.value[:end])

    @classmethod
    def of(cls, reader: Reader, neurons: int) -> Inputs:
        """Read ``{tick: {"nids": [...], "values": [...]}}``; the last value for a neuron in a tick counts."""
        queue = reader.mapping("input_spikes", reader.get("input_spikes", {}))
        found: dict[tuple[int, int], float] = {}
        for key, entry in queue.items():
            tick = _tick(reader, key)
            where = f"input_spikes of tick {tick}"
            inner = Reader(reader.mapping(where, entry), f"{reader.source}: {where}", reader.error)
            ids = inner.whole("nids", "entry", high=neurons - 1)
            values = inner.floats("values", "entry", len(ids))
            found |= {(tick, neuron): value for neuron, value in zip(ids.tolist(), values.tolist(), strict=True)}
        order = sorted(found)
        ticks, ids = np.array(order, np.int64).reshape(-1, 2).T
        return cls(ticks, ids, np.array([found[place] for place in order], np.float64))


@dataclass(frozen=True)
class Model:
    """A network of SuperNeuroMAT and its present state.

    Attributes
    ----------
    thresholds, leaks, resets, states : float64 array [N]
        Parameters and states of the neurons. Thresholds and leaks may be infinite.
    periods, counts : int64 array [N]
        Refractory periods, and ticks that are left of them.
    pre, post, delays : int64 array [S]
        Ends and delays of the synapses. A delay below zero is that of the chain of relays that ends with this synapse.
    weights : float64 array [S]
        Weights of the synapses.
    plastic : bool array [S]
        Which synapses learn.
    gains, losses : tuple of float
        Changes of a synapse for each lag, equally long; empty if nothing is learned.
    train : bool array [K, N]
        Spikes of the last ticks, at most `MEMORY`.
    inputs : Inputs
        Queued input spikes.
    """

    thresholds: Floats
    leaks: Floats
    resets: Floats
    states: Floats
    periods: Ints
    counts: Ints
    pre: Ints
    post: Ints
    delays: Ints
    weights: Floats
    plastic: Bools
    gains: tuple[float, ...]
    losses: tuple[float, ...]
    train: Bools
    inputs: Inputs

    @classmethod
    def of(cls, snn: Any) -> Model:
        """Read a live object; raises InputError if it is no model, or inconsistent."""
        missing = [name for name in ATTRIBUTES if not hasattr(snn, name)]
        if missing:
            raise InputError(
                f"{type(snn).__name__} has no {missing[0]}, so it is no SuperNeuroMAT model; give an SNN, or the path "
                "of a file that its saveas_json wrote"
            )
        return cls.of_values({name: getattr(snn, name) for name in ATTRIBUTES}, "the model", InputError)

    @classmethod
    def of_values(cls, values: Mapping[str, Any], source: str, error: type[NeuroCoreXError]) -> Model:
        """Check and convert values by their names in SuperNeuroMAT; see `Reader`."""
        reader = Reader(values, source, error)
        thresholds = reader.floats("neuron_thresholds", "neuron", infinite=True)
        neurons = len(thresholds)
        if not neurons:
            raise reader.fail("there are no neurons; create_neuron makes some")
        leaks = reader.floats("neuron_leaks", "neuron", neurons, infinite=True)
        if (leaks < 0).any():
            at = int(np.argmax(leaks < 0))
            raise reader.fail(f"neuron_leaks of neuron {at} is {leaks[at]:g}; a leak below zero is no leak, take 0 up")
        resets = reader.floats("neuron_reset_states", "neuron", neurons)
        weights = reader.floats("synaptic_weights", "synapse")
        synapses = len(weights)
        pre = reader.whole("pre_synaptic_neuron_ids", "synapse", synapses, high=neurons - 1)
        post = reader.whole("post_synaptic_neuron_ids", "synapse", synapses, high=neurons - 1)
        _check_pairs(reader, pre, post)
        delays = reader.whole("synaptic_delays", "synapse", synapses, low=-(1 << 20), default=[1] * synapses)
        if (delays == 0).any():
            raise reader.fail(f"synaptic_delays of synapse {int(np.argmax(delays == 0))} is 0; the shortest is 1 tick")
        plastic = reader.whole("enable_stdp", "synapse", synapses, high=1, default=[0] * synapses) > 0
        gains, losses = _taps(reader) if plastic.any() else ((), ())
        return cls(
            thresholds, leaks, resets, reader.floats("neuron_states", "neuron", neurons, default=resets.tolist()),
            reader.whole("neuron_refractory_periods", "neuron", neurons),
            reader.whole("neuron_refractory_periods_state", "neuron", neurons, default=[0] * neurons),
            pre, post, delays, weights, plastic & bool(gains), gains, losses,
            _train(reader, neurons), Inputs.of(reader, neurons),
        )  # fmt: skip

    @property
    def neurons(self) -> int:
        """Number of neurons, relays included."""
        return len(self.thresholds)

    @property
    def last(self) -> Bools:
        """Spikes of the last tick, [N]."""
        return self.train[-1] if len(self.train) else np.zeros(self.neurons, np.bool_)

    def same_but_inputs(self, other: Model) -> bool:
        """Whether another model does the same for the same input."""
        names = [each.name for each in fields(self) if each.name != "inputs"]
        return all(np.array_equal(getattr(self, name), getattr(other, name)) for name in names)


def _tick(reader: Reader, key: Any) -> int:
    try:
        tick = int(key)
    except (TypeError, ValueError):
        raise reader.fail(f"input_spikes has a tick {key!r:.40}; ticks are whole numbers from 0 up") from None
    if not 0 <= tick < 1 << 62:
        raise reader.fail(f"input_spikes has a tick {key!r:.40}; ticks count from 0")
    return tick


def _check_pairs(reader: Reader, pre: Ints, post: Ints) -> None:
    pairs = np.stack([pre, post], axis=1)
    _, first, of = np.unique(pairs, axis=0, return_index=True, return_inverse=True)
    twice = np.flatnonzero(first[of.reshape(-1)] != np.arange(len(pairs)))
    if len(twice):
        at = int(twice[0])
        raise reader.fail(f"synapse {at} joins neuron {pre[at]} with {post[at]} as synapse {first[of.reshape(-1)[at]]} "
                          "does; a pair has one synapse")  # fmt: skip


def _train(reader: Reader, neurons: int) -> Bools:
    given = reader.get("spike_train", [])
    if not (isinstance(given, list | tuple) or (isinstance(given, np.ndarray) and given.ndim == 2)):
        raise reader.fail("spike_train must be a list of ticks; clear_spike_train() makes an empty one")
    first = max(len(given) - MEMORY, 0)
    rows = Reader({f"tick {first + k}": row for k, row in enumerate(given[first:])}, f"{reader.source}: spike_train",
                  reader.error)  # fmt: skip
    ticks = [rows.whole(name, "neuron", neurons, high=1) for name in rows.values]
    return np.array(ticks, np.bool_).reshape(len(ticks), neurons)


def _taps(reader: Reader) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return gains and losses of a synapse for each lag; empty if all are zero."""
    wanted = [reader.flag(f"stdp_{sign}_update", True) for sign in ("positive", "negative")]
    taps = [reader.floats(name, "lag", default=[]) for name in ("apos", "aneg")]
    if not reader.flag("stdp", True):
        return (), ()
    used = [tap if want else tap[:0] for tap, want in zip(taps, wanted, strict=True)]
    if all(wanted) and len(used[0]) and len(used[1]) and len(used[0]) != len(used[1]):
        raise reader.fail(f"apos has {len(used[0])} lags and aneg {len(used[1])}; with both updates they are equal")
    if (used[0] < 0).any() or (used[1] > 0).any():
        raise reader.fail("apos must be 0 or more and aneg 0 or less, as SuperNeuroMAT requires; swap their signs")
    if not any(map(np.any, used)):
        return (), ()
    lags = max(map(len, used))
    gains, losses = (tuple(np.pad(tap, (0, lags - len(tap))).tolist()) for tap in used)
    return gains, losses

"""Population: some inputs or some neurons of a network, as slices of it; `Neurons.set` gives neurons parameters."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, Self, Unpack

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from . import parameters
from .attributes import Sealed
from .data import NetworkData

#: Most neurons that a message names.
NAMED = 8


def named(neurons: Iterable[int]) -> str:
    """Name neurons for a message: 'neuron 3', or '12 neurons (0, 1, 2, ...)'."""
    numbers = list(neurons)
    if len(numbers) == 1:
        return f"neuron {numbers[0]}"
    shown = ", ".join(map(str, numbers[:NAMED])) + (", ..." if len(numbers) > NAMED else "")
    return f"{len(numbers)} neurons ({shown})"


class Population(Sealed):
    """Some input axons or some neurons of one network, in a given order, none twice.

    Index it like a NumPy array: ``net.neurons[0:86]``, ``net.neurons[3]``, ``net.neurons[[1, 5]]``. As an array it is
    that of its indices.

    Attributes
    ----------
    network : Network
        The network that it is a part of.
    indices : array of int
        Numbers of its members, counted from 0 within the inputs or within the neurons.
    """

    noun: ClassVar[str] = "member"
    _fixed: ClassVar[Mapping[str, str]] = {
        "network": "a population stays a part of its network",
        "indices": "index the population for another one, such as net.neurons[0:4]",
    }

    network: NetworkData
    indices: NDArray[np.intp]

    def __init__(self, network: NetworkData, indices: NDArray[np.intp]) -> None:
        self.network = network
        self.indices = indices.copy()
        self.indices.setflags(write=False)

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, key: Any) -> Self:
        if isinstance(key, Population):
            return self._members(key)
        try:
            chosen = np.atleast_1d(self.indices[key])
        except (IndexError, TypeError) as error:
            raise InputError(f"cannot take {key!r} of {len(self)} {self.noun}s: {error}; try [0:{len(self)}]") from None
        if chosen.ndim != 1 or len(np.unique(chosen)) != len(chosen):
            raise InputError(f"{key!r} names a {self.noun} twice; a population has each once")
        return type(self)(self.network, chosen)

    def _members(self, other: Population) -> Self:
        """Members that another population names; as an index it stands for them, not for positions."""
        strange = type(other) is not type(self) or other.network is not self.network
        if strange or not np.isin(other.indices, self.indices).all():
            raise InputError(f"cannot take {other!r} of {self!r}: it is no part of it")
        return type(self)(self.network, other.indices)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Return the indices, so that arrays can be indexed by a population: ``result.counts[net.neurons[0:4]]``."""
        return np.array(self.indices, dtype=dtype)

    def __iter__(self) -> Iterator[Self]:
        return (self[position] for position in range(len(self)))

    def __repr__(self) -> str:
        shown = ", ".join(map(str, self.indices[:5])) + (", ..." if len(self) > 5 else "")
        return f"<{len(self)} {self.noun}s: {shown}>"

    @property
    def rows(self) -> NDArray[np.intp]:
        """Rows of their own axons in the weight matrix of the network."""
        return self.indices


class Inputs(Population):
    """Inputs, which the host drives with spikes."""

    noun: ClassVar[str] = "input"


class Neurons(Population):
    """Neurons, with the parameters of their equation.

    In each step of `dt_ms`, with g the weights that arrive and the injected current (see docs/model.md)::

        i = i * (1 - decay_syn) + g
        v = v * (1 - decay), then `leak` closer to zero, then + i + bias
        fires if not refractory and v > threshold + adaptation
    """

    noun: ClassVar[str] = "neuron"
    _elsewhere: ClassVar[Mapping[str, str]] = NetworkData._elsewhere

    @property
    def rows(self) -> NDArray[np.intp]:
        """Rows of their own axons in the weight matrix of the network; those of inputs come first."""
        return self.indices + self.network.input_count

    def set(self, **values: Unpack[parameters.Settings]) -> Self:
        """Set parameters of these neurons. Each is one value, or one for each neuron; the others stay as they are.

        Parameters
        ----------
        threshold : float or int
            The neuron fires above it, with ``math.inf`` never: so a readout is declared, of which the membrane is
            recorded. In the units of the weights, as `reset`, `bias` and `leak`. Initially 1.
        reset : float or int
            Membrane after a spike, in `reset_mode` "value", and while it is held. Initially 0, the resting potential.
        bias : float or int
            Added to the membrane in every step. Initially 0.
        leak : float or int
            Moves the membrane towards zero in every step, not beyond. At least 0; initially 0.
        tau_ms, tau_syn_ms : float
            Time constants of membrane and synaptic current; 0 forgets at once, infinity never. Initially the membrane
            never forgets, and the current forgets at once: a spike acts for one step.
        decay, decay_syn : float
            The same as the fraction that is lost in one step, 0 to 1: ``1 - exp(-dt_ms / tau_ms)``.
        refractory_ms : float
            Time without spikes after each spike. Initially 0.
        refractory : {"integrate", "hold"}
            Whether a refractory membrane integrates (initially), or stays at `reset`.
        reset_mode : {"value", "subtract"}
            Whether a spike sets the membrane to `reset` (initially), or subtracts the threshold from it.
        delay_ms : float
            Time from a spike to its arrival, at least one step; 0 makes the axon silent. If never set: one step, or
            silent for a neuron that is connected to nothing. It is that of all connections that were given none, made
            before or after; those that were given a delay keep it. Changing it after such connections were made by
            another one is warned about.
        learns : bool
            Whether plastic synapses onto these neurons learn. Initially they do.
        error_always : bool
            Whether these neurons learn from errors wherever their membrane is. Initially they do only where it is
            closer to rest than the threshold, on either side, which is right for hidden neurons and not for outputs.
        noise : float or int
            Standard deviation of a current that is drawn anew in each step, in the units of the weights: evenly between
            plus and minus sqrt(3) times as much. It decays with the synaptic current, as what arrives does. At least
            0; initially 0. It takes a chip with `CoreConfig.noise`. Runs and samples go on with the draws;
            ``run(changes={0: {Control.NOISE_STATE: 7}})`` begins a run with a seed.
        group : int
            Group of which the chip keeps the first neuron to fire, 1 to 16; 0 (initially) is none. See
            `Network.judge` and `Network.one_fires`.
        fires_at : {">", ">="}
            Whether a neuron fires only above its threshold (initially), or at it as well.

        Returns
        -------
        Neurons
            These neurons, so that calls can be chained.

        Raises
        ------
        InputError
            For a value out of range or a wrong length; nothing has been set then.
        TypeError
            For an unknown parameter; the message names the nearest.
        """
        checked = parameters.checked(values, self.indices, self.network.dt_ms)
        moved = self.network.assign(self.indices, checked)
        if moved:
            before, now = next(iter(moved.values()))
            warnings.warn(
                f"delay_ms of {named(moved)} changes after it was used: connections without a delay of their own now "
                f"take {now:g} instead of {before:g} ms; connect(..., delay_ms={before:g}) makes some that keep theirs",
                stacklevel=2,
            )
        return self

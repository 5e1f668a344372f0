"""Parts of a network: its inputs, its neurons, and slices of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError

if TYPE_CHECKING:
    from .network import Network

#: What `Neurons.set` takes for its two choices, and whether the flag of the chip is then set.
REFRACTORY = {"integrate": False, "hold": True}
RESET_MODES = {"value": False, "subtract": True}


class Population:
    """Some input axons or some neurons of one network, in a given order, none twice.

    Index it like a NumPy array: ``net.neurons[0:86]``, ``net.neurons[3]``, ``net.neurons[[1, 5]]``.

    Attributes
    ----------
    network : Network
        Where it belongs.
    indices : array of int
        Numbers of its members, counted from 0 within the inputs or within the neurons.
    """

    noun = "member"

    def __init__(self, network: Network, indices: NDArray[np.intp]) -> None:
        self.network = network
        self.indices = indices.copy()
        self.indices.setflags(write=False)

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, key: Any) -> Self:
        try:
            chosen = np.atleast_1d(self.indices[key])
        except (IndexError, TypeError) as error:
            raise InputError(f"cannot take {key!r} of {len(self)} {self.noun}s: {error}; try [0:{len(self)}]") from None
        if chosen.ndim != 1 or len(np.unique(chosen)) != len(chosen):
            raise InputError(f"{key!r} names a {self.noun} twice; a group has each once")
        return type(self)(self.network, chosen)

    def __iter__(self) -> Iterator[Self]:
        return (self[position] for position in range(len(self)))

    def __repr__(self) -> str:
        shown = ", ".join(map(str, self.indices[:5])) + (", ..." if len(self) > 5 else "")
        return f"<{len(self)} {self.noun}s: {shown}>"

    @property
    def rows(self) -> NDArray[np.intp]:
        """Their rows in the weight matrix of the network."""
        return self.indices


class Inputs(Population):
    """Input axons: what the host drives with spikes."""

    noun = "input"


class Neurons(Population):
    """Neurons, with the parameters of their equation.

    In each step of `dt_ms`, with g the weights that arrive and the injected current (see docs/model.md)::

        i = i * (1 - decay_syn) + g
        v = v * (1 - decay), then `leak` closer to zero, then + i + bias
        fires if not refractory and v > threshold + adaptation
    """

    noun = "neuron"

    @property
    def rows(self) -> NDArray[np.intp]:
        """Their rows in the weight matrix of the network; the inputs come first."""
        return self.indices + self.network.input_count

    def set(
        self,
        *,
        threshold: ArrayLike | None = None,
        reset: ArrayLike | None = None,
        bias: ArrayLike | None = None,
        leak: ArrayLike | None = None,
        tau_ms: ArrayLike | None = None,
        tau_syn_ms: ArrayLike | None = None,
        decay: ArrayLike | None = None,
        decay_syn: ArrayLike | None = None,
        refractory_ms: ArrayLike | None = None,
        refractory: str | ArrayLike | None = None,
        reset_mode: str | ArrayLike | None = None,
        delay_ms: ArrayLike | None = None,
        learns: bool | ArrayLike | None = None,
    ) -> Self:
        """Set parameters of these neurons; each is one value, or one for each neuron. What is not given stays.

        Parameters
        ----------
        threshold : float or int
            Fires above it. In the units of the weights, as `reset`, `bias` and `leak`. At first 1.
        reset : float or int
            Membrane after a spike, in `reset_mode` "value", and while it is held. At first 0, the resting potential.
        bias : float or int
            Added to the membrane in every step. At first 0.
        leak : float or int
            Brings the membrane closer to zero in every step, not beyond. At least 0; at first 0.
        tau_ms, tau_syn_ms : float
            Time constants of membrane and synaptic current; 0 forgets at once, infinity never. At first the membrane
            never forgets and the current forgets at once: a spike acts for one step.
        decay, decay_syn : float
            The same as the fraction that is lost in one step, 0 to 1: ``1 - exp(-dt_ms / tau_ms)``.
        refractory_ms : float
            Time without spikes after each. At first 0.
        refractory : {"integrate", "hold"}
            Whether the membrane goes on while refractory (at first), or stays at `reset`.
        reset_mode : {"value", "subtract"}
            Whether a spike puts the membrane to `reset` (at first), or takes the threshold off it.
        delay_ms : float
            Time from a spike to its arrival, at least one step; 0 makes the axon silent. If never set: one step, or
            silent for a neuron that is connected to nothing. Connections with a delay of their own may use others.
        learns : bool
            Whether plastic synapses onto these neurons learn. At first they do.

        Returns
        -------
        Neurons
            These, so that calls can be chained.

        Raises
        ------
        InputError
            For a value out of range or a wrong length; nothing has been set then.
        """
        if tau_ms is not None and decay is not None:
            raise InputError("give tau_ms or decay, not both: they set the same")
        if tau_syn_ms is not None and decay_syn is not None:
            raise InputError("give tau_syn_ms or decay_syn, not both: they set the same")
        dt_ms = self.network.dt_ms
        new = {
            "threshold": self._numbers("threshold", threshold),
            "reset": self._numbers("reset", reset),
            "bias": self._numbers("bias", bias),
            "leak": self._numbers("leak", leak, low=0),
            "decay": self._decay("tau_ms", tau_ms, dt_ms, self._numbers("decay", decay, low=0, high=1)),
            "decay_syn": self._decay(
                "tau_syn_ms", tau_syn_ms, dt_ms, self._numbers("decay_syn", decay_syn, low=0, high=1)
            ),
            "refractory_ms": self._numbers("refractory_ms", refractory_ms, low=0),
            "delay_ms": self._numbers("delay_ms", delay_ms, low=0),
            "hold": self._choices("refractory", refractory, REFRACTORY),
            "subtract": self._choices("reset_mode", reset_mode, RESET_MODES),
            "learns": self._choices("learns", learns, {True: True, False: False}),
        }
        for name, values in new.items():
            if values is not None:
                self.network.assign(name, self.indices, values)
        return self

    def _numbers(
        self, name: str, given: ArrayLike | None, low: float = -np.inf, high: float = np.inf, infinite: bool = False
    ) -> NDArray[Any] | None:
        if given is None:
            return None
        try:
            values = np.asarray(given)
            if values.dtype.kind not in "iufb":
                raise ValueError(f"{values.dtype} is no number")
            values = np.broadcast_to(values, (len(self),))
        except ValueError as error:
            raise InputError(f"{name} needs one number, or {len(self)}, one for each neuron ({error})") from None
        wrong = ~((values >= low) & (values <= high) & (np.isfinite(values) | infinite))
        if wrong.any():
            bound = f"{low:g} to {high:g}" if np.isfinite(high) else f"{low:g} or more"
            what = bound if np.isfinite(low) else "a finite number"
            raise InputError(f"{name} must be {what}, got {values[wrong][0]!s} for neuron {self.indices[wrong][0]}")
        return values

    def _decay(
        self, name: str, given: ArrayLike | None, dt_ms: float, fraction: NDArray[Any] | None
    ) -> NDArray[Any] | None:
        tau = self._numbers(name, given, low=0, infinite=True)
        if tau is None:
            return fraction
        with np.errstate(divide="ignore"):
            return np.asarray(-np.expm1(-dt_ms / tau.astype(np.float64)))

    def _choices(
        self, name: str, given: str | ArrayLike | None, allowed: Mapping[Any, bool]
    ) -> NDArray[np.bool_] | None:
        if given is None:
            return None
        words = np.atleast_1d(np.asarray(given, dtype=object))
        unknown = [word for word in words.flat if word not in allowed]
        if unknown or words.shape not in ((1,), (len(self),)):
            got = repr(unknown[0]) if unknown else f"{len(words)} for {len(self)} neurons"
            raise InputError(f"{name} must be one of {', '.join(map(repr, allowed))}, got {got}")
        return np.broadcast_to(np.array([allowed[word] for word in words.flat]), (len(self),))

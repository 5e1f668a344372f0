"""Contexts of a network: biases and gains of recurrent weights by name, of which one set is in force at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from ..spec.config import LIMITS
from ..spec.fixed import CONTEXT_GAIN_BITS, CONTEXT_GAIN_ONE
from . import parameters
from .attributes import checked_keywords
from .data import NetworkData
from .population import Neurons

#: Most contexts that a chip can be built with.
MOST = max(LIMITS["contexts"])
#: Largest gain.
GAIN_LIMIT = ((1 << CONTEXT_GAIN_BITS) - 1) / CONTEXT_GAIN_ONE


class ContextData(NetworkData):
    """Data of a network that may have contexts."""

    @checked_keywords
    def context(
        self,
        name: str,
        neurons: Neurons | None = None,
        *,
        bias: ArrayLike | None = None,
        gain: ArrayLike | None = None,
    ) -> int:
        """Declare a context, or what neurons get in it: so one matrix of weights serves several tasks.

        One context is in force at a time. The first that was declared is it after a load; a run says otherwise by
        ``run(context=...)``. Called again with the same name, it changes what is given, and nothing else.

        Parameters
        ----------
        name : str
            Name of the context; at most 16 of them.
        neurons : Neurons, optional
            Those to which `bias` and `gain` apply; by default all. In a context, all others have bias 0 and gain 1.
        bias : float or int, or array [neurons], optional
            What is added to the bias of each neuron in this context, in the units of the weights.
        gain : float, or array [neurons], optional
            Factor of all that arrives from neurons: of currents, not of errors, and not of what inputs bring. 0 cuts a
            neuron off from all others; at most 15.996. A chip rounds it to a multiple of 1/256.

        Returns
        -------
        int
            Number of the context, counted from 0 in the order of declaration.

        Raises
        ------
        InputError
            For a name that is none, too many contexts, neurons of another network, a value out of range, or a wrong
            length; nothing has been declared then.

        Examples
        --------
        >>> from neurocorex import Network
        >>> net = Network(inputs=4, neurons=6)
        >>> net.context("listen")
        0
        >>> net.context("ignore", net.neurons[0:3], gain=0.0, bias=-0.5)
        1
        """
        chosen = self._chosen(neurons)
        given: dict[str, NDArray[Any]] = {}
        if bias is not None:
            given["bias"] = parameters.checked({"bias": bias}, chosen, self.dt_ms)["bias"]
        if gain is not None:
            given["gain"] = parameters.numbers("gain of a context", gain, chosen, 0, GAIN_LIMIT)
        if not isinstance(name, str) or not name:
            raise InputError(f"a context has a name such as 'listen', got {name!r}")
        if name not in self.contexts:
            self._declare(name)
        number = self.contexts.index(name)
        self.calls += 1
        for kind, values in given.items():
            attribute = f"context_{kind}"
            table = getattr(self, attribute)
            if table.dtype.kind == "i" and values.dtype.kind == "f":
                table = table.astype(np.float64)
                setattr(self, attribute, table)
            table[number, chosen] = values
        return number

    def _chosen(self, neurons: Neurons | None) -> NDArray[np.intp]:
        """Return the numbers of some neurons, by default of all."""
        if neurons is None:
            return np.arange(self.neuron_count)
        if not isinstance(neurons, Neurons) or neurons.network is not self:
            raise InputError(f"a context takes neurons of this network such as net.neurons[0:4], got {neurons!r}")
        return neurons.indices

    def _declare(self, name: str) -> None:
        """Add a context that does nothing."""
        if len(self.contexts) == MOST:
            raise InputError(f"a network has at most {MOST} contexts, {name!r} would be one more")
        self.contexts = (*self.contexts, name)
        self.context_bias = np.concatenate([self.context_bias, np.zeros((1, self.neuron_count), np.int64)])
        self.context_gain = np.concatenate([self.context_gain, np.ones((1, self.neuron_count))])

"""Source of what a device holds: the network that was loaded, and whether it has changed since."""

from __future__ import annotations

import warnings
import weakref
import zlib

import numpy as np

from ..network.data import NetworkData

#: Weights that may be compared for each update of a neuron in a run: a short run does not look at a large network.
_COMPARED_PER_UPDATE = 32


class Source:
    """Network that was loaded, as it was then.

    A network is no part of its device: the chip goes on with the integers that it was given. So a run warns, once for
    each change, if the network is not what it was. Changes by methods are noticed by any run; what somebody wrote into
    the arrays by a run that is long enough to make the comparison cheap.

    Parameters
    ----------
    net : NetworkData
        It is not kept alive.
    """

    def __init__(self, net: NetworkData) -> None:
        self._net = weakref.ref(net)
        self._calls = net.calls
        self._parts = _parts(net)

    def warn_if_changed(self, updates: int) -> None:
        """Warn if the network is not what it was; `updates` are the steps of a run times its neurons."""
        net = self._net()
        if net is None:
            return
        if net.calls == self._calls and updates * _COMPARED_PER_UPDATE < net.weights.size:
            return
        parts = _parts(net)
        changed = [name for name, digest in parts.items() if digest != self._parts.get(name)]
        self._calls = net.calls
        self._parts = parts
        if changed:
            shown = ", ".join(changed[:4]) + (", ..." if len(changed) > 4 else "")
            warnings.warn(
                f"the network has changed since it was loaded ({shown}), and the device runs what was loaded; call "
                "device.load(net) again",
                stacklevel=4,
            )


def _parts(net: NetworkData) -> dict[str, int]:
    """Digests of what makes a network."""
    arrays = net.parameters | {"weights": net.weights, "plastic": net.plastic, "feedback": net.is_feedback}
    return {
        "adaptation": hash((net.adaptation_step, net.adaptation_decay)),
        "rule": net.rule_digest,
        "judge": hash((net.praise, net.blame, net.conscience)),
        "one_fires": hash(net.exclusive),
        "axons of inputs": hash((*net.input_source, *net.input_delay_ms)),
        "extra axons": hash((*net.extra_source, *net.extra_delay_ms)),
        **{
            name: hash((values.shape, zlib.crc32(np.ascontiguousarray(values).data))) for name, values in arrays.items()
        },
    }

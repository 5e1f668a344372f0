"""PyNN backend: scripts for PyNN 0.13 run on a chip or its emulator, by ``import neurocorex.pynn as sim``.

What is supported, what is refused, and which conventions hold is in docs/pynn.md.
"""

from __future__ import annotations

from ..errors import MissingToolError

try:
    import pyNN as _pynn  # noqa: N813
except ImportError as error:
    raise MissingToolError(
        f"the PyNN backend needs {error.name}; install it with: pip install 'neurocorex[pynn]'"
    ) from None

from pyNN import errors as errors
from pyNN import random as random
from pyNN import space as space
from pyNN.connectors import *  # noqa: F403
from pyNN.network import Network as Network
from pyNN.random import GSLRNG as GSLRNG
from pyNN.random import NumpyRNG as NumpyRNG
from pyNN.random import RandomDistribution as RandomDistribution
from pyNN.space import Space as Space

from .cells import NEURONS, REFUSED_CELLS, SOURCES, IF_curr_delta, IF_curr_exp, SpikeSourceArray, SpikeSourcePoisson
from .control import (
    connect,
    create,
    end,
    get_current_time,
    get_max_delay,
    get_min_delay,
    get_time_step,
    initialize,
    num_processes,
    rank,
    record,
    record_gsyn,
    record_v,
    report,
    reset,
    run,
    run_for,
    run_until,
    set,  # noqa: A004
    setup,
)
from .electrodes import ACSource, DCSource, NoisyCurrentSource, StepCurrentSource
from .populations import Assembly, Population, PopulationView
from .projections import Projection
from .synapses import (
    REFUSED_SYNAPSES,
    AdditiveWeightDependence,
    MultiplicativeWeightDependence,
    SpikePairRule,
    StaticSynapse,
    STDPMechanism,
)

globals().update(REFUSED_CELLS | REFUSED_SYNAPSES)


def list_standard_models() -> list[str]:
    """Return the names of the cell types that this backend has."""
    return [model.__name__ for model in (*NEURONS, *SOURCES)]

"""Control of the PyNN backend: set up, run, reset and end, and the procedural functions of the common API."""

from __future__ import annotations

import math
from typing import Any

from pyNN import common
from pyNN.common.control import DEFAULT_MAX_DELAY, DEFAULT_MIN_DELAY, DEFAULT_TIMESTEP
from pyNN.common.procedural_api import set as set  # noqa: A004
from pyNN.connectors import FixedProbabilityConnector
from pyNN.recording import get_io

from ..errors import InputError
from ..quantiser.report import Report
from ..spec import CoreConfig
from . import simulator
from .populations import Population
from .projections import Projection
from .running import Run
from .synapses import StaticSynapse

#: Options of `setup` of other backends, which change how they compute and not what; ignored here.
FOREIGN = (
    "threads", "verbosity", "spike_precision", "recording_precision", "data_path", "use_cvode", "rtol", "atol",
    "grng_seed", "rng_seeds", "rng_seeds_seed", "num_processes", "native_rng_baseseed", "t_flush", "debug",
)  # fmt: skip


simulator.state.start = Run


def setup(
    timestep: float = DEFAULT_TIMESTEP,
    min_delay: float | str = DEFAULT_MIN_DELAY,
    max_delay: float | str = DEFAULT_MAX_DELAY,
    *,
    device: str = "emulator",
    config: CoreConfig | None = None,
    seed: int = 1,
    stdp_rate_hz: float = 100.0,
    **extra_params: Any,
) -> int:
    """Begin anew: forget the network, and say where the next one runs.

    Parameters
    ----------
    timestep : float
        Time step of the chip in ms.
    min_delay, max_delay : float or "auto"
        Shortest and longest delay in ms. Connections that are given no delay have the shortest, by default one step.
    device : str
        What `neurocorex.open` takes: "emulator", "rtl", a serial port such as "/dev/ttyUSB1", or "socket://host:4000".
    config : CoreConfig, optional
        Geometry of the emulator or simulated chip, for example one that is built on a board. By default it fits the
        network, with the widest weights (16 bits) and states (24 bits).
    seed : int
        Of Poisson sources, noise, and the random rounding of learning; `rng_seed` is taken as well.
    stdp_rate_hz : float
        Rate of axons and neurons up to which the traces of STDP have room.
    **extra_params
        `open_options`, a mapping of further options of `neurocorex.open`; and those of other backends in `FOREIGN`,
        which are ignored.

    Returns
    -------
    int
        Rank of this process, 0.

    Raises
    ------
    InputError
        For a value that cannot be used, or an option that no backend has.
    """
    if isinstance(timestep, bool) or not isinstance(timestep, int | float) or not 0 < timestep < math.inf:
        raise InputError(f"timestep must be above 0 ms, got {timestep!r}; for example 0.1")
    seed = extra_params.pop("rng_seed", seed)
    open_options = extra_params.pop("open_options", None)
    try:
        common.setup(timestep, min_delay, max_delay=max_delay, **extra_params)
    except Exception as error:  # PyNN raises no narrower one
        raise InputError(str(error)) from None
    if unknown := [name for name in extra_params if name not in FOREIGN]:
        raise InputError(
            f"setup has no option {unknown[0]!r}; it has timestep, min_delay, max_delay, device, config, seed, "
            "stdp_rate_hz and open_options"
        )
    state = simulator.state
    state.clear()
    state.dt, state.min_delay_given, state.max_delay_given = float(timestep), min_delay, max_delay
    state.options = simulator.Options(device, config, open_options, seed, stdp_rate_hz)
    return state.mpi_rank


def end(compatible_output: bool = True) -> None:
    """Write what `record` was given files for, and release the device."""
    state = simulator.state
    waiting, state.write_on_end = state.write_on_end, []
    for population, variables, filename in waiting:
        population.write_data(get_io(filename), variables)
    state.end()


run, run_until = common.build_run(simulator)
run_for = run
reset = common.build_reset(simulator)
initialize = common.initialize
get_current_time, get_time_step, get_min_delay, get_max_delay, num_processes, rank = common.build_state_queries(
    simulator
)

create = common.build_create(Population)
connect = common.build_connect(Projection, FixedProbabilityConnector, StaticSynapse)
record = common.build_record(simulator)


def record_v(source: Any, filename: str) -> None:
    """Record the membranes of some cells to a file, which `end` writes."""
    record(["v"], source, filename)


def record_gsyn(source: Any, filename: str) -> None:
    """Raise RecordingError: synapses of a chip are currents, not conductances."""
    record(["gsyn_exc", "gsyn_inh"], source, filename)


def report() -> Report:
    """Return what was rounded, clipped or is suspicious in the network that was loaded last.

    Numbers are in units of the network: weights in nA (mV onto `IF_curr_delta`), membranes from rest, divided by what
    1 nA adds to them in a step.

    Raises
    ------
    InputError
        Before the first run.
    """
    return simulator.state.report()

"""Tables of a core for the kernel: its memories, and what follows from its parameters alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..spec import CoreConfig, Learning, Region, controls
from ..spec.fixed import DECAY_ALL, DECAY_BITS, Place, place_code
from .drawing import noisy
from .kernel.arguments import Core, Learner, Sizes
from .memory import Memory


def tables_of(memory: Memory) -> tuple[Sizes, Core, Learner]:
    """Return what the kernel is given of a core."""
    config, arrays = memory.config, memory.arrays
    sizes = Sizes(
        inputs=config.inputs, neurons=config.neurons, weight_bits=config.weight_bits, state_bits=config.state_bits,
        max_delay=config.max_delay, adapts=config.adaptation, soft_bounds=config.soft_bounds,
        trace_bits=config.trace_bits,
        window_steps=config.window_steps if config.learning is Learning.WINDOW else 0, rule_bits=config.rule_bits,
        contexts=config.contexts, tally_bits=config.tallies, noise=config.noise, steps=0, budget=0, settles=False,
    )  # fmt: skip
    core = Core(
        neurons=memory.neurons, history=arrays[Region.HISTORY], control=arrays[Region.CONTROL],
        control_bits=np.array([control.bits(config) for control in controls(config)], np.int64),
        weights=arrays[Region.WEIGHTS].reshape(-1), keep_membrane=_factors(arrays[Region.DECAY]),
        keep_current=_factors(arrays[Region.CURRENT_DECAY]), context_bias=arrays[Region.CONTEXT_BIAS],
        context_gain=arrays[Region.CONTEXT_GAIN], **_axons(memory), now=arrays[Region.TALLY_STEP],
        most=arrays[Region.MOST], most_count=arrays[Region.MOST_COUNT], **noisy(arrays[Region.NOISE]),
    )  # fmt: skip
    plastic = arrays[Region.PLASTIC]
    learner = Learner(
        plastic=plastic.reshape(-1), kinds=np.add(plastic.any(axis=1), plastic.all(axis=1), dtype=np.uint8),
        numbers=memory.axon_numbers, **_codes(config), pre=arrays[Region.PRE_TRACE], post=arrays[Region.POST_TRACE],
        pre_table=arrays[Region.PRE_TABLE], post_table=arrays[Region.POST_TABLE],
        eligibility=arrays[Region.ELIGIBILITY].reshape(-1),
    )  # fmt: skip
    return sizes, core, learner


def _codes(config: CoreConfig) -> dict[str, npt.NDArray[np.int32]]:
    """Return the codes of axons and neurons in draws; numbered by kind, so that a part has those of the whole."""
    if not config.learning:
        return dict.fromkeys(("axon_codes", "neuron_codes"), np.empty(0, np.int32))
    inputs, recurrent, extra, neurons = (
        np.array([place_code(place, number) for number in range(count)], np.int32)
        for place, count in (
            (Place.INPUT, config.inputs), (Place.RECURRENT, config.neurons), (Place.EXTRA, config.extra_axons),
            (Place.NEURON, config.neurons),
        )
    )  # fmt: skip
    return {"axon_codes": np.concatenate([inputs, recurrent, extra]), "neuron_codes": neurons}


def _factors(decay: npt.NDArray[np.int32]) -> npt.NDArray[np.float64]:
    """Return what decays leave of a value, as factors; exact."""
    return np.where(decay == DECAY_ALL, 0.0, 1 - decay / (1 << DECAY_BITS))


def _axons(memory: Memory) -> dict[str, Any]:
    """List the axons of each neuron that ever carry a spike, see `Core`."""
    config = memory.config
    source = np.concatenate([np.arange(config.neurons), memory[Region.EXTRA_SOURCE]])
    delay = np.concatenate([memory[Region.DELAY].astype(np.int64), memory[Region.EXTRA_DELAY]])
    heard = np.flatnonzero((delay > 0) & (delay <= config.max_delay) & (source < config.neurons))
    axon = heard[np.argsort(source[heard], kind="stable")]
    starts = source[axon].searchsorted(np.arange(config.neurons + 1))
    return {"axon_start": starts, "axon": axon, "axon_delay": delay[axon]}

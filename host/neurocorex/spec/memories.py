"""The memories of a chip: how many words of how many bits, by the name of the component that holds them.

A test compares this with what the gates are made of.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .config import CoreConfig, Learning
from .registers import COUNTER_BITS, PARAMETERS, STATE, Counter, Region, layout

#: Places of the record queue, and the one word of its register less.
RECORD_PLACES = 32
#: Words up to which a wide memory may be made of LUTs: beyond, it would need more logic with every word.
LUT_RAM_WORDS = 64
#: Words of the counters: two halves of each.
_COUNTER_WORDS = 2 * len(Counter)


@dataclass(frozen=True, slots=True)
class Memory:
    """A memory, or several that are alike.

    Attributes
    ----------
    component : str
        Path of the component that holds it, below the chip.
    name : str
        Its name there; if there are several, what their names begin with.
    words, bits : int
        Its size.
    count : int
        How many there are.
    """

    component: str
    name: str
    words: int
    bits: int
    count: int = 1


def memories(config: CoreConfig) -> Iterator[Memory]:
    """Return all memories of a chip of geometry `config`."""
    yield from _link(config)
    yield from _neurons(config)
    synapse = config.weight_bits + (config.learning is not Learning.NONE)
    banks = "core.synapses.matrix.banks"
    yield Memory(banks, "bank_", max(2, config.weight_words), synapse, count=config.lanes)
    sums = config.lanes * config.accumulator_bits
    yield Memory("core.synapses.accumulators", "memory", 2 * config.groups, sums)
    yield Memory("core.counters", "memory", _COUNTER_WORDS, COUNTER_BITS - 16)
    if config.extra_axons:
        yield from _extra(config)
    if config.learning:
        yield from _learning(config)


def _index_bits(count: int) -> int:
    return max(1, (count - 1).bit_length())


def _link(config: CoreConfig) -> Iterator[Memory]:
    length = config.payload_bytes.bit_length()
    yield Memory("link.queue", "bytes", config.rx_frames * config.frame_bytes, 8)
    yield Memory("link.queue", "lengths", config.rx_frames, length)
    yield Memory("link.sender.queue", "bytes", config.tx_frames * config.frame_bytes, 8)
    # With each length goes a status, less its bits that are never set.
    yield Memory("link.sender.queue", "entries", config.tx_frames, length + 6)


def _neurons(config: CoreConfig) -> Iterator[Memory]:
    neurons, index = max(2, config.neurons), _index_bits(config.neurons)
    for region in PARAMETERS + STATE:
        if region is not Region.ADAPTATION or config.adaptation:
            yield Memory(
                f"core.population.memory.{region.name.lower()}", "memory", neurons, layout(region, config).bits
            )
    yield Memory("core.injection", "memory", neurons, config.state_bits + 1)
    yield Memory("core.arrivals.recurrent", "memory", neurons, index)
    yield Memory("core.queue.fifo", "storage", RECORD_PLACES - 1, config.state_bits + index + 3)


def _extra(config: CoreConfig) -> Iterator[Memory]:
    extra = max(2, config.extra_axons)
    yield Memory("core.arrivals.extra", "memory", extra, _index_bits(config.extra_axons))
    yield Memory("core.extra", "histories", max(2, config.neurons), config.max_delay)
    for name, region in (("sources", Region.EXTRA_SOURCE), ("delays", Region.EXTRA_DELAY)):
        yield Memory(f"core.extra.{name}", "memory", extra, layout(region, config).bits)


def _learning(config: CoreConfig) -> Iterator[Memory]:
    outer, neurons = max(2, config.inputs + config.extra_axons), max(2, config.neurons)
    yield Memory("core.fired", "memory", neurons, _index_bits(config.neurons))
    changes = config.lanes * config.change_bits
    for side, words, blocks in (
        ("outer", outer, config.input_blocks + config.extra_blocks),
        ("inner", neurons, config.groups),
        ("post", neurons, config.groups),
    ):
        yield Memory(f"core.tracing.{side}", "memory", words, config.stored_trace_bits)
        yield Memory(f"core.tracing.{side}_blocks", "memory", max(2, blocks), changes)
        if side != "post":
            yield Memory(f"core.tracing.{side}_marks", "memory", words, 1)
        if config.learning is Learning.WINDOW:
            yield Memory(f"core.tracing.{side}_change", "table", 1 << config.window_steps, config.change_bits)

"""Memories of a chip: words, bits and ports of each, by the gate component that holds it; for planning and placement.

A test compares them with the gates.
"""

from __future__ import annotations

from collections import Counter as Counted
from collections.abc import Iterator
from dataclasses import dataclass

from .config import CoreConfig, Learning
from .registers import CONTEXTS, MOVING, PARAMETERS, STATE, Counter, Region, controls, layout
from .rows import has_rule_rows

#: Places of the record queue, and the one word of its register less.
RECORD_PLACES = 32
#: Places of the queue of drawn events: so far may the generator be ahead of the step that runs.
DRAWN_PLACES = 32
#: Words up to which a wide memory may be made of LUTs: beyond, it would need more logic with every word.
LUT_RAM_WORDS = 64
_COUNTER_WORD_BITS = 32
#: Bits of a block RAM of most devices, which has bytes of nine.
_BLOCK_BITS, _BYTE_BITS = 18432, 9
#: Words of a piece of a deep bank whose words do not fill block RAMs of their own: then a few share them.
PIECE_WORDS = 8192


#: Narrow regions that share the words of a memory, which has the name of the first. All others have one of their own.
#: Chips may lack some, or all of a pack, but never the first alone.
PACKS = (
    (Region.DECAY, Region.CURRENT_DECAY),
    (Region.REFRACTORY, Region.DELAY, Region.FLAGS, Region.RULE, Region.GROUP),
    (Region.REFRACTORY_COUNT, Region.HISTORY),
    (Region.COUNT, Region.FIRST_STEP),
)


@dataclass(frozen=True, slots=True)
class Memory:
    """A memory, or several that are alike.

    Attributes
    ----------
    component : str
        Path of the component that holds it, below the chip.
    name : str
        Its name there; if there are several, what their names begin with.
    words : int
        How many there are.
    fields : tuple of int
        Bits of what can be written apart in a word.
    count : int
        How many such memories there are.
    ports : int
        1 if it is either read or written in a cycle, 2 if both can be.
    """

    component: str
    name: str
    words: int
    fields: tuple[int, ...]
    count: int = 1
    ports: int = 2

    @property
    def bits(self) -> int:
        """Width of a word."""
        return sum(self.fields)


def region_items(region: Region, config: CoreConfig) -> int:
    """Words that the items of a region of the neurons take: where contexts have a bank each, that is a power of two."""
    form = layout(region, config)
    return form.columns if form.rows == 1 else form.rows << _index_bits(form.columns)


def region_words(region: Region, config: CoreConfig) -> int:
    """Words of the memory of a region of the neurons.

    With a single lane the upper half is never written, and read where the answer is to be zero.
    """
    items = region_items(region, config)
    return 2 << _index_bits(items) if config.lanes == 1 else max(2, items)


def piece_words(config: CoreConfig) -> int:
    """Return the words of a piece of a deep bank, a power of two: one block RAM, if words fill 8 bits of each byte."""
    bits = _synapse_bits(config)
    used = -(-bits // _BYTE_BITS)
    fills = bits >= 8 * used and used.bit_count() == 1
    return _BLOCK_BITS // _BYTE_BITS // used if fills else PIECE_WORDS


def bank_pieces(config: CoreConfig) -> list[tuple[str, int]]:
    """Return the memories of each bank of weights: what their names begin with, and their words, the lowest first."""
    words, most = max(2, config.weight_words), piece_words(config)
    if not config.deep_banks or words <= most:
        return [("bank_", words)]
    return [(f"piece_{number}_", min(most, words - first)) for number, first in enumerate(range(0, words, most))]


def banks(config: CoreConfig) -> list[tuple[Memory, int]]:
    """Return the banks of weights, one of each size, and how many pieces have it."""
    sizes = Counted(words for _, words in bank_pieces(config))
    return [(_bank(config, "bank_", words), count) for words, count in sizes.items()]


def _bank(config: CoreConfig, name: str, words: int) -> Memory:
    bits = (_synapse_bits(config),)
    return Memory("core.synapses.matrix.banks", name, words, bits, count=config.lanes, ports=config.weight_ports)


def memories(config: CoreConfig) -> Iterator[Memory]:
    """Return all memories of a chip of geometry `config`."""
    yield from _link(config)
    yield from _neurons(config)
    for name, words in bank_pieces(config):
        yield _bank(config, name, words)
    sums = config.lanes * config.accumulator_bits
    yield Memory("core.synapses.accumulators", "memory", (4 if config.errors else 2) * config.neuron_blocks, (sums,))
    if config.errors:
        yield Memory("core.synapses.feedback", "memory", config.axons, (1,))
    yield Memory("core.registers.counters", "memory", 2 * len(Counter), (_COUNTER_WORD_BITS,))
    copied = max(control.bits(config) for control in controls(config) if control not in MOVING)
    yield Memory("core.registers.control", "copy", len(controls(config)), (copied,))
    if config.extra_axons:
        yield from _extra(config)
    if config.patterns:
        yield from _patterns(config)
    if config.learning:
        yield from _learning(config)


def _synapse_bits(config: CoreConfig) -> int:
    flag, eligibility = config.learning is not Learning.NONE, config.weight_bits * config.eligibility
    return config.stored_weight_bits + flag + eligibility


def _index_bits(count: int) -> int:
    return max(1, (count - 1).bit_length())


def _link(config: CoreConfig) -> Iterator[Memory]:
    length = config.payload_bytes.bit_length()
    yield Memory("link.queue", "bytes", config.rx_frames * config.frame_bytes, (8,))
    yield Memory("link.queue", "lengths", config.rx_frames, (length,))
    yield Memory("link.sender.queue", "bytes", config.tx_frames * config.frame_bytes, (8,))
    # With each length goes a status, less its bits that are never set.
    yield Memory("link.sender.queue", "entries", config.tx_frames, (length + 6,))


def _neurons(config: CoreConfig) -> Iterator[Memory]:
    neurons, index = max(2, config.neurons), _index_bits(config.neurons)
    packed = {region for pack in PACKS for region in pack}
    alone = [(region,) for region in PARAMETERS + CONTEXTS + STATE if region not in packed]
    for pack in (*PACKS, *alone):
        if layout(pack[0], config).items and (config.adaptation or Region.ADAPTATION not in pack):
            component = f"core.neurons.pipeline.memory.{pack[0].name.lower()}.memory"
            yield Memory(
                component,
                "memory",
                region_words(pack[0], config),
                tuple(layout(region, config).bits for region in pack if layout(region, config).items),
            )
    if config.groups:
        first = layout(Region.FIRST, config)
        excess = config.state_bits + 2
        yield Memory("core.neurons.pipeline.groups.contest", "memory", first.items, (index + excess,))
        yield Memory("core.neurons.pipeline.groups.winners", "memory", first.items, (first.bits + excess,))
    if config.tallies and config.groups:
        most = layout(Region.MOST, config)
        yield Memory("core.neurons.pipeline.tallies.most", "numbers", most.items, (most.bits,))
        yield Memory("core.neurons.pipeline.tallies.most", "counts", most.items, (config.tallies,))
    yield Memory("core.neurons.injections", "memory", neurons, (config.state_bits + 1,))
    yield Memory("core.events.arrivals.recurrent", "memory", neurons, (index,))
    yield Memory("core.events.queue.fifo", "storage", RECORD_PLACES - 1, (config.state_bits + index + 3,))


def _extra(config: CoreConfig) -> Iterator[Memory]:
    extra = max(2, config.extra_axons)
    yield Memory("core.events.arrivals.extra", "memory", extra, (_index_bits(config.extra_axons),))
    yield Memory("core.events.extra_axons", "histories", max(2, config.neurons), (config.max_delay,))
    for name, region in (("sources", Region.EXTRA_SOURCE), ("delays", Region.EXTRA_DELAY)):
        yield Memory(f"core.events.extra_axons.{name}.memory", "memory", extra, (layout(region, config).bits,))


def _patterns(config: CoreConfig) -> Iterator[Memory]:
    rates = max(2, region_items(Region.RATES, config))
    yield Memory("core.events.generator.sweep.rates.memory", "memory", rates, (config.rate_bits,))
    yield Memory("core.events.generator.queue", "storage", DRAWN_PLACES - 1, (_index_bits(config.inputs) + 1,))


def _column_bits(config: CoreConfig) -> int:
    """Width of what is listed of a column: its neuron, error, rule rows, and whether spike or error call for it."""
    error = layout(Region.ERROR, config).bits if config.errors else 0
    return _index_bits(config.neurons) + error + 2 * config.rule_bits + 2 * (config.errors and config.rules > 1)


def _learning(config: CoreConfig) -> Iterator[Memory]:
    neurons = max(2, config.neurons)
    outer = config.inputs if not config.extra_axons else config.input_blocks * config.lanes + config.extra_axons
    yield Memory("core.events.changing", "memory", neurons, (_column_bits(config),))
    if config.eligibility:
        rewarded = _index_bits(config.neurons) + 2 * config.rule_bits
        yield Memory("core.events.rewarded", "memory", neurons, (rewarded,))
    if config.scaling:
        yield Memory("core.events.scaled", "memory", neurons, (_index_bits(config.neurons) + 2 * config.rule_bits,))
    amounts = "core.learning.amounts"
    # What changes of a row or column follow from: traces where each lane multiplies, what a table gives otherwise.
    cause = config.trace_bits if config.learning is Learning.EXPONENTIAL else config.change_bits
    # Beside those of neurons stand their rule rows, and whether they learn.
    beside = 2 * config.rule_bits + 1 if has_rule_rows(config) else 0
    for side, words, blocks, kept in (
        ("outer", max(2, outer), config.input_blocks + config.extra_blocks, cause),
        ("inner", neurons, config.neuron_blocks, cause),
        ("post", neurons, config.neuron_blocks, cause + beside),
    ):
        marked = () if side == "post" else (1,)
        yield Memory(f"{amounts}.{side}.memory", "memory", words, (config.stored_trace_bits, *marked))
        yield Memory(f"{amounts}.{side}_blocks", "memory", max(2, blocks), (kept,) * config.lanes)
        if config.learning is Learning.WINDOW:
            for name, entries in zip(("table", "table_before"), config.table_parts, strict=False):
                yield Memory(f"{amounts}.{side}_table", name, entries, (config.change_bits,))

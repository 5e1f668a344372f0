"""Extent: how much of the chip takes part in steps (region IN_USE), and where rows, columns and sweeps end."""

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In
from neurocorex.spec import CoreConfig, InUse, Region
from neurocorex.spec.blocks import USE_BLOCK, use_blocks
from neurocorex.spec.timing import ROW_PIPELINE, column_cycles, piece_cycles, row_cycles

from ..lib.bus import TARGET_LATENCY, RegionBus
from ..lib.delay import stages

#: Low bits of an index, which tell its place in a block.
_PLACE_BITS = (USE_BLOCK - 1).bit_length()


def in_use(index: Value, last: Value) -> Value:
    """Whether an index that exists lies in the blocks in use, of which the last index is given."""
    return index[_PLACE_BITS:] <= last[_PLACE_BITS:]


def neuron_bits(config: CoreConfig) -> int:
    """Width of the number of a neuron; at least one bit."""
    return max(1, (config.neurons - 1).bit_length())


def input_bits(config: CoreConfig) -> int:
    """Width of the number of an input axon; at least one bit."""
    return max(1, (config.inputs - 1).bit_length())


def extent_layout(config: CoreConfig) -> data.StructLayout:
    """Return the layout of the extent.

    ==================================  =================================================================
    field                               meaning
    ==================================  =================================================================
    last_neuron, last_input             the last indices in use
    groups, input_blocks                groups of L neurons, and blocks of L input axons
    idle_groups, idle_blocks            how many of these follow those in use
    row_end, column_end                 the cycle of a row, or a column, before its last one
    ==================================  =================================================================
    """
    return data.StructLayout({
        "last_neuron": neuron_bits(config),
        "last_input": input_bits(config),
        "groups": range(config.neuron_blocks + 1),
        "input_blocks": range(config.input_blocks + 1),
        "idle_groups": range(config.neuron_blocks + 1),
        "idle_blocks": range(config.input_blocks + 1),
        "row_end": range(row_cycles(config)),
        "column_end": range(max(2, column_cycles(config))),
    })  # fmt: skip


def whole(config: CoreConfig) -> dict[str, int]:
    """Return the extent of a chip that is in use as a whole: the default of every component."""
    return {
        "last_neuron": config.neurons - 1,
        "last_input": config.inputs - 1,
        "groups": config.neuron_blocks,
        "input_blocks": config.input_blocks,
        "idle_groups": 0,
        "idle_blocks": 0,
        "row_end": row_cycles(config) - 2,
        "column_end": column_cycles(config) - 2,
    }


def extent_member(config: CoreConfig) -> wiring.Member:
    """Return the input of a component that depends on the extent."""
    return In(extent_layout(config), init=whole(config))


class Extent(wiring.Component):
    """The registers of `Region.IN_USE`, and the extent that follows. They are written while the core is at rest.

    Members
    -------
    bus : In(RegionBus)
        Answers after `TARGET_LATENCY` cycles.
    extent : Out
        See `extent_layout`. It follows a write soon enough for the next step.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        super().__init__({"bus": In(RegionBus()), "extent": extent_member(config).flip()})

    def elaborate(self, platform: object) -> Module:
        """Build the registers."""
        m = Module()
        config, bus, extent = self._config, self.bus, self.extent
        # A reset leaves them alone, as it does all memories.
        blocks = Array(Signal(config.use_bits, name=f"{item.name.lower()}_blocks", reset_less=True) for item in InUse)
        addressed = bus.region == Region.IN_USE
        with m.If(bus.write & addressed):
            m.d.sync += blocks[bus.column[0]].eq(bus.write_data)
        answer = Mux(bus.read & addressed, blocks[bus.column[0]], 0)
        m.d.comb += bus.read_data.eq(stages(m, answer, TARGET_LATENCY, name="answer")[-1])

        neurons, inputs = (blocks[item] for item in InUse)
        all_neurons, all_inputs = (
            (number == 0) | (number >= use_blocks(count))
            for number, count in ((neurons, config.neurons), (inputs, config.inputs))
        )
        per_block = USE_BLOCK // config.lanes
        groups = Mux(all_neurons, config.neuron_blocks, neurons * per_block)
        input_blocks = Mux(all_inputs, config.input_blocks, inputs * per_block)
        pieces = piece_cycles(config)
        row = Mux(all_neurons, row_cycles(config) - 2, _row_end(neurons * (per_block * pieces)))
        m.d.sync += [
            extent.last_neuron.eq(Mux(all_neurons, config.neurons - 1, Cat(Const(USE_BLOCK - 1), neurons - 1))),
            extent.last_input.eq(Mux(all_inputs, config.inputs - 1, Cat(Const(USE_BLOCK - 1), inputs - 1))),
            extent.groups.eq(groups),
            extent.input_blocks.eq(input_blocks),
            extent.idle_groups.eq(config.neuron_blocks - groups),
            extent.idle_blocks.eq(config.input_blocks - input_blocks),
            extent.row_end.eq(row),
            extent.column_end.eq((extent.groups + extent.input_blocks + config.extra_blocks) * pieces - 2),
        ]
        return m


def _row_end(cycles: Value) -> Value:
    """Cycle before the last one of a row of `cycles` cycles, or of the pipeline of the sums if that is longer."""
    return Mux(cycles < ROW_PIPELINE, ROW_PIPELINE - 2, cycles - 2)

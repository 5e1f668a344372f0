"""STDP rule: weight change P from a trace, its rate or table, and the modulation."""

from amaranth.hdl import Module, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out
from neurocorex.spec import Control, CoreConfig, Learning
from neurocorex.spec.memories import LUT_RAM_WORDS
from neurocorex.spec.registers import MODULATION_ONE

from ..lib.arithmetic import saturate
from ..lib.delay import stages
from ..lib.memory import BLOCK_RAM, block_memory


def change_lanes(config: CoreConfig) -> data.ArrayLayout:
    """One change for each lane."""
    return data.ArrayLayout(signed(config.change_bits), config.lanes)


class Modulation(wiring.Component):
    """``sat_C(floor(value * MODULATION / 256))``.

    Members
    -------
    value, modulation : In
        Stage 0.
    modulated : Out
        Stage `LATENCY`.
    """

    LATENCY = 2

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        super().__init__({
            "value": In(signed(config.change_bits)),
            "modulation": In(signed(Control.MODULATION.bits(config))),
            "modulated": Out(signed(config.change_bits)),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the multiplier, with registers behind it."""
        m = Module()
        product = stages(m, self.value * self.modulation, 1, name="product")[1]
        fraction = MODULATION_ONE.bit_length() - 1
        m.d.sync += self.modulated.eq(saturate((product >> fraction).as_signed(), self._config.change_bits)[0])
        return m


class TableChange(wiring.Component):
    """Change for a window of spikes: ``P = sat_C(floor(table[trace] * MODULATION / 256))``.

    Members
    -------
    trace, modulation : In
        Stage 0.
    change : Out
        Stage `LATENCY`.
    host_read, host_write, host_index, host_data : In
        Access to the table.
    host_answer : Out
        The entry, two cycles after `host_read`.
    """

    LATENCY = 2 + Modulation.LATENCY

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        change = signed(config.change_bits)
        super().__init__({
            "trace": In(config.window_steps),
            "modulation": In(signed(Control.MODULATION.bits(config))),
            "change": Out(change),
            "host_read": In(1),
            "host_write": In(1),
            "host_index": In(config.window_steps),
            "host_data": In(change),
            "host_answer": Out(change),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the table, and the multiplier behind it."""
        m = Module()
        m.submodules.modulation = modulation = Modulation(self._config)
        m.submodules.table = table = block_memory(signed(self._config.change_bits), 1 << self._config.window_steps)
        read, write = table.read_port(), table.write_port()
        entry = stages(m, read.data, 1, name="entry")[1]
        m.d.comb += read.addr.eq(self.trace)
        with m.If(self.host_read):
            m.d.comb += read.addr.eq(self.host_index)
        m.d.comb += [
            write.en.eq(self.host_write),
            write.addr.eq(self.host_index),
            write.data.eq(self.host_data),
            self.host_answer.eq(entry),
            modulation.value.eq(entry),
            modulation.modulation.eq(self.modulation),
            self.change.eq(modulation.modulated),
        ]
        return m


def cause_bits(config: CoreConfig) -> int:
    """Width of the cause of a change that is kept for each axon and neuron.

    For an exponential trace, that is the trace itself: with a multiplier in each lane the change needs no more room.
    """
    return config.trace_bits if config.learning is Learning.EXPONENTIAL else config.change_bits


def cause_lanes(config: CoreConfig) -> data.ArrayLayout:
    """One cause of a change for each lane."""
    return data.ArrayLayout(cause_bits(config), config.lanes)


class LaneChange(wiring.Component):
    """Changes for exponential traces: ``P = floor(trace * rate / 2^T)``, in each lane.

    Members
    -------
    traces, rate : In
        Stage 0; the rate is modulated.
    changes : Out
        Stage `LATENCY`.
    """

    LATENCY = 1

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        super().__init__({
            "traces": In(cause_lanes(config)),
            "rate": In(signed(config.change_bits)),
            "changes": Out(change_lanes(config)),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the multipliers, with registers behind them."""
        m = Module()
        for lane in range(self._config.lanes):
            product = stages(m, self.traces[lane] * self.rate, self.LATENCY, name=f"product_{lane}")[-1]
            m.d.comb += self.changes[lane].eq(product >> self._config.trace_bits)
        return m


class CauseBlocks(wiring.Component):
    """Causes of changes, written one by one and read L at a time, as rows and columns need them.

    A memory of few and wide words: it wastes block RAM, but takes many LUTs.

    Parameters
    ----------
    blocks : int
        How many blocks of L there are.
    block_ram : bool
        Whether it goes to block RAM also if it has few words and there is memory in LUTs.

    Members
    -------
    write, write_index, write_data : In
        Store a cause.
    block : In
        Number of a block.
    causes : Out
        Its causes, by lane, a cycle later.
    """

    def __init__(self, config: CoreConfig, blocks: int, *, block_ram: bool = False) -> None:
        self._config = config
        self._blocks = blocks
        self._attrs = BLOCK_RAM if block_ram or blocks > LUT_RAM_WORDS else {}
        super().__init__({
            "write": In(1),
            "write_index": In(range(blocks * config.lanes)),
            "write_data": In(cause_bits(config)),
            "block": In(range(blocks)),
            "causes": Out(cause_lanes(config)),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the memory."""
        m = Module()
        lanes = self._config.lanes
        bits = lanes.bit_length() - 1
        memory = Memory(shape=cause_lanes(self._config), depth=max(2, self._blocks), init=[], attrs=self._attrs)
        m.submodules.memory = memory
        read, write = memory.read_port(), memory.write_port(granularity=1)
        lane = Signal(bits)
        m.d.comb += [
            lane.eq(self.write_index[:bits]),
            write.addr.eq(self.write_index[bits:]),
            write.en.eq(self.write << lane),
            *(write.data[place].eq(self.write_data) for place in range(lanes)),
            read.addr.eq(self.block),
            self.causes.eq(read.data),
        ]
        return m

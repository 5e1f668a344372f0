"""STDP rule: weight change P from a trace, its rate or table, and the modulation."""

from amaranth.hdl import Const, Module, Mux, ShapeLike, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out
from neurocorex.spec import Control, CoreConfig, Learning, Region
from neurocorex.spec.config import TABLE_STEPS
from neurocorex.spec.memories import LUT_RAM_WORDS
from neurocorex.spec.registers import MODULATION_ONE
from neurocorex.spec.rows import has_factors

from ..lib.arithmetic import saturate
from ..lib.delay import stages
from ..lib.memory import BLOCK_RAM, block_memory
from ..registers.region import region_shape
from ..synapses.update import amount_layout
from .held import held_change, held_members

#: Bits behind the point of the product of a rate and an error.
ERROR_FRACTION = 8


def amount_lanes(config: CoreConfig) -> data.ArrayLayout:
    """One change amount for each lane."""
    return data.ArrayLayout(amount_layout(config), config.lanes)


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


class ErrorRate(wiring.Component):
    """Rate of the changes of a column: ``sat_C(floor(rate * error / 256))`` where errors teach, else `rate`.

    Members
    -------
    rate, teaches : In
        Modulated rate, and whether errors teach. They stay.
    error : In
        Error of the neuron of a column, at stage 0.
    scaled : Out
        Rate of that column, at stage `LATENCY`.
    """

    LATENCY = 2

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        super().__init__({
            "rate": In(signed(config.change_bits)),
            "teaches": In(1),
            "error": In(region_shape(Region.ERROR, config)),
            "scaled": Out(signed(config.change_bits)),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the multiplier, with registers behind it."""
        m = Module()
        product = stages(m, self.rate * self.error, 1, name="product")[1]
        scaled, _ = saturate((product >> ERROR_FRACTION).as_signed(), self._config.change_bits)
        m.d.sync += self.scaled.eq(Mux(self.teaches, scaled, self.rate))
        return m


class TableChange(wiring.Component):
    """Change for a window of spikes: ``P = sat_C(floor(entry(trace) * MODULATION / 256))``.

    A window of many steps is looked up in two memories: one for its last `TABLE_STEPS`, one for those before. Both
    entries are added, and clamped to C bits.

    Members
    -------
    trace, modulation : In
        Stage 0.
    change : Out
        Stage ``latency(config)``.
    host_read, host_write, host_index, host_data : In
        Access to the table; the second part follows the first.
    host_answer : Out
        The entry, two cycles after `host_read`.
    """

    @staticmethod
    def latency(config: CoreConfig) -> int:
        """Cycles from a window to the change; a sum takes one of them."""
        return 1 + len(config.table_parts) + Modulation.LATENCY

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        change = signed(config.change_bits)
        super().__init__({
            "trace": In(config.window_steps),
            "modulation": In(signed(Control.MODULATION.bits(config))),
            "change": Out(change),
            "host_read": In(1),
            "host_write": In(1),
            "host_index": In(range(sum(config.table_parts))),
            "host_data": In(change),
            "host_answer": Out(change),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the parts of the table, and the multiplier behind them."""
        m = Module()
        bits, early = self._config.change_bits, min(self._config.window_steps, TABLE_STEPS)
        m.submodules.modulation = modulation = Modulation(self._config)
        indices = (self.trace[:early], self.trace[early:])
        # The number of an item tells its part by the bit above the first one.
        before = self.host_index[early:].any() if len(self.host_index) > early else Const(0)
        chosen = (~before, before)
        entries = []
        names = ("table", "table_before")
        for items, name, index, addressed in zip(self._config.table_parts, names, indices, chosen, strict=False):
            m.submodules[name] = table = block_memory(signed(bits), items)
            read, write = table.read_port(), table.write_port()
            m.d.comb += [
                read.addr.eq(Mux(self.host_read, self.host_index[:early], index)),
                write.en.eq(self.host_write & addressed),
                write.addr.eq(self.host_index[:early]),
                write.data.eq(self.host_data),
            ]
            entries.append(stages(m, read.data, 1, name=f"{name}_entry")[1])
        m.d.comb += [self.host_answer.eq(entries[0]), modulation.value.eq(entries[0])]
        if len(entries) > 1:
            total = Signal(signed(bits), reset_less=True)
            m.d.sync += total.eq(saturate(entries[0] + entries[1], bits)[0])
            m.d.comb += [self.host_answer.eq(Mux(before, entries[1], entries[0])), modulation.value.eq(total)]
        m.d.comb += [modulation.modulation.eq(self.modulation), self.change.eq(modulation.modulated)]
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
    """Changes for exponential traces: ``P = floor((trace * rate + 2^(T-1)) / 2^T)``, in each lane.

    In a walk for a reward the same multipliers give ``P = sat_C(eligibility * REWARD)``, and in scaling
    ``P = sat_C(floor(weight * K / 16))``.

    Members
    -------
    traces, rate : In
        Stage 0; the rate is modulated.
    held, factor, multiplies, scales : In
        Stage 0, see `held_members`.
    amounts : Out
        Stage ``latency(config)``. The highest bit below the point tells whether P is rounded up.
    """

    @classmethod
    def latency(cls, config: CoreConfig) -> int:
        """Cycles from a trace to the change."""
        return 1 + has_factors(config)

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        super().__init__({
            "traces": In(cause_lanes(config)),
            "rate": In(signed(config.change_bits)),
            "amounts": Out(amount_lanes(config)),
            **held_members(config),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the multipliers, with registers behind them."""
        m = Module()
        config = self._config
        rate = Mux(self.multiplies, self.factor, self.rate) if has_factors(config) else self.rate
        for lane in range(config.lanes):
            cause = self.traces[lane]
            if has_factors(config):
                cause = Mux(self.multiplies, self.held[lane], cause)
            product = stages(m, cause * rate, 1, name=f"product_{lane}")[-1]
            floor, half = product >> config.trace_bits, product[config.trace_bits - 1]
            if has_factors(config):
                chosen = Signal(amount_layout(config), name=f"chosen_{lane}", reset_less=True)
                m.d.sync += [
                    chosen.floor.eq(Mux(self.multiplies, held_change(self, product, config), floor)),
                    chosen.half.eq(half & ~self.multiplies),
                ]
                floor, half = chosen.floor, chosen.half
            m.d.comb += [self.amounts[lane].floor.eq(floor), self.amounts[lane].half.eq(half)]
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
    shape : ShapeLike, optional
        Format of what is kept, where it is more than a cause.

    Members
    -------
    write, write_index, write_data : In
        Store a cause.
    block : In
        Number of a block.
    causes : Out
        Its causes, by lane, a cycle later.
    """

    def __init__(
        self, config: CoreConfig, blocks: int, *, block_ram: bool = False, shape: ShapeLike | None = None
    ) -> None:
        self._config = config
        self._blocks = blocks
        self._shape = data.ArrayLayout(cause_bits(config) if shape is None else shape, config.lanes)
        self._attrs = BLOCK_RAM if block_ram or blocks > LUT_RAM_WORDS else {}
        super().__init__({
            "write": In(1),
            "write_index": In(range(blocks * config.lanes)),
            "write_data": In(self._shape.elem_shape),
            "block": In(range(blocks)),
            "causes": Out(self._shape),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the memory."""
        m = Module()
        lanes = self._config.lanes
        bits = lanes.bit_length() - 1
        memory = Memory(shape=self._shape, depth=max(2, self._blocks), init=[], attrs=self._attrs)
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

"""From arriving axons to the sums of their weights."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import CoreConfig, Region
from neurocorex.spec.timing import row_cycles

from .accumulator import Accumulators, group_bits, sum_shape
from .arithmetic import times
from .bus import RegionBus
from .pipeline import stages
from .regions import TARGET_LATENCY
from .sweep import slot_layout
from .weights import Rotator, WeightBanks, lane_bits, weight_lanes


def row_layout(config: CoreConfig) -> data.StructLayout:
    """Return the layout of an axon that arrives: its row of the weights, and which of the two sums it goes to."""
    return data.StructLayout({"axon": (config.axons - 1).bit_length(), "recurrent": 1})


class RowWalk(wiring.Component):
    """Takes an axon and walks along its row, a group of L neurons a cycle.

    Rows follow each other without a gap. A row shorter than the pipeline of the accumulators waits at its end, so that
    the next one does not read a sum before it has been written: each row takes `row_cycles` cycles.

    Members
    -------
    rows : In(stream)
        Arriving axons; ready in the last cycle of a row.
    valid : Out(1)
        A word of weights is wanted.
    word, group, row : Out
        Its address in the banks, the group of neurons it is for, and the axon.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        super().__init__({
            "rows": In(stream.Signature(row_layout(config))),
            "valid": Out(1),
            "word": Out(range(config.weight_words)),
            "group": Out(group_bits(config)),
            "row": Out(row_layout(config)),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the counter along the row."""
        m = Module()
        cycles = row_cycles(self._config)
        active, position = Signal(), Signal(range(cycles))
        m.d.comb += [
            self.rows.ready.eq(~active | (position == cycles - 1)),
            self.valid.eq(active & (position < self._config.groups)),
            self.group.eq(position),
        ]
        with m.If(self.rows.ready):
            m.d.sync += [active.eq(self.rows.valid), position.eq(0)]
            m.d.sync += [self.row.eq(self.rows.payload), self.word.eq(self.rows.payload.axon)]
        with m.Else():
            m.d.sync += [position.eq(position + 1), self.word.eq(self.word + self._config.axon_stride)]
        return m


class SynapseArray(wiring.Component):
    """The weights, and for each neuron the two sums of those that have arrived.

    ::

        rows -> RowWalk -> WeightBanks -> Rotator -> Accumulators -> sums
                   1           2, 3           4           4

    The numbers are the cycles after an axon was accepted in which its first weights are at the output of a component;
    its sums are written at the end of cycle 4, those of the last group ``groups - 1`` later.

    Members
    -------
    rows : In(stream)
        Arriving axons, each `row_cycles` cycles.
    slot : In
        Neuron that enters the pipeline. Its sums are taken, that is, they are zero afterwards. The first neuron of a
        sweep may come 2 cycles after the first one in which `rows` is ready again.
    input_sum, recurrent_sum : Out
        The sums of a neuron, 3 and 4 cycles after it was in the slot.
    bus : In(RegionBus)
        `Region.WEIGHTS`. Answers after `BUS_LATENCY` cycles, one more than other targets, because it works out an
        address first: it is to be given requests a cycle earlier.
    """

    BUS_LATENCY = TARGET_LATENCY + 1

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        super().__init__({
            "rows": In(stream.Signature(row_layout(config))),
            "slot": In(slot_layout(config)),
            "input_sum": Out(sum_shape(config)),
            "recurrent_sum": Out(sum_shape(config)),
            "bus": In(RegionBus()),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Join the components by the registers between them."""
        m = Module()
        config = self._config
        m.submodules.walk = walk = RowWalk(config)
        m.submodules.banks = banks = WeightBanks(config)
        m.submodules.rotator = rotator = Rotator(config)
        m.submodules.accumulators = accumulators = Accumulators(config)
        wiring.connect(m, wiring.flipped(self.rows), walk.rows)
        m.d.comb += banks.address.eq(walk.word)

        # Block RAM is slow to answer: its weights are registered before they are rotated. A row uses them two cycles
        # after it was given their address, and they must be zero when none does.
        fetched = Signal(weight_lanes(config), reset_less=True)
        used = stages(m, walk.valid, 2, name="used", reset_less=False)
        axon = stages(m, walk.row.axon, 2, name="axon")
        m.d.sync += [
            accumulators.add.eq(walk.valid),
            accumulators.add_group.eq(walk.group),
            accumulators.add_recurrent.eq(walk.row.recurrent),
            fetched.eq(banks.weights),
            accumulators.weights.eq(Mux(used[-1], rotator.lanes.as_value(), 0)),
        ]
        m.d.comb += [rotator.banks.eq(fetched), rotator.amount.eq(axon[-1])]
        self._serve(m, banks, fetched)

        m.d.comb += [accumulators.take.eq(self.slot.valid), accumulators.take_index.eq(self.slot.index)]
        m.d.comb += [self.input_sum.eq(accumulators.input_sum), self.recurrent_sum.eq(accumulators.recurrent_sum)]
        return m

    def _serve(self, m: Module, banks: WeightBanks, fetched: data.View) -> None:
        """Let the bus reach single weights."""
        config, bus, lanes = self._config, self.bus, lane_bits(self._config)
        selected = bus.region == Region.WEIGHTS
        word, bank = Signal(range(config.weight_words)), Signal(lanes)
        reading = stages(m, bus.read & selected, self.BUS_LATENCY, name="reading", reset_less=False)
        writing = stages(m, bus.write & selected, 1, name="writing", reset_less=False)
        banks_read = stages(m, bank, self.BUS_LATENCY - 1, name="bank")
        m.d.sync += [
            word.eq(times(bus.column[lanes:], config.axon_stride) + bus.row),
            bank.eq(bus.row + bus.column),
            banks.write_data.eq(bus.write_data),
        ]
        with m.If(reading[1] | writing[1]):
            m.d.comb += banks.address.eq(word)
        m.d.comb += banks.write.eq(writing[1] << bank)
        m.d.comb += bus.read_data.eq(Mux(reading[-1], fetched[banks_read[-1]], 0))

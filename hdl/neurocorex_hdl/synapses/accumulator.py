"""Accumulators: for each neuron the sums of the weights that have arrived in this step, one for each kind."""

from amaranth.hdl import Cat, Const, Module, Mux, Shape, Signal, signed
from amaranth.lib import data, enum, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out
from neurocorex.spec import CoreConfig
from neurocorex.spec.memories import LUT_RAM_WORDS
from neurocorex.spec.timing import ROW_PIPELINE

from ..lib.delay import sparse_stages, stages
from ..lib.memory import BLOCK_RAM
from ..registers.extent import neuron_bits
from .banks import lane_bits, weight_lanes


def group_bits(config: CoreConfig) -> int:
    """Width of the number of a group of L neurons; at least one bit."""
    return max(1, (config.neuron_blocks - 1).bit_length())


def sum_shape(config: CoreConfig) -> Shape:
    """Return the format of a sum, wide enough for all weights of a column."""
    return signed(config.accumulator_bits)


class SumKind(enum.Enum):
    """What a sum adds up."""

    INPUT = 0
    """Weights of input axons."""
    RECURRENT = 1
    """Weights of all other axons."""
    ERROR = 2
    """Weights of feedback axons, which are errors."""


def sum_kinds(config: CoreConfig) -> tuple[SumKind, ...]:
    """Return the kinds of sums that a neuron has."""
    return tuple(SumKind) if config.errors else (SumKind.INPUT, SumKind.RECURRENT)


def kind_bits(config: CoreConfig) -> int:
    """Width of a kind of sums."""
    return (len(sum_kinds(config)) - 1).bit_length()


class Sums(wiring.Signature):
    """The sums of a neuron, seen from the sweep that takes them. They are zero afterwards, unless they are kept.

    Members
    -------
    take, index : Out
        Stage 0: the neuron whose sums are wanted. They come in rising order, and no row is on its way meanwhile.
    keep : Out(1)
        Level, while a sweep passes: sums stay as they are; only with groups.
    input_sum : In
        Stage 3.
    recurrent_sum : In
        Stage 4.
    error_sum : In
        Stage 5; only with errors.
    """

    def __init__(self, config: CoreConfig) -> None:
        super().__init__({
            "take": Out(1),
            "index": Out(neuron_bits(config)),
            "input_sum": In(sum_shape(config)),
            "recurrent_sum": In(sum_shape(config)),
            **({"error_sum": In(sum_shape(config))} if config.errors else {}),
            **({"keep": Out(1)} if config.groups else {}),
        })  # fmt: skip


class Accumulators(wiring.Component):
    """Two sums for each neuron, one over input axons and one over recurrent ones, since their gains differ.

    With errors there is a third one, over feedback axons. One memory holds them, L neurons wide: the words of a group
    follow each other, in the order of `SumKind`, from word ``2 * group`` on, or ``4 * group`` with errors. Every word
    that is read at one stage is written two stages later (between two uses of the same word are at least `ROW_PIPELINE`
    cycles): with weights added if a row arrives, and with zero if a sweep takes it, or as it is if that keeps it.

    A sweep reads the words of a group in a cycle each, while its first neurons pass, and holds them for the others.
    With a single lane it therefore takes a neuron every other cycle only; errors need more lanes than two.

    Members
    -------
    add, add_group, add_kind : In
        Stage 0 of a row: group and kind of the sums to which weights come.
    weights : In
        Stage 2 of a row: the weights, by lane; zero while no row is there.
    sums : In(Sums)
        Sums that a sweep takes.
    """

    #: Stages from reading a word to writing it.
    WRITE_STAGE = ROW_PIPELINE - 1

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        self._word = data.ArrayLayout(sum_shape(config), config.lanes)
        super().__init__({
            "add": In(1),
            "add_group": In(group_bits(config)),
            "add_kind": In(kind_bits(config)),
            "weights": In(weight_lanes(config)),
            "sums": In(Sums(config)),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the memory and its adders."""
        m = Module()
        config = self._config
        # Lanes that learn leave no room for wide memory in LUTs.
        depth = config.neuron_blocks << kind_bits(config)
        attrs = BLOCK_RAM if config.learning or depth > LUT_RAM_WORDS else {}
        m.submodules.memory = memory = Memory(shape=self._word, depth=depth, init=[], attrs=attrs)
        read, write = memory.read_port(), memory.write_port()
        adding, operand = Signal(), Signal(self._word, reset_less=True)
        m.d.comb += read.en.eq(self.add)
        m.d.comb += read.addr.eq(Cat(self.add_kind, self.add_group))
        (self._hand_on if config.lanes == 1 else self._take)(m, read)

        addresses = stages(m, read.addr, self.WRITE_STAGE, name="address")
        active = stages(m, read.en, self.WRITE_STAGE, name="active", reset_less=False)
        m.d.sync += adding.eq(self.add)
        stays = adding | self.sums.keep if config.groups else adding
        m.d.sync += operand.eq(Mux(stays, read.data.as_value(), 0))
        m.d.comb += [write.addr.eq(addresses[-1]), write.en.eq(active[-1])]
        m.d.comb += [write.data[lane].eq(operand[lane] + self.weights[lane]) for lane in range(config.lanes)]
        return m

    def _take(self, m: Module, read: wiring.PureInterface) -> None:
        """Read the words of a group when its first neuron comes, and pick the sums of each neuron out of them."""
        lanes, kinds, bits = lane_bits(self._config), len(sum_kinds(self._config)), kind_bits(self._config)
        lane, group, begins = Signal(lanes), Signal(group_bits(self._config)), Signal()
        m.d.comb += [
            lane.eq(self.sums.index[:lanes]),
            group.eq(self.sums.index[lanes:]),
            begins.eq(self.sums.take & (lane == 0)),
        ]
        begun = stages(m, begins, kinds, name="begun", reset_less=False)
        groups = stages(m, group, kinds - 1, name="group")
        for kind in range(kinds):
            with m.If(begun[kind]):
                m.d.comb += [read.en.eq(1), read.addr.eq(Cat(Const(kind, bits), groups[kind]))]

        taken = stages(m, lane, kinds + 1, name="lane")
        for kind in sum_kinds(self._config):
            name, stage = kind.name.lower(), kind.value + 1
            word = Signal(self._word, name=f"{name}_word", reset_less=True)
            with m.If(begun[stage]):
                m.d.sync += word.eq(read.data)
            m.d.sync += getattr(self.sums, f"{name}_sum").eq(word[taken[stage + 1]])

    def _hand_on(self, m: Module, read: wiring.PureInterface) -> None:
        """Read the sums of a neuron just in time: with a single lane there is nothing to pick or to hold."""
        valid = stages(m, self.sums.take, 3, name="taken", reset_less=False)
        indices = sparse_stages(m, self.sums.index, valid, 3, name="index")
        for kind, stage in ((0, 2), (1, 3)):
            with m.If(valid[stage]):
                m.d.comb += [read.en.eq(1), read.addr.eq(Cat(kind, indices[stage]))]
        m.d.comb += [self.sums.input_sum.eq(read.data), self.sums.recurrent_sum.eq(read.data)]

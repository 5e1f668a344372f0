"""Where the weights are kept, and how they come back into the order of the neurons."""

from amaranth.hdl import Module, Mux, signed
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out
from neurocorex.spec import CoreConfig

from .regions import BLOCK_RAM


def lane_bits(config: CoreConfig) -> int:
    """Width of the number of a lane; 0 for a single lane."""
    return config.lanes.bit_length() - 1


def weight_lanes(config: CoreConfig) -> data.ArrayLayout:
    """One weight for each lane, or from each bank."""
    return data.ArrayLayout(signed(config.weight_bits), config.lanes)


class WeightBanks(wiring.Component):
    """L memories, one weight of each a cycle.

    The weight of axon a to neuron j is in bank ``(a + j) mod L`` at word ``(j // L) * axon_stride + a``. A piece of a
    row (an axon, L neighbouring neurons) and one of a column (a neuron, L neighbouring axons) thus both meet every bank
    exactly once. A row has one address in all banks, a column the same high bits.

    Members
    -------
    address : In
        Word, of all banks.
    weights : Out
        The weights there, by bank, one cycle later.
    write : In(L)
        Banks that store `write_data` at `address`.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        super().__init__({
            "address": In(range(config.weight_words)),
            "weights": Out(weight_lanes(config)),
            "write": In(config.lanes),
            "write_data": In(signed(config.weight_bits)),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the banks."""
        m = Module()
        for bank in range(self._config.lanes):
            depth = max(2, self._config.weight_words)
            memory = Memory(shape=signed(self._config.weight_bits), depth=depth, init=[], attrs=BLOCK_RAM)
            m.submodules[f"bank_{bank}"] = memory
            read, write = memory.read_port(), memory.write_port()
            m.d.comb += [
                read.addr.eq(self.address),
                self.weights[bank].eq(read.data),
                write.addr.eq(self.address),
                write.data.eq(self.write_data),
                write.en.eq(self.write[bank]),
            ]
        return m


class Rotator(wiring.Component):
    """Brings what the banks hold into the order of the lanes: ``lanes[k] = banks[(k + amount) mod L]``.

    Combinational, a layer of multiplexers for each bit of the amount.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        super().__init__({
            "banks": In(weight_lanes(config)),
            "amount": In(lane_bits(config)),
            "lanes": Out(weight_lanes(config)),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the layers."""
        m = Module()
        count = self._config.lanes
        row = [self.banks[bank] for bank in range(count)]
        for bit in range(lane_bits(self._config)):
            row = [Mux(self.amount[bit], row[(lane + (1 << bit)) % count], row[lane]) for lane in range(count)]
        m.d.comb += [self.lanes[lane].eq(row[lane]) for lane in range(count)]
        return m

"""Weights in memories that have a single port."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In
from neurocorex.spec import CoreConfig

from ..lib.packing import LARGE_RAM
from .banks import BankAccess, bank_address, lane_bits, place_layout, synapse_layout


class SinglePortBanks(wiring.Component):
    """The memories of the weights, each of which is either read or written in a cycle.

    What is to be written waits while something is read. On chips that learn, that is no more often than every other
    cycle, so that a cycle is all the waiting, and what follows finds the way free.

    Large memories begin with anything in them. So they are cleared after power-up and reset, a word of all banks a
    cycle.

    Members
    -------
    access : In(BankAccess)
        See there.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        super().__init__({"access": In(BankAccess(config))})

    def elaborate(self, platform: object) -> Module:
        """Build the banks, and what clears them."""
        m = Module()
        config, access = self._config, self.access
        place = Signal(place_layout(config))
        depth = max(2, config.weight_words)
        left, done = Signal(range(depth), init=depth - 1), Signal()
        with m.If(~done):
            m.d.sync += [left.eq(left - 1), done.eq(left == 0)]
        # A place in a row has the address ``word * L + turn``, which the counter gives to all banks.
        m.d.comb += [access.clearing.eq(~done), access.waits.eq(access.read & access.write.any())]
        with m.If(~done):
            m.d.comb += [place.turn.eq(left[: lane_bits(config)]), place.word.eq(left[lane_bits(config) :])]
        with m.Else():
            m.d.comb += place.eq(Mux(access.read, access.place.as_value(), access.write_place.as_value()))
        for bank in range(config.lanes):
            memory = Memory(shape=synapse_layout(config), depth=depth, init=[], attrs=LARGE_RAM)
            m.submodules[f"bank_{bank}"] = memory
            read, write = memory.read_port(), memory.write_port()
            m.d.comb += [
                read.addr.eq(bank_address(place, bank)),
                read.en.eq(~write.en),
                access.synapses[bank].eq(read.data),
                write.addr.eq(read.addr),
                write.data.eq(Mux(done, access.write_synapses[bank].as_value(), 0)),
                write.en.eq(~done | (access.write[bank] & ~access.read)),
            ]
        return m

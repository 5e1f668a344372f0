"""Weight banks in memories with a single port, such as the SPRAM of the iCE40 UP5K."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In
from neurocorex.spec import CoreConfig

from ..lib.memory import LARGE_RAM
from .banks import BankAccess, bank_address, place_at, place_layout, stored_layout


class SinglePortBanks(wiring.Component):
    """The memories of the weights, each of which is either read or written in a cycle.

    A write waits while a read takes place. Chips that learn read no more often than every other cycle, so a write waits
    one cycle at most, and the next one is not delayed.

    The content of large memories is undefined after power-up. So they are cleared then and after reset, a word of all
    banks a cycle.

    Members
    -------
    access : In(BankAccess)
        `waits` if a read and a write come together; `clearing` after reset.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        super().__init__({"access": In(BankAccess(config))})

    def elaborate(self, platform: object) -> Module:
        """Build the banks, and what clears them."""
        m = Module()
        config, access = self._config, self.access
        place, depth = Signal(place_layout(config)), max(2, config.weight_words)
        left, done = Signal(range(depth), init=depth - 1), Signal()
        with m.If(~done):
            m.d.sync += [left.eq(left - 1), done.eq(left == 0)]
        m.d.comb += [access.clearing.eq(~done), access.waits.eq(access.read & access.write.any())]
        with m.If(~done):
            m.d.comb += place.eq(place_at(left, config))
        with m.Else():
            m.d.comb += place.eq(Mux(access.read, access.place.as_value(), access.write_place.as_value()))
        for bank in range(config.lanes):
            memory = Memory(shape=stored_layout(config), depth=depth, init=[], attrs=LARGE_RAM)
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

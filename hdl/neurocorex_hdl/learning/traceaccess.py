"""Access of the bus to traces, and to the tables of windows."""

from amaranth.hdl import Module, Mux, Signal
from neurocorex.spec import CoreConfig, Learning, Region

from ..lib.bus import TARGET_LATENCY, RegionBus
from ..lib.delay import stages
from ..synapses.axons import AxonFinder, AxonKind
from .store import TraceStore, outer_index


def serve(m: Module, bus: RegionBus, stores: dict[str, TraceStore], config: CoreConfig) -> None:
    """Let the bus reach traces, and on a chip with windows their tables.

    Parameters
    ----------
    m : Module
        Gets the gates; its submodule ``{name}_table`` is the table of the store of that name.
    bus : RegionBus
        Answers after `TARGET_LATENCY` cycles. Strobes come at least a cycle later than the address.
    stores : dict of TraceStore
        Traces of input and extra axons (`outer`), recurrent axons (`inner`), and neurons (`post`).
    config : CoreConfig
        Geometry of the chip.
    """
    m.submodules.finder = finder = AxonFinder(config)
    # The address has been on the bus for a cycle when a strobe comes here.
    axon = Signal.like(finder.axon, reset_less=True)
    m.d.comb += finder.number.eq(bus.column)
    m.d.sync += axon.eq(finder.axon)
    inner = axon.kind == AxonKind.RECURRENT
    pre, post = bus.region == Region.PRE_TRACE, bus.region == Region.POST_TRACE
    places = {
        "outer": (stores["outer"], pre & ~inner, outer_index(axon, config)),
        "inner": (stores["inner"], pre & inner, axon.index),
        "post": (stores["post"], post, bus.column),
    }
    if config.learning is Learning.WINDOW:
        pre_table = bus.region == Region.PRE_TABLE
        for name, table in (("outer", pre_table), ("inner", pre_table), ("post", bus.region == Region.POST_TABLE)):
            places[f"{name}_table"] = (m.submodules[f"{name}_table"], table, bus.column)
    answers = []
    for name, (target, selected, index) in places.items():
        m.d.comb += [
            target.host_read.eq(bus.read & selected),
            target.host_write.eq(bus.write & selected),
            target.host_index.eq(index),
            target.host_data.eq(bus.write_data),
        ]
        if name != "inner_table":
            reading = stages(m, target.host_read, TARGET_LATENCY, name=f"reading_{name}")[-1]
            answers.append(Mux(reading, target.host_answer, 0))
    for answer in answers[1:]:
        answers[0] = answers[0] | answer
    m.d.comb += bus.read_data.eq(answers[0])

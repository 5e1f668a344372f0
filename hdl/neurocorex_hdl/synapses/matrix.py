"""Weight matrix: L synapses a cycle for the lanes, single ones for the host, changed ones back into the banks."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import Control, CoreConfig, Region

from ..lib.arithmetic import saturate, times
from ..lib.bus import TARGET_LATENCY, RegionBus
from ..lib.delay import sparse_stages, stages
from .axons import AxonFinder, AxonRow
from .banks import BankAccess, Rotator, WeightBanks, lane_bits, place_layout, synapse_lanes, synapse_layout
from .singleport import SinglePortBanks
from .update import SynapseUpdate, changed_layout


class Lanes(wiring.Signature):
    """Synapses by lane on their way to updates and back, seen from the matrix.

    Members
    -------
    synapses : Out
        Synapses that have been read, with effective weights; zero if none were read.
    changes : In
        Synapses to be stored, `SynapseUpdate.latency` cycles later; only with a learning engine, as the rest.
    host, host_weight : Out
        A weight that the host stores, to be given back a cycle later in the `changes` of all lanes.
    """

    def __init__(self, config: CoreConfig) -> None:
        learning = {
            "changes": In(data.ArrayLayout(changed_layout(config), config.lanes)),
            "host": Out(1),
            "host_weight": Out(signed(config.weight_bits)),
        }  # fmt: skip
        super().__init__({"synapses": Out(synapse_lanes(config)), **(learning if config.learning else {})})


class WeightMatrix(wiring.Component):
    """The weights: L of them are read in a cycle, in the order of the lanes, and come back changed.

    ::

        place -> WeightBanks -> Rotator -> fetched -> effective, Rotator -> synapses
          0           1                       2                                3
                 WeightBanks <- written <-------- Rotator, back <---------- changes
                      ^            8                                           7

    Block RAM is slow to answer, and so is the drift: each leaves time for a part of the rotation.
    The numbers are stages, for hard bounds. The host's words go the same way: to change a weight and keep the flag
    beside it, or the other way round, the word is read, and when it has been chosen among those `fetched` it goes by
    the last stage of the lanes to be `written`. For these 5 cycles the bus stays as it is.

    Members
    -------
    read, place : In
        A piece is wanted, at stage 0. The bus takes precedence, but is at rest while pieces are read.
    lanes : Out(Lanes)
        Synapses of the piece, at stage `LATENCY`. Weights are ``w = sat_W(stored + DRIFT)`` where plastic, ``stored``
        elsewhere. Changes come at stage ``LATENCY + SynapseUpdate.latency``.
    clearing : Out(1)
        Weights cannot be used yet.
    drift : In
        `Control.DRIFT`; only with a learning engine.
    bus : In(RegionBus)
        `Region.WEIGHTS` and `Region.PLASTIC`. Answers after `BUS_LATENCY` cycles, two more than other targets, because
        it works out an address first, and chooses among many banks.
    """

    LATENCY = 3
    #: Bits of the turn by which what block RAM gives is rotated at once; the rest follows a stage later.
    EARLY_BITS = 1
    BUS_LATENCY = TARGET_LATENCY + 2

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        super().__init__({
            "read": In(1),
            "place": In(place_layout(config)),
            "lanes": Out(Lanes(config)),
            "clearing": Out(1),
            "bus": In(RegionBus()),
            **({"drift": In(signed(Control.DRIFT.bits(config)))} if config.learning else {}),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the way from the banks to the lanes; those of the bus and of changes follow."""
        m = Module()
        config = self._config
        m.submodules.banks = memories = (WeightBanks if config.weight_ports == 2 else SinglePortBanks)(config)
        banks = memories.access
        lanes, early = lane_bits(config), min(self.EARLY_BITS, lane_bits(config))
        m.submodules.begin = begin = Rotator(config, synapse_layout(config), bits=range(early))
        m.submodules.finish = finish = Rotator(config, synapse_layout(config), bits=range(early, lanes))
        turns = stages(m, banks.place.turn, 2, name="turn")
        wanted = stages(m, self.read, 2, name="wanted", reset_less=False)
        fetched = Signal(synapse_lanes(config), reset_less=True)
        m.d.comb += [begin.amount.eq(turns[1]), finish.amount.eq(turns[2])]
        m.d.comb += [begin.given[bank].eq(banks.synapses[bank]) for bank in range(config.lanes)]
        m.d.comb += [finish.given[place].eq(self._effective(fetched[place])) for place in range(config.lanes)]
        m.d.sync += [
            fetched.eq(begin.turned.as_value()),
            self.lanes.synapses.eq(Mux(wanted[2], finish.turned.as_value(), 0)),
        ]
        self._serve(m, banks, fetched)
        return m

    def _effective(self, synapse: data.View) -> Value:
        """Add the drift to a plastic weight."""
        if not self._config.learning:
            return synapse.as_value()
        drifted, _ = saturate(synapse.weight + self.drift, self._config.weight_bits)
        return Cat(Mux(synapse.plastic, drifted, synapse.weight), synapse.plastic)

    def _serve(self, m: Module, banks: WeightBanks, fetched: data.View) -> None:
        """Let the bus reach single synapses."""
        config, bus, lanes = self._config, self.bus, lane_bits(self._config)
        m.submodules.finder = finder = AxonFinder(config)
        m.submodules.axon_row = axon_row = AxonRow(config)
        place, bank, word = Signal(place_layout(config)), Signal(lanes), Signal(synapse_layout(config))
        early = min(self.EARLY_BITS, lanes)
        found = Signal(lanes)  # where that bank's synapse is when it has been fetched
        m.d.comb += [finder.number.eq(bus.row), axon_row.axon.eq(finder.axon)]
        m.d.sync += [
            place.word.eq(times(bus.column[lanes:], config.axon_blocks) + axon_row.row[lanes:]),
            place.turn.eq(axon_row.row),
            bank.eq(axon_row.row + bus.column),
            found.eq(Cat(Const(0, early), axon_row.row[early:lanes]) + bus.column),
        ]
        weights, flags = bus.region == Region.WEIGHTS, (bus.region == Region.PLASTIC) & bool(config.learning)
        reading = stages(m, bus.read & (weights | flags), self.BUS_LATENCY, name="reading", reset_less=False)
        writing = stages(m, bus.write & (weights | flags), self.BUS_LATENCY, name="writing", reset_less=False)
        written = bus.write_data[: config.weight_bits]
        m.d.comb += [
            banks.read.eq(self.read | reading[1] | (writing[1] & bool(config.learning))),
            banks.place.eq(Mux(reading[1] | writing[1], place, self.place)),
            self.clearing.eq(banks.clearing),
        ]
        m.d.sync += word.eq(fetched[found])
        if not config.learning:
            m.d.comb += bus.read_data.eq(Mux(reading[-1], word.weight, 0))
            m.d.comb += [banks.write.eq(writing[1] << bank), banks.write_place.eq(place)]
            m.d.comb += [banks.write_synapses[lane].weight.eq(written) for lane in range(config.lanes)]
            return
        m.d.comb += bus.read_data.eq(Mux(reading[-1], Mux(flags, word.plastic, word.weight), 0))
        m.d.comb += [self.lanes.host.eq(writing[-1]), self.lanes.host_weight.eq(Mux(flags, word.weight, written))]
        host_plastic = stages(m, Mux(flags, written[0], word.plastic), 1, name="host_plastic")[-1]
        from_host = stages(m, writing[-1], 1, name="from_host", reset_less=False)[-1]
        self._store(m, banks, from_host, place, from_host << bank, host_plastic)

    def _store(
        self, m: Module, banks: BankAccess, from_host: Value, host_place: data.View, host_banks: Value, plastic: Value
    ) -> None:
        """Write changes and what the host stores, by the same registers."""
        config = self._config
        stage = self.LATENCY + SynapseUpdate.latency(config)
        wanted = stages(m, self.read, stage - 1, name="wanted", reset_less=False)
        if config.weight_ports == 1:
            places = sparse_stages(m, banks.place, wanted, stage, name="place")
        else:
            places = stages(m, banks.place, stage, name="place")
        m.submodules.back = back = Rotator(config, changed_layout(config), back=True)
        m.d.comb += back.amount.eq(places[stage].turn)
        m.d.comb += [back.given[lane].eq(self.lanes.changes[lane]) for lane in range(config.lanes)]
        with m.If(~banks.waits):
            m.d.sync += banks.write_place.eq(Mux(from_host, host_place, places[stage]))
            for bank in range(config.lanes):
                change = data.View(changed_layout(config), back.turned[bank])
                m.d.sync += [
                    banks.write[bank].eq(Mux(from_host, host_banks[bank], change.changed)),
                    # A weight that has changed was plastic.
                    banks.write_synapses[bank].eq(Cat(change.weight, ~from_host | plastic)),
                ]

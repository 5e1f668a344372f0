"""Weight matrix: L synapses a cycle for the lanes, single ones for the host, changed ones back into the banks."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import CoreConfig, Region

from ..lib.arithmetic import saturate, times
from ..lib.bus import RegionBus, early_latency
from ..lib.delay import sparse_stages, stages
from .axons import AxonFinder, AxonRow
from .banks import (
    BankAccess,
    Rotator,
    WeightBanks,
    bank_latency,
    lane_bits,
    place_layout,
    stored_lanes,
    stored_layout,
    synapse_lanes,
    synapse_layout,
)
from .drift import Drift, drift_shape, drifts
from .singleport import SinglePortBanks
from .update import SynapseUpdate, changed_layout


class Lanes(wiring.Signature):
    """Synapses by lane on their way to updates and back, seen from the matrix.

    Members
    -------
    synapses : Out
        Synapses that have been read; zero if none were read.
    changes : In
        Synapses to be stored, `SynapseUpdate.latency` cycles later; only with a learning engine, as `host`.
    host, host_weight : Out
        A word that the host stores, to be given back a cycle later in the `changes` of all lanes.
    drift : Out
        The pending drift, which is taken off what is stored; only with windows.
    """

    def __init__(self, config: CoreConfig) -> None:
        learning = {
            "changes": In(data.ArrayLayout(changed_layout(config), config.lanes)),
            "host": Out(1),
            "host_weight": Out(signed(config.stored_weight_bits)),
        }  # fmt: skip
        drift = {"drift": Out(drift_shape(config))} if drifts(config) else {}
        super().__init__({"synapses": Out(synapse_lanes(config)), **(learning if config.learning else {}), **drift})


class DriftControl(wiring.Signature):
    """The drift of weights, seen from what controls it.

    Members
    -------
    step, enable, step_done : Out
    folding : In
        See `Drift`.
    """

    def __init__(self, config: CoreConfig) -> None:
        step = Out(signed(config.weight_bits))
        super().__init__({"step": step, "enable": Out(1), "step_done": Out(1), "folding": In(1)})


class WeightMatrix(wiring.Component):
    """The weights: L of them are read in a cycle, in the order of the lanes, and come back changed.

    ::

        place -> WeightBanks -> Rotator -> fetched -> effective, Rotator -> synapses
          0           1                       2                                3
                 WeightBanks <- written <-------- Rotator, back <---------- changes
                      ^            8                                           7

    Block RAM is slow to answer, and so is a pending drift: each leaves time for a part of the rotation.
    The numbers are stages, for hard bounds and windows; without a drift, changes come a stage earlier. With deep banks
    words come a stage later, and so does all that follows.
    The host's words go the same way: to change a weight and keep the flag beside it, or the other way round, the word
    is read, and when it has been chosen among those added up it goes by the last stage of the lanes to be `written`.
    Until then the bus stays as it is. Words that are folded are written when they have been added up.

    Members
    -------
    read, place : In
        A piece is wanted, at stage 0. The bus takes precedence, but is at rest while pieces are read.
    lanes : Out(Lanes)
        Synapses of the piece, at stage ``latency(config)``. Weights are ``sat_W(stored + pending)`` where plastic,
        ``stored`` elsewhere. Changes come `SynapseUpdate.latency` cycles later.
    clearing : Out(1)
        Weights cannot be used yet.
    drift : In(DriftControl)
        When weights drift; only with windows. Nothing is to be read while they are folded.
    bus : In(RegionBus)
        `Region.WEIGHTS`, `Region.PLASTIC` and `Region.ELIGIBILITY`. Answers after `early_latency` cycles, later than
        other targets, because it works out an address first, and chooses among many banks.
    """

    #: Bits of the turn by which what block RAM gives is rotated at once; the rest follows a stage later.
    EARLY_BITS = 1

    @classmethod
    def latency(cls, config: CoreConfig) -> int:
        """Cycles from a place to its synapses by lane."""
        return bank_latency(config) + 2

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        super().__init__({
            "read": In(1),
            "place": In(place_layout(config)),
            "lanes": Out(Lanes(config)),
            "clearing": Out(1),
            "bus": In(RegionBus()),
            **({"drift": In(DriftControl(config))} if drifts(config) else {}),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the way from the banks to the lanes; those of the bus and of changes follow."""
        m = Module()
        config = self._config
        m.submodules.banks = memories = (WeightBanks if config.weight_ports == 2 else SinglePortBanks)(config)
        banks = memories.access
        lanes, early = lane_bits(config), min(self.EARLY_BITS, lane_bits(config))
        m.submodules.begin = begin = Rotator(config, stored_layout(config), bits=range(early))
        m.submodules.finish = finish = Rotator(config, synapse_layout(config), bits=range(early, lanes))
        last = self.latency(config) - 1
        turns = stages(m, banks.place.turn, last, name="turn")
        wanted = stages(m, self.read, last, name="wanted", reset_less=False)
        fetched, acting = Signal(stored_lanes(config), reset_less=True), Signal(synapse_lanes(config))
        m.d.comb += [begin.amount.eq(turns[last - 1]), finish.amount.eq(turns[last])]
        m.d.comb += [begin.given[bank].eq(banks.synapses[bank]) for bank in range(config.lanes)]
        m.d.comb += [finish.given[place].eq(acting[place]) for place in range(config.lanes)]
        m.d.sync += [
            fetched.eq(begin.turned.as_value()),
            self.lanes.synapses.eq(Mux(wanted[last], finish.turned.as_value(), 0)),
        ]
        if not drifts(config):
            m.d.comb += acting.eq(fetched.as_value())
            self._serve(m, banks, acting, Const(0))
            return m
        m.submodules.drift = drift = Drift(config)
        m.d.comb += self.lanes.drift.eq(drift.pending)
        self._add(m, drift, fetched, acting)
        self._serve(m, banks, acting, drift.pending)
        self._fold(m, drift, banks, begin, acting)
        return m

    def _add(self, m: Module, drift: Drift, fetched: data.View, acting: data.View) -> None:
        """Add the pending drift to plastic weights."""
        bits = self._config.weight_bits
        for lane in range(self._config.lanes):
            weight, plastic = fetched[lane].weight, fetched[lane].plastic
            drifted, _ = saturate(weight + drift.pending, bits)
            m.d.comb += acting[lane].eq(Cat(Mux(plastic, drifted, weight[:bits].as_signed()), plastic))

    def _fold(self, m: Module, drift: Drift, banks: BankAccess, begin: Rotator, acting: data.View) -> None:
        """Write what has been added up to the banks."""
        m.d.comb += [
            drift.step.eq(self.drift.step),
            drift.enable.eq(self.drift.enable),
            drift.step_done.eq(self.drift.step_done),
            self.drift.folding.eq(drift.folding),
        ]
        with m.If(drift.folding):
            # Words stay in the order of the banks.
            m.d.comb += [banks.read.eq(drift.read), banks.place.eq(drift.place), begin.amount.eq(0)]
        with m.If(drift.write):
            m.d.sync += [
                banks.write.eq(drift.write.replicate(self._config.lanes)),
                banks.write_place.eq(drift.write_place),
            ]
            for bank in range(self._config.lanes):
                m.d.sync += [
                    banks.write_synapses[bank].weight.eq(acting[bank].weight),
                    banks.write_synapses[bank].plastic.eq(acting[bank].plastic),
                ]

    def _serve(self, m: Module, banks: BankAccess, acting: data.View, pending: Value) -> None:
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
        gathered = (bus.region == Region.ELIGIBILITY) & config.eligibility
        addressed = weights | flags | gathered if config.eligibility else weights | flags
        reading = stages(m, bus.read & addressed, early_latency(config), name="reading", reset_less=False)
        writing = stages(m, bus.write & addressed, early_latency(config), name="writing", reset_less=False)
        written = bus.write_data[: config.weight_bits]
        m.d.comb += [
            banks.read.eq(self.read | reading[1] | (writing[1] & bool(config.learning))),
            banks.place.eq(Mux(reading[1] | writing[1], place, self.place)),
            self.clearing.eq(banks.clearing),
        ]
        m.d.sync += word.eq(acting[found])
        if not config.learning:
            m.d.comb += bus.read_data.eq(Mux(reading[-1], word.weight, 0))
            m.d.comb += [banks.write.eq(writing[1] << bank), banks.write_place.eq(place)]
            m.d.comb += [banks.write_synapses[lane].weight.eq(written) for lane in range(config.lanes)]
            return
        answer, keeps, eligibility = Mux(flags, word.plastic, word.weight), flags, None
        if config.eligibility:
            answer, keeps = Mux(gathered, word.eligibility, answer), flags | gathered
            eligibility = stages(m, Mux(gathered, written, word.eligibility), 1, name="host_eligibility")[-1]
        m.d.comb += bus.read_data.eq(Mux(reading[-1], answer, 0))
        weight, plastic = Mux(keeps, word.weight, written.as_signed()), Mux(flags, written[0], word.plastic)
        m.d.comb += [self.lanes.host.eq(writing[-1]), self.lanes.host_weight.eq(weight - Mux(plastic, pending, 0))]
        host_plastic = stages(m, plastic, 1, name="host_plastic")[-1]
        from_host = stages(m, writing[-1], 1, name="from_host", reset_less=False)[-1]
        self._store(m, banks, from_host, place, from_host << bank, host_plastic, eligibility)

    def _store(
        self,
        m: Module,
        banks: BankAccess,
        from_host: Value,
        host_place: data.View,
        host_banks: Value,
        plastic: Value,
        eligibility: Value | None,
    ) -> None:
        """Write changes and what the host stores, by the same registers."""
        config = self._config
        stage = self.latency(config) + SynapseUpdate.latency(config)
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
                gathered = [] if eligibility is None else [Mux(from_host, eligibility, change.eligibility)]
                m.d.sync += [
                    banks.write[bank].eq(Mux(from_host, host_banks[bank], change.changed)),
                    # A weight that has changed was plastic.
                    banks.write_synapses[bank].eq(Cat(change.weight, ~from_host | plastic, *gathered)),
                ]

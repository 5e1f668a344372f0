"""Core: the network, five subsystems joined by signatures - events, synapses, neurons, learning, registers."""

from functools import reduce
from operator import or_

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In
from neurocorex.spec import Clear, CoreConfig

from .events.controller import EventController, Run
from .learning.engine import LearningEngine
from .lib.arithmetic import has
from .lib.bus import BusFork, RegionBus
from .neurons.population import Population
from .registers.file import RegisterFile
from .synapses.array import SynapseArray
from .synapses.drift import drifts


class Core(wiring.Component):
    """One network of leaky integrate-and-fire neurons, as docs/model.md defines it.

    ::

                         rows, columns              sums
        run <-> events ----------------> synapses -------> neurons
                  ^  |                      ^                | ^
                  |  |                      | plasticity     | |
                  |  +-- phase, injection --|----------------|-+
                  |                         v                |
                  |                      learning <----------+
                  +-------------- activity, records ---------+

    Registers give their settings to all, and count what all report.

    Members
    -------
    run : In(Run)
        Stimulus and results.
    bus : In(RegionBus)
        Access to all regions but INFO, only while not busy and no step is open.
    frame_good, frame_bad : In(1)
        Strobes to be counted.
    """

    def __init__(self, config: CoreConfig) -> None:
        self.config = config
        super().__init__({"run": In(Run()), "bus": In(RegionBus()), "frame_good": In(1), "frame_bad": In(1)})

    def elaborate(self, platform: object) -> Module:
        """Join the subsystems. A chip without learning has no learning engine."""
        m = Module()
        m.submodules.events = events = EventController(self.config)
        m.submodules.neurons = neurons = Population(self.config)
        m.submodules.synapses = synapses = SynapseArray(self.config)
        m.submodules.registers = registers = RegisterFile(self.config)
        engines = []
        if self.config.learning:
            m.submodules.learning = learning = LearningEngine(self.config)
            engines.append(learning)
            wiring.connect(m, events.columns, synapses.columns)
            wiring.connect(m, synapses.plasticity, learning.plasticity)
            m.d.comb += events.tracing.eq(learning.running)
            if self.config.eligibility:
                m.d.comb += learning.rewarding.eq(events.rewarding)
            if self.config.scaling:
                wiring.connect(m, events.scaling, learning.scaling)
        if self.config.patterns:
            m.d.comb += [registers.drawn.eq(events.drawn), registers.restarts.eq(events.restarts)]
        if drifts(self.config):
            m.d.comb += [synapses.step_done.eq(events.ticks.steps), events.folding.eq(synapses.folding)]

        wiring.connect(m, wiring.flipped(self.run), events.run)
        wiring.connect(m, registers.settings, *(each.settings for each in (events, synapses, neurons, *engines)))
        wiring.connect(m, events.rows, synapses.rows)
        wiring.connect(m, events.injection, neurons.injection)
        wiring.connect(m, events.phase, *(each.phase for each in (neurons, *engines)))
        wiring.connect(m, events.write, registers.write)
        wiring.connect(m, neurons.sums, synapses.sums)
        wiring.connect(m, neurons.activity, *(each.activity for each in (events, *engines)))
        wiring.connect(m, neurons.records, events.records)

        m.submodules.fork = fork = BusFork(self.config, early=1, late=3 + len(engines))
        if self.config.reports:
            with m.If(events.reporting):
                wiring.connect(m, events.reports, fork.bus)
            with m.Else():
                wiring.connect(m, wiring.flipped(self.bus), fork.bus)
        else:
            wiring.connect(m, wiring.flipped(self.bus), fork.bus)
        for port, target in zip(fork.targets, (synapses, registers, neurons, events, *engines), strict=True):
            wiring.connect(m, port, target.bus)

        m.d.comb += [
            registers.ticks.eq(reduce(or_, (each.ticks.as_value() for each in (events, neurons, *engines)))),
            registers.ticks.frames_good.eq(self.frame_good),
            registers.ticks.frames_bad.eq(self.frame_bad),
            registers.clear.eq(has(self.run.clear, Clear.COUNTERS)),
            events.unsettled.eq(synapses.clearing | ~registers.settled),
        ]
        return m

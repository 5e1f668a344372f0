"""Random networks, each as an emulator and as the naive reference, and stimuli for both."""

import random
from dataclasses import dataclass

import numpy as np
from neurocorex.emulator.emulator import Emulator
from neurocorex.events.stream import EventStream
from neurocorex.spec import Clear, Control, CoreConfig, Counter, Flag, Learning, Region, controls
from neurocorex.spec.timing import busy_cycles

from support.reference import ReferenceCore, ReferenceLearning, ReferenceNeuron

PARAMETER_REGIONS = {
    "th": Region.THRESHOLD,
    "reset": Region.RESET,
    "dv": Region.DECAY,
    "l": Region.LEAK,
    "di": Region.CURRENT_DECAY,
    "b": Region.BIAS,
    "period": Region.REFRACTORY,
    "delay": Region.DELAY,
}
STATE_REGIONS = {
    "v": Region.MEMBRANE,
    "i": Region.CURRENT,
    "r": Region.REFRACTORY_COUNT,
    "h": Region.ADAPTATION,
    "history": Region.HISTORY,
}
COUNTERS = {
    "steps": Counter.STEPS,
    "input_events": Counter.INPUT_EVENTS,
    "recurrent_events": Counter.RECURRENT_EVENTS,
    "spikes": Counter.SPIKES,
    "saturations": Counter.SATURATIONS,
    "potentiations": Counter.POTENTIATIONS,
    "depressions": Counter.DEPRESSIONS,
    "clips_low": Counter.CLIPS_LOW,
    "clips_high": Counter.CLIPS_HIGH,
}
DECAYS = (1, 300, 6554, 32768, 60000, 65534, 65535)


@dataclass
class Moment:
    """What happens in one step."""

    events: set[int]
    injected: dict[int, int]
    forced: set[int]
    changes: list[tuple[int, int]]
    """Registers and values; -1 and flags to clear."""


@dataclass
class Trial:
    """The same random network twice, and a stimulus for it."""

    emulator: Emulator
    reference: ReferenceCore
    moments: list[Moment]

    def check(self) -> None:
        """Everything is equal: state, counters, and what was learned."""
        for name, region in STATE_REGIONS.items():
            assert self.emulator.regions[region].tolist() == [getattr(n, name) for n in self.reference.neurons], name
        for name, counter in COUNTERS.items():
            assert self.emulator.counters[counter] == getattr(self.reference, name), name
        reference = self.reference
        arrivals = reference.input_events + reference.recurrent_events
        cycles = busy_cycles(self.emulator.config, reference.steps, arrivals, reference.columns)
        assert self.emulator.counters[Counter.BUSY_CYCLES] == cycles
        assert self.emulator.regions[Region.WEIGHTS].tolist() == reference.weights
        assert self.emulator.regions[Region.CONTROL].tolist() == list(reference.control.values())
        if learning := reference.learning:
            assert self.emulator.regions[Region.PRE_TRACE].tolist() == learning.x
            assert self.emulator.regions[Region.POST_TRACE].tolist() == learning.y

    def step_reference(self, moment: Moment) -> list[int]:
        """Run one step of the reference; return who fired."""
        for register, value in moment.changes:
            if register < 0:
                self.reference.clear(value)
            else:
                self.reference.set(Control(register).name.lower(), value)
        return self.reference.step(moment.events, moment.injected, moment.forced)

    def stream(self) -> EventStream:
        events = [(step, axon) for step, moment in enumerate(self.moments) for axon in sorted(moment.events)]
        graded = [
            (step, neuron, moment.injected.get(neuron, 0), neuron in moment.forced)
            for step, moment in enumerate(self.moments)
            for neuron in sorted({*moment.injected, *moment.forced})
        ]
        changes = [(step, *change) for step, moment in enumerate(self.moments) for change in moment.changes]
        tables = ((events, 2), (graded, 4), (changes, 3))
        columns = (column for rows, width in tables for column in np.array(rows, int).reshape(-1, width).T)
        return EventStream(len(self.moments), *columns)


def random_trial(seed: int, *, learns: bool = False) -> Trial:
    """Small networks that fire, saturate and stay refractory often, features missing now and then."""
    rng = random.Random(seed)
    config = CoreConfig(
        neurons=rng.randint(1, 7),
        inputs=rng.randint(1, 6),
        weight_bits=rng.choice([4, 8, 16]),
        state_bits=rng.choice([16, 17, 20, 24]),
        refractory_bits=rng.randint(1, 4),
        max_delay=rng.choice([1, 2, 3, 8, 32]),
        adaptation=rng.random() < 0.7,
        extra_axons=rng.choice([0, 0, 1, 5]),
        learning=rng.choice([Learning.EXPONENTIAL, Learning.WINDOW]) if learns else Learning.NONE,
        trace_bits=rng.choice([4, 9, 16]),
        window_steps=rng.randint(1, 5),
        soft_bounds=rng.random() < 0.7,
    )
    network = _Network(config, rng)
    moments = _random_moments(config, rng)
    return Trial(network.emulator(), network.reference(), moments)


class _Network:
    """What the two realisations of one trial are made from."""

    def __init__(self, config: CoreConfig, rng: random.Random) -> None:
        self.config = config
        weight, (low, high) = config.weight_range[1], config.state_range
        neurons, axons = range(config.neurons), range(config.axons)

        def sometimes(chance: float, *values: int) -> list[int]:
            return [rng.choice(values) if rng.random() < chance else 0 for _ in neurons]

        self.columns = {
            "th": [min(rng.choice([0, weight, 3 * weight, 8 * weight, high, -weight, low]), high) for _ in neurons],
            "reset": sometimes(0.5, -weight, weight, low, high, 17),
            "dv": sometimes(0.8, *DECAYS),
            "l": sometimes(0.4, 1, weight, high),
            "di": sometimes(0.8, *DECAYS),
            "b": sometimes(0.4, 1, -1, weight, -weight, low, high),
            "period": sometimes(0.5, 1, 2, (1 << config.refractory_bits) - 1),
            "delay": sometimes(0.8, *range(1, config.max_delay + 1)),
        }
        self.columns["period"] = [min(period, (1 << config.refractory_bits) - 1) for period in self.columns["period"]]
        self.options = {
            "subtract": sometimes(0.4, 1),
            "hold": sometimes(0.4, 1),
            "plasticity_off": sometimes(0.2, 1) if config.learning else [0 for _ in neurons],
        }
        self.recorded = [rng.choice([0, 0, 4, 8, 12]) for _ in neurons]
        self.weights = [[rng.randint(-weight - 1, weight) if rng.random() < 0.8 else 0 for _ in neurons] for _ in axons]
        bits = max(config.neurons - 1, 1).bit_length()
        delays = min(1 << config.delay_bits, config.max_delay + 3)
        self.extra = [(rng.randrange(1 << bits), rng.randrange(delays)) for _ in range(config.extra_axons)]
        self.plastic = [[int(rng.random() < 0.8) for _ in neurons] for _ in axons]
        self.tables = [[random_change(config, rng) for _ in range(1 << config.window_steps)] for _ in ("pre", "post")]
        self.control = {register: random_value(register, config, rng) for register in controls(config)}

    def emulator(self) -> Emulator:
        emulator = Emulator(self.config)
        for name, region in PARAMETER_REGIONS.items():
            emulator.write(region, self.columns[name])
        flags = [
            Flag.RESET_SUBTRACT * subtract | Flag.REFRACTORY_HOLD * hold | Flag.PLASTICITY_OFF * off | recorded
            for subtract, hold, off, recorded in zip(*self.options.values(), self.recorded, strict=True)
        ]
        emulator.write(Region.FLAGS, flags)
        emulator.write(Region.WEIGHTS, self.weights)
        emulator.write(Region.CONTROL, list(self.control.values()))
        if self.extra:
            for region, values in zip(
                (Region.EXTRA_SOURCE, Region.EXTRA_DELAY), zip(*self.extra, strict=True), strict=True
            ):
                emulator.write(region, values)
        if self.config.learning:
            emulator.write(Region.PLASTIC, self.plastic)
        if self.config.learning is Learning.WINDOW:
            for region, table in zip((Region.PRE_TABLE, Region.POST_TABLE), self.tables, strict=True):
                emulator.write(region, table)
        return emulator

    def reference(self) -> ReferenceCore:
        config = self.config
        columns = self.columns | self.options
        neurons = [
            ReferenceNeuron(config.max_delay, **{name: values[j] for name, values in columns.items()})
            for j in range(config.neurons)
        ]
        learning = ReferenceLearning(
            window=config.learning is Learning.WINDOW,
            trace_bits=config.stored_trace_bits,
            weight_bits=config.weight_bits,
            soft_bounds=config.soft_bounds,
            plastic=self.plastic,
            pre_table=self.tables[0],
            post_table=self.tables[1],
        )
        return ReferenceCore(
            inputs=config.inputs,
            state_bits=config.state_bits,
            weights=[list(row) for row in self.weights],
            neurons=neurons,
            extra=self.extra,
            control={register.name.lower(): (value, register.bits(config)) for register, value in self.control.items()},
            adapts=config.adaptation,
            learning=learning if config.learning else None,
        )


def random_change(config: CoreConfig, rng: random.Random) -> int:
    """A rate or entry of a table, C bits signed: mostly a few weights."""
    limit = (1 << (config.change_bits - 1)) - 1
    return max(-limit - 1, min(limit, rng.choice([0, 100, -100, 300, -300, 2000, -2000, 1 << 20, -(1 << 20)])))


def random_value(register: Control, config: CoreConfig, rng: random.Random) -> int:
    """Raw value of a control register."""
    bits, top = register.bits(config), (1 << register.bits(config)) - 1
    weight_low, weight_high = config.weight_range
    if register in (Control.POTENTIATION, Control.DEPRESSION):
        return random_change(config, rng) & top
    choices = {
        Control.GAIN_INPUT: [0, 0, 1, 7],
        Control.GAIN_RECURRENT: [0, 0, 1, 7],
        Control.ADAPTATION_STEP: [0, 1, weight_high, config.state_range[1]],
        Control.ADAPTATION_DECAY: [0, *DECAYS],
        Control.LEARNING: [rng.randrange(32) | 1, rng.randrange(32) | 1, rng.randrange(32) | 1, rng.randrange(64)],
        Control.WEIGHT_MIN: [weight_low, weight_low, 0, weight_low // 2, 3],
        Control.WEIGHT_MAX: [weight_high, weight_high, weight_high // 2, 3],
        Control.MODULATION: [256, 256, 256, 0, 100, -256, 1000, 32767, -32768],
        Control.PRE_DECAY: [0, *DECAYS],
        Control.POST_DECAY: [0, *DECAYS],
        Control.DRIFT: [0, 0, 1, -1, rng.randrange(top)],
        Control.DRIFT_STEP: [0, 0, 1, -1, rng.randrange(top)],
        Control.GATE: [0xFFFF, 0xFFFF, 0xFFFF, rng.randrange(config.neurons), 9],
        Control.RANDOM: [0, 1, rng.randrange(1 << bits), rng.randrange(1 << bits)],
    }
    return rng.choice(choices.get(register, [top, top // 2, top // 3, 1, rng.randrange(top + 1)])) & top


def _random_moments(config: CoreConfig, rng: random.Random) -> list[Moment]:
    steps = rng.randint(1, 40)
    rate = rng.choice([0.05, 0.3, 1.0])
    force_rate = rng.choice([0.0, 0.02, 0.2])
    change_rate = rng.choice([0.0, 0.05, 0.3])
    silent_from = steps // 2 if rng.random() < 0.3 else steps
    moments = [Moment(set(), {}, set(), []) for _ in range(steps)]
    weight, (low, high) = config.weight_range[1], config.state_range
    neurons = range(config.neurons)
    for moment in moments[:silent_from]:
        moment.events = {axon for axon in range(config.inputs) if rng.random() < rate}
        if rate < 1:
            moment.injected = {j: rng.choice([1, -1, weight, low, high]) for j in neurons if rng.random() < 0.2}
        moment.forced = {j for j in neurons if rng.random() < force_rate}
    for moment in moments:
        if rng.random() < 0.03:
            moment.changes.append((-1, rng.choice([Clear.STATE, Clear.TRACES, Clear.ADAPTATION, 13, 0xFF, 0xF2])))
        if rng.random() < change_rate:
            register = rng.choice(controls(config))
            value = random_value(register, config, rng) | rng.choice([0, 0xFFFF_FFFF << register.bits(config)])
            moment.changes.append((register, value & 0xFFFF_FFFF))
    return moments

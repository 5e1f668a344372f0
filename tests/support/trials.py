"""Random networks of `check.trial`, each as an emulator and as the naive reference, and their stimuli."""

import random
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from neurocorex.check.trial import Trial as Drawn
from neurocorex.emulator.emulator import Emulator
from neurocorex.events.codec import DRAWN, FIRST_RATES, NO_REGISTER, RATED, REPORTED
from neurocorex.events.stream import EventStream
from neurocorex.image import Image
from neurocorex.spec import Control, CoreConfig, Counter, Flag, Learning, Region, controls, layout
from neurocorex.spec.registers import PARAMETERS, STATE
from neurocorex.spec.timing import busy_cycles

from support.reference import ReferenceCore, ReferenceLearning, ReferenceNeuron
from support.tallies import ReferenceTallies

#: Regions by the names that the reference has for them: those of docs/model.md.
PARAMETER_REGIONS = {region.row.symbol: region for region in PARAMETERS if region is not Region.FLAGS}
STATE_REGIONS = {region.row.symbol: region for region in STATE}
FLAGS = {
    "subtract": Flag.RESET_SUBTRACT,
    "hold": Flag.REFRACTORY_HOLD,
    "plasticity_off": Flag.PLASTICITY_OFF,
    "error_always": Flag.ERROR_ALWAYS,
}
#: Counters that the reference has, by its names for them.
COUNTERS = {
    counter.name.lower(): counter
    for counter in Counter
    if counter.row.of_model and counter not in (Counter.REFUSED_EVENTS, Counter.BUSY_CYCLES)
}

#: Kinds of chips, by what `random_trial` is told of them.
KINDS: dict[str, Any] = {
    "static": {},
    "learns": {"learns": True},
    "errors": {"kind": Learning.EXPONENTIAL, "errors": True},
    "rules": {"kind": Learning.EXPONENTIAL, "rules": True},
    "groups": {"kind": Learning.EXPONENTIAL, "errors": True, "groups": True},
    "groups and rules": {"kind": Learning.EXPONENTIAL, "errors": True, "groups": True, "rules": True},
    "groups alone": {"groups": True},
    "groups and learning": {"learns": True, "groups": True},
    "eligibility": {"kind": Learning.EXPONENTIAL, "eligibility": True},
    "errors and eligibility": {"kind": Learning.EXPONENTIAL, "errors": True, "eligibility": True},
    "rules and eligibility": {"kind": Learning.EXPONENTIAL, "rules": True, "eligibility": True},
    "scaling": {"kind": Learning.EXPONENTIAL, "scaling": True},
    "groups and scaling": {"kind": Learning.EXPONENTIAL, "errors": True, "groups": True, "scaling": True},
    "rules and scaling": {"kind": Learning.EXPONENTIAL, "rules": True, "scaling": True},
    "everything": {
        "kind": Learning.EXPONENTIAL,
        "errors": True,
        "groups": True,
        "rules": True,
        "eligibility": True,
        "scaling": True,
        "contexts": True,
    },
    "tallies": {"tallies": True},
    "tallies and groups": {"tallies": True, "groups": True, "learns": True},
    "contexts": {"contexts": True},
    "patterns": {"patterns": True},
    "patterns of a chip that learns": {"learns": True, "patterns": True},
    "patterns, tallies and groups": {"patterns": True, "tallies": True, "groups": True},
    "contexts of a chip that learns": {"learns": True, "contexts": True},
}
KINDS["noise"] = {"noise": True}
KINDS["noise, contexts and learning"] = {"noise": True, "contexts": True, "learns": True}
KINDS["everything and patterns"] = KINDS["everything"] | {"patterns": True, "noise": True}


@dataclass
class Moment:
    """What happens in one step."""

    events: set[int] = field(default_factory=set)
    injected: dict[int, int] = field(default_factory=dict)
    forced: set[int] = field(default_factory=set)
    changes: list[tuple[int, int]] = field(default_factory=list)
    """Registers and values; -1 and flags to clear; or what begins drawn steps, and bytes of rates."""
    drawn: int | None = None
    """Row of rates by which the chip draws the events."""


@dataclass
class Trial:
    """The same random network twice, and a stimulus for it."""

    emulator: Emulator
    reference: ReferenceCore
    moments: list[Moment]

    def check(self) -> None:
        """Everything is equal: state, counters, and what was learned."""
        for name, region in STATE_REGIONS.items():
            if region not in self.emulator.regions:
                continue
            assert self.emulator.regions[region].tolist() == [getattr(n, name) for n in self.reference.neurons], name
        for name, counter in COUNTERS.items():
            assert self.emulator.counters[counter] == getattr(self.reference, name), name
        reference = self.reference
        arrivals = reference.input_events + reference.recurrent_events
        columns, rewards, scaled = reference.columns, reference.rewards, reference.scaled
        config, steps, contests = self.emulator.config, reference.steps, reference.contests
        cycles = busy_cycles(config, steps, arrivals, columns, rewards=rewards, scaled=scaled, contests=contests)
        assert self.emulator.counters[Counter.BUSY_CYCLES] == cycles
        assert self.emulator.regions[Region.WEIGHTS].tolist() == reference.weights
        assert self.emulator.regions[Region.CONTROL].tolist() == list(reference.control.values())
        if learning := reference.learning:
            assert self.emulator.regions[Region.PRE_TRACE].tolist() == learning.x
            assert self.emulator.regions[Region.POST_TRACE].tolist() == learning.y
            if learning.eligibility:
                assert self.emulator.regions[Region.ELIGIBILITY].tolist() == learning.eligibility
        if reference.first:
            first = [0xFFFF if j is None else j for j in reference.first]
            assert self.emulator.regions[Region.FIRST].tolist() == first
        for region, values in tallied(reference).items():
            if region in self.emulator.regions:
                assert self.emulator.regions[region].tolist() == values, region.name

    def step_reference(self, moment: Moment) -> list[int]:
        """Run one step of the reference; return who fired."""
        return step_reference(self.reference, moment)

    def stream(self) -> EventStream:
        """Stimulus of all moments."""
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


def step_reference(reference: ReferenceCore, moment: Moment) -> list[int]:
    """Run one step of a reference, with the changes before it; return who fired."""
    packed = b""
    for register, value in moment.changes:
        if register == NO_REGISTER:
            reference.clear(value)
        elif register == RATED:  # those that have come so far, again with each byte
            packed = bytes([value % FIRST_RATES]) if value >= FIRST_RATES else packed + bytes([value])
            reference.rate(packed)
        elif register not in (DRAWN, REPORTED):
            reference.set(Control(register).name.lower(), value)
    events = moment.events if moment.drawn is None else reference.draw_events(moment.drawn)
    return reference.step(events, moment.injected, moment.forced)


def tallied(reference: ReferenceCore) -> dict[Region, list[int]]:
    """Tallies of a reference beside those of its neurons, by region."""
    tallies = reference.tallies
    return {Region.MOST: tallies.most, Region.MOST_COUNT: tallies.most_count, Region.TALLY_STEP: [tallies.now]}


def random_trial(
    seed: int, *, learns: bool = False, kind: Learning | None = None, errors: bool = False, rules: bool = False,
    groups: bool = False, eligibility: bool = False, scaling: bool = False, contexts: bool = False,
    patterns: bool = False, tallies: bool = False, noise: bool = False,
) -> Trial:  # fmt: skip
    """Small networks, features missing now and then, in the middle of things; of any kind that learns, or of `kind`.

    With `errors`, `eligibility` and `scaling` it is a chip that has them, if its traces are exponential, with `groups`,
    `contexts`, `patterns`, `tallies` and `noise` one of any kind; with `rules` one that has several rules, or terms, or
    both, and half of the time errors, too.
    """
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
        learning=kind or (rng.choice([Learning.EXPONENTIAL, Learning.WINDOW]) if learns else Learning.NONE),
        trace_bits=rng.randint(4, 16),
        # Tables of long windows are large, so there are few.
        window_steps=rng.choice([*range(1, 6)] * 3 + [10, 11, 13]),
        soft_bounds=rng.random() < 0.7,
        noise=noise,
    )
    if config.learning is Learning.EXPONENTIAL:
        config = replace(config, errors=errors, eligibility=eligibility, scaling=scaling)
    if groups:
        config = replace(config, groups=rng.choice([1, 2, 3, 5, 16]))
    if contexts:
        config = replace(config, contexts=rng.choice([2, 4, 8, 16]))
    if patterns:
        config = replace(config, patterns=rng.randint(1, 5), rate_bits=rng.choice([4, 8, 16]))
    if tallies:
        config = replace(config, tallies=rng.choice([4, 4, 5, 16]), reports=True)
    if rules:
        rows, terms = rng.choice([(1, True), (2, False), (2, True), (4, False), (4, True)])
        config = replace(config, rules=rows, terms=terms, errors=errors or rng.random() < 0.5)
    drawn = Drawn.random(config, seed, rng.randint(1, 40))
    return Trial(emulator_of(drawn.image), reference_of(drawn.image), moments_of(drawn.stimulus, config))


def emulator_of(image: Image) -> Emulator:
    emulator = Emulator(image.config)
    for region, values in image.regions.items():
        if layout(region, image.config).writable:
            emulator.write(region, values)
    return emulator


def reference_of(image: Image) -> ReferenceCore:
    """The naive reference with all that an image holds, as Python integers."""
    config = image.config
    held = {region: values.tolist() for region, values in image.regions.items()}
    return ReferenceCore(
        inputs=config.inputs,
        state_bits=config.state_bits,
        weights=held[Region.WEIGHTS],
        neurons=[_neuron(held, number, config) for number in range(config.neurons)],
        extra=list(zip(held.get(Region.EXTRA_SOURCE, []), held.get(Region.EXTRA_DELAY, []), strict=True)),
        control={
            register.name.lower(): (value, register.bits(config))
            for register, value in zip(controls(config), held[Region.CONTROL], strict=True)
        },
        adapts=config.adaptation,
        learning=_learning(held, config) if config.learning else None,
        feedback=held.get(Region.FEEDBACK),
        rules=config.rules,
        first=held.get(Region.FIRST, []),
        context_bias=held.get(Region.CONTEXT_BIAS),
        context_gain=held.get(Region.CONTEXT_GAIN),
        rates=held.get(Region.RATES),
        rate_bits=config.rate_bits,
        tallies=tallies_of(held, config),
    )


def tallies_of(held: dict[Region, list[int]], config: CoreConfig) -> ReferenceTallies | None:
    """What an image holds of tallies beside those of the neurons."""
    if not config.tallies:
        return None
    most, most_count = (held.get(region, []) for region in (Region.MOST, Region.MOST_COUNT))
    return ReferenceTallies(config.tallies, held[Region.TALLY_STEP][0], most, most_count)


def _neuron(held: dict[Region, list[int]], number: int, config: CoreConfig) -> ReferenceNeuron:
    parameters = {name: held[region][number] for name, region in PARAMETER_REGIONS.items() if region in held}
    flags = {name: int(held[Region.FLAGS][number] & flag != 0) for name, flag in FLAGS.items()}
    neuron = ReferenceNeuron(config.max_delay, **parameters, **flags)
    for name, region in STATE_REGIONS.items():
        if region not in held:
            continue
        if region is Region.HISTORY:
            neuron.fired = [held[region][number] >> k & 1 == 1 for k in range(config.max_delay)]
        else:
            setattr(neuron, name, held[region][number])
    return neuron


def _learning(held: dict[Region, list[int]], config: CoreConfig) -> ReferenceLearning:
    learning = ReferenceLearning(
        window=config.learning is Learning.WINDOW,
        trace_bits=config.stored_trace_bits,
        weight_bits=config.weight_bits,
        soft_bounds=config.soft_bounds,
        plastic=held[Region.PLASTIC],
        pre_table=held.get(Region.PRE_TABLE, []),
        post_table=held.get(Region.POST_TABLE, []),
        eligibility=held.get(Region.ELIGIBILITY),
    )
    learning.x, learning.y = held[Region.PRE_TRACE], held[Region.POST_TRACE]
    return learning


def moments_of(stream: EventStream, config: CoreConfig) -> list[Moment]:
    """The steps of a stream; currents are cut to the bits of the state, as a chip does."""
    moments = [Moment() for _ in range(stream.steps)]
    for step, axon in zip(stream.event_step.tolist(), stream.event_index.tolist(), strict=True):
        moments[step].events.add(axon)
    half = 1 << (config.state_bits - 1)
    graded = (stream.graded_step, stream.graded_index, stream.graded_value, stream.graded_forced)
    for step, neuron, value, forced in zip(*(column.tolist() for column in graded), strict=True):
        moments[step].injected[neuron] = (value + half) % (2 * half) - half
        if forced:
            moments[step].forced.add(neuron)
    changes = (stream.change_step, stream.change_register, stream.change_value)
    for step, register, value in zip(*(column.tolist() for column in changes), strict=True):
        moments[step].changes.append((register, value))
        if register == DRAWN:
            for drawn in moments[step : step + value % 65536]:
                drawn.drawn = value // 65536
    return moments

"""Random networks and stimuli for a core of any geometry, and an emulator to run them beside it."""

import random

from neurocorex.emulator.emulator import Emulator
from neurocorex.events.decoder import StreamDecoder
from neurocorex.events.stream import EventStream
from neurocorex.spec import Clear, Control, CoreConfig, Flag, Graded, LearningFlag, Region, Step, controls, regions
from neurocorex.spec import layout as region_layout
from neurocorex.spec.events import Cleared, Set, encode_steps
from neurocorex.spec.registers import GATE_ALL, MODEL_COUNTERS

from support.corebench import CoreBench

#: Share of values from the whole range, ends included; the others are such that neurons fire now and then.
WILD = 0.15


def random_regions(config: CoreConfig, rng: random.Random) -> dict[Region, list[int]]:
    """Items of all regions that can be written."""
    scale = min(4 * config.weight_range[1], config.state_range[1] // 4)
    tame = {
        Region.THRESHOLD: (scale // 4, 2 * scale),
        Region.RESET: (-scale // 2, scale // 2),
        Region.DECAY: (0, 1 << 14),
        Region.LEAK: (0, max(scale // 64, 2)),
        Region.CURRENT_DECAY: (1 << 13, 65535),
        Region.BIAS: (-scale // 8, scale // 4),
        Region.REFRACTORY: (0, 3),
        Region.DELAY: (0, config.max_delay),
        Region.EXTRA_DELAY: (0, config.max_delay),
        Region.FLAGS: (0, 31),
        Region.MEMBRANE: (-scale, scale),
        Region.CURRENT: (-scale, scale),
        Region.REFRACTORY_COUNT: (0, 3),
        Region.ADAPTATION: (0, scale),
    }
    values = {}
    for region in regions(config):
        form = region_layout(region, config)
        if region is Region.CONTROL:
            values[region] = [random_control(control, config, rng) for control in controls(config)]
        elif form.writable:
            low, high = form.range
            near = tame.get(region, form.range)
            near = max(low, near[0]), min(high, near[1])
            values[region] = [
                rng.choice([low, high, 0, rng.randint(low, high)])
                if rng.random() < WILD and region not in (Region.DELAY, Region.EXTRA_DELAY)
                else rng.randint(*near)
                for _ in range(form.items)
            ]
    return values


def random_control(control: Control, config: CoreConfig, rng: random.Random) -> int:
    """Content of a register, in two's complement of its own width."""
    bits = control.bits(config)
    trace = 1 << config.trace_bits
    choices = {
        Control.GAIN_INPUT: [0, 1, 2],
        Control.GAIN_RECURRENT: [0, 1, 2],
        Control.ADAPTATION_STEP: [0, 5, 40, rng.getrandbits(8)],
        Control.ADAPTATION_DECAY: [0, 700, 9000, 65535],
        Control.LEARNING: [
            LearningFlag.ENABLE,
            LearningFlag.ENABLE | rng.getrandbits(bits) & ~LearningFlag.HOLD_FIRING,
            LearningFlag.ENABLE | rng.getrandbits(bits) & ~LearningFlag.HOLD_FIRING,
            rng.getrandbits(bits),
        ],
        Control.WEIGHT_MIN: [config.weight_range[0], -3, 0, rng.getrandbits(bits)],
        Control.WEIGHT_MAX: [config.weight_range[1], 5, rng.getrandbits(bits)],
        Control.MODULATION: [256, 256, 256, -256, 0, rng.randint(-1000, 1000), rng.getrandbits(16)],
        Control.PRE_DECAY: [0, 3000, 20000, 65535, rng.getrandbits(16)],
        Control.POST_DECAY: [0, 3000, 20000, 65535, rng.getrandbits(16)],
        Control.PRE_INCREMENT: [trace // 4, trace - 1, rng.getrandbits(bits)],
        Control.POST_INCREMENT: [trace // 4, trace - 1, rng.getrandbits(bits)],
        Control.PRE_CAP: [trace - 1, trace // 2, rng.getrandbits(bits)],
        Control.POST_CAP: [trace - 1, trace // 2, rng.getrandbits(bits)],
        Control.DRIFT_STEP: [0, 0, -1, 1, rng.getrandbits(bits)],
        Control.GATE: [GATE_ALL, GATE_ALL, rng.randrange(config.neurons + 2)],
    }
    return int(rng.choice(choices.get(control, [rng.getrandbits(bits)]))) % (1 << bits)


def random_steps(config: CoreConfig, rng: random.Random, count: int) -> list[Step]:
    """Steps from silent ones to such with everything at once."""
    return [random_step(config, rng) for _ in range(count)]


def random_step(config: CoreConfig, rng: random.Random) -> Step:
    """One of them."""
    density = rng.choice([0, 0, 0.05, 0.2, 0.5, 1])
    events = tuple(axon for axon in range(config.inputs) if rng.random() < density)
    graded = ()
    if rng.random() < 0.3:
        neurons = sorted(rng.sample(range(config.neurons), rng.randint(1, config.neurons)))
        graded = tuple(Graded(neuron, random_current(config, rng), rng.random() < 0.4) for neuron in neurons)
    changes = []
    while rng.random() < 0.15:
        if rng.random() < 0.3:
            changes.append(Cleared(int(rng.choice([*Clear, Clear.STATE | Clear.TRACES, 0xFF, 0])) & ~Clear.COUNTERS))
        else:
            control = rng.choice([*controls(config), Control.MODULATION, Control.GATE, Control.LEARNING])
            if control in controls(config):
                changes.append(Set(control, random_control(control, config, rng)))
    return Step(events, graded, tuple(changes))


def random_current(config: CoreConfig, rng: random.Random) -> int:
    """A current; some have more bits than the state, and are cut."""
    if rng.random() < WILD:
        return rng.randint(-(1 << 23), (1 << 23) - 1)
    return rng.randint(-config.state_range[1] // 8, config.state_range[1] // 8)


def record_all(values: dict[Region, list[int]]) -> dict[Region, list[int]]:
    """Let all spikes and membranes be recorded."""
    flags = Flag.RECORD_SPIKES | Flag.RECORD_MEMBRANE
    return values | {Region.FLAGS: [int(item | flags) for item in values[Region.FLAGS]]}


class Twins:
    """A core and an emulator that are given the same."""

    def __init__(self, core: CoreBench) -> None:
        self.core = core
        self.emulator = Emulator(core.core.config)

    async def load(self, values: dict[Region, list[int]]) -> None:
        """Write regions, from their first items on."""
        for region, items in values.items():
            await self.core.write(region, items)
            self.emulator.write(region, items)

    async def run(self, *steps: Step, **pace: float) -> EventStream:
        """Run steps; both give the same results."""
        config, data = self.emulator.config, encode_steps(steps)
        expected = self.emulator.run(StreamDecoder(inputs=config.inputs, neurons=config.neurons).feed(data))
        results = EventStream.decode(await self.core.run(data, **pace))
        assert results.steps == expected.steps
        for name in ("event_step", "event_index", "graded_step", "graded_index", "graded_value"):
            assert getattr(results, name).tolist() == getattr(expected, name).tolist(), name
        return results

    async def compare(self) -> None:
        """Everything that can be read is the same on both."""
        config = self.emulator.config
        for region in regions(config):
            if region not in (Region.INFO, Region.COUNTERS):
                expected = [int(item) for item in self.emulator.regions[region].reshape(-1)]
                if region is Region.CONTROL:
                    bits = [control.bits(config) for control in controls(config)]
                    expected = [item % (1 << width) for item, width in zip(expected, bits, strict=True)]
                assert await self.core.read(region) == expected, region.name
        counters = await self.core.counters()
        assert {counter.name: counters[counter] for counter in MODEL_COUNTERS} == {
            counter.name: self.emulator.counters[counter] for counter in MODEL_COUNTERS
        }

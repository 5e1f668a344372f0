"""Drift that the gates put off and fold: no result shows it, against a plain model that adds it in every step."""

import random

import pytest
from amaranth.hdl import ClockDomain, Module, Signal
from neurocorex.events.stream import EventStream
from neurocorex.spec import (
    Control,
    CoreConfig,
    Counter,
    Flag,
    Graded,
    Learning,
    LearningFlag,
    Region,
    Step,
    controls,
    layout,
)
from neurocorex.spec.events import Set, encode_steps
from neurocorex.spec.fixed import saturate
from neurocorex.spec.timing import busy_cycles
from neurocorex_hdl.core import Core
from support.corebench import CoreBench, on_core, simulate

WINDOW = {"learning": Learning.WINDOW, "state_bits": 16, "max_delay": 1, "window_steps": 1}
CONFIGS = {
    "two lanes": CoreConfig(**WINDOW, weight_bits=4, neurons=3, inputs=5, lanes=2),
    "one lane": CoreConfig(**WINDOW, weight_bits=4, neurons=3, inputs=2, lanes=1),
    "one lane, one port": CoreConfig(**WINDOW, weight_bits=4, neurons=3, inputs=2, lanes=1, weight_ports=1),
    "four lanes, one port": CoreConfig(**WINDOW, weight_bits=4, neurons=5, inputs=3, lanes=4, weight_ports=1),
    "soft bounds": CoreConfig(**WINDOW, weight_bits=4, neurons=3, inputs=2, lanes=4, soft_bounds=True, extra_axons=2),
    "wider": CoreConfig(**WINDOW, weight_bits=8, neurons=4, inputs=3, lanes=4),
}
RISE, FALL = 512, -256


class PlainDrift:
    """Weights that move by two constants, and by a drift in every step.

    Every arriving input axon lowers its row by 1, every neuron that fires raises its column by 2, within bounds.
    """

    def __init__(self, config):
        self.config, (self.low, self.high) = config, config.weight_range
        self.weights = [[0] * config.neurons for _ in range(config.axons)]
        self.plastic = [[0] * config.neurons for _ in range(config.axons)]
        self.drift, self.enabled, self.clips = 0, True, 0

    def step(self, events, forced):
        """Return the membranes: sums of the weights that arrive, 0 where a neuron fires."""
        sums = [sum(self.weights[axon][j] for axon in events) for j in range(self.config.neurons)]
        if self.enabled:
            for axon in events:
                for j in range(self.config.neurons):
                    self.change(axon, j, -1)
            for j in forced:
                for axon in range(self.config.axons):
                    self.change(axon, j, 2)
            for row, flags in zip(self.weights, self.plastic, strict=True):
                for j, flag in enumerate(flags):
                    row[j] = saturate(row[j] + self.drift, self.config.weight_bits) if flag else row[j]
        return [0 if j in forced else total for j, total in enumerate(sums)]

    def change(self, axon, j, amount):
        if not self.plastic[axon][j]:
            return
        weight = self.weights[axon][j]
        self.clips += (weight == self.low and self.drift < 0) or (weight == self.high and self.drift > 0)
        # Bounds of weights that learn are one within the range.
        self.weights[axon][j] = min(max(weight + amount, self.low + 1), self.high - 1)


def registers(config, drift, flags=LearningFlag.ENABLE):
    low, high = config.weight_range
    items = [0] * len(controls(config))
    items[Control.LEARNING] = flags
    items[Control.WEIGHT_MIN], items[Control.WEIGHT_MAX] = low + 1, high - 1
    items[Control.MODULATION], items[Control.GATE], items[Control.DRIFT_STEP] = 256, 0xFFFF, drift
    return items


async def prepare(core, drift):
    """Neurons that only fire when forced, and forget everything at once; tables of one entry."""
    config = core.core.config
    await core.write(Region.CONTROL, registers(config, drift))
    for region, item in (
        (Region.THRESHOLD, layout(Region.THRESHOLD, config).range[1]),
        (Region.DECAY, 0xFFFF),
        (Region.CURRENT_DECAY, 0xFFFF),
        (Region.FLAGS, Flag.RECORD_MEMBRANE),
    ):
        await core.write(region, [item] * config.neurons)
    await core.write(Region.PRE_TABLE, [RISE] * 2)
    await core.write(Region.POST_TABLE, [FALL] * 2)


def drawn_drift(config, rng):
    low, high = config.weight_range
    return rng.choice([low, low + 1, high, high - 1, 1, -1, 0, rng.randint(low, high)])


async def write_some(core, plain, rng):
    """The host changes single weights and flags."""
    config = core.core.config
    for _ in range(rng.randrange(4)):
        item = rng.randrange(config.axons * config.neurons)
        axon, j = divmod(item, config.neurons)
        if rng.random() < 0.5:
            plain.weights[axon][j] = rng.randint(plain.low, plain.high)
            await core.write(Region.WEIGHTS, [plain.weights[axon][j]], item)
        else:
            plain.plastic[axon][j] = rng.randrange(2)
            await core.write(Region.PLASTIC, [plain.plastic[axon][j]], item)


async def run_some(core, plain, rng):
    """Run steps, with drifts that change between them; membranes are those of the plain model."""
    config, steps, expected = core.core.config, [], []
    for _ in range(rng.randint(1, 4)):
        changes = []
        if rng.random() < 0.3:
            plain.drift = drawn_drift(config, rng)
            changes.append(Set(Control.DRIFT_STEP, plain.drift % (1 << config.weight_bits)))
        if rng.random() < 0.2:
            plain.enabled = rng.random() < 0.7
            changes.append(Set(Control.LEARNING, int(plain.enabled)))
        events = sorted(axon for axon in range(config.inputs) if rng.random() < 0.4)
        forced = sorted(j for j in range(config.neurons) if rng.random() < 0.2)
        steps.append(Step(tuple(events), tuple(Graded(j, 0, forced=True) for j in forced), tuple(changes)))
        expected += plain.step(events, forced)
    results = await core.run(encode_steps(steps), pause=rng.choice([0, 0.3]), block=rng.choice([0, 0.5]))
    assert EventStream.decode(results).graded_value.tolist() == expected


async def compare(core, plain):
    assert await core.read(Region.WEIGHTS) == [weight for row in plain.weights for weight in row]
    assert await core.read(Region.PLASTIC) == [flag for row in plain.plastic for flag in row]
    assert (await core.counters())[Counter.DRIFT_CLIPS] == plain.clips


@pytest.mark.parametrize("name", CONFIGS)
def test_no_result_shows_that_a_drift_is_put_off(name):
    config, rng = CONFIGS[name], random.Random(name)
    plain = PlainDrift(config)
    plain.drift = drawn_drift(config, rng)

    async def body(core):
        await prepare(core, plain.drift)
        for row in range(config.axons):
            plain.weights[row] = [rng.randint(plain.low, plain.high) for _ in range(config.neurons)]
            plain.plastic[row] = [int(rng.random() < 0.8) for _ in range(config.neurons)]
        await core.write(Region.WEIGHTS, [weight for row in plain.weights for weight in row])
        await core.write(Region.PLASTIC, [flag for row in plain.plastic for flag in row])
        for _ in range(12):
            await run_some(core, plain, rng)
            await write_some(core, plain, rng)
            if rng.random() < 0.3:
                plain.drift = drawn_drift(config, rng)
                await core.write(Region.CONTROL, [plain.drift], Control.DRIFT_STEP)
            if rng.random() < 0.3:
                await core.clear(state=True, traces=True)
            await compare(core, plain)

    on_core(config, body)


def test_weights_that_are_read_and_written_elsewhere_go_on_alike():
    """A snapshot knows nothing of a pending drift, and goes to a chip that has another one."""
    config, rng = CONFIGS["two lanes"], random.Random(7)
    plain = PlainDrift(config)
    plain.drift = 2
    taken = {}

    async def first(core):
        await prepare(core, plain.drift)
        plain.plastic = [[1] * config.neurons for _ in range(config.axons)]
        await core.write(Region.PLASTIC, [1] * config.axons * config.neurons)
        for _ in range(3):
            await run_some(core, plain, rng)
        taken.update({region: await core.read(region) for region in (Region.WEIGHTS, Region.PLASTIC)})

    async def second(core):
        await prepare(core, -3)
        await core.write(Region.PLASTIC, [rng.randrange(2) for _ in range(config.axons * config.neurons)])
        await core.run(encode_steps([Step()] * 2))
        # Flags first or weights first, a loader may do either.
        for region in (Region.WEIGHTS, Region.PLASTIC) if rng.random() < 0.5 else (Region.PLASTIC, Region.WEIGHTS):
            await core.write(region, taken[region])
        await core.write(Region.CONTROL, registers(config, plain.drift, int(plain.enabled)))
        plain.clips = 0
        await compare(core, plain)
        for _ in range(4):
            await run_some(core, plain, rng)
            await compare(core, plain)

    on_core(config, first)
    on_core(config, second)


def test_sleeping_weights_drift():
    config = CoreConfig(**WINDOW, weight_bits=4, neurons=33, inputs=33, lanes=16)

    async def body(core):
        await core.write(Region.CONTROL, registers(config, 3))
        await core.write(Region.IN_USE, [1, 1])
        last = config.axons * config.neurons - 1
        for item in (0, last):
            await core.write(Region.PLASTIC, [1], item)
        for expected in (3, 6, 7, 7):
            await core.run(encode_steps([Step()]))
            for item in (0, last):
                assert await core.read(Region.WEIGHTS, 1, item) == [expected]

    on_core(config, body)


@pytest.mark.parametrize("ports", [1, 2])
def test_fold_is_no_work_of_the_core(ports):
    config = CoreConfig(**WINDOW, weight_bits=4, neurons=3, inputs=2, lanes=2, weight_ports=ports)

    async def body(core):
        await core.write(Region.CONTROL, registers(config, 5))
        for steps, folds in ((1, 0), (2, 1), (3, 2)):
            await core.run(encode_steps([Step()]))
            counters = await core.counters()
            assert counters[Counter.BUSY_CYCLES] == busy_cycles(config, steps, 0)
            stalled = counters[Counter.STALL_CYCLES]
            sweep = folds * config.weight_words * (3 - ports)
            assert sweep <= stalled <= sweep + 8 * folds

    on_core(config, body)


def test_pending_drift_outlives_a_reset():
    """As the memories do: neither of them would make sense without the other."""
    config = CONFIGS["two lanes"]
    core, reset, m = Core(config), Signal(), Module()
    m.domains.sync = domain = ClockDomain()
    m.submodules.core = core
    m.d.comb += domain.rst.eq(reset)

    async def testbench(ctx):
        bench = CoreBench(ctx, core, random.Random(1))
        await bench.write(Region.CONTROL, registers(config, 2))
        await bench.write(Region.PLASTIC, [1])
        await bench.run(encode_steps([Step()] * 3))
        ctx.set(reset, 1)
        await ctx.tick()
        ctx.set(reset, 0)
        assert await bench.read(Region.WEIGHTS, 2) == [6, 0]

    simulate(m, testbench)

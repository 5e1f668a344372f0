"""Traces in gates: decay cut by chance, codes of all kinds of places, long windows; against plain integers."""

import random

import pytest
from neurocorex.spec import Control, CoreConfig, Counter, Graded, Learning, Region, Step, controls
from neurocorex.spec.events import encode_steps
from neurocorex.spec.fixed import Place, advance, fade, place_code, saturate, signed_range, trace_draw
from neurocorex.spec.registers import OTHERS
from neurocorex_hdl.learning.rule import TableChange
from neurocorex_hdl.learning.trace import Fade
from support.corebench import on_core, simulate

DECAYS = [0, 1, 2, 3000, 32768, 65533, 65534, 65535]


@pytest.mark.parametrize("held", [False, True], ids=["every cycle", "every other cycle"])
@pytest.mark.parametrize("bits", [4, 7, 16])
def test_fade_cuts_a_trace_by_its_draw(bits, held):
    rng, top = random.Random(bits), (1 << bits) - 1
    cases = [(trace, draw) for trace in (0, 1, 2, top // 2, top - 1, top) for draw in (0, 1, 32768, 65534, 65535)]
    cases += [(rng.randint(0, top), rng.randint(0, 65535)) for _ in range(150)]
    unit, spacing = Fade(bits, held=held), 2 if held else 1
    draw_at = Fade.draw_stage(held)
    idle = [(0, 0)] * 4

    async def testbench(ctx):
        for decay in DECAYS:
            ctx.set(unit.decay, decay)
            await ctx.tick().repeat(3)
            slots = [case for case in cases + idle for _ in range(spacing)]
            faded = []
            for cycle, (trace, _) in enumerate(slots):
                ctx.set(unit.trace, trace)
                ctx.set(unit.draw, slots[cycle - draw_at][1] if cycle >= draw_at else 0)
                *_, result = await ctx.tick().sample(unit.faded)
                faded.append(result)
            latency = draw_at + 1
            assert faded[latency : latency + spacing * len(cases) : spacing] == [
                fade(trace, decay, draw) for trace, draw in cases
            ]

    simulate(unit, testbench)


class PlainTraces:
    """Traces of all axons and neurons, as docs/model.md tells them, one by one."""

    def __init__(self, config, used, control, sources, random_state):
        self.config, self.used, self.control, self.random = config, used, control, random_state
        self.sources, self.fired, self.full = sources, set(), 0
        numbers = ((Place.INPUT, config.inputs), (Place.RECURRENT, config.neurons), (Place.EXTRA, config.extra_axons))
        self.codes = [place_code(place, number) for place, count in numbers for number in range(count)]
        self.pre, self.post = [0] * config.axons, [0] * config.neurons

    def takes_part(self, axon):
        """Whether an axon is in use; extra ones always are."""
        config, used = self.config, self.used
        if axon < config.inputs:
            return axon < used.inputs
        return axon >= config.inputs + config.neurons or axon - config.inputs < used.neurons

    def step(self, events, forced):
        config = self.config
        first_extra = config.inputs + config.neurons
        arrived = events | {config.inputs + j for j in self.fired}
        arrived |= {first_extra + e for e, source in enumerate(self.sources) if source in self.fired}
        for axon, code in enumerate(self.codes):
            if self.takes_part(axon):
                self.pre[axon] = self.moved("PRE", self.pre[axon], code, axon in arrived, self.kind(axon))
        for neuron in range(self.used.neurons):
            code = place_code(Place.NEURON, neuron)
            self.post[neuron] = self.moved("POST", self.post[neuron], code, neuron in forced)
        self.fired, self.random = forced, advance(self.random)

    def kind(self, axon):
        """Which registers a trace of an axon follows."""
        return "_OTHERS" if self.config.rules > 1 and axon >= self.config.inputs else ""

    def moved(self, side, trace, code, spike, kind=""):
        decay, rise, cap = (self.control[Control[f"{side}_{name}{kind}"]] for name in ("DECAY", "INCREMENT", "CAP"))
        trace = fade(trace, decay, trace_draw(self.random, code))
        if not spike:
            return trace
        self.full += trace + rise > cap
        return min(trace + rise, cap)


SIZES = {
    "one lane": {"lanes": 1},
    "two lanes": {"lanes": 2},
    "eight lanes": {"lanes": 8},
    "sixteen lanes": {"lanes": 16},
    "one lane, no extra axons": {"lanes": 1, "extra_axons": 0},
    "sixteen lanes, no extra axons": {"lanes": 16, "extra_axons": 0},
    "a part in use": {"lanes": 8, "neurons": 41, "inputs": 37, "in_use": (1, 1)},
    "fewer neurons in use": {"lanes": 1, "neurons": 35, "inputs": 34, "in_use": (1, 0)},
    "two rules, one lane": {"lanes": 1, "rules": 2},
    "two rules, four lanes": {"lanes": 4, "rules": 2},
    "two rules, no extra axons": {"lanes": 4, "rules": 2, "extra_axons": 0},
}


@pytest.mark.parametrize("name", SIZES)
def test_traces_of_all_kinds_of_axons_follow_step_and_place(name):
    sizes = {"neurons": 7, "inputs": 11, "extra_axons": 6} | SIZES[name]
    in_use = sizes.pop("in_use", (0, 0))
    config = CoreConfig(learning=Learning.EXPONENTIAL, trace_bits=6, state_bits=16, max_delay=2, **sizes)
    used, rng = config.in_use(*in_use), random.Random(name)
    control = [0] * len(controls(config))
    registers = {
        Control.PRE_DECAY: 9000, Control.POST_DECAY: 21000, Control.PRE_INCREMENT: 23, Control.POST_INCREMENT: 40,
        Control.PRE_CAP: 63, Control.POST_CAP: 50, Control.RANDOM: 0xC0FFEE11, Control.LEARNING: 0,
    }  # fmt: skip
    if config.rules > 1:
        registers |= dict(zip(OTHERS.values(), (30000, 40, 45), strict=True))
    for register, value in registers.items():
        control[register] = value
    sources = [rng.randrange(used.neurons) for _ in range(config.extra_axons)]
    plain = PlainTraces(config, used, control, sources, control[Control.RANDOM])

    async def body(core):
        await core.write(Region.CONTROL, control)
        await core.write(Region.IN_USE, list(in_use))
        await core.write(Region.DELAY, [1] * config.neurons)
        if config.extra_axons:
            await core.write(Region.EXTRA_SOURCE, sources)
            await core.write(Region.EXTRA_DELAY, [1] * config.extra_axons)
        for _ in range(6):
            steps = []
            for _ in range(3):
                events = {axon for axon in range(used.inputs) if rng.random() < 0.3}
                forced = {neuron for neuron in range(used.neurons) if rng.random() < 0.3}
                steps.append(
                    Step(tuple(sorted(events)), tuple(Graded(each, 0, forced=True) for each in sorted(forced)))
                )
                plain.step(events, forced)
            await core.run(encode_steps(steps))
            assert await core.read(Region.PRE_TRACE) == plain.pre
            assert await core.read(Region.POST_TRACE) == plain.post
        assert (await core.read(Region.CONTROL))[Control.RANDOM] == plain.random
        assert (await core.counters())[Counter.FULL_TRACES] == plain.full > 0

    on_core(config, body)


def test_mean_of_many_traces_follows_their_decay():
    """With 4 bits a trace that loses a tenth in each step would stay for ever, or be gone at once."""
    config = CoreConfig(learning=Learning.EXPONENTIAL, trace_bits=4, neurons=1, inputs=128, lanes=8, state_bits=16)

    async def body(core):
        await core.write(Region.PRE_TRACE, [8] * config.inputs)
        await core.write(Region.CONTROL, [6554], Control.PRE_DECAY)
        await core.run(encode_steps([Step()] * 7))
        traces = (await core.read(Region.PRE_TRACE))[: config.inputs]
        assert sum(traces) / len(traces) == pytest.approx(8 * 0.9**7, rel=0.1)

    on_core(config, body)


@pytest.mark.parametrize("steps", [1, 4, 10, 11, 13, 20])
def test_table_is_looked_up_in_one_part_or_two(steps):
    config = CoreConfig(learning=Learning.WINDOW, weight_bits=4, window_steps=steps, neurons=2, inputs=1, lanes=1)
    unit, rng, bits = TableChange(config), random.Random(steps), config.change_bits
    entries = [rng.randint(*signed_range(bits)) for _ in range(sum(config.table_parts))]

    def change(window, modulation):
        entry = entries[window % 1024]
        if steps > 10:
            entry = saturate(entry + entries[1024 + window // 1024], bits)
        return saturate(entry * modulation >> 8, bits)

    async def testbench(ctx):
        for index, entry in enumerate(entries):
            ctx.set(unit.host_index, index)
            ctx.set(unit.host_data, entry)
            ctx.set(unit.host_write, 1)
            await ctx.tick()
        ctx.set(unit.host_write, 0)
        for index in rng.sample(range(len(entries)), min(40, len(entries))):
            ctx.set(unit.host_index, index)
            ctx.set(unit.host_read, 1)
            await ctx.tick()
            ctx.set(unit.host_read, 0)
            await ctx.tick()
            assert ctx.get(unit.host_answer) == entries[index]
        for modulation in (256, -256, 77):
            ctx.set(unit.modulation, modulation)
            latency, seen = TableChange.latency(config), []
            windows = [rng.randrange(1 << steps) for _ in range(200)]
            for window in windows + [0] * latency:
                ctx.set(unit.trace, window)
                seen.append(ctx.get(unit.change))
                await ctx.tick()
            assert seen[latency:] == [change(window, modulation) for window in windows]

    simulate(unit, testbench)

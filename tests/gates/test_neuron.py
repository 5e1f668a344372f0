"""The equations of a neuron in gates, and single neurons through the whole pipeline."""

import random
from itertools import product

import pytest
from neurocorex.image import state_regions
from neurocorex.spec import Clear, Control, CoreConfig, Flag, Region, layout
from neurocorex.spec.fixed import saturate
from neurocorex.spec.registers import PARAMETERS, STATE
from neurocorex_hdl.neurons.equations import AdaptationUpdate, CurrentUpdate, Firing, MembraneUpdate
from neurocorex_hdl.neurons.errors import ErrorUpdate
from neurocorex_hdl.neurons.input import Drive, drive_shape
from neurocorex_hdl.neurons.pipeline import NeuronPipeline
from neurocorex_hdl.neurons.sweep import Sweep
from support import reference
from support.corebench import simulate

CONFIG = CoreConfig(neurons=3, inputs=2, lanes=2, state_bits=16, refractory_bits=4, max_delay=5)
LOW, HIGH = CONFIG.state_range


def pipelined(unit, stages, outputs, cases, latency):
    """Feed a case in every cycle, each operand at its stage; return the outputs of each case.

    `stages` tells when an operand is given, `latency` when the outputs are read.
    """
    answers = []

    async def testbench(ctx):
        for cycle in range(len(cases) + latency + 1):
            for name, stage in stages.items():
                if 0 <= cycle - stage < len(cases):
                    ctx.set(getattr(unit, name), cases[cycle - stage][name])
            if 0 <= cycle - latency < len(cases):
                answers.append(tuple(ctx.get(getattr(unit, name)) for name in outputs))
            await ctx.tick()

    simulate(unit, testbench)
    return answers


def random_state(rng):
    return rng.choice([LOW, LOW + 1, -1, 0, 1, HIGH - 1, HIGH, rng.randint(LOW, HIGH), rng.randint(-200, 200)])


def random_decay(rng):
    return rng.choice([0, 1, 65534, 65535, rng.randint(0, 65535)])


def test_drive_is_exact_for_extreme_sums_and_gains():
    sums = [-(1 << (CONFIG.accumulator_bits - 1)), -1, 0, 1, (1 << (CONFIG.accumulator_bits - 1)) - 1]
    cases = [{"input_sum": a, "recurrent_sum": b, "injected": x} for a, b, x in product(sums, sums, [LOW, -1, 0, HIGH])]
    for gain_input, gain_recurrent in ((0, 0), (7, 7), (3, 5)):
        drive = Drive(CONFIG)
        gains = [{**case, "gain_input": gain_input, "gain_recurrent": gain_recurrent} for case in cases]
        stages = {"input_sum": 0, "recurrent_sum": 1, "injected": 1, "gain_input": 0, "gain_recurrent": 0}
        expected = [
            ((case["input_sum"] << gain_input) + (case["recurrent_sum"] << gain_recurrent) + case["injected"],)
            for case in cases
        ]
        assert pipelined(drive, stages, ["drive"], gains, Drive.latency(CONFIG)) == expected


def test_current_decays_and_saturates():
    rng = random.Random(1)
    top = (1 << (drive_shape(CONFIG).width - 1)) - 1
    cases = [
        {
            "current": random_state(rng),
            "current_decay": random_decay(rng),
            "drive": rng.choice([-top - 1, top, 0, rng.randint(-100, 100), rng.randint(-(2**16), 2**16)]),
        }
        for _ in range(600)
    ]
    exact = [reference.shrink(case["current"], case["current_decay"]) + case["drive"] for case in cases]
    stages = {"current": 0, "current_decay": 0, "drive": CurrentUpdate.DRIVE_STAGE}
    answers = pipelined(CurrentUpdate(CONFIG), stages, ["updated", "clamped"], cases, CurrentUpdate.LATENCY)
    assert answers == [(saturate(value, 16), saturate(value, 16) != value) for value in exact]


def test_membrane_leaks_both_ways_and_saturates():
    rng = random.Random(2)
    cases = [
        {
            "membrane": random_state(rng),
            "decay": random_decay(rng),
            "leak": rng.choice([0, 0, 1, HIGH, rng.randint(0, 300)]),
            "current": random_state(rng),
            "bias": random_state(rng),
        }
        for _ in range(800)
    ]
    shrunk = [reference.shrink(case["membrane"], case["decay"]) for case in cases]
    exact = [
        reference.toward(value, case["leak"]) + case["current"] + case["bias"]
        for value, case in zip(shrunk, cases, strict=True)
    ]
    late = MembraneUpdate.CURRENT_STAGE
    stages = {"membrane": 0, "decay": 0, "leak": MembraneUpdate.LEAK_STAGE, "current": late, "bias": late}
    answers = pipelined(MembraneUpdate(CONFIG), stages, ["updated", "clamped"], cases, MembraneUpdate.LATENCY)
    assert answers == [(saturate(value, 16), saturate(value, 16) != value) for value in exact]


@pytest.mark.parametrize(("decay", "step"), [(0, HIGH), (65535, 5), (1000, 300), (65534, 0)])
def test_adaptation_decays_always_and_grows_on_firing(decay, step):
    rng = random.Random(3)
    shared = {"decay": decay, "step": step}
    cases = [
        shared | {"adaptation": rng.choice([0, 1, HIGH, rng.randint(0, HIGH)]), "fires": rng.random() < 0.5}
        for _ in range(100)
    ]
    exact = [reference.shrink(case["adaptation"], decay) + case["fires"] * step for case in cases]
    stages = {"adaptation": 0, "fires": AdaptationUpdate.FIRES_STAGE, "decay": 0, "step": 0}
    unit = AdaptationUpdate(CONFIG)
    answers = pipelined(unit, stages, ["updated", "clamped"], cases, AdaptationUpdate.FIRES_STAGE)
    assert answers == [(min(value, HIGH), value > HIGH) for value in exact]


def fire(**values):
    """Fires, membrane, refractory count and clamp that `Firing` makes of one neuron."""
    by_stage = (
        ("threshold", "adaptation"),
        ("membrane", "refractory_count", "reset", "hold", "forced", "quiet"),
        ("refractory", "subtract"),
    )
    stages = {name: stage for stage, names in enumerate(by_stage) for name in names}
    case = dict.fromkeys(stages, 0) | values
    unit = Firing(CONFIG)
    return pipelined(unit, stages, ["fires", "left", "count", "clamped"], [case], Firing.FIRES_STAGE)[0]


def test_neuron_at_its_threshold_does_not_fire():
    assert fire(threshold=100, membrane=100, reset=7) == (0, 100, 0, 0)


def test_spike_resets_membrane():
    assert fire(threshold=100, membrane=101, reset=-7, refractory=3) == (1, -7, 3, 0)


def test_spike_subtracts_the_threshold():
    assert fire(threshold=100, membrane=130, reset=-7, subtract=1) == (1, 30, 0, 0)


def test_subtracting_a_negative_threshold_saturates():
    assert fire(threshold=LOW, membrane=HIGH, subtract=1) == (1, HIGH, 0, 1)


def test_reset_to_a_value_is_never_clamped():
    assert fire(threshold=LOW, membrane=HIGH, reset=HIGH) == (1, HIGH, 0, 0)


def test_adaptation_raises_the_threshold_exactly():
    assert fire(threshold=HIGH, adaptation=HIGH, membrane=HIGH)[0] == 0
    assert fire(threshold=LOW, adaptation=HIGH, membrane=0)[0] == 1


def test_refractory_neuron_integrates_but_does_not_fire():
    assert fire(threshold=0, membrane=9, refractory_count=2, reset=5) == (0, 9, 1, 0)


def test_refractory_neuron_is_held_at_its_reset_value():
    assert fire(threshold=0, membrane=9, refractory_count=1, reset=5, hold=1) == (0, 5, 0, 0)


def test_neuron_that_is_not_refractory_is_not_held():
    assert fire(threshold=10, membrane=9, reset=5, hold=1) == (0, 9, 0, 0)


def test_forced_neuron_fires_below_its_threshold():
    assert fire(threshold=100, membrane=-20, reset=7, refractory=3, forced=1) == (1, 7, 3, 0)


def test_forced_neuron_fires_while_refractory():
    assert fire(threshold=100, membrane=5, refractory_count=2, reset=7, refractory=3, forced=1) == (1, 7, 3, 0)


def test_forced_neuron_that_subtracts_can_fall_below_the_range():
    assert fire(threshold=100, membrane=LOW + 5, subtract=1, forced=1) == (1, LOW, 0, 1)


def test_forced_neuron_that_is_held_subtracts_from_its_reset_value():
    values = {
        "threshold": 100,
        "membrane": 50,
        "refractory_count": 2,
        "reset": 7,
        "hold": 1,
        "subtract": 1,
        "refractory": 4,
    }
    assert fire(**values, forced=1) == (1, -93, 4, 0)
    assert fire(**values) == (0, 7, 1, 0)


def test_quiet_neuron_fires_only_when_forced():
    assert fire(threshold=100, membrane=101, quiet=1) == (0, 101, 0, 0)
    assert fire(threshold=100, membrane=101, reset=3, quiet=1, forced=1) == (1, 3, 0, 0)


class Neurons:
    """The pipeline, swept without a core around it."""

    def __init__(self, ctx, pipeline):
        self.ctx, self.unit = ctx, pipeline

    async def write(self, region, values):
        bus = self.unit.bus
        self.ctx.set(bus.region, region)
        self.ctx.set(bus.write, 1)
        for column, value in enumerate(values):
            self.ctx.set(bus.column, column)
            self.ctx.set(bus.write_data, value & 0xFFFFFFFF)
            await self.ctx.tick()
        self.ctx.set(bus.write, 0)

    async def read(self, region):
        bus, values = self.unit.bus, []
        form = layout(region, CONFIG)
        for column in range(form.items):
            self.ctx.set(bus.region, region)
            self.ctx.set(bus.column, column)
            self.ctx.set(bus.read, 1)
            await self.ctx.tick()
            self.ctx.set(bus.read, 0)
            await self.ctx.tick()
            data = self.ctx.get(bus.read_data)
            values.append(data - (1 << 32) if form.signed and data >> 31 else data)
        return values

    async def sweep(self, sweep, drives=(0, 0, 0), *, cleared=0):
        """Sweep all neurons; return those whose axons arrive next, and the records."""
        arriving, records = [], []
        self.ctx.set(self.unit.cleared, cleared)
        for cycle in range(CONFIG.neurons + NeuronPipeline.LATENCY + 1):
            inside = cycle < CONFIG.neurons
            slot = {"valid": inside, "index": cycle % 4, "last": cycle == CONFIG.neurons - 1, "sweep": sweep}
            self.ctx.set(self.unit.slot, slot)
            self.ctx.set(self.unit.drive, drives[cycle - 6] if 0 <= cycle - 6 < CONFIG.neurons else 0)
            if self.ctx.get(self.unit.updated.arrives):
                arriving.append(self.ctx.get(self.unit.updated.slot.index))
            if self.ctx.get(self.unit.recorded):
                record = self.ctx.get(self.unit.record)
                records.append((record.neuron, bool(record.fired), bool(record.watched), record.membrane))
            await self.ctx.tick()
        return arriving, records


def on_pipeline(body):
    pipeline = NeuronPipeline(CONFIG)

    async def testbench(ctx):
        await body(Neurons(ctx, pipeline))

    simulate(pipeline, testbench)


def test_update_records_what_the_flags_ask_for_and_always_the_last_neuron():
    async def body(neurons):
        await neurons.write(Region.THRESHOLD, [10, 10, 10])
        await neurons.write(Region.CURRENT_DECAY, [65535] * 3)
        await neurons.write(Region.FLAGS, [Flag.RECORD_SPIKES, Flag.RECORD_MEMBRANE, 0])
        _, records = await neurons.sweep(Sweep.UPDATE, (11, 4, 11))
        assert records == [(0, True, False, 0), (1, False, True, 4), (2, False, False, 0)]
        _, records = await neurons.sweep(Sweep.UPDATE, (1, 1, 1))
        assert records == [(1, False, True, 5), (2, False, False, 1)]

    on_pipeline(body)


def test_axon_arrives_as_many_steps_after_the_spike_as_its_delay_says():
    async def body(neurons):
        await neurons.write(Region.THRESHOLD, [10, 10, 10])
        await neurons.write(Region.DELAY, [1, 3, 0])
        await neurons.write(Region.CURRENT_DECAY, [65535] * 3)
        arrivals = [(await neurons.sweep(Sweep.UPDATE, (20, 20, 20)))[0]]
        arrivals += [(await neurons.sweep(Sweep.UPDATE))[0] for _ in range(4)]
        assert arrivals == [[0], [], [1], [], []]

    on_pipeline(body)


def test_delays_beyond_the_history_are_silent():
    async def body(neurons):
        await neurons.write(Region.HISTORY, [31, 31, 31])
        await neurons.write(Region.DELAY, [5, 6, 7])
        assert await neurons.sweep(Sweep.RECALL) == ([0], [])

    on_pipeline(body)


def test_recall_changes_nothing():
    async def body(neurons):
        states = {Region.MEMBRANE: [-5, 6, 7], Region.CURRENT: [1, 2, -3], Region.REFRACTORY_COUNT: [3, 0, 1]}
        states |= {Region.HISTORY: [1, 16, 9], Region.ADAPTATION: [4, 5, 6]}
        for region, values in states.items():
            await neurons.write(region, values)
        await neurons.write(Region.DELAY, [1, 1, 4])
        assert await neurons.sweep(Sweep.RECALL) == ([0, 2], [])
        for region, values in states.items():
            assert await neurons.read(region) == values

    on_pipeline(body)


@pytest.mark.parametrize("flags", [Clear(0), Clear.STATE, Clear.ADAPTATION, Clear.STATE | Clear.ADAPTATION])
def test_clear_zeroes_what_its_flags_name(flags):
    async def body(neurons):
        for region in state_regions(CONFIG):
            await neurons.write(region, [5, 6, 7])
        await neurons.write(Region.DELAY, [1, 2, 3])
        arriving = [] if flags & Clear.STATE else [0, 1, 2]
        assert await neurons.sweep(Sweep.CLEAR, cleared=flags) == (arriving, [])
        for region in state_regions(CONFIG):
            assert await neurons.read(region) == ([0, 0, 0] if flags & region.row.cleared else [5, 6, 7])
        assert await neurons.read(Region.DELAY) == [1, 2, 3]

    on_pipeline(body)


def test_adaptation_step_is_as_wide_as_the_adaptation():
    assert Control.ADAPTATION_STEP.bits(CONFIG) == layout(Region.ADAPTATION, CONFIG).bits


def test_every_parameter_and_state_region_is_read():
    readers = (AdaptationUpdate, CurrentUpdate, ErrorUpdate, Firing, MembraneUpdate, NeuronPipeline)
    read = {region for reader in readers for region in reader.READS} | {Region.RULE}  # the pipeline of chips with rules
    read |= {Region.COUNT, Region.FIRST_STEP, Region.NOISE}  # and of those with tallies, or with noise
    assert read == {*PARAMETERS, *STATE}

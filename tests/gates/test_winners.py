"""Winners of groups and judgements in gates: random networks against the naive reference, ties, edges and the bus."""

from dataclasses import replace

import numpy as np
import pytest
from neurocorex.check.drawing import Drawing
from neurocorex.events.codec import NO_REGISTER
from neurocorex.image import Image
from neurocorex.spec import Clear, Control, CoreConfig, Counter, JudgeFlag, Learning, LearningFlag, Region, Step, layout
from neurocorex.spec.events import Cleared, Graded, Set, encode_steps
from neurocorex.spec.registers import GATE_ALL, NOBODY
from neurocorex.spec.timing import busy_cycles
from support.corebench import on_core
from support.trials import COUNTERS, STATE_REGIONS, moments_of, reference_of


def chip(**sizes):
    return CoreConfig(learning=Learning.EXPONENTIAL, errors=True, **{"max_delay": 3, "lanes": 4, **sizes})


CONFIGS = {
    "usual": chip(neurons=10, inputs=7, groups=3),
    "one group": chip(neurons=9, inputs=6, groups=1, extra_axons=5),
    "most groups": chip(neurons=18, inputs=5, groups=16, state_bits=24, weight_bits=16, soft_bounds=True),
    "no adaptation": chip(neurons=7, inputs=6, groups=4, lanes=8, adaptation=False),
    "single neuron": chip(neurons=1, inputs=4, groups=2),
    "one port": chip(neurons=6, inputs=7, groups=7, weight_ports=1, state_bits=16),
}
STEPS = 24
ERRORS = LearningFlag.ENABLE | LearningFlag.ERRORS


def drawn(config, seed):
    """Draw a network that fires and judges often, and whose excesses are often the same."""
    fixed = {Control.LEARNING: ERRORS, Control.GATE: GATE_ALL, Control.SILENT: 0} if seed % 2 else {}
    drawing = Drawing(config, seed, fixed)
    regions, stream, rng = drawing.regions(), drawing.stimulus(STEPS), np.random.default_rng(seed)
    for region, values in ((Region.THRESHOLD, (1, 4)), (Region.RESET, (0, 2)), (Region.LEAK, (0, 2))):
        regions[region] = np.where(
            rng.random(config.neurons) < 0.8, rng.integers(*values, config.neurons), regions[region]
        )
    return Image(config, regions), stream.clearing(np.flatnonzero(rng.random(STEPS) < 0.2), Clear.WINNERS)


def run_reference(image, stream):
    reference = reference_of(image)
    for moment in moments_of(stream, image.config):
        for register, value in moment.changes:
            if register == NO_REGISTER:
                reference.clear(value)
            else:
                reference.set(Control(register).name.lower(), value)
        reference.step(moment.events, moment.injected, moment.forced)
    return reference


async def compare(core, reference, config):
    """Everything that a step changes is the same, and the core has worked for as long as the formula says."""
    expected = {region: [getattr(n, name) for n in reference.neurons] for name, region in STATE_REGIONS.items()}
    expected |= {
        Region.WEIGHTS: np.ravel(reference.weights).tolist(),
        Region.FIRST: [NOBODY if j is None else j for j in reference.first],
        Region.CONTROL: list(reference.control.values()),
    }
    for region, values in expected.items():
        assert await core.read(region) == values, region.name
    counters = await core.counters()
    arrivals = reference.input_events + reference.recurrent_events
    assert {name: counters[counter] for name, counter in COUNTERS.items()} == {
        name: getattr(reference, name) for name in COUNTERS
    }
    assert counters[Counter.BUSY_CYCLES] == busy_cycles(config, reference.steps, arrivals, reference.columns)


@pytest.mark.parametrize("name", CONFIGS)
def test_core_equals_reference(name):
    config, kept = CONFIGS[name], 0

    async def body(core):
        nonlocal kept
        for seed in range(4):
            image, stream = drawn(config, seed + 10 * len(name))
            reference = run_reference(image, stream)
            for region, values in image.regions.items():
                if layout(region, config).writable:
                    await core.write(region, values.ravel().tolist())
            await core.clear(counters=True)
            await core.run(stream.encode())
            await compare(core, reference, config)
            kept += sum(j is not None for j in reference.first)

    on_core(config, body)
    assert kept > 0

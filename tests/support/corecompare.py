"""A core against the naive reference: what the link can read of it, and how long it has worked."""

import numpy as np
import pytest
from neurocorex.check.trial import Trial
from neurocorex.events.stream import EventStream
from neurocorex.image import Image
from neurocorex.spec import CoreConfig, Counter, Region, layout
from neurocorex.spec import config as geometry
from neurocorex.spec import memories as spec_memories
from neurocorex.spec.registers import NOBODY
from neurocorex.spec.timing import busy_cycles
from neurocorex_hdl.synapses import banks

from support.corebench import CoreBench
from support.reference import ReferenceCore
from support.trials import COUNTERS, STATE_REGIONS, moments_of, reference_of, step_reference, tallied


def deepen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the banks of a small chip deep, by lower limits: real ones take long to simulate."""
    monkeypatch.setattr(geometry, "SHALLOW_BANK_WORDS", 4)
    for module in (spec_memories, banks):
        monkeypatch.setattr(module, "piece_words", lambda config: 16)


def run_reference(reference: ReferenceCore, stream: EventStream, config: CoreConfig) -> None:
    """Let a reference run a stimulus, with the changes between its steps."""
    for moment in moments_of(stream, config):
        step_reference(reference, moment)


async def load(core: CoreBench, image: Image) -> None:
    """Write an image into a core, and clear its counters."""
    for region, values in image.regions.items():
        if layout(region, image.config).writable:
            await core.write(region, values.ravel().tolist())
    await core.clear(counters=True)


async def compare(core: CoreBench, reference: ReferenceCore, config: CoreConfig) -> None:
    """Everything that a step changes is the same, and the core has worked for as long as the formula says."""
    expected = {region: [getattr(n, name) for n in reference.neurons] for name, region in STATE_REGIONS.items()}
    expected |= {
        Region.WEIGHTS: np.ravel(reference.weights).tolist(),
        Region.CONTROL: list(reference.control.values()),
        Region.FIRST: [NOBODY if j is None else j for j in reference.first],
    }
    expected |= tallied(reference)
    if learning := reference.learning:
        expected |= {Region.PRE_TRACE: learning.x, Region.POST_TRACE: learning.y}
        if learning.eligibility:
            expected[Region.ELIGIBILITY] = np.ravel(learning.eligibility).tolist()
    if reference.rates:
        expected[Region.RATES] = np.ravel(reference.rates).tolist()
    for region, values in expected.items():
        if layout(region, config).items:
            assert await core.read(region) == values, region.name
    counters = await core.counters()
    arrivals = reference.input_events + reference.recurrent_events
    assert {name: counters[counter] for name, counter in COUNTERS.items()} == {
        name: getattr(reference, name) for name in COUNTERS
    }
    cycles = busy_cycles(
        config,
        reference.steps,
        arrivals,
        reference.columns,
        rewards=reference.rewards,
        scaled=reference.scaled,
        contests=reference.contests,
    )
    assert counters[Counter.BUSY_CYCLES] == cycles


async def equal_on_random_networks(core: CoreBench, config: CoreConfig, *, steps: int) -> None:
    """Run three random networks; fail if a core differs from the readable model after one of them."""
    for seed in (1, 2, 3):
        trial = Trial.random(config, seed, steps)
        reference = reference_of(trial.image)
        run_reference(reference, trial.stimulus, config)
        await load(core, trial.image)
        await core.run(trial.stimulus.encode())
        await compare(core, reference, config)

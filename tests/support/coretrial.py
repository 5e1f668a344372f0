"""Random networks and stimuli of `check.drawing` for a core of any geometry, and an emulator to run them beside it."""

import random
from collections import deque

from neurocorex.check.drawing import Drawing
from neurocorex.emulator.emulator import Emulator
from neurocorex.events.codec import DRAWN, FIRST_RATES, NO_REGISTER, RATED, REPORTED
from neurocorex.events.decoder import StreamDecoder
from neurocorex.events.reports import itemised, request_parts, requests
from neurocorex.events.stream import EventStream
from neurocorex.spec import CoreConfig, Counter, Flag, Graded, Region, Step, controls, layout, regions
from neurocorex.spec.events import Change, Cleared, Rated, Reported, Set, encode_steps
from neurocorex.spec.registers import MODEL_COUNTERS

from support.corebench import CoreBench


def random_regions(config: CoreConfig, rng: random.Random) -> dict[Region, list[int]]:
    """Items of all regions that can be written."""
    drawn = Drawing(config, rng.getrandbits(32), {}).regions()
    return {region: items.reshape(-1).tolist() for region, items in drawn.items() if layout(region, config).writable}


def random_steps(config: CoreConfig, rng: random.Random, count: int) -> list[Step]:
    """Steps from silent ones to such with everything at once."""
    return steps_of(Drawing(config, rng.getrandbits(32), {}).stimulus(count))


def steps_of(stream: EventStream) -> list[Step]:
    """The steps of a stream."""
    steps = [([], [], []) for _ in range(stream.steps)]
    columns, drawn = [column.tolist() for column in stream.columns], {}
    for step, axon in zip(*columns[:2], strict=True):
        steps[step][0].append(axon)
    for step, neuron, value, forced in zip(*columns[2:6], strict=True):
        steps[step][1].append(Graded(neuron, value, bool(forced)))
    for step, register, value in zip(*columns[6:], strict=True):
        if register == DRAWN:
            drawn.update(dict.fromkeys(range(step, step + value % 65536), value // 65536))
        elif register == RATED:
            before = b"" if value >= FIRST_RATES else steps[step][2].pop().packed
            steps[step][2].append(Rated(before + bytes([value % FIRST_RATES])))
        else:
            steps[step][2].append(_change(register, value))
    return [Step(*map(tuple, parts), drawn.get(step)) for step, parts in enumerate(steps)]


def _change(register: int, value: int) -> Change:
    if register == REPORTED:
        return Reported(*request_parts(value))
    return Cleared(value) if register == NO_REGISTER else Set(register, value)


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
        return await self.run_bytes(encode_steps(steps), **pace)

    async def run_bytes(self, data: bytes, **pace: float) -> EventStream:
        """Run a stimulus that ends with a step; both give the same results."""
        decoder, config = self._decoder(), self.emulator.config
        stimulus = decoder.feed(data)
        expected = self.emulator.run(stimulus)
        self.emulator.count(Counter.REFUSED_EVENTS, decoder.refused)
        results = EventStream.decode(await self.core.run(data, **pace), results=True)
        assert results.steps == expected.steps
        asked = deque(requests(*stimulus.columns[7:]))
        for found, wanted in zip(itemised(results.columns[6:], asked, config), expected.columns[6:], strict=True):
            assert found.tolist() == wanted.tolist()
        assert not asked
        for name in ("event_step", "event_index", "graded_step", "graded_index", "graded_value"):
            assert getattr(results, name).tolist() == getattr(expected, name).tolist(), name
        return results

    def _decoder(self) -> StreamDecoder:
        config = self.emulator.config
        return StreamDecoder(
            inputs=config.inputs, neurons=config.neurons, patterns=config.patterns, reports=config.reports
        )

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

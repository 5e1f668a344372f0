"""Records of neurons and the bytes that are made of them, against the encoder of the host."""

import random

import pytest
from neurocorex.events.stream import EventStream
from neurocorex.spec import CoreConfig
from neurocorex.spec.events import END, GRADED, IDLE
from neurocorex_hdl.events.recorder import CodeSender, Recorder, RecordQueue
from support.corebench import receive, send, simulate

SMALL = CoreConfig(neurons=5, state_bits=16)
WIDE = CoreConfig(neurons=900, state_bits=24)


def step_records(config, spikes=(), membranes=()):
    """Records of one step: spikes, and (neuron, value) pairs of membranes."""
    values, last = dict(membranes), config.neurons - 1
    return [
        {
            "neuron": neuron,
            "fired": neuron in spikes,
            "watched": neuron in values,
            "membrane": values.get(neuron, 0),
            "last": neuron == last,
        }
        for neuron in sorted({*spikes, *values, last})
    ]


def encoded(config, steps):
    """What the host's encoder makes of (spikes, membranes) of each step."""
    events = [(step, neuron) for step, (spikes, _) in enumerate(steps) for neuron in spikes]
    graded = [(step, *pair) for step, (_, membranes) in enumerate(steps) for pair in membranes]
    columns = [[row[column] for row in rows] for rows, width in ((events, 2), (graded, 3)) for column in range(width)]
    return EventStream(len(steps), *columns).encode(interleave=True)


def record(config, steps, *, pause=0.0, block=0.0, seed=1):
    """What the recorder makes of them."""
    recorder, rng, results, done = Recorder(config), random.Random(seed), bytearray(), []

    async def source(ctx):
        for spikes, membranes in steps:
            await send(ctx, recorder.records, step_records(config, spikes, membranes), rng, pause)
        ctx.set(recorder.flush, 1)
        await ctx.tick().until(recorder.empty)
        done.append(True)

    async def sink(ctx):
        while not done:
            ready = rng.random() >= block
            ctx.set(recorder.results.ready, ready)
            *_, valid, byte = await ctx.tick().sample(recorder.results.valid, recorder.results.payload)
            if valid and ready:
                results.append(byte)

    simulate(recorder, source, sink)
    return bytes(results)


def random_steps(config, rng, count):
    steps = []
    low, high = config.state_range
    for _ in range(count):
        if rng.random() < 0.4:
            steps.append(([], []))
            continue
        spikes = sorted(rng.sample(range(config.neurons), rng.randint(0, min(6, config.neurons))))
        watched = sorted(rng.sample(range(config.neurons), rng.randint(0, 4)))
        steps.append((spikes, [(neuron, rng.choice([low, high, -1, 0, rng.randint(low, high)])) for neuron in watched]))
    return steps


@pytest.mark.parametrize(("pause", "block"), [(0, 0), (0.5, 0), (0, 0.8), (0.5, 0.5)])
@pytest.mark.parametrize("config", [SMALL, WIDE], ids=["small", "wide"])
def test_results_are_what_the_host_would_write(config, pause, block):
    steps = random_steps(config, random.Random(pause + 2 * block), 40)
    assert record(config, steps, pause=pause, block=block) == encoded(config, steps)


def test_silent_steps_are_one_code():
    assert record(SMALL, [([], [])] * 7) == bytes([IDLE, 7, 0])


def test_one_silent_step_is_one_byte():
    assert record(SMALL, [([], [])]) == bytes([END])


def test_spike_costs_one_byte():
    assert record(SMALL, [([0, 1, 4], [])]) == bytes([0, 0, 2, END])


def test_spike_comes_before_the_membrane_of_its_neuron():
    assert record(SMALL, [([1], [(1, -2)])]) == bytes([1, GRADED, 1, 0, 0xFE, 0xFF, 0xFF, END])


def test_nothing_silent_is_sent_before_it_must():
    recorder = Recorder(SMALL)

    async def testbench(ctx):
        ctx.set(recorder.results.ready, 1)
        await send(ctx, recorder.records, step_records(SMALL) * 3, random.Random(1), 0)
        for _ in range(5):
            *_, valid, empty = await ctx.tick().sample(recorder.results.valid, recorder.empty)
            assert not valid
            assert not empty

    simulate(recorder, testbench)


def test_silence_longer_than_its_code_is_sent_in_pieces():
    recorder, results = Recorder(SMALL), []

    async def testbench(ctx):
        ctx.set(recorder.records.payload, step_records(SMALL)[0])
        ctx.set(recorder.records.valid, 1)
        # A silent step is taken in every cycle, but for those in which the full code is sent.
        await ctx.tick().repeat(0xFFFF)
        for _ in range(3):
            results.append(await receive(ctx, recorder.results, random.Random(1), 0))
        ctx.set(recorder.records.valid, 0)
        ctx.set(recorder.flush, 1)
        results.append(await receive(ctx, recorder.results, random.Random(1), 0))

    simulate(recorder, testbench)
    assert results == [IDLE, 0xFF, 0xFF, IDLE]


def test_sender_sends_a_byte_in_every_cycle_and_pauses_between_codes():
    sender = CodeSender()

    async def testbench(ctx):
        ctx.set(sender.bytes.ready, 1)
        ctx.set(sender.codes.valid, 1)
        ctx.set(sender.codes.payload, {"content": 0x030201, "following": 2})
        for _ in range(3):
            for expected in (None, 1, 2, 3):
                *_, valid, byte = await ctx.tick().sample(sender.bytes.valid, sender.bytes.payload)
                assert (byte if valid else None) == expected

    simulate(sender, testbench)


@pytest.mark.parametrize("block", [0.0, 0.5, 0.95])
def test_queue_never_loses_a_record(block):
    """Neurons pass a pipeline that cannot wait; they are sent only when there is room."""
    queue, rng, taken, latency, total = RecordQueue(SMALL), random.Random(7), [], 12, 400
    leaves = [rng.random() < 0.7 for _ in range(total)]

    async def pipeline(ctx):
        in_flight, sent = [], 0
        while sent < total or in_flight:
            sends = sent < total and rng.random() < 0.9 and bool(ctx.get(queue.given.room))
            ctx.set(queue.given.reserve, sends)
            retires = bool(in_flight) and in_flight[0][1] == latency
            ctx.set(queue.given.retire, retires)
            ctx.set(queue.given.push, retires and leaves[in_flight[0][0]])
            if retires:
                ctx.set(queue.given.record.membrane, in_flight.pop(0)[0])
            in_flight = [(neuron, age + 1) for neuron, age in in_flight]
            if sends:
                in_flight.append((sent, 0))
                sent += 1
            await ctx.tick()
        ctx.set(queue.given.retire, 0)
        ctx.set(queue.given.push, 0)
        await ctx.tick().until(queue.empty)

    async def consumer(ctx):
        for _ in range(sum(leaves)):
            taken.append((await receive(ctx, queue.records, rng, block)).membrane)

    simulate(queue, pipeline, consumer)
    assert taken == [neuron for neuron in range(total) if leaves[neuron]]

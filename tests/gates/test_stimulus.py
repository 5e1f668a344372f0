"""Bytes of the stimulus and what they mean, against the decoder of the host."""

import random

import pytest
from neurocorex.events.decoder import StreamDecoder
from neurocorex.spec import Clear, Control, CoreConfig, Graded, Learning, Step, controls, encode_steps
from neurocorex.spec.events import CLEAR, END, FORCE, GRADED, IDLE, SET, SKIP, Cleared, Set
from neurocorex_hdl.events.decoder import ItemKind, StimulusDecoder
from support.corebench import receive, send, simulate

SMALL = CoreConfig(neurons=7, inputs=5, state_bits=18)
WIDE = CoreConfig(neurons=300, inputs=700, state_bits=24)
LEARNING = CoreConfig(neurons=7, inputs=5, state_bits=18, learning=Learning.WINDOW)


def cut(value, bits):
    """The low bits of a number, signed."""
    half = 1 << (bits - 1)
    return (value + half) % (2 * half) - half


def set_register(config, register, value):
    """A change of a register, cut to its bits."""
    return Set(register, value % (1 << Control(register).bits(config)))


class Decoded:
    """Items of a decoder, collected into the steps that they make up."""

    def __init__(self, config):
        self._config = config
        self.steps, self.refused = [], 0
        self._begin()

    def _begin(self):
        self.events, self.graded, self.changes = [], [], []

    def take(self, item):
        if item.kind == ItemKind.EVENT:
            self.events.append(item.index)
        elif item.kind in (ItemKind.GRADED, ItemKind.FORCE):
            value = cut(item.value, self._config.state_bits)
            self.graded.append(Graded(item.index, value, item.kind == ItemKind.FORCE))
        elif item.kind == ItemKind.CLEAR:
            self.changes.append(Cleared(item.value & 0xFF))
        elif item.kind == ItemKind.SET:
            self.changes.append(set_register(self._config, item.index, item.value))
        else:
            self.steps.append(Step(tuple(self.events), tuple(self.graded), tuple(self.changes)))
            self._begin()


def decode(config, data, *, pause=0.0, block=0.0, seed=1):
    """Steps and refusals that the hardware makes of bytes, and whether a step is open at the end."""
    decoder, decoded, rng = StimulusDecoder(config), Decoded(config), random.Random(seed)
    still_open = []

    async def source(ctx):
        await send(ctx, decoder.bytes, list(data), rng, pause)
        while True:
            *_, holding = await ctx.tick().sample(decoder.holding)
            if not holding:
                break
        still_open.append(bool(ctx.get(decoder.open)))

    async def sink(ctx):
        while not still_open:
            ctx.set(decoder.items.ready, rng.random() >= block)
            *_, valid, ready, item, refused = await ctx.tick().sample(
                decoder.items.valid, decoder.items.ready, decoder.items.payload, decoder.refused
            )
            if valid and ready:
                decoded.take(item)
            decoded.refused += refused

    simulate(decoder, source, sink)
    return decoded, still_open[0]


def expected(config, data):
    """The same from the decoder of the host, with values cut to the bits of the state."""
    host = StreamDecoder(inputs=config.inputs, neurons=config.neurons)
    stream = host.feed(data)
    refused = host.refused
    steps = []
    for step in range(stream.steps):
        graded, changed = stream.graded_step == step, stream.change_step == step
        values = [cut(value, config.state_bits) for value in stream.graded_value[graded].tolist()]
        forced = [bool(forced) for forced in stream.graded_forced[graded].tolist()]
        changes = []
        for register, value in zip(stream.change_register[changed], stream.change_value[changed], strict=True):
            if register < 0:
                changes.append(Cleared(int(value)))
            elif register < len(controls(config)) and Control(register).bits(config):
                changes.append(set_register(config, int(register), int(value)))
            else:
                refused += 1
        steps.append(
            Step(
                tuple(stream.event_index[stream.event_step == step].tolist()),
                tuple(map(Graded, stream.graded_index[graded].tolist(), values, forced)),
                tuple(changes),
            )
        )
    return steps, refused, host.open


def random_bytes(rng, count):
    """Mostly small distances, and every special code now and then."""
    special = [SKIP, GRADED, CLEAR, FORCE, SET, 0xF5, 0xFD, END, END, END]
    data = bytearray()
    while len(data) < count:
        kind = rng.random()
        if kind < 0.5:
            data.append(rng.choice([0, 0, 1, 2, 239, rng.randrange(240)]))
        elif kind < 0.6:
            data += bytes([IDLE, rng.choice([0, 1, 5]), 0])
        elif kind < 0.75:
            code = rng.choice([GRADED, FORCE])
            data += bytes([code, rng.randrange(4), rng.choice([0, 0, 0, 255]), *rng.randbytes(3)])
        elif kind < 0.85:
            data += rng.choice([b"", bytes([END])]) + bytes([SET, rng.randrange(24), *rng.randbytes(4)])
        else:
            data.append(rng.choice(special))
    return bytes(data)


@pytest.mark.parametrize(("pause", "block"), [(0, 0), (0.5, 0), (0, 0.7), (0.5, 0.5)])
@pytest.mark.parametrize("config", [SMALL, WIDE, LEARNING], ids=["small", "wide", "learning"])
def test_any_bytes_mean_what_the_host_takes_them_for(config, pause, block):
    data = random_bytes(random.Random(pause + 2 * block), 700) + bytes([END] * 6 + [0])
    decoded, still_open = decode(config, data, pause=pause, block=block)
    assert (decoded.steps, decoded.refused, still_open) == expected(config, data)


def test_valid_steps_are_not_refused():
    steps = [
        Step((0, 4)),
        Step(),
        Step((), (Graded(0, -5), Graded(5, 7, forced=True), Graded(6, 7))),
        Step((1, 2, 3), (Graded(2, 1),), (Cleared(Clear.STATE), Set(Control.GAIN_INPUT, 5), Cleared(0))),
        *[Step()] * 4,
    ]
    decoded, still_open = decode(SMALL, encode_steps(steps))
    assert decoded.steps == steps
    assert decoded.refused == 0
    assert not still_open


def test_distant_axons_are_reached_by_skips():
    decoded, _ = decode(WIDE, encode_steps([Step((239, 240, 699)), Step((699,))]))
    assert decoded.steps == [Step((239, 240, 699)), Step((699,))]


@pytest.mark.parametrize(
    ("data", "refusals"),
    [
        ([5, END], 1),
        ([SKIP, 0, END], 1),
        ([GRADED, 7, 0, 0, 0, 0, END], 1),
        ([GRADED, 0, 1, 0, 0, 0, END], 1),
        ([GRADED, 0, 0, 1, 0, 0, 3, END], 1),
        ([GRADED, 0, 0, 1, 0, 0, SKIP, END], 1),
        ([GRADED, 0, 1, 1, 0, 0, 3, END], 2),
        ([3, CLEAR, 1, END], 1),
        ([3, SET, 0, 1, 0, 0, 0, END], 1),
        ([SET, 4, 1, 0, 0, 0, END], 1),
        ([FORCE, 0, 0, 1, 0, 0, 3, END], 1),
        ([FORCE, 6, 0, 1, 0, 0, GRADED, 0, 0, 1, 0, 0, END], 1),
        ([IDLE, 0, 0, END], 1),
        ([0xF5, 0xFD, END], 2),
        ([4, 239, 239, 239, END], 3),
    ],
    ids=[
        "no such axon", "skipped too far", "no such neuron", "neuron far away", "event after graded",
        "skip after graded", "event after refused graded", "clear inside a step", "set inside a step",
        "set of a register of learning", "event after forced", "graded beyond forced", "idle of nothing", "reserved",
        "cursor stays out",
    ],
)  # fmt: skip
def test_what_breaks_the_rules_is_counted_and_skipped(data, refusals):
    decoded, still_open = decode(SMALL, bytes(data))
    assert decoded.refused == refusals
    assert (decoded.steps, decoded.refused, still_open) == expected(SMALL, bytes(data))
    assert len(decoded.steps) == 1


def test_long_silence_is_that_many_steps():
    decoded, _ = decode(SMALL, bytes([IDLE, 0x2C, 0x01]))
    assert decoded.steps == [Step()] * 300


def abort(data, *, taken, extra=b""):
    """Items after an abort that comes when the bytes have gone in and `taken` items have come out."""
    decoder, items, rng = StimulusDecoder(SMALL), [], random.Random(1)

    async def testbench(ctx):
        for byte in data:
            ctx.set(decoder.bytes.valid, 1)
            ctx.set(decoder.bytes.payload, byte)
            await ctx.tick().until(decoder.bytes.ready)
        ctx.set(decoder.bytes.valid, 0)
        for _ in range(taken):
            await receive(ctx, decoder.items, rng, 0)
        for _ in range(3):
            await ctx.tick()
        ctx.set(decoder.abort, 1)
        for byte in extra:
            ctx.set(decoder.bytes.valid, 1)
            ctx.set(decoder.bytes.payload, byte)
            *_, ready = await ctx.tick().sample(decoder.bytes.ready)
            assert ready
        ctx.set(decoder.bytes.valid, 0)
        while ctx.get(decoder.holding):
            items.append(ItemKind((await receive(ctx, decoder.items, rng, 0)).kind))
        assert not ctx.get(decoder.open)
        await ctx.tick()
        ctx.set(decoder.abort, 0)
        # What comes afterwards begins with a whole code and a new step.
        for byte in (CLEAR, Clear.STATE, END):
            ctx.set(decoder.bytes.valid, 1)
            ctx.set(decoder.bytes.payload, byte)
            await ctx.tick().until(decoder.bytes.ready)
        ctx.set(decoder.bytes.valid, 0)
        assert (await receive(ctx, decoder.items, rng, 0)).kind == ItemKind.CLEAR
        assert (await receive(ctx, decoder.items, rng, 0)).kind == ItemKind.END

    simulate(decoder, testbench)
    return items


def test_abort_of_nothing_does_nothing():
    assert abort(b"", taken=0) == []


def test_abort_ends_an_open_step():
    assert abort(bytes([3]), taken=1) == [ItemKind.END]


def test_abort_ends_an_open_step_after_what_has_come_of_it():
    assert abort(bytes([3]), taken=0) == [ItemKind.EVENT, ItemKind.END]


@pytest.mark.parametrize("data", [[CLEAR, 1], [SET, 0, 1, 0, 0, 0]], ids=["clear", "set"])
def test_changes_open_no_step(data):
    assert abort(bytes(data), taken=1) == []


def test_abort_forgets_the_beginning_of_a_code():
    assert abort(bytes([GRADED, 0, 0]), taken=0) == []


def test_abort_stops_silence_at_the_step_that_is_offered():
    assert abort(bytes([IDLE, 0xFF, 0xFF]), taken=4) == [ItemKind.END]


def test_abort_throws_bytes_away():
    assert abort(bytes([3]), taken=1, extra=bytes([0, GRADED, END, END, IDLE, 9])) == [ItemKind.END]

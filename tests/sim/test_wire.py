"""The simulated chip answers every request as the chip in software does: good ones, bad ones, and nonsense."""

import numpy as np
import pytest
from neurocorex.check.trial import Trial
from neurocorex.emulator.transport import VirtualTransport
from neurocorex.spec import (
    CoreConfig,
    EventDecoder,
    Op,
    Region,
    Request,
    Status,
    layout,
    regions,
)
from neurocorex.spec.events import ARGUMENTS, CLEAR, END, GRADED, IDLE, SKIP
from neurocorex.spec.protocol import CLEAR_ARGUMENTS, READ_ARGUMENTS, WRITE_ARGUMENTS
from neurocorex.spec.registers import MODEL_COUNTERS
from neurocorex.wire.process import ProcessTransport
from neurocorex_sim.chip import build_chip
from support.client import SESSION, Client

CONFIG = CoreConfig(neurons=10, inputs=260, lanes=4, state_bits=18, max_delay=5, frame_bytes=64)


@pytest.fixture(scope="module")
def clients():
    transports = [VirtualTransport(CONFIG), ProcessTransport([build_chip(CONFIG)])]
    yield [Client(transport) for transport in transports]
    for transport in transports:
        transport.close()


@pytest.fixture
def fresh(clients):
    """Both chips with the same random network, nothing else left of earlier tests."""
    trial = Trial.random(CONFIG, seed=4, steps=1)
    for client in clients:
        client.hello()
        for region, values in trial.image.regions.items():
            item_bytes = layout(region, CONFIG).item_bytes
            row, column, step = 0, 0, (CONFIG.payload_bytes - 8) // item_bytes
            flat = values.reshape(-1)
            for start in range(0, len(flat), step):
                row, column = divmod(start, layout(region, CONFIG).columns)
                data = b"".join(
                    (int(x) & 0xFFFFFFFF).to_bytes(4, "little")[:item_bytes] for x in flat[start : start + step]
                )
                status, _ = client.call(Op.WRITE, WRITE_ARGUMENTS.pack(region, row, column) + data)
                assert status == Status.OK
        client.call(Op.CLEAR, CLEAR_ARGUMENTS.pack(2))
    return clients


def both(clients, op, payload=b""):
    expected, mine = (client.call(op, payload) for client in clients)
    if op == Op.RUN:
        expected, mine = ((status, results(data)) for status, data in (expected, mine))
    assert mine == expected, f"{op!r} {payload.hex(' ')}"
    return mine[0]


def results(data):
    """Steps of a result stream: how silent ones are grouped is the chip's choice."""
    decoder = EventDecoder()
    steps = decoder.feed(data)
    assert not decoder.refused
    assert not decoder.open
    return steps


def same_content(clients):
    for region in regions(CONFIG):
        if region in (Region.INFO, Region.COUNTERS):
            continue
        assert both(clients, Op.READ, READ_ARGUMENTS.pack(region, 0, 0, layout(region, CONFIG).items)) == Status.OK
    for counter in MODEL_COUNTERS:
        assert both(clients, Op.READ, READ_ARGUMENTS.pack(Region.COUNTERS, 0, 2 * counter, 2)) == Status.OK


def test_requests_at_and_beyond_the_edges_are_answered_alike(fresh):
    rng = np.random.default_rng(1)
    seen = set()
    for _ in range(400):
        region = int(
            rng.choice(
                [*(set(regions(CONFIG)) - {Region.INFO, Region.COUNTERS}), Region.PLASTIC, 0x00, 0x03, 0x35, 0xFF]
            )
        )
        if region == Region.INFO:
            continue
        shape = layout(Region(region if region in set(regions(CONFIG)) else Region.MEMBRANE), CONFIG)
        row = int(rng.choice([0, shape.rows - 1, shape.rows, rng.integers(0, 1 << 16)], p=[0.6, 0.3, 0.05, 0.05]))
        column = int(rng.choice([0, shape.columns - 1, shape.columns, rng.integers(shape.columns)]))
        if rng.random() < 0.5:
            items = int(rng.choice([0, 1, shape.columns, shape.items, 1 << 30], p=[0.1, 0.3, 0.3, 0.2, 0.1]))
            payload = READ_ARGUMENTS.pack(region, row, column, items)
            op = Op.READ
        else:
            payload = WRITE_ARGUMENTS.pack(region, row, column) + rng.bytes(int(rng.integers(0, 40)))
            op = Op.WRITE
        if rng.random() < 0.05:
            payload = payload[: rng.integers(len(payload))]
        seen.add(both(fresh, op, payload))
    assert seen >= {Status.OK, Status.BAD_REGION, Status.BAD_RANGE, Status.BAD_LENGTH}
    same_content(fresh)


@pytest.mark.parametrize(
    ("op", "payload", "status"),
    [
        (0x15, b"", Status.BAD_OP),
        (0x7F, b"abc", Status.BAD_OP),
        (Op.CLEAR, b"", Status.BAD_LENGTH),
        (Op.CLEAR, b"\1\1", Status.BAD_LENGTH),
        (Op.SET_BAUD, b"\5", Status.BAD_LENGTH),
        (Op.SET_BAUD, b"\3\0", Status.BAD_RANGE),
        (Op.WRITE, WRITE_ARGUMENTS.pack(Region.INFO, 0, 0) + b"abcd", Status.READ_ONLY),
        (Op.WRITE, WRITE_ARGUMENTS.pack(Region.COUNTERS, 0, 0) + b"abcd", Status.READ_ONLY),
        (Op.RUN, b"", Status.OK),
    ],
)
def test_status(fresh, op, payload, status):
    assert both(fresh, op, payload) == status
    same_content(fresh)


def test_only_run_may_follow_an_open_step(fresh):
    assert both(fresh, Op.RUN, bytes([3, 4])) == Status.OK
    assert both(fresh, Op.READ, READ_ARGUMENTS.pack(Region.MEMBRANE, 0, 0, 1)) == Status.STEP_OPEN
    assert both(fresh, Op.CLEAR, CLEAR_ARGUMENTS.pack(1)) == Status.STEP_OPEN
    assert both(fresh, Op.RUN, bytes([5, END])) == Status.OK
    same_content(fresh)


@pytest.mark.parametrize("how", ["hello", "stop"])
def test_open_step_is_ended_with_what_has_arrived(fresh, how):
    assert both(fresh, Op.RUN, bytes([3, 4, GRADED, 1, 0])) == Status.OK
    for client in fresh:
        getattr(client, how)()
    same_content(fresh)


def test_stimulus_of_all_codes_and_nonsense(fresh):
    rng = np.random.default_rng(2)
    stream = nonsense(rng, codes=6_000)
    while stream:
        size = int(rng.integers(1, CONFIG.payload_bytes - 4))
        assert both(fresh, Op.RUN, stream[:size]) == Status.OK
        stream = stream[size:]
    both(fresh, Op.RUN, bytes([END] * 6))
    same_content(fresh)


def nonsense(rng, codes):
    """Stimulus bytes in any order, whether they make sense or not; only `IDLE` is kept short."""
    out = bytearray()
    for _ in range(codes):
        code = int(rng.choice([rng.integers(0, 60), END, SKIP, GRADED, CLEAR, IDLE, rng.integers(256)],
                              p=[0.6, 0.2, 0.03, 0.06, 0.02, 0.02, 0.07]))  # fmt: skip
        out.append(code)
        if code == IDLE:
            out += bytes([int(rng.integers(0, 9)), 0])
        elif code == GRADED:
            out += bytes([int(rng.integers(0, 4)), int(rng.random() < 0.02)]) + rng.bytes(3)
        else:
            out += rng.bytes(ARGUMENTS.get(code, 0))
    return bytes(out)


def test_frames_that_cannot_be_taken_are_named(fresh):
    for client in fresh:
        before = client.poll()
        assert (before.op, before.status) == (Op.POLL, Status.OK)
        wrong = bytearray(Request(Op.CLEAR, before.ack, 0, b"\1", SESSION).encode())
        wrong[2] ^= 0x55
        client._transport.write(bytes(wrong))
        assert client._next().status == Status.BAD_FRAME
        client.send(Op.CLEAR, b"\1", sequence=(before.ack + 1) % 256, ack=client._expected)
        notice = client._next()
        assert (notice.status, notice.ack) == (Status.OUT_OF_ORDER, before.ack)
    same_content(fresh)


def test_responses_are_kept_until_they_are_acknowledged(fresh):
    for client in fresh:
        first = client._expected
        status, data = client.call(Op.READ, READ_ARGUMENTS.pack(Region.WEIGHTS, 0, 0, 8))
        assert (status, len(data)) == (Status.OK, 8)
        client.send(Op.POLL, ack=first)
        notice, again = client._next(), client._next()
        assert (notice.op, notice.status) == (Op.POLL, Status.OK)
        assert (again.op, again.sequence, again.payload) == (Op.READ, first, data)
        assert client.poll().op == Op.POLL
    same_content(fresh)

"""Sessions of the simulated chip: it answers as the chip in software does, and a reset is seen by the next frame."""

import pytest
from neurocorex.emulator.transport import VirtualTransport
from neurocorex.spec import CoreConfig, Op, Region, Request, Response, Status
from neurocorex.spec.events import END, IDLE
from neurocorex.spec.protocol import HELLO_ANSWER, READ_ARGUMENTS, WRITE_ARGUMENTS
from neurocorex.wire.process import ProcessTransport
from neurocorex_sim.chip import build_chip
from support.client import SESSION, SILENCE_S, Client

CONFIG = CoreConfig(neurons=10, inputs=260, lanes=4, state_bits=18, max_delay=5, frame_bytes=64)
OTHER = 0x4321
CHANGE = WRITE_ARGUMENTS.pack(Region.WEIGHTS, 0, 0) + b"\x55"


@pytest.fixture(scope="module")
def clients():
    transports = [VirtualTransport(CONFIG), ProcessTransport([build_chip(CONFIG)])]
    yield [Client(transport) for transport in transports]
    for transport in transports:
        transport.close()


@pytest.fixture
def fresh(clients):
    """Both chips in a session of their own, with no request taken."""
    for client in clients:
        client.hello()
    return clients


def same(clients, action):
    """Do the same on both; the frames that come back are the same."""
    expected, mine = (action(client) for client in clients)
    assert mine == expected
    return mine


@pytest.mark.parametrize("session", [0, OTHER, SESSION ^ 1, SESSION ^ 0x8000])
@pytest.mark.parametrize(
    ("op", "payload"),
    [
        (Op.WRITE, CHANGE),
        (Op.READ, READ_ARGUMENTS.pack(Region.WEIGHTS, 0, 0, 1)),
        (Op.RUN, bytes([1, END])),
        (Op.CLEAR, b"\1"),
        (Op.SET_BAUD, b"\x10\0"),
        (0x15, b""),
        (0xFF, b""),
        (Op.POLL, b""),
        (Op.ACK, b""),
        (Op.STOP, b""),
        (0x00, b""),
        (0x05, b"x"),
        (0x0F, b""),
    ],
)
def test_frame_of_another_session_does_nothing(fresh, session, op, payload):
    (before,) = {client.hello().payload for client in fresh}
    for sequence in (0, 1, 200):
        frames = same(fresh, lambda client, sequence=sequence: client.ask(op, payload, sequence, 0, session))
        named = op == Op.POLL or op >= Op.READ
        assert [frame.status for frame in frames] == [Status.OTHER_SESSION] * named + [Status.OK]
        assert {(frame.session, frame.ack, frame.sequence) for frame in frames} == {(SESSION, 0, 0)}
    # HELLO alone took no request, and neither did any of these frames.
    assert same(fresh, Client.hello).payload == before


def test_acknowledgement_of_another_session_drops_no_response(fresh):
    for client in fresh:
        client.send(Op.CLEAR, b"\1", client._sequence, client._expected)
        assert client._next().op == Op.CLEAR
    for op in (Op.ACK, Op.POLL, Op.STOP, Op.CLEAR):
        frames = same(fresh, lambda client, op=op: client.ask(op, b"", 0, client._expected + 1, OTHER))
        assert frames[-1].status == Status.OK
        # The response comes again behind the answer to POLL.
        again = same(fresh, Client._next)
        assert (again.op, again.sequence) == (Op.CLEAR, frames[-1].sequence - 1)


def test_stop_of_another_session_stops_nothing(fresh):
    for client in fresh:
        assert client.call(Op.RUN, bytes([3, 4])) == (Status.OK, b"")
        client.send(Op.STOP, session=OTHER)
    read = READ_ARGUMENTS.pack(Region.MEMBRANE, 0, 0, 1)
    assert same(fresh, lambda client: client.call(Op.READ, read))[0] == Status.STEP_OPEN
    assert same(fresh, lambda client: client.call(Op.RUN, bytes([END])))[0] == Status.OK


def test_origin_is_the_session_of_the_last_request_that_was_taken(fresh):
    def told(session):
        (origin,) = HELLO_ANSWER.unpack(same(fresh, lambda client: client.hello(session)).payload)
        return origin

    told(OTHER)
    assert same(fresh, lambda client: client.call(Op.CLEAR, b"\0"))[0] == Status.OK
    assert told(77) == OTHER
    assert told(78) == OTHER
    same(fresh, lambda client: client.ask(Op.CLEAR, b"\0", 1))  # out of order
    same(fresh, lambda client: client.ask(Op.CLEAR, b"\0", 0, 0, OTHER))
    same(fresh, lambda client: client.ask(Op.STOP))
    assert told(78) == OTHER
    assert same(fresh, lambda client: client.call(0x15))[0] == Status.BAD_OP  # taken, and answered
    assert told(0xFFFF) == 78


def test_damaged_hello_begins_nothing(fresh):
    for client in fresh:
        frame = bytearray(Request(Op.HELLO, session=OTHER).encode())
        frame[4] ^= 0x20
        client._transport.write(bytes(frame))
    assert same(fresh, Client._next).status == Status.BAD_FRAME
    assert same(fresh, Client.poll).session == SESSION
    assert same(fresh, lambda client: client.call(Op.CLEAR, b"\0"))[0] == Status.OK


def test_chip_after_power_up_is_in_no_session():
    chips = [VirtualTransport(CONFIG), ProcessTransport([build_chip(CONFIG)])]
    try:
        clients = [Client(chip, None) for chip in chips]
        for client in clients:
            client.send(Op.POLL, session=SESSION)
        assert same(clients, Client._next) == Response(Op.POLL, 0, 0, CONFIG.rx_frames, Status.OTHER_SESSION)
        assert same(clients, Client.hello).payload == HELLO_ANSWER.pack(0)
        assert same(clients, lambda client: client.hello(OTHER)).payload == HELLO_ANSWER.pack(0)
    finally:
        for chip in chips:
            chip.close()


@pytest.fixture
def simulated():
    transport = ProcessTransport([build_chip(CONFIG)])
    yield Client(transport)
    transport.close()


@pytest.mark.parametrize("when", ["idle", "frame", "run", "answer", "rate"])
def test_reset_is_seen_by_the_next_frame_and_keeps_memories(simulated, when):
    chip, transport = simulated, simulated._transport
    assert chip.call(Op.WRITE, CHANGE)[0] == Status.OK
    if when == "frame":
        transport.write(b"\0" + Request(Op.CLEAR, 1, 1, b"\1", SESSION).encode()[:6])
    elif when == "run":
        chip.send(Op.RUN, bytes([IDLE, 0xFF, 0xFF]), 1, 1)
        assert chip.poll().ack == 2  # and it runs
    elif when == "answer":
        chip.send(Op.READ, READ_ARGUMENTS.pack(Region.WEIGHTS, 0, 0, 2000), 1, 1)
        transport.read(SILENCE_S)
    elif when == "rate":
        chip.call(Op.SET_BAUD, b"\x20\0")
        chip.poll()
    transport.reset()
    chip.send(Op.POLL, ack=1)
    while getattr(notice := chip._any(), "status", None) != Status.OTHER_SESSION:
        if not isinstance(notice, Response):  # the frame that was cut, and the notice behind it
            chip.send(Op.POLL, ack=1)
        else:  # of before the reset, or about what is left of the request that it cut
            assert notice.session == SESSION or notice.status == Status.BAD_FRAME
    assert (notice.session, notice.sequence, notice.ack, notice.credit) == (0, 0, 0, CONFIG.rx_frames)
    assert chip.hello(OTHER).payload == HELLO_ANSWER.pack(0)
    assert chip.call(Op.READ, READ_ARGUMENTS.pack(Region.WEIGHTS, 0, 0, 1)) == (Status.OK, b"\x55")

"""Sessions: a chip that was reset, replaced or used by somebody else is noticed before anything of it is believed."""

from collections.abc import Iterator

import numpy as np
import pytest
from neurocorex.emulator.protocol import VirtualChip
from neurocorex.errors import DeviceError, InputError, NoAnswerError, StateLostError
from neurocorex.spec import CoreConfig, Op, Region, Request, RequestDecoder, Response, Status
from neurocorex.spec.protocol import HELLO_ANSWER
from neurocorex.wire.link import Link
from neurocorex.wire.regions import read_request
from neurocorex.wire.transport import Transport
from support.tap import CLEAR

CHIP = CoreConfig(neurons=3, inputs=2, lanes=1, frame_bytes=64, rx_frames=4)
READ = read_request(Region.BIAS, CHIP)
NOTHING = (Op.READ, bytes([Region.BIAS]) + bytes(8))


class Socket(Transport):
    """A place for one chip, which can be changed for another between any two bytes."""

    name = "socket"

    def __init__(self, chip: VirtualChip) -> None:
        self.chip = chip
        self.written = bytearray()
        self._answers = b""
        self.at_read: Iterator[VirtualChip | None] = iter(())

    def write(self, data: bytes) -> None:
        self.written += data
        self._answers += self.chip.receive(data)

    def read(self, timeout_s: float) -> bytes:
        if (other := next(self.at_read, None)) is not None:
            self.chip, self._answers = other, b""
        data, self._answers = self._answers, b""
        return data

    def inject(self, *frames: Response) -> None:
        self._answers += b"".join(frame.encode() for frame in frames)

    def close(self) -> None:
        pass


def chip_of(bias: int) -> VirtualChip:
    chip = VirtualChip(CHIP)
    chip.emulator.write(Region.BIAS, [bias] * CHIP.neurons)
    return chip


def standing_at(count: int, bias: int, session: int = 77) -> VirtualChip:
    """A chip with which another host has done just as much."""
    chip = chip_of(bias)
    chip._session = chip._origin = session
    chip._expected = chip._sequence = count % 256
    return chip


OTHERS = {"reset": lambda count: chip_of(9), "of another host": lambda count: standing_at(count, 9)}
MINE, THEIRS = np.full(3, 5).astype("<i4").tobytes(), np.full(3, 9).astype("<i4").tobytes()


def bias_of(data: bytes) -> int:
    return data[0]


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("moment", ["before", "in flight", "after"])
def test_other_chip_is_noticed_at_every_count_and_moment(moment: str, other: str) -> None:
    for count in range(256):
        socket = Socket(chip_of(5))
        link = Link(socket)
        assert bias_of(link.call(*READ)) == 5
        list(link.execute([NOTHING] * (count - 1)))
        # In flight: the request has been taken, the answer gets lost. After: one answer has come, the next is lost.
        taken = {"before": count, "in flight": count + 1, "after": count + 2}[moment]
        replacement = OTHERS[other](max(taken, 1))
        came: list[int] = []
        if moment == "before":
            socket.chip = replacement
        else:
            socket.at_read = iter([replacement] if moment == "in flight" else [None, replacement])
        requests = [READ] * (1 if moment != "after" else 12)
        with pytest.raises(StateLostError, match=r"socket was (reset|used by another session meanwhile); load the"):
            came.extend(bias_of(data) for _, data in link.execute(requests))
        assert not set(came) - {5}, count
        assert len(came) <= 4 * (moment == "after")
        assert link.call(*READ)[0] == 9  # whoever was told may use what is there


@pytest.mark.parametrize("count", [1, 128, 255, 256, 257])
def test_other_chip_is_noticed_when_the_session_begins_anew(count: int) -> None:
    for replacement in (chip_of(9), standing_at(count, 9)):
        socket = Socket(chip_of(5))
        link = Link(socket)
        list(link.execute([NOTHING] * count))
        socket.chip = replacement
        link.hello()
        with pytest.raises(StateLostError):
            link.call(*READ)
        assert bias_of(link.call(*READ)) == 9


def test_origin_tells_the_session_in_which_the_chip_was_used_last() -> None:
    socket = Socket(chip_of(5))
    link = Link(socket)
    link.hello()
    assert link.origin == 0
    link.call(*CLEAR)
    used = link.session
    link.hello()
    assert link.origin == used
    link.hello()  # nothing was taken in between
    assert link.origin == used
    assert bias_of(link.call(*READ)) == 5


def test_greeting_of_another_host_that_sends_no_request_loses_no_state() -> None:
    socket = Socket(chip_of(5))
    link = Link(socket)
    link.call(*CLEAR)
    socket.chip.receive(Request(Op.HELLO, session=99).encode())
    link.hello()
    assert bias_of(link.call(*READ)) == 5


@pytest.mark.parametrize("taken", [False, True], ids=["request lost", "answer lost"])
@pytest.mark.parametrize("greetings_lost", range(5))
def test_lost_greetings_and_requests_make_no_false_verdict(greetings_lost: int, taken: bool) -> None:
    class Losing(Socket):
        losses = 0

        def write(self, data: bytes) -> None:
            frames = [frame for frame in RequestDecoder().feed(data) if isinstance(frame, Request)]
            if self.losses and frames[0].op == Op.HELLO:
                self.losses -= 1
                self.chip.receive(data)
            elif self.losses and frames[0].op >= Op.READ:
                if taken:
                    self.chip.receive(data)
            elif not self.losses or frames[0].op != Op.POLL:
                super().write(data)

    for origin_is_ours in (True, False):
        socket = Losing(chip_of(5))
        link = Link(socket)
        if origin_is_ours:
            link.call(*READ)
        else:
            link.hello()
        socket.losses = 1
        with pytest.raises(NoAnswerError):
            link.call(*CLEAR)
        socket.losses = greetings_lost
        if greetings_lost == 5:
            with pytest.raises(NoAnswerError):
                link.hello()
        assert bias_of(link.call(*READ)) == 5


def test_reset_is_noticed_though_all_greetings_until_then_were_lost() -> None:
    socket = Socket(chip_of(5))
    link = Link(socket)
    link.call(*CLEAR)
    socket.chip = chip_of(9)
    link.hello()
    link.hello()
    with pytest.raises(StateLostError, match="was reset"):
        link.call(*READ)


def test_first_session_expects_nothing() -> None:
    assert bias_of(Link(Socket(standing_at(7, 5))).call(*READ)) == 5


def test_frames_of_other_sessions_are_not_believed() -> None:
    socket = Socket(chip_of(5))
    link = Link(socket)
    link.call(*READ)
    stale = link.session
    socket.inject(Response(Op.HELLO, 0, 0, 4, Status.OK, HELLO_ANSWER.pack(0), stale))
    link.hello()
    assert link.session != stale
    for session in (stale, 1, 65535):
        socket.inject(
            Response(Op.READ, 0, 1, 4, Status.OK, THEIRS, session),
            Response(Op.POLL, 0, 200, 4, Status.OK, b"", session),
            Response(Op.HELLO, 0, 0, 4, Status.OK, HELLO_ANSWER.pack(0), session),
        )
    assert bias_of(link.call(*READ)) == 5
    assert bias_of(link.call(*READ)) == 5


# Servers ----------------------------------------------------------------------------------------


class Doorman(Socket):
    """A server that answers HELLO with these statuses before the chip does."""

    def __init__(self, *answers: tuple[Status, bytes]) -> None:
        super().__init__(chip_of(5))
        self._said = iter(answers)
        self._held = b""
        self.greetings: list[bytes] = []

    def write(self, data: bytes) -> None:
        for frame in RequestDecoder().feed(data):
            if isinstance(frame, Request) and frame.op == Op.HELLO:
                self.greetings.append(frame.payload)
                self._session, self._held = frame.session, data
                return
        super().write(data)

    def read(self, timeout_s: float) -> bytes:
        if self._held and (said := next(self._said, None)):
            return Response(Op.HELLO, status=said[0], payload=said[1], session=self._session).encode()
        if self._held:
            held, self._held = self._held, b""
            super().write(held)
        return super().read(timeout_s)


def test_busy_server_says_who_has_the_chip() -> None:
    with pytest.raises(NoAnswerError, match="socket is busy: alice has it since 12:00"):
        Link(Doorman((Status.BUSY, b"alice has it since 12:00"))).call(*READ)


def test_server_that_refuses_says_why() -> None:
    with pytest.raises(DeviceError, match="socket refuses this client: wrong token"):
        Link(Doorman((Status.REFUSED, b"wrong token"))).call(*READ)


def test_client_in_the_queue_waits_and_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "neurocorex")
    door = Doorman(*[(Status.WAIT, b"2 before you")] * 40)
    assert bias_of(Link(door).call(*READ)) == 5
    assert [record.getMessage() for record in caplog.records] == ["socket: 2 before you"]
    assert len(door.greetings) == 1


def test_greeting_goes_with_hello_and_is_short() -> None:
    door = Doorman()
    link = Link(door)
    link.greeting = b'{"token": "x"}'
    link.call(*READ)
    assert door.greetings == [b'{"token": "x"}']
    link.greeting = bytes(201)
    with pytest.raises(InputError, match="at most 200 bytes, got 201"):
        link.hello()


def test_notice_about_a_frame_of_an_earlier_session_is_no_loss() -> None:
    socket = Socket(chip_of(5))
    link = Link(socket)
    link.hello()
    socket.inject(Response(Op.POLL, status=Status.OTHER_SESSION, credit=CHIP.rx_frames, session=link.session))
    assert [bias_of(data) for _, data in link.execute([READ])] == [5]

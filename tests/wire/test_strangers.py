"""What is at the other end when it is no chip that this library speaks with: full messages, as users see them."""

from collections.abc import Callable

import pytest
from neurocorex.device.wired import WiredChip
from neurocorex.emulator.transport import VirtualTransport
from neurocorex.errors import DeviceError, GarbageError, NoAnswerError
from neurocorex.spec import Op, Request, RequestDecoder, Response, Status
from neurocorex.spec.config import CoreConfig
from neurocorex.spec.info import MAGIC, ChipInfo
from neurocorex.spec.protocol import HELLO_ANSWER
from neurocorex.spec.version import PROTOCOL_VERSION, text
from neurocorex.wire import refusals
from neurocorex.wire.strangers import Heard, looks
from neurocorex.wire.transport import Transport
from support.bridges import Bridge, Stranger
from support.fakes import SMALL

REMEDIES = (
    "load one that this version 9.8.7 makes (`neurocorex build BOARD`, then `neurocorex program BOARD`), or install "
    "the version that made it (`pip install neurocorex==VERSION`)"
)
SILENCE = (
    "/dev/ttyUSB1 does not answer at any likely rate; check that it is powered and configured, and that this is the "
    "right port; `neurocorex doctor` lists the ports and says what each is"
)
ESP32 = b"ets Jul 29 2019 12:21:46\r\n\r\nrst:0x1 (POWERON_RESET),boot:0x13\r\n"
#: What is there, and what is said behind the bytes.
STRANGERS: dict[str, tuple[Stranger, str]] = {
    "a boot console at another rate": (
        Stranger(b"\r\nU-Boot 2024.01 (Jan 09 2024)\r\n", 115_200),
        "/dev/ttyUSB1 sent 32 bytes without one valid frame (0d 0a 55 2d 42 6f 6f 74...) at 115200 baud (and 10 other "
        "rates were tried): it is text ('U-Boot 2024.01 (Jan 09 2024)'), the console of something else: check that "
        "this is the right port, and that the FPGA holds a NeuroCoreX bitstream",
    ),
    "an ESP32": (
        Stranger(ESP32, 115_200),
        "/dev/ttyUSB1 sent 63 bytes without one valid frame (65 74 73 20 4a 75 6c 20...) at 115200 baud (and 10 other "
        "rates were tried): the console of an ESP32 ('ets Jul 29 2019 12:21:46 rst:0x1 (POWERO...'), such as that of "
        "a ULX3S: the FPGA holds another bitstream, which joins the port to the ESP32; program it again: "
        "`neurocorex program BOARD`",
    ),
    "a modem": (
        Stranger(b"\r\nERROR\r\n"),
        "/dev/ttyUSB1 sent 45 bytes without one valid frame (0d 0a 45 52 52 4f 52 0d...): a modem answers so ('ERROR "
        "ERROR ERROR ERROR ERROR'): this is not the port of a board",
    ),
    "zeros": (
        Stranger(bytes(9)),
        "/dev/ttyUSB1 sent 45 bytes without one valid frame (00 00 00 00 00 00 00 00...): all zeros, so the line is "
        "low: a board without power pulls it down, or no bitstream is in the FPGA; check the power and the wires, and "
        "program it: `neurocorex program BOARD`",
    ),
    "ones": (
        Stranger(b"\xff"),
        "/dev/ttyUSB1 sent 5 bytes without one valid frame (ff ff ff ff ff): all ones, so there were only short dips: "
        "a loose wire, noise on an open pin, or a sender at a far higher rate; check the wires and ground, and program "
        "it: `neurocorex program BOARD`",
    ),
    "noise": (
        Stranger(b"\x9c\x31\xe0\x07"),
        "/dev/ttyUSB1 sent 20 bytes without one valid frame (9c 31 e0 07 9c 31 e0 07...): no text and no frame; check "
        "the baud rate, and that this is the right port",
    ),
}


@pytest.fixture(autouse=True)
def _installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusals.metadata, "version", lambda _: "9.8.7")


def refusal(transport: Transport) -> DeviceError:
    with pytest.raises(DeviceError) as raised:
        _ = WiredChip(transport).info
    return raised.value


@pytest.mark.parametrize("name", STRANGERS)
def test_stranger_is_described(name: str) -> None:
    transport, message = STRANGERS[name]
    error = refusal(transport)
    assert (str(error), type(error)) == (message, GarbageError)


@pytest.mark.parametrize("baud", [None, 1_000_000], ids=["no rates", "rates"])
def test_echo_is_described(baud: int | None) -> None:
    error = refusal(Stranger(baud=baud, echoes=True))
    assert "that is what was sent, so it is an echo: TX may be joined to RX, or a modem or terminal" in str(error)
    assert type(error) is GarbageError


def test_silence_at_all_rates() -> None:
    error = refusal(Bridge(left=666_667, breaks=False))
    assert (str(error), type(error)) == (SILENCE, NoAnswerError)


@pytest.mark.parametrize(
    ("strange", "word"),
    [
        (b"\x00" * 99 + b"\x80", "all zeros"),
        (b"\xff" * 99 + b"\xfe", "all ones"),
        (b"\x1b[0mlogin: ", "it is text ('?[0mlogin:')"),
        (b"ab", "no text"),
        (b"OK", "no text"),
        ("größer als".encode(), "no text"),
        (b"\r\nOK\r\n", "a modem"),
    ],
)
def test_bytes_are_put_into_words(strange: bytes, word: str) -> None:
    assert looks(strange).find(word) >= 0


def test_text_at_whatever_rate_is_told_before_noise() -> None:
    heard = Heard()
    heard.note(1_000_000, b"\x80\xf8")
    heard.note(115_200, b"login: ")
    heard.note(115_200, b"")
    assert heard.told == (115_200, b"login: ")


# Other versions ---------------------------------------------------------------------------------


def of_version(monkeypatch: pytest.MonkeyPatch, magic: int, version: int) -> Transport:
    """A chip that describes itself so."""
    words = ChipInfo(config=SMALL, clock_hz=0, baud=0, build_id=0).to_words()
    monkeypatch.setattr(ChipInfo, "to_words", lambda _: [magic, version, *words[2:]])
    return VirtualTransport(SMALL)


@pytest.mark.parametrize(
    ("version", "what"),
    [
        (PROTOCOL_VERSION - (1 << 16), "other rules"),
        (PROTOCOL_VERSION + (1 << 16), "other rules"),
        (PROTOCOL_VERSION ^ 1, "the same rules, but other tables (regions, registers, counters, codes or frames)"),
        (3, "other rules"),
    ],
    ids=["older", "newer", "other tables", "before the digest"],
)
def test_bitstream_of_another_version(version: int, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    error = refusal(of_version(monkeypatch, MAGIC, version))
    assert str(error) == (
        f"emulator has the bitstream of another version: {what}: chip speaks protocol version {text(version)}, this "
        f"host {text(PROTOCOL_VERSION)}; {REMEDIES}"
    )
    assert (type(error), error.exit_code) == (DeviceError, 6)


def test_chip_of_another_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    assert str(refusal(of_version(monkeypatch, 0x12345678, PROTOCOL_VERSION))) == (
        "emulator answers, but is no NeuroCoreX chip: its description begins with 0x12345678, not 0x3158434e; "
        "program it again: `neurocorex program BOARD`"
    )


class Answering(Stranger):
    """Answers each request with what a function makes of it."""

    def __init__(self, answer: Callable[[Request], Response]) -> None:
        super().__init__()
        self._answer, self._decoder = answer, RequestDecoder()

    def write(self, data: bytes) -> None:
        for request in self._decoder.feed(data):
            if isinstance(request, Request):
                self._out += self._answer(request).encode()


@pytest.mark.parametrize(
    ("status", "payload"),
    [(Status.OK, b""), (Status.OK, bytes(4)), (Status.BAD_OP, b""), (0x77, HELLO_ANSWER.pack(0))],
)
def test_hello_that_is_answered_in_another_form(status: int, payload: bytes) -> None:
    error = refusal(
        Answering(lambda request: Response(Op.HELLO, status=status, payload=payload, session=request.session))
    )
    assert str(error) == (
        f"/dev/ttyUSB1 has the bitstream of another version: it answers HELLO in another form; {REMEDIES}"
    )


def test_frames_that_answer_nothing() -> None:
    error = refusal(Answering(lambda _: Response(Op.POLL, session=1)))
    assert str(error) == (
        "/dev/ttyUSB1 sends frames as a NeuroCoreX chip does, but does not answer HELLO: its bitstream is of another "
        f"version; {REMEDIES}"
    )
    assert type(error) is GarbageError


def test_description_that_is_too_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ChipInfo, "from_words", lambda _: CoreConfig(neurons=0))
    error = refusal(VirtualTransport(SMALL))
    assert str(error).startswith("emulator describes a chip that cannot be: neurons")

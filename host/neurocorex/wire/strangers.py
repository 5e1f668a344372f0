"""Strangers at the other end of a line: what came back instead of a chip's answer, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

#: Bytes of text that a message quotes, and share of printable ones that make bytes a text.
_QUOTED_BYTES, _PRINTABLE = 40, 0.9
#: Share of one value that makes bytes monotonous.
_MONOTONOUS = 0.95
#: Fewest bytes that are called a text.
_TEXT_BYTES = 4
#: What the boot console of an ESP32, such as that of a ULX3S, contains.
_ESP32 = (b"ets J", b"rst:0x", b"ESP-IDF", b"ESP32", b"waiting for download")
#: Lines with which a modem answers.
_MODEM = (b"\r\nOK\r\n", b"\r\nERROR\r\n", b"\r\nNO CARRIER")


@dataclass(slots=True)
class Heard:
    """What came back while a chip was called.

    Attributes
    ----------
    by_rate : dict of int to bytes
        Bytes without a valid frame by the rate of this end, 0 where there is none.
    said : list of bytes
        What this end sent.
    frames : int
        Valid frames that answered nothing of this.
    """

    by_rate: dict[int, bytes] = field(default_factory=dict)
    said: list[bytes] = field(default_factory=list)
    frames: int = 0

    def note(self, baud: int, strange: bytes | bytearray) -> None:
        """Note bytes that came at a rate; an earlier longer piece stays."""
        self.by_rate[baud] = max(bytes(strange), self.by_rate.get(baud, b""), key=len)

    @property
    def strange(self) -> bool:
        """Whether bytes came that are no valid frame."""
        return any(self.by_rate.values())

    @property
    def told(self) -> tuple[int, bytes]:
        """Rate and bytes of which most can be said: a text at whatever rate, else what came at the first."""
        pieces = [(baud, strange) for baud, strange in self.by_rate.items() if strange]
        return next((each for each in pieces if _is_text(each[1])), pieces[0])


def looks(strange: bytes, said: Iterable[bytes] = ()) -> str:
    """Return what bytes that are no frame look like, and what to do.

    Parameters
    ----------
    strange : bytes
        At least one.
    said : iterable of bytes
        What this end had sent before, each with a delimiter before it.
    """
    kinds: tuple[tuple[Callable[[], bool], str], ...] = (
        (
            lambda: any(mark in strange for mark in _ESP32),
            f"the console of an ESP32 ({_quoted(strange)}), such as that of a ULX3S: the FPGA holds another bitstream, "
            "which joins the port to the ESP32; program it again: `neurocorex program BOARD`",
        ),
        (
            lambda: any(mark in strange for mark in _MODEM),
            f"a modem answers so ({_quoted(strange)}): this is not the port of a board",
        ),
        (
            lambda: any(each[1:] in strange for each in said),
            "that is what was sent, so it is an echo: TX may be joined to RX, or a modem or terminal is at the other "
            "end; check the wires, and that this is the right port",
        ),
        (
            lambda: strange.count(0) >= _MONOTONOUS * len(strange),
            "all zeros, so the line is low: a board without power pulls it down, or no bitstream is in the FPGA; check "
            "the power and the wires, and program it: `neurocorex program BOARD`",
        ),
        (
            lambda: strange.count(0xFF) >= _MONOTONOUS * len(strange),
            "all ones, so there were only short dips: a loose wire, noise on an open pin, or a sender at a far higher "
            "rate; check the wires and ground, and program it: `neurocorex program BOARD`",
        ),
        (
            lambda: _is_text(strange),
            f"it is text ({_quoted(strange)}), the console of something else: check that this is the right port, and "
            "that the FPGA holds a NeuroCoreX bitstream",
        ),
    )
    other = "no text and no frame; check the baud rate, and that this is the right port"
    return next((words for is_so, words in kinds if is_so()), other)


def _is_text(data: bytes) -> bool:
    printable = sum(32 <= byte < 127 or byte in b"\r\n\t\x1b" for byte in data)
    return len(data) >= _TEXT_BYTES and printable >= _PRINTABLE * len(data)


def _quoted(data: bytes) -> str:
    """Return the beginning of a text on one line, printable."""
    words = " ".join(data.decode("ascii", "replace").split())
    shown = "".join(letter if letter.isprintable() else "?" for letter in words)
    return repr(shown[:_QUOTED_BYTES] + ("..." if len(shown) > _QUOTED_BYTES else ""))

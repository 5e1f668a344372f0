"""Log of a session as a file: one JSON object a line, written as it goes, and its suspicious reader."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ..errors import FileFormatError, NeuroCoreXWarning
from ..files import LineWriter, parse, read_lines
from ..spec import ChipInfo, Op, Region, Status
from ..spec.protocol import FRAME_LIMIT, READ_ARGUMENTS
from .tap import KINDS, Call, Entry, Event, Greeting, Log

FORMAT, VERSION = "neurocorex-log", 1
#: Longest line in bytes: the answers to one request, two digits a byte.
LINE_LIMIT = 1 << 28
#: What stands before the address of a server and must not be told: the token of the user.
_TOKEN = re.compile(r"(?<=://)[^/?#@\s]*@")
_INFO_BYTES = 4 * len(ChipInfo.WORDS)


class SessionLog(Log):
    """Log of one device, or of all that a command opens one after the other, in one file.

    The file is written when the chip has said what it is; an older one stays until then. From there on each line is
    handed to the operating system as soon as it is complete. If that fails the log ends there, with a warning, and the
    session goes on.

    Parameters
    ----------
    path : Path
        The file.
    device : str
        Name of the device.

    Attributes
    ----------
    failed : bool
        Whether the log is not complete, because it could not be written.
    """

    is_complete = True

    def __init__(self, path: Path, device: str) -> None:
        super().__init__()
        self._path, self._device = path, device
        self._early: list[bytes] = []
        self._file: LineWriter | None = None
        self._number = 0
        self.failed = False

    def keep(self, entry: Entry) -> None:
        """Write an entry, or keep it until the chip has said what it is; see `Log.keep`."""
        if self.failed:
            return
        if isinstance(entry, Call):
            self._number += 1
        line = _line(entry, self._number)
        if self._file is None:
            self._early.append(line)
            if (info := described(entry)) is not None:
                self._file = LineWriter(self._path, self._header(info) + b"".join(self._early))
                self._early.clear()
            return
        try:
            self._file.add(line)
        except FileFormatError as error:
            self.failed = True
            warnings.warn(f"the log is not complete, the session goes on: {error}", NeuroCoreXWarning, stacklevel=2)

    def pause(self) -> None:
        """Release the file; see `Log.pause`."""
        if self._file is not None:
            self._file.close()

    def _header(self, info: ChipInfo) -> bytes:
        words = dict(zip(ChipInfo.WORDS, info.to_words(), strict=True))
        return _json(
            {
                "format": FORMAT, "version": VERSION, "library": version("neurocorex"),
                "device": _TOKEN.sub("", self._device), "info": words,
            }
        )  # fmt: skip


def described(entry: Entry) -> ChipInfo | None:
    """Return what the chip says of itself, if this is the answer to that question; raises ValueError for nonsense."""
    if not (isinstance(entry, Call) and entry.op == Op.READ and entry.status == Status.OK):
        return None
    data = entry.data
    if entry.payload != READ_ARGUMENTS.pack(Region.INFO, 0, 0, len(ChipInfo.WORDS)) or len(data) != _INFO_BYTES:
        return None
    return ChipInfo.from_words([int.from_bytes(data[at : at + 4], "little") for at in range(0, len(data), 4)])


def _line(entry: Entry, number: int) -> bytes:
    if isinstance(entry, Greeting):
        return _json({"hello": entry.session, "origin": entry.origin})
    if isinstance(entry, Event):
        return _json({"event": entry.kind, "text": _TOKEN.sub("", entry.text)})
    answers = [[_named(status, Status), payload.hex()] for status, payload in entry.answers]
    return _json({"request": number, "op": _named(entry.op, Op), "payload": entry.payload.hex(), "answers": answers})


def _named(code: int, names: type[Op] | type[Status]) -> str | int:
    return names(code).name if code in set(names) else code


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"


@dataclass(slots=True)
class LogFile:
    """Log in a file, read line by line as often as it is gone through.

    Attributes
    ----------
    path : Path
        The file.
    device, library : str
        Name of the device, and version of the library that wrote the log.
    info : ChipInfo
        What the chip said of itself first.
    cut : bool
        Whether the last line is not whole, as a killed process leaves it; known after the whole log was read.
    """

    path: Path
    device: str = field(init=False)
    library: str = field(init=False)
    info: ChipInfo = field(init=False)
    cut: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        header, whole = next(read_lines(self.path, longest=LINE_LIMIT), (b"", False))
        found = self._object(header, 1) if whole else {}
        if found.get("format") != FORMAT:
            raise FileFormatError(f"{self.path} is no log of a session; name a file that --log has written")
        if found.get("version") != VERSION:
            raise FileFormatError(
                f"{self.path} is a log of version {found.get('version')!r}; this library reads {VERSION}"
            )
        words, self.device, self.library = found.get("info"), found.get("device"), found.get("library")  # type: ignore[assignment]
        if not (isinstance(self.device, str) and isinstance(self.library, str) and isinstance(words, dict)):
            raise self._error(1, "the header lacks device, library or info")
        try:
            self.info = ChipInfo.from_words([_whole(word) for word in words.values()])
        except ValueError as error:
            raise self._error(1, f"a chip that this library cannot replay: {error}") from None

    def entries(self) -> Iterator[Entry]:
        """Read the entries in order; raises FileFormatError for the first that is wrong."""
        lines = enumerate(read_lines(self.path, longest=LINE_LIMIT), 1)
        next(lines)
        requests = 0
        for number, (line, whole) in lines:
            if not whole:
                self.cut = True
                return
            found = self._object(line, number)
            try:
                entry = _entry(found)
            except ValueError as error:
                raise self._error(number, str(error)) from None
            if isinstance(entry, Call):
                requests += 1
                if found["request"] != requests:
                    raise self._error(number, f"request {found['request']!r} where {requests} should be")
            yield entry

    def _object(self, line: bytes, number: int) -> dict[str, Any]:
        try:
            found = parse(line.decode(), depth=4)
        except ValueError as error:
            raise self._error(number, f"no JSON that can be used ({error})") from None
        if not isinstance(found, dict):
            raise self._error(number, "no JSON object")
        return found

    def _error(self, number: int, what: str) -> FileFormatError:
        return FileFormatError(f"{self.path}, line {number}: {what}; the log is damaged or no log of a session")


def _entry(found: dict[str, Any]) -> Entry:
    """Make an entry of a line; raises ValueError."""
    names = set(found)
    if names == {"hello", "origin"}:
        return Greeting(_whole(found["hello"], 0xFFFF), _whole(found["origin"], 0xFFFF))
    if names == {"event", "text"}:
        if found["event"] not in KINDS or not isinstance(found["text"], str):
            raise ValueError(f"event {found['event']!r} where one of {', '.join(KINDS)} should be")
        return Event(found["event"], found["text"])
    if names != {"request", "op", "payload", "answers"} or not isinstance(found["answers"], list):
        raise ValueError(f"a line of {sorted(names)!r:.80}")
    answers = []
    for answer in found["answers"]:
        if not isinstance(answer, list) or len(answer) != 2:
            raise ValueError("an answer that is no pair of status and payload")
        answers.append((_code(answer[0], Status), _bytes(answer[1])))
    if any(status != Status.MORE for status, _ in answers[:-1]):
        raise ValueError("an answer that goes on after its end")
    return Call(_code(found["op"], Op), _bytes(found["payload"]), answers)


def _whole(value: Any, largest: int = 0xFFFF_FFFF) -> int:
    if type(value) is not int or not 0 <= value <= largest:
        raise ValueError(f"{value!r:.80} where a whole number of 0 to {largest} should be")
    return value


def _code(value: Any, names: type[Op] | type[Status]) -> int:
    if isinstance(value, str) and value in names.__members__:
        return names[value]
    return _whole(value, 0xFF)


def _bytes(value: Any) -> bytes:
    if not isinstance(value, str) or len(value) > 2 * FRAME_LIMIT:
        raise ValueError("a payload that is no text of hexadecimal digits, or too long for a frame")
    return bytes.fromhex(value)

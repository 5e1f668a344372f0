"""Manifest of a release: which bitstream is for which board, from what it was made, and its hash."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ..errors import FileFormatError
from ..files import read_json
from ..spec.version import text

FORMAT, VERSION = "neurocorex-release", 1
#: Name of the manifest in the folder or archive of a release.
NAME = "manifest.json"
#: Words of a manifest that are used, and what they look like. A file is a plain name: nothing outside is reached.
_PATTERNS = {
    "file": r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}",
    "board": r"[a-z0-9-]{1,40}",
    "part": r"[A-Za-z0-9/-]{1,40}",
    "sha256": r"[0-9a-f]{64}",
    "neurocorex": r"[0-9A-Za-z.+!-]{1,40}",
}
#: The rules and the digest of a protocol version have this many bits.
_HALF = 16


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """Bitstream in a release.

    Attributes
    ----------
    file : str
        Its name in the folder or archive.
    board, part : str
        Board that it is for, and FPGA of that board.
    sha256 : str
        Hash of its content.
    protocol : int
        Protocol version of the chip, see `neurocorex.spec.version`.
    neurocorex : str
        Version that made it.
    """

    file: str
    board: str
    part: str
    sha256: str
    protocol: int
    neurocorex: str


def protocol_entry(version: int) -> dict[str, Any]:
    """Protocol version as it stands in a manifest."""
    return {"version": text(version), "rules": version >> _HALF, "digest": f"{version & (1 << _HALF) - 1:04x}"}


def read(data: bytes, label: str) -> dict[str, Entry]:
    """Read a manifest: its entries by board.

    Raises
    ------
    FileFormatError
        For everything that is wrong with it; `label` names it.
    """
    document = read_json(data, label=label)
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise FileFormatError(f"{label} is no manifest of a release of NeuroCoreX")
    if document.get("version") != VERSION:
        raise FileFormatError(f"{label} is of another format than version {VERSION}; use a newer neurocorex")
    files = document.get("files")
    if not isinstance(files, dict) or not all(isinstance(values, dict) for values in files.values()):
        raise FileFormatError(f"{label} has no list of files; download the release again")
    found: dict[str, Entry] = {}
    for name, values in files.items():
        entry = _entry(name, values, label)
        if entry.board in found:
            raise FileFormatError(f"{label} has {entry.board} twice; download the release again")
        found[entry.board] = entry
    return found


def _entry(name: str, values: dict[str, Any], label: str) -> Entry:
    words: dict[str, Any] = {**{key: values.get(key) for key in _PATTERNS}, "file": name}
    for key, pattern in _PATTERNS.items():
        if not isinstance(words[key], str) or not re.fullmatch(pattern, words[key]):
            raise FileFormatError(f"{label} has {words[key]!r:.60} as {key} of a file; download the release again")
    return Entry(**words, protocol=_protocol(values.get("protocol"), label))


def _protocol(values: Any, label: str) -> int:
    """Return a protocol version as a number."""
    found: dict[str, Any] = values if isinstance(values, dict) else {}
    rules: Any = found.get("rules")
    digest: Any = found.get("digest")
    whole = type(rules) is int and 0 <= rules < 1 << _HALF
    if not whole or not isinstance(digest, str) or not re.fullmatch("[0-9a-f]{4}", digest):
        raise FileFormatError(f"{label} has a file without its protocol version; download the release again")
    return int(rules) << _HALF | int(digest, 16)

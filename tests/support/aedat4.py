"""Writer of AEDAT 4 files without compression, from the description of the format: header, then packets of events."""

from __future__ import annotations

import struct

import numpy as np

MAGIC = b"#!AER-DAT4.0\r\n"
#: One event in a file: 16 bytes.
EVENT = np.dtype([("t", "<i8"), ("x", "<i2"), ("y", "<i2"), ("on", "?"), ("rest", "V3")])
INFO = """<dv version="2.0"><node name="outInfo" path="/mainloop/Recorder/outInfo/">{streams}</node></dv>"""
STREAM = """<node name="{number}" path="/mainloop/Recorder/outInfo/{number}/">
<attr key="compression" type="string">NONE</attr>
<attr key="originalModuleName" type="string">capture</attr>
<attr key="originalOutputName" type="string">events</attr>
<attr key="typeDescription" type="string">Array of events.</attr>
<attr key="typeIdentifier" type="string">EVTS</attr>
<node name="info" path="/mainloop/Recorder/outInfo/{number}/info/">
<attr key="sizeX" type="int">{width}</attr><attr key="sizeY" type="int">{height}</attr>
<attr key="source" type="string">test</attr></node></node>"""


def _buffer(identifier: bytes, vtable: list[int], inline: bytes, tail: bytes) -> bytes:
    """FlatBuffer behind its size: root offset, identifier, offsets of the fields, table, and what it points to."""
    offsets = struct.pack(f"<{2 + len(vtable)}H", 4 + 2 * len(vtable), 4 + len(inline), *vtable)
    before = 8 + len(offsets)
    pad = -(before + 4) % 8  # fields of 8 bytes stand right behind the offset to the vtable
    table = before + pad
    body = struct.pack("<I", table) + identifier + offsets + bytes(pad)
    body += struct.pack("<i", table - 8) + inline + tail
    return struct.pack("<I", len(body)) + body


def header(info: str) -> bytes:
    """IOHeader: place of the data table (none), compression (none), and what streams there are."""
    text = info.encode()
    # Inline: int64, int32, offset of the string, which follows at once.
    inline = struct.pack("<qiI", -1, 0, 4)
    return _buffer(b"IOHE", [12, 4, 16], inline, struct.pack("<I", len(text)) + text + b"\0")


def packet(events: np.ndarray) -> bytes:
    """EventPacket: a vector of events, aligned to 8 bytes."""
    # Inline: offset of the vector, then 4 bytes so that the count of 4 bytes is followed by an aligned event.
    count = struct.pack("<I", len(events))
    inline = struct.pack("<I", 12) + bytes(8)
    return _buffer(b"EVTS", [4], inline, count + events.astype(EVENT).tobytes())


def aedat4(packets: list[np.ndarray], width: int, height: int, streams: int = 1) -> bytes:
    """Whole file; all packets are of stream 0."""
    told = "".join(STREAM.format(number=number, width=width, height=height) for number in range(streams))
    data = MAGIC + header(INFO.format(streams=told))
    for events in packets:
        given = np.zeros(len(events), EVENT)
        given["t"], given["x"], given["y"], given["on"] = events["t"], events["x"], events["y"], events["p"]
        content = packet(given)
        data += struct.pack("<ii", 0, len(content)) + content
    return data

"""The bits stay what they are: stress networks that an earlier version saved, requests and answers as digests.

A change of the model changes these digests on purpose, and only then. Write them anew and say so in CHANGELOG.md:

    PYTHONPATH=tests python tests/test_bits.py

Regions, registers and counters that are added later do not take part.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from neurocorex.check.trial import Trial
from neurocorex.emulator.protocol import VirtualChip
from neurocorex.spec import (
    Control,
    CoreConfig,
    Counter,
    Op,
    Region,
    Request,
    Response,
    ResponseDecoder,
    Status,
    controls,
    layout,
)  # fmt: skip
from neurocorex.spec.protocol import READ_ARGUMENTS, WRITE_ARGUMENTS
from neurocorex.wire.regions import write_requests
from support.paths import ROOT

FOLDER = ROOT / "tests/data/stress"
SESSION = 7
DIGESTS: dict[str, str] = json.loads((FOLDER / "digests.json").read_text())
#: Regions in the order of their numbers, as they were when the digests were made.
REGIONS = [
    "CONTROL", "COUNTERS", "IN_USE", "WEIGHTS", "PLASTIC", "PRE_TABLE", "POST_TABLE", "EXTRA_SOURCE", "EXTRA_DELAY",
    "THRESHOLD", "RESET", "DECAY", "LEAK", "CURRENT_DECAY", "BIAS", "REFRACTORY", "DELAY", "FLAGS",
    "MEMBRANE", "CURRENT", "REFRACTORY_COUNT", "ADAPTATION", "HISTORY", "PRE_TRACE", "POST_TRACE",
]  # fmt: skip


class Wire:
    """Exchanges with an emulated chip, hashed in both directions: what frames hold, not how they are packed."""

    def __init__(self, chip: VirtualChip) -> None:
        self._chip, self._decoder = chip, ResponseDecoder()
        self._sequence = self._expected = 0
        self._hash = hashlib.sha256()
        self._take(self._send(Op.HELLO))

    def exchange(self, op: int, payload: bytes) -> None:
        self._hash.update(bytes([op]) + payload)
        open_ = self._take(self._send(op, payload))
        self._sequence = (self._sequence + 1) % 256
        while open_:
            open_ = self._take(self._send(Op.ACK))

    def _send(self, op: int, payload: bytes = b"") -> bytes:
        return self._chip.receive(Request(op, self._sequence, self._expected, payload, SESSION).encode())

    def _take(self, data: bytes) -> bool:
        """Hash what the chip answered; tell whether the answer goes on."""
        frames = [frame for frame in self._decoder.feed(data) if isinstance(frame, Response)]
        numbered = [frame for frame in frames if frame.op >= Op.READ]
        for frame in numbered:
            self._hash.update(bytes([frame.op, frame.sequence, frame.ack, frame.credit, frame.status]) + frame.payload)
        self._expected = (self._expected + len(numbered)) % 256
        return bool(numbered) and numbered[-1].status == Status.MORE

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()


def known_items(region: Region, config: CoreConfig) -> int:
    """Items of a region that were there when the digests were made."""
    if region is Region.CONTROL:
        return sum(register <= Control.RANDOM for register in controls(config))
    return 2 * (Counter.FRAMES_BAD + 1) if region is Region.COUNTERS else layout(region, config).items


def write_control(values: Sequence[int], config: CoreConfig) -> tuple[int, bytes]:
    """WRITE of the registers that were there."""
    known = values[: known_items(Region.CONTROL, config)]
    return Op.WRITE, WRITE_ARGUMENTS.pack(Region.CONTROL, 0, 0) + np.asarray(known, "<u4").tobytes()


def requests(trial: Trial) -> Iterator[tuple[int, bytes]]:
    """Everything is written, run and read back, INFO aside, which holds the version."""
    config = trial.image.config
    for region, values in trial.image.regions.items():
        if region is Region.CONTROL:
            yield write_control(values, config)
        elif region.name in REGIONS and layout(region, config).writable:
            yield from write_requests(region, values, config)
    stimulus = trial.stimulus.encode()
    for at in range(0, len(stimulus), config.payload_bytes):
        yield Op.RUN, stimulus[at : at + config.payload_bytes]
    for region in (Region[name] for name in REGIONS):
        if items := known_items(region, config):
            yield Op.READ, READ_ARGUMENTS.pack(region, 0, 0, items)


def digest(name: str) -> str:
    """Digest of a saved network."""
    trial = Trial.load(FOLDER / f"{name}.npz")
    wire = Wire(VirtualChip(trial.image.config))
    for request in requests(trial):
        wire.exchange(*request)
    return wire.digest


@pytest.mark.parametrize("name", DIGESTS)
def test_saved_networks_give_the_same_bytes(name: str) -> None:
    assert digest(name) == DIGESTS[name]


if __name__ == "__main__":
    (FOLDER / "digests.json").write_text(json.dumps({name: digest(name) for name in DIGESTS}, indent=1) + "\n")

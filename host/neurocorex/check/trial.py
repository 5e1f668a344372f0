"""Trial: a network in some state and a stimulus, drawn at random or from a file, to compare two devices bit by bit."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import FileFormatError, InputError
from ..events.stream import EventStream
from ..image import Image
from ..spec import Control, CoreConfig, Flag, Learning, Region
from .drawing import Drawing

#: No part of a file is larger, unpacked.
FILE_LIMIT = 256 << 20


@dataclass(frozen=True)
class Trial:
    """A network in some state, and what happens to it.

    Attributes
    ----------
    image : Image
        A snapshot: all regions of a chip.
    stimulus : EventStream
        Input spikes, injected currents, forced spikes, and changes.
    """

    image: Image
    stimulus: EventStream

    @classmethod
    def random(
        cls,
        config: CoreConfig,
        seed: int,
        steps: int,
        *,
        fixed: Mapping[Control, int] | None = None,
        record_all: bool = False,
    ) -> Trial:
        """Draw one that a chip of geometry `config` can hold; the same seed gives the same trial.

        Parameters
        ----------
        config : CoreConfig
            Geometry. Its lanes have no influence.
        seed, steps : int
            Of the drawing, and of the stimulus.
        fixed : mapping of Control to int, optional
            Registers that are not drawn: they have this value at first, and the stimulus leaves them alone.
        record_all : bool
            Whether spikes and membranes of every neuron are recorded, instead of some.
        """
        drawing = Drawing(config, seed, fixed or {})
        regions = drawing.regions()
        if record_all:
            regions[Region.FLAGS] |= int(Flag.RECORD_SPIKES | Flag.RECORD_MEMBRANE)
        return cls(Image(config, regions, meta={"seed": seed}), drawing.stimulus(steps))

    def save(self, path: str | Path) -> None:
        """Write an npz file; raises FileFormatError if it cannot be written."""
        parts = {"image": self.image.to_bytes(), "stimulus": self.stimulus.encode()}
        try:
            with Path(path).open("wb") as file:
                np.savez(file, allow_pickle=False, **{k: np.frombuffer(v, np.uint8) for k, v in parts.items()})
        except OSError as error:
            raise FileFormatError(f"cannot write {path}: {error.strerror}; choose another place") from None

    @classmethod
    def load(cls, path: str | Path) -> Trial:
        """Read a file that `save` wrote; raises FileFormatError if it is none. Nothing in it is executed."""
        try:
            with zipfile.ZipFile(path) as archive:
                parts = [_read_bytes(archive, name) for name in ("image", "stimulus")]
            stimulus = EventStream.decode(parts[1])
        except OSError as error:
            raise FileFormatError(f"cannot read {path}: {error.strerror or error}; check the path") from None
        except (zipfile.BadZipFile, zlib.error, KeyError, ValueError, EOFError, InputError) as error:
            raise FileFormatError(f"{path} is no trial, or corrupt: {error}") from None
        return cls(Image.from_bytes(parts[0], name=str(path)), stimulus)


def _read_bytes(archive: zipfile.ZipFile, name: str) -> bytes:
    """Return the bytes of one array of a file."""
    if archive.getinfo(f"{name}.npy").file_size > FILE_LIMIT:
        raise ValueError(f"{name} is larger than any trial")
    array: Any = np.load(io.BytesIO(archive.read(f"{name}.npy")), allow_pickle=False)
    if array.dtype != np.uint8 or array.ndim != 1:
        raise ValueError(f"{name} is no row of bytes")
    return bytes(array.tobytes())


#: Geometries for chips that have none of their own: few, because each is compiled for the simulated chip.
GEOMETRIES = (
    CoreConfig(),
    CoreConfig(
        neurons=24, inputs=16, lanes=4, learning=Learning.EXPONENTIAL, soft_bounds=True, extra_axons=8, max_delay=8
    ),
    CoreConfig(
        neurons=20, inputs=12, lanes=8, weight_bits=16, state_bits=24, adaptation=False, learning=Learning.WINDOW,
        window_steps=5, extra_axons=5, max_delay=4,
    ),
)  # fmt: skip

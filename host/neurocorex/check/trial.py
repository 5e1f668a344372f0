"""Trial: a network in some state and a stimulus, drawn at random or from a file, to compare two devices bit by bit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .. import files
from ..errors import FileFormatError
from ..events.stream import EventStream
from ..image import Image
from ..spec import Control, CoreConfig, Flag, Learning, Region
from .drawing import Drawing

#: Most bytes of a file, unpacked.
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
        files.write_arrays(path, {k: np.frombuffer(v, np.uint8) for k, v in parts.items()}, compressed=False)

    @classmethod
    def load(cls, path: str | Path) -> Trial:
        """Read a file that `save` wrote; raises FileFormatError if it is none. Nothing in it is executed."""
        label = f"{path} is no trial, or corrupt"
        parts = files.read_arrays(path, names=["image", "stimulus"], label=label, unpacked=FILE_LIMIT)
        if any(part.dtype != np.uint8 or part.ndim != 1 for part in parts.values()):
            raise FileFormatError(f"{label}: its parts are no rows of bytes")
        image = Image.from_bytes(parts["image"].tobytes(), name=str(path))
        try:
            stimulus = EventStream.decode(parts["stimulus"].tobytes(), reports=image.config.reports)
        except (ValueError, OverflowError) as error:
            raise FileFormatError(f"{label}: {error}") from None
        return cls(image, stimulus)


#: Geometries for chips that have none of their own: few, because each is compiled for the simulated chip.
GEOMETRIES = (
    CoreConfig(),
    CoreConfig(
        neurons=24, inputs=16, lanes=4, learning=Learning.EXPONENTIAL, soft_bounds=True, extra_axons=8, max_delay=8
    ),
    CoreConfig(
        neurons=20, inputs=12, lanes=8, weight_bits=16, state_bits=24, adaptation=False, learning=Learning.WINDOW,
        window_steps=5, extra_axons=5, max_delay=4, groups=3, contexts=4, patterns=3, tallies=6, reports=True,
        noise=True,
    ),
    CoreConfig(
        neurons=22, inputs=14, lanes=4, learning=Learning.EXPONENTIAL, extra_axons=6, max_delay=6, errors=True, groups=5
    ),
    CoreConfig(
        neurons=18, inputs=10, lanes=4, learning=Learning.EXPONENTIAL, soft_bounds=True, extra_axons=5, max_delay=5,
        errors=True, groups=3, rules=4, terms=True, eligibility=True, scaling=True,
    ),
    CoreConfig(
        neurons=22, inputs=14, lanes=4, learning=Learning.EXPONENTIAL, extra_axons=6, max_delay=6, eligibility=True,
        scaling=True,
    ),
)  # fmt: skip

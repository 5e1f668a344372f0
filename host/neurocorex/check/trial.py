"""Random networks and stimuli that reach into the corners of the model, for comparing two devices bit by bit.

Values are drawn from mixtures: mostly such that neurons fire now and then and weights move, some at the very ends of
their ranges, so that clamps, full decays, deepest delays and both bounds come up within a few dozen steps.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import FileFormatError, InputError
from ..events.stream import EventStream
from ..image import Image, program_regions, region_shape, state_regions
from ..spec import Clear, Control, CoreConfig, Flag, InUse, Learning, LearningFlag, Region, controls, layout
from ..spec.config import USE_BLOCK
from ..spec.fixed import DECAY_ALL, signed_range
from ..spec.registers import GATE_ALL

#: Share of values that are drawn from the whole range, ends included.
WILD = 0.1
#: Share of steps before which something is set or cleared.
CHANGES = 0.12
#: Control registers that are meant to change within a run.
TAUGHT = (Control.LEARNING, Control.MODULATION, Control.GATE) * 2
#: No part of a file is larger, unpacked.
FILE_LIMIT = 256 << 20

Ints = NDArray[np.int64]


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
        rng = np.random.default_rng(seed)
        drawing = _Drawing(config, rng, fixed or {})
        regions = drawing.regions()
        if record_all:
            regions[Region.FLAGS] |= int(Flag.RECORD_SPIKES | Flag.RECORD_MEMBRANE)
        image = Image(config, regions, meta={"seed": seed})
        return cls(image, _random_stimulus(config, rng, steps, drawing))

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


class _Drawing:
    """Content of one chip, from one generator."""

    def __init__(self, config: CoreConfig, rng: np.random.Generator, fixed: Mapping[Control, int]) -> None:
        self._config, self._rng, self._fixed = config, rng, fixed

    def regions(self) -> dict[Region, Ints]:
        config, rng = self._config, self._rng
        every = (*program_regions(config), *state_regions(config))
        regions: dict[Region, Ints] = {r: self._wild(r) for r in every if r not in (Region.CONTROL, Region.IN_USE)}
        scale = scale_of(config)
        tame: dict[Region, tuple[int, int]] = {
            Region.THRESHOLD: (scale // 4, 2 * scale), Region.RESET: (-scale // 2, scale // 2),
            Region.DECAY: (0, 1 << 14), Region.LEAK: (0, max(scale // 64, 2)),
            Region.CURRENT_DECAY: (1 << 13, DECAY_ALL), Region.BIAS: (-scale // 8, scale // 8),
            Region.REFRACTORY: (0, 4), Region.MEMBRANE: (-scale, scale), Region.CURRENT: (-scale, scale),
            Region.REFRACTORY_COUNT: (0, 3), Region.ADAPTATION: (0, scale),
        }  # fmt: skip
        for region, (low, high) in tame.items():
            limits = layout(region, config)
            if region in regions and limits.writable:
                least, most = max(low, limits.range[0]), min(high, limits.range[1])
                values = rng.integers(least, most, limits.items, endpoint=True)
                regions[region] = np.where(rng.random(limits.items) < WILD, regions[region], values)
        if not config.adaptation:
            regions[Region.ADAPTATION][:] = 0
        for region in (Region.DELAY, Region.EXTRA_DELAY):  # none is deeper than the history
            if region in regions:
                regions[region] = rng.integers(0, config.max_delay, regions[region].size, endpoint=True)
        off = rng.random(config.neurons) < rng.choice([0.0, 0.3])
        regions[Region.FLAGS] = np.where(off, regions[Region.FLAGS], regions[Region.FLAGS] & ~int(Flag.PLASTICITY_OFF))
        if config.learning:
            regions[Region.PLASTIC] = (rng.random(regions[Region.PLASTIC].shape) < 0.7).astype(np.int64)
        regions[Region.CONTROL] = np.array(
            [self._bits(register, self._fixed.get(register)) for register in controls(config)]
        )
        regions[Region.IN_USE] = self._in_use()
        return regions

    def _in_use(self) -> Ints:
        """All of the chip, or a part of it; there are parts of large ones only."""
        some = np.zeros(len(InUse), np.int64)
        if max(self._config.neurons, self._config.inputs) > USE_BLOCK and self._rng.random() < 0.5:
            some[:] = self._rng.integers(1 << self._config.use_bits, size=some.shape)
        return some

    def _wild(self, region: Region) -> Ints:
        """Uniform over the range of a region, with a good share at either end and at zero."""
        low, high = layout(region, self._config).range
        shape = region_shape(region, self._config)
        values = self._rng.integers(low, high, shape, endpoint=True)
        ends = self._rng.choice([low, high, 0], shape)
        return np.where(self._rng.random(shape) < WILD, ends, values)

    def _register(self, register: Control) -> int:
        """Return one value, of either sign where the register has one."""
        config, rng, scale = self._config, self._rng, scale_of(self._config)
        low, high = config.weight_range
        trace, (least, most) = (1 << config.trace_bits) - 1, signed_range(config.change_bits)
        decays, increments = [0, 700, 3000, 3000, 20000, DECAY_ALL], [trace, trace // 2, trace // 5]
        caps, usual = [trace, trace, trace // 2], [most // 2, most // 8, most // 32]
        choices: dict[Control, list[int]] = {
            Control.GAIN_INPUT: [0, 0, 0, 1, 2, 7], Control.GAIN_RECURRENT: [0, 0, 0, 1, 2, 7],
            Control.ADAPTATION_STEP: [0, int(rng.integers(0, scale))],
            Control.ADAPTATION_DECAY: [0, 700, 9000, DECAY_ALL],
            Control.WEIGHT_MIN: [low, low, low // 2, 0], Control.WEIGHT_MAX: [high, high, high // 2],
            Control.POTENTIATION: [most, least, 300, *usual, *usual],
            Control.DEPRESSION: [most, least, -300, *(-rate for rate in (*usual, *usual))],
            Control.MODULATION: [256] * 8 + [-256, 0, 77, -1000, 32767],
            Control.PRE_DECAY: decays, Control.POST_DECAY: decays,
            Control.PRE_INCREMENT: increments, Control.POST_INCREMENT: increments,
            Control.PRE_CAP: caps, Control.POST_CAP: caps,
            Control.DRIFT: [0, 0, 1, -3, 2 * low, 2 * high], Control.DRIFT_STEP: [0, 0, 0, -1, 1, low],
            Control.GATE: [*[GATE_ALL] * 7, int(rng.integers(config.neurons))],
            Control.RANDOM: [int(rng.integers(1, 1 << 32))],
        }  # fmt: skip
        if register is Control.LEARNING:
            enabled = LearningFlag.ENABLE if rng.random() < 0.95 else 0
            held = LearningFlag.HOLD_FIRING if rng.random() < 0.05 else 0
            return int(enabled | held | (int(rng.integers(16)) << 1))
        return int(rng.choice(choices[register]))

    def change(self) -> tuple[Control, int]:
        """Draw a control register and the bits of a new value."""
        # What a teacher changes in runs comes up more often than what a network begins with.
        usual = (*controls(self._config), *TAUGHT * bool(self._config.learning))
        known = [register for register in usual if register not in self._fixed]
        register = known[int(self._rng.integers(len(known)))]
        return register, self._bits(register)

    def _bits(self, register: Control, value: int | None = None) -> int:
        """Return the bits of a value, drawn if none is given."""
        value = self._register(register) if value is None else value
        return value & ((1 << register.bits(self._config)) - 1)


def scale_of(config: CoreConfig) -> int:
    """Size of what a handful of simultaneous spikes adds to a current, or a part of the state range if less."""
    return int(min(min(config.axons, 4) * config.weight_range[1], config.state_range[1] // 4))


def _random_stimulus(config: CoreConfig, rng: np.random.Generator, steps: int, drawing: _Drawing) -> EventStream:
    # From silence, which may last, to every axon at once.
    density = np.where(rng.random(steps) < 0.3, 0.0, rng.choice([0.02, 0.1, 0.3, 1.0], steps, p=[0.3, 0.4, 0.25, 0.05]))
    spikes = rng.random((steps, config.inputs)) < density[:, None]
    busy = (rng.random(steps) < 0.3)[:, None]
    graded = (rng.random((steps, config.neurons)) < 0.06) & busy
    step, neuron = np.nonzero(graded)
    scale = scale_of(config)
    value = rng.integers(-scale, scale, step.size, endpoint=True)
    wild = rng.random(step.size) < WILD
    # The wire carries 24 bits, and more than the state has are cut off by the chip.
    value[wild] = rng.integers(-(1 << 23), 1 << 23, int(wild.sum()))
    forced = (rng.random(step.size) < 0.3).astype(np.int64)
    event_step, event_index = np.nonzero(spikes)
    stream = EventStream(steps, event_step, event_index, step, neuron, value, forced)
    for at in np.flatnonzero(rng.random(steps) < CHANGES).tolist():
        if rng.random() < 0.3:
            stream = stream.clearing(at, Clear(int(rng.choice([1, 4, 8, 13]))))
        else:
            stream = stream.setting(at, *drawing.change())
    return stream


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

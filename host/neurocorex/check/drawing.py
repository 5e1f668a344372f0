"""Random networks and stimuli, drawn by the tame values of the declared rows: the one source for selftest and tests.

Most values are tame, so that neurons fire now and then and weights move. Some are wild: from the whole range of their
row, its ends and zero more often, so that clamps, full decays and crossed bounds come up within a few dozen steps.
Every row has a generator of its own, so a row that is added changes nothing that a network holds in the others.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ..events.stream import EventStream
from ..image import program_regions, region_shape, state_regions
from ..image.content import value_range
from ..spec import Clear, Control, CoreConfig, JudgeFlag, Layout, Region, controls, layout
from ..spec.rows import Tame, has_eligibility, has_errors, has_groups, has_scaling, size
from .patterns import with_drawn

#: Shares of wild values in regions, of which a network has one; and in registers, where one is felt by all neurons.
WILD = (0.05, 0.1, 0.3)
WILD_REGISTERS = 0.05
#: Shares of steps without input spikes, and of neurons that get a current in a busy step; a stimulus has one of them.
SILENCE = (0.1, 0.3, 0.6)
CURRENTS = (0.02, 0.06, 0.3)
#: Share of steps before which something is set, and before which something is cleared.
SETS = 0.09
CLEARS = 0.04
#: Share of steps in which neurons learn from their errors, on chips that have any.
LEARNS = 0.15
#: Share of steps with a reward, with a fade, and with both, on chips with eligibility.
REWARDS = 0.1
#: Share of steps in which weights are scaled, on chips that can; half of them to another sum.
SCALES = 0.1
#: Share of steps before which another context is set, on chips that have several.
SWITCHES = 0.15
#: Share of values that are set with more bits than their register has.
EXCESS = 0.1
#: Registers that a teacher changes come up more often than the others.
TAUGHT = (Control.LEARNING, Control.MODULATION, Control.GATE) * 2
#: What is cleared; flags that mean nothing are among them.
CLEARED = (Clear.STATE, Clear.TRACES, Clear.ADAPTATION, 13, 0xFF, 0xF2)
#: Shares of steps that begin with a judgement, and before which winners are cleared, on chips that have any.
JUDGES = 0.1
FORGETS = 0.1
#: Share of steps before which something is reported, and most of its items, on chips that have reports.
REPORTS, REPORT_ITEMS = 0.2, 12

#: Conditions of registers that a run on a device does not set where the chip lacks them.
REFUSED = (has_errors, has_groups, has_eligibility, has_scaling)

#: Region that no chip has.
_NOWHERE = Layout(2, 3, 8, signed=False, writable=False)

Ints = NDArray[np.int64]
Range = tuple[int, int]


class Drawing:
    """Content and stimulus of one chip; the same seed gives the same.

    Parameters
    ----------
    config : CoreConfig
        Geometry. Its lanes have no influence.
    seed : int
    fixed : mapping of Control to int
        Registers that are not drawn: they have this value at first, and the stimulus leaves them alone.
    """

    def __init__(self, config: CoreConfig, seed: int, fixed: Mapping[Control, int]) -> None:
        self._config, self._seed, self._fixed = config, seed, fixed
        self._wild = float(self._generator("wild").choice(WILD))

    def regions(self) -> dict[Region, Ints]:
        """Content of all regions of a snapshot."""
        every = (*program_regions(self._config), *state_regions(self._config))
        return {region: self._control() if region is Region.CONTROL else self._region(region) for region in every}

    def stimulus(self, steps: int) -> EventStream:
        """Input spikes from silence to every axon at once, currents, forced spikes, and changes between steps."""
        config, rng = self._config, self._generator("stimulus")
        silent = rng.random(steps) < rng.choice(SILENCE)
        density = np.where(silent, 0.0, rng.choice([0.02, 0.1, 0.3, 1.0], steps, p=[0.25, 0.4, 0.25, 0.1]))
        event_step, event_index = np.nonzero(rng.random((steps, config.inputs)) < density[:, None])
        busy = (rng.random(steps) < 0.3)[:, None]
        step, neuron = np.nonzero((rng.random((steps, config.neurons)) < rng.choice(CURRENTS)) & busy)
        value = rng.integers(-size(config), size(config), step.size, endpoint=True)
        wild = rng.random(step.size) < self._wild
        # The wire carries 24 bits, and more than the state has are cut off by the chip.
        value[wild] = rng.integers(-(1 << 23), 1 << 23, int(wild.sum()))
        forced = (rng.random(step.size) < 0.3).astype(np.int64)
        stream = EventStream(steps, event_step, event_index, step, neuron, value, forced)
        return self._changed(stream, steps)

    def _generator(self, name: str) -> np.random.Generator:
        """Return the generator of what has this name."""
        return np.random.default_rng([self._seed, zlib.crc32(name.encode())])

    def _region(self, region: Region) -> Ints:
        shape = region_shape(region, self._config)
        rng = self._generator(f"region {region.name}")
        return _drawn(rng, region.row.tame, value_range(region, self._config), shape, self._wild, self._config)

    def _control(self) -> Ints:
        drawn = []
        for register in controls(self._config):
            rng = self._generator(f"register {register.name}")
            drawn.append(self._bits(register, self._fixed.get(register, self._value(rng, register))))
        return np.array(drawn)

    def _value(self, rng: np.random.Generator, register: Control) -> int:
        """Value of a register, of either sign where it has one."""
        bits = register.bits(self._config)
        if not bits:
            return 0
        limits = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if register.signed else (0, (1 << bits) - 1)
        return int(_drawn(rng, register.row.tame, limits, (1,), WILD_REGISTERS, self._config)[0])

    def _bits(self, register: Control, value: int) -> int:
        return value & ((1 << register.bits(self._config)) - 1)

    def _changed(self, stream: EventStream, steps: int) -> EventStream:
        """Stream with registers that are set and state that is cleared between steps."""
        rng = self._generator("changes")
        had = [register for register in controls(self._config) if register.bits(self._config)]
        # With a retired register among them: a chip refuses to set what it lacks.
        usual = (*had, *(Control.DRIFT, *TAUGHT) * bool(self._config.learning))
        known = [register for register in usual if register not in self._fixed]
        for at in np.flatnonzero(rng.random(steps) < SETS).tolist() if known else ():
            register = known[int(rng.integers(len(known)))]
            value = self._bits(register, self._value(rng, register))
            if rng.random() < EXCESS:  # the chip cuts what a register has no bits for
                value |= int(rng.integers(1 << 32)) >> register.bits(self._config) << register.bits(self._config)
            # A chip refuses registers that it lacks; of some of them a device already does.
            if register.bits(self._config) or register.row.present not in REFUSED:
                stream = stream.setting(at, register, value)
        for at in np.flatnonzero(rng.random(steps) < CLEARS).tolist():
            stream = stream.clearing(at, Clear(int(rng.choice(CLEARED))))
        if self._config.errors and Control.LEARN not in self._fixed:
            lessons = np.flatnonzero(self._generator("lessons").random(steps) < LEARNS)
            stream = stream.setting(lessons, Control.LEARN, 1)
        if self._config.groups:
            stream = self._judged(stream, steps)
        if self._config.eligibility:
            stream = self._rewarded(stream, steps)
        if self._config.contexts > 1 and Control.CONTEXT not in self._fixed:
            rng = self._generator("contexts")
            for at in np.flatnonzero(rng.random(steps) < SWITCHES).tolist():
                stream = stream.setting(at, Control.CONTEXT, int(rng.integers(self._config.contexts)))
        if self._config.scaling:
            stream = self._scaled(stream, steps)
        if self._config.reports:
            stream = self._reported(stream, steps)
        return with_drawn(stream, self._config, self._generator("patterns")) if self._config.patterns else stream

    def _reported(self, stream: EventStream, steps: int) -> EventStream:
        """Stream with reports of what a stimulus determines; some name or reach what does not exist."""
        rng = self._generator("reports")
        every = (*program_regions(self._config), *state_regions(self._config), Region.INFO, 0xEE)
        for at in np.flatnonzero(rng.random(steps) < REPORTS).tolist():
            region = every[int(rng.integers(len(every)))]
            form = _NOWHERE if region == every[-1] else layout(Region(region), self._config)
            row, column = (int(rng.integers(most + (rng.random() < EXCESS))) for most in (form.rows, form.columns))
            left = max(form.items - row * form.columns - column, 0) + (rng.random() < EXCESS)
            items = min(int(rng.integers(left + 1)), REPORT_ITEMS)
            stream = stream.reporting(at, region, items, column=column, row=row)
        return stream

    def _judged(self, stream: EventStream, steps: int) -> EventStream:
        """Stream with judgements, most of them after another label, and winners that are cleared."""
        config, rng = self._config, self._generator("judgements")
        for at in np.flatnonzero(rng.random(steps) < JUDGES).tolist():
            for register, value in (
                (Control.LABEL, rng.integers(config.groups, endpoint=True)),
                (Control.JUDGE, rng.choice([JudgeFlag.JUDGE, JudgeFlag.JUDGE | JudgeFlag.IF_WRONG])),
            ):
                if register not in self._fixed and register.bits(config):
                    stream = stream.setting(at, register, int(value))
        for at in np.flatnonzero(rng.random(steps) < FORGETS).tolist():
            stream = stream.clearing(at, Clear.WINNERS)
        return stream

    def _rewarded(self, stream: EventStream, steps: int) -> EventStream:
        """Stream with steps in which eligibilities reach the weights, and fade."""
        rng = self._generator("rewards")
        for registers in ((Control.REWARD,), (Control.FADE,), (Control.REWARD, Control.FADE)):
            for at in np.flatnonzero(rng.random(steps) < REWARDS).tolist():
                for register in registers:
                    if register not in self._fixed:
                        stream = stream.setting(at, register, self._bits(register, self._value(rng, register)))
        return stream

    def _scaled(self, stream: EventStream, steps: int) -> EventStream:
        """Stream with steps in which weights are brought to a sum."""
        rng = self._generator("scaling")
        for at in np.flatnonzero(rng.random(steps) < SCALES).tolist():
            for register in (Control.TARGET, Control.SCALE) if rng.random() < 0.5 else (Control.SCALE,):
                if register not in self._fixed:
                    stream = stream.setting(at, register, self._bits(register, self._value(rng, register)))
        return stream


def _drawn(
    rng: np.random.Generator, tame: Tame | None, limits: Range, shape: Sequence[int], wild: float, config: CoreConfig
) -> Ints:
    """Values within `limits`, a part of them wild."""
    choices = tame(config) if tame else [limits]
    pairs = np.clip([choice if isinstance(choice, tuple) else (choice, choice) for choice in choices], *limits)
    low, high = np.moveaxis(pairs[rng.integers(len(pairs), size=shape)], -1, 0)
    values = rng.integers(low, high, endpoint=True)
    anything = rng.integers(*limits, shape, endpoint=True)
    ends = rng.choice(np.clip([*limits, 0], *limits), shape)
    anything = np.where(rng.random(shape) < 0.5, anything, ends)
    return np.where(rng.random(shape) < wild, anything, values)

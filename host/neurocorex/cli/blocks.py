"""Stimulus of the command that runs a network: drawn in blocks as it goes, so that a long one is never held."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from ..device.device import Device

#: Entries of the table of input spikes that are drawn at a time.
ENTRIES = 1 << 20


@dataclass(frozen=True)
class Stimulus:
    """Stimulus as the options of the command say it.

    Attributes
    ----------
    inputs, steps : int
        Its width and length.
    poisson : float or None
        Probability of a spike; None: of a file, or silent.
    seed : int
        Of what is drawn.
    spikes, teacher : bool array or None
        What files have: input spikes [steps, inputs], or with an axis of samples before; forced spikes of neurons.
    """

    inputs: int
    steps: int
    poisson: float | None = None
    seed: int = 0
    spikes: np.ndarray | None = None
    teacher: np.ndarray | None = None

    @classmethod
    def of(
        cls, chip: Device, steps: int | None, poisson: float | None, seed: int, spikes: Path | None,
        teacher: Path | None,
    ) -> Stimulus:  # fmt: skip
        """Read the files of a stimulus; raises as `encode.from_file`."""
        from .. import encode

        inputs = chip.inputs
        given = None if spikes is None else encode.from_file(spikes, inputs=inputs, steps=steps)
        length = (steps or 100) if given is None else given.shape[-2]
        rows = length if given is None else len(given)
        forced = None if teacher is None else encode.from_file(teacher, inputs=chip.config.neurons, steps=rows)
        return cls(inputs, length, poisson, seed, given, forced)

    @property
    def rows(self) -> int:
        """Steps of all samples together."""
        return self.steps if self.spikes is None or self.spikes.ndim == 2 else self.steps * len(self.spikes)

    @property
    def is_one_trial(self) -> bool:
        """Whether blocks can stand for it: there are no samples, and no forced spikes."""
        return self.teacher is None and (self.spikes is None or self.spikes.ndim == 2)

    def work(self, *, at_once: bool) -> dict[str, Any]:
        """Return it as arguments of `Device.run`, which are good for one run, in blocks unless it is wanted at once."""
        if self.is_one_trial and not at_once:
            return {"steps": self.steps, "spikes": self._drawn()}
        import numpy as np

        table = self.spikes if self.spikes is not None else np.concatenate([*self._drawn()])
        return {"spikes": table, **({} if self.teacher is None else {"teacher": self.teacher})}

    def _drawn(self) -> Iterator[np.ndarray]:
        """Draw the spikes that `encode.poisson` draws with this seed, or those of a file, or none; a table each."""
        import numpy as np

        from .. import encode

        rates, random = np.full(self.inputs, self.poisson or 0.0), np.random.default_rng(self.seed)
        block = max(ENTRIES // max(self.inputs, 1), 1)
        for start in range(0, self.steps, block):
            length = min(block, self.steps - start)
            if self.spikes is not None:
                yield self.spikes[start : start + length]
            elif self.poisson is not None:
                yield encode.poisson(rates, length, random)
            else:
                yield np.zeros((length, self.inputs), np.bool_)

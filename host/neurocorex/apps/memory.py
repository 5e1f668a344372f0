"""Content-addressable memory: cues and contents that recall each other, learned at once and forgotten by overwriting.

After the spiking memory of Casanueva-Morato and others (2024, "Bio-inspired computational memory model of the
Hippocampus: an approach to a neuromorphic spike-based Content-Addressable Memory", arXiv 2310.05868): a layer of cues
and a layer of contents, joined all to all in both directions by synapses that one pair of spikes saturates.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..learning import window_stdp
from ..network.network import Network
from ..spec import Control, LearningFlag

if TYPE_CHECKING:
    from ..device.device import Device
    from ..device.result import Result

Bits = npt.NDArray[np.bool_]
#: Bits of a content: their numbers, or bool [bits].
Content = npt.ArrayLike | Iterable[int]

#: Weight of a synapse that has learned; sums of 511 of them stay below 2**15.
TOP = 64
#: Steps of each operation.
STORE_STEPS, RECALL_STEPS = 4, 2
#: Neurons fire and nothing learns; weights change and neurons fire only by the teacher.
_FIRE, _WRITE = 0, int(LearningFlag.ENABLE | LearningFlag.HOLD_FIRING)


@dataclass(frozen=True)
class Store:
    """Store a content under a cue; what stood there is forgotten. An empty content forgets."""

    cue: int
    content: Content = ()


@dataclass(frozen=True)
class Recall:
    """Recall the content of a cue."""

    cue: int


@dataclass(frozen=True)
class Find:
    """Find cues by a fragment of their contents: those that hold "any" of its bits, or "all" of them."""

    content: Content
    match: Literal["any", "all"] = "any"


Operation = Store | Recall | Find


class Memory:
    """Content-addressable memory of `cues` contents of `bits` bits each, on any device; a context manager.

    It takes ``cues + bits`` neurons and as many inputs. All contents are allowed, alike ones and overlapping ones too.

    - `store` takes 4 steps: the cue brings up its old content, the next step weakens what fired then, and the last two
      pair the cue with the new content, in both directions.
    - `recall` takes 2 steps, and answers in the first: an input spike of the cue makes its content fire.
    - `find` takes 2 steps, and answers in the second: the fragment fires, and drives the cues that it belongs to. To
      match "all" of n bits, a current of n - 1 weights holds the cues back. An empty fragment finds none.

    Parameters
    ----------
    cues, bits : int
        Size, from 1 each.
    device : Device or str
        Where it runs: an open device, which stays open, or a name for `open`, which is closed with the memory.

    Attributes
    ----------
    cues, bits
        As given.
    network : Network
        As it was loaded: neurons of the cues, then those of the bits; inputs in the same order.
    device : Device
        The device.
    result : Result or None
        Spikes of the last call of `perform` or of those that use it.

    Raises
    ------
    InputError
        For sizes that are no positive numbers.
    FitError
        If the device has no room for it.

    Examples
    --------
    >>> import neurocorex as ncx
    >>> with ncx.apps.Memory(cues=5, bits=10) as memory:
    ...     memory.store(0, [0, 1, 8, 9])
    ...     memory.store(3, [4, 5, 6, 8])
    ...     answers = memory.recall(3), memory.find([8]), memory.find([8, 0], "all")
    >>> [each.nonzero()[0].tolist() for each in answers]
    [[4, 5, 6, 8], [0, 3], [0]]
    """

    def __init__(self, cues: int, bits: int, device: Device | str = "emulator") -> None:
        for name, size in (("cues", cues), ("bits", bits)):
            if not _is_number(size) or size < 1:
                raise InputError(f"{name} must be a number from 1 up, got {size!r}, as in Memory(cues=5, bits=10)")
        self.cues, self.bits = int(cues), int(bits)
        self.network = self._network()
        self.result: Result | None = None
        self._owned = isinstance(device, str)
        if isinstance(device, str):
            from ..device.open import open_device

            device = open_device(device)
        self.device = device
        try:
            self.device.load(self.network)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Memory:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Memory(cues={self.cues}, bits={self.bits}) on {self.device!r}"

    def close(self) -> None:
        """Close the device, if the memory opened it."""
        if self._owned:
            self.device.close()

    def store(self, cue: int, content: Content) -> None:
        """Store a content, numbers of bits or bool [bits], under a cue; what stood there is forgotten."""
        self.perform([Store(cue, content)])

    def forget(self, cue: int) -> None:
        """Forget the content of a cue."""
        self.perform([Store(cue)])

    def recall(self, cue: int) -> Bits:
        """Return the content of a cue, bool [bits]."""
        return self.perform([Recall(cue)])[0]

    def find(self, content: Content, match: Literal["any", "all"] = "any") -> Bits:
        """Return the cues whose contents have any, or all, of some bits, bool [cues]."""
        return self.perform([Find(content, match)])[0]

    def perform(self, operations: Sequence[Operation]) -> list[Bits]:
        """Do operations one after the other, in one run of the device.

        Returns
        -------
        list of bool array
            The answer to each: bits for a recall, cues for a find, and for a store the content that was forgotten.

        Raises
        ------
        InputError
            For a cue or bit that is not there, before anything runs.
        """
        if not operations:
            return []
        ends = list(accumulate(STORE_STEPS if isinstance(each, Store) else RECALL_STEPS for each in operations))
        plan = _Plan(self, ends[-1])
        starts = [0, *ends[:-1]]
        for start, each in zip(starts, operations, strict=True):
            plan.add(start, each)
        fired = plan.run()
        after = [start + isinstance(each, Find) for start, each in zip(starts, operations, strict=True)]
        return [
            fired[step, : self.cues] if isinstance(each, Find) else fired[step, self.cues :]
            for step, each in zip(after, operations, strict=True)
        ]

    def table(self) -> Bits:
        """Return all contents as the weights from cues hold them, bool [cues, bits]; no neuron fires for it."""
        return np.asarray(self.device.weights(units="chip")[: self.cues, self.cues : self.cues + self.bits] > 0)

    def cue_number(self, cue: Any) -> int:
        """Return a cue that was given; raises InputError."""
        if not _is_number(cue) or not 0 <= cue < self.cues:
            raise InputError(f"cue must be a number from 0 to {self.cues - 1}, got {cue!r}")
        return int(cue)

    def bit_numbers(self, content: Any) -> npt.NDArray[np.int64]:
        """Return the numbers of the bits of a content that was given; raises InputError."""
        given = np.asarray(list(content) if not isinstance(content, np.ndarray) and np.iterable(content) else content)
        if given.dtype == np.bool_ and given.shape == (self.bits,):
            return np.flatnonzero(given)
        numbers = given.astype(np.int64) if given.size == 0 else given
        if numbers.ndim != 1 or numbers.dtype.kind not in "iu" or ((numbers < 0) | (numbers >= self.bits)).any():
            raise InputError(
                f"a content is numbers of bits from 0 to {self.bits - 1}, such as [0, 1], or bool [{self.bits}], "
                f"got {content!r}"
            )
        return np.unique(numbers).astype(np.int64)

    def _network(self) -> Network:
        cues, bits = self.cues, self.bits
        net = Network(inputs=cues + bits, neurons=cues + bits)
        cue, content = net.neurons[:cues], net.neurons[cues:]
        net.connect(net.inputs[:cues], content, np.zeros((cues, bits)), plastic=True)
        net.connect(content, cue, np.zeros((bits, cues)), plastic=True)
        net.connect(net.inputs[cues:], content, TOP * np.eye(bits))
        net.neurons.set(threshold=TOP / 2, tau_ms=0.0)
        net.learn(window_stdp([TOP], [-TOP], bounds=(0, TOP), stochastic=False))
        return net


class _Plan:
    """What a memory is given for a row of operations: events, currents and flags by step."""

    def __init__(self, memory: Memory, steps: int) -> None:
        self._memory, self._steps = memory, steps
        self._spikes: list[tuple[int, int]] = []
        self._forced = np.zeros((steps, memory.cues + memory.bits), np.bool_)
        self._held = np.zeros(steps)
        self._flags = {0: _FIRE}

    def add(self, start: int, operation: Operation) -> None:
        """Add an operation that begins at a step; raises InputError."""
        memory = self._memory
        if isinstance(operation, Recall):
            self._spikes.append((start, memory.cue_number(operation.cue)))
        elif isinstance(operation, Find):
            if operation.match not in ("any", "all"):
                raise InputError(f"match must be 'any' or 'all', got {operation.match!r}")
            bits = memory.bit_numbers(operation.content)
            self._spikes += [(start, memory.cues + bit) for bit in bits.tolist()]
            if operation.match == "all":
                self._held[start + 1] = -TOP * max(len(bits) - 1, 0)
        elif isinstance(operation, Store):
            self._store(start, memory.cue_number(operation.cue), memory.cues + memory.bit_numbers(operation.content))
        else:
            raise InputError(f"an operation is Store, Recall or Find, such as Recall(3), got {operation!r}")

    def run(self) -> Bits:
        """Run it; return the spikes of all neurons, bool [steps, neurons]."""
        memory = self._memory
        spikes = np.zeros((self._steps, memory.cues + memory.bits), np.bool_)
        spikes[tuple(np.array(self._spikes, np.int64).reshape(-1, 2).T)] = True
        currents = {memory.network.neurons[: memory.cues]: self._held} if self._held.any() else None
        memory.result = memory.device.run(
            spikes=spikes, teacher=self._forced, inject=currents, counters=False, progress=False,
            changes={step: {Control.LEARNING: flag} for step, flag in self._flags.items() if step < self._steps},
        )  # fmt: skip
        return np.asarray(memory.result.spikes[:, : memory.cues + memory.bits])

    def _store(self, start: int, cue: int, bits: npt.NDArray[np.int64]) -> None:
        # The cue fires beside its old content. In the next step spikes of both arrive, and weaken what fired just then.
        self._spikes += [(start, cue), (start + 1, cue), (start + 2, cue)]
        self._forced[start, cue] = self._forced[start + 3, cue] = True
        # The third spike of the cue meets the new content, and spikes of the content meet the cue one step later.
        self._forced[start + 2, bits] = True
        self._flags |= {start: _FIRE, start + 1: _WRITE, start + STORE_STEPS: _FIRE}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)

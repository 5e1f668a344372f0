"""Content-addressable memory: learn at once, recall by cue or by fragment, forget by overwriting.

    python examples/gallery/cam.py [--device DEVICE] [--quick] [--picture cam.png]

Two layers of neurons, cues and contents, are joined all to all in both directions. A synapse that sees its two neurons
fire together goes to its top at once; one that sees a spike come just after its neuron fired goes to zero. The teacher
makes neurons fire while a content is written. `neurocorex.apps.Memory` sends these spikes, and computes nothing else.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import neurocorex as ncx
import numpy as np
from neurocorex.apps import Find, Memory, Recall, Store
from neurocorex.cli.script import script
from neurocorex.gallery import About, Finding, Outcome

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ABOUT = About(
    paper="Casanueva-Morato, Ayuso-Martinez, Dominguez-Morales, Jimenez-Fernandez, Jimenez-Moreno (2024): Bio-inspired "
    "computational memory model of the Hippocampus. Neural Networks 178:106474, arXiv 2310.05868; for SpiNNaker",
    idealised="The paper's network has two populations for cues and three for contents, and conditions between them; "
    "here the learning register is switched from step to step instead, which saves those neurons. Synapses are "
    "instantaneous, and a step stands for the millisecond of the paper. Of its three tests the first is as published, "
    "contents and order; of the others only sizes and kind: the contents of the pyramid, when they are read, and the "
    "state of each cell of the map are ours.",
)
#: The paper's first test: contents that overlap, recall by cue and by fragment, then another content for a known cue.
LEARN = [Store(0, [0, 1, 8, 9]), Store(4, [1, 5, 6]), Store(3, [4, 5, 6, 8])]
SEQUENCE = [*LEARN, Recall(0), Find([6]), Find([0, 4]), Store(3, [1, 3, 4, 8]), Recall(3), Find([6])]
#: States of a cell of a 4 x 4 map, as many as the paper has, and a map of ours.
STATES = ("free", "path", "obstacle", "start", "end", "robot")
MAP = np.array([[3, 1, 0, 2], [2, 5, 0, 0], [0, 1, 1, 2], [0, 2, 1, 4]])
SIZES = (64, 128, 256, 384, 512)


class Table:
    """What a memory should answer, as a table on the host: the reference, which knows no neurons."""

    def __init__(self, cues: int, bits: int) -> None:
        self.held = np.zeros((cues, bits), bool)

    def answer(self, operation: Any) -> np.ndarray:
        """Return what a memory should answer."""
        if isinstance(operation, Recall):
            return self.held[operation.cue].copy()
        content = np.zeros(self.held.shape[1], bool)
        content[np.asarray(operation.content)] = True
        if isinstance(operation, Find):
            found = self.held[:, content]
            return found.any(axis=1) if operation.match == "any" else found.all(axis=1)
        old, self.held[operation.cue] = self.held[operation.cue].copy(), content
        return old


def wrong(memory: Memory, operations: list[Any]) -> int:
    """Return how many answers of an empty memory are not those of the table."""
    table = Table(memory.cues, memory.bits)
    answers = memory.perform(operations)
    return sum(not np.array_equal(mine, table.answer(each)) for mine, each in zip(answers, operations, strict=True))


def random_operations(cues: int, bits: int, count: int, orthogonal: bool, seed: int = 1) -> list[Any]:
    """Draw operations of all kinds: contents without common bits, one for each cue, or half of all bits at random."""
    rng = np.random.default_rng(seed)
    operations: list[Any] = []
    for kind, cue in zip(rng.integers(3, size=count), rng.integers(cues, size=count).tolist(), strict=True):
        own = np.arange(cue, bits, cues)  # no other cue may have these
        if kind == 0:
            held = own if orthogonal else np.arange(bits)
            operations.append(Store(cue, np.flatnonzero(np.isin(np.arange(bits), held) & (rng.random(bits) < 0.5))))
        elif kind == 1:
            operations.append(Recall(cue))
        else:
            fragment = rng.choice(bits, rng.integers(1, 4), replace=False)
            operations.append(Find(fragment, "all" if rng.random() < 0.5 else "any"))
    return operations


def stress() -> list[Any]:
    """Return a stress test: a pyramid of contents is stored and read, then its complement, both twice; 60 operations.

    Each content is stored, recalled by its cue, and looked for by all of its bits.
    """
    pyramid = np.array([[abs(bit - 4) <= cue for bit in range(10)] for cue in range(5)])
    operations: list[Any] = []
    for table in (pyramid, ~pyramid, pyramid, ~pyramid):
        held = [np.flatnonzero(row) for row in table]
        operations += [Store(cue, bits) for cue, bits in enumerate(held)]
        operations += [Recall(cue) for cue in range(5)] + [Find(bits, "all") for bits in held]
    return operations


def first(device: ncx.Device) -> dict[str, np.ndarray]:
    """Run the paper's first test, its stress test and 60 random operations, in a memory of 5 cues and 10 bits."""
    memory = Memory(5, 10, device)
    memory.perform([*SEQUENCE, *stress(), *random_operations(5, 10, 60, orthogonal=False)])
    return {"spikes": memory.result.spikes, "contents": memory.table()}


def measure(device: ncx.Device, quick: bool = False) -> Outcome:
    """Count wrong answers: three tests after the paper's, random operations, and memories of up to 512 neurons."""
    memory = Memory(5, 10, device)
    sequence = wrong(memory, SEQUENCE)
    spikes = memory.result.spikes
    tests = [sequence, wrong(Memory(5, 10, device), stress())]
    memory = Memory(16, len(STATES), device)
    store = [Store(cell, [state]) for cell, state in enumerate(MAP.ravel().tolist())]
    asked = [*(Recall(cell) for cell in range(16)), *(Find([state]) for state in range(len(STATES)))]
    tests.append(wrong(memory, store + asked))
    recalled = np.array([memory.recall(cell).argmax() for cell in range(16)]).reshape(MAP.shape)
    count = 500 if quick else 10_000
    errors = [wrong(Memory(5, 10, device), random_operations(5, 10, count, orthogonal)) for orthogonal in (True, False)]
    steps = [steps_of(Memory(5, 10, device), each) for each in (Store(1, [2]), Recall(0), Find([6]))]
    sizes = SIZES[:2] if quick else SIZES
    capacity = [of_size(neurons, count // 10) for neurons in sizes]
    largest = capacity[-1]
    return Outcome([
        Finding("wrong answers: the paper's first test; a stress test and a map of its sizes",
                f"{tests[0]}; {tests[1]} and {tests[2]}", "no figure", "none", not any(tests),
                "contents and order of the last two are ours"),
        Finding(f"wrong of {count:,} random operations, contents orthogonal", str(errors[0]), goal="none",
                reached=not errors[0]),
        Finding(f"wrong of {count:,} random operations, contents overlapping", str(errors[1]), goal="none",
                reached=not errors[1]),
        Finding("steps a store", f"{steps[0]}", "3 ms, and 7 ms until the next", "at most 8", steps[0] <= 8,
                "counted in a run of one; a step is a millisecond of the paper"),
        Finding("steps a recall, by cue and by a bit", f"{steps[1]}, {steps[2]}", "1 ms, and 6 ms until the next",
                "at most 2", max(steps[1:]) <= 2, "counted in runs of one"),
        Finding("neurons of the memory of 5 cues and 10 bits", "15", "71 (56 and 15 outputs)"),
        Finding(f"largest memory, {largest['neurons']} neurons", f"{largest['bits']:,} bits, {largest['wrong']} wrong "
                f"of {count // 10:,}", "16 cues of 6 bits in its tests", "none wrong",
                not any(row["wrong"] for row in capacity),
                f"fits {largest['boards']} boards by plan, with weights of 4 bits"),
    ], {"spikes": spikes, "map": recalled, "capacity": capacity})  # fmt: skip


def steps_of(memory: Memory, operation: Any) -> int:
    """Count the steps that a device runs for one operation, in a memory that holds something."""
    memory.perform(LEARN)
    memory.perform([operation])
    return len(memory.result.spikes)


def of_size(neurons: int, count: int) -> dict[str, Any]:
    """Count wrong answers of a memory of as many cues as bits on a chip with weights of 4 bits, as the largest need."""
    from neurocorex.fpga.plan import boards_for

    half = neurons // 2
    with Memory(half, half) as memory:
        chip = replace(ncx.smallest_config(memory.network), weight_bits=4)
    with ncx.open("emulator", config=chip) as device:
        errors = wrong(Memory(half, half, device), random_operations(half, half, count, orthogonal=False))
    return {"neurons": neurons, "bits": half**2, "wrong": errors, "boards": len(boards_for(chip))}


def draw(outcome: Outcome) -> Figure:
    """Draw the first test as spikes, the map as it was recalled, and the capacity by neurons."""
    from matplotlib.colors import ListedColormap
    from neurocorex.plot.canvas import COLOURS, new_figure

    figure = new_figure(9.5, 3.2)
    raster, cells, sizes = figure.subplots(1, 3, width_ratios=[2, 1.15, 1.2])
    step, neuron = outcome.data["spikes"].nonzero()
    raster.scatter(step, neuron, s=9, marker="|", linewidths=1.5, color=np.where(neuron < 5, *COLOURS[:2][::-1]))
    ends = np.cumsum([ncx.apps.STORE_STEPS if isinstance(each, Store) else ncx.apps.RECALL_STEPS for each in SEQUENCE])
    for end in ends[:-1]:
        raster.axvline(end - 0.5, color="0.85", linewidth=0.7, zorder=0)
    raster.axhline(4.5, color="0.6", linewidth=0.7)
    raster.set(xlabel="step", ylabel="cues below, bits above", title="store three, recall, overwrite, recall",
               yticks=[0, 4, 5, 14], yticklabels=["0", "4", "0", "9"])  # fmt: skip
    colours = ("#f0f0f0", COLOURS[5], "#444444", COLOURS[2], COLOURS[1], COLOURS[4])
    cells.imshow(outcome.data["map"], cmap=ListedColormap(colours), vmin=0, vmax=len(STATES) - 1)
    for (row, column), state in np.ndenumerate(outcome.data["map"]):
        ink = "white" if state == 2 else "black"
        cells.text(column, row, STATES[state], ha="center", va="center", fontsize=6, color=ink)
    cells.set(xticks=[], yticks=[], title="16 cells, recalled")
    rows = outcome.data["capacity"]
    sizes.plot([row["neurons"] for row in rows], [row["bits"] for row in rows], "o-", color=COLOURS[0])
    for row in rows:
        sizes.annotate(f"{row['boards']} boards", (row["neurons"], row["bits"]), fontsize=6, xytext=(5, -5),
                       textcoords="offset points")  # fmt: skip
    sizes.set(xlabel="neurons", xlim=(0, 640), title=f"bits held, {sum(row['wrong'] for row in rows)} answers wrong")
    return figure


if __name__ == "__main__":
    script(__file__)

"""Bars: a detector wired by hand for another machine, and a network that is active by itself and learns ten of them.

    python examples/gallery/bars.py [--device DEVICE] [--quick] [--picture bars.png]

The first part takes models of SuperNeuroMAT as they are: two logic gates, and a detector of bars and stripes on 3 x 3
pixels. The second has ten groups of neurons that inhibit each other. A constant current keeps them active without any
input, and thresholds that rise with every spike let no group win for long, so that activity goes from group to group.
While one of the ten bars of 5 x 5 pixels is shown, STDP changes the weights from the pixels. No teacher says which
group a bar belongs to. It needs: pip install superneuromat
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import neurocorex as ncx
import numpy as np
from neurocorex.cli.script import script
from neurocorex.errors import MissingToolError
from neurocorex.gallery import About, Finding, Outcome

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ABOUT = About(
    paper="Oak Ridge National Laboratory: notebooks of SpikeEngine for SuperNeuroMAT, on a Basys 3 (detector and "
    "gates); Gros, Kaczor (2009): Semantic learning in autonomously active recurrent neural networks, arXiv 0903.1979 "
    "(learned bars)",
    idealised="The learned part is an analogue: spikes instead of the paper's rates, a threshold that rises with "
    "spikes instead of its reservoirs, groups that are given instead of found, and a register that lets weights change "
    "while a bar is shown instead of its signal of novelty. One bar is shown at a time, all ten equally often.",
)
SIDE, GROUPS, SIZE = 5, 10, 4
#: Seeds that are measured. Parameters were chosen with seeds 0 to 9.
SEEDS = range(20, 25)
#: Steps in which a bar is shown, and steps until the next one; a pixel of it fires with this chance in each step.
SHOWN, PAUSE, CHANCE = 40, 20, 0.4
#: Nine cases of the detector: pixels that are on, and whether it should say stripe (a row) and bar (a column).
ROWS, COLUMNS = ([range(3 * i, 3 * i + 3) for i in range(3)], [range(i, 9, 3) for i in range(3)])
CASES = [*((row, (True, False)) for row in ROWS), *((column, (False, True)) for column in COLUMNS),
         ((), (False, False)), ((0, 4, 8), (False, False)), ((0, 1, 2, 3), (False, False))]  # fmt: skip


def neurons(snn: Any, *thresholds: int) -> list[Any]:
    """Add neurons that forget everything from one tick to the next."""
    return [snn.create_neuron(threshold=each) for each in thresholds]


def add_detector(snn: Any) -> None:
    """Wire pixels, lines, two outputs, and a neuron that vetoes a fourth pixel; queue the cases, 10 ticks apart."""
    pixels, lines = neurons(snn, *[0] * 9), neurons(snn, *[2] * 6)
    outputs, (veto,) = neurons(snn, 0, 0), neurons(snn, 3)
    for place, pixel in enumerate(pixels):
        for target in (lines[place // 3], lines[3 + place % 3], veto):
            snn.create_synapse(pixel, target, weight=1)
    for number, line in enumerate(lines):
        snn.create_synapse(line, outputs[number // 3], weight=1)
    for output in outputs:
        snn.create_synapse(veto, output, weight=-3)
    for case, (on, _) in enumerate(CASES):
        for pixel in on:
            snn.add_spike(10 * case, pixels[pixel], 1)


def add_gate(snn: Any, threshold: int) -> None:
    """Wire two inputs to a neuron that fires above a threshold, 0 (or) or 1 (and); queue the four cases."""
    *sources, output = neurons(snn, 0, 0, threshold)
    for bit, source in enumerate(sources):
        snn.create_synapse(source, output, weight=1)
        for case in (0b01 << bit, 0b11):
            snn.add_spike(10 * case, source, 1)


def first(device: ncx.Device) -> dict[str, np.ndarray]:
    """Import a model with the detector and both gates, run it, and return its spikes, bool [90, 24]."""
    try:
        import superneuromat
    except ImportError:
        raise MissingToolError("the models are SuperNeuroMAT's; install it: pip install superneuromat") from None
    snn = superneuromat.SNN()
    add_detector(snn)
    add_gate(snn, 0)
    add_gate(snn, 1)
    imported = ncx.from_superneuromat(snn)
    device.load(imported.image)
    result = device.run(steps=90, spikes=imported.stimulus, counters=False, progress=False)
    return {"spikes": imported.spikes(result)}


def bars() -> np.ndarray:
    """Return the ten bars, rows first, bool [10, 25]."""
    table = np.zeros((2, SIDE, SIDE, SIDE), bool)
    table[0, np.arange(SIDE), np.arange(SIDE)] = table[1, np.arange(SIDE), :, np.arange(SIDE)] = True
    return table.reshape(2 * SIDE, SIDE * SIDE)


def shows(order: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw input spikes while bars are shown one after the other, bool [steps, 25]."""
    spikes = rng.random((len(order), SHOWN + PAUSE, SIDE * SIDE)) < CHANCE
    spikes &= bars()[order][:, None]
    spikes[:, SHOWN:] = False
    return spikes.reshape(-1, SIDE * SIDE)


def active(seed: int) -> ncx.Network:
    """Return the network that is active by itself, before it has learned."""
    rng = np.random.default_rng([seed, 0])
    count, pixels, group = GROUPS * SIZE, SIDE * SIDE, np.arange(GROUPS * SIZE) // SIZE
    net = ncx.Network(inputs=pixels, neurons=count)
    net.connect(net.inputs, net.neurons, rng.uniform(0.1, 0.3, (pixels, count)), plastic=True)
    net.connect(net.neurons, net.neurons, np.where(group[:, None] == group, 0.2, -0.8) * (1 - np.eye(count)))
    bias = rng.uniform(0.19, 0.21, count)
    net.neurons.set(threshold=1.0, tau_ms=10.0, refractory_ms=3.0, bias=bias, delay_ms=1.0)
    net.adaptation(step=0.15, tau_ms=300.0)
    # A spike of a neuron strengthens pixels that fired in the last milliseconds, and weakens all others.
    net.learn(ncx.learning.stdp(5.0, 5.0, 0.015, 0.0, x_target=0.6, bounds=(0.0, 0.4), accumulate=4.0, seed=seed))
    return net


def by_group(spikes: np.ndarray) -> np.ndarray:
    """Count spikes by group, int [..., steps, groups]."""
    return spikes[..., : GROUPS * SIZE].reshape(*spikes.shape[:-1], GROUPS, SIZE).sum(axis=-1)


def learn(device: ncx.Device, seed: int, count: int) -> dict[str, Any]:
    """Let the network run by itself, show it bars while it learns, and ask which group answers which bar."""
    rng = np.random.default_rng([seed, 1])
    device.load(active(seed))
    alone = by_group(device.run(steps=2000, learning=False, counters=False, progress=False).spikes)
    asked = rng.permutation(np.repeat(np.arange(GROUPS), 10))
    before = ask(device, asked, rng)
    order = np.concatenate([rng.permutation(GROUPS) for _ in range(count // GROUPS)])
    starts = np.arange(len(order)) * (SHOWN + PAUSE)
    learning = {int(start): True for start in starts} | {int(start) + SHOWN: False for start in starts}
    device.run(spikes=shows(order, rng), learning=learning, counters=False, progress=False)
    after = ask(device, asked, rng)
    fields = device.weights()[: SIDE * SIDE, : GROUPS * SIZE].reshape(SIDE * SIDE, GROUPS, SIZE).mean(axis=2).T
    return {"alone": alone, "before": before, "after": after, "fields": fields}


def ask(device: ncx.Device, asked: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Show bars without learning; return how often each group answered most to each bar, int [bars, groups]."""
    spikes = device.run(spikes=shows(asked, rng), learning=False, counters=False, progress=False).spikes
    answers = by_group(spikes).reshape(len(asked), SHOWN + PAUSE, GROUPS)[:, :SHOWN].sum(axis=1).argmax(axis=1)
    table = np.zeros((GROUPS, GROUPS), int)
    np.add.at(table, (asked, answers), 1)
    return table


def claimed(table: np.ndarray) -> int:
    """Count bars that a group of their own answers, in 9 of 10 shows or more, and no other bar has that group."""
    owner = table.argmax(axis=1)
    return sum(bool(table[bar, group] >= 9 and (owner == group).sum() == 1) for bar, group in enumerate(owner))


def measure(device: ncx.Device, quick: bool = False) -> Outcome:
    """Count right cases of detector and gates, and bars that the learning network tells apart, by seed."""
    wired = first(device)["spikes"]
    detected = (wired[2::10, 15:17] == [says for _, says in CASES]).all(axis=1).sum()
    case = np.arange(4)
    gates = [int((wired[1:40:10, output] == right).sum()) for output, right in ((20, case > 0), (23, case == 3))]
    seeds = SEEDS[:1] if quick else SEEDS
    runs = [learn(device, seed, 800) for seed in seeds]
    own, untaught = [[claimed(run[when]) for run in runs] for when in ("after", "before")]
    alone = [run["alone"].reshape(-1, 10, GROUPS).sum(axis=1) for run in runs]  # in 10 ms each
    visited = [len(set(each[each.any(axis=1)].argmax(axis=1).tolist())) for each in alone]
    return Outcome([
        Finding("cases of the 3 x 3 detector right", f"{detected} of 9", "9 of 9", "9 of 9", bool(detected == 9)),
        Finding("rows of the gates right, or and and", f"{gates[0]} of 4, {gates[1]} of 4", "4 of 4, 4 of 4", "all",
                gates == [4, 4]),
        Finding(f"5 x 5 bars that one group claims for itself, seeds {seeds[0]} to {seeds[-1]}",
                f"{str(own)[1:-1]} of 10", "no figure", "10 of 10", set(own) == {10},
                f"before learning: {str(untaught)[1:-1]}"),
        Finding("groups that lead in turn during 2 s without input", f"{str(visited)[1:-1]} of 10", "no figure"),
    ], runs[0])  # fmt: skip


def draw(outcome: Outcome) -> Figure:
    """Draw activity without input, the weights of each group from the pixels, and which group answers which bar."""
    from neurocorex.plot.canvas import COLOURS, new_figure

    figure = new_figure(9.5, 3.0)
    raster, fields, table = figure.subplots(1, 3, width_ratios=[1.3, 1.5, 1])
    step, group = outcome.data["alone"][:1000].nonzero()
    raster.scatter(step, group, s=4, marker="|", color=COLOURS[0])
    raster.set(xlabel="step", ylabel="group", title="active by itself")
    edge = ((0, 0), (0, 0), (0, 1), (0, 1))
    held = np.pad(outcome.data["fields"].reshape(2, 5, SIDE, SIDE), edge, constant_values=np.nan)
    fields.imshow(held.transpose(0, 2, 1, 3).reshape(2 * (SIDE + 1), -1), cmap="Blues")
    fields.set_axis_off()
    fields.set_title("weights of the ten groups, learned")
    table.imshow(outcome.data["after"], cmap="Oranges", vmin=0, vmax=10)
    table.set(xlabel="group that answers", ylabel="bar shown", title="10 shows of each")
    return figure


if __name__ == "__main__":
    script(__file__)

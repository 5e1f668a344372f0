"""Places: many small networks that know five places each, and their hyperactive neurons silenced.

    python examples/gallery/places.py [--device DEVICE] [--quick] [--picture places.png]

A path leads over two photographs, in synthetic seasons. A module, 40 neurons, learns five places in a row without a
teacher, from two seasons. A third season asks all modules, and the place whose neurons fire most is the answer. Some
neurons fire for places that their module never saw: these are found and left out. The limit is settled on others.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import neurocorex as ncx
import numpy as np
from neurocorex import gallery
from neurocorex.cli.script import script
from neurocorex.errors import MissingToolError
from neurocorex.gallery import About, Finding, Outcome

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ABOUT = About(
    paper="Hussaini, Milford, Fischer (2023): Ensembles of compact, region-specific and regularized spiking neural "
    "networks for scalable place recognition. ICRA 2023, arXiv 2209.08723",
    idealised="Not a railway through the year: crops of the two photographs that scikit-learn ships, with seasons made "
    "by gamma, light from one side, shifts of up to 2 pixels, and noise. 14 x 14 pixels instead of 28 x 28, 40 neurons "
    "a module, weights of both signs, direct inhibition, currents instead of conductances.",
)
SIDE, CROP, MARGIN, REGION, NEURONS, STEPS, PAUSE, CHANCE, EPOCHS = 14, 56, 4, 5, 40, 50, 20, 0.25, 15
SEASONS = ((0.8, 0.3), (1.3, -0.3), (1.0, 0.0))  # exponent of the brightness, light that grows to the right


def path(places: int) -> list[np.ndarray]:
    """Return what is around each place of a path that goes to and fro over both photographs, from 0 to 1."""
    if find_spec("sklearn") is None:
        raise MissingToolError("the photographs are scikit-learn's; pip install 'neurocorex[examples]'")
    from sklearn.datasets import load_sample_images

    size, seen = CROP + 2 * MARGIN, []
    for grey in np.mean(load_sample_images().images, axis=3) / 255:
        height, width = (each - size for each in grey.shape)
        rows = round((places / 2 * height / width) ** 0.5)
        for row in range(rows):
            y, across = round(row * height / (rows - 1)), np.linspace(0, width, -(-places // (2 * rows)))
            seen += [grey[y:, round(x) :][:size, :size] for x in across.tolist()][:: -1 if row % 2 else 1]
    return [seen[number] for number in np.linspace(0, len(seen) - 1, places).round().astype(int)]


@cache
def seasons(places: int, seed: int) -> np.ndarray:
    """Return pictures of all places in three seasons, normalised in patches of 7 x 7, float [3, places, pixels]."""
    rng, around, block = np.random.default_rng([seed, 0]), path(places), CROP // SIDE
    pictures = np.zeros((3, places, SIDE, SIDE))
    for season, (gamma, light) in enumerate(SEASONS):
        for place, view in enumerate(around):
            y, x = rng.integers(MARGIN - 2, MARGIN + 3, 2)
            lit = view[y : y + CROP, x : x + CROP] ** gamma * (1 + light * np.linspace(-1, 1, CROP))
            pictures[season, place] = lit.reshape(SIDE, block, SIDE, block).mean(axis=(1, 3))
    pictures += rng.normal(0, 0.02, pictures.shape)
    patches = pictures.reshape(3, places, SIDE // 7, 7, SIDE // 7, 7)
    mean, deviation = (of(patches, axis=(3, 5), keepdims=True) for of in (np.mean, np.std))
    return (np.clip((patches - mean) / (deviation + 0.03), -1.5, 1.5) / 3 + 0.5).reshape(3, places, SIDE * SIDE)


def asking(places: int, settles: bool) -> np.ndarray:
    """Return which places are asked about: those of every fifth region settle the limit, all others are measured."""
    return (np.arange(places) // REGION % 5 == 2) == settles


@cache
def asked(places: int, seed: int, settles: bool) -> np.ndarray:
    """Draw the spikes that modules see: places in spring, autumn and summer, bool [pictures, steps, pixels]."""
    pictures = seasons(places, seed)[:, asking(places, settles)].reshape(-1, SIDE * SIDE)
    draws = np.random.default_rng([seed, 1, settles]).random((len(pictures), STEPS, SIDE * SIDE))
    return draws < CHANCE * pictures[:, None]


def module(seed: int) -> ncx.Network:
    """Return a module that has not learned."""
    net = ncx.Network(inputs=SIDE * SIDE, neurons=NEURONS)
    drawn = np.random.default_rng([seed, 2]).uniform(0, 0.2, (SIDE * SIDE, NEURONS))
    net.connect(net.inputs, net.neurons, drawn, plastic=True)
    net.connect(net.neurons, net.neurons, -5.0 * (1 - np.eye(NEURONS)))
    net.neurons.set(threshold=20.0, tau_ms=20.0, refractory_ms=2.0)
    net.adaptation(step=0.2, tau_ms=np.inf)
    net.learn(ncx.learning.stdp(10.0, 10.0, 0.03, 0.0, x_target=1.2, bounds=(-1.0, 1.0), accumulate=8.0, seed=seed))
    return net


def answers(device: ncx.Device, item: tuple[int, int, int]) -> np.ndarray:
    """Teach the module of a region, of some places and a seed; return its spikes to pictures, [3, places, N]."""
    places, seed, region = item
    own = seasons(places, seed)[:2, region * REGION : (region + 1) * REGION].reshape(-1, SIDE * SIDE)
    rng = np.random.default_rng([seed, 3, region])
    order = np.concatenate([rng.permutation(own) for _ in range(EPOCHS)])[:, None]
    shown = np.pad(rng.random((len(order), STEPS, SIDE * SIDE)) < CHANCE * order, ((0, 0), (0, PAUSE), (0, 0))).reshape(
        -1, SIDE * SIDE
    )
    device.load(module(1000 * seed + region), progress=False)
    device.run(spikes=shown, learning=True, counters=False, progress=False)
    counts = device.run(
        spikes=asked(places, seed, region % 5 == 2), record=["counts"], learning=False, adaptation=False
    ).counts
    return counts[:, :NEURONS].reshape(3, -1, NEURONS)


def first(device: ncx.Device) -> dict[str, np.ndarray]:
    """Teach one module five places, and show it ten."""
    return {"counts": answers(device, (10, 0, 1)), "weights": device.weights(units="chip")}


class Ensemble:
    """Modules of some regions: what each neuron stands for, and its spikes for a reference outside its region."""

    def __init__(self, spikes: list[np.ndarray]) -> None:
        """Look at spikes of each module, int [3, places, neurons], with as many regions as modules, in order."""
        counts = np.stack(spikes)
        references, self.questions = counts[:, :2].sum(axis=1), counts[:, 2]
        modules, self.places, neurons = references.shape
        own = references.reshape(modules, modules, REGION, neurons)[np.arange(modules), np.arange(modules)]
        self.stands = own.argmax(axis=1) + REGION * np.arange(modules)[:, None]
        self.alive = own.any(axis=1)
        self.strange = (references.sum(axis=1) - own.sum(axis=1)) / (2 * (self.places - REGION))

    def scores(self, most: float) -> np.ndarray:
        """Return the mean spikes of each place's neurons for each question, without those above `most` elsewhere."""
        found = np.full((self.places, self.places), -1.0)
        kept = self.alive & (self.strange <= most)
        for place in np.unique(self.stands[kept]):
            own = place // REGION
            found[:, place] = self.questions[own][:, kept[own] & (self.stands[own] == place)].mean(axis=1)
        return found


def recall(scores: np.ndarray) -> tuple[float, float]:
    """Return R@1, and the share answered rightly with more confidence than any wrong answer."""
    best, right = scores.max(axis=1), scores.argmax(axis=1) == np.arange(len(scores))
    return float(right.mean()), float((right & (best > best[~right].max(initial=-np.inf))).mean())


def compare(pool: ncx.Pool, places: int, seed: int) -> dict[str, Any]:
    """Settle the limit on every fifth region; ask about all others with and without, and by absolute differences."""
    total = places * 5 // 4
    counts = pool.map(gallery.part(__file__, "answers"), [(total, seed, each) for each in range(total // REGION)])
    settled, ensemble = Ensemble(counts[2::5]), Ensemble([counts[n] for n in range(len(counts)) if n % 5 != 2])
    limits = np.quantile(settled.strange, np.linspace(0.3, 1, 36))[::-1]
    limit = max(limits.tolist(), key=lambda most: recall(settled.scores(most))[0])
    *known, summer = seasons(total, seed)[:, asking(total, False)]
    near = [abs(np.array(known) - one).sum(axis=2).min(axis=0) for one in summer]
    return {
        "places": places, "seed": seed, "limit": limit, "strange": ensemble.strange.ravel(),
        "pictures": seasons(total, seed)[:, ::9], "silenced": recall(ensemble.scores(limit)),
        "all": recall(ensemble.scores(np.inf)), "sad": recall(-np.array(near)),
    }  # fmt: skip


def measure(device: ncx.Device, quick: bool = False) -> Outcome:
    """Count places that are found, with and without hyperactive neurons, on a pool of emulators."""
    with ncx.Pool(1 if quick else 2) as pool:
        rows = [compare(pool, *each) for each in ([(60, 1)] if quick else [(100, 1), (100, 2), (500, 1)])]
    findings = []
    for row in rows:
        (ours, sure), (loud, less), (sad, safe) = row["silenced"], row["all"], row["sad"]
        name, share = f"{row['places']} places, seed {row['seed']}", (row["strange"] > row["limit"]).mean()
        findings.append(Finding(
            f"R@1, {name}", f"{ours:.1%}, {loud:.1%} without silencing", "no figure", "more than without silencing",
            ours > loud, f"{share:.1%} of neurons silenced; absolute differences reach {sad:.1%}"))  # fmt: skip
        findings.append(Finding(
            f"recall at 100 % precision, {name}", f"{sure:.1%}, {less:.1%} without silencing",
            differs=f"absolute differences reach {safe:.1%}"))  # fmt: skip
    return Outcome(findings, {"rows": rows})


def draw(outcome: Outcome) -> Figure:
    """Draw a few places in their seasons, how often neurons answer outside their region, and R@1."""
    from neurocorex.plot.canvas import COLOURS, new_figure

    seen, strange, bars = new_figure(9.5, 2.8).subplots(1, 3, width_ratios=[1.3, 1.2, 1])
    rows, ticks = outcome.data["rows"], np.arange(len(outcome.data["rows"]))
    few = rows[0]["pictures"][:, :6].reshape(3, 6, SIDE, SIDE).transpose(0, 2, 1, 3)
    seen.imshow(few.reshape(3 * SIDE, -1), cmap="Greys_r")
    seen.set(title="six places: spring, autumn, summer", xticks=[], yticks=[])
    strange.hist(rows[-1]["strange"], 40, color=COLOURS[0], log=True)
    strange.axvline(rows[-1]["limit"], color="0.4", linestyle="--")
    strange.set(xlabel="spikes for a strange reference", ylabel="neurons", title="silenced beyond the dashed line")
    for number, (key, label) in enumerate((("all", "all neurons"), ("silenced", "silenced"), ("sad", "differences"))):
        bars.bar(ticks + number / 4, [row[key][0] for row in rows], 0.22, color=COLOURS[number], label=label)
    bars.set(ylabel="R@1", ylim=(0, 1.3), yticks=(0, 0.5, 1), title="places found", xlabel="places")
    bars.set_xticks(ticks + 0.25, [row["places"] for row in rows])
    bars.legend(frameon=False, fontsize="small")
    return bars.figure


if __name__ == "__main__":
    script(__file__)

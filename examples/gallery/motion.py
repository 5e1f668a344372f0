"""Motion: axons with several delays learn which way, and how fast, natural texture moves.

    python examples/gallery/motion.py [--device DEVICE] [--quick] [--picture motion.png]

A window of 9 x 9 pixels moves over photographs in 8 directions at 2 speeds, and each pixel tells by an ON or an OFF
event that it became brighter or darker. Each input has up to eight delays, so a detector sees the last eight steps at
once. In training the teacher makes the detector of the class fire when the pixel in the middle has an ON event, and
each input and delay that arrives with it gains 1: weights count coincidences. The host turns counts into log odds, and
in the test the chip weighs each ON event of the middle by them. It needs: pip install scikit-learn
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
    paper="Grimaldi, Perrinet (2023): Learning heterogeneous delays in a layer of spiking neurons for fast motion "
    "detection. Biological Cybernetics, arXiv 2307.14077",
    idealised="One receptive field instead of a convolution, two photographs instead of a hundred, 16 classes instead "
    "of 36, constant motion over 200 steps instead of blocks of about 24. The chip counts coincidences, where the "
    "paper follows a gradient; the host takes the logarithm of the counts, and adds up the membranes at ON events of "
    "the middle. Photographs are filtered and normalised in contrast. Training uses their left, the test their "
    "right, on which the filter and thresholds were looked at, too, with other movies.",
)
SIDE, DELAYS, CLASSES, STEPS = 9, 8, 16, 200
PIXELS, MIDDLE = 2 * SIDE * SIDE, SIDE * SIDE // 2
ANGLES = np.arange(8) * np.pi / 4
VELOCITIES = [(v * np.cos(angle), v * np.sin(angle)) for v in (0.5, 1.0) for angle in ANGLES]


def textures() -> list[np.ndarray]:
    """Return both photographs, band-passed and with the same contrast everywhere."""
    try:
        from scipy.ndimage import gaussian_filter
        from sklearn.datasets import load_sample_images
    except ImportError:
        raise MissingToolError("the photographs are scikit-learn's; install it: pip install scikit-learn") from None
    found = []
    for image in load_sample_images().images:
        light = np.log1p(image.mean(axis=2))
        edges = gaussian_filter(light, 0.8) - gaussian_filter(light, 2.4)
        found.append(edges / (np.sqrt(gaussian_filter(edges**2, 6)) + 0.003))
    return found


def movie(rng: np.random.Generator, photographs: list[np.ndarray], kind: int, test: bool) -> np.ndarray:
    """Return events of a window that moves over half of a photograph, bool [steps, inputs]: ON pixels, then OFF."""
    from scipy.ndimage import map_coordinates

    image = photographs[rng.integers(len(photographs))]
    half = image.shape[1] // 2
    image = image[:, half:] if test else image[:, :half]
    t, starts = np.arange(STEPS + 1)[:, None, None], []
    for speed, size in zip(VELOCITIES[kind], image.shape[::-1], strict=True):
        starts.append(rng.uniform(SIDE + max(0.0, -speed * STEPS), size - SIDE - max(0.0, speed * STEPS)))
    y, x = np.mgrid[:SIDE, :SIDE] - SIDE // 2
    (vx, vy), (left, top) = VELOCITIES[kind], starts
    light = map_coordinates(image, [top + vy * t + y, left + vx * t + x], order=1)
    held, events = light[0].copy(), np.zeros((STEPS, 2, SIDE, SIDE), bool)
    for step, now in enumerate(light[1:]):
        events[step] = now > held + 0.9, now < held - 0.9
        held[events[step].any(axis=0)] = now[events[step].any(axis=0)]
    return events.reshape(STEPS, PIXELS)


def network(weights: np.ndarray, bias: np.ndarray | float = 0.0, plastic: bool = False) -> ncx.Network:
    """Return detectors that sum what arrives in a step; weights [delays, inputs, classes]."""
    net = ncx.Network(inputs=PIXELS, neurons=CLASSES)
    for delay, each in enumerate(weights):
        net.connect(net.inputs, net.neurons, each, delay_ms=float(delay), plastic=plastic)
    net.neurons.set(threshold=20000 if plastic else np.inf, tau_ms=0.0, bias=bias)
    if plastic:
        net.learn(ncx.learning.window_stdp([1], [], bounds=(0, 127), stochastic=False))
    return net


def count(device: ncx.Device, movies: list[np.ndarray], kinds: np.ndarray, delays: int) -> np.ndarray:
    """Count on the chip what arrives with ON events of the middle, int [delays, inputs, classes].

    A synapse holds 127: few movies at a time.
    """
    device.load(network(np.zeros((delays, PIXELS, CLASSES), int), plastic=True))
    for events, kind in zip(movies, kinds, strict=True):
        teacher = np.zeros((len(events), CLASSES), bool)
        teacher[DELAYS:, kind] = events[DELAYS:, MIDDLE]
        device.run(spikes=events, teacher=teacher, learning=True, clear=True, counters=False, progress=False)
    held = device.weights(units="chip")
    return held[: delays * PIXELS, :CLASSES].reshape(delays, PIXELS, CLASSES)


def draw_movies(rng: np.random.Generator, photographs: list[np.ndarray], number: int, test: bool) -> list[np.ndarray]:
    """Return as many movies of each class, class after class in turn."""
    return [movie(rng, photographs, kind % CLASSES, test) for kind in range(number * CLASSES)]


def log_odds(counts: np.ndarray, events: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return weights and biases of naive Bayes, times 20, as integers; `events` are those of the middle by class."""
    share = (counts + 0.5) / (events + 1)
    common = share.mean(axis=2, keepdims=True)
    off = np.log((1 - share * 0.98) / (1 - common * 0.98))
    weights = np.log((share + 0.02) / (common + 0.02)) - off
    return np.clip(np.rint(20 * weights), -127, 127).astype(int), np.rint(20 * off.sum(axis=(0, 1))).astype(int)


def right(device: ncx.Device, weights: np.ndarray, bias: np.ndarray, movies: list[np.ndarray]) -> float:
    """Return the share of movies whose detector gathers most while the middle has ON events."""
    device.load(network(weights, bias))
    good = 0
    for number, events in enumerate(movies):
        run = device.run(spikes=events, record={"v": list(range(CLASSES))}, clear=True,
                         counters=False, progress=False)  # fmt: skip
        when = events[:, MIDDLE] & (np.arange(STEPS) >= DELAYS)
        good += int(run.v[when].sum(axis=0).argmax()) == number % CLASSES
    return good / len(movies)


def pruned(weights: np.ndarray, fold: int) -> np.ndarray:
    """Keep the largest weights, one of `fold`."""
    order = np.abs(weights).ravel().argsort(kind="stable")[::-1]
    kept = np.zeros(weights.size, int)
    kept[order[: weights.size // fold]] = weights.ravel()[order[: weights.size // fold]]
    return kept.reshape(weights.shape)


def first(device: ncx.Device) -> dict[str, np.ndarray]:
    """Count coincidences of one movie of each of four classes."""
    rng = np.random.default_rng(1)
    photographs = textures()
    movies = [movie(rng, photographs, kind, False)[:60] for kind in range(4)]
    return {"counts": count(device, movies, np.arange(4), DELAYS)}


def measure(device: ncx.Device, quick: bool = False) -> Outcome:
    """Count on movies of the left halves, and name movies of the right halves, by delays and after pruning."""
    rng, photographs = np.random.default_rng(1), textures()
    rounds, asked = (4, 4) if quick else (12, 6)
    counts, events, same = np.zeros((DELAYS, PIXELS, CLASSES), int), np.zeros(CLASSES, int), True
    for _ in range(rounds // 4):
        movies = draw_movies(rng, photographs, 4, False)
        found, kinds = count(device, movies, np.arange(len(movies)) % CLASSES, DELAYS), np.arange(len(movies)) % CLASSES
        expected = np.zeros_like(found)
        for each, kind in zip(movies, kinds, strict=True):
            when = each[DELAYS:, MIDDLE].nonzero()[0] + DELAYS
            events[kind] += len(when)
            expected[:, :, kind] += np.array([each[when - delay].sum(axis=0) for delay in range(DELAYS)])
        same &= bool(np.array_equal(found, np.minimum(expected, 127)))
        counts += found
    tests = draw_movies(rng, photographs, asked, True)
    by_delays = {n: right(device, *log_odds(counts[:n], events), tests) for n in (1, 2, 4, DELAYS)}
    weights, bias = log_odds(counts, events)
    by_fold = {n: right(device, pruned(weights, n), bias, tests) for n in (1, 4, 8, 31)}
    shares = list(by_delays.values())
    aim = [] if quick else [
        Finding("movies of 16 classes named, 8 delays", f"{shares[-1]:.1%}", "about 91 % of 36 classes", "95 %",
                shares[-1] >= 0.95, "chance is 6.2 %"),
    ]  # fmt: skip
    return Outcome([
        *aim,
        Finding("coincidences that the chip counted, beside those counted by the host", "equal" if same else "differ",
                "no figure", "equal", same),
        Finding("movies named with 1 / 2 / 4 / 8 delays", " / ".join(f"{each:.1%}" for each in shares),
                "falls to half with a third of the delays", "8 beat 1", shares[-1] > shares[0], "chance is 6.2 %"),
        Finding("movies named with one weight of 1 / 4 / 8 / 31 kept",
                " / ".join(f"{each:.1%}" for each in by_fold.values()), "near the peak with one of 31",
                *(() if quick else ("95 % of the peak with one of 31", by_fold[31] >= 0.95 * shares[-1]))),
    ], {"delays": by_delays, "folds": by_fold, "weights": weights})  # fmt: skip


def draw(outcome: Outcome) -> Figure:
    """Draw what is named by delays and by pruning, and weights of a detector by delay."""
    from neurocorex.plot.canvas import COLOURS, new_figure

    figure = new_figure(8.0, 2.4)
    parts: Any = figure.subplots(1, 3, width_ratios=[1, 1, 1.6])
    for axes, name, label in zip(parts, ("delays", "folds"), ("delays", "weights pruned, fold"), strict=False):
        axes.plot(*zip(*outcome.data[name].items(), strict=True), "o-", markersize=3, color=COLOURS[0])
        axes.axhline(1 / CLASSES, linestyle=":", color="gray")
        axes.set(xlabel=label, ylabel="movies named", ylim=(0, 1))
        axes.spines[["top", "right"]].set_visible(False)
    fields = outcome.data["weights"][::2, : SIDE * SIDE, 8].reshape(-1, SIDE, SIDE)
    parts[2].imshow(np.concatenate(fields, axis=1), cmap="RdBu", vmin=-40, vmax=40)
    parts[2].set_axis_off()
    parts[2].set_title("ON weights of one detector, 0, 2, 4, 6 steps", fontsize=8)
    return figure


if __name__ == "__main__":
    script(__file__)

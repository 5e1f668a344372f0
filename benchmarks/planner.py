"""Fit of the area estimate of `neurocorex plan` to real builds, and its errors.

    python benchmarks/planner.py                  estimates beside the samples in the cache
    python benchmarks/planner.py --build --write  build the samples that are missing, fit, and write coefficients

Samples are the default chips of the boards, built for real. One family has more samples, which differ in one property
each; these are synthesised and packed, but not placed.
"""

import argparse
import hashlib
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from pprint import pformat

import numpy as np
from neurocorex.files.cache import cache_folder
from neurocorex.fpga import build as building
from neurocorex.fpga.boards import BOARDS, Board
from neurocorex.fpga.estimate import features, multipliers
from neurocorex.fpga.parts import Family
from neurocorex.fpga.placement import place
from neurocorex.spec import CoreConfig, Learning
from neurocorex_hdl.boards import cells
from neurocorex_hdl.boards.flow import PNR_LOG, STAT, Order, pack, sources
from page import markdown, write

TARGET = Path(__file__).parent.parent / "host/neurocorex/fpga/coefficients.py"
RESOURCES = ("lut", "ff")
EXPONENTIAL, WINDOW = Learning.EXPONENTIAL, Learning.WINDOW

HEADS = ("part of", "N, M, L, W", "learning", "LUT", "estimated", "error")
#: Margin of a family without samples, which takes the coefficients of another one.
UNMEASURED = 0.3
#: Least margin of a family with fewer than `FEW` samples: most of its coefficients are those of the base, scaled.
SPARSE, FEW = 0.15, 4
#: Prior of the fit, LUTs and flip-flops per unit of each feature. `HELD` is its weight.
EXPECTED = {
    "one": (2800, 1700), "several lanes": (100, 300), "lanes": (120, 60), "lane bits": (15, 5),
    "state bits": (40, 20), "address bits": (10, 10),
    "learning": (1000, 700), "learning lanes": (100, 80), "learning lane bits": (25, 5), "soft bounds": (80, 20),
    "extra axons": (200, 150), "window": (300, 100),
}  # fmt: skip
HELD = 0.01
#: Family with most samples, and the board that they are built for.
BASE, BASE_BOARD = Family.ICE40, BOARDS["icebreaker"]

_SMALL = {"state_bits": 16, "trace_bits": 8, "max_delay": 8, "frame_bytes": 256, "rx_frames": 2, "tx_frames": 2}
CONFIGS = (
    CoreConfig(neurons=64, inputs=64, lanes=4, learning=EXPONENTIAL, **_SMALL),
    CoreConfig(neurons=96, inputs=64, lanes=4),
    CoreConfig(neurons=96, inputs=64, lanes=16),
    CoreConfig(neurons=64, inputs=64, lanes=8, weight_bits=4, **_SMALL),
    CoreConfig(neurons=96, inputs=64, lanes=8, weight_bits=16, learning=EXPONENTIAL),
    CoreConfig(neurons=96, inputs=64, lanes=4, learning=WINDOW),
    CoreConfig(neurons=96, inputs=64, lanes=8, learning=WINDOW, extra_axons=32),
    CoreConfig(neurons=96, inputs=64, lanes=8, learning=EXPONENTIAL, soft_bounds=True),
    CoreConfig(neurons=4, inputs=4, lanes=1, weight_bits=4, adaptation=False, **_SMALL),
    CoreConfig(neurons=4, inputs=4, lanes=1, weight_bits=4, adaptation=False, learning=EXPONENTIAL, **_SMALL),
)


def samples(family: Family) -> Iterator[tuple[Board, CoreConfig]]:
    """Return the chips of a family to measure."""
    yield from ((board, board.config) for board in BOARDS.values() if board.family is family)
    if family is BASE:
        yield from ((BASE_BOARD, config) for config in CONFIGS)


def measured(board: Board, config: CoreConfig, *, build: bool) -> dict[str, float] | None:
    """Return the resources of a chip from the cache; build it if `build`, else return None where there are none."""
    if config == board.config:
        return building.kept_report(board) or (_built(board) if build else None)
    order = Order(board=board, config=config, clock_hz=board.clock_hz, baud=board.baud)
    texts = sources(order)
    folder = cache_folder() / "samples"
    folder.mkdir(exist_ok=True)
    key = hashlib.sha256(json.dumps(texts, sort_keys=True).encode()).hexdigest()[:16]
    kept = folder / f"{board.name}-{key}.json"
    if not kept.exists():
        if not build:
            return None
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            pack(order, texts, Path(scratch))
            kept.write_text(json.dumps(cells.totals(board.family, Path(scratch) / STAT, Path(scratch) / PNR_LOG)))
    return dict(json.loads(kept.read_text()))


def _built(board: Board) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as scratch:
        return building.build(board, Path(scratch), say=lambda what: print(f"{board.name}: {what}", file=sys.stderr))


def logic(board: Board, config: CoreConfig, found: dict[str, float]) -> list[float]:
    """Return the LUTs without those of memories, and the flip-flops: the quantities that are estimated."""
    placed = place(config, board.part)
    soft = 0 if board.part.dsp else multipliers(config, board.family) * config.state_bits * 16
    return [found["lut"] - soft - sum(each.luts for each in placed), found["ff"]]


def fit(known: np.ndarray, wanted: np.ndarray, prior: np.ndarray) -> np.ndarray:
    """Return non-negative least squares with a scaled prior, which decides where samples are few.

    No feature makes a chip smaller. A coefficient that would be negative is zero, and the others are fitted again.
    """
    return np.column_stack([_fit_one(known, wanted[:, k], prior[:, k]) for k in range(wanted.shape[1])])


def _fit_one(known: np.ndarray, wanted: np.ndarray, prior: np.ndarray) -> np.ndarray:
    scale = np.abs(known).max(axis=0)
    scale[scale == 0] = 1
    guess = known @ prior
    start = prior * (guess @ wanted / max(guess @ guess, 1e-9))
    free = np.ones(start.size, np.bool_)
    while True:
        solved = np.zeros(start.size)
        scaled, left = (known / scale)[:, free], wanted - known[:, free] @ start[free]
        held = HELD * np.eye(int(free.sum()))
        solved[free] = start[free] + np.linalg.solve(scaled.T @ scaled + held, scaled.T @ left) / scale[free]
        if (solved >= 0).all():
            return solved
        free &= solved > solved.min()


def coefficients(names: list[str], solved: np.ndarray) -> dict[str, dict[str, float]]:
    """Return the coefficients by resource and feature."""
    return {
        resource: {name: round(float(value), 4) for name, value in zip(names, solved[:, column], strict=True)}
        for column, resource in enumerate(RESOURCES)
    }


def main() -> None:
    """Sample, fit, compare, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", action="store_true", help="build what is missing")
    parser.add_argument("--write", action="store_true", help="write the coefficients, and docs/boards.md")
    options = parser.parse_args()
    names = list(features(CoreConfig()))
    table: dict[str, dict[str, dict[str, float]]] = {}
    margin: dict[str, float] = {}
    rows: list[list[str]] = []
    prior = np.array([EXPECTED[name] for name in names], dtype=float)
    for family in sorted(Family, key=lambda family: family is not BASE):
        found = [(board, config, measured(board, config, build=options.build)) for board, config in samples(family)]
        known_ones = [(board, config, each) for board, config, each in found if each is not None]
        if not known_ones:
            print(f"{family}: no samples; run with --build", file=sys.stderr)
            table[f"Family.{family.name}"] = coefficients(names, prior)
            margin[f"Family.{family.name}"] = UNMEASURED
            continue
        known = np.array([[features(config)[name] for name in names] for _, config, _ in known_ones])
        wanted = np.array([logic(*each) for each in known_ones])
        solved = fit(known, wanted, prior)
        prior = solved if family is BASE else prior
        guessed = known @ solved
        whole = np.array([each["lut"] for _, _, each in known_ones])
        errors = (guessed[:, 0] - wanted[:, 0]) / whole
        for (board, config, _), real, error in zip(known_ones, whole, errors, strict=True):
            sizes = f"{config.neurons}, {config.inputs}, {config.lanes}, {config.weight_bits}"
            estimate = real * (1 + error)
            figures = [f"{real:,.0f}", f"{estimate:,.0f}", f"{error:+.1%}"]
            rows.append([f"`{board.name}`", sizes, config.learning.name.lower(), *figures])
        least = SPARSE if len(known_ones) < FEW else 0.02
        margin[f"Family.{family.name}"] = max(least, round(float(np.abs(errors).max()), 2))
        table[f"Family.{family.name}"] = coefficients(names, solved)
    lines = markdown(HEADS, rows)
    print("\n".join(lines))
    if options.write:
        write_coefficients(table, margin)
        write("boards.md", "planner", lines)


def write_coefficients(table: dict[str, dict[str, dict[str, float]]], margin: dict[str, float]) -> None:
    """Write the module of coefficients that the planner reads."""
    text = TARGET.read_text()
    head = text[: text.index("COEFFICIENTS:")]
    coefficients = pformat(table, width=118, sort_dicts=False).replace("'Family.", "Family.")
    margins = pformat(margin, width=118, sort_dicts=False).replace("'Family.", "Family.")
    for key in table:
        coefficients, margins = coefficients.replace(f"{key}'", key), margins.replace(f"{key}'", key)
    TARGET.write_text(
        f"{head}COEFFICIENTS: dict[Family, dict[str, dict[str, float]]] = {coefficients}\n\n"
        "#: Largest relative error of the estimated LUTs against the builds that the model was fitted to.\n"
        f"MARGIN: dict[Family, float] = {margins}\n"
    )


if __name__ == "__main__":
    main()

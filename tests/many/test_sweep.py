"""Sweeps over grids of parameters: every point once, in order, in one process or several."""

import os

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.errors import InputError

GRID = {"threshold": [0.5, 2.0], "seed": range(3)}


def spikes(threshold: float, seed: int) -> dict[str, float]:
    """Spikes of a small network, and the process that ran it."""
    net = ncx.Network(inputs=4, neurons=2)
    net.connect(net.inputs, net.neurons, 1)
    net.neurons.set(threshold=int(2 * threshold))
    with ncx.open("emulator") as device:
        device.load(net)
        result = device.run(spikes=ncx.encode.poisson([0.3] * 4, steps=50, seed=seed), counters=False)
    return {"spikes": int(result.counts.sum()), "process": os.getpid()}


def without_process(rows):
    return [{name: value for name, value in row.items() if name != "process"} for row in rows]


@pytest.fixture(scope="module")
def rows():
    return ncx.sweep(spikes, GRID)


def test_every_point_has_a_row_in_the_order_of_the_grid(rows):
    assert [(row["threshold"], row["seed"]) for row in rows] == [(t, s) for t in (0.5, 2.0) for s in range(3)]
    assert list(rows[0]) == ["threshold", "seed", "spikes", "process"]
    for row in rows:
        assert row["spikes"] == spikes(row["threshold"], row["seed"])["spikes"]
    assert {row["process"] for row in rows} == {os.getpid()}
    assert sum(row["spikes"] for row in rows[:3]) > sum(row["spikes"] for row in rows[3:]) > 0


def test_several_processes_return_the_same_rows(rows):
    others = ncx.sweep(spikes, GRID, processes=2)
    assert without_process(others) == without_process(rows)
    assert os.getpid() not in {row["process"] for row in others}


def test_value_that_is_no_mapping_is_the_result():
    assert ncx.sweep(lambda a: a * a, {"a": np.arange(3)}) == [{"a": n, "result": n * n} for n in range(3)]


def test_progress_counts_points():
    calls = []
    ncx.sweep(lambda a: a, {"a": range(3)}, progress=lambda *call: calls.append(call))
    assert calls == [(1, 3), (2, 3), (3, 3)]


def fails(a: int) -> float:
    return 1 / (a - 2)


@pytest.mark.parametrize("processes", [1, 2])
def test_error_names_its_point(processes):
    with pytest.raises(ZeroDivisionError) as caught:
        ncx.sweep(fails, {"a": range(4)}, processes=processes)
    assert "at a=2 of the grid" in caught.value.__notes__


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ncx.sweep(fails, {}), "grid is {}, expected names and values"),
        (lambda: ncx.sweep(fails, {"a": 3}), "a of a grid is 3, expected one value or more in a list"),
        (lambda: ncx.sweep(fails, {"a": "abc"}), "a of a grid is 'abc'"),
        (lambda: ncx.sweep(fails, {"a": []}), r"a of a grid is \[\]"),
        (lambda: ncx.sweep(fails, {"a": [1]}, processes=0), "processes must be an integer above 0, got 0"),
        (lambda: ncx.sweep(lambda a: a, {"a": [1]}, processes=2), "other processes cannot import .*lambda"),
        (lambda: ncx.sweep(lambda a: {"a": 1}, {"a": [1]}), "the function returned a, which the grid names, too"),
    ],
)
def test_sweep_that_cannot_be_is_explained(call, message):
    with pytest.raises(InputError, match=message):
        call()

"""Sweeps over grids of parameters and seeds: every point once, in order, in one process or several."""

import csv
import os
import warnings

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.errors import DisconnectedError, InputError, QuantisationWarning
from neurocorex.many import local
from support.pooled import MARK, always_fatal, at, fatal, learned, network, stimulus

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
    return ncx.sweep(spikes, GRID, workers=1)


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


LEARNING = {"spikes": stimulus, "measure": learned}


def by_hand(thresholds, seeds):
    """What a sweep of a network that learns returns, by a device for each point."""
    rows = []
    for threshold in thresholds:
        for seed in seeds:
            with ncx.open("emulator") as device:
                device.load(network(threshold))
                found = learned(device.run(spikes=stimulus(seed)), device, threshold)
            rows.append({"threshold": threshold, "seed": seed, **found})
    return rows


@pytest.fixture(scope="module")
def lessons():
    return by_hand([0.5, 1.0], range(3))


@pytest.mark.parametrize("workers", [1, 2, None])
def test_network_is_loaded_run_and_measured_at_each_point(lessons, workers):
    table = ncx.sweep(network, {"threshold": [0.5, 1.0]}, seeds=range(3), workers=workers, **LEARNING)
    assert table == lessons
    assert len({row["weights"] for row in table}) == 6


def test_network_that_learns_starts_anew_at_each_point(lessons):
    table = ncx.sweep(network(0.5), seeds=[0, 1, 2, 0, 1, 2], spikes=stimulus, measure=weights_sum)
    assert [row["result"] for row in table] == [row["weights"] for row in lessons[:3]] * 2


def weights_sum(result, device):
    return device.weights().sum()


def test_network_that_stands_still_starts_from_zero_state_at_each_point():
    net = ncx.Network(inputs=6, neurons=3)
    net.connect(net.inputs, net.neurons, 0.4)
    net.connect(net.neurons, net.neurons, 0.3, delay_ms=7.0)
    net.neurons.set(threshold=1.0, tau_ms=50.0)
    net.adaptation(step=0.1, tau_ms=100.0)
    expected = []
    for seed in range(4):
        with ncx.open("emulator") as device:
            device.load(net)
            result = device.run(spikes=stimulus(seed))
        expected.append({"seed": seed, "spikes": result.counts.tolist(), "counters": result.counters})
    assert ncx.sweep(net, seeds=range(4), spikes=stimulus, measure=everything) == expected


def everything(result):
    return {"spikes": result.counts.tolist(), "counters": result.counters}


def test_network_without_measure_counts_its_spikes(lessons):
    table = ncx.sweep(network, {"threshold": [0.5]}, seeds=range(3), spikes=stimulus)
    assert table == [{name: row[name] for name in ("threshold", "seed", "spikes")} for row in lessons[:3]]


def test_killed_process_costs_its_point_only(tmp_path, monkeypatch):
    monkeypatch.setenv(MARK, str(tmp_path / "killed"))
    assert ncx.sweep(fatal, {"a": range(5)}, workers=2) == [{"a": n, "result": 10 * n} for n in range(5)]
    assert sorted((tmp_path / "killed.calls").read_text().split()) == ["0", "1", "2", "2", "3", "4"]


def test_point_that_kills_its_process_again_and_again_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv(MARK, str(tmp_path / "killed"))
    with pytest.raises(DisconnectedError, match=r"at a=2 of the grid ended 3 times or more \(exit code -9\)"):
        ncx.sweep(always_fatal, {"a": range(5)}, workers=2)


def test_small_work_stays_in_this_process_and_large_work_does_not(monkeypatch):
    monkeypatch.setattr(local, "cores", lambda: 2)
    assert {row["process"] for row in ncx.sweep(at, {"a": range(3)})} == {os.getpid()}
    monkeypatch.setattr(local, "_WORTH_S", 0.0)
    monkeypatch.setattr(local, "_FIRST_S", 0.0)
    table = ncx.sweep(at, {"a": range(4)})
    assert [row["tenfold"] for row in table] == [0, 10, 20, 30]
    assert table[0]["process"] == os.getpid()
    assert os.getpid() not in {row["process"] for row in table[1:]}


def test_warnings_of_workers_are_told_here():
    with pytest.warns(QuantisationWarning, match="too coarse") as told:
        ncx.sweep(warns, {"a": range(4)}, workers=2)
    assert len(told) == 1


def warns(a):
    warnings.warn("too coarse", QuantisationWarning, stacklevel=1)
    return a


def test_seeds_are_a_column_that_changes_fastest():
    table = ncx.sweep(lambda a, seed: a + seed, {"a": [10, 20]}, seeds=range(2))
    assert [(row["a"], row["seed"], row["result"]) for row in table] == [
        (10, 0, 10), (10, 1, 11), (20, 0, 20), (20, 1, 21),
    ]  # fmt: skip
    assert ncx.sweep(lambda seed: seed, seeds=[3]) == [{"seed": 3, "result": 3}]


def test_table_goes_into_pandas_csv_and_notebooks(tmp_path):
    table = ncx.sweep(lambda a: {"b": a} if a else {"c, d": "<x>"}, {"a": range(30)})
    assert table.columns == ["a", "c, d", "b"]
    frame = table.to_dataframe()
    assert frame["b"].iloc[7] == 7
    assert np.isnan(frame["b"].iloc[0])
    table.to_csv(tmp_path / "table.csv")
    with (tmp_path / "table.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0] == {"a": "0", "c, d": "<x>", "b": ""}
    assert rows[29]["b"] == "29"
    shown = table._repr_html_()
    assert "30 rows" in shown
    assert "&lt;x&gt;" in shown
    assert "... and 10 rows more" in shown


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ncx.sweep(at), "grid is None, expected names and values"),
        (lambda: ncx.sweep(at, {"seed": [1]}, seeds=[2]), "the grid has a 'seed', and seeds were given"),
        (lambda: ncx.sweep(at, seeds=3), "seed of a grid is 3, expected one value or more"),
        (lambda: ncx.sweep(3, {"a": [1]}), "a sweep takes a function or a network, got 3"),
        (lambda: ncx.sweep(at, {"a": [1]}, workers=0), "workers must be an integer above 0, got 0"),
        (lambda: ncx.sweep(at, {"a": [1]}, workers=1.5), "workers must be an integer above 0, got 1.5"),
        (lambda: ncx.sweep(at, {"a": [1]}, workers=1, processes=1), "two names of one thing"),
        (
            lambda: ncx.sweep(network, {"treshold": [1.0]}, seeds=[1], **LEARNING),
            r"nothing takes 'treshold' of the grid; functions of this sweep: network\(threshold\)",
        ),
        (lambda: ncx.sweep(network, seeds=[1], **LEARNING), "network takes 'threshold', which the grid lacks"),
        (lambda: ncx.sweep(lambda a: a, {"a": [1]}, steps=3), "a sweep of a network got 1"),
        (lambda: ncx.sweep(network(1.0), seeds=[1], spikes=stimulus, speed=3), "unexpected keyword argument 'speed'"),
    ],
)
def test_sweep_that_makes_no_sense_is_explained(call, message):
    with pytest.raises((InputError, TypeError), match=message):
        call()

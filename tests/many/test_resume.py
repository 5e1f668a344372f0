"""Sweeps that go on: what is done is done once, and nothing is taken from another sweep."""

import json
import subprocess
import sys
import threading

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.errors import FileFormatError, InputError
from support.pooled import network, stimulus

GRID = {"a": range(4), "b": [0.5, float("nan")]}


def square(a, b):
    return {"square": np.int64(a * a), "array": np.arange(2) * b, "point": (a, b), "named": {"b": b}}


def counting(calls):
    def each(a, b):
        calls.append((a, b))
        return square(a, b)

    return each


def same(table, other):
    return json.dumps(table) == json.dumps(other)  # NaN equals nothing


@pytest.fixture
def path(tmp_path):
    return tmp_path / "sweep.jsonl"


def ended_early(path, points=3):
    """A journal of the first points, as a killed process leaves it."""

    def stop(done, _total):
        if done == points:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ncx.sweep(counting([]), GRID, resume=path, progress=stop)


LOCKED = """
import sys
import neurocorex as ncx

def wait(a):
    print(a, flush=True)
    sys.stdin.readline()
    return a

ncx.sweep(wait, {"a": range(2)}, resume=sys.argv[1], workers=1)
"""


@pytest.mark.parametrize("is_there", [False, True], ids=["new", "goes on"])
def test_a_second_sweep_on_the_same_file_is_refused(path, is_there):
    if is_there:
        ended_early(path)

    def again(done, _total):
        if done < 8:
            with pytest.raises(InputError, match=r"sweep\.jsonl is in use by a sweep that goes on now"):
                ncx.sweep(counting([]), GRID, resume=path)

    table = ncx.sweep(counting([]), GRID, resume=path, progress=again)
    assert same(table, ncx.sweep(counting([]), GRID, resume=path.with_name("other.jsonl")))
    calls = []
    assert same(ncx.sweep(counting(calls), GRID, resume=path), table)
    assert calls == []


def test_a_sweep_of_another_process_holds_the_file_until_it_is_killed(path):
    with subprocess.Popen(
        [sys.executable, "-c", LOCKED, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        watch = threading.Timer(60, other.kill)
        watch.start()
        assert other.stdout.readline() == "0\n"
        with pytest.raises(InputError, match="is in use by a sweep"):
            ncx.sweep(abs, {"a": range(2)}, resume=path)
        other.kill()
        other.wait()
        watch.cancel()
    with pytest.raises(InputError, match="is of another sweep"):
        ncx.sweep(abs, {"a": range(2)}, resume=path)


def test_sweep_goes_on_where_it_ended(path):
    ended_early(path)
    assert len(path.read_text().splitlines()) == 4
    calls, told = [], []
    table = ncx.sweep(counting(calls), GRID, resume=path, progress=lambda *call: told.append(call))
    assert len(calls) == 5
    assert told == [(n, 8) for n in range(4, 9)]
    again = []
    assert same(ncx.sweep(counting(again), GRID, resume=path), table)
    assert again == []
    assert table[6] == {"a": 3, "b": 0.5, "square": 9, "array": [0.0, 0.5], "point": [3, 0.5], "named": {"b": 0.5}}
    assert type(table[6]["square"]) is int


@pytest.mark.parametrize("tail", [b'{"point": 5, "fou', b"\0\0\0\0", b"\0\0\n", b'{"point": 5, "found": {"x": 1}}'])
def test_damaged_last_line_is_done_again(path, tail):
    ended_early(path)
    with path.open("ab") as file:
        file.write(tail)
    calls = []
    table = ncx.sweep(counting(calls), GRID, resume=path)
    assert len(calls) == 5
    assert same(ncx.sweep(counting([]), GRID, resume=path), table)


def test_damage_before_the_last_line_is_refused(path):
    ended_early(path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + b"nonsense\n" + b"".join(lines[1:]))
    with pytest.raises(FileFormatError, match="line 2: no JSON"):
        ncx.sweep(counting([]), GRID, resume=path)


@pytest.mark.parametrize("content", [b"", b"{}", b"{}\n", b"[1]\n", b'{"format": "neurocorex-sweep", "version": 2}\n'])
def test_file_of_another_kind_is_refused_and_kept(path, content):
    path.write_bytes(content)
    with pytest.raises(FileFormatError, match="journal"):
        ncx.sweep(counting([]), GRID, resume=path)
    assert path.read_bytes() == content


def test_another_grid_or_function_is_refused_by_name(path):
    ended_early(path)
    with pytest.raises(InputError, match=r"of another sweep, which differs in a, the size of the grid; name another"):
        ncx.sweep(counting([]), GRID | {"a": range(5)}, resume=path)
    with pytest.raises(InputError, match=r"differs in the function;"):
        ncx.sweep(square, GRID, resume=path)
    with pytest.raises(InputError, match=r"differs in b"):
        ncx.sweep(counting([]), GRID | {"b": [0.5, 1]}, resume=path)


def test_network_stimulus_and_measure_are_compared(path):
    def first(result):
        return int(result.counts[0])

    def last(result):
        return int(result.counts[-1])

    def swept(threshold=0.5, factor=1, measure=first, **run):
        spikes = {"spikes": lambda seed: stimulus(factor * seed)}
        return ncx.sweep(network(threshold), seeds=range(2), resume=path, measure=measure, **spikes, **run)

    table = swept()
    assert swept() == table
    for name, change in {
        "network": {"threshold": 0.75},
        "spikes": {"factor": 2},
        "measure": {"measure": last},
        "record": {"record": "counts"},
    }.items():
        with pytest.raises(InputError, match=f"differs in {name};"):
            swept(**change)


def test_value_that_json_cannot_hold_is_refused(path):
    with pytest.raises(InputError, match="result is a complex, which a file to resume from cannot hold"):
        ncx.sweep(lambda a: 1j * a, {"a": [1]}, resume=path)


def test_processes_fill_the_same_file(path):
    table = ncx.sweep(square, {"a": range(4), "b": [1.0]}, workers=2, resume=path)
    assert ncx.sweep(square, {"a": range(4), "b": [1.0]}, workers=1, resume=path) == table
    assert sorted(json.loads(line)["point"] for line in path.read_text().splitlines()[1:]) == [0, 1, 2, 3]

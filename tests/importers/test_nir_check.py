"""Imported graphs are held against spikes that their producers recorded."""

import json
import warnings
from itertools import pairwise
from pathlib import Path

import neurocorex as ncx
import nir
import numpy as np
import pytest
from neurocorex.errors import FileFormatError, InputError
from support.nirrandom import DT, cells
from support.nirreference import Simulation

DATA = Path(__file__).parent / "nir"
STEPS = 120


def graph():
    rng = np.random.default_rng(1)
    port = {"type": "Input", "shape": np.array([6])}
    nodes = {
        "in": port, "a": {"type": "Linear", "weight": rng.random((8, 6)) * 0.5}, "first": cells(rng, "LIF", 8, (0.0,)),
        "b": {"type": "Linear", "weight": rng.random((4, 8)) * 0.5}, "last": cells(rng, "CubaLIF", 4),
        "out": {"type": "Output", "shape": np.array([4])},
    }  # fmt: skip
    return {"type": "NIRGraph", "nodes": nodes, "edges": list(pairwise(nodes))}


def recorded(values):
    """What a plain simulation in floats makes of inputs [steps, 6]: spikes of both layers."""
    rasters = {name: Simulation(nir.NIRGraph.from_dict(graph()), DT).run(values, name) > 0 for name in ("first", "out")}
    return {"inputs": values, "spikes": rasters["out"], "spikes:first": rasters["first"]}


def model(**options):
    return ncx.from_nir(graph(), **{"dt": DT, "discretisation": "euler", "weight_bits": 16} | options)


@pytest.fixture(scope="module")
def recording():
    return recorded(np.random.default_rng(2).random((STEPS, 6)) < 0.3)


def test_recorded_spikes_are_found_in_the_time_of_the_graph(recording):
    checked = model().check(recording, share=0.99)
    assert checked.passed
    assert model().latency == 1
    by_name = {each.name: each for each in checked.agreements}
    assert set(by_name) == {"out", "first"}
    assert by_name["out"].same > 0.97
    assert by_name["out"].recorded == recording["spikes"].sum(axis=0).tolist()
    assert sum(by_name["first"].on_chip) == pytest.approx(recording["spikes:first"].sum(), rel=0.02)


def test_report_takes_a_recording_too(recording):
    assert model().report.check(recording, share=0.5) == model().check(recording, share=0.5)


def test_recording_of_snntorch_passes_with_its_options_and_fails_with_others():
    path = DATA / "snntorch_subtract"
    options = {"weight_bits": 16}
    right = ncx.from_nir(f"{path}.nir", producer="snntorch", **options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it looks like a file of snnTorch
        wrong = ncx.from_nir(f"{path}.nir", discretisation="euler", **options)
    assert right.check(f"{path}.npz", share=0.99, within=0).passed
    assert not wrong.check(f"{path}.npz", share=0.9, within=0).passed


def test_real_inputs_are_compared_as_currents():
    values = np.random.default_rng(3).random((STEPS, 6)) * 0.5
    assert model().check(recorded(values), share=0.97).passed


def test_samples_start_from_rest(recording):
    other = recorded(np.random.default_rng(4).random((STEPS, 6)) < 0.4)
    both = {key: np.stack([recording[key], other[key]]) for key in recording}
    checked = model().check(both, share=0.98)
    assert checked.passed
    assert (checked.samples, checked.steps) == (2, STEPS)


def test_other_spikes_fail_and_the_text_says_where(recording):
    turned = dict(recording, spikes=~recording["spikes"])
    checked = model().check(turned)
    assert not checked.passed
    assert "failed, 90.00% within 1 step is needed" in str(checked)
    assert "of spikes in the same step" in str(checked)
    assert "of 4 neurons differ in number, most of all neuron" in str(checked)


@pytest.mark.parametrize("shift", [1, -2])
def test_a_recording_that_is_late_is_told_from_a_wrong_one(recording, shift):
    moved = {"inputs": recording["inputs"], "spikes:first": np.roll(recording["spikes:first"], shift, axis=0)}
    (found,) = model().check(moved, within=0).agreements
    assert found.shift == shift
    assert ("later" if shift > 0 else "earlier") in " ".join(found.lines)


def test_nothing_to_compare_is_said():
    silent = {"inputs": np.zeros((10, 6)), "spikes": np.zeros((10, 4))}
    assert "there are no spikes to compare" in str(model().check(silent))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"inputs": None}, "needs 'inputs' and 'spikes'"),
        ({"spikes": None, "spikes:first": None}, "needs 'inputs' and 'spikes'"),
        ({"inputs": np.zeros((STEPS, 5))}, r"'inputs' must have shape \[steps, 6\]"),
        ({"inputs": np.zeros((STEPS, 1, 6))}, r"take \[:, 0\]"),
        ({"inputs": np.full((STEPS, 6), np.inf)}, "must hold finite numbers"),
        ({"inputs": np.zeros((0, 6))}, "there is nothing to compare"),
        ({"spikes": np.zeros((STEPS - 1, 4))}, "has 1 samples of 119 steps, 'inputs' has 1 samples of 120 steps"),
        ({"spikes": np.full((STEPS, 4), 0.5)}, "must be 0 or 1, got 0.5; record spikes, not membranes"),
        ({"spikes:nobody": np.zeros((STEPS, 4))}, "names no output or layer; there are out, first, last"),
    ],
    ids=str,
)
def test_recordings_of_other_graphs_are_refused(recording, changes, message):
    given = {key: value for key, value in (recording | changes).items() if value is not None}
    with pytest.raises(InputError, match=message):
        model().check(given)


def test_readouts_are_refused_by_name():
    tree = ncx.from_nir(DATA / "norse_if_li.nir", producer="norse")
    with pytest.raises(InputError, match="is read by its membrane"):
        tree.check({"inputs": np.zeros((5, 12)), "spikes": np.zeros((5, tree.part().neurons.size))})


@pytest.mark.parametrize(("option", "message"), [({"share": 2}, "share must be"), ({"within": -1}, "within must be")])
def test_options_are_checked(recording, option, message):
    with pytest.raises(InputError, match=message):
        model().check(recording, **option)


@pytest.mark.parametrize("content", [b"", b"nonsense", b"PK\x03\x04 broken"], ids=["empty", "text", "broken zip"])
def test_damaged_files_are_refused_by_name(content, tmp_path):
    path = tmp_path / "recording.npz"
    path.write_bytes(content)
    with pytest.raises(FileFormatError, match=r"recording\.npz"):
        model().check(path)
    with pytest.raises(FileFormatError, match="No such file"):
        model().check(tmp_path / "missing.npz")
    np.save(tmp_path / "single.npy", np.zeros(3))
    with pytest.raises(FileFormatError, match="it holds a single array"):
        model().check(tmp_path / "single.npy")


def test_report_of_another_importer_takes_no_recording(recording):
    from neurocorex.importers.labels import ImportReport

    with pytest.raises(InputError, match="only imported NIR graphs"):
        ImportReport("model.json", []).check(recording)


# Command line ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("share", "code"), [("0.99", 0), ("1", 1), (None, 0)])
def test_convert_checks_and_its_exit_code_tells(share, code, recording, tmp_path, invoke):
    path, out = tmp_path / "net.nir", tmp_path / "net.npz"
    ncx.to_nir(model(weight_bits=8 if code else 16), path)
    np.savez(tmp_path / "recording.npz", **recording)
    words = ["convert", path, "--out", out, "--check", tmp_path / "recording.npz", "--json"]
    got, text, _ = invoke(*words, *(["--share", share] if share else []))
    told = json.loads(text)["check"]
    assert got == code
    assert told["passed"] is (code == 0)
    assert [len(each["on_chip"]) for each in told["spikes"]] == [4, 8]
    assert out.exists()


def test_convert_prints_the_check_for_people(recording, tmp_path, invoke):
    ncx.to_nir(model(), tmp_path / "net.nir")
    np.savez(tmp_path / "recording.npz", **recording)
    code, text, _ = invoke("convert", tmp_path / "net.nir", "--check", tmp_path / "recording.npz")
    assert code == 0
    assert "check against a recording of 1 x 120 steps: passed, 90.00% within 1 step is needed" in text


def test_convert_wants_a_recording_for_a_share(tmp_path, invoke):
    ncx.to_nir(model(), tmp_path / "net.nir")
    code, _, errors = invoke("convert", tmp_path / "net.nir", "--share", "0.5")
    assert code == 3
    assert "--share needs a recording" in errors

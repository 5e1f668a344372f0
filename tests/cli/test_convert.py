"""`neurocorex convert`: models of other tools become images, with a label for everything."""

import json

import neurocorex as ncx
import numpy as np
import pytest
import superneuromat
from neurocorex.cli import main


@pytest.fixture
def nir_file(tmp_path):
    net = ncx.Network(inputs=3, neurons=4)
    net.connect(net.inputs, net.neurons, np.random.default_rng(1).random((3, 4)))
    net.neurons.set(threshold=1.0, tau_ms=10.0)
    tree = ncx.to_nir(net)
    del tree["metadata"]
    from neurocorex.importers.nir.hdf5 import write_tree

    path = tmp_path / "net.nir"
    write_tree(path, {"version": "1.0", "node": tree})
    return path


@pytest.fixture
def snn_file(tmp_path):
    snn = superneuromat.SNN()
    snn.create_neuron(threshold=2.0)
    snn.create_neuron(threshold=3.0)
    snn.create_synapse(0, 1, weight=4.0)
    with (tmp_path / "model.json").open("w") as file:
        snn.saveas_json(file)
    return tmp_path / "model.json"


def run(capsys, *words):
    main(["convert", *map(str, words)])
    return capsys.readouterr().out


def refused(capsys, *words):
    with pytest.raises(SystemExit) as failure:
        main(["convert", *map(str, words), "--json"])
    return failure.value.code, json.loads(capsys.readouterr().out)["error"]["message"]


def test_nir_graph_becomes_an_image(nir_file, tmp_path, capsys):
    out = tmp_path / "net.npz"
    told = json.loads(run(capsys, nir_file, "--dt", "1e-3", "--weight-bits", "16", "--out", out, "--json"))
    assert (told["format"], told["outputs"], told["layers"]["neurons"]["latency"]) == ("nir", {"output": "neurons"}, 0)
    assert told["report"]["items"][0]["label"] in ("exact", "approximate")
    assert ncx.Image.load(out) == ncx.from_nir(nir_file, dt=1e-3, weight_bits=16).image


def test_report_is_printed_for_people(nir_file, capsys):
    text = run(
        capsys, nir_file, "--dt", "1e-3", "--reset", "neurons=subtract", "--refractory", "2e-3", "--scaling", "none"
    )
    assert "neurons (LIF): approximate by" in text
    assert "input (Input): exact" in text


def test_superneuromat_model_becomes_an_image(snn_file, tmp_path, capsys):
    out = tmp_path / "model.npz"
    told = json.loads(run(capsys, snn_file, "--out", out, "--json"))
    assert told["format"] == "superneuromat"
    assert told["report"]["exact"]
    assert ncx.Image.load(out) == ncx.from_superneuromat(snn_file).image


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["model.txt"], 3, "cannot tell what model.txt is; names of models end in .json, .nir, .h5, .hdf5"),
        (["missing.nir"], 4, "no such file"),
        (["net.nir", "--out", "net.txt"], 3, "use .npz"),
        (["net.nir", "--frac-bits", "3"], 3, "--frac-bits is an option for SuperNeuroMAT"),
        (["model.json", "--dt", "1"], 3, "--dt is an option for NIR graphs"),
        (["net.nir", "--refractory", "a=b"], 3, "--refractory needs one value, or NODE=VALUE for each node"),
        (["net.nir", "--reset", "x=zero"], 3, "reset names 'x', which is no layer of neurons"),
    ],
    ids=str,
)
def test_bad_words_are_refused(words, code, message, nir_file, snn_file, capsys, monkeypatch):
    monkeypatch.chdir(nir_file.parent)
    got = refused(capsys, *words)
    assert got[0] == code
    assert message in got[1]

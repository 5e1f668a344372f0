"""Every example runs as it stands and says what it promises."""

import runpy
import sys
from importlib.util import find_spec

import pytest
from support.paths import ROOT

EXAMPLES = ROOT / "examples"
GRAPH = ROOT / "tests/importers/nir/snntorch_digits.nir"
#: PyTorch is too large for a suite to ask for. Where it is, the network is trained; where not, a graph is used that the
#: example exported.
TRAINS = find_spec("snntorch") is not None
#: What each prints among other things, and the files that it leaves.
EXPECTED = {
    "closed_loop": ("frozen after it", []),
    "first_steps": ("clock cycles a step", ["first_steps_membranes.png", "first_steps_raster.png"]),
    "learn_pattern": ("12 of 12 inputs found", ["learn_pattern.png"]),
    "nir_recurrent": (
        "spikes around 13",
        ["nir_recurrent.png", "ring_quantised.nir", "ring_spikes.nir"],
    ),
    "pynn_brunel": ("neurocorex.pynn  inhibitory", []),
    "pynn_stdp": ("of sources that precede", []),
    "snapshot": ("the same spikes", ["snapshot.npz"]),
    "snntorch_digits": ("accuracy in floats 9", ["snntorch_digits.nir"] if TRAINS else []),
    "superneuromat_script": ("sensor 2 alone sets it off: True", []),
    "sweep": ("  0.30     48.1 +- 7.0", ["sweep.png"]),
    "synfire_chain": ("the wave passed the first group 4 times", ["synfire_chain.png"]),
    "train_digits": ("images right", ["digits.npz"]),
    "winner_take_all": ("input 5 favoured: neuron 5 wins", ["winner_take_all.png"]),
}
ARGUMENTS = {
    "closed_loop": ["--episodes", "1"],
    "train_digits": ["--epochs", "1"],
    "pynn_brunel": ["neurocorex.pynn", "--ms", "500"],
    "snntorch_digits": [] if TRAINS else ["--graph", str(GRAPH)],
}


def test_no_example_is_forgotten():
    assert sorted(EXPECTED) == sorted(path.stem for path in EXAMPLES.glob("*.py"))


@pytest.mark.parametrize("name", EXPECTED)
def test_example_runs(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [f"{name}.py", *ARGUMENTS.get(name, [])])
    runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
    text, files = EXPECTED[name]
    assert text in capsys.readouterr().out
    assert sorted(path.name for path in tmp_path.iterdir()) == files

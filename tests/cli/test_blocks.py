"""Long random runs of the shell: the counts of one run, and memory that does not grow with the steps."""

import json
import subprocess
import sys

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.cli import blocks
from neurocorex.cli.application import application

MEASURE = """
import resource, sys
from neurocorex.cli.application import application
words = ["run", "emulator", sys.argv[1], "--poisson", "0.1", "--steps", sys.argv[2], "--json"]
application.main(words, standalone_mode=False)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
"""


@pytest.fixture
def saved(tmp_path):
    net = ncx.Network(inputs=16, neurons=4)
    net.connect(net.inputs, net.neurons, np.random.default_rng(1).uniform(0.1, 0.6, (16, 4)), plastic=True)
    net.neurons.set(threshold=1.0, tau_ms=10.0)
    net.connect(net.inputs[:1], net.neurons, 0.3, delay_ms=3.0)
    net.learn(ncx.learning.stdp(20.0, 20.0, 0.02, -0.025, bounds=(0.0, 1.0), post_rate_hz=300.0))
    path = tmp_path / "net.npz"
    ncx.quantise(net)[0].save(path)
    return path


@pytest.mark.filterwarnings("ignore::neurocorex.errors.QuantisationWarning")
@pytest.mark.parametrize("options", [[], ["--freeze"]], ids=["learning", "frozen"])
def test_blocks_count_what_one_run_counts(saved, monkeypatch, capsys, options) -> None:
    arguments = [
        "run",
        "emulator",
        str(saved),
        "--poisson",
        "0.1",
        "--steps",
        "1000",
        "--seed",
        "4",
        "--json",
        *options,
    ]
    found = []
    for entries in (1 << 20, 16 * 77):
        monkeypatch.setattr(blocks, "ENTRIES", entries)
        application.main(arguments, standalone_mode=False)
        found.append(json.loads(capsys.readouterr().out))
    whole, parts = found
    for name in ("counts", "counters", "steps", "spikes", "neurons", "inputs"):
        assert parts[name] == whole[name], name
    assert whole["spikes"] > 100


def test_blocks_are_parts_of_one_drawing() -> None:
    parts = list(blocks.Stimulus(5, 600_000, 0.2, 3).work(at_once=False)["spikes"])
    assert len(parts) == 3
    whole = ncx.encode.poisson([0.2] * 5, 600_000, seed=3)
    assert np.array_equal(np.concatenate(parts), whole)
    assert np.array_equal(blocks.Stimulus(5, 600_000, 0.2, 3).work(at_once=True)["spikes"], whole)
    silent = list(blocks.Stimulus(5, 600_000).work(at_once=False)["spikes"])
    assert [part.shape for part in silent] == [part.shape for part in parts]
    assert not any(part.any() for part in silent)


@pytest.mark.filterwarnings("ignore::neurocorex.errors.QuantisationWarning")
def test_memory_does_not_grow_with_the_steps(saved) -> None:
    peaks = []
    for steps in (200_000, 2_000_000):
        done = subprocess.run(
            [sys.executable, "-c", MEASURE, str(saved), str(steps)], capture_output=True, text=True, check=True,
            timeout=120,
        )  # fmt: skip
        assert json.loads(done.stdout)["steps"] == steps
        peaks.append(int(done.stderr.split()[-1]))
    assert abs(peaks[1] - peaks[0]) < 20 << 10  # KiB

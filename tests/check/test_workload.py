"""The networks by which speeds are compared: what they are, and that measuring them measures."""

import json

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.check import measuring
from neurocorex.check.workload import INPUTS, SIZES, Workload, stimulus
from neurocorex.cli.application import main
from neurocorex.errors import InputError
from neurocorex.spec import Region


@pytest.mark.parametrize("neurons", [100, 256])
@pytest.mark.parametrize("learns", [False, True], ids=["static", "stdp"])
def test_neurons_fire_at_about_15_hz(neurons: int, learns: bool) -> None:
    with ncx.open("emulator") as device:
        device.load(Workload(neurons, learns).image())
        result = device.run(spikes=stimulus(4000), record="counts")
    assert 12 < result.counts.mean() / 4 < 18
    assert (result.counters["potentiations"] > 4000) == (result.counters["depressions"] > 4000) == learns


def test_every_synapse_between_neurons_learns_and_no_other() -> None:
    plastic = Workload(100, True).image().regions[Region.PLASTIC]
    assert plastic[INPUTS:].all()
    assert not plastic[:INPUTS].any()


def test_networks_of_both_modes_begin_alike() -> None:
    first, second = (Workload(256, learns).image().regions for learns in (False, True))
    assert np.array_equal(first[Region.WEIGHTS], second[Region.WEIGHTS])
    assert first[Region.WEIGHTS][INPUTS:].min() == 0


def test_other_sizes_are_refused() -> None:
    with pytest.raises(InputError, match="have 100, 256, 1024, 4096 neurons, got 7"):
        Workload(7, False)


def test_bench_tells_steps_per_second(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(measuring, "STEPS", dict.fromkeys(SIZES, 200))
    main(["bench", "emulator", "-n", "100", "--repetitions", "2", "--json"])
    values = json.loads(capsys.readouterr().out)
    assert list(values["steps_per_second"]) == ["100 static", "100 stdp"]
    assert min(values["steps_per_second"].values()) > 0
    assert values["networks"][0]["steps"] == 200
    main(["bench", "emulator", "-n", "100", "--static", "--repetitions", "1"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[0] == "network"
    assert lines[1].startswith("100 static")

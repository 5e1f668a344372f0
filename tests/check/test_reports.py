"""Reports in what is checked: trials in files, stopped runs, and logs that are replayed."""

from dataclasses import replace
from pathlib import Path

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.check.answers import first_difference
from neurocorex.check.replay import replay
from neurocorex.check.stimulus import StepCutter
from neurocorex.check.trial import Trial
from neurocorex.device.open import open_device
from neurocorex.events.codec import ITEM, REPORTED
from neurocorex.events.stream import EventStream
from neurocorex.spec import CoreConfig, EventDecoder, Op, Status
from neurocorex.wire.log import LogFile
from neurocorex.wire.tap import Call

CHIP = CoreConfig(neurons=12, inputs=9, lanes=4, groups=2, tallies=5, reports=True)
DRAWS = replace(CHIP, patterns=3)
SPIKES = np.random.default_rng(1).random((4, 10, 9)) < 0.3


@pytest.mark.parametrize("config", [CHIP, DRAWS], ids=["reports", "reports and patterns"])
def test_a_trial_keeps_reports_in_its_file(config: CoreConfig, tmp_path: Path) -> None:
    trial = Trial.random(config, 3, 60)
    assert (trial.stimulus.change_register == REPORTED).any()
    trial.save(tmp_path / "trial.npz")
    assert Trial.load(tmp_path / "trial.npz").stimulus == trial.stimulus


@pytest.mark.parametrize("seed", range(12))
def test_steps_are_cut_out_of_stimuli_with_reports(seed: int) -> None:
    config, rng = (CHIP, DRAWS)[seed % 2], np.random.default_rng(seed)
    decoder = {"draws": config.patterns > 0, "reports": True}
    data = Trial.random(config, seed, 30).stimulus.encode()
    cut = int(rng.integers(len(data) + 1))
    payloads = [data[:cut], data[cut:]]
    before = len(EventDecoder(**decoder).feed(payloads[0]))
    ran = EventDecoder(**decoder).feed(data)
    for steps in range(len(ran) - before + 1):
        cutter = StepCutter(config)
        cutter.pass_on(payloads[0])
        part = cutter.cut(payloads[1], steps)
        if part is not None:  # else a code that stands for many steps had begun before
            assert EventDecoder(**decoder).feed(payloads[0] + part) == ran[: before + steps]


def test_the_first_byte_of_a_report_that_differs_is_told() -> None:
    results = (
        EventStream(3).with_changes(*np.array([[2, 2, 2], [REPORTED, ITEM, ITEM], [2, 7, 8]])).encode(interleave=True)
    )
    calls = [Call(Op.RUN, b"", [(Status.OK, data)]) for data in (results, results.replace(b"\x08", b"\x09"))]
    assert first_difference(calls[0], calls[0], CHIP) is None
    found = first_difference(*calls, CHIP, 10)
    assert found is not None
    assert (found.quantity, found.place, found.got, found.expected) == ("report", "step 12, entry 2", 8, 9)


def test_a_log_with_reports_is_replayed(tmp_path: Path) -> None:
    net = ncx.Network(inputs=9, neurons=5)
    net.neurons.set(threshold=2.0)
    net.connect(net.inputs, net.neurons, 1.0)
    with ncx.open("emulator", config=CHIP, log=tmp_path / "log") as device:
        device.load(net)
        assert device.run(spikes=SPIKES, record=["counts", "first"]).counts.any()
    found = replay(
        LogFile(tmp_path / "log"), lambda config, log: open_device("emulator", config=config, log=log), elastic=True
    )
    assert (found.deviation, found.steps, found.skipped) == (None, 40, [])

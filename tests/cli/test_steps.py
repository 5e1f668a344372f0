"""Errors in the middle of a run: the command line tells how many steps had come."""

import json
from pathlib import Path

import pytest
from neurocorex.device.device import Device
from neurocorex.errors import NoAnswerError
from support.devices import IMAGE


@pytest.fixture(params=[7, None], ids=["in a run", "before it"])
def steps(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int | None:
    def cut(self: Device, *arguments: object, **options: object) -> None:
        error = NoAnswerError("nobody answers")
        error.steps = request.param
        raise error

    monkeypatch.setattr(Device, "run", cut)
    return request.param


def test_error_of_a_run_names_its_steps(invoke, tmp_path: Path, steps: int | None) -> None:
    IMAGE.save(tmp_path / "image.npz")
    words = ("run", "emulator", tmp_path / "image.npz", "--steps", "20")
    code, _, complaint = invoke(*words)
    assert code == 7
    came = "" if steps is None else " (after 7 steps of the run)"
    assert complaint == f"neurocorex: nobody answers{came}\n"
    _, out, _ = invoke(*words, "--json")
    told = json.loads(out)["error"]
    assert told == {"code": "no-answer", "message": "nobody answers"} | ({} if steps is None else {"steps": 7})

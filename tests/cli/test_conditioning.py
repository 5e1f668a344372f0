"""Command of conditioning: what it prints, its picture, and that another chip is compared."""

import json
from dataclasses import replace

import pytest
from neurocorex.demos.conditioning import Settings, build
from neurocorex.device.open import open_transport
from neurocorex.quantiser.quantise import quantised
from support.serving import serving


@pytest.fixture
def parsed(invoke):
    def run(*words):
        code, out, err = invoke("demo", "conditioning", *words, "--json")
        assert (code, err) == (0, "")
        return json.loads(out)

    return run


def test_conditioning_tells_which_cue_pays(parsed):
    told = parsed("--cues", 60, "--seed", 1)
    assert told["right"]
    assert told["pays"] == told["answer"] == max(told["answered"], key=told["answered"].get)
    assert [len(curve) for curve in told["curve"].values()] == [3, 3]
    assert (told["seed"], told["settings"]["cues"], told["weight_bits"]) == (1, 60, 8)
    assert told["config"]["eligibility"]
    assert told["counters"]["potentiations"] > 0


def test_conditioning_as_text_and_picture(invoke, tmp_path):
    picture = tmp_path / "conditioning.png"
    code, out, err = invoke("demo", "conditioning", "--cues", 25, "--picture", picture)
    assert (code, err) == (0, "")
    assert "25 cues in a session of " in out
    assert ", which pays: " in out
    assert picture.stat().st_size > 1000


def test_conditioning_on_another_chip_is_compared(parsed):
    config = quantised(build(Settings()))[0].config
    with serving(open_transport("emulator", config=replace(config, inputs=64, neurons=16))) as (url, _):
        told = parsed("--device", url, "--cues", 5)
    assert told["identical"]


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("--cues", 0), 2, "0 is not in the range"),
        (("--picture", "cues.abc"), 3, "cues.abc is no kind of picture"),
    ],
)
def test_a_wrong_option_is_refused(invoke, words, code, message):
    found, _, err = invoke("demo", "conditioning", *words)
    assert found == code
    assert message in err

"""Commands that learn by errors: what they print, what they refuse, and that another chip is compared."""

import json
from dataclasses import replace

import pytest
from neurocorex.demos import hidden
from neurocorex.device.open import open_transport
from neurocorex.quantiser.quantise import smallest_config
from support.mnist import write_mnist
from support.serving import serving


@pytest.fixture
def parsed(invoke):
    def run(*words):
        code, out, err = invoke("demo", *words, "--json")
        assert (code, err) == (0, "")
        return json.loads(out)

    return run


@pytest.fixture
def served(request):
    """URL of an emulator that is larger than the network of some settings."""
    config = smallest_config(hidden.build(request.param, (300, 300)))
    chip = open_transport("emulator", config=replace(config, lanes=4, inputs=100, neurons=40))
    with serving(chip) as (url, _):
        yield url


def test_digits_delta_tells_what_it_learned(parsed):
    told = parsed("digits-delta", "--images", 20, "--seed", 3)
    assert (told["images"], told["trained"], told["neurons"], told["inputs"]) == (20, 20, 10, 74)
    assert (told["seed"], told["steps"], told["weight_bits"], told["hidden"]) == (3, 17, 8, 0)
    assert len(told["curve"]) == told["epochs"] == told["settings"]["epochs"]
    assert told["data"].endswith("20 to learn and 20 to test")
    assert sum(map(sum, told["confusion"])) == 20
    assert told["images_per_second"] == pytest.approx(1e6 * told["clock_mhz"] / told["cycles_per_image"], rel=1e-3)
    assert (told["frozen"], told["picture"], "identical" in told) == (None, None, False)


def test_hidden_is_told_beside_a_frozen_layer(parsed):
    told = parsed("hidden", "--images", 20, "--epochs", 2, "--hidden", 12)
    assert (told["hidden"], told["neurons"], told["steps"]) == (12, 22, 18)
    assert 0 <= told["frozen"]["accuracy"] <= 1
    assert len(told["frozen"]["curve"]) == len(told["curve"]) == 2
    assert told["walks_per_image"] > told["frozen"]["walks_per_image"] > 0
    assert parsed("hidden", "--images", 5, "--epochs", 1, "--no-frozen")["frozen"] is None


def test_hidden_as_text_and_picture(invoke, tmp_path):
    picture = tmp_path / "learned.png"
    code, out, err = invoke("demo", "hidden", "--images", 20, "--epochs", 2, "--picture", picture)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "digits of scikit-learn in the usual split, 20 to learn and 20 to test"
    assert "images/s at 80 MHz with 16 lanes" in lines[1]
    assert any(line.startswith("with a hidden layer that does not learn: ") for line in lines)
    assert lines[-1] == f"picture: {picture}"
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_hidden_learns_mnist(parsed, tmp_path):
    told = parsed("hidden", "--data", write_mnist(tmp_path), "--upright", "--epochs", 2, "--hidden", 30)
    assert (told["inputs"], told["trained"], told["images"]) == (206, 40, 20)
    assert told["settings"] == {
        "inputs": 196, "hidden": 30, "epochs": 2, "target": 8, "rate": hidden.MNIST.rate, "deadband": 1.0,
        "code": "rate",
    }  # fmt: skip
    assert told["data"].endswith("40 to learn and 20 to test; 14 x 14 pixels, sheared upright, normed")


@pytest.mark.parametrize("data", ["digits", "mnist"])
def test_hidden_learns_one_spike_a_pixel(data, parsed, tmp_path):
    source = write_mnist(tmp_path) if data == "mnist" else data
    told = parsed("hidden", "--code", "latency", "--data", source, "--images", 20, "--epochs", 1, "--no-frozen")
    assert (told["settings"]["code"], told["steps"]) == ("latency", 20)
    assert told["data"].endswith("; one spike a pixel at most")


@pytest.mark.parametrize(
    ("served", "demo"),
    [(hidden.DELTA, "digits-delta"), (hidden.DIGITS, "hidden"), (hidden.DIGITS_ONCE, "hidden --code latency")],
    indirect=["served"],
)
def test_another_chip_is_compared(served, demo, parsed):
    told = parsed(*demo.split(), "--images", 4, "--epochs", 1, "--device", served)
    assert told["config"]["lanes"] == 4
    assert (told["identical"], told["differences"]) == (True, [])


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("digits-delta", "--images", 1204), 3, "images must be from 1 to 1203, got 1204"),
        (("hidden", "--upright"), 3, "--upright is for images of MNIST"),
        (("hidden", "--data", "nowhere"), 4, "nowhere"),
        (("hidden", "--hidden", 0), 2, "0 is not in the range"),
        (("hidden", "--picture", "learned.bmp"), 3, "learned.bmp"),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_is_refused_in_one_line(words, code, said, invoke, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found, out, err = invoke("demo", *words)
    assert (found, out, err.count("\n")) == (code, "", 1)
    assert said in err

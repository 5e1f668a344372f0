"""Command whose winners the chip judges: what it prints, what it refuses, and that another chip is compared."""

import json
from dataclasses import replace

import pytest
from neurocorex.demos import judged
from neurocorex.demos.judged_network import image
from neurocorex.device.open import open_transport
from support.mnist import write_mnist
from support.serving import serving

SHORT = ("--per-class", 2, "--epochs", 2)


@pytest.fixture
def parsed(invoke):
    def run(*words):
        code, out, err = invoke("demo", "judged", *words, "--json")
        assert (code, err) == (0, "")
        return json.loads(out)

    return run


def test_judged_tells_what_it_learned(parsed):
    told = parsed("--images", 20, "--seed", 3, *SHORT)
    assert (told["images"], told["trained"], told["neurons"], told["inputs"]) == (20, 20, 20, 64)
    assert (told["seed"], told["steps"], told["weight_bits"]) == (3, judged.DIGITS.steps, 8)
    assert len(told["curve"]) == told["settings"]["epochs"] == 2
    assert 0 <= told["untrained"] <= 1
    assert told["data"].endswith("20 to learn and 20 to test")
    assert sum(map(sum, told["confusion"])) == 20
    assert told["config"]["groups"] == 10


def test_judged_as_text_and_picture(invoke, tmp_path):
    picture = tmp_path / "judged.png"
    code, out, err = invoke("demo", "judged", "--images", 20, "--picture", picture, *SHORT)
    assert (code, err) == (0, "")
    assert "without a host in the loop; untrained: " in out
    assert picture.stat().st_size > 1000


def test_judged_learns_mnist(parsed, tmp_path):
    told = parsed("--data", write_mnist(tmp_path), "--images", 20, *SHORT)
    assert (told["inputs"], told["settings"]["rate"]) == (196, judged.MNIST.rate)
    assert "sheared upright, normed, copies warped by 0.4" in told["data"]


def test_judged_on_another_chip_is_compared(parsed):
    config = image(replace(judged.DIGITS, per_class=2)).config
    with serving(open_transport("emulator", config=replace(config, inputs=100, groups=12))) as (url, _):
        told = parsed("--device", url, "--images", 10, "--per-class", 2, "--epochs", 1)
    assert told["identical"]


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("--warp", 0.5), 3, "--warp is for images of MNIST"),
        (("--data", "nowhere"), 4, "nowhere"),
        (("--images", 2000), 3, "images must be from 1 to 1203"),
        (("--per-class", 0), 2, "0 is not in the range"),
        (("--per-class", 410), 2, "410 is not in the range 1<=x<=409"),
    ],
)
def test_a_wrong_option_is_refused(invoke, words, code, message):
    found, _, err = invoke("demo", "judged", *words)
    assert found == code
    assert message in err

"""The commands that learn: what they print, and that they check another chip against the emulator."""

import json
import threading
from dataclasses import replace

import pytest
from neurocorex.cli import mnist
from neurocorex.demos import competition, digits_stdp, microseer, mnist_stdp, mnist_unsupervised, teacher
from neurocorex.device.open import open_transport
from neurocorex.quantiser.quantise import smallest_config
from neurocorex.server.server import Server
from neurocorex.spec import CoreConfig
from support.mnist import write_mnist
from support.papers import write_papers


@pytest.fixture
def parsed(invoke):
    def run(*words):
        code, out, err = invoke(*words, "--json")
        assert (code, err) == (0, "")
        return json.loads(out)

    return run


@pytest.fixture
def serve():
    """Put an emulator of some geometry behind a port."""
    open_things = []

    def start(config):
        transport = open_transport("emulator", config=config)
        server = Server(transport)
        thread = threading.Thread(target=server.serve)
        thread.start()
        open_things.append((server, thread, transport))
        return server.url

    yield start
    for server, thread, transport in open_things:
        server.close()
        thread.join()
        transport.close()


def test_digits_stdp_tells_what_it_learned(parsed):
    told = parsed("demo", "digits-stdp", "--images", 3)
    assert (told["images"], told["trained"], told["neurons"], told["weight_bits"]) == (3, 3, 90, 8)
    assert told["lessons"] > 0
    assert 0 <= told["accuracy"] <= 1
    assert "identical" not in told


def test_digits_stdp_compares_another_chip(parsed, serve):
    config = replace(smallest_config(digits_stdp.build()), lanes=4)
    told = parsed("demo", "digits-stdp", "--images", 2, "--device", serve(config))
    assert told["identical"] is True
    assert told["differences"] == []


def test_digits_on_a_larger_chip_are_compared(parsed, serve, tmp_path):
    device = serve(CoreConfig(neurons=128, inputs=96, lanes=8))
    told = parsed("demo", "digits", "--images", 2, "--device", device, "--raster", tmp_path / "digits.png")
    assert (told["identical"], told["differences"], told["config"]["neurons"]) == (True, [], 128)


def test_digits_unsupervised_as_text(invoke):
    code, out, _ = invoke("demo", "digits-unsupervised", "--images", 5)
    assert code == 0
    assert "5 images learned" in out


SMALL = {
    "mnist": ("--per-class", 1, "--epochs", 2),
    "mnist-unsupervised": ("--neurons", 4, "--epochs", 2, "--warp", 0.5),
}


@pytest.fixture
def files(tmp_path):
    """A folder with MNIST's own files, of few images."""
    return write_mnist(tmp_path)


@pytest.mark.parametrize("demo", SMALL)
def test_mnist_tells_what_it_learned(demo, parsed, files):
    told = parsed("demo", demo, "--data", files, "--images", 20, "--seed", 3, *SMALL[demo])
    assert (told["images"], told["trained"], told["inputs"], told["weight_bits"]) == (20, 20, 196, 8)
    assert told["data"] == f"files of {files.name}, 40 to learn and 20 to test, of these the first 20 to learn and " + (
        "the first 20 to test"
    )
    assert (told["seed"], told["settings"]["epochs"], len(told["curve"])) == (3, 2, 2)
    assert told["preparation"]["upright"] is told["preparation"]["normed"] is True
    assert sum(map(sum, told["confusion"])) + told["unanswered"] == 20
    assert (told["picture"], "identical" in told) == (None, False)


@pytest.mark.parametrize("demo", SMALL)
def test_mnist_as_text_says_what_was_shown_to_it(demo, invoke, files, tmp_path):
    picture = tmp_path / "learned.png"
    words = ("--raw", "--norm", "--warp", 0, "--picture", picture)
    code, out, err = invoke("demo", demo, "--data", files, "--images", 10, *SMALL[demo], *words)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].startswith(f"files of {files.name}, 40 to learn and 20 to test")
    assert lines[1] == "14 x 14 pixels, raw, normed"
    assert "after each epoch" in out
    assert lines[-1] == f"picture: {picture}"
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_defaults_of_the_commands_are_those_of_the_jobs():
    taught, sorted_ = (
        {each.name: each.default for each in demo.params} for demo in (mnist.mnist, mnist.mnist_unsupervised)
    )
    assert (taught["per_class"], taught["epochs"]) == (mnist_stdp.PER_CLASS, mnist_stdp.EPOCHS)
    assert (sorted_["neurons"], sorted_["epochs"]) == (mnist_unsupervised.NEURONS, mnist_unsupervised.EPOCHS)
    assert (taught["warp"], sorted_["warp"]) == (mnist_stdp.WARP, mnist_unsupervised.WARP)


CHIPS = {
    "mnist": lambda: smallest_config(teacher.build(mnist_stdp.settings(28, 1))),
    "mnist-unsupervised": lambda: competition.build(mnist_unsupervised.settings(28, 4)).config,
}


@pytest.mark.parametrize("demo", SMALL)
def test_mnist_compares_another_chip(demo, parsed, serve, files):
    device = serve(replace(CHIPS[demo](), lanes=4))
    told = parsed("demo", demo, "--data", files, "--images", 3, "--size", 28, *SMALL[demo], "--device", device)
    assert (told["inputs"], told["config"]["lanes"]) == (784, 4)
    assert (told["identical"], told["differences"]) == (True, [])


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--images", 41), 3, "images must be from 1 to 40, got 41"),
        (("--images", 0), 2, "0 is not in the range"),
        (("--size", 16), 2, "'16' is not one of"),
        (("--picture", "learned.bmp"), 3, "learned.bmp"),
        (("--picture", "nowhere/learned.png"), 4, "there is no folder nowhere"),
        (("--data", "nowhere"), 2, "does not exist"),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, tuple) else "",
)
def test_mnist_refuses_in_one_line(words, code, said, invoke, files):
    found, out, err = invoke("demo", "mnist", "--data", files, *words)
    assert (found, out, err.count("\n")) == (code, "", 1)
    assert said in err


def test_mnist_with_a_damaged_file_names_it(invoke, files):
    (files / "t10k-labels-idx1-ubyte").write_bytes(b"")
    code, out, err = invoke("demo", "mnist", "--data", files)
    assert (code, out) == (4, "")
    assert "t10k-labels-idx1-ubyte begins with nothing" in err


def test_microseer_tells_of_ties_and_agreement(parsed, tmp_path):
    folder = write_papers(tmp_path)
    told = parsed("demo", "microseer", "--data", folder)
    papers = microseer.Papers.load(folder)
    assert told["papers"] == len(papers.test) == sum(row["papers"] for row in told["topics"])
    assert told["agreement"] == 1.0
    assert sorted(told["tie_break"]) == list(papers.topics)
    assert 0 <= told["ties"] <= told["papers"]
    assert told["accuracy_without_ties"] <= told["accuracy"]


def test_microseer_compares_another_chip(invoke, serve, tmp_path):
    folder = write_papers(tmp_path)
    config = replace(microseer.build(microseer.Papers.load(folder)).config, lanes=4)
    code, out, _ = invoke("demo", "microseer", "--data", folder, "--papers", 2, "--device", serve(config))
    assert code == 0
    assert "identical to the emulator, every weight" in out


def test_microseer_without_data_says_what_is_missing(invoke, tmp_path):
    code, out, err = invoke("demo", "microseer", "--data", tmp_path)
    assert (code > 0, out) == (True, "")
    assert "papers.csv" in err

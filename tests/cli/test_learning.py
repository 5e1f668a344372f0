"""The commands that learn: what they print, and that they check another chip against the emulator."""

import json
import threading
from dataclasses import replace

import pytest
from neurocorex.demos import digits_stdp, microseer
from neurocorex.device.open import open_transport
from neurocorex.quantiser.quantise import smallest_config
from neurocorex.server.server import Server
from neurocorex.spec import CoreConfig
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

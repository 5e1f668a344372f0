"""Serial ports: what tells them apart, and why one cannot be opened, in words."""

import errno
import grp
import os
from pathlib import Path

import pytest
import serial
from neurocorex.errors import DisconnectedError, NoAnswerError
from neurocorex.wire import access, ports
from neurocorex.wire.ports import Port
from neurocorex.wire.serialport import SerialTransport

A, B = (Port(f"/dev/ttyUSB{n}", "board", name, 0x0403, 0x6010, f"1-{n}:1.0") for n, name in enumerate("AB"))
NAMELESS = Port("/dev/ttyUSB5", "adapter", None, 0x1A86, 0x7523, "1-5:1.0")


def listed(monkeypatch: pytest.MonkeyPatch, *found: Port) -> None:
    monkeypatch.setattr(ports, "listed", lambda: list(found))


def moved(port: Port, device: str, location: str | None = None) -> Port:
    return Port(device, port.description, port.serial_number, port.vid, port.pid, location or port.location)


@pytest.mark.parametrize(
    ("now", "name"),
    [
        ([A, B], "/dev/ttyUSB0"),
        ([B, moved(A, "/dev/ttyACM9", "3-7:1.0")], "/dev/ttyACM9"),
        ([moved(B, A.device), moved(A, B.device)], "/dev/ttyUSB1"),
        ([moved(A, "/dev/ttyUSB8", "2-1:1.1"), moved(A, "/dev/ttyUSB7", "2-1:1.0")], "/dev/ttyUSB7"),
        ([moved(A, "/dev/ttyUSB8", "2-1:1.0"), moved(A, "/dev/ttyUSB7", "1-0:1.0")], "/dev/ttyUSB7"),
    ],
    ids=["nothing changed", "another plug", "names swapped", "two interfaces", "twins, by their place"],
)
def test_port_is_found_by_its_serial_number(now: list[Port], name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    listed(monkeypatch, *now)
    assert ports.returned(A, A.device) == name


@pytest.mark.parametrize(
    ("port", "now", "message"),
    [
        (A, [], "is not back yet: plug it in again"),
        (A, [B], "is not back yet: plug it in again"),
        (A, [moved(B, A.device)], "/dev/ttyUSB0 is another board now: serial B, it was serial A"),
        (A, [moved(A, "/dev/ttyUSB8", "1-0:1.1")], "is not back yet"),
        (A, [moved(A, "/dev/x", "2-1:1.0"), moved(A, "/dev/y", "2-2:1.0")], "several boards have the serial number A"),
        (A, [moved(NAMELESS, A.device)], "is another board now: 1a86:7523 without a serial, it was serial A"),
        (NAMELESS, [moved(A, NAMELESS.device)], "is another board now: serial A, it was 1a86:7523"),
        (NAMELESS, [], "is not back yet"),
        (None, [], "/dev/ttyNONE is not back yet"),
    ],
)
def test_port_that_is_not_the_same_is_refused(
    port: Port | None, now: list[Port], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed(monkeypatch, *now)
    with pytest.raises(DisconnectedError, match=message):
        ports.returned(port, port.device if port else "/dev/ttyNONE")


def test_port_without_a_serial_number_keeps_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "ttyUSB5"
    path.touch()
    here = moved(NAMELESS, str(path))
    listed(monkeypatch, here)
    assert ports.returned(here, str(path)) == str(path)
    listed(monkeypatch)
    assert ports.returned(None, str(path)) == str(path)


def test_link_of_the_system_leads_to_a_port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    device, link = tmp_path / "ttyUSB0", tmp_path / "by-id"
    device.touch()
    link.symlink_to(device)
    listed(monkeypatch, moved(A, str(device)))
    assert ports.at(str(link)) == moved(A, str(device))
    assert ports.at(str(tmp_path / "other")) is None


def test_names_by_serial_number(monkeypatch: pytest.MonkeyPatch) -> None:
    listed(monkeypatch, A, B, moved(B, "/dev/ttyUSB2", "1-1:1.1"), NAMELESS)
    assert [ports.usb_name(port) for port in ports.listed()] == ["usb:A", "usb:B:1.0", "usb:B:1.1", None]
    assert ports.named("usb:A") == A
    assert ports.named("usb:B:1.0") == B
    with pytest.raises(NoAnswerError, match=r"choose 'usb:B:1.0' \(/dev/ttyUSB1\) or 'usb:B:1.1'"):
        ports.named("usb:B")
    with pytest.raises(NoAnswerError, match=r"no port has the serial number of 'usb:C'; ports here: .* \(serial A"):
        ports.named("usb:C")


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="the system does not tell who has a file open")
def test_port_that_is_in_use_says_by_whom() -> None:
    far, near = os.openpty()
    name = os.ttyname(near)
    with serial.Serial(name, exclusive=True), pytest.raises(NoAnswerError) as busy:
        SerialTransport(name)
    for fd in (far, near):
        os.close(fd)
    assert f"it is in use (process {os.getpid()}, this program itself" in str(busy.value)


def test_port_that_is_forbidden_names_the_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "ttyUSB0"
    path.touch()
    monkeypatch.setattr(os, "stat", lambda _: os.stat_result((0o020660, 0, 0, 1, 0, 20, 0, 0, 0, 0)))
    monkeypatch.setattr(grp, "getgrgid", lambda number: grp.struct_group(("dialout", "x", number, [])))
    error = serial.SerialException(errno.EACCES, "could not open port")
    monkeypatch.setattr(os.path, "exists", lambda _: True)
    message = access.refused(str(path), str(path), error)
    assert (
        "permission denied; it is for the group 'dialout': join it with `sudo usermod -a -G dialout $USER`" in message
    )


@pytest.mark.parametrize("mode", [0o600, 0o000])
def test_port_that_its_group_may_not_use_says_its_mode(mode: int, tmp_path: Path) -> None:
    path = tmp_path / "ttyUSB0"
    path.touch()
    path.chmod(mode)
    message = access.refused("usb:A", str(path), PermissionError(errno.EACCES, "no"))
    assert f"cannot open 'usb:A': permission denied; its mode is {mode:03o}, and it belongs to user" in message

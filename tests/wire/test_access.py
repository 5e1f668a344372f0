"""Ports that cannot be opened: full messages, as users see them."""

import errno
import grp
import os
import pwd
from pathlib import Path

import pytest
import serial
from neurocorex.errors import NoAnswerError
from neurocorex.wire import access, ports
from neurocorex.wire.ports import Port
from neurocorex.wire.serialport import SerialTransport

PATH = "/dev/ttyUSB0"
DENIED = serial.SerialException(errno.EACCES, "could not open port")
BUSY = serial.SerialException(errno.EWOULDBLOCK, "could not lock port")
ABSENT = serial.SerialException(errno.ENOENT, "could not open port")
BOARD = Port(PATH, "board", "A1", 0x0403, 0x6015, "1-1:1.0")
OTHERS = "other devices are 'emulator', 'rtl' and URLs such as socket://127.0.0.1:4000"


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch):
    """A port of group `dialout`, and a user: `port(mode=..., groups=..., members=...)`."""
    here = os.stat

    def make(*, mode: int = 0o660, groups: tuple[int, ...] = (), members: tuple[str, ...] = (), gid: int = 20) -> None:
        told = os.stat_result((0o020000 | mode, 0, 0, 1, 0, gid, 0, 0, 0, 0))
        monkeypatch.setattr(os, "stat", lambda path, **options: told if path == PATH else here(path, **options))
        monkeypatch.setattr(os.path, "exists", lambda path: True)
        monkeypatch.setattr(os, "access", lambda path, mode: False)
        monkeypatch.setattr(os, "getgroups", lambda: [1000, *groups])
        monkeypatch.setattr(os, "getegid", lambda: 1000)
        monkeypatch.setattr(grp, "getgrgid", lambda number: grp.struct_group(("dialout", "x", number, list(members))))
        user = pwd.struct_passwd(("ann", "x", 1000, 1000, "", "/", "/bin/sh"))
        monkeypatch.setattr(pwd, "getpwuid", lambda _: user)

    return make


@pytest.mark.parametrize(
    ("situation", "message"),
    [
        (
            {},
            "it is for the group 'dialout': join it with `sudo usermod -a -G dialout $USER`, then log out and in "
            "again; or install the udev rules that `neurocorex doctor --udev` prints",
        ),
        (
            {"members": ("bob", "ann")},
            "you are in the group 'dialout', but this session began before you were: log out and in again (or `newgrp "
            "dialout` in this shell)",
        ),
        (
            {"groups": (20,)},
            "it is for the group 'dialout', which you have, so something else forbids it: a container that was not "
            "given this port, or a security policy of the system",
        ),
        (
            {"mode": 0o600},
            "its mode is 600, and it belongs to user 0 and group 'dialout'; install the udev rules that `neurocorex "
            "doctor --udev` prints",
        ),
        (
            {"gid": 0},
            "its mode is 660, and it belongs to user 0 and group 'dialout'; install the udev rules that `neurocorex "
            "doctor --udev` prints",
        ),
    ],
    ids=["not in the group", "session older than the group", "group is there", "mode", "group root"],
)
def test_port_that_is_forbidden(situation, message: str, port) -> None:
    port(**situation)
    assert access.refused(PATH, PATH, DENIED) == f"cannot open '{PATH}': permission denied; {message}"
    assert access.denied(PATH) == f"permission denied; {message}"


def test_group_and_user_without_names(port, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(_: int) -> None:
        raise KeyError

    port()
    monkeypatch.setattr(grp, "getgrgid", nobody)
    monkeypatch.setattr(pwd, "getpwuid", nobody)
    assert "it is for the group '20'" in access.refused(PATH, PATH, DENIED)


def test_port_that_may_be_opened_is_not_denied(tmp_path: Path) -> None:
    path = tmp_path / "ttyUSB0"
    path.touch()
    assert access.denied(str(path)) is None
    assert access.denied(str(tmp_path / "other")) is None


# In use -----------------------------------------------------------------------------------------


def test_port_in_use_names_who_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "users", lambda _: ["process 812, minicom"])
    assert access.refused(PATH, PATH, BUSY) == (
        f"cannot open '{PATH}': it is in use (process 812, minicom); close that first"
    )


def test_port_in_use_by_somebody_who_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "users", lambda _: [])
    monkeypatch.setattr(access, "_runs", lambda name: False)
    assert access.refused(PATH, PATH, BUSY) == (
        f"cannot open '{PATH}': it is in use (the system does not tell which program has it; `sudo fuser -v {PATH}` "
        "does); close that first"
    )


@pytest.mark.parametrize(("found", "runs"), [(["process 9, ModemManager"], False), ([], True)])
def test_port_that_modem_manager_may_have(found: list[str], runs: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "users", lambda _: found)
    monkeypatch.setattr(access, "_runs", lambda name: runs)
    assert (
        "; ModemManager tries new ports for half a minute unless the rules of `neurocorex doctor --udev` are "
        "installed); close that first"
    ) in access.refused(PATH, PATH, BUSY)


@pytest.mark.skipif(not Path("/proc/self/comm").exists(), reason="the system does not tell which programs run")
def test_programs_that_run_are_seen() -> None:
    assert access._runs(Path("/proc/self/comm").read_text().strip())
    assert not access._runs("no such program")


# Absent -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("/dev/ttyUSB7", "did you mean '/dev/ttyUSB0'? "),
        ("ttyUSB0", "did you mean '/dev/ttyUSB0'? "),
        ("emulater", "did you mean 'emulator'? "),
        ("icebreaker", ""),
    ],
)
def test_port_that_does_not_exist(name: str, meant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "listed", lambda: [BOARD])
    with pytest.raises(NoAnswerError) as error:
        SerialTransport(name)
    assert str(error.value) == (
        f"cannot open '{name}': there is no such port; {meant}ports here: {PATH} (serial A1, interface 1.0); {OTHERS}"
    )


def test_serial_number_that_does_not_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "listed", lambda: [Port(PATH, "board", "210319B57D2A", 0x0403, 0x6010, "1-1:1.1")])
    with pytest.raises(NoAnswerError) as error:
        SerialTransport("usb:210319B57D2B")
    assert str(error.value) == (
        "no port has the serial number of 'usb:210319B57D2B'; did you mean 'usb:210319B57D2A'? ports here: "
        f"{PATH} (serial 210319B57D2A, interface 1.1); {OTHERS}"
    )


def test_no_port_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "listed", list)
    assert access.refused("/dev/ttyUSB7", "/dev/ttyUSB7", ABSENT) == (
        f"cannot open '/dev/ttyUSB7': there is no such port; there is no serial port here; {OTHERS}"
    )


# DTR --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("maker", "raised"),
    [("Digilent", False), ("tinyVision.ai", False), ("1BitSquared", True), (None, True)],
)
def test_dtr_that_may_reset_the_chip_or_select_the_flash_is_left_low(
    maker: str | None, raised: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    states: list[bool] = []
    monkeypatch.setattr(serial.Serial, "_update_dtr_state", lambda self: states.append(self._dtr_state))
    far, near = os.openpty()
    name = os.ttyname(near)
    monkeypatch.setattr(ports, "listed", lambda: [Port(name, "board", "A1", 0x0403, 0x6010, "1-1:1.1", maker)])
    SerialTransport(name).close()
    for fd in (far, near):
        os.close(fd)
    assert states[0] is raised

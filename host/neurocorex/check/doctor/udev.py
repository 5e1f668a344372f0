"""Rules for udev: whoever is logged in may use the serial ports and programmers of the boards."""

from __future__ import annotations

from collections.abc import Iterator

from .bridges import ADAPTERS, Ids, of_boards, shown

#: Where the rules belong. The number must be below 73, where systemd acts on the tag `uaccess`.
FILE = "/etc/udev/rules.d/60-neurocorex.rules"
_HEAD = f"""\
# Boards of NeuroCoreX: serial ports and programmers, for whoever is logged in at this computer.
# To install them:
#   neurocorex doctor --udev | sudo tee {FILE}
#   sudo udevadm control --reload && sudo udevadm trigger
# Then plug the board in again. Over ssh nobody is logged in at the computer: there the group of the port counts.

ACTION=="remove", GOTO="neurocorex_end"

# FTDI bridges hold short answers back for 16 ms unless they are told not to.
ACTION=="add", SUBSYSTEM=="usb-serial", DRIVER=="ftdi_sio", ATTR{{latency_timer}}="1"
"""
_TAIL = '\nLABEL="neurocorex_end"\n'


def rules() -> str:
    """Return the rules as the text of a file, with the commands that install it."""
    names = {ids: ", ".join(board.title for board in boards) for ids, boards in of_boards().items()}
    for ids, adapter in ADAPTERS.items():
        names[ids] = "; ".join(each for each in (names.get(ids), f"adapters with {adapter}") if each)
    return _HEAD + "".join("\n" + "\n".join(_rules(ids, names[ids])) + "\n" for ids in sorted(names)) + _TAIL


def _rules(ids: Ids, name: str) -> Iterator[str]:
    """Return the rules of one bridge: as USB device and HID for loaders, and as a serial port."""
    vid, pid = shown(ids).split(":")
    of_device = f'ATTR{{idVendor}}=="{vid}", ATTR{{idProduct}}=="{pid}"'
    of_parent = f'ATTRS{{idVendor}}=="{vid}", ATTRS{{idProduct}}=="{pid}"'
    opens = 'MODE="0660", TAG+="uaccess"'
    yield f"# {name}"
    # ModemManager would send AT commands to each new port.
    yield f'SUBSYSTEM=="usb", ENV{{DEVTYPE}}=="usb_device", {of_device}, {opens}, ENV{{ID_MM_DEVICE_IGNORE}}="1"'
    yield f'SUBSYSTEM=="hidraw", {of_parent}, {opens}'
    yield f'SUBSYSTEM=="tty", {of_parent}, {opens}, ENV{{ID_MM_PORT_IGNORE}}="1"'

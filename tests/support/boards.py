"""Boards that are plugged in and out: emulated chips behind pseudo terminals, and the list of ports of the system."""

from __future__ import annotations

import contextlib
import os
import select
import threading
from pathlib import Path

from neurocorex.emulator.protocol import VirtualChip
from neurocorex.spec import CoreConfig
from serial.tools.list_ports_common import ListPortInfo

from support.fakes import SMALL


class Board:
    """A board with a chip that keeps its state while it is not plugged in.

    Parameters
    ----------
    serial : str or None
        USB serial number.
    interface : str
        Behind the colon of the location.
    """

    def __init__(self, serial: str | None = "A1", *, interface: str = "1.0", config: CoreConfig = SMALL) -> None:
        self.config, self.serial, self.interface = config, serial, interface
        self.chip = VirtualChip(config)
        self.path: Path | None = None
        self._thread: threading.Thread | None = None

    def reset(self) -> None:
        """Put another chip of the same kind in its place."""
        self.chip = VirtualChip(self.config)

    def plug(self, path: Path, *, until: int | None = None) -> None:
        """Be there under a name; gone again once so many bytes have been sent."""
        master, self._slave = os.openpty()
        os.set_blocking(master, False)
        self._wake, self._waker = os.pipe()
        path.unlink(missing_ok=True)
        path.symlink_to(os.ttyname(self._slave))
        self.path = path
        self._thread = threading.Thread(target=self._serve, args=(master, until))
        self._thread.start()

    def unplug(self) -> None:
        """Be gone; does nothing if it is."""
        if self._thread is None:
            return
        os.write(self._waker, b".")
        self._thread.join()
        self._thread = None
        os.close(self._wake)
        os.close(self._waker)

    def listed(self) -> list[ListPortInfo]:
        """Return what the system lists."""
        if self.path is None:
            return []
        port = ListPortInfo(str(self.path), skip_link_detection=True)
        port.description = "a board"
        if self.serial is not None:
            port.vid, port.pid, port.serial_number = 0x0403, 0x6010, self.serial
            port.location = f"1-2:{self.interface}"
        return [port]

    def _serve(self, master: int, until: int | None) -> None:
        left = until
        with contextlib.suppress(OSError):
            while left is None or left > 0:
                ready = select.select([master, self._wake], [], [], 0 if self.chip.busy else None)[0]
                if self._wake in ready:
                    break
                out = self.chip.receive(os.read(master, 1 << 16) if ready else b"", work=4)[:left]
                left = None if left is None else left - len(out)
                while out and self._wake not in (able := select.select([self._wake], [master], []))[0]:
                    out = out[os.write(master, out) :] if able[1] else out
        if self.path is not None:
            self.path.unlink(missing_ok=True)
        self.path = None
        os.close(self._slave)
        os.close(master)
